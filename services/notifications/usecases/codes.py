"""The four digits that a person got at the desk: they open what a link alone does not."""

__all__ = ["MOST_A_DAY", "MOST_IN_VAIN", "Tried", "keep_code", "may_try", "try_code"]

import hmac
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.usecases.links import secrets_of
from services.notifications.usecases.own import lock_person, whose
from shared import knocks
from shared.communes import local_time
from shared.database import upsert
from shared.logs import log
from shared.seal import KeyRing, SealBrokenError
from shared.work import Work

DOOR = "code"
MOST_AN_HOUR = 30  # [A] wrong codes of one address, whosever: who has many links guesses at many people
MOST_A_DAY = 5  # [A] wrong tries, then the code rests until the next day: 1 in 2,000 guesses it in a day
MOST_IN_VAIN = 20  # [A] since the last right one, then it opens nothing any more: 1 in 500 guesses it in weeks


class Tried(StrEnum):
    """What came of a try."""

    RIGHT = "right"
    WRONG = "code_refused"
    LOCKED = "code_locked"


def keep_code(work: Work, person_id: UUID, sealed: str) -> None:
    """
    Keep the code that a person was given, as a keyed digest; another one than before may be tried anew.

    One that was sealed with a key that is gone opens nothing: the person gets another at the desk.
    """
    try:
        digits = KeyRing(work.voice.seal_keys[work.voice.service]).open(sealed, person_id)["code"]
    except SealBrokenError:
        log.warning("a code was sealed with another key", person=str(person_id))
        return
    digest = secrets_of(work).digest_of_code(person_id, digits)
    before = storage.first(work.db, sa.select(storage.desk_code).where(storage.desk_code.c.person_id == person_id))
    if before is None or before["digest"] != digest:
        fresh = {"person_id": person_id, "digest": digest, "wrong": 0, "wrong_on": None, "in_vain": 0}
        upsert(work.db, storage.desk_code, [fresh])


def may_try(work: Work, caller: str) -> bool:
    """Say whether this caller may say codes: only wrong ones are counted."""
    return knocks.may_knock(work, storage.door_count, DOOR, caller, MOST_AN_HOUR)


def try_code(work: Work, digits: str, caller: str) -> Tried:
    """
    Say whether these are the digits of who asks, and count those that are not, of the person and of the caller.

    What is counted is in this transaction: whoever calls commits. What is said while a code is locked is not judged
    and not counted: nobody behind the same address is shut out by it.
    A lock holds until midnight in the person's territory, or until another code where this one was tried too often; it
    concerns the code alone.
    """
    me = whose(work)
    person = lock_person(work, me)
    table = storage.desk_code
    row = storage.first(work.db, sa.select(table).where(table.c.person_id == me))
    if row is None:
        knocks.count_knock(work, storage.door_count, DOOR, caller)
        return Tried.WRONG
    today = local_time(work.now, person["territory"]).date()
    wrong, in_vain = row["wrong"] if row["wrong_on"] == today else 0, row["in_vain"] or 0
    if _too_often(wrong, in_vain):
        return Tried.LOCKED
    right = hmac.compare_digest(row["digest"], secrets_of(work).digest_of_code(me, digits))
    counted = {"in_vain": 0} if right else {"wrong": wrong + 1, "wrong_on": today, "in_vain": in_vain + 1}
    work.db.execute(table.update().where(table.c.person_id == me).values(**counted))
    if right:
        return Tried.RIGHT
    knocks.count_knock(work, storage.door_count, DOOR, caller)
    return Tried.LOCKED if _too_often(wrong + 1, in_vain + 1) else Tried.WRONG


def _too_often(today: int, in_vain: int) -> bool:
    return today >= MOST_A_DAY or in_vain >= MOST_IN_VAIN
