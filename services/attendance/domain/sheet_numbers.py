"""The number that a half-day's sheet bears: the same whenever it is printed, short enough to be copied by hand."""

__all__ = ["SHEET_NUMBER", "day_of", "sheet_number"]

import re
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O or U to be misread
SLOTS = {"morning": "M", "afternoon": "A", "evening": "S"}  # matin, après-midi, soir
LENGTH = 6  # 30 bits: two sheets of one body, day and slot never meet in practice, and a search sees one body
SHEET_NUMBER = re.compile(r"(\d{6})-([MAS])-([0-9A-HJKMNP-TV-Z]{6})")


def sheet_number(meeting_id: UUID, held_on: date, slot: str) -> str:
    """Return the number of a meeting's sheet: its day, its half-day, and six letters that follow from its id."""
    drawn = int.from_bytes(sha256(meeting_id.bytes).digest()[:8])
    letters = "".join(LETTERS[drawn >> 5 * n & 31] for n in range(LENGTH))
    return f"{held_on:%y%m%d}-{SLOTS[slot]}-{letters}"


def day_of(number: str) -> date | None:
    """Return the day that a sheet's number names, or None where it is no such number."""
    found = SHEET_NUMBER.fullmatch(number.strip().upper())
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%y%m%d").date()  # noqa: DTZ007 - a day, no instant
    except ValueError:
        return None
