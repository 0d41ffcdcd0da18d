"""What becomes of notices that are due: sent, held, given up, or no longer true. Decides; whoever calls it sends."""

__all__ = ["prepare"]

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.hours import leaves_at
from services.notifications.domain.occasions import OCCASIONS, REMINDERS, SEAT_KINDS
from services.notifications.domain.states import FINAL, UNANSWERED
from services.notifications.usecases.batches import BACK_OFF, LEASE, Batch, Known, Message, Row, task_about
from services.notifications.usecases.composing import start, together
from services.notifications.usecases.contacts import points_of
from services.notifications.usecases.lines import Lines
from services.notifications.usecases.links import links_of
from services.notifications.usecases.post import Post
from services.notifications.usecases.rechecking import recheck
from services.notifications.wording.files import FIELDS
from shared.clock import real_now
from shared.communes import department_of
from shared.events import NoticeFailed
from shared.work import Work

RESENT = 1  # so often a message may leave again where a gateway keeps no key and its first outcome is unknown


def prepare(post: Post, work: Work, claimed: Sequence[Row]) -> Batch:
    """Decide on notices that this transaction holds: those that wait, and those whose last attempt nobody ended."""
    people = _reached(work, storage.by_id(work.db, storage.person, [row["person_id"] for row in claimed]))
    recheck(work, claimed)
    known = Known(
        people=people,
        sites=storage.by_id(work.db, storage.site, {UUID(row["site"]) for row in claimed if row["site"]}),
        sessions=storage.by_id(work.db, storage.session, {row["session_id"] for row in claimed if row["session_id"]}),
        links=links_of(work, post.public_url, [row["person_id"] for row in claimed if _may_link(row["kind"])]),
        attempts=_attempts(work, [row["id"] for row in claimed if row["attempts"]]),
    )
    batch = Batch(post=post, work=work, lines=Lines(post, work))
    heads_first = sorted(claimed, key=lambda row: (row["rides_on"] is not None, row["priority"], row["days"][:1]))
    for message in together(_decide(batch, row, known) for row in heads_first):
        start(batch, message, known)
    return batch


def _may_link(kind: str) -> bool:
    """Say whether the words in which a notice of this kind leaves may name the person's link."""
    return "link" in FIELDS[kind] or OCCASIONS[kind].personal


def _reached(work: Work, people: dict[UUID, Row]) -> dict[UUID, Row]:
    """Return people with the contact points of who they are: a merged record's are those of the one that was kept."""
    kept = storage.by_id(work.db, storage.person, [row["merged_into"] for row in people.values() if row["merged_into"]])
    points = ("alias", "phone", "email", "channel", "shared_phone", "refused", "muted", "address")
    return {
        key: row | {name: kept[row["merged_into"]][name] for name in points} if row["merged_into"] in kept else row
        for key, row in people.items()
    }


def _attempts(work: Work, tried: Collection[UUID]) -> dict[UUID, list[Row]]:
    attempt = storage.attempt
    query = sa.select(attempt).where(attempt.c.notice_id.in_(tried)).order_by(attempt.c.notice_id, attempt.c.n)
    found: dict[UUID, list[Row]] = {}
    for row in storage.rows(work.db, query) if tried else []:
        found.setdefault(row["notice_id"], []).append(row)
    return found


def _decide(batch: Batch, row: Row, known: Known) -> Message | None:
    """Return the message that a notice asks for, or None: then the row says what became of it."""
    post, work, person = batch.post, batch.work, known.people[row["person_id"]]
    batch.notices.append(row)
    if row["holder"] is not None:  # its process died: nobody wrote how the attempt ended
        batch.lost.append({"b_notice": row["id"], "b_n": row["attempts"], "b_now": work.now})
        row |= {"tries": row["tries"] + 1, "reason": UNANSWERED, "holder": None}
    if row["state"] in FINAL:  # no longer true
        return None
    again = row["state"] == "sending"
    if again and not _may_leave_again(post, row):
        row |= {"state": "due", "skipped": [*row["skipped"], row["channel"]], "tries": 0, "rides_on": None}
        again = False
    if work.now >= row["useless_after"]:
        _give_up(batch, row, known, "expired", "too_late")
        if row["kind"] in SEAT_KINDS:  # there may be later days to tell
            since = real_now()
            pair = {"person_id": row["person_id"], "session_id": row["session_id"]}
            batch.news.append(pair | {"since": since, "due_at": since})
        return None
    zone = ZoneInfo(department_of(person["territory"]).time_zone)
    leaves = leaves_at(work.now, zone, LEASE) if post.quiet_hours else work.now
    if leaves >= row["useless_after"]:
        _give_up(batch, row, known, "expired", "quiet_hours")
        return None
    if leaves > work.now:
        row["due_at"] = leaves
        return None
    points = points_of(person, test_numbers=post.test_numbers)
    row["skipped"] = _in_vain(post, row, points, known)
    channel = row["channel"] if again and row["channel"] in points else _channel(row, person, points)
    if channel == "letter":
        reason = _why_a_letter(row, person)
        row["channel"] = "letter"
        _give_up(batch, row, known, "failed", reason)
        return None
    return Message(head=row, riders=[], person=person, channel=channel, address=points[channel])


def _in_vain(post: Post, row: Row, points: Mapping[str, str], known: Known) -> list[str]:
    """Return the channels that were tried in vain; not one by which the person has another address by now."""
    tried: dict[str, set[str]] = {}
    for attempt in known.attempts.get(row["id"], ()):
        tried.setdefault(attempt["channel"], set()).add(attempt["address_hash"])
    others = {one for one, address in points.items() if one in tried and post.address_hash(address) not in tried[one]}
    return [one for one in row["skipped"] if one not in others]


def _why_a_letter(row: Row, person: Row) -> str:
    """Return why no message brings a notice: the person's wish, dead contact points, none at all, or gateways."""
    if person["channel"] == "letter":
        return "letter_wanted"
    if not row["skipped"]:
        return "no_contact"
    return "refused" if set(row["skipped"]) <= set(person["refused"]) else "undelivered"


def _may_leave_again(post: Post, row: Row) -> bool:
    """Say whether a message whose outcome is unknown is sent once more, and not another one by the next channel."""
    most = len(BACK_OFF) if post.idempotent(row["gateway"]) else RESENT
    return int(row["tries"]) <= most


def _channel(row: Row, person: Row, points: Mapping[str, str]) -> str:
    """
    Return the first channel that is left: the person's own choice, then the table's order; a letter closes it.

    What is personal leaves by mail before it leaves by a telephone that others read.
    """
    occasion = OCCASIONS[row["kind"]]
    order = [person["channel"], *occasion.channels]
    if person["shared_phone"] and occasion.personal and order[0] == "sms":
        order.insert(0, "email")
    return next((one for one in order if one == "letter" or (one in points and one not in row["skipped"])), "letter")


def _give_up(batch: Batch, row: Row, known: Known, state: str, reason: str) -> None:
    """End a notice that no message brings: with a letter where there is time, with a call where there is none."""
    work, person = batch.work, known.people[row["person_id"]]
    if row["reason"] == UNANSWERED:  # the truth is that nobody knows
        state, reason = "unknown", UNANSWERED
    task = "letter" if state == "failed" else "call"
    matters = "letter" in OCCASIONS[row["kind"]].channels  # a reminder that fails is nobody's work
    if matters and (state != "expired" or reason == "quiet_hours"):
        row["task"] = task
        alone = task == "call" or person["reads"] != "no"  # a letter tells nothing to who does not read
        batch.tasks += [task_about(one, row, known) for one in ((task,) if alone else (task, "relay"))]
    row |= {"state": state, "reason": reason, "ended_at": work.now, "rides_on": None}
    if row["session_id"] is not None and row["kind"] not in REMINDERS:
        batch.failures.append(
            NoticeFailed(
                notice_id=row["id"],
                signatory_id=person["id"],
                session_id=row["session_id"],
                kind=row["kind"],
                reason=reason,
            )
        )
