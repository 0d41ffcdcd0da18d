"""The only place where the parts of the scheduler meet."""

__all__ = ["MIGRATIONS", "PREFIX", "build_service", "create_app"]

from functools import partial
from pathlib import Path

from flask import Flask

from services.scheduler import api, pages
from services.scheduler.consumers import HANDLERS
from services.scheduler.jobs import JOB_KINDS
from services.scheduler.settings import Settings
from services.scheduler.usecases import choosing, hearing, telling
from services.scheduler.usecases.life import look_at_terms
from shared.clock import clock_from
from shared.database import Database
from shared.events import ContactChanged, ContactGiven
from shared.rights import RightsTable
from shared.seal import KeyRing
from shared.service import Service
from shared.web.frame import Doors, make_app
from shared.web.tokens import TokenSigner, TokenVerifier
from shared.work import Voice

NAME = "scheduler"
PREFIX = "/planning"
LABEL = "Planification"
MIGRATIONS = Path(__file__).parent / "migrations"


def build_service(settings: Settings) -> Service:
    """Return the service with its database and clock; nothing is opened yet."""
    common = settings.common
    return Service(
        name=NAME,
        database=Database(common.database_url),
        clock=clock_from(common.clock_file, production=common.production),
        voice=Voice(NAME, common.seal_keys),
        ring=KeyRing(common.seal_keys[NAME]),
        migrations=MIGRATIONS,
        handlers={
            **HANDLERS,
            ContactGiven: partial(hearing.keep_contact, test_numbers=settings.demo),
            ContactChanged: partial(hearing.keep_own_contact, test_numbers=settings.demo),
        },
        job_kinds=JOB_KINDS,
        ticks=(look_at_terms, choosing.look_at_offers),
        retell=lambda work: telling.retell(work) + choosing.retell(work),
    )


def create_app(settings: Settings, service: Service) -> Flask:
    """Return the web application; it is mounted under PREFIX."""
    common = settings.common
    doors = Doors(
        verifier=TokenVerifier(common.token_public, common.link_public),
        rights=RightsTable.load(),
        secure_cookie=common.production,
        behind_proxy=common.behind_proxy,
        demo=common.demo,
        call_back=common.call_back,
    )
    app = make_app(service, PREFIX, LABEL, doors, __name__)
    signer = TokenSigner(common.token_key)
    api.register(app, service, signer, settings)
    pages.register(app, service, signer, settings)
    return app
