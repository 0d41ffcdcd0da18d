"""The contract's clock: hours, forecast, completion and flags of what has changed, told when they change."""

__all__ = ["coming", "follow_contracts", "following", "review_contracts", "table_of"]

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.domain.delays import Delays
from services.attendance.domain.following import (
    RUNNING,
    Ahead,
    ContractFacts,
    FlagDraft,
    Following,
    OwedTraining,
    Pattern,
    Seat,
    Tally,
    Unjustified,
    by_training,
    flags_of,
    follow,
    outcome,
)
from services.attendance.usecases import presence
from services.attendance.usecases.hearing import touch
from shared.database import insert_new, upsert
from shared.events import FlagState, ProgressState, TrainingCompleted
from shared.ids import derived_id
from shared.service import Service
from shared.work import Work

BATCH = 200
REVIEWED = 1  # the row of `review` that says on which day contracts were looked at
DELAYS = Delays()
OUR_OWN = ("version", "told_on")  # columns of progress that are not told
TELL_PROGRESS_EVERY = timedelta(days=14)  # [A] unless the status changes; flags and completions are told at once
NEAR_TERM = timedelta(days=150)  # longer than the quickest course (600 h at 30 h a week: 140 days) and any review delay
LOOK_BACK = timedelta(days=14)  # longer than the grace after the last meeting
GRACE_DAYS = 3  # [A] after the last meeting before a course counts as ended: rolls come in late


def following(delays: Delays) -> Callable[[Service], int]:
    """Return the tick that computes again what has changed since."""
    return lambda service: follow_contracts(service, delays)


def follow_contracts(service: Service, delays: Delays = DELAYS) -> int:
    """Compute again what has changed since; return how many contracts were followed."""
    with service.database.read() as db:
        stale = sa.select(storage.contract.c.id).where(storage.contract.c.stale.is_(True)).limit(1)
        if db.scalar(stale) is None:
            return 0
    with service.database.begin() as db:
        work = service.work(db)
        query = sa.select(storage.contract).where(storage.contract.c.stale.is_(True)).limit(BATCH)
        found = storage.rows(db, query.with_for_update(skip_locked=True))
        _follow(work, found, delays)
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
        state = db.scalar(sa.select(storage.review.c.reviewed_on).where(storage.review.c.id == REVIEWED))
        if state is not None and state >= today:
            return 0
        upsert(db, storage.review, [{"id": REVIEWED, "reviewed_on": today}])
        touched = _touched_by_time(work, today)
        touch(work, touched)
    return len(touched)


def _touched_by_time(work: Work, today: date) -> list[UUID]:
    """Return running contracts that are not complete and stand near their term, or whose course has just ended."""
    contract, seat, session = storage.contract, storage.placement, storage.session
    complete = sa.select(storage.progress.c.contract_id).where(storage.progress.c.status == "completed")
    running = sa.and_(contract.c.state.in_(RUNNING), contract.c.id.not_in(complete))
    near = sa.select(contract.c.id).where(running, contract.c.term_on <= today + NEAR_TERM)
    ended = (
        sa.select(contract.c.id)
        .join(seat, seat.c.contract_id == contract.c.id)
        .join(session, session.c.id == seat.c.session_id)
        .where(running, session.c.ends_on.between(today - LOOK_BACK, today))
    )
    return list(work.db.scalars(near.union(ended)))


def coming(work: Work, contract_rows: Sequence[Mapping[str, Any]]) -> dict[tuple[UUID, str], list[Ahead]]:
    """Return the coming half-days of each contract's active seats by (contract, part), without those marked."""
    return _coming(work, _seats(work, [row["id"] for row in contract_rows]))


def _coming(work: Work, seats: Mapping[UUID, Sequence[Seat]]) -> dict[tuple[UUID, str], list[Ahead]]:
    marked = _marked_ahead(work, list(seats))
    ahead = _ahead(work, [seat for mine in seats.values() for seat in mine])
    found: dict[tuple[UUID, str], list[Ahead]] = {}
    for contract_id, mine in seats.items():
        for seat in mine:
            for key, one in ahead.get((seat.session_id, seat.part), ()):
                if one.held_on >= seat.joins_on and (contract_id, key) not in marked:
                    found.setdefault((contract_id, seat.part), []).append(one)
    return found


def table_of(work: Work, contract_rows: Sequence[Mapping[str, Any]]) -> list[tuple[ContractFacts, list[Following]]]:
    """Return contracts and where each training that they owe stands, from marks and timetable."""
    ids = [row["id"] for row in contract_rows]
    seats, untold = _seats(work, ids), _untold(work, ids)
    ahead = _coming(work, seats)
    tallies = presence.tallies(work, ids)
    early = {row["contract_id"] for row in _of_contracts(work, storage.early_exit, ids)}
    found = []
    for row in contract_rows:
        facts = _facts(row)
        followings = []
        for owed in facts.owed:
            own = [seat for seat in seats.get(facts.id, ()) if (seat.training, seat.part) == (owed.training, owed.part)]
            tally = tallies.get((facts.id, owed.training, owed.part), Tally())
            planned = ahead.get((facts.id, owed.part), ())
            one = follow(
                owed,
                tally,
                planned,
                own,
                today=work.now.date(),
                term_on=facts.term_on,
                assiduity_percent=facts.assiduity_percent,
                untold=untold.get((facts.id, owed.part), 0),
            )
            over = facts.id in early and owed.training == "language"
            followings.append(replace(one, ended_early=True, ends_first=None, ends_last=None) if over else one)
        found.append((facts, followings))
    return found


def _follow(work: Work, rows: list[dict[str, Any]], delays: Delays) -> None:
    ids = [row["id"] for row in rows]
    known = {row["contract_id"]: row for row in _of_contracts(work, storage.progress, ids)}
    completions = {(row["contract_id"], row["training"]) for row in _of_contracts(work, storage.completion, ids)}
    flags: dict[UUID, dict[str, dict[str, Any]]] = {}
    for row in _of_contracts(work, storage.flag, ids):
        flags.setdefault(row["contract_id"], {})[row["kind"]] = row
    table = table_of(work, rows)
    absences, patterns = _unjustified(work, table), _patterns(work, table)
    told = []
    for facts, followings in table:
        status = _complete(work, facts, followings, completions)
        told += _progress(work, facts, followings, status, known.get(facts.id))
        drafts = flags_of(
            facts,
            followings,
            absences.get(facts.id, ()),
            work.now.date(),
            pattern=patterns.get(facts.id),
            silence_days=delays.silence_days,
        )
        _keep_flags(work, facts, drafts, flags.get(facts.id, {}))
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
        over = (
            last is not None
            and today > last + timedelta(days=GRACE_DAYS)
            and not any(one.planned or one.untold for one in parts)
        )
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
    work: Work, facts: ContractFacts, found: Iterable[FlagDraft], known: Mapping[str, dict[str, Any]]
) -> None:
    drafts = {draft.kind: draft for draft in found}
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


def _seats(work: Work, ids: list[UUID]) -> dict[UUID, list[Seat]]:
    seat, session = storage.placement, storage.session
    query = (
        sa.select(
            seat.c.contract_id,
            seat.c.id,
            seat.c.session_id,
            seat.c.part,
            seat.c.joins_on,
            session.c.training,
            session.c.ends_on,
        )
        .join(session, session.c.id == seat.c.session_id)
        .where(seat.c.contract_id.in_(ids), seat.c.state == "active")
        .order_by(seat.c.id)
    )
    found: dict[UUID, list[Seat]] = {}
    for contract_id, key, session_id, part, joins_on, training, ends_on in work.db.execute(query):
        one = Seat(
            placement_id=key, session_id=session_id, training=training, part=part, joins_on=joins_on, ends_on=ends_on
        )
        found.setdefault(contract_id, []).append(one)
    return found


def _ahead(work: Work, seats: Iterable[Seat]) -> dict[tuple[UUID, str], list[tuple[UUID, Ahead]]]:
    """Return the coming meetings by (session, part), read once for everybody who sits there."""
    meeting, today = storage.meeting, work.now.date()
    sessions = {seat.session_id for seat in seats if seat.ends_on >= today}
    columns = (meeting.c.session_id, meeting.c.part, meeting.c.id, meeting.c.held_on, meeting.c.slot, meeting.c.minutes)
    coming = sa.select(*columns).where(meeting.c.session_id.in_(sessions), meeting.c.held_on >= today)
    found: dict[tuple[UUID, str], list[tuple[UUID, Ahead]]] = {}
    for session_id, part, key, held_on, slot, minutes in work.db.execute(coming):
        found.setdefault((session_id, part), []).append((key, Ahead(held_on, presence.SLOT_RANK[slot], minutes)))
    return found


def _untold(work: Work, ids: list[UUID]) -> dict[tuple[UUID, str], int]:
    """Return the minutes of each contract's meetings whose roll is missing, by (contract, part)."""
    seat, meeting, missing = storage.placement, storage.meeting, storage.missing_roll
    query = (
        sa.select(seat.c.contract_id, seat.c.part, sa.func.sum(meeting.c.minutes))
        .join(missing, missing.c.session_id == seat.c.session_id)
        .join(meeting, sa.and_(meeting.c.id == missing.c.meeting_id, meeting.c.part == seat.c.part))
        .where(
            seat.c.contract_id.in_(ids),
            seat.c.state == "active",
            missing.c.stage != "closed",
            meeting.c.held_on >= seat.c.joins_on,
        )
        .group_by(seat.c.contract_id, seat.c.part)
    )
    return {(contract, part): int(minutes) for contract, part, minutes in work.db.execute(query)}


def _marked_ahead(work: Work, ids: list[UUID]) -> set[tuple[UUID, UUID]]:
    """Return (contract, meeting) of today's rolls that are signed already."""
    held = storage.presence
    query = sa.select(held.c.contract_id, held.c.meeting_id)
    return set(work.db.execute(query.where(held.c.contract_id.in_(ids), held.c.held_on >= work.now.date())).all())


def _unjustified(
    work: Work, table: Iterable[tuple[ContractFacts, Sequence[Following]]]
) -> dict[UUID, list[Unjustified]]:
    """Return the unjustified absences, with proofs, of contracts with as many as raise a flag."""
    suspects = [
        facts.id
        for facts, followings in table
        if sum(one.unjustified for one in followings) >= facts.unexplained_in_a_row
    ]
    absences = presence.unjustified(work, suspects)
    people = list({row["signatory_id"] for row in absences})
    proofs, attempts = _proofs(work, people), _attempts(work, people)
    found: dict[UUID, list[Unjustified]] = {}
    for row in absences:
        attempt = next((key for day, key in attempts.get(row["signatory_id"], ()) if day >= row["held_on"]), None)
        proof = proofs.get((row["signatory_id"], row["session_id"]))
        one = Unjustified(row["ordinal"], row["held_on"], row["mark_id"], proof, attempt)
        found.setdefault(row["contract_id"], []).append(one)
    return found


def _patterns(work: Work, table: Iterable[tuple[ContractFacts, Sequence[Following]]]) -> dict[UUID, Pattern]:
    """Return the unexplained absences since a person was last there, of contracts that have any."""
    suspects = [facts.id for facts, followings in table if any(one.unexplained for one in followings)]
    found = presence.unexplained_since(work, suspects)
    return {key: Pattern(tuple(marks)) for key, marks in found.items() if marks}


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
