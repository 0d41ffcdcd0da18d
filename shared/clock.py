"""
Business time. Leases, back-off and tokens use real time instead, because a simulated year must not expire them.

`PARCOURS_CLOCK_FILE` names a file with one ISO instant; it is read at each call, so that every process of a simulation
turns the page at once. Refused in production.
"""

__all__ = ["Clock", "FileClock", "SystemClock", "clock_from", "real_now"]

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from shared.errors import SettingsError


class Clock(Protocol):
    """Something that knows what time it is for the business."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FileClock:
    """The instant written in a file, for simulations; the machine's clock while the file is absent."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> datetime:
        try:
            return datetime.fromisoformat(self.path.read_text().strip()).astimezone(UTC)
        except FileNotFoundError:
            return datetime.now(UTC)

    def set(self, instant: datetime) -> None:
        """Move business time; the file is replaced as a whole, so that no reader sees half an instant."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(instant.astimezone(UTC).isoformat())
        fresh.replace(self.path)

    @property
    def simulated(self) -> bool:
        """Whether a simulated instant is in force (pages show a banner)."""
        return self.path.exists()


def clock_from(path: Path | None, *, production: bool) -> Clock:
    """Return the clock that the settings ask for. Raises SettingsError for a clock file in production."""
    if path is None:
        return SystemClock()
    if production:
        raise SettingsError("PARCOURS_CLOCK_FILE is refused in production: business time is real time there")
    return FileClock(path)


def real_now() -> datetime:
    """Return the machine's instant in UTC, for leases, back-off and tokens only."""
    return datetime.now(UTC)
