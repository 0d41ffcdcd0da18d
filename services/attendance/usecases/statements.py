"""The monthly statement of a training body: what is payable, on which proofs, and what was corrected since the last."""

__all__ = ["STATEMENT_FILES", "file_of", "last_day", "make", "month_of", "read", "statements_of"]

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.documents import words
from services.attendance.documents.statements import statement_pdf
from services.attendance.domain.marks import Status
from services.attendance.domain.statements import (
    GroupDay,
    HalfDay,
    Held,
    PayRules,
    Price,
    changes,
    line_of,
    price_for,
    totals_of,
)
from services.attendance.usecases import papers, sheets
from services.attendance.usecases.sheets import SIGNED
from services.attendance.usecases.tables import Cell, Table, csv_of, xlsx_of
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.rights import service_principal
from shared.work import Work

MONTH = re.compile(r"20\d{2}-(0[1-9]|1[0-2])")
LOOK_BACK = 12  # [A] months whose statements are compared with today's numbers
CHUNK = 500
SAID_ONCE = ("since", "corrections", "changes")  # follow from the version before, and make no new version
STATEMENT_FILES = ("pdf", "xlsx", "csv")


def month_of(text: str) -> date:
    """Return the first day of a month written as 2025-04. Raises InvalidInputError."""
    if not MONTH.fullmatch(text):
        raise InvalidInputError("refused", [FieldFault("month", "month", "as 2025-04")])
    return date.fromisoformat(f"{text}-01")


def last_day(month: date) -> date:
    """Return the last day of a month that begins on this day."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def make(work: Work, provider_id: UUID, month: date, rules: PayRules) -> dict[str, Any]:
    """
    Make the statement of a month from the sheets that were taken; a new version only where something has changed.

    Raises NotFoundError for a body that is not to be seen, InvalidInputError for a month that has not begun.
    """
    body = papers.body_of(work, provider_id)
    if month > work.now.date():
        raise InvalidInputError("refused", [FieldFault("month", "range", "this month has not begun")])
    storage.one(work.db, storage.provider, provider_id, "provider", lock=True)  # one version after the other
    before = _latest(work, provider_id, month)
    whole = replace(work, who=service_principal("attendance"))  # the same for everybody, whoever asks
    last = last_day(month)
    listed = papers.month_sheets(whole, provider_id, month, last)
    taken = [one for one in listed if one["state"] in SIGNED]
    marks = _marks(work, [one["id"] for one in taken])
    lines = _lines(work, provider_id, listed, rules)
    content: dict[str, Any] = {
        "provider": {"code": body["code"], "label": body["label"]},
        "month": month.isoformat(),
        "complete": work.now.date() > last,
        "rules": rules.told(),
        "lines": lines,
        "totals": totals_of(lines),
        "missing": _missing(whole, [one for one in listed if one["state"] not in SIGNED]),
        "earlier": _earlier(work, provider_id, month, rules),
    }
    if before is not None and content == {key: before["content"][key] for key in content}:
        return before
    since = before["made_at"] if before else None
    content["since"] = since.isoformat() if since else None
    content["corrections"] = _corrections(work, taken, marks, since)
    content["changes"] = changes(before["content"]["lines"], lines) if before else []
    row = {
        "provider_id": provider_id,
        "month": month,
        "version": before["version"] + 1 if before else 1,
        "content": content,
        "actor": work.who.actor,
        "made_at": work.now,
    }
    work.db.execute(storage.statement.insert(), [row])
    return row


def statements_of(work: Work, provider_id: UUID, month: date | None = None) -> list[dict[str, Any]]:
    """Return a body's last statements, or those of a month, the newest first, with totals. Raises NotFoundError."""
    papers.body_of(work, provider_id)
    table = storage.statement
    query = sa.select(table).where(table.c.provider_id == provider_id)
    if month is not None:
        query = query.where(table.c.month == month)
    kept = storage.rows(work.db, query.order_by(table.c.month.desc(), table.c.version.desc()).limit(60))
    return [row | {"totals": row["content"]["totals"], "complete": row["content"]["complete"]} for row in kept]


def read(work: Work, provider_id: UUID, month: date, version: int) -> dict[str, Any]:
    """Return one version of a statement. Raises NotFoundError."""
    papers.body_of(work, provider_id)
    table = storage.statement
    mine = (table.c.provider_id == provider_id, table.c.month == month, table.c.version == version)
    found = storage.rows(work.db, sa.select(table).where(*mine))
    if not found:
        raise NotFoundError("statement", f"{month:%Y-%m} version {version}")
    return found[0]


def file_of(statement: Mapping[str, Any], kind: str) -> bytes:
    """Return a statement as pdf, xlsx or csv: its lines, without names. Raises DocumentError."""
    content = statement["content"]
    if kind == "pdf":
        return statement_pdf(content, version=statement["version"], made_on=statement["made_at"].date())
    lines = Table("lignes", LINE_COLUMNS, [_line_cells(one) for one in content["lines"]])
    if kind == "csv":
        return csv_of(lines)
    proofs = [
        (words.said(words.ACTS, act), one["half_days"], one["minutes"])
        for act, one in content["totals"]["proofs"].items()
    ]
    corrected = [
        (
            one["held_on"],
            one["number"],
            one["reference"],
            one["was"],
            one["now"],
            one["reason"],
            one["actor"],
            one["on"],
        )
        for one in content["corrections"]
    ]
    return xlsx_of(
        [
            lines,
            Table("preuves", ("preuve", "demi_journees", "minutes"), proofs),
            Table(
                "corrections",
                ("date", "numero_feuille", "reference", "avant", "apres", "motif", "par", "le"),
                corrected,
            ),
        ]
    )


LINE_COLUMNS = (
    "date",
    "groupe",
    "lieu",
    "formation",
    "partie",
    "numeros_feuilles",
    "personnes",
    "minutes_suivies",
    "minutes_payables",
    "demi_journees_payables",
    "demi_journees_declarees",
    "commande",
    "prix_unitaire_euros",
    "montant_euros",
)


def _line_cells(one: Mapping[str, Any]) -> Sequence[Cell]:
    return (
        one["held_on"],
        one["group"],
        one["site"],
        one["training"],
        one["part"],
        " ".join(sheet["number"] for sheet in one["sheets"]),
        one["people"],
        one["followed_minutes"],
        one["paid_minutes"],
        one["paid_half_days"],
        one["proofs"].get("trainer_declared", {"half_days": 0})["half_days"],
        one["order"],
        _euros(one["unit_price_cents"]),
        _euros(one["cents"]),
    )


def _euros(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)


def _latest(work: Work, provider_id: UUID, month: date) -> dict[str, Any] | None:
    table = storage.statement
    query = sa.select(table).where(table.c.provider_id == provider_id, table.c.month == month)
    found = storage.rows(work.db, query.order_by(table.c.version.desc()).limit(1))
    return found[0] if found else None


def _lines(
    work: Work,
    provider_id: UUID,
    listed: Sequence[Mapping[str, Any]],
    rules: PayRules,
) -> list[dict[str, Any]]:
    """Return a line for each group and day with a sheet that was taken."""
    prices = _prices(work, provider_id)
    held = _held(work, [one["id"] for one in listed if one["state"] in SIGNED])
    days: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for one in listed:
        days.setdefault((one["held_on"], one["session_id"], one["part"]), []).append(one)
    found = []
    for (held_on, session_id, part), meetings in sorted(days.items()):
        taken = [one for one in meetings if one["state"] in SIGNED]
        if not taken:
            continue
        first = taken[0]
        day = GroupDay(
            session_id=session_id,
            group=papers.group_code(session_id),
            site=first["site"],
            training=first["training"],
            part=part,
            held_on=held_on,
            planned=len(meetings),
            sheets=[_half_day(one, held.get(one["id"], ())) for one in taken],
        )
        found.append(line_of(day, price_for(prices, first["training"], held_on), rules))
    return found


def _half_day(meeting: Mapping[str, Any], marks: Sequence[Held]) -> HalfDay:
    names = ("number", "slot", "starts_at", "minutes", "version", "state")
    return HalfDay(meeting_id=meeting["id"], **{name: meeting[name] for name in names}, marks=marks)


def _held(work: Work, meeting_ids: Sequence[UUID]) -> dict[UUID, list[Held]]:
    """Return what counts of each sheet: one mark a person, people added in the room once they were recognised."""
    held, mark = storage.presence, storage.mark
    columns = (held.c.meeting_id, held.c.signatory_id, mark.c.status, mark.c.minutes_lost, mark.c.act)
    query = sa.select(*columns).join(mark, mark.c.id == held.c.mark_id).order_by(held.c.signatory_id)
    found: dict[UUID, list[Held]] = {}
    for start in range(0, len(meeting_ids), CHUNK):
        mine = held.c.meeting_id.in_(meeting_ids[start : start + CHUNK])
        for meeting_id, person, status, lost, act in work.db.execute(query.where(mine)):
            found.setdefault(meeting_id, []).append(Held(person, Status(status), lost, act))
    return found


def _prices(work: Work, provider_id: UUID) -> list[Price]:
    order = storage.order
    query = sa.select(order).where(order.c.provider_id == provider_id).order_by(order.c.code)
    return [
        Price(
            **{name: row[name] for name in ("code", "training", "unit", "first_on", "last_on")},
            cents=row["unit_price_cents"],
        )
        for row in storage.rows(work.db, query)
    ]


def _marks(work: Work, meeting_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return every mark of these meetings, in the order of recording."""
    mark = storage.mark
    found: dict[UUID, list[dict[str, Any]]] = {}
    for start in range(0, len(meeting_ids), CHUNK):
        mine = mark.c.meeting_id.in_(meeting_ids[start : start + CHUNK])
        for row in storage.rows(work.db, sa.select(mark).where(mine).order_by(mark.c.seq)):
            found.setdefault(row["meeting_id"], []).append(row)
    return found


def _missing(whole: Work, open_ones: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the past half-days with people in them whose roll nobody signed off."""
    past = [one for one in open_ones if one["held_on"] < whole.now.date()]
    seated = sheets.load(whole, past)
    return [
        {"held_on": one["held_on"].isoformat(), "group": papers.group_code(one["session_id"]), "number": one["number"]}
        for one in past
        if seated[one["id"]].people
    ]


def _corrections(
    work: Work,
    taken: Sequence[Mapping[str, Any]],
    marks: Mapping[UUID, Sequence[Mapping[str, Any]]],
    since: Any,
) -> list[dict[str, Any]]:
    """Return what was changed on signed sheets since the version before, or since their sign-off."""
    found = []
    for sheet in taken:
        kept = {mark["id"]: mark for mark in marks.get(sheet["id"], ())}
        after = since or sheet["signed_at"]
        for mark in kept.values():
            before = kept.get(mark["supersedes"])
            if before is None or after is None or mark["recorded_at"] <= max(after, sheet["signed_at"]):
                continue
            found.append(
                {
                    "held_on": sheet["held_on"].isoformat(),
                    "number": sheet["number"],
                    "signatory_id": mark["signatory_id"],
                    "was": before["status"],
                    "now": mark["status"],
                    "reason": mark["reason"] if mark["reason"] in words.CORRECTIONS else "",  # never a private one
                    "actor": mark["actor"],
                    "on": mark["recorded_at"].date().isoformat(),
                }
            )
    person = storage.signatory
    people = {one["signatory_id"] for one in found}
    references = dict(work.db.execute(sa.select(person.c.id, person.c.reference).where(person.c.id.in_(people))).all())
    return [one | {"reference": references.get(one.pop("signatory_id"), "–")} for one in found]


def _earlier(work: Work, provider_id: UUID, month: date, rules: PayRules) -> list[dict[str, Any]]:
    """Return earlier months whose statement would be another one today: they are told again, not added here."""
    table = storage.statement
    query = sa.select(table).where(table.c.provider_id == provider_id, table.c.month < month)
    latest: dict[date, dict[str, Any]] = {}
    for row in storage.rows(work.db, query.order_by(table.c.month, table.c.version)):
        latest[row["month"]] = row
    whole = replace(work, who=service_principal("attendance"))
    found = []
    for first, row in sorted(latest.items())[-LOOK_BACK:]:
        listed = papers.month_sheets(whole, provider_id, first, last_day(first))
        now = totals_of(_lines(work, provider_id, listed, rules))
        was = row["content"]["totals"]
        if (now["cents"], now["paid_minutes"]) != (was["cents"], was["paid_minutes"]):
            told = {"month": first.isoformat(), "version": row["version"]}
            minutes = {"was_minutes": was["paid_minutes"], "now_minutes": now["paid_minutes"]}
            found.append(told | minutes | {"was_cents": was["cents"], "now_cents": now["cents"]})
    return found
