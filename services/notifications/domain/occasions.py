"""
The table from event to notice: what is told to whom, when, by which channels, and what it replaces.

Everything else (handlers, deliveries, pages) reads this table; a new notice is a new row here and a template.
"""

__all__ = ["EVENTS_OF_FACTS", "OCCASIONS", "REMINDERS", "SEAT_KINDS", "Occasion", "Told", "wanted_kind"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.notifications.domain.timetable import coming
from shared.events import (
    AbsenceWithdrawn,
    AppointmentState,
    ChainHead,
    DutyDue,
    Event,
    MeetingMissed,
    PersonMerged,
    PersonUnmerged,
    PlacementState,
    PlacementTakenState,
    ProviderState,
    RelayAsked,
    SessionState,
    SignatoryState,
    SiteState,
    SlotOfferState,
    TrainingCompleted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """
    One row. `subject` is what one notice is about: a second event about the same subject makes no second notice.

    `channels` are tried in this order, the person's own preference first. `useful_for` is how long the notice is worth
    sending, counted from the day that it is about; null: until the end of the first meeting that it names. `priority`
    orders what is due: URGENT changes what somebody does today or tomorrow, LATER can wait behind everything.
    `personal` says what somebody did: where others read their telephone it leaves by mail first, and an SMS only says
    that a message waits.
    """

    kind: str
    events: tuple[type[Event], ...]
    audience: str
    subject: str
    moment: str
    channels: tuple[str, ...]
    supersedes: tuple[str, ...]
    useful_for: timedelta | None
    priority: int
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person was last told about a session: `days` as texts that sort by time, `reached` if it arrived."""

    kind: str
    site: str
    days: tuple[str, ...]
    reached: bool


URGENT, USUAL, LATER = 0, 1, 2
ALL_CHANNELS = ("sms", "email", "letter")
SEAT_EVENTS = (PlacementState, SessionState)
SEAT_KINDS = ("convocation", "moved", "cancelled")
REMINDERS = ("reminder", "tomorrow")
# Heard for what they say about people and places; they tell nobody anything by themselves.
EVENTS_OF_FACTS: tuple[type[Event], ...] = (
    ProviderState,
    SignatoryState,
    SiteState,
    PlacementTakenState,
    PersonMerged,
    PersonUnmerged,
    ChainHead,
)

OCCASIONS: Mapping[str, Occasion] = {
    row.kind: row
    for row in (
        Occasion(
            kind="convocation",
            events=SEAT_EVENTS,
            audience="the person who got the seat",
            subject="person and session: all days of a session, told together, are one message",
            moment="when no more news of these seats has come for a moment",
            channels=ALL_CHANNELS,
            supersedes=("moved", "cancelled"),
            useful_for=None,
            priority=USUAL,
        ),
        Occasion(
            kind="moved",
            events=SEAT_EVENTS,
            audience="the person who was told other days or another place",
            subject="person, session and what was told before",
            moment="when no more news of these seats has come for a moment",
            channels=ALL_CHANNELS,
            supersedes=("convocation", "cancelled"),
            useful_for=None,
            priority=URGENT,
        ),
        Occasion(
            kind="cancelled",
            events=SEAT_EVENTS,
            audience="the person who was told to come and shall not",
            subject="person, session and what was told before",
            moment="when no more news of these seats has come for a moment",
            channels=ALL_CHANNELS,
            supersedes=("convocation", "moved"),
            useful_for=None,
            priority=URGENT,
        ),
        Occasion(
            kind="reminder",
            events=SEAT_EVENTS,
            audience="the person who was told to come",
            subject="person, session, day and moment",
            moment="seven days and 48 hours before a first day, or the first one after a pause",
            channels=("sms", "email"),
            supersedes=(),
            useful_for=None,
            priority=LATER,
        ),
        Occasion(
            kind="tomorrow",
            events=SEAT_EVENTS,
            audience="the person who was told to come",
            subject="person, session and day",
            moment="on the evening before the first day of a session",
            channels=("sms", "email"),
            supersedes=("reminder",),
            useful_for=None,
            priority=USUAL,
        ),
        Occasion(
            kind="missed",
            events=(MeetingMissed,),
            audience="the person who was absent",
            subject="person and civic day, not each half of it",
            moment="at once",
            channels=ALL_CHANNELS,
            supersedes=(),
            useful_for=timedelta(days=14),  # [A]
            priority=USUAL,
            personal=True,
        ),
        Occasion(
            kind="expected",
            events=(RelayAsked,),
            audience="the person who is not in the room, asked for by the trainer, who sees no number",
            subject="person and meeting",
            moment="at once",
            channels=("sms", "email"),
            supersedes=(),
            useful_for=None,
            priority=URGENT,
        ),
        Occasion(
            kind="not_missed",
            events=(AbsenceWithdrawn,),
            audience="the person who had been told of an absence that a correction took back",
            subject="person and civic day",
            moment="at once",
            channels=ALL_CHANNELS,
            supersedes=("missed",),
            useful_for=timedelta(days=30),  # [A]
            priority=USUAL,
            personal=True,
        ),
        Occasion(
            kind="completed",
            events=(TrainingCompleted,),
            audience="the person, when the outcome is completed; another outcome is an agent's to explain",
            subject="contract and training",
            moment="at once",
            channels=ALL_CHANNELS,
            supersedes=("missed",),
            useful_for=timedelta(days=60),  # [A]
            priority=LATER,
        ),
        Occasion(
            kind="appointment",
            events=(AppointmentState,),
            audience="the person who is expected at an interview",
            subject="each change of one appointment",
            moment="at once",
            channels=ALL_CHANNELS,
            supersedes=("appointment", "no_appointment"),
            useful_for=None,
            priority=USUAL,
        ),
        Occasion(
            kind="no_appointment",
            events=(AppointmentState,),
            audience="the person who was told to come and shall not",
            subject="each change of one appointment",
            moment="at once",
            channels=ALL_CHANNELS,
            supersedes=("appointment",),
            useful_for=None,
            priority=USUAL,
        ),
        Occasion(
            kind="choose",
            events=(SlotOfferState,),
            audience="the person who may choose their dates, and who stands for them",
            subject="the offer",
            moment="at once; useless once its hours are over",
            channels=("sms", "email"),
            supersedes=(),
            useful_for=None,
            priority=URGENT,
        ),
        Occasion(
            kind="given_up",
            events=(),
            audience="the person who gave up a place on their own page, and who stands for them",
            subject="each time that a place is given up",
            moment="at once; useless once it can be undone no more",
            channels=("sms", "email"),
            supersedes=(),
            useful_for=None,
            priority=URGENT,
            personal=True,
        ),
        Occasion(
            kind="confirm_contact",
            events=(),
            audience="the person of whom one contact point has failed, by another one",
            subject="the contact point",
            moment="at once",
            channels=("sms", "email"),
            supersedes=(),
            useful_for=timedelta(days=14),  # [A]
            priority=LATER,
        ),
        Occasion(
            kind="call_us",
            events=(DutyDue,),
            audience="the person to whom something is offered until a day",
            subject="the duty",
            moment="at once",
            channels=ALL_CHANNELS,
            supersedes=(),
            useful_for=timedelta(days=60),  # [A]
            priority=USUAL,
        ),
    )
}


def wanted_kind(told: Told | None, days: Sequence[str], site: str, moment: str) -> str | None:
    """
    Return which notice makes a person's knowledge of a session true again, or None when it is true.

    `days` are those on which they are expected, none when the seat or the session is gone; `moment` is the local time
    (`2025-03-06 08:30`): what is over by then is never told.
    """
    expected = coming(days, moment)
    if told is None or told.kind == "cancelled":
        return "convocation" if expected else None
    believed = coming(told.days, moment)
    if not expected:
        return "cancelled" if believed and (told.reached or told.kind == "moved") else None
    if believed == expected and told.site == site:
        return None
    return "moved" if told.reached else "convocation"  # whoever was never reached is invited, not told of a change
