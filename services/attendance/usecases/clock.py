"""The contract's clock: hours, forecast, completion and flags of what has changed, told when they change."""

__all__ = ["follow_contracts", "review_contracts", "table_of"]

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.following import (
    Attended,
    ContractFacts,
    Following,
    OwedTraining,
    Seat,
    by_training,
    flags_of,
    follow,
    outcome,
)
from services.attendance.domain.marks import Status
from services.attendance.usecases.hearing import touch
from services.attendance.usecases.rolls import SLOT_RANK
from shared.database import insert_new, upsert
from shared.events import FlagState, ProgressState, TrainingCompleted
from shared.ids import derived_id
from shared.service import Service
from shared.work import Work

BATCH = 200
OUR_OWN = ("version", "told_on")  # columns of progress that are not told
TELL_PROGRESS_EVERY = timedelta(days=7)  # [A] unless the status changes; flags and completions are told at once
NEAR_TERM = timedelta(days=150)  # longer than the quickest course (600 h at 30 h a week: 140 days) and any review delay
LOOK_BACK = timedelta(days=14)  # longer than the grace after the last meeting
GRACE_DAYS = 3  # [A] after the last meeting before a course counts as ended: rolls come in late


def follow_contracts(service: Service) -> int:
    """Compute again what has changed since; return how many contracts were followed. A tick of the service."""
    with service.database.read() as db:
        stale = sa.select(storage.contract.c.id).where(storage.contract.c.stale.is_(True)).limit(1)
        if db.scalar(stale) is None:
            return 0
    with service.database.begin() as db:
        work = service.work(db)
        query = sa.select(storage.contract).where(storage.contract.c.stale.is_(True)).limit(BATCH)
        found = storage.rows(db, query.with_for_update(skip_locked=True))
        _follow(work, found)
        done = storage.contract.c.id.in_([row["id"] for row in found])
        db.execute(storage.contract.update().where(done).values(stale=False))
    return len(found)


def review_contracts(service: Service) -> int:
    """
    Once a day, look again at contracts that time alone may change: near their term, or just after a course's end.

    Returns how many were touched; a tick of the service.
    """
    with service.database.begin() as db:
        work = service.work(db)
        today = work.now.date()
        state = db.scalar(sa.select(storage.review.c.reviewed_on))
        if state is not None and state >= today:
            return 0
        upsert(db, storage.review, [{"id": 1, "reviewed_on": today}])
        touched = _touched_by_time(work, today)
        touch(work, touched)
    return len(touched)


def _touched_by_time(work: Work, today: date) -> list[UUID]:
    """Return running contracts that are not complete and stand near their term, or whose course has just ended."""
    contract, seat, session = storage.contract, storage.placement, storage.session
    complete = sa.select(storage.progress.c.contract_id).where(storage.progress.c.status == "completed")
    running = sa.and_(contract.c.state == "running", contract.c.id.not_in(complete))
    near = sa.select(contract.c.id).where(running, contract.c.term_on <= today + NEAR_TERM)
    ended = (
        sa.select(contract.c.id)
        .join(seat, seat.c.contract_id == contract.c.id)
        .join(session, session.c.id == seat.c.session_id)
        .where(running, session.c.ends_on.between(today - LOOK_BACK, today))
    )
    return list(work.db.scalars(near.union(ended)))


def table_of(work: Work, contract_rows: Iterable[Mapping[str, Any]]) -> dict[UUID, tuple[Any, ...]]:
    """Return (facts, followings, attended) of contracts, from marks and timetable."""
    rows = list(contract_rows)
    ids = [row["id"] for row in rows]
    seats = _seats(work, ids)
    attended = _attended(work, ids)
    early = {row["contract_id"] for row in _of_contracts(work, storage.early_exit, ids)}
    today = work.now.date()
    found = {}
    for row in rows:
        facts = _facts(row)
        mine = attended.get(facts.id, [])
        followings = []
        for owed in facts.owed:
            one = follow(owed, mine, seats.get(facts.id, ()), today)
            over = facts.id in early and owed.training == "language"
            followings.append(replace(one, ended_early=True, ends_first=None, ends_last=None) if over else one)
        found[facts.id] = (facts, followings, mine)
    return found


def _follow(work: Work, rows: list[dict[str, Any]]) -> None:
    ids = [row["id"] for row in rows]
    known = {row["contract_id"]: row for row in _of_contracts(work, storage.progress, ids)}
    completions = {(row["contract_id"], row["training"]) for row in _of_contracts(work, storage.completion, ids)}
    flags: dict[UUID, dict[str, dict[str, Any]]] = {}
    for row in _of_contracts(work, storage.flag, ids):
        flags.setdefault(row["contract_id"], {})[row["kind"]] = row
    told = []
    for facts, followings, attended in table_of(work, rows).values():
        status = _complete(work, facts, followings, completions)
        told += _progress(work, facts, followings, status, known.get(facts.id))
        _keep_flags(work, facts, followings, attended, flags.get(facts.id, {}))
    upsert(work.db, storage.progress, told)
    work.tell(
        *(
            ProgressState(subject_version=row["version"], **{key: row[key] for key in row if key not in OUR_OWN})
            for row in told
        )
    )


def _complete(work: Work, facts: ContractFacts, followings: list[Following], known: set[tuple[UUID, str]]) -> str:
    today = work.now.date()
    statuses = []
    for training, parts in by_training(followings).items():
        last = max((seat.ends_on for one in parts for seat in one.seats), default=None)
        over = last is not None and today > last + timedelta(days=GRACE_DAYS) and not any(one.planned for one in parts)
        ended = over and training == "language"  # a missed civic day is a need again, never an end
        status = outcome(facts, training, parts, ended=ended)
        statuses.append(status)
        if status in {"completed", "ended_incomplete"} and (facts.id, training) not in known:
            row = {"contract_id": facts.id, "training": training, "outcome": status, "ended_on": today}
            insert_new(work.db, storage.completion, [row])
            work.tell(
                TrainingCompleted(
                    contract_id=facts.id,
                    signatory_id=facts.signatory_id,
                    training=training,
                    outcome=status,
                    ended_on=today,
                )
            )
    for status in ("running", "ended_incomplete", "not_started"):
        if status in statuses:
            begun = status == "not_started" and "completed" in statuses
            return "running" if begun else status
    return "completed" if statuses else "not_started"


def _progress(
    work: Work, facts: ContractFacts, followings: list[Following], status: str, known: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Return the progress to keep and tell, or nothing where it is the same, or was told this week."""
    today = work.now.date()
    followed = sum(one.followed for one in followings)
    remaining = sum(0 if one.ended_early else one.owed.minutes - one.followed for one in followings)
    firsts = [one.ends_first for one in followings if one.ends_first]
    lasts = [one.ends_last for one in followings if one.ends_last]
    row: dict[str, Any] = {
        "contract_id": facts.id,
        "followed_minutes": followed,
        "remaining_minutes": remaining,
        "forecast_first": max(firsts, default=None),
        "forecast_last": max(lasts, default=None),
        "status": status,
    }
    if known is not None:
        same = all(known[key] == value for key, value in row.items())
        early = known["status"] == status and today < known["told_on"] + TELL_PROGRESS_EVERY
        if same or early:
            return []
    return [row | {"version": known["version"] + 1 if known else 1, "told_on": today}]


def _keep_flags(
    work: Work,
    facts: ContractFacts,
    followings: list[Following],
    attended: list[Attended],
    known: Mapping[str, dict[str, Any]],
) -> None:
    drafts = {draft.kind: draft for draft in flags_of(facts, followings, attended, work.now.date())}
    for kind, draft in drafts.items():
        before = known.get(kind)
        still = before is not None and before["state"] == "open"
        if before is not None and still and tuple(before["evidence"]) == draft.evidence:
            continue
        row = {
            "id": derived_id("flag", facts.id, kind),
            "contract_id": facts.id,
            "signatory_id": facts.signatory_id,
            "kind": kind,
            "state": "open",
            "owner": draft.owner,
            "due_on": before["due_on"] if before is not None and still else draft.due_on,
            "evidence": list(draft.evidence),
        }
        _keep_flag(work, row, before)
    for kind, before in known.items():
        if before["state"] == "open" and kind not in drafts:
            _keep_flag(work, before | {"state": "withdrawn"}, before)


def _keep_flag(work: Work, row: dict[str, Any], before: Mapping[str, Any] | None) -> None:
    version = before["version"] + 1 if before else 1
    row = row | {"version": version, "actor": work.who.actor, "changed_at": work.now}
    upsert(work.db, storage.flag, [row])
    names = ("contract_id", "signatory_id", "kind", "state", "owner", "due_on")
    told = {name: row[name] for name in names}
    work.tell(FlagState(subject_version=version, flag_id=row["id"], evidence=tuple(row["evidence"]), **told))


def _facts(row: Mapping[str, Any]) -> ContractFacts:
    return ContractFacts(
        id=row["id"],
        signatory_id=row["signatory_id"],
        signed_on=row["signed_on"],
        term_on=row["term_on"],
        state=row["state"],
        owed=tuple(OwedTraining(**one) for one in row["owed"]),
        **row["rules"],
    )


def _of_contracts(work: Work, table: sa.Table, ids: list[UUID]) -> list[dict[str, Any]]:
    return storage.rows(work.db, sa.select(table).where(table.c.contract_id.in_(ids)))


def _seats(work: Work, ids: list[UUID]) -> dict[UUID, tuple[Seat, ...]]:
    seat, session = storage.placement, storage.session
    query = (
        sa.select(seat, session.c.training, session.c.ends_on)
        .join(session, session.c.id == seat.c.session_id)
        .where(seat.c.contract_id.in_(ids), seat.c.state == "active")
        .order_by(seat.c.id)
    )
    found: dict[UUID, tuple[Seat, ...]] = {}
    for row in storage.rows(work.db, query):
        one = Seat(
            placement_id=row["id"],
            session_id=row["session_id"],
            training=row["training"],
            part=row["part"],
            ends_on=row["ends_on"],
        )
        found[row["contract_id"]] = (*found.get(row["contract_id"], ()), one)
    return found


def _attended(work: Work, ids: list[UUID]) -> dict[UUID, list[Attended]]:
    """Return, by contract, each meeting of its seats with the mark in force and the proofs that belong to it."""
    seat, session = storage.placement, storage.session
    query = (
        sa.select(
            seat.c.contract_id,
            seat.c.signatory_id,
            seat.c.session_id,
            seat.c.part,
            seat.c.joins_on,
            session.c.training,
        )
        .join(session, session.c.id == seat.c.session_id)
        .where(seat.c.contract_id.in_(ids), seat.c.state == "active")
    )
    seats = work.db.execute(query).all()
    people = list({row.signatory_id for row in seats})
    timetable = _timetable(work, {row.session_id for row in seats})
    marks, proofs, attempts = _marks(work, people), _proofs(work, people), _attempts(work, people)
    found: dict[UUID, list[Attended]] = {}
    for row in seats:
        mine = found.setdefault(row.contract_id, [])
        proof = proofs.get((row.signatory_id, row.session_id))
        made = attempts.get(row.signatory_id, [])
        for meeting_id, held_on, rank, minutes in timetable[row.session_id].get(row.part, ()):
            if held_on < row.joins_on:
                continue
            kept = marks.get((meeting_id, row.signatory_id))
            if kept is None:
                one = Attended(
                    meeting_id, row.session_id, held_on, rank, minutes, row.training, row.part, None, 0, None
                )
            else:
                mark_id, status, lost = kept
                attempt = next((key for day, key in made if day >= held_on), None)
                one = Attended(
                    meeting_id, row.session_id, held_on, rank, minutes, row.training, row.part, status, lost, mark_id,
                    proof, attempt,
                )  # fmt: skip
            mine.append(one)
    return found


def _timetable(work: Work, sessions: set[UUID]) -> dict[UUID, dict[str, list[tuple[UUID, date, int, int]]]]:
    """Return the meetings of sessions by part, read once for everybody who sits there: (id, day, rank, minutes)."""
    meeting = storage.meeting
    columns = (meeting.c.session_id, meeting.c.part, meeting.c.id, meeting.c.held_on, meeting.c.slot, meeting.c.minutes)
    found: dict[UUID, dict[str, list[tuple[UUID, date, int, int]]]] = {key: {} for key in sessions}
    for session_id, part, key, held_on, slot, minutes in work.db.execute(
        sa.select(*columns).where(meeting.c.session_id.in_(sessions))
    ):
        found[session_id].setdefault(part, []).append((key, held_on, SLOT_RANK[slot], minutes))
    return found


def _marks(work: Work, people: list[UUID]) -> dict[tuple[UUID, UUID], tuple[UUID, Status, int]]:
    """Return the mark in force of each signed meeting (id, status, minutes lost): an open roll counts for nothing."""
    mark, roll = storage.mark, storage.roll
    query = (
        sa.select(mark.c.meeting_id, mark.c.signatory_id, mark.c.id, mark.c.status, mark.c.minutes_lost)
        .join(roll, sa.and_(roll.c.meeting_id == mark.c.meeting_id, roll.c.state == "signed"))
        .where(mark.c.signatory_id.in_(people))
        .order_by(mark.c.seq)
    )
    return {
        (meeting_id, person): (key, Status(status), lost)
        for meeting_id, person, key, status, lost in work.db.execute(query)
    }


def _proofs(work: Work, people: list[UUID]) -> dict[tuple[UUID, UUID], UUID]:
    proof = storage.notice_proof
    good = sa.and_(proof.c.signatory_id.in_(people), proof.c.delivered.is_(True), proof.c.usable.is_(True))
    query = sa.select(proof).where(good, proof.c.kind == "convocation").order_by(proof.c.notice_id)
    return {(row["signatory_id"], row["session_id"]): row["notice_id"] for row in storage.rows(work.db, query)}


def _attempts(work: Work, people: list[UUID]) -> dict[UUID, list[tuple[date, UUID]]]:
    query = sa.select(storage.attempt).where(storage.attempt.c.signatory_id.in_(people))
    found: dict[UUID, list[tuple[date, UUID]]] = {}
    for row in storage.rows(work.db, query.order_by(storage.attempt.c.made_on, storage.attempt.c.id)):
        found.setdefault(row["signatory_id"], []).append((row["made_on"], row["id"]))
    return found


def due(db: Any, _now: object) -> int:
    """Count the contracts that wait to be followed."""
    stale = sa.select(sa.func.count()).select_from(storage.contract).where(storage.contract.c.stale.is_(True))
    return int(db.scalar(stale) or 0)
