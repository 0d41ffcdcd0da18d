"""The offer: rows of bodies, sites, rooms, people and lots, checked against one another and kept as declared."""

__all__ = ["take_offer", "travel_times"]

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.offer import (
    TRAVEL_SHEET,
    OfferItem,
    TravelTime,
    code_references,
    read_item,
    read_travel,
)
from services.scheduler.domain.problem import TravelOverride
from services.scheduler.usecases import telling
from shared.database import upsert
from shared.ids import derived_id
from shared.staging import Judged, Sheet, SourceRow
from shared.work import Work

MANY = 500  # communes, beyond which all of a territory's are read


def take_offer(work: Work, territory: str, sheets: Sequence[Sheet]) -> tuple[Judged, int]:
    """Read rows and keep the good ones; return each row with its faults, and how many brought something new."""
    read: dict[tuple[str, str], OfferItem] = {}
    cells_of: list[tuple[SourceRow, Cells, OfferItem | None]] = []
    for sheet in (one for one in sheets if one.name != TRAVEL_SHEET):
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
    judged = [(row, tuple(cells.faults)) for row, cells, _ in cells_of]
    ways = [row for sheet in sheets if sheet.name == TRAVEL_SHEET for row in sheet.rows]
    timed, more = _take_travel(work, territory, ways, {code for kind, code in declared if kind == "sites"})
    return [*judged, *timed], changed + more


def travel_times(work: Work, territory: str, communes: Collection[str] | None = None) -> tuple[TravelOverride, ...]:
    """Return the travel times that were imported for a territory (from these communes), in a fixed order."""
    table = storage.travel_time
    query = sa.select(table).where(table.c.territory == territory)
    if communes is not None and len(communes) <= MANY:
        query = query.where(table.c.commune.in_(sorted(communes)))
    rows = storage.rows(work.db, query.order_by(table.c.commune, table.c.site, table.c.mode))
    return tuple(
        TravelOverride(commune=row["commune"], site=row["site"], mode=row["mode"], minutes=row["minutes"])
        for row in rows
        if communes is None or row["commune"] in communes
    )


def _take_travel(work: Work, territory: str, rows: Sequence[SourceRow], sites: Collection[str]) -> tuple[Judged, int]:
    """Read travel times and keep the good ones; return each row with its faults, and how many brought something new."""
    read: dict[tuple[str, str, str], TravelTime] = {}
    judged: Judged = []
    for row in rows:
        cells = Cells(row.cells)
        found = read_travel(cells)
        if found is not None and found.site not in sites:
            cells.fault("site", "unknown_reference", f"« {found.site} » n’est déclaré dans aucune ligne de « sites »")
        elif found is not None and found.key in read:
            cells.fault("code_commune", "duplicate", "ce trajet (commune, site, mode) est déjà dans cette feuille")
        elif found is not None:
            read[found.key] = found
        judged.append((row, tuple(cells.faults)))
    known = {(one.commune, one.site, one.mode): one.minutes for one in travel_times(work, territory)} if read else {}
    changed = [one for key, one in read.items() if known.get(key) != one.minutes]
    stamp = {"territory": territory, "actor": work.who.actor, "at": work.now}
    upsert(work.db, storage.travel_time, [asdict(one) | stamp for one in changed if one.minutes is not None])
    table = storage.travel_time
    for one in changed:
        if one.minutes is None:
            same = (table.c.commune == one.commune, table.c.site == one.site, table.c.mode == one.mode)
            work.db.execute(table.delete().where(table.c.territory == territory, *same))
    return judged, len(changed)


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
    work.tell(*telling.offer_states(fresh))
    return len(fresh)


def _as_kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they come back from JSON: tuples are lists there."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
