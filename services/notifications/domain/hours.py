"""When a notice may leave: not at night and not on a Sunday, by the clock of the place where the person lives."""

__all__ = ["leaves_at"]

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

QUIET_FROM, QUIET_UNTIL = time(21), time(8)  # [A] stricter than the carriers' 22:00 to 08:00 for advertising
SUNDAY = 6


def leaves_at(now: datetime, zone: ZoneInfo, lasting: timedelta = timedelta()) -> datetime:
    """
    Return the first instant from `now` on at which a notice may be sent: `now` itself outside the quiet hours.

    `lasting` is how long sending may take: what could still leave when the quiet hours have begun, waits.

    Whoever sends compares it with the notice's deadline: what would be useless by then is never sent at all, and
    somebody has to call.
    """
    local = now.astimezone(zone)
    if not _quiet(local) and not _quiet(local + lasting):
        return now
    morning = datetime.combine(local.date(), QUIET_UNTIL, zone)
    while morning < local or morning.weekday() == SUNDAY:
        morning = datetime.combine(morning.date() + timedelta(days=1), QUIET_UNTIL, zone)
    return morning.astimezone(now.tzinfo)


def _quiet(local: datetime) -> bool:
    return local.weekday() == SUNDAY or not QUIET_UNTIL <= local.time() < QUIET_FROM
