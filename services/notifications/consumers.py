"""What notifications hears, one handler an event."""

__all__ = ["HANDLERS"]

from collections.abc import Mapping

from services.notifications.usecases import hearing, offers
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
from shared.inbox import Handler, Together

HANDLERS: Mapping[type[Event], Handler] = {
    ProviderState: hearing.keep_provider,
    SiteState: hearing.keep_site,
    SignatoryState: hearing.keep_person,
    SessionState: hearing.keep_session,
    PlacementState: Together(hearing.keep_placements),
    PlacementTakenState: hearing.keep_taken_placement,
    PersonMerged: hearing.merge,
    PersonUnmerged: hearing.unmerge,
    AppointmentState: hearing.keep_appointment,
    DutyDue: hearing.keep_duty,
    SlotOfferState: offers.keep_offer,
    MeetingMissed: hearing.keep_miss,
    AbsenceWithdrawn: hearing.take_back_miss,
    ChainHead: hearing.keep_chain_head,
    RelayAsked: hearing.keep_relay,
    TrainingCompleted: hearing.keep_completion,
}
