"""Waivers: one rule lifted for one person or group, with a reason, who agreed and when, until somebody ends it."""

__all__ = ["Wanted", "end", "give", "group_of", "in_force", "listed", "rules_by_person"]

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.problem import Waiver
from services.scheduler.domain.waivers import AGREED_BY, GROUP_RULES, PERSON_RULES, REASONS
from services.scheduler.usecases import dossier, people, telling
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

Row = Mapping[str, Any]
LONGEST_AGO = timedelta(days=731)  # [A] what somebody agreed to before is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A waiver as a planner wants it: for a person or for a group, never both."""

    rule: str
    reason: str
    agreed_by: str
    agreed_on: date
    signatory_id: UUID | None = None
    session_id: UUID | None = None


def give(work: Work, waiver_id: UUID, wanted: Wanted) -> dict[str, Any]:
    """
    Keep a waiver; plans made from now on read it. The same id and content again change nothing.

    Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`, `waived_before`, `merged`), InvalidInputError.
    """
    territory = _territory(work, wanted)
    check_territory(work.who, territory)
    before = storage.first(work.db, sa.select(storage.waiver).where(storage.waiver.c.id == waiver_id))
    if before is not None:
        if {name: before[name] for name in asdict(wanted)} != asdict(wanted):
            raise ConflictError(f"waiver {waiver_id} was made with another content", "id_reused")
        return before
    _check(wanted, telling.today(work, territory))
    if wanted.signatory_id is not None:
        people.refuse_alias(work, wanted.signatory_id)
    table = storage.waiver
    same = sa.and_(
        table.c.rule == wanted.rule,
        table.c.signatory_id == wanted.signatory_id,
        table.c.session_id == wanted.session_id,
        table.c.ended_on.is_(None),
    )
    if storage.first(work.db, sa.select(table).where(same)) is not None:
        raise ConflictError(f"the rule {wanted.rule} is waived here already", "waived_before")
    row: dict[str, Any] = asdict(wanted) | {
        "id": waiver_id,
        "territory": territory,
        "ended_on": None,
        "ended_by": None,
        "actor": work.who.actor,
        "at": work.now,
    }
    work.db.execute(table.insert().values(**row))
    _note(work, row, f"waiver_given_{wanted.rule}")
    return row


def end(work: Work, waiver_id: UUID) -> dict[str, Any]:
    """
    End a waiver: plans made or published from now on do not read it. The same again changes nothing.

    Raises NotFoundError, ForbiddenError.
    """
    row = storage.one(work.db, storage.waiver, waiver_id, "waiver", lock=True)
    check_territory(work.who, row["territory"])
    if row["ended_on"] is not None:
        return row
    row |= {"ended_on": telling.today(work, row["territory"]), "ended_by": work.who.actor}
    work.db.execute(storage.waiver.update().where(storage.waiver.c.id == waiver_id).values(**row))
    _note(work, row, f"waiver_ended_{row['rule']}")
    return row


def listed(territory: str, signatory_id: UUID | None = None, *, in_force_only: bool = False) -> sa.Select[Any]:
    """Return the query for the waivers of a territory (of one person), with the person's reference."""
    table, person = storage.waiver, storage.signatory
    query = sa.select(table, person.c.reference).outerjoin(person, person.c.id == table.c.signatory_id)
    query = query.where(table.c.territory == territory)
    if signatory_id is not None:
        query = query.where(table.c.signatory_id == signatory_id)
    return query.where(table.c.ended_on.is_(None)) if in_force_only else query


def group_of(work: Work, session_id: UUID | None) -> dict[str, Any]:
    """
    Return a group that a waiver may be for: published, or put to its training body.

    It has id, territory, training, parts, site, starts_on, published. Raises NotFoundError.
    """
    session, group, asked = storage.session, storage.consulted, storage.consultation
    names = ("id", "territory", "training", "parts", "site", "starts_on")
    published = storage.first(
        work.db, sa.select(*(session.c[name] for name in names)).where(session.c.id == session_id)
    )
    if published is not None:
        return published | {"published": True}
    planned = sa.select(group, asked.c.territory).join(asked, asked.c.run_id == group.c.run_id)
    row = storage.first(work.db, planned.where(group.c.session_id == session_id).order_by(group.c.at.desc()))
    if row is None:
        raise NotFoundError("session", session_id)
    facts = row["facts"]
    return {
        "id": row["session_id"],
        "territory": row["territory"],
        "training": facts["training"],
        "parts": "+".join(facts["parts"]),
        "site": facts["site"],
        "starts_on": date.fromisoformat(facts["meetings"][0]["day"]),
        "published": False,
    }


def in_force(work: Work, territory: str, person_ids: Collection[str]) -> tuple[Waiver, ...]:
    """Return the waivers that a plan reads: of these people, and of groups that have not ended, in a fixed order."""
    table, session = storage.waiver, storage.session
    over = sa.select(session.c.id).where(
        session.c.territory == territory, session.c.ends_on < telling.today(work, territory)
    )
    open_group = sa.or_(table.c.session_id.is_(None), table.c.session_id.not_in(over))
    query = listed(territory, in_force_only=True).where(open_group).order_by(table.c.id)
    known = set(person_ids)
    return tuple(
        Waiver(
            rule=row["rule"],
            person=str(row["signatory_id"]) if row["signatory_id"] else None,
            session=str(row["session_id"]) if row["session_id"] else None,
            reason=REASONS[row["reason"]].en,
            agreed=True,
        )
        for row in storage.rows(work.db, query)
        if row["session_id"] or str(row["signatory_id"]) in known
    )


def rules_by_person(work: Work, territory: str, people_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return the rules that are waived now, by person, of these people."""
    alone = next(iter(people_ids)) if len(people_ids) == 1 else None
    found: dict[UUID, set[str]] = {}
    for row in storage.rows(work.db, listed(territory, alone, in_force_only=True)):
        if row["signatory_id"] in people_ids:
            found.setdefault(row["signatory_id"], set()).add(row["rule"])
    return found


def _territory(work: Work, wanted: Wanted) -> str:
    """Return whose waiver it is; the person or group stays locked, so that two planners give one waiver."""
    if (wanted.signatory_id is None) == (wanted.session_id is None):
        raise InvalidInputError(
            "refused", [FieldFault("signatory_id", "one_of", "either a person or a group (session_id)")]
        )
    if wanted.signatory_id is not None:
        found = storage.one(work.db, storage.signatory, wanted.signatory_id, "signatory", lock=True)
        return str(found["territory"])
    code = group_of(work, wanted.session_id)["territory"]
    storage.territory_version(work.db, code, lock=True)
    return str(code)


def _check(wanted: Wanted, today: date) -> None:
    kind = "person" if wanted.signatory_id else "group"
    rules = PERSON_RULES if kind == "person" else GROUP_RULES
    faults = []
    if wanted.rule not in rules:
        faults.append(FieldFault("rule", "not_waivable", f"for a {kind}, one of {', '.join(rules)}"))
    if wanted.reason not in REASONS:
        faults.append(FieldFault("reason", "choice", f"one of {', '.join(REASONS)}"))
    if wanted.agreed_by not in AGREED_BY[kind]:
        faults.append(FieldFault("agreed_by", "choice", f"one of {', '.join(AGREED_BY[kind])}"))
    if not today - LONGEST_AGO <= wanted.agreed_on <= today:
        faults.append(FieldFault("agreed_on", "range", f"between {today - LONGEST_AGO} and {today}"))
    if faults:
        raise InvalidInputError("refused", faults)


def _note(work: Work, row: Row, code: str) -> None:
    """Write it into the person's dossier; who agreed and when stands behind the link."""
    if row["signatory_id"] is not None:
        link = f"/planning/waivers?territory={row['territory']}&person={row['signatory_id']}"
        dossier.note(work, [dossier.Entry(person_id=row["signatory_id"], at=work.now, code=code, link=link)])
