"""The scheduler's pages: server-rendered, no script needed."""

__all__ = ["register"]

from flask import Flask

from services.scheduler.pages.advice import advice_pages
from services.scheduler.pages.bodies import body_pages
from services.scheduler.pages.choose import choose_pages
from services.scheduler.pages.contracts import contract_pages
from services.scheduler.pages.desk import desk_pages
from services.scheduler.pages.doors import door_pages
from services.scheduler.pages.planner import planner_pages
from services.scheduler.pages.public import public_pages
from services.scheduler.pages.reception import reception_pages
from services.scheduler.pages.rescue import rescue_pages
from services.scheduler.pages.runs import run_pages
from services.scheduler.pages.scenarios import scenario_pages
from services.scheduler.pages.waivers import waiver_pages
from services.scheduler.pages.worklist import worklist_pages
from services.scheduler.settings import Settings
from shared.service import Service
from shared.web.tokens import TokenSigner


def register(app: Flask, service: Service, signer: TokenSigner, settings: Settings) -> None:
    """Add the pages to the application."""
    secure = settings.common.production
    app.register_blueprint(door_pages(service, signer, demo=settings.demo, secure=secure))
    app.register_blueprint(public_pages(service, demo=settings.demo))
    app.register_blueprint(planner_pages(service, demo=settings.demo))
    app.register_blueprint(scenario_pages(service))
    app.register_blueprint(advice_pages(service))
    app.register_blueprint(rescue_pages(service))
    app.register_blueprint(run_pages(service))
    app.register_blueprint(body_pages(service))
    app.register_blueprint(waiver_pages(service))
    app.register_blueprint(desk_pages(service, settings))
    app.register_blueprint(choose_pages(service))
    app.register_blueprint(reception_pages(service, demo=settings.demo))
    app.register_blueprint(contract_pages(service, settings.legal_texts))
    app.register_blueprint(worklist_pages(service))
