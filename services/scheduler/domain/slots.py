"""Half-days: the grain in which people, rooms and trainers are free or busy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = ["DateRange", "Slot", "WeeklySlots"]

_LETTERS = "MAS"
DAYS_A_WEEK = 7
SLOTS_A_DAY = 3


class Slot(StrEnum):
    """A part of the day at the site of the meeting."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"

    @property
    def rank(self) -> int:
        """0, 1 or 2: the order within a day."""
        return _RANKS[self]


_RANKS = {slot: rank for rank, slot in enumerate(Slot)}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DateRange:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the range ends ({self.last}) before it begins ({self.first})")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, order=True)
class WeeklySlots:
    """A set of half-days of the week, kept as 21 bits: bit 3 x weekday + slot, Monday morning first."""

    bits: int = 0

    @classmethod
    def of(cls, *half_days: tuple[int, Slot]) -> "WeeklySlots":
        """Return the set of these (weekday 0..6, slot) pairs."""
        bits = 0
        for weekday, slot in half_days:
            bits |= 1 << (SLOTS_A_DAY * weekday + slot.rank)
        return cls(bits)

    @classmethod
    def from_days(cls, days: Sequence[str]) -> "WeeklySlots":
        """Read seven strings of letters among M, A, S, Monday first; raises ValueError."""
        if len(days) != DAYS_A_WEEK:
            raise ValueError(f"seven days are expected, not {len(days)}")
        bits = 0
        for weekday, letters in enumerate(days):
            for letter in letters:
                if letter not in _LETTERS:
                    raise ValueError(f"letters among M, A and S are expected, not {letters!r}")
                bits |= 1 << (SLOTS_A_DAY * weekday + _LETTERS.index(letter))
        return cls(bits)

    def days(self) -> tuple[str, ...]:
        """Return seven strings of letters, Monday first."""
        return tuple(
            "".join(letter for rank, letter in enumerate(_LETTERS) if self.bits >> (SLOTS_A_DAY * weekday + rank) & 1)
            for weekday in range(DAYS_A_WEEK)
        )

    def allows(self, weekday: int, slot: Slot) -> bool:
        """Tell whether the half-day is in the set; weekday 0 is Monday."""
        return bool(self.bits >> (SLOTS_A_DAY * weekday + slot.rank) & 1)

    def half_days(self) -> Iterator[tuple[int, Slot]]:
        """Yield the (weekday, slot) pairs in the order of the week."""
        for weekday in range(DAYS_A_WEEK):
            for slot in Slot:
                if self.allows(weekday, slot):
                    yield weekday, slot

    def __or__(self, other: "WeeklySlots") -> "WeeklySlots":
        return WeeklySlots(self.bits | other.bits)

    def __len__(self) -> int:
        return self.bits.bit_count()
