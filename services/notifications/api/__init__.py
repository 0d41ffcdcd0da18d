"""The REST API of notifications, under /notices/api/v1."""

__all__ = ["register"]

from flask import Flask

from services.notifications.api.notices import notice_routes
from shared.service import Service
from shared.web.frame import api


def register(app: Flask, service: Service) -> None:
    """Add every route of the API to the application."""
    api(app, service).register_blueprint(notice_routes(service), url_prefix="/api/v1")
