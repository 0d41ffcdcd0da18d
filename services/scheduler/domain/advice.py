"""
The value of capacity: what one more group, room, trainer or interpreter would give, as confirmed by a re-solve.

An item is stated only with what was confirmed: its changes were applied to the problem, the plan in hand was taken over
and completed, and the judge accepted the result. Everything is the difference from the same completion without the
change. Pure; the re-solving is in solver/advice.py.
"""

__all__ = ["ADVICE_FORMAT", "CONFIRMED", "Advice", "Advised", "advice_from_json", "advice_to_json", "ranked"]

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from services.scheduler.domain.codec import FormatError
from services.scheduler.domain.scenario import OfferChange, change_from_json, change_to_json

ADVICE_FORMAT = "parcours-advice/1"
CONFIRMED = {
    "fr": "Chaque ligne est confirmée : le changement est appliqué, le plan en main est repris tel quel et complété, "
    "et le juge accepte le résultat. Les nombres sont l’écart avec le même plan complété sans le changement. Ce sont "
    "des valeurs atteintes ; un nouveau calcul complet peut en trouver de meilleures.",
    "en": "Each line is confirmed: the change is applied, the plan in hand is taken over and completed, and the judge "
    "accepts the result. Numbers are the difference from the same plan completed without the change. They are values "
    "reached; a whole new solve may find better ones.",
}
_MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_KINDS = {
    "fr": {
        "room_more": "une salle de plus",
        "trainer_more": "un formateur de plus, comme {like}",
        "interpreter_more": "un interprète de plus ({language}), dix demi-journées par semaine",
        "interpreter_days": "un interprète ({language}) ces jours-là",
        "lot_changed": "une commande {lot} plus grande de {percent} %",
    },
    "en": {
        "room_more": "one more room",
        "trainer_more": "one more trainer, like {like}",
        "interpreter_more": "one more interpreter ({language}), ten half-days a week",
        "interpreter_days": "an interpreter ({language}) on its days",
        "lot_changed": "an order {lot} larger by {percent} %",
    },
}
_OTHER_HOURS = {"fr": " à ces heures", "en": " at its hours"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """
    One piece of capacity and what it gives.

    `kind` is `group` (one group, with what it takes), `room`, `trainer`, `interpreter` or `order`. `people` have a
    seat more, `needs` are seats more, `days` are waiting days saved (a need without a seat waits to the horizon),
    `cents` are what the orders pay more.
    """

    kind: str
    changes: tuple[OfferChange, ...]
    site: str | None = None
    site_name: str | None = None
    training: str | None = None
    part: str | None = None
    rhythm: str | None = None
    month: str | None = None  # of the first meeting, as 2025-05
    levels: tuple[str, ...] = ()
    people: int
    needs: int
    days: int
    cents: int
    groups: int

    def words(self, language: str) -> str:
        """Return the capacity in words; `language` is fr or en."""
        taken = [_needed(one, language) for one in self.changes]
        if self.kind != "group":
            return ", ".join(taken) + (f" ({self._where(language)})" if self._where(language) else "")
        head = "un groupe de plus" if language == "fr" else "one more group"
        begins = f"{head} : {self._where(language)}" if language == "fr" else f"{head}: {self._where(language)}"
        if not taken:
            return begins
        return (
            f"{begins} ; il y faut {', '.join(taken)}" if language == "fr" else f"{begins}; it takes {', '.join(taken)}"
        )

    def _where(self, language: str) -> str:
        fr = language == "fr"
        part = None if self.part is None else self.part if self.training == "civic" else f"{self.part} h"
        parts = [part, "/".join(self.levels) or None, self.rhythm]
        if self.site_name:
            parts.append(f"à {self.site_name}" if fr else f"at {self.site_name}")
        if self.month:
            first = date.fromisoformat(f"{self.month}-01")
            parts.append(f"{_MONTHS[language][first.month - 1]} {first.year}")
        return ", ".join(one for one in parts if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """All that was found: the best items, how many were tried, and what completing the plan alone gives."""

    problem: str  # SHA-256 of the problem
    items: tuple[Advised, ...]
    tried: int
    candidates: int
    waiting: int  # needs without a seat in the plan
    control: int  # needs that find a seat by completing the plan without any change
    counted_to: date  # the horizon, to which a need without a seat is counted as waiting


def ranked(items: Iterable[Advised], top: int) -> tuple[Advised, ...]:
    """Return the best items: by people, then waiting days saved, then fewest cents. What gives nothing is no advice."""
    useful = [one for one in items if one.people > 0 or (one.people == 0 and one.days > 0)]
    useful.sort(key=lambda one: (-one.people, -one.days, one.cents, one.words("en")))
    return tuple(useful[:top])


def advice_to_json(advice: Advice) -> dict[str, Any]:
    """Return the JSON form, with words in both languages and what `confirmed` means."""
    return {
        "format": ADVICE_FORMAT,
        "problem": advice.problem,
        "confirmed": CONFIRMED,
        "tried": advice.tried,
        "candidates": advice.candidates,
        "waiting": advice.waiting,
        "control": advice.control,
        "counted_to": str(advice.counted_to),
        "items": [
            {
                **{name: value for name, value in asdict(one).items() if name != "changes"},
                "levels": list(one.levels),
                "changes": [change_to_json(change) for change in one.changes],
                "fr": one.words("fr"),
                "en": one.words("en"),
            }
            for one in advice.items
        ],
    }


def advice_from_json(data: Any) -> Advice:
    """Read what `advice_to_json` wrote; raises FormatError."""
    if not isinstance(data, dict) or data.get("format") != ADVICE_FORMAT:
        raise FormatError("advice.format", f"{ADVICE_FORMAT} is expected")
    items = []
    for index, one in enumerate(data["items"]):
        rest = {name: value for name, value in one.items() if name not in {"fr", "en", "changes", "levels"}}
        changes = tuple(change_from_json(change, f"advice.items[{index}]") for change in one["changes"])
        items.append(Advised(**rest, changes=changes, levels=tuple(one["levels"])))
    return Advice(
        problem=data["problem"],
        items=tuple(items),
        tried=data["tried"],
        candidates=data["candidates"],
        waiting=data["waiting"],
        control=data["control"],
        counted_to=date.fromisoformat(data["counted_to"]),
    )


def _needed(change: OfferChange, language: str) -> str:
    written = change_to_json(change)
    hours = _OTHER_HOURS[language] if written["kind"] == "trainer_more" and written.get("slots") else ""
    return _KINDS[language][written["kind"]].format(**written) + hours
