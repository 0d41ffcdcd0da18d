"""The web applications for gunicorn, each under its prefix: `gunicorn "parcours.wsgi:planning()"`."""

__all__ = ["attendance", "notices", "planning"]

import importlib
import os
from typing import Any

from parcours.front import front_app
from parcours.parts import part
from shared.logs import configure_logs
from shared.web.frame import mount


def planning() -> Any:
    """Return the scheduler's web application, with the front page."""
    return _web("scheduler", front=True)


def attendance() -> Any:
    """Return attendance's web application."""
    return _web("attendance")


def notices() -> Any:
    """Return the notifications service's web application."""
    return _web("notifications")


def _web(name: str, *, front: bool = False) -> Any:
    configure_logs(name)
    service, settings = part(name, os.environ)
    module = importlib.import_module(f"services.{name}.app")
    return mount(front_app(service.clock) if front else None, {module.PREFIX: module.create_app(settings, service)})
