"""
Which gateway a message takes: the first that is well, within what each may send a second.

Three failures in a row close a gateway for half a minute, then longer each time it fails again; one message tries it
when that is over. Closing on a single failure flaps (measured by others before us), never closing keeps people waiting.
All closed: everything waits for the first to open, nothing is lost.
"""

__all__ = ["WHOLE", "Line", "after", "choose", "refilled", "spent"]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

CLOSES_AT = 3  # [A] failures in a row
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)  # [A]
WHOLE = 1000  # an allowance is counted in thousandths of a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How a gateway does. `rate` is messages a second, 0 for as many as it takes; instants are real time."""

    name: str
    rate: int
    failures: int = 0
    closed_until: datetime | None = None
    allowance: int = 0
    counted_at: datetime

    def opens_at(self, now: datetime) -> datetime:
        """Return the instant from which the next message may take this line: now, when it is free."""
        opens = max(now, self.closed_until or now)
        if not self.rate or self.allowance >= WHOLE:
            return opens
        lacks = timedelta(seconds=(WHOLE - self.allowance) / (WHOLE * self.rate))
        return max(opens, now + lacks)


def choose(lines: Sequence[Line], now: datetime, avoid: str = "") -> tuple[str | None, datetime]:
    """
    Return the gateway for the next message, or None and the instant at which one opens.

    `lines` come in the order of preference; `avoid` has just failed with this message and is taken last.
    """
    ordered = sorted(lines, key=lambda line: line.name == avoid)
    for line in ordered:
        if line.opens_at(now) <= now:
            return line.name, now
    return None, min(line.opens_at(now) for line in ordered)


def refilled(line: Line, now: datetime) -> Line:
    """
    Return the line with what it may send by now: at most a second's worth.

    A clock that was put back by more than a pause must not keep a line shut until it is as late again as it was.
    """
    if max(line.counted_at, line.closed_until or now) > now + LONGEST_PAUSE:
        return replace(line, counted_at=now, closed_until=None)
    grown = int((now - line.counted_at).total_seconds() * line.rate * WHOLE)
    if grown <= 0:
        return line
    return replace(line, allowance=min(line.allowance + grown, line.rate * WHOLE), counted_at=now)


def spent(line: Line, now: datetime) -> Line:
    """Return the line after one message took it; while it is on trial, that one message is the trial."""
    if line.rate:
        line = replace(line, allowance=line.allowance - WHOLE)
    return replace(line, closed_until=now + FIRST_PAUSE) if line.failures >= CLOSES_AT else line


def after(line: Line, now: datetime, *, failed: bool) -> Line:
    """Return the line after an attempt: anything but a failure of the gateway itself makes it well again."""
    if not failed:
        return replace(line, failures=0, closed_until=None)
    failures = line.failures + 1
    if failures < CLOSES_AT:
        return replace(line, failures=failures)
    pause = min(FIRST_PAUSE * 2 ** min(failures - CLOSES_AT, 10), LONGEST_PAUSE)
    return replace(line, failures=failures, closed_until=now + pause)
