"""How many segments an SMS of each kind may take: they are paid, and a long one arrives in pieces."""

__all__ = ["BUDGETS", "REPLY", "Budget"]

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Segments: of 153 letters in the GSM alphabet, of 67 in UCS-2, where one letter of a text lacks in GSM's."""

    gsm7: int
    ucs2: int

    def of(self, alphabet: str) -> int:
        """Return the segments allowed in an alphabet, gsm7 or ucs2."""
        return self.gsm7 if alphabet == "gsm7" else self.ucs2


# For an alias of 12 letters, two days (one where one is told), a place of 40 letters, and the link.
BUDGETS: Mapping[str, Budget] = {
    "convocation": Budget(3, 6),
    "moved": Budget(3, 6),
    "cancelled": Budget(2, 5),
    "reminder": Budget(3, 6),
    "tomorrow": Budget(2, 5),
    "missed": Budget(2, 5),
    "not_missed": Budget(2, 4),
    "expected": Budget(2, 4),
    "completed": Budget(1, 2),
    "appointment": Budget(2, 4),
    "no_appointment": Budget(2, 3),
    "call_us": Budget(1, 2),
    "choose": Budget(2, 3),
    "given_up": Budget(3, 5),
    "confirm_contact": Budget(1, 3),
    "waiting": Budget(1, 2),
}
REPLY = 1  # what the line that asks for a reply may add
