"""A small hearer on attendance's database, for tests of the wire itself."""

from datetime import UTC, datetime

import sqlalchemy as sa

from shared.clock import SystemClock
from shared.envelope import encode
from shared.events import RollSigned
from shared.ids import new_id
from shared.inbox import Hearer
from shared.rights import Principal
from shared.seal import KeyRing
from shared.service import Service
from shared.tables import inbox, job, quarantine
from shared.work import Voice, Work

KEYS = {name: bytes([number]) * 32 for number, name in enumerate(("scheduler", "attendance", "notifications"), 1)}
WHO = Principal(kind="person", id="amal", role="planner")


def voice(service):
    return Voice(service, KEYS)


def work_of(database_session, service="attendance", now=None):
    now = now or datetime(2025, 4, 1, 8, tzinfo=UTC)
    return Work(db=database_session, who=WHO, now=now, voice=voice(service))


def a_roll_signed(present=1):
    return RollSigned(meeting_id=new_id(), session_id=new_id(), present=present, absent=0)


def body_of(event, event_id=None):
    return encode(
        event, event_id=event_id or new_id(), at=datetime(2025, 4, 1, 8, tzinfo=UTC), cause_id=new_id(),
        actor="trainer:t", seal_keys=KEYS,
    )  # fmt: skip


def hearer_of(database, handlers, service="scheduler"):
    return Hearer(
        service=service, database=database, handlers=handlers, voice=voice(service), ring=KeyRing(KEYS[service]),
        clock=SystemClock(),
    )  # fmt: skip


def service_of(database, name, handlers=None, **parts):
    from pathlib import Path

    return Service(
        name=name, database=database, clock=SystemClock(), voice=voice(name), ring=KeyRing(KEYS[name]),
        migrations=Path(), handlers=handlers or {}, **parts,
    )  # fmt: skip


def inbox_states(database):
    with database.read() as db:
        return dict(db.execute(sa.select(inbox.c.state, sa.func.count()).group_by(inbox.c.state)).all())


def quarantined(database):
    with database.read() as db:
        return db.scalars(sa.select(quarantine.c.error)).all()


def job_row(database, job_id):
    with database.read() as db:
        return dict(db.execute(sa.select(job).where(job.c.id == job_id)).mappings().one())
