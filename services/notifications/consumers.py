"""What notifications hears, one handler an event."""

__all__ = ["HANDLERS"]

from collections.abc import Mapping

from services.notifications.usecases import hearing
from shared.events import (
    Event,
    MeetingMissed,
    PlacementState,
    SessionState,
    SignatoryState,
    SiteState,
    TrainingCompleted,
)
from shared.inbox import Handler, Together

HANDLERS: Mapping[type[Event], Handler] = {
    SiteState: hearing.keep_site,
    SignatoryState: hearing.keep_person,
    SessionState: hearing.keep_session,
    PlacementState: Together(hearing.keep_placements),
    MeetingMissed: hearing.keep_miss,
    TrainingCompleted: hearing.keep_completion,
}
