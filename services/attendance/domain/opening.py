"""When a roll opens and a meeting ends: instants in UTC, from the local day and time of the meeting at its site."""

__all__ = ["OPENS_BEFORE", "ends_at", "opens_at", "starts_at"]

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OPENS_BEFORE = timedelta(minutes=30)  # [A] PARCOURS_ROLL_OPENS_MINUTES says another number


def starts_at(meeting: Mapping[str, Any]) -> datetime:
    """Return when a meeting starts; `meeting` has held_on, starts_at and zone."""
    local = datetime.combine(meeting["held_on"], meeting["starts_at"], ZoneInfo(meeting["zone"]))
    return local.astimezone(UTC)


def opens_at(meeting: Mapping[str, Any], early: timedelta = OPENS_BEFORE) -> datetime:
    """Return when the roll of a meeting opens."""
    return starts_at(meeting) - early


def ends_at(meeting: Mapping[str, Any]) -> datetime:
    """Return when a meeting ends."""
    return starts_at(meeting) + timedelta(minutes=meeting["minutes"])
