"""What pages and the API show: counts, flags with evidence, one contract's hours."""

__all__ = ["absences", "contract_detail", "digests", "flags", "own_contracts", "retell", "summary"]

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.following import LADDER
from services.attendance.usecases import missing, presence, sealing
from services.attendance.usecases.clock import table_of
from services.attendance.usecases.levels import tests_of
from shared import database
from shared.events import FlagState, ProgressState
from shared.scope import check_territory
from shared.work import Work

DIGESTED = (
    storage.signatory,
    storage.contract,
    storage.session,
    storage.meeting,
    storage.placement,
    storage.roll,
    storage.mark,
    storage.presence,
    storage.flag,
    storage.completion,
)


def summary(work: Work, territory: str | None = None) -> dict[str, Any]:
    """Return how many rolls were sealed, what their marks in force say, who completed what, which flags are open."""
    mark, roll = storage.mark, storage.roll
    people = sa.select(storage.signatory.c.id).where(storage.signatory.c.territory == territory)
    sessions = sa.select(storage.placement.c.session_id).where(storage.placement.c.signatory_id.in_(people))
    contracts = sa.select(storage.contract.c.id).where(storage.contract.c.territory == territory)

    def within(column: sa.Column[Any], those: sa.Select[Any]) -> sa.ColumnElement[bool]:
        return column.in_(those) if territory else sa.true()

    held = storage.presence
    in_force = sa.select(held.c.status, sa.func.count()).where(within(held.c.signatory_id, people))
    in_force = in_force.group_by(held.c.status)
    signed = sa.select(sa.func.count()).select_from(roll).where(roll.c.version > 0)
    signed = signed.where(within(roll.c.session_id, sessions))
    ended = sa.select(storage.completion.c.training, storage.completion.c.outcome, sa.func.count())
    ended = ended.where(within(storage.completion.c.contract_id, contracts))
    ended = ended.group_by(storage.completion.c.training, storage.completion.c.outcome)
    flagged = sa.select(storage.flag.c.kind, storage.flag.c.state, sa.func.count())
    flagged = flagged.where(within(storage.flag.c.contract_id, contracts))
    acts = sa.select(mark.c.act, sa.func.count()).where(mark.c.act != "", within(mark.c.signatory_id, people))
    acts = acts.group_by(mark.c.act)
    statuses = sa.select(storage.progress.c.status, sa.func.count()).group_by(storage.progress.c.status)
    statuses = statuses.where(within(storage.progress.c.contract_id, contracts))
    flag_counts: dict[str, dict[str, int]] = {}
    for kind, state, count in work.db.execute(flagged.group_by(storage.flag.c.kind, storage.flag.c.state)):
        flag_counts.setdefault(kind, {})[state] = count
    bare = sa.select(sa.func.count()).select_from(storage.flag).where(storage.flag.c.evidence == [])
    bare = bare.where(within(storage.flag.c.contract_id, contracts))
    return {
        "rolls_signed": work.db.scalar(signed) or 0,
        "marks": dict(sorted(work.db.execute(in_force).all())),
        "acts": dict(sorted(work.db.execute(acts).all())),
        "trainings": {f"{training}_{outcome}": count for training, outcome, count in work.db.execute(ended)},
        "contracts": dict(sorted(work.db.execute(statuses).all())),
        "flags": dict(sorted(flag_counts.items())),
        "flags_without_evidence": work.db.scalar(bare) or 0,
    }


def flags(work: Work, territory: str | None, state: str | None, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Return flags with their evidence, by id."""
    flag = storage.flag
    query = (
        sa.select(flag, storage.signatory.c.reference, storage.contract.c.term_on)
        .join(storage.contract, storage.contract.c.id == flag.c.contract_id)
        .join(storage.signatory, storage.signatory.c.id == flag.c.signatory_id)
    )
    if territory:
        query = query.where(storage.contract.c.territory == territory)
    if state:
        query = query.where(flag.c.state == state)
    if after is not None:
        query = query.where(flag.c.id > after)
    return storage.rows(work.db, query.order_by(flag.c.id).limit(limit))


def absences(work: Work, territory: str | None, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """
    Return absences in force on signed rolls that nobody has qualified yet, by the id of their mark.

    `proof`: the convocation arrived in a usable form; `attempts`: how often somebody tried to reach the person since;
    `answer`: what the person said; `paper_id`: a photo that they sent.
    """
    held = storage.presence
    proof, attempt = storage.notice_proof, storage.attempt
    told = sa.exists().where(
        proof.c.signatory_id == held.c.signatory_id,
        proof.c.session_id == held.c.session_id,
        proof.c.kind == "convocation",
        proof.c.delivered.is_(True),
        proof.c.usable.is_(True),
    )
    tried = sa.select(sa.func.count()).where(
        attempt.c.signatory_id == held.c.signatory_id, attempt.c.made_on >= held.c.held_on
    )
    said, sent = storage.answer, storage.sent_paper
    answered = sa.select(said.c.kind).where(said.c.mark_id == held.c.mark_id)
    answered = answered.order_by(said.c.recorded_at.desc()).limit(1)
    paper = sa.select(sent.c.id).where(sent.c.mark_id == held.c.mark_id, sent.c.deleted_at.is_(None))
    paper = paper.order_by(sent.c.received_at.desc()).limit(1)
    query = (
        sa.select(
            told.label("proof"),
            tried.scalar_subquery().label("attempts"),
            answered.scalar_subquery().label("answer"),
            paper.scalar_subquery().label("paper_id"),
            held.c.mark_id.label("id"),
            held.c.meeting_id,
            held.c.signatory_id,
            held.c.status,
            held.c.held_on,
            held.c.training,
            storage.signatory.c.reference,
        )
        .join(storage.signatory, storage.signatory.c.id == held.c.signatory_id)
        .where(held.c.status.in_(("absent_unexplained", "absent_announced")))
    )
    if territory:
        query = query.where(storage.signatory.c.territory == territory)
    if after is not None:
        query = query.where(held.c.mark_id > after)
    return storage.rows(work.db, query.order_by(held.c.mark_id).limit(limit))


def contract_detail(work: Work, contract_id: UUID) -> dict[str, Any]:
    """Return one contract's hours, forecast, absences and flags. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.contract, contract_id, "contract")
    check_territory(work.who, row["territory"])
    own = storage.rows(work.db, sa.select(storage.flag).where(storage.flag.c.contract_id == contract_id))
    return _standing(work, row) | {
        "absences": [
            {name: one[name] for name in ("held_on", "training", "part", "status", "mark_id")}
            for one in presence.absences(work, contract_id)
        ],
        "flags": sorted(own, key=lambda one: LADDER.index(one["kind"]) if one["kind"] in LADDER else len(LADDER)),
        "tests": tests_of(work, contract_id),
    }


def own_contracts(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    """Return a signatory's own contracts: what is owed and followed, and by when."""
    mine = sa.select(storage.contract).where(storage.contract.c.signatory_id == signatory_id)
    return [_standing(work, row) for row in storage.rows(work.db, mine.order_by(storage.contract.c.signed_on))]


def _standing(work: Work, row: dict[str, Any]) -> dict[str, Any]:
    """Return where the trainings of a contract stand: arithmetic, nothing about the person."""
    person = storage.one(work.db, storage.signatory, row["signatory_id"], "signatory")
    ((_, followings),) = table_of(work, [row])
    return {
        "id": row["id"],
        "reference": person["reference"],
        "territory": row["territory"],
        "signed_on": row["signed_on"],
        "term_on": row["term_on"],
        "trainings": [
            {
                "training": one.owed.training,
                "part": one.owed.part,
                "owed": one.owed.minutes,
                "followed": one.followed,
                "offered": one.offered,
                "planned": one.planned,
                "untold": one.untold,
                "reachable": one.reachable,
                "ends_first": one.ends_first,
                "ends_last": one.ends_last,
            }
            for one in followings
        ],
    }


def digests(work: Work) -> dict[str, str]:
    """Return a SHA-256 of each table's rows in a fixed order."""
    return database.digests(work.db, DIGESTED, without=("stale",))


def retell(work: Work) -> int:
    """Tell progress, flags, missing rolls and the chains again; hearers keep only what they did not know."""
    told = 0
    for row in storage.rows(work.db, sa.select(storage.progress)):
        names = ("contract_id", "followed_minutes", "remaining_minutes", "forecast_first", "forecast_last", "status")
        work.tell(ProgressState(subject_version=row["version"], **{name: row[name] for name in names}))
        told += 1
    for row in storage.rows(work.db, sa.select(storage.flag)):
        names = ("contract_id", "signatory_id", "kind", "state", "owner", "due_on")
        fields = {name: row[name] for name in names}
        evidence = tuple(row["evidence"])
        work.tell(FlagState(subject_version=row["version"], flag_id=row["id"], evidence=evidence, **fields))
        told += 1
    return told + missing.retell(work) + sealing.retell(work)
