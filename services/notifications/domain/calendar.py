"""
The calendar entries that go with mails: one a day, under a name that stays, so that a later mail changes or removes it.

A day is named by its first meeting: a meeting that moves to another day takes its entry along.
"""

__all__ = ["Entry", "changes", "kept"]

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One day of one person as their calendar has it; instants are aware.

    The entry with the highest `sequence` under a `uid` is true. `gone`: the day is not to be kept any more.
    """

    uid: str
    starts_at: datetime
    ends_at: datetime
    sequence: int
    gone: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the entry as a notice keeps it."""
        return {
            "uid": self.uid,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "sequence": self.sequence,
            "gone": self.gone,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return the entry that a notice kept."""
        instants = {name: datetime.fromisoformat(kept[name]) for name in ("starts_at", "ends_at")}
        return cls(uid=kept["uid"], sequence=kept["sequence"], gone=kept["gone"], **instants)


def kept(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return what a calendar has after these entries came, in whatever order: of each the last, without those gone."""
    last: dict[str, Entry] = {}
    for entry in entries:
        if entry.uid not in last or last[entry.uid].sequence <= entry.sequence:
            last[entry.uid] = entry
    return {uid: entry for uid, entry in last.items() if not entry.gone}


def changes(believed: Mapping[str, Entry], holding: Iterable[Entry], *, sequence: int, now: datetime) -> list[Entry]:
    """Return what makes a calendar true again: every day that holds, and the end of those still to come that do not."""
    true = {entry.uid: entry for entry in holding}
    gone = [
        replace(entry, sequence=sequence, gone=True)
        for uid, entry in believed.items()
        if uid not in true and entry.ends_at > now
    ]
    return [*true.values(), *gone]
