"""Dates that a person may choose from: scheduler owns them, here they become a notice and a line on their own page."""

__all__ = ["keep_offer", "may_choose"]

from typing import Any

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.usecases.overtaking import overtake
from services.notifications.usecases.own import whose
from services.notifications.usecases.seats import fresh_notice
from shared.database import insert_new, upsert
from shared.errors import TransientError
from shared.events import SlotOfferState
from shared.ids import derived_id
from shared.work import Work


def keep_offer(work: Work, event: SlotOfferState) -> None:
    """
    Make the notice that says where to choose, to the person and who stands for them; of an offer that ended, stop it.

    Raises TransientError while the person is not known here yet.
    """
    table, person = storage.notice, storage.person
    both = sa.or_(person.c.id == event.signatory_id, person.c.stands_for == event.signatory_id)
    people = storage.rows(work.db, sa.select(person).where(both).order_by(person.c.id))
    if event.signatory_id not in {one["id"] for one in people}:
        raise TransientError(f"person {event.signatory_id} is not known here yet")
    row = {"id": event.offer_id, "person_id": event.signatory_id, "state": event.state, "until": event.until}
    upsert(work.db, storage.slot_offer, [row])
    keys = {one["id"]: derived_id("notice", "choose", event.offer_id, one["id"]) for one in people}
    if event.state == "open":
        notices: list[dict[str, Any]] = [
            fresh_notice(keys[one["id"]], "choose", one, work.now) | {"useless_after": event.until} for one in people
        ]
        insert_new(work.db, table, notices)
        return
    overtake(work, table.c.id.in_(list(keys.values())), f"offer_{event.state}")


def may_choose(work: Work) -> bool:
    """Say whether who asks has dates to choose from."""
    table = storage.slot_offer
    mine = sa.and_(table.c.person_id == whose(work), table.c.state == "open", table.c.until > work.now)
    return work.db.scalar(sa.select(table.c.id).where(mine).limit(1)) is not None
