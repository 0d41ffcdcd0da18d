"""
Taking over a running stock: each row accepted, or refused with its faults; the good ones stay and planning goes on.

Whoever was convoked by the older system is not convoked again; hours followed there count here.
"""

__all__ = ["take_stock"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain import stock
from services.scheduler.domain.building import needs_of
from services.scheduler.domain.cells import Cells
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, duties, telling
from services.scheduler.usecases.intake import keep_signatories
from services.scheduler.usecases.planning import need_of
from shared.database import insert_new, upsert
from shared.errors import InvalidInputError
from shared.ids import derived_id
from shared.staging import Judged, Sheet, SourceRow
from shared.work import Work

Row = dict[str, Any]
OTHERWISE = "known_otherwise"
SLOTS = tuple(stock.SLOTS.values())


@dataclass(slots=True)
class _Taken:
    """Everything of one file that was right so far, and each row's own faults."""

    territory: str
    today: date
    cells: list[tuple[SourceRow, Cells]] = field(default_factory=list)
    contracts: dict[str, tuple[stock.StockContract, Cells]] = field(default_factory=dict)
    groups: dict[str, tuple[stock.StockGroup, Cells]] = field(default_factory=dict)
    meetings: dict[str, list[stock.StockMeeting]] = field(default_factory=dict)
    seats: list[tuple[stock.StockSeat, Cells]] = field(default_factory=list)
    hours: list[tuple[stock.StockHours, Cells]] = field(default_factory=list)
    tests: list[tuple[stock.StockTest, Cells]] = field(default_factory=list)
    seated: set[tuple[str, str]] = field(default_factory=set)  # reference and part


def take_stock(work: Work, territory: str, sheets: Sequence[Sheet], *, test_numbers: bool) -> tuple[Judged, int]:
    """
    Take over the sheets of domain/stock.py; the same again changes nothing and tells nobody.

    Returns each row with its faults, and how many brought something new.
    """
    taken = _Taken(territory, telling.today(work, territory))
    rows = {sheet.name: sheet.rows for sheet in sheets}
    for name in stock.SHEETS:  # in this order: a row refers to rows of the sheets before its own
        for row in rows.get(name, ()):
            cells = Cells(row.cells)
            taken.cells.append((row, cells))
            try:
                _read(work, taken, name, cells, test_numbers=test_numbers)
            except InvalidInputError as error:
                cells.fault("programme", error.code, str(error))
    _check_places(work, taken)
    changed = _keep(work, taken)
    return [(row, tuple(cells.faults)) for row, cells in taken.cells], changed


def _read(work: Work, taken: _Taken, sheet: str, cells: Cells, *, test_numbers: bool) -> None:
    if sheet == stock.CONTRACTS:
        contract = stock.read_contract(cells, taken.territory, rule_book, taken.today, test_numbers=test_numbers)
        if contract is not None and _once(cells, "reference", contract.read.reference, taken.contracts):
            taken.contracts[contract.read.reference] = (contract, cells)
    elif sheet == "groupes":
        group = stock.read_group(cells, rule_book)
        if group is not None and _once(cells, "code", group.code, taken.groups) and _offered(work, taken, group, cells):
            taken.groups[group.code] = (group, cells)
    elif sheet == "seances":
        meeting = stock.read_meeting(cells)
        if meeting is not None and _known(cells, "groupe", meeting.group, taken.groups):
            if meeting.part in taken.groups[meeting.group][0].parts:
                taken.meetings.setdefault(meeting.group, []).append(meeting)
            else:
                cells.fault("partie", "part_of_group", f"le groupe {meeting.group} n’enseigne pas {meeting.part}")
    elif sheet == "places":
        seat = stock.read_seat(cells, taken.today)
        known = seat is not None and _known(cells, "reference", seat.reference, taken.contracts)
        if seat is not None and known and _known(cells, "groupe", seat.group, taken.groups):
            _take_seat(taken, seat, cells)
    elif sheet == "heures":
        hours = stock.read_hours(cells, taken.today)
        if hours is not None and _known(cells, "reference", hours.reference, taken.contracts):
            _take_hours(taken, hours, cells)
    else:
        _read_test(taken, cells)


def _read_test(taken: _Taken, cells: Cells) -> None:
    reference = cells.text("reference", most=40)
    if _known(cells, "reference", reference, taken.contracts):
        scale = tuple(rule_book(taken.contracts[reference][0].read.programme)["levels"])
        test = stock.read_test(cells, scale, taken.today)
        if test is not None:
            taken.tests.append((test, cells))


def _take_seat(taken: _Taken, seat: stock.StockSeat, cells: Cells) -> None:
    days = {"debut": seat.joins_on, "convocation_envoyee_le": seat.told_on}
    _after_signature(taken, cells, seat.reference, days)
    if (seat.reference, seat.part) in taken.seated:
        cells.fault("partie", "duplicate", f"{seat.part} a déjà une place dans ce fichier")
    if taken.contracts[seat.reference][0].state == "training_postponed":
        cells.fault("reference", "contract_postponed", "ses formations sont reportées : personne ne l’attend")
    if not cells.faults:
        taken.seated.add((seat.reference, seat.part))
        taken.seats.append((seat, cells))


def _take_hours(taken: _Taken, hours: stock.StockHours, cells: Cells) -> None:
    _after_signature(taken, cells, hours.reference, {"jusqu_au": hours.until})
    owed = _owed(taken, hours.reference)
    most = owed.get((hours.training, hours.part))
    if most is None:
        cells.fault("partie", "not_prescribed", f"le contrat ne prescrit pas {hours.part}")
    elif hours.followed > most:
        cells.fault("minutes_suivies", "range", f"{hours.part} dure {most} minutes")
    if not cells.faults:
        taken.hours.append((hours, cells))


def _after_signature(taken: _Taken, cells: Cells, reference: str, days: Mapping[str, date | None]) -> None:
    """Refuse days on which the contract did not exist yet."""
    signed_on = taken.contracts[reference][0].read.signed_on
    for column, day in days.items():
        if day is not None and day < signed_on:
            cells.fault(column, "before_signature", f"le contrat est signé le {signed_on:%d/%m/%Y}")


def _owed(taken: _Taken, reference: str) -> dict[tuple[str, str], int]:
    """Return the minutes that a contract prescribes, by training and part."""
    read = taken.contracts[reference][0].read
    book = rule_book(read.programme).at(taken.territory, read.signed_on)
    drafts = needs_of(read, book, read.signed_on)
    return {(str(one.training), one.part): one.minutes for one in drafts if not one.not_owed}


def _once(cells: Cells, column: str, key: str, known: Mapping[str, Any]) -> bool:
    if key in known:
        cells.fault(column, "duplicate", f"« {key} » est déjà dans cette feuille")
    return not cells.faults


def _known(cells: Cells, column: str, key: str, known: Mapping[str, Any]) -> bool:
    if key not in known:
        cells.fault(column, "unknown_reference", f"« {key} » n’est dans aucune ligne acceptée de ce fichier")
    return not cells.faults


def _offered(work: Work, taken: _Taken, group: stock.StockGroup, cells: Cells) -> bool:
    offer = storage.offer(work.db, taken.territory)
    for column, kind, code in (
        ("site", "sites", group.site),
        ("salle", "salles", group.room),
        ("formateur", "formateurs", group.trainer),
    ):
        if (kind, code) not in offer:
            cells.fault(column, "unknown_reference", f"« {code} » n’est déclaré dans aucune ligne de « {kind} »")
    return not cells.faults


def _check_places(work: Work, taken: _Taken) -> None:
    """Refuse groups without half-days or with a room or trainer taken, then seats that nobody could sit in."""
    busy: dict[tuple[str, str, date, str], str] = {}
    meeting, mine = storage.meeting, _sessions(taken)
    columns = (meeting.c.room, meeting.c.trainer, meeting.c.day, meeting.c.slot, meeting.c.session_id)
    for room, trainer, day, slot, session_id in work.db.execute(sa.select(*columns)):
        if session_id not in mine:
            busy["salle", room, day, slot] = busy["formateur", trainer, day, slot] = "une session déjà publiée"
    for code, (group, cells) in list(taken.groups.items()):
        held = sorted(taken.meetings.get(code, ()), key=lambda one: (one.day, one.slot))
        if not held:
            cells.fault("code", "no_meeting", f"le groupe {code} n’a aucune demi-journée acceptée dans « seances »")
        for one in held:
            for column, what in (("salle", group.room), ("formateur", group.trainer)):
                other = busy.setdefault((column, what, one.day, one.slot), code)
                if other != code:
                    cells.fault(column, "taken", f"« {what} » est pris le {one.day} ({one.slot}) par {other}")
        if cells.faults:
            del taken.groups[code]
    sat: dict[tuple[str, date, str], str] = {}
    full: Counter[str] = Counter()
    people: set[tuple[str, str]] = set()
    kept = []
    for seat, cells in taken.seats:
        if _known(cells, "groupe", seat.group, taken.groups):
            group = taken.groups[seat.group][0]
            if seat.part not in group.parts:
                cells.fault("partie", "part_of_group", f"le groupe {seat.group} n’enseigne pas {seat.part}")
            for one in _followed(taken, seat):
                other = sat.setdefault((seat.reference, one.day, one.slot), seat.group)
                if other != seat.group:
                    cells.fault("groupe", "one_place", f"la personne est déjà dans {other} le {one.day}")
                    break
            if (seat.reference, seat.group) not in people:
                people.add((seat.reference, seat.group))
                full[seat.group] += 1
                if full[seat.group] > group.seats:
                    cells.fault("groupe", "full", f"le groupe {seat.group} n’a que {group.seats} places")
        if not cells.faults:
            kept.append((seat, cells))
    taken.seats[:] = kept


def _sessions(taken: _Taken) -> set[UUID]:
    """Return the ids that the file's groups have, so that the same file again is no conflict with itself."""
    return {_session_id(taken, code) for code in taken.groups}


def _followed(taken: _Taken, seat: stock.StockSeat) -> list[stock.StockMeeting]:
    held = taken.meetings[seat.group]
    return [one for one in held if one.part == seat.part and one.day >= seat.joins_on]


def _keep(work: Work, taken: _Taken) -> int:
    standing = {key: (one.state, one.granted) for key, (one, _) in taken.contracts.items()}
    contract_of = {
        key: derived_id("contract", _person_id(taken, key), one.read.signed_on, one.read.programme)
        for key, (one, _) in taken.contracts.items()
    }
    _compare(work, taken, contract_of)
    sound = [(one.read, cells) for one, cells in taken.contracts.values() if not cells.faults]
    changed = keep_signatories(work, taken.territory, sound, standing)
    changed += _keep_groups(work, taken)
    changed += _keep_seats(work, taken, contract_of)
    changed += _keep_hours(work, taken, contract_of)
    _keep_tests(work, taken)
    duties.refresh(work, contract_of.values())
    return changed


def _compare(work: Work, taken: _Taken, contract_of: Mapping[str, UUID]) -> None:
    """Name what a row says otherwise than the contract began with here; decisions made here since are no difference."""
    known = storage.by_id(work.db, storage.contract, contract_of.values())
    contract, move, proposal = storage.contract, storage.contract_move, storage.proposal
    here = sa.select(contract.c.id).where(contract.c.territory == taken.territory)
    first = sa.select(move.c.contract_id, move.c.state_before).where(move.c.number == 1, move.c.contract_id.in_(here))
    began: dict[UUID, str] = {row.contract_id: row.state_before for row in work.db.execute(first)}
    months_of = sa.select(proposal.c.contract_id, sa.func.sum(proposal.c.months_granted).label("months"))
    sums = months_of.where(proposal.c.contract_id.in_(here)).group_by(proposal.c.contract_id)
    decided: dict[UUID, int | None] = {row.contract_id: row.months for row in work.db.execute(sums)}
    for reference, (one, cells) in taken.contracts.items():
        key = contract_of[reference]
        if key not in known or known[key]["territory"] != taken.territory:
            continue
        if one.state != began.get(key, known[key]["state"]):
            cells.fault("etat", OTHERWISE, "ce contrat est déjà repris dans un autre état ; ce qui est connu ici reste")
        months = known[key]["months_granted"] - (decided.get(key) or 0)
        if one.granted != months:
            cells.fault(
                "mois_accordes",
                OTHERWISE,
                f"ce contrat est déjà repris avec {months} mois accordés ; seule une décision en ajoute",
            )


def _keep_groups(work: Work, taken: _Taken) -> int:
    known = storage.by_id(work.db, storage.session, _sessions(taken))
    offer = storage.offer(work.db, taken.territory)
    sessions, meetings, events = [], [], []
    for code, (group, cells) in taken.groups.items():
        key = _session_id(taken, code)
        held = sorted(taken.meetings[code], key=lambda one: (one.day, SLOTS.index(one.slot)))
        if key in known:
            times_of = [[str(one.day), one.slot, one.minutes, one.part] for one in held]
            if known[key]["facts"]["meetings"] != times_of:
                cells.fault("code", OTHERWISE, f"le groupe {code} est déjà repris avec d’autres demi-journées")
            continue
        row = {
            "id": key,
            "territory": taken.territory,
            "training": group.training,
            "parts": "+".join(group.parts),
            "site": group.site,
            "starts_on": held[0].day,
            "ends_on": held[-1].day,
            "seats": group.seats,
            "facts": {
                "programme": group.programme,
                "room": group.room,
                "trainer": group.trainer,
                "lot": None,
                "rhythm": None,
                "interpreters": [],
                "meetings": [[str(one.day), one.slot, one.minutes, one.part] for one in held],
            },
            "state": "open",
            "run_id": _run(work, taken, group.programme),
            "version": 1,
            "actor": work.who.actor,
            "changed_at": work.now,
        }
        times = [
            {
                "id": derived_id("meeting", key, one.day, one.slot),
                "session_id": key,
                "part": one.part,
                "day": one.day,
                "slot": one.slot,
                "minutes": one.minutes,
                "room": group.room,
                "trainer": group.trainer,
            }
            for one in held
        ]
        sessions.append(row)
        meetings += times
        events.append(telling.session_state(row, times, offer["sites", group.site]["facts"]["body"]))
    insert_new(work.db, storage.session, sessions)
    insert_new(work.db, storage.meeting, meetings)
    work.tell(*events)
    return len(sessions)


def _run(work: Work, taken: _Taken, programme: str) -> UUID:
    """Return the run that stands for what an older system had published; sessions hang on one."""
    key = derived_id("stock run", taken.territory, programme)
    row: Row = dict.fromkeys(storage.plan_run.c.keys())
    row |= {"id": key, "territory": taken.territory, "programme": programme, "publish_on": taken.today}
    row |= {"state": "taken_over", "actor": work.who.actor, "asked_at": work.now}
    insert_new(work.db, storage.plan_run, [row])
    return key


def _keep_seats(work: Work, taken: _Taken, contract_of: Mapping[str, UUID]) -> int:
    rows: list[Row] = []
    times: list[Row] = []
    for seat, _ in taken.seats:
        session_id, person_id = _session_id(taken, seat.group), _person_id(taken, seat.reference)
        training = taken.groups[seat.group][0].training
        need_id = need_of(contract_of[seat.reference], training, seat.part, 0)
        key = derived_id("placement", need_id, session_id)
        rows.append(
            {
                "id": key,
                "need_id": need_id,
                "contract_id": contract_of[seat.reference],
                "signatory_id": person_id,
                "session_id": session_id,
                "part": seat.part,
                "joins_on": seat.joins_on,
                "state": "active",
                "told_on": seat.told_on,
                "told_by": seat.channel if seat.told_on else None,
                "version": 1,
                "actor": work.who.actor,
                "changed_at": work.now,
            }
        )
        times += [
            {"signatory_id": person_id, "day": one.day, "slot": one.slot, "placement_id": key}
            for one in _followed(taken, seat)
        ]
    known = storage.by_id(work.db, storage.placement, [row["id"] for row in rows])
    owed = storage.by_id(work.db, storage.need, [row["need_id"] for row in rows])
    fresh = [row for row in rows if row["id"] not in known and row["need_id"] in owed]
    for (seat, cells), row in zip(taken.seats, rows, strict=True):
        before = known.get(row["id"])
        if row["need_id"] not in owed:
            cells.fault("partie", "not_prescribed", f"le contrat ne prescrit pas {seat.part}")
        elif before is not None and (before["joins_on"], before["told_on"]) != (seat.joins_on, seat.told_on):
            cells.fault("groupe", OTHERWISE, "cette place est déjà reprise avec d’autres dates")
    ids = {row["id"] for row in fresh}
    insert_new(work.db, storage.placement, fresh)
    insert_new(work.db, storage.seat_time, [one for one in times if one["placement_id"] in ids])
    _set_needs(work, [row["need_id"] for row in fresh], "placed")
    work.tell(*(telling.placement_state(row) for row in fresh))
    return len(fresh)


def _keep_hours(work: Work, taken: _Taken, contract_of: Mapping[str, UUID]) -> int:
    """Tell attendance what contracts bring along; a civic day followed whole is owed no more."""
    of: dict[str, list[stock.StockHours]] = {}
    for hours, _ in taken.hours:
        of.setdefault(hours.reference, []).append(hours)
    table = storage.carried
    known = {
        row["contract_id"]: row
        for row in storage.rows(work.db, sa.select(table).where(table.c.contract_id.in_(contract_of.values())))
    }
    rows: list[Row] = []
    followed: list[UUID] = []
    for reference, some in of.items():
        key = contract_of[reference]
        said = [[one.training, one.part, one.followed, one.offered] for one in sorted(some, key=_kind)]
        until = max(one.until for one in some)
        before = known.get(key)
        if before is not None and (before["minutes"], before["until"]) == (said, until):
            continue
        owed = _owed(taken, reference)
        version = before["version"] + 1 if before else 1
        rows.append({"contract_id": key, "until": until, "minutes": said, "version": version})
        followed += [
            need_of(key, one.training, one.part, 0)
            for one in some
            if one.training == "civic" and one.followed >= owed[one.training, one.part]
        ]
    upsert(work.db, table, rows)
    _set_needs(work, followed, "followed")
    signatories = {key: _person_id(taken, reference) for reference, key in contract_of.items()}
    work.tell(*(telling.carried_state(row, signatories[row["contract_id"]]) for row in rows))
    return len(rows)


def _keep_tests(work: Work, taken: _Taken) -> None:
    rows, entries = [], []
    for test, _ in taken.tests:
        person = _person_id(taken, test.reference)
        key = derived_id("level", person, test.on, test.level)
        row = {"id": key, "person_id": person, "on": test.on, "occasion": "test", "level": test.level}
        row |= {"oral": test.oral, "written": test.written, "confidence": "medium"}
        rows.append(row | {"actor": work.who.actor, "at": work.now})
        entries.append(dossier.Entry(person_id=person, at=work.now, code="level_seen", link=str(key)))
    insert_new(work.db, storage.level_seen, rows)
    dossier.note(work, entries)


def _set_needs(work: Work, ids: Sequence[UUID], state: str) -> None:
    stamp = {"state": state, "reason": None, "actor": work.who.actor, "changed_at": work.now}
    for start in range(0, len(ids), 500):
        some = storage.need.c.id.in_(ids[start : start + 500])
        work.db.execute(storage.need.update().where(some).values(**stamp))


def _kind(one: stock.StockHours) -> tuple[str, str]:
    return one.training, one.part


def _person_id(taken: _Taken, reference: str) -> UUID:
    return derived_id("signatory", taken.territory, reference)


def _session_id(taken: _Taken, code: str) -> UUID:
    return derived_id("stock group", taken.territory, code)
