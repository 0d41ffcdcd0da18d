"""What one round of sending holds in its hands: notices that are due, the messages that they make, what is known."""

__all__ = ["BACK_OFF", "LEASE", "Batch", "Known", "Message", "Row", "task_about"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.notifications.domain.messages import MailMessage, SmsMessage
from services.notifications.usecases.lines import Lines
from services.notifications.usecases.post import Post
from services.notifications.usecases.tasks import task_row
from shared.events import NoticeFailed
from shared.work import Work

LEASE = timedelta(minutes=6)  # longer than a batch whose every call takes its whole time-out
# Waits after a failure that may pass, in seconds of real time; after the last one the next channel is tried. [A]
BACK_OFF = (2, 10, 30, 120, 600, 1800)
Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Message:
    """One message about to leave: the notice that carries it, and those that ride on it."""

    head: Row
    riders: list[Row]
    person: Row
    channel: str
    address: str


@dataclass(slots=True, kw_only=True)
class Batch:
    """What one transaction decided: rows to keep, attempts to note, messages to send afterwards, by gateway."""

    post: Post
    work: Work
    lines: Lines
    notices: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)
    news: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    failures: list[NoticeFailed] = field(default_factory=list)
    sms: dict[str, list[SmsMessage]] = field(default_factory=dict)
    mail: list[MailMessage] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the decision about a batch rests on."""

    people: Mapping[UUID, Row]
    sites: Mapping[UUID, Row]
    sessions: Mapping[UUID, Row]
    links: Mapping[UUID, str]
    attempts: Mapping[UUID, Sequence[Row]]  # of notices that were tried before, in their order


def task_about(kind: str, row: Row, known: Known) -> Row:
    """Return the row of a task about a notice, for the training body whose group it is about where there is one."""
    session = known.sessions.get(row["session_id"]) if row["session_id"] else None
    person = known.people[row["person_id"]]
    provider_id = session["provider_id"] if session else None
    return task_row(kind, person, row["made_at"], about=row["id"], notice=row, provider_id=provider_id)
