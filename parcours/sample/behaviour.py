"""
How invented people behave in a simulated year: who comes, who stays away, who gives up, who cannot be reached.

Whole-number arithmetic on hashes of (seed, kind, person, thing): no call depends on another or on their order, so that
a broken-off simulation goes on as if nothing had happened. Parameters are [A] where no source is named.
"""

__all__ = ["Behaviour", "MarkDraw"]

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

WHOLE = 10_000  # shares below are in ten-thousandths

CIVIC_ABSENCE = 1_400  # summoned and reminded by SMS: between 0.238 and 0.112, measured for medical appointments
LANGUAGE_ABSENCE = 1_800
# Some people miss far more than others: the factor in per cent, and the share that has it; the mean is 100.
STEADINESS = ((50, 5_000), (100, 3_500), (267, 1_500))
ANNOUNCED = 4_500  # of absences
LATE, LEFT_EARLY = 600, 200  # of presences
ABANDON = 2_200  # of language courses; published: 0.218 to 0.30 in 2008 and 2009
ABANDON_FIRST_DAY, ABANDON_SPREAD_DAYS = 7, 130  # most give up early: the days grow with the square of the draw
EARLY_EXIT = 1_000  # target reached at the intermediate test
LEVEL_REACHED = {"100": 8_500, "200": 7_500, "400": 6_300, "600": 4_500}  # mean 0.68 (2023); falls with the hours
CONTACT_DECAY = 120  # of contact points, each month
CONTACT_MONTHS = 24
ACTS = (("qr", 5_500), ("drawn", 2_000), ("signed_sheet", 1_700), ("trainer_declared", 800))


@dataclass(frozen=True, slots=True)
class MarkDraw:
    """
    What the roll says of one person and half-day.

    `status` is present, late, left_early, absent_announced or absent_unexplained. `minutes_lost` counts lateness and
    leaving early only (10 to 50), 0 otherwise. `act` is qr, drawn, signed_sheet or trainer_declared for whoever came,
    empty for whoever did not.
    """

    status: str
    minutes_lost: int
    act: str


class Behaviour:
    """The draws of one simulated year. References are those of the intake files; packages are hours as text."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def mark(
        self,
        reference: str,
        training: str,
        meeting_key: str,
        *,
        held_on: date,
        starts_on: date,
    ) -> MarkDraw:
        """
        Return what happens at a half-day. `training` is civic or language; `starts_on` is the person's first day
        there. Whoever has abandoned a language course is absent from then on.
        """
        if training == "language":
            gone_on = self.abandons_on(reference, starts_on)
            if gone_on is not None and held_on >= gone_on:
                return MarkDraw("absent_unexplained", 0, "")
        absence = (LANGUAGE_ABSENCE if training == "language" else CIVIC_ABSENCE) * self._unsteadiness(reference) // 100
        if self._draw("absence", reference, meeting_key) < absence:
            announced = self._draw("announced", reference, meeting_key) < ANNOUNCED
            return MarkDraw("absent_announced" if announced else "absent_unexplained", 0, "")
        act = self._one_of(ACTS, "act", reference, meeting_key)
        how = self._draw("punctual", reference, meeting_key)
        if how >= LATE + LEFT_EARLY:
            return MarkDraw("present", 0, act)
        lost = 10 + 5 * (self._draw("minutes", reference, meeting_key) % 9)  # 10 to 50 minutes
        return MarkDraw("late" if how < LATE else "left_early", lost, act)

    def abandons_on(self, reference: str, starts_on: date) -> date | None:
        """Return the first day of a language course on which the person no longer comes, or None (78 %)."""
        if self._draw("abandons", reference, "") >= ABANDON:
            return None
        when = self._draw("abandons_after", reference, "")
        return starts_on + timedelta(days=ABANDON_FIRST_DAY + ABANDON_SPREAD_DAYS * when * when // WHOLE**2)

    def early_exit(self, reference: str, package: str) -> bool:
        """Say whether the target is reached at the intermediate test already; such a person also reaches the level."""
        return self._draw("level", reference, package) < EARLY_EXIT

    def level_reached(self, reference: str, package: str) -> bool:
        """Say whether whoever follows a course of so many hours reaches its target level."""
        return self._draw("level", reference, package) < LEVEL_REACHED[package]

    def contact_lost_on(self, reference: str, signed_on: date) -> date | None:
        """Return the day from which the person's phone and e-mail reach nobody, or None within two years."""
        for month in range(CONTACT_MONTHS):
            if self._draw("contact", reference, str(month)) < CONTACT_DECAY:
                day = self._draw("contact_day", reference, str(month)) % 30
                return signed_on + timedelta(days=30 * month + day + 1)
        return None

    def _unsteadiness(self, reference: str) -> int:
        return int(self._one_of(tuple((str(factor), share) for factor, share in STEADINESS), "steady", reference, ""))

    def _one_of(self, shares: tuple[tuple[str, int], ...], kind: str, reference: str, key: str) -> str:
        left = self._draw(kind, reference, key)
        for value, share in shares:
            left -= share
            if left < 0:
                return value
        return shares[-1][0]

    def _draw(self, kind: str, reference: str, key: str) -> int:
        """Return a number from 0 to 9999."""
        digest = sha256("\x1f".join((str(self._seed), kind, reference, key)).encode()).digest()
        return int.from_bytes(digest[:8], "big") % WHOLE
