"""The scheduler's REST API, under /planning/api/v1."""

__all__ = ["register"]

from flask import Flask

from services.scheduler.api.advice import advice_routes
from services.scheduler.api.consultation import consultation_routes
from services.scheduler.api.desk import desk_routes
from services.scheduler.api.doors import door_routes
from services.scheduler.api.eligibility import eligibility_routes
from services.scheduler.api.extensions import extension_routes
from services.scheduler.api.imports import import_routes
from services.scheduler.api.interest import interest_routes
from services.scheduler.api.life import life_routes
from services.scheduler.api.prescriptions import prescription_routes
from services.scheduler.api.reading import reading_routes
from services.scheduler.api.reception import reception_routes
from services.scheduler.api.rescue import rescue_routes
from services.scheduler.api.runs import run_routes
from services.scheduler.api.scenarios import scenario_routes
from services.scheduler.api.shocks import shock_routes
from services.scheduler.api.transparency import transparency_routes
from services.scheduler.api.waivers import waiver_routes
from services.scheduler.api.witness import sealed_roll_routes
from services.scheduler.api.worklist import worklist_routes
from services.scheduler.settings import Settings
from services.scheduler.storage import chain_head
from shared.service import Service
from shared.web.frame import api
from shared.web.tokens import TokenSigner
from shared.web.witness import witness_routes


def register(app: Flask, service: Service, signer: TokenSigner, settings: Settings) -> None:
    """Add every route of the API to the application."""
    routes = api(app, service)
    for blueprint in (
        door_routes(service, signer),
        import_routes(service, demo=settings.demo),
        run_routes(service),
        scenario_routes(service),
        advice_routes(service),
        rescue_routes(service),
        consultation_routes(service),
        reading_routes(service),
        eligibility_routes(),
        extension_routes(service),
        life_routes(service),
        desk_routes(service, settings),
        shock_routes(service),
        waiver_routes(service),
        transparency_routes(service),
        reception_routes(service, demo=settings.demo),
        prescription_routes(service, settings),
        interest_routes(service, demo=settings.demo),
        worklist_routes(service),
        witness_routes(service, chain_head),
        sealed_roll_routes(service),
    ):
        routes.register_blueprint(blueprint, url_prefix="/api/v1")
