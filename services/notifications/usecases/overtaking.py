"""Notices that are no longer true: they do not leave, or not once more."""

__all__ = ["overtake", "overtaken"]

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.states import UNANSWERED
from services.notifications.usecases.tasks import close_about
from shared.work import Work


def overtaken(row: Mapping[str, Any], reason: str, now: datetime) -> dict[str, Any]:
    """Return a notice that something newer ended: superseded, or unknown where a message of it may have arrived."""
    left = row["state"] == "sending" or row["reason"] == UNANSWERED
    ended = {"state": "unknown", "reason": UNANSWERED} if left else {"state": "superseded", "reason": reason}
    return {**row, **ended, "rides_on": None, "ended_at": now}


def overtake(work: Work, these: sa.ColumnElement[bool], reason: str) -> None:
    """
    End those of these notices that wait, as `overtaken` does, and what is to be done about any of them.

    What is under way is not worth another attempt.
    """
    notice = storage.notice
    maybe = notice.c.reason == UNANSWERED
    ended = {
        "state": sa.case((maybe, "unknown"), else_="superseded"),
        "reason": sa.case((maybe, UNANSWERED), else_=reason),
        "ended_at": work.now,
    }
    work.db.execute(notice.update().where(these, notice.c.state == "due").values(**ended))
    under_way = sa.and_(notice.c.state.in_(("sending", "accepted")), notice.c.useless_after > work.now)
    work.db.execute(notice.update().where(these, under_way).values(useless_after=work.now))
    close_about(work, list(work.db.scalars(sa.select(notice.c.id).where(these))))
