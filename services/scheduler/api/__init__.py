"""The scheduler's REST API, under /planning/api/v1."""

__all__ = ["register"]

from flask import Flask

from services.scheduler.api.doors import door_routes
from services.scheduler.api.eligibility import eligibility_routes
from services.scheduler.api.extensions import extension_routes
from services.scheduler.api.imports import import_routes
from services.scheduler.api.reading import reading_routes
from services.scheduler.api.runs import run_routes
from shared.service import Service
from shared.web.frame import api
from shared.web.tokens import TokenSigner


def register(app: Flask, service: Service, signer: TokenSigner, *, demo: bool) -> None:
    """Add every route of the API to the application."""
    routes = api(app, service)
    for blueprint in (
        door_routes(service, signer),
        import_routes(service, demo=demo),
        run_routes(service),
        reading_routes(service),
        eligibility_routes(),
        extension_routes(service),
    ):
        routes.register_blueprint(blueprint, url_prefix="/api/v1")
