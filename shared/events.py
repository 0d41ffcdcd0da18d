"""
Every event that crosses the wire: the only list, with who tells it and who hears it.

A *state* carries the whole present state of its subject and a `subject_version`; a hearer keeps it only if newer. A
*fact* happened once, is unversioned, and is idempotent by its id. Fields never change: another need is another class
with the next version. Identifiers only; a name or contact point travels only in `private`, which is sealed for each
recipient (see shared/seal.py).
"""

from __future__ import annotations

__all__ = [
    "ALL_EVENTS",
    "AbsenceAnnouncedState",
    "AppointmentState",
    "Carried",
    "CarriedState",
    "ContactChanged",
    "ContactGiven",
    "ContactabilityState",
    "ContractState",
    "DutyDue",
    "Event",
    "Fact",
    "FlagState",
    "Meeting",
    "MeetingMissed",
    "NoticeDelivered",
    "NoticeFailed",
    "OrderState",
    "Owed",
    "PersonMerged",
    "PersonUnmerged",
    "PlacementDeclined",
    "PlacementState",
    "PlacementTakenState",
    "PrescriptionState",
    "ProgressState",
    "ProviderState",
    "RelayAsked",
    "RollSigned",
    "SessionState",
    "SignatoryState",
    "SiteState",
    "SlotOfferState",
    "State",
    "TrainerState",
    "TrainingCompleted",
    "event_class",
]

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import ClassVar
from uuid import UUID

Private = dict[str, dict[str, str]]  # recipient service -> private fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have: a stable name, a version of their shape, and the services that hear them."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    hearers: ClassVar[tuple[str, ...]]

    @classmethod
    def type_name(cls) -> str:
        """Return the CloudEvents type and routing key, e.g. `scheduler.session.v1`."""
        return f"{cls.name}.v{cls.version}"

    @classmethod
    def teller(cls) -> str:
        return cls.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Event):
    """Something that happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Event):
    """The whole present state of one subject. `subject_version` grows with each change of it."""

    subject: ClassVar[str]  # the field that holds the subject's id
    subject_version: int

    @property
    def subject_id(self) -> UUID:
        found: UUID = getattr(self, type(self).subject)
        return found


# --- scheduler tells ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState(State):
    """
    A training body. `label` is an organisation's name, not a person's. Private: territory and e-mail for notifications.
    """

    name = "scheduler.provider"
    hearers = ("attendance", "notifications")
    subject = "provider_id"

    provider_id: UUID
    code: str
    label: str
    private: Private = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState(State):
    """A place of training; `zone` is its IANA time zone."""

    name = "scheduler.site"
    hearers = ("attendance", "notifications")
    subject = "site_id"

    site_id: UUID
    provider_id: UUID
    label: str
    commune: str
    zone: str
    step_free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState(State):
    """
    What OFII ordered of a training body (a lot), and at what price: for trainings held from `first_on` to `last_on`.

    `unit` is person_days or person_minutes, as the quantity is counted; the price is for one person-day or one
    person-hour, in cents.
    """

    name = "scheduler.order"
    hearers = ("attendance",)
    subject = "order_id"

    order_id: UUID
    provider_id: UUID
    code: str
    training: str
    unit: str
    first_on: date
    last_on: date
    unit_price_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerState(State):
    """A trainer of a training body, by the code that sessions name. Private: the name, for attendance's sheets."""

    name = "scheduler.trainer"
    hearers = ("attendance",)
    subject = "trainer_id"

    trainer_id: UUID
    provider_id: UUID
    code: str
    private: Private = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatoryState(State):
    """
    A person who signed. Private: name and alias for attendance; name, alias, phone, e-mail, and sealed once more
    postal address and helper, for notifications.

    Languages are ISO 639 codes; `reads` is yes, with_help or no; `channel` is sms, email or letter.
    """

    name = "scheduler.signatory"
    hearers = ("attendance", "notifications")
    subject = "signatory_id"

    signatory_id: UUID
    reference: str
    territory: str
    spoken: tuple[str, ...]
    reads: str
    reading_language: str
    channel: str
    shared_phone: bool
    private: Private = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState(State):
    """
    A contract and the numbers of its rule-book that attendance needs.

    `term_on` is the last day; ratios are `assiduity_percent` of hours offered since entry; `civic_days_required` are
    the days that must be attended; `review_lead_days` is how long before the term an extension is reviewed; null
    where the rule-book says that the rule is not known.
    """

    name = "scheduler.contract"
    hearers = ("attendance",)
    subject = "contract_id"

    contract_id: UUID
    signatory_id: UUID
    territory: str
    programme: str
    regime: str
    state: str
    signed_on: date
    term_on: date
    civic_days_required: int | None
    assiduity_percent: int | None
    review_lead_days: int
    unexplained_in_a_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One training that a person owes: `part` is S1… or a package; `quickest_days` the fewest days it can take."""

    training: str
    part: str
    minutes: int
    quickest_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescriptionState(State):
    """What a contract prescribes."""

    name = "scheduler.prescription"
    hearers = ("attendance",)
    subject = "prescription_id"

    prescription_id: UUID
    contract_id: UUID
    signatory_id: UUID
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One half-day of a session: local date and time at the site; `slot` is morning, afternoon or evening."""

    meeting_id: UUID
    held_on: date
    slot: str
    starts_at: time
    minutes: int
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState(State):
    """One group of one training with all its meetings. `state` is open or cancelled."""

    name = "scheduler.session"
    hearers = ("attendance", "notifications")
    subject = "session_id"

    session_id: UUID
    provider_id: UUID
    site_id: UUID
    training: str
    package: str
    trainer: str
    state: str
    meetings: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementState(State):
    """A person's seat in a session, for one need. `state` is active or withdrawn; `joins_on` the first day."""

    name = "scheduler.placement"
    hearers = ("attendance", "notifications")
    subject = "placement_id"

    placement_id: UUID
    contract_id: UUID
    signatory_id: UUID
    session_id: UUID
    part: str
    joins_on: date
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementTakenState(State):
    """
    A seat taken over from an older system, which had sent the convocation on `told_on`: it is not sent again.

    Told in the place of a PlacementState for this seat, always; the other fields are the same.
    """

    name = "scheduler.placement_taken"
    hearers = ("attendance", "notifications")
    subject = "placement_id"

    placement_id: UUID
    contract_id: UUID
    signatory_id: UUID
    session_id: UUID
    part: str
    joins_on: date
    state: str
    told_on: date
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Minutes followed and offered of one training before a contract was taken over."""

    training: str
    part: str
    followed: int
    offered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedState(State):
    """What a contract brings along from an older system, up to and including `until` (local day)."""

    name = "scheduler.carried"
    hearers = ("attendance",)
    subject = "contract_id"

    contract_id: UUID
    signatory_id: UUID
    until: date
    carried: tuple[Carried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMerged(Fact):
    """Two records are one person: `other_id` is an alias of `kept_id` until the merge is undone."""

    name = "scheduler.person_merged"
    hearers = ("attendance", "notifications")

    kept_id: UUID
    other_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUnmerged(Fact):
    """A merge was a mistake: the two are told apart again."""

    name = "scheduler.person_unmerged"
    hearers = ("attendance", "notifications")

    kept_id: UUID
    other_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentState(State):
    """
    An appointment of one person with OFII: an interview, or what a dated duty asks for.

    `state` is booked, cancelled, held or absent; day and time are local at the place. The person may have no contract
    yet: what a message needs travels along. Private: alias, phone and e-mail for notifications.
    """

    name = "scheduler.appointment"
    hearers = ("notifications",)
    subject = "appointment_id"

    appointment_id: UUID
    person_id: UUID
    reference: str
    territory: str
    kind: str
    state: str
    site_id: UUID
    held_on: date
    starts_at: time
    minutes: int
    spoken: tuple[str, ...]
    reads: str
    reading_language: str
    channel: str
    shared_phone: bool
    private: Private = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDue(Fact):
    """Something is offered to a signatory until a day, and they should get in touch: see the rule-book's duties."""

    name = "scheduler.duty_due"
    hearers = ("notifications",)

    duty_id: UUID
    contract_id: UUID
    signatory_id: UUID
    kind: str
    opens_on: date
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOfferState(State):
    """
    Dates that a person may choose from: open, taken (by them), expired, or withdrawn. What is offered stays here.

    First come keeps the seat: nothing is held for them.
    """

    name = "scheduler.slot_offer"
    hearers = ("notifications",)
    subject = "offer_id"

    offer_id: UUID
    signatory_id: UUID
    state: str
    until: datetime


# --- attendance tells ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressState(State):
    """Where a contract stands. Minutes; forecast days from timetable and pace, null while nothing is planned."""

    name = "attendance.progress"
    hearers = ("scheduler",)
    subject = "contract_id"

    contract_id: UUID
    followed_minutes: int
    remaining_minutes: int
    forecast_first: date | None
    forecast_last: date | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagState(State):
    """A flag with its evidence (`kind:id` texts), who must act and until when. `state` is open or withdrawn."""

    name = "attendance.flag"
    hearers = ("scheduler",)
    subject = "flag_id"

    flag_id: UUID
    contract_id: UUID
    signatory_id: UUID
    kind: str
    state: str
    owner: str
    due_on: date
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollSigned(Fact):
    """A trainer signed the roll of one half-day. Counts of people; nobody is named."""

    name = "attendance.roll_signed"
    hearers = ("scheduler",)

    meeting_id: UUID
    session_id: UUID
    present: int
    absent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RollSealed(Fact):
    """
    A signed roll, or a correction of it, entered its provider's chain: the scheduler is the witness.

    `position` counts the chain from 1; `prints` are the first digits of each new mark's salted commitment.
    """

    name = "attendance.roll_sealed"
    hearers = ("scheduler",)

    provider_id: UUID
    position: int
    meeting_id: UUID
    roll_version: int
    head: str
    prints: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead(Fact):
    """Where a provider's chain of sealed rolls stood at the end of a day (UTC): both other services keep it."""

    name = "attendance.chain_head"
    hearers = ("scheduler", "notifications")

    provider_id: UUID
    day: date
    position: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollMissingState(State):
    """
    Nobody has taken the roll of a meeting. `stage` is provider, ofii or closed: who is asked for it.

    It counts against nobody who sits there.
    """

    name = "attendance.roll_missing"
    hearers = ("scheduler",)
    subject = "meeting_id"

    meeting_id: UUID
    session_id: UUID
    provider_id: UUID
    held_on: date
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelReached(Fact):
    """
    A test of a course: initial, intermediate or final; `level` is what was reached (below_A1, A1, A2, B1).

    A target reached at the intermediate test ends the course early.
    """

    name = "attendance.level_reached"
    hearers = ("scheduler",)

    contract_id: UUID
    signatory_id: UUID
    test: str
    level: str
    target_reached: bool
    reached_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingMissed(Fact):
    """A signatory was absent from a civic day that they owe: that need is open again."""

    name = "attendance.meeting_missed"
    hearers = ("scheduler", "notifications")

    contract_id: UUID
    signatory_id: UUID
    meeting_id: UUID
    session_id: UUID
    placement_id: UUID
    part: str
    missed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DayIncomplete(Fact):
    """
    A civic day is over without being whole for somebody who was not absent: that need is open again.

    `why` is partly_attended, not_held or roll_lost: nobody is told that they were missed.
    """

    name = "attendance.day_incomplete"
    hearers = ("scheduler",)

    contract_id: UUID
    signatory_id: UUID
    meeting_id: UUID
    session_id: UUID
    placement_id: UUID
    part: str
    held_on: date
    minutes_followed: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceWithdrawn(Fact):
    """A correction made a civic day whole that had been told as missed or incomplete; `mark_id` says so."""

    name = "attendance.absence_withdrawn"
    hearers = ("scheduler", "notifications")

    contract_id: UUID
    signatory_id: UUID
    meeting_id: UUID
    session_id: UUID
    placement_id: UUID
    part: str
    missed_on: date
    mark_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCompleted(Fact):
    """A training came to its end for a person; `outcome` is completed or ended_incomplete."""

    name = "attendance.training_completed"
    hearers = ("scheduler", "notifications")

    contract_id: UUID
    signatory_id: UUID
    training: str
    outcome: str
    ended_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactGiven(Fact):
    """
    A person gave how they are reached, on the trainer's device or on their own. Private: phone and e-mail, or empty.

    An empty one is not touched. The trainer and attendance keep neither.
    """

    name = "attendance.contact_given"
    hearers = ("scheduler",)

    word_id: UUID
    signatory_id: UUID
    private: Private = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAsked(Fact):
    """A trainer asks that somebody who is not in the room be told that their meeting is on, without any number."""

    name = "attendance.relay_asked"
    hearers = ("notifications",)

    meeting_id: UUID
    session_id: UUID
    signatory_id: UUID
    held_on: date  # day at the site
    starts_at: time  # local
    minutes: int


# --- notifications tells ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDelivered(Fact):
    """
    A notice about a session arrived. `usable`: in a form that the person understands.

    `channel` is sms, email, letter or spoken. `proof` is receipt; accepted, of a gateway that gives none, and posted,
    of a letter, which prove that it left; or who brought it: told, told_by_helper, handed_over, registered.
    """

    name = "notifications.notice_delivered"
    hearers = ("attendance", "scheduler")

    notice_id: UUID
    signatory_id: UUID
    session_id: UUID
    kind: str
    channel: str
    usable: bool
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFailed(Fact):
    """No channel brought a notice to the person: somebody has to reach them another way."""

    name = "notifications.notice_failed"
    hearers = ("attendance", "scheduler")

    notice_id: UUID
    signatory_id: UUID
    session_id: UUID
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactabilityState(State):
    """Whether a person can be reached: reachable, doubtful (a contact point failed) or unreachable."""

    name = "notifications.contactability"
    hearers = ("scheduler",)
    subject = "signatory_id"

    signatory_id: UUID
    state: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceAnnouncedState(State):
    """
    What a person says of a day to come: late or absent, or, `withdrawn`, nothing any more. It frees no seat.

    A state, for what was said and taken back may come in another order.
    """

    name = "notifications.absence_announced"
    hearers = ("attendance",)
    subject = "announcement_id"

    announcement_id: UUID
    signatory_id: UUID
    session_id: UUID
    held_on: date  # day at the site: every half-day of it
    kind: str
    withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementDeclined(Fact):
    """A person gave up a place, and the hours in which they could take that back are over: the seat is free again."""

    name = "notifications.placement_declined"
    hearers = ("scheduler",)

    placement_id: UUID
    signatory_id: UUID
    declined_on: date  # when they said so, day of their territory


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged(Fact):
    """
    A person gave a new phone on their own page. Private: the phone, and whether it is their representative's.

    Only who knows the code of the desk may.
    """

    name = "notifications.contact_changed"
    hearers = ("scheduler",)

    word_id: UUID
    signatory_id: UUID
    private: Private = field(default_factory=dict, repr=False)


ALL_EVENTS: tuple[type[Event], ...] = (
    ProviderState,
    SiteState,
    OrderState,
    TrainerState,
    SignatoryState,
    ContractState,
    PrescriptionState,
    SessionState,
    PlacementState,
    PlacementTakenState,
    CarriedState,
    PersonMerged,
    PersonUnmerged,
    AppointmentState,
    DutyDue,
    SlotOfferState,
    ProgressState,
    FlagState,
    RollSigned,
    RollSealed,
    ChainHead,
    RollMissingState,
    LevelReached,
    MeetingMissed,
    DayIncomplete,
    AbsenceWithdrawn,
    TrainingCompleted,
    ContactGiven,
    RelayAsked,
    NoticeDelivered,
    NoticeFailed,
    ContactabilityState,
    AbsenceAnnouncedState,
    PlacementDeclined,
    ContactChanged,
)

_BY_TYPE = {event.type_name(): event for event in ALL_EVENTS}


def event_class(type_name: str) -> type[Event]:
    """Return the class of a CloudEvents type. Raises KeyError for a type that this version does not know."""
    return _BY_TYPE[type_name]
