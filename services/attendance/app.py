"""The only place where the parts of attendance meet."""

__all__ = ["MIGRATIONS", "PREFIX", "build_service", "create_app"]

from functools import partial
from pathlib import Path

from flask import Flask

from services.attendance import api, pages, storage
from services.attendance.consumers import HANDLERS
from services.attendance.settings import Settings
from services.attendance.usecases import absences, binders, clock, sealing
from services.attendance.usecases.missing import look_for_missing_rolls
from services.attendance.usecases.overview import retell
from shared.clock import clock_from
from shared.database import Database
from shared.knocks import purge_knocks
from shared.rights import RightsTable
from shared.seal import KeyRing
from shared.service import Service
from shared.web.frame import Doors, make_app
from shared.web.tokens import TokenVerifier
from shared.work import Voice

NAME = "attendance"
PREFIX = "/attendance"
LABEL = "Émargement"
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
        handlers=HANDLERS,
        job_kinds={binders.BINDER_KIND: partial(binders.binder_job, rules=settings.pay_rules)},
        ticks=(
            sealing.seal_signed,
            look_for_missing_rolls(settings.delays),
            clock.review_contracts,
            clock.following(settings.delays),
            absences.delete_old_papers,
            sealing.tell_heads,
            binders.delete_old,
            partial(purge_knocks, storage.door_count),
        ),
        due=clock.due,
        retell=retell,
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
    api.register(app, service, settings)
    pages.register(app, service, settings)
    return app
