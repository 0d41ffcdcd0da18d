"""The offer: rows of bodies, sites, rooms, people and lots, checked against one another and kept as declared."""

__all__ = ["take_offer"]

from collections.abc import Mapping, Sequence
from typing import Any

from services.scheduler import storage
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.offer import OfferItem, code_references, read_item
from services.scheduler.usecases import telling
from shared.database import upsert
from shared.ids import derived_id
from shared.staging import Judged, Sheet, SourceRow
from shared.work import Work


def take_offer(work: Work, territory: str, sheets: Sequence[Sheet]) -> tuple[Judged, int]:
    """Read rows and keep the good ones; return each row with its faults, and how many brought something new."""
    read: dict[tuple[str, str], OfferItem] = {}
    cells_of: list[tuple[SourceRow, Cells, OfferItem | None]] = []
    for sheet in sheets:
        for row in sheet.rows:
            cells = Cells(row.cells)
            item = read_item(sheet.name, cells)
            if item is not None and (item.kind, item.code) in read:
                cells.fault("code", "duplicate", f"le code « {item.code} » est déjà dans cette feuille")
                item = None
            if item is not None:
                read[item.kind, item.code] = item
            cells_of.append((row, cells, item))
    known = storage.offer(work.db, territory)
    declared: dict[tuple[str, str], Mapping[str, Any]] = {key: row["facts"] for key, row in known.items()}
    declared |= {key: item.facts for key, item in read.items()}
    _refuse_dangling(cells_of, read, declared)
    changed = _keep_offer(work, territory, known, read)
    return [(row, tuple(cells.faults)) for row, cells, _ in cells_of], changed


def _refuse_dangling(
    cells_of: Sequence[tuple[SourceRow, Cells, OfferItem | None]],
    read: dict[tuple[str, str], OfferItem],
    declared: dict[tuple[str, str], Mapping[str, Any]],
) -> None:
    """Refuse rows that refer to what nobody declared, until none is left: a refused site takes its rooms along."""
    kept = [(cells, item) for _, cells, item in cells_of if item is not None]
    found = True
    while found:
        found = False
        with_room = {facts["site"] for (kind, _), facts in declared.items() if kind == "salles"}
        for cells, item in list(kept):
            faults = code_references(declared, item)
            if item.kind == "sites" and item.code not in with_room:
                faults.append(("code", f"aucune salle n’est déclarée pour le site « {item.code} »"))
            if faults:
                found = True
                rule = "site_without_room" if faults[-1][0] == "code" else "unknown_reference"
                for column, words in faults:
                    cells.fault(column, rule, words)
                kept.remove((cells, item))
                del read[item.kind, item.code]
                del declared[item.kind, item.code]


def _keep_offer(
    work: Work,
    territory: str,
    known: Mapping[tuple[str, str], Mapping[str, Any]],
    read: Mapping[tuple[str, str], OfferItem],
) -> int:
    fresh = []
    for key, item in read.items():
        before = known.get(key)
        facts = dict(item.facts)
        if before is not None and before["facts"] == _as_kept(facts):
            continue
        fresh.append(
            {
                "territory": territory,
                "kind": item.kind,
                "code": item.code,
                "id": derived_id("offer", territory, item.kind, item.code),
                "facts": facts,
                "version": before["version"] + 1 if before else 1,
                "actor": work.who.actor,
                "changed_at": work.now,
            }
        )
    upsert(work.db, storage.offer_item, fresh)
    work.tell(*(telling.provider_state(row) for row in fresh if row["kind"] == "organismes"))
    work.tell(*(telling.site_state(row) for row in fresh if row["kind"] == "sites"))
    work.tell(*(telling.platform_state(row) for row in fresh if row["kind"] == "plateformes"))
    return len(fresh)


def _as_kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they come back from JSON: tuples are lists there."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
