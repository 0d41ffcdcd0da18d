"""What the demonstration shows in a terminal: progress while it runs, then a readable summary."""

__all__ = ["Show"]

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

PHASES = {
    "import": "Fichiers reçus",
    "plan": "Plan",
    "tell": "Personnes prévenues",
    "again": "Les mêmes fichiers une seconde fois",
    "year": "Une année d’émargement",
    "summary": "Bilan",
}
REASONS_SHOWN = 6


class Show:
    """Progress bars on a terminal; nothing at all when `quiet`."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=quiet)
        columns = (TextColumn("{task.description:38}"), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=self._console, disable=quiet)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def report(self, phase: str, share: float) -> None:
        """Show how far a phase is, 0 to 1."""
        if phase not in self._tasks:
            self._tasks[phase] = self._progress.add_task(PHASES[phase], total=1.0)
        self._progress.update(self._tasks[phase], completed=share)

    def summary(self, found: dict[str, Any]) -> None:
        """Show what the demonstration found."""
        if self._quiet:
            return
        table = Table(title="Ce que l’année a donné", show_header=False, box=None, padding=(0, 2))
        for words, value in _lines(found):
            table.add_row(words, value)
        self._console.print(table)


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    tiers = "  ".join(f"{name} {tier['value']} (borne {tier['bound']})" for name, tier in found["tiers"].items())
    reasons = sorted(found["reasons"].items(), key=lambda one: -one[1])[:REASONS_SHOWN]
    notices = [
        f"{channel} : " + ", ".join(f"{count} {state}" for state, count in states.items())
        for channel, states in found["notices"].items()
    ]
    flags = [
        f"{kind} : {states.get('open', 0)} ouverts, {states.get('withdrawn', 0)} levés"
        for kind, states in found["flags"].items()
    ]
    return [
        ("Signataires", str(found["people"])),
        (
            "Besoins",
            f"{found['needs']} : {found['placed']} placés, {found['unplaced']} sans place, {found['not_owed']} non dus",
        ),
        ("Raisons", ", ".join(f"{code} {count}" for code, count in reasons) or "–"),
        ("Sessions", f"{found['sessions']} ; {found['seats_taken']} places prises sur {found['seats']}"),
        ("Valeur et preuve", tiers),
        ("Seconde fois", "rien n’a changé" if found["second_pass_equal"] else "DIFFÉRENT"),
        ("Messages", "\n".join(notices)),
        ("Feuilles signées", f"{found['rolls_signed']} ; {found['presences']} présences"),
        ("Contrats", ", ".join(f"{count} {state}" for state, count in found["contracts"].items())),
        ("Signalements", "\n".join(flags) or "–"),
        ("Secondes", ", ".join(f"{phase} {value}" for phase, value in found["seconds"].items())),
    ]
