"""The compare-and-swap on a territory: a plan is good for the state that it was made from, and for no later one."""

__all__ = ["PlanOutdatedError", "check_base", "seats_held"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from shared.clock import real_now
from shared.errors import ConflictError
from shared.work import Work


class PlanOutdatedError(ConflictError):
    """Raised when somebody published for this territory after the plan was made. Plan again, then publish."""

    code = "plan_outdated"

    def __init__(self, run_id: UUID, base: int, present: int) -> None:
        super().__init__(f"plan {run_id} was made from version {base}; the territory is at version {present}")


def check_base(work: Work, run: Mapping[str, Any], *, lock: bool = True) -> None:
    """
    Raise ConflictError (`plan_not_ready`) or PlanOutdatedError unless a run may still be published.

    With `lock` nobody else publishes in its territory meanwhile.
    """
    present = storage.territory_version(work.db, run["territory"], lock=lock)
    if run["state"] != "ready":
        raise ConflictError(f"plan {run['id']} is {run['state']}, not ready", "plan_not_ready")
    if run["base_version"] != present:
        raise PlanOutdatedError(run["id"], run["base_version"], present)


def seats_held(work: Work, territory: str, *, lock: bool = True) -> dict[str, dict[str, int]]:
    """Return the seats that desks hold, by session and part. With `lock`, no desk holds another one meanwhile."""
    session, hold = storage.session, storage.seat_hold
    here = sa.select(session.c.id).where(session.c.territory == territory, session.c.state == "open")
    if lock:
        work.db.execute(here.order_by(session.c.id).with_for_update(key_share=True)).all()
    query = sa.select(hold.c.session_id, hold.c.part, sa.func.count()).where(
        hold.c.session_id.in_(here), hold.c.until > real_now()
    )
    held: dict[str, dict[str, int]] = {}
    for session_id, part, count in work.db.execute(query.group_by(hold.c.session_id, hold.c.part)):
        held.setdefault(str(session_id), {})[part] = count
    return held
