"""What the scheduler hears, one handler an event."""

__all__ = ["HANDLERS"]

from collections.abc import Mapping

from services.scheduler.usecases import hearing
from shared.events import (
    ContactGiven,
    ContactabilityState,
    Event,
    FlagState,
    MeetingMissed,
    NoticeFailed,
    ProgressState,
    RollSigned,
    TrainingCompleted,
)
from shared.inbox import Handler, Together

HANDLERS: Mapping[type[Event], Handler] = {
    ProgressState: Together(hearing.keep_progress),
    FlagState: hearing.keep_flag,
    RollSigned: Together(hearing.keep_rolls),
    MeetingMissed: hearing.reopen_need,
    TrainingCompleted: hearing.note_completion,
    ContactabilityState: hearing.keep_contactability,
    NoticeFailed: hearing.keep_notice_failure,
    ContactGiven: hearing.keep_contact,
}
