"""What the scheduler hears, one handler an event."""

__all__ = ["HANDLERS"]

from collections.abc import Mapping

from services.scheduler.usecases import hearing
from shared.events import (
    AbsenceWithdrawn,
    ChainHead,
    ContactabilityState,
    ContactChanged,
    ContactGiven,
    DayIncomplete,
    Event,
    FlagState,
    LevelReached,
    MeetingMissed,
    NoticeDelivered,
    NoticeFailed,
    PlacementDeclined,
    ProgressState,
    RollMissingState,
    RollSealed,
    RollSigned,
    TrainingCompleted,
)
from shared.inbox import Handler, Together

HANDLERS: Mapping[type[Event], Handler] = {
    ProgressState: Together(hearing.keep_progress),
    FlagState: hearing.keep_flag,
    RollSigned: Together(hearing.keep_rolls),
    RollSealed: Together(hearing.keep_sealed_rolls),
    ChainHead: hearing.keep_chain_head,
    RollMissingState: hearing.keep_missing_roll,
    LevelReached: hearing.keep_level,
    MeetingMissed: hearing.reopen_need,
    DayIncomplete: hearing.reopen_incomplete_day,
    AbsenceWithdrawn: hearing.take_back_need,
    TrainingCompleted: hearing.note_completion,
    ContactabilityState: hearing.keep_contactability,
    NoticeDelivered: Together(hearing.keep_deliveries),
    NoticeFailed: hearing.keep_notice_failure,
    ContactGiven: hearing.keep_contact,
    ContactChanged: hearing.keep_own_contact,
    PlacementDeclined: hearing.keep_declined,
}
