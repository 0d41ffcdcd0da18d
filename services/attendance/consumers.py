"""What attendance hears, one handler an event."""

__all__ = ["HANDLERS"]

from collections.abc import Mapping

from services.attendance.usecases import absences, hearing
from shared.events import (
    AbsenceAnnouncedState,
    CarriedState,
    ContractState,
    Event,
    NoticeDelivered,
    NoticeFailed,
    OrderState,
    PersonMerged,
    PersonUnmerged,
    PlacementState,
    PlacementTakenState,
    PrescriptionState,
    ProviderState,
    SessionState,
    SignatoryState,
    SiteState,
    TrainerState,
)
from shared.inbox import Handler, Together

HANDLERS: Mapping[type[Event], Handler] = {
    ProviderState: hearing.keep_provider,
    SiteState: hearing.keep_site,
    OrderState: hearing.keep_order,
    TrainerState: hearing.keep_trainer,
    SignatoryState: Together(hearing.keep_signatories),
    ContractState: hearing.keep_contract,
    PrescriptionState: hearing.keep_prescription,
    SessionState: hearing.keep_session,
    PlacementState: Together(hearing.keep_placements),
    PlacementTakenState: Together(hearing.keep_placements),
    CarriedState: hearing.keep_carried,
    PersonMerged: hearing.merge,
    PersonUnmerged: hearing.unmerge,
    NoticeDelivered: Together(hearing.keep_deliveries),
    NoticeFailed: hearing.keep_failure,
    AbsenceAnnouncedState: absences.keep_announcement,
}
