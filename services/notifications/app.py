"""The only place where the parts of notifications meet."""

__all__ = ["MIGRATIONS", "PREFIX", "build_service", "create_app", "open_post"]

from datetime import timedelta
from functools import partial
from pathlib import Path

from flask import Flask

from services.notifications import api, pages, storage, wording
from services.notifications.api.callbacks import callback_routes
from services.notifications.consumers import HANDLERS
from services.notifications.pages.own import own_pages
from services.notifications.settings import Settings
from services.notifications.usecases import contacts, delivery, digests, giving_up, own
from services.notifications.usecases.contacts import review_contacts
from services.notifications.usecases.delivery import deliver_due, doubt_unanswered
from services.notifications.usecases.post import open_post
from services.notifications.usecases.retention import forget_words
from services.notifications.usecases.seats import review_seats
from services.notifications.usecases.tasks import lapse
from shared.clock import clock_from
from shared.database import Database
from shared.knocks import purge_knocks
from shared.rights import RightsTable
from shared.seal import KeyRing
from shared.service import Service
from shared.web.frame import Doors, make_app
from shared.web.tokens import TokenVerifier
from shared.work import Voice

NAME = "notifications"
PREFIX = "/notices"
LABEL = "Messages"
MIGRATIONS = Path(__file__).parent / "migrations"


def build_service(settings: Settings) -> Service:
    """Return the service with its database, clock and gateways; nothing is opened yet. Raises WordingError."""
    common = settings.common
    wording.templates()  # a text that lacks a field must stop the start, not the sending
    post = open_post(settings)
    return Service(
        name=NAME,
        database=Database(common.database_url),
        clock=clock_from(common.clock_file, production=common.production),
        voice=Voice(NAME, common.seal_keys),
        ring=KeyRing(common.seal_keys[NAME]),
        migrations=MIGRATIONS,
        handlers=HANDLERS,
        ticks=(
            partial(review_contacts, post.test_numbers),
            partial(review_seats, timedelta(seconds=settings.gather_seconds)),
            doubt_unanswered,
            lapse,
            partial(forget_words, settings.notice_days),
            partial(deliver_due, post),
            partial(digests.send_digests, post),
            giving_up.settle_given_up,
            partial(purge_knocks, storage.door_count),
        ),
        due=lambda db, now: delivery.due(db, now) + giving_up.due(db, now) + digests.due(db, now),
        retell=lambda work: contacts.retell(work) + own.retell(work),
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
    post = open_post(settings)
    api.register(app, service, post)
    app.register_blueprint(callback_routes(service, post))
    pages.register(app, service, post)
    app.register_blueprint(own_pages(service, settings))
    return app
