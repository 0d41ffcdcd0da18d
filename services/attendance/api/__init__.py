"""Attendance's REST API, under /attendance/api/v1."""

__all__ = ["register"]

from flask import Flask

from services.attendance.api.acts import act_routes
from services.attendance.api.answers import answer_routes
from services.attendance.api.corrections import correction_routes
from services.attendance.api.exchange import exchange_routes
from services.attendance.api.following import following_routes
from services.attendance.api.papers import paper_routes
from services.attendance.api.rolls import roll_routes
from services.attendance.api.statements import statement_routes
from services.attendance.settings import Settings
from shared.service import Service
from shared.web.frame import api


def register(app: Flask, service: Service, settings: Settings) -> None:
    """Add every route of the API to the application."""
    routes = api(app, service)
    for blueprint in (
        roll_routes(service, settings),
        act_routes(service, settings),
        correction_routes(service),
        answer_routes(service, settings),
        following_routes(service),
        paper_routes(service, settings.opinion_text),
        statement_routes(service, settings.pay_rules),
        exchange_routes(service),
    ):
        routes.register_blueprint(blueprint, url_prefix="/api/v1")
