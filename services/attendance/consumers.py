"""What attendance hears, one handler an event."""

__all__ = ["HANDLERS"]

from collections.abc import Mapping

from services.attendance.usecases import hearing
from shared.events import (
    ContractState,
    Event,
    NoticeDelivered,
    NoticeFailed,
    PlacementState,
    PrescriptionState,
    ProviderState,
    SessionState,
    SignatoryState,
    SiteState,
)
from shared.inbox import Handler, Together

HANDLERS: Mapping[type[Event], Handler] = {
    ProviderState: hearing.keep_provider,
    SiteState: hearing.keep_site,
    SignatoryState: Together(hearing.keep_signatories),
    ContractState: hearing.keep_contract,
    PrescriptionState: hearing.keep_prescription,
    SessionState: hearing.keep_session,
    PlacementState: Together(hearing.keep_placements),
    NoticeDelivered: Together(hearing.keep_deliveries),
    NoticeFailed: hearing.keep_failure,
}
