"""What is true, at the moment of sending, of notices about seats: they say it, or do not leave."""

__all__ = ["recheck"]

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.notifications.domain.occasions import REMINDERS, SEAT_KINDS, wanted_kind
from services.notifications.domain.reminding import named_from
from services.notifications.domain.timetable import coming
from services.notifications.usecases.enclosing import seat_entries
from services.notifications.usecases.overtaking import overtaken
from services.notifications.usecases.seats import NO_LONGER_TRUE, Truth, notices_about, seat_truths, told_of
from shared.work import Work

Row = dict[str, Any]


def recheck(work: Work, claimed: Sequence[Row]) -> None:
    """
    Say in each claimed notice about seats what is true now, or end it.

    One that leaves again does so with the words that it had, or not at all. Where nobody has told of the place yet at
    which a session is now, none of its notices is true.
    """
    about_seats = [row for row in claimed if row["kind"] in (*SEAT_KINDS, *REMINDERS)]
    pairs = [(row["person_id"], row["session_id"]) for row in about_seats]
    truths, notices = seat_truths(work, pairs), notices_about(work, pairs, (*SEAT_KINDS, *REMINDERS))
    for row, pair in zip(about_seats, pairs, strict=True):
        if work.now >= row["useless_after"]:
            continue
        said_now = _seats_now if row["kind"] in SEAT_KINDS else _reminder_now
        truth = truths.get(pair)
        true = said_now(row, truth, notices[pair], work.now) if truth else None
        if truth is None or true is None or (row["state"] == "sending" and not true.items() <= row.items()):
            row.update(overtaken(row, NO_LONGER_TRUE, work.now))
        elif row["state"] == "due":
            row.update(true)
            row["calendar"] = seat_entries(row, truth, notices[pair], work.now)


def _seats_now(row: Row, truth: Truth, notices: Sequence[Row], now: datetime) -> Row | None:
    """Return the days and the place that a notice has to say, None where another one is wanted, or none."""
    told, moment = told_of(one for one in notices if one["id"] != row["id"]), truth.moment(now)
    wanted = wanted_kind(told, truth.days, str(truth.site_id), moment)
    if wanted != row["kind"]:
        return None
    return {} if wanted == "cancelled" else {"days": list(coming(truth.days, moment)), "site": str(truth.site_id)}


def _reminder_now(row: Row, truth: Truth, _notices: Sequence[Row], _now: datetime) -> Row | None:
    """Return the days that a reminder has to name, None where its first one is no beginning any more, or elsewhere."""
    days = named_from(truth.days, row["days"][0])
    return {"days": list(days)} if days and row["site"] == str(truth.site_id) else None
