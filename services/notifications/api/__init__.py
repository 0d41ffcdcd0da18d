"""The REST API of notifications, under /notices/api/v1."""

__all__ = ["register"]

from flask import Flask

from services.notifications.api.links import link_routes
from services.notifications.api.notices import notice_routes
from services.notifications.api.tasks import task_routes
from services.notifications.storage import chain_head
from services.notifications.usecases.post import Post
from shared.service import Service
from shared.web.frame import api
from shared.web.witness import witness_routes


def register(app: Flask, service: Service, post: Post) -> None:
    """Add every route of the API to the application."""
    routes = api(app, service)
    for blueprint in (
        notice_routes(service, post),
        task_routes(service, post),
        link_routes(service),
        witness_routes(service, chain_head),
    ):
        routes.register_blueprint(blueprint, url_prefix="/api/v1")
