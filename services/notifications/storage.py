"""Tables and queries of notifications: rows stay inside, plain mappings come out."""

__all__ = [
    "METADATA",
    "announcement",
    "appointment",
    "attempt",
    "by_id",
    "chain_head",
    "contact_word",
    "contactability",
    "desk_code",
    "digest",
    "door_count",
    "first",
    "gateway",
    "giving_up",
    "link",
    "notice",
    "one",
    "page",
    "person",
    "placement",
    "provider",
    "receipt",
    "reply",
    "rows",
    "seat_news",
    "session",
    "site",
    "slot_offer",
    "task",
]

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DbSession

from shared.database import JsonValue, UtcDateTime, first, new_metadata, one, rows
from shared.knocks import knock_table
from shared.witness import witness_table

METADATA = new_metadata()

# --- what the others told -----------------------------------------------------------------------------------------

chain_head = witness_table(METADATA)

person = sa.Table(
    "person",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("reference", sa.String(40), nullable=False),
    sa.Column("territory", sa.String(8), nullable=False, index=True),
    sa.Column("spoken", JsonValue, nullable=False),
    sa.Column("reads", sa.String(12), nullable=False),
    sa.Column("reading_language", sa.String(8), nullable=False),
    sa.Column("channel", sa.String(12), nullable=False),  # sms, email, letter: the person's own choice
    sa.Column("shared_phone", sa.Boolean, nullable=False),
    sa.Column("alias", sa.String(40), nullable=False),  # this and the next two came sealed
    sa.Column("phone", sa.String(40), nullable=False),
    sa.Column("email", sa.String(200), nullable=False),
    sa.Column("name", sa.String(160), nullable=False),  # this and the next two: for a letter, and for who helps
    sa.Column("address", sa.String(300), nullable=False),
    sa.Column("helper", JsonValue, nullable=False),  # name, phone, relation; empty where nobody was named
    sa.Column("refused", JsonValue, nullable=False),  # channels whose present contact point was refused for good
    sa.Column("failing", JsonValue, nullable=False),  # channel: receipts of failure since the last one that arrived
    sa.Column("muted", sa.Boolean, nullable=False),  # they answered STOP: no SMS until somebody spoke with them
    sa.Column("stale", sa.Boolean, nullable=False, index=True),  # a contact point changed: see whether it can be used
    sa.Column("merged_into", sa.Uuid),  # the same person under another record: messages go there
    sa.Column("stands_for", sa.Uuid, index=True),  # the minor whose representative this is: gets the same notices
)

appointment = sa.Table(
    "appointment",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("notice_id", sa.Uuid),  # the last notice that says when and where
)

site = sa.Table(
    "site",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.String(300), nullable=False),  # of a platform with its address
    sa.Column("commune", sa.String(80), nullable=False),
    sa.Column("zone", sa.String(40), nullable=False),
)

# Training bodies, by the code that stands in their people's accounts.
provider = sa.Table(
    "provider",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.String(40), nullable=False, index=True),
    sa.Column("territory", sa.String(8)),  # this and the next: null for what was heard before they were kept
    sa.Column("email", sa.String(200)),  # of the body, not of a person; empty where it gave none
)

session = sa.Table(
    "session",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("site_id", sa.Uuid, nullable=False),
    sa.Column("provider_id", sa.Uuid, index=True),
    sa.Column("trainer", sa.String(40)),  # code; null for what was heard before it was kept
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("meetings", JsonValue, nullable=False),  # id, held_on, starts_at (local), minutes, part
)

placement = sa.Table(
    "placement",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False, index=True),
    sa.Column("part", sa.String(8), nullable=False),
    sa.Column("joins_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
)

# --- what is kept here --------------------------------------------------------------------------------------------

# Something changed about a person's seats in a session, first at `since`, last at `due_at` (real time). When it has
# been quiet about this person for a moment their pairs are looked at as a whole: all that was published together is
# one message.
seat_news = sa.Table(
    "seat_news",
    METADATA,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("session_id", sa.Uuid, primary_key=True),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False, index=True),
)

notice = sa.Table(
    "notice",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # derived from what it is about: told again, it is the same notice
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, index=True),
    sa.Column("number", sa.Integer, nullable=False),  # of the notices about one person's seats in one session
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("days", JsonValue, nullable=False),  # see domain/timetable.py
    sa.Column("site", sa.String(40), nullable=False),  # id of the site as told, empty where there is none
    sa.Column("training", sa.String(12), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("moment", sa.String(8), nullable=False),  # of a reminder: week, two_days, eve; else empty
    sa.Column("priority", sa.Integer, nullable=False),  # 0 leaves first: see domain/occasions.py
    sa.Column("channel", sa.String(8), nullable=False),  # of the last attempt; letter when a hand must bring it
    sa.Column("gateway", sa.String(24), nullable=False),  # of the last attempt
    sa.Column("rides_on", sa.Uuid, index=True),  # the notice to the same person whose message carries this one
    sa.Column("languages", JsonValue, nullable=False),
    sa.Column("wording", JsonValue, nullable=False),  # the texts used, `convocation/ar@1`
    sa.Column("reply_code", sa.String(8), nullable=False),  # what the person may answer; empty where nobody hears it
    sa.Column("calendar", JsonValue, nullable=False),  # what its mail brings: domain/calendar.py
    sa.Column("usable", sa.Boolean, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # this and the next as sent
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("segments", sa.Integer, nullable=False),
    sa.Column("cost", sa.Integer, nullable=False),  # hundredths of a cent, all attempts that were taken
    sa.Column("task", sa.String(16), nullable=False),  # the kind of the task that it opened, or empty
    sa.Column("reason", sa.String(80), nullable=False),  # why it failed, expired or was superseded
    sa.Column("useless_after", UtcDateTime, nullable=False),  # business time
    sa.Column("due_at", UtcDateTime, nullable=False),  # business time: after quiet hours
    sa.Column("ready_at", UtcDateTime, nullable=False),  # real time: back-off, or the end of the lease while sending
    sa.Column("holder", sa.Uuid),  # the process that is sending it
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # failures on the present channel that may pass
    sa.Column("awaits_until", UtcDateTime),  # business time: so long a receipt is waited for; null where none comes
    sa.Column("skipped", JsonValue, nullable=False),  # channels that have been tried in vain
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Index(
        "ix_notice_due",
        "priority",
        "due_at",
        "person_id",  # what leaves to one person at one moment is one message
        sqlite_where=sa.text("state IN ('due', 'sending')"),
        postgresql_where=sa.text("state IN ('due', 'sending')"),
    ),
    sa.Index(
        "ix_notice_awaits",
        "awaits_until",
        sqlite_where=sa.text("awaits_until IS NOT NULL"),
        postgresql_where=sa.text("awaits_until IS NOT NULL"),
    ),
    sa.Index("ix_notice_words", "ended_at", sqlite_where=sa.text("text <> ''"), postgresql_where=sa.text("text <> ''")),
    sa.Index("ix_notice_made", "territory", "made_at", "id"),
)

attempt = sa.Table(
    "attempt",
    METADATA,
    sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(8), nullable=False),
    sa.Column("gateway", sa.String(24), nullable=False),
    sa.Column("address_hash", sa.String(64), nullable=False, index=True),  # keyed: a phone is too short to hash openly
    sa.Column("started_at", UtcDateTime, nullable=False),  # committed before the gateway is called
    sa.Column("ended_at", UtcDateTime),
    sa.Column("outcome", sa.String(12), nullable=False),  # started, accepted, refused, temporary, unknown
    sa.Column("reference", sa.String(120), nullable=False),
    sa.Column("error", sa.String(200), nullable=False),
    sa.Index(
        "ix_attempt_unknown",
        "notice_id",
        sqlite_where=sa.text("outcome = 'unknown'"),
        postgresql_where=sa.text("outcome = 'unknown'"),
    ),
)

receipt = sa.Table(
    "receipt",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # made by the gateway: the same receipt twice is one receipt
    sa.Column("notice_id", sa.Uuid, sa.ForeignKey("notice.id"), nullable=False, index=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # accepted, delivered, failed
    sa.Column("error", sa.String(200), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("heard_at", UtcDateTime, nullable=False),
)

# What somebody has to do about a person, because no machine can: told of by a notice, or by what became of it.
task = sa.Table(
    "task",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # derived from what it is about: the same need twice is one task
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("notice_id", sa.Uuid, index=True),
    sa.Column("provider_id", sa.Uuid, index=True),  # whose group it is about; null where it is OFII's alone
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("due_by", UtcDateTime),  # business time: after it nothing is left to do
    sa.Column("outcome", sa.String(16), nullable=False),  # empty while it is open
    sa.Column("done_on", sa.Date),  # day of the person's territory
    sa.Column("proof", sa.String(80), nullable=False),  # number of a registered letter, and the day it came
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Index("ix_task_open", "territory", "outcome", "due_by"),
    sa.Index("ix_task_due", "due_by", sqlite_where=sa.text("outcome = ''"), postgresql_where=sa.text("outcome = ''")),
)

reply = sa.Table(
    "reply",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # the gateway's message: the same one twice is one reply
    sa.Column("address_hash", sa.String(64), nullable=False),
    sa.Column("understood", sa.String(12), nullable=False),  # absent, stop, nothing
    sa.Column("person_id", sa.Uuid),
    sa.Column("notice_id", sa.Uuid),
    sa.Column("text", sa.String(160), nullable=False),  # only of what was not understood, for who reads it
    sa.Column("heard_at", UtcDateTime, nullable=False),
    sa.Index(
        "ix_reply_kept",
        "heard_at",
        sqlite_where=sa.text("address_hash <> ''"),
        postgresql_where=sa.text("address_hash <> ''"),
    ),
)

# How a gateway does, for all processes that send: see domain/lines.py. Times are real.
gateway = sa.Table(
    "gateway",
    METADATA,
    sa.Column("name", sa.String(24), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("closed_until", UtcDateTime),
    sa.Column("allowance", sa.Integer, nullable=False),  # thousandths of a message that may leave now
    sa.Column("counted_at", UtcDateTime, nullable=False),
)

# The evening's mail to a training body: one a day at most, of the body's own calendar.
digest = sa.Table(
    "digest",
    METADATA,
    sa.Column("provider_id", sa.Uuid, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),  # nothing to say, due, sending, expired, or as an attempt ends
    sa.Column("text", sa.Text, nullable=False),  # until it has left
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("error", sa.String(200), nullable=False),
    sa.Column("ready_at", UtcDateTime, nullable=False),  # real time: back-off
    sa.Column("made_at", UtcDateTime, nullable=False),
)

contactability = sa.Table(
    "contactability",
    METADATA,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),  # reachable, doubtful, unreachable
    sa.Column("channels", JsonValue, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

# --- the signatory's side -----------------------------------------------------------------------------------------

# One reusable link a person. The secret is made anew from the service's key whenever it is needed; a digest is kept.
link = sa.Table(
    "link",
    METADATA,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),  # raised, the link before opens nothing
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("told_at", UtcDateTime, nullable=False),  # business time: when a notice last said it, to within a day
)

door_count = knock_table(METADATA)

# What a person said of one of their days. Told to attendance with each change.
announcement = sa.Table(
    "announcement",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),  # derived from person, session and day: said twice, it is one
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False),
    sa.Column("held_on", sa.Date, nullable=False),  # day at the site
    sa.Column("kind", sa.String(8), nullable=False),  # late, absent
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("said_at", UtcDateTime, nullable=False),
)

# Dates that scheduler lets a person choose from.
slot_offer = sa.Table(
    "slot_offer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # open, taken, expired, withdrawn
    sa.Column("until", UtcDateTime, nullable=False),
)

# The four digits of the desk, as a keyed digest, and how often they were wrong on one day.
desk_code = sa.Table(
    "desk_code",
    METADATA,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("wrong_on", sa.Date),  # day of the person's territory
    sa.Column("in_vain", sa.Integer),  # wrong tries since the last right one
)

# What a person said of how they are reached: that nothing changed, or that there is another phone, which is not kept.
contact_word = sa.Table(
    "contact_word",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("kind", sa.String(12), nullable=False),  # confirmed, changed
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("given_at", UtcDateTime, nullable=False),
)

# A place that a person gives up: told to scheduler once it can no longer be undone.
giving_up = sa.Table(
    "giving_up",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, nullable=False, index=True),
    sa.Column("session_id", sa.Uuid, nullable=False),
    sa.Column("placement_ids", JsonValue, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),  # asked, undone, told
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False, index=True),  # business time
    sa.Column("actor", sa.String(80), nullable=False),
)


def by_id(db: DbSession, table: sa.Table, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return rows by id; at most some hundreds are asked for at a time."""
    wanted = list(dict.fromkeys(ids))
    return {row["id"]: row for row in rows(db, sa.select(table).where(table.c.id.in_(wanted)))} if wanted else {}


def page(db: DbSession, query: sa.Select[Any], key: sa.Column[Any], after: Any, limit: int) -> dict[str, Any]:
    """Return one keyset page: `{items, next}`, `next` null at the end."""
    if after is not None:
        query = query.where(key > after)
    found = rows(db, query.order_by(key).limit(limit + 1))
    items = found[:limit]
    return {"items": items, "next": items[-1][key.name] if len(found) > limit else None}
