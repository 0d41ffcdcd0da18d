"""Each service with its settings, wherever it runs: what commands need that are no web process."""

__all__ = ["part", "parts"]

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.service import Service
from shared.settings import SERVICES


def part(name: str, environ: Mapping[str, str]) -> tuple[Service, Any]:
    """Return one service and its settings. Raises SettingsError."""
    settings = importlib.import_module(f"services.{name}.settings").Settings.from_env(_completed(environ))
    service: Service = importlib.import_module(f"services.{name}.app").build_service(settings)
    return service, settings


def parts(environ: Mapping[str, str]) -> dict[str, Service]:
    """Return every service. Raises SettingsError."""
    return {name: part(name, environ)[0] for name in SERVICES}


def _completed(environ: Mapping[str, str]) -> dict[str, str]:
    """Embedded: the clock file and the demonstration's mark stand in the folder itself."""
    if environ.get("PARCOURS_MODE", "embedded") != "embedded":
        return dict(environ)
    var = Path(environ.get("PARCOURS_VAR") or "var")
    completed = {"PARCOURS_CLOCK_FILE": str(var / "clock"), **environ}
    if (var / ".demo").exists():
        completed["PARCOURS_DEMO"] = "yes"
    return completed
