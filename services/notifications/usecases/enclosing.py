"""What goes with a mail beside its words: the days for the person's calendar, and a page to print and to show."""

__all__ = ["enclosed", "seat_entries"]

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from services.notifications import wording
from services.notifications.documents.calendar import Event, calendar_files
from services.notifications.domain.calendar import Entry, changes, kept
from services.notifications.domain.messages import Attachment
from services.notifications.domain.occasions import SEAT_KINDS
from services.notifications.domain.timetable import ends_at, starts_at
from services.notifications.usecases.papers import page_of
from services.notifications.usecases.post import Post
from services.notifications.usecases.seats import BELIEVED, Truth
from shared.ids import derived_id

PRINTED = frozenset({"convocation", "moved"})
Row = Mapping[str, Any]


def seat_entries(row: Row, truth: Truth, notices: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
    """
    Return the entries that a mail with this notice would bring; `notices` are all about the same seats.

    A reminder repeats the days that it names. Any other notice ends those that mails before it told and that do not
    hold any more.
    """
    about_seats = row["kind"] in SEAT_KINDS
    sequence = row["number"] if about_seats else max((_number(one) for one in notices), default=0)
    days = () if row["kind"] == "cancelled" else row["days"]
    holding = [
        Entry(
            uid=_uid(row, truth, day),
            starts_at=starts_at(day, truth.zone),
            ends_at=ends_at(day, truth.zone),
            sequence=sequence,
        )
        for day in days
    ]
    believed = kept(_entries(one for one in notices if one["id"] != row["id"])) if about_seats else {}
    return [entry.as_json() for entry in changes(believed, holding, sequence=sequence, now=now)]


def enclosed(
    post: Post, person: Row, message: Sequence[tuple[Row, Row | None]], *, now: datetime
) -> tuple[Attachment, ...]:
    """Return what goes with one mail that says these notices; each comes with the place that it names."""
    printed = [page_of(post, row, person, site, now) for row, site in message if row["kind"] in PRINTED]
    pages = tuple(
        Attachment(name=f"convocation-{number}.pdf", media_type="application/pdf", content=page)
        for number, page in enumerate(filter(None, printed), start=1)
    )
    return pages + _calendar(post, message, now)


def _calendar(post: Post, message: Iterable[tuple[Row, Row | None]], now: datetime) -> tuple[Attachment, ...]:
    events: dict[str, Event] = {}
    for row, site in message:
        for entry in map(Entry.from_json, row["calendar"]):
            known = events.get(entry.uid)
            if known is None or known.entry.sequence <= entry.sequence:
                events[entry.uid] = Event(
                    entry=entry,
                    summary=wording.title("convocation" if row["session_id"] else "appointment", row["languages"]),
                    location=wording.named_place(site["label"], site["commune"]) if site else "",
                    description=post.call_back,
                )
    organizer = parseaddr(post.mail_sender)[1]
    return calendar_files(list(events.values()), organizer=organizer, made_at=now)


def _entries(notices: Iterable[Row]) -> list[Entry]:
    """Return the entries that mails brought, or may have brought."""
    sent = (one for one in notices if one["channel"] == "email" and one["state"] in BELIEVED)
    return [Entry.from_json(entry) for one in sent for entry in one["calendar"]]


def _number(notice: Row) -> int:
    return int(notice["number"]) if notice["kind"] in SEAT_KINDS else 0


def _uid(row: Row, truth: Truth, day: str) -> str:
    named = truth.firsts.get(day[:10]) or f"{row['session_id']} {day[:10]}"
    return str(derived_id("calendar", row["person_id"], named))
