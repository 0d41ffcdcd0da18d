"""The life of contracts: every move goes through `move`, which keeps who, when, why and the rule, and tells others."""

__all__ = ["BY_PROPOSAL", "act", "look_at_terms", "move", "moves", "receiver_of", "settle"]

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.life import ENDED, MOVES, PLANNED, UNDERWAY, Act, check_act, target
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import dossier, duties, leaving, people, telling
from services.scheduler.usecases.reception import interest
from shared.database import upsert
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import new_id
from shared.scope import check_territory
from shared.service import Service
from shared.work import Work

BY_PROPOSAL = ("propose_extension", "grant_extension", "refuse_extension")  # see usecases/extensions.py
LOOK_EVERY = timedelta(hours=1)


def act(work: Work, move_id: UUID, contract_id: UUID, wanted: Act) -> dict[str, Any]:
    """
    Make a move by hand. The same id again gives the same move; another body under it is refused.

    Raises NotFoundError, ForbiddenError, ConflictError, InvalidInputError; then nothing has changed.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract", lock=True)
    _check_scope(work, contract, receiving=wanted.move == "receive")
    before = storage.first(work.db, sa.select(storage.contract_move).where(storage.contract_move.c.id == move_id))
    if before is not None:
        same = (before["contract_id"], before["move"], before["act"]) == (contract_id, wanted.move, _kept(wanted))
        if not same:
            raise ConflictError(f"move {move_id} was made with another content", "id_reused")
        return before
    people.refuse_alias(work, contract["signatory_id"])
    if wanted.move in BY_PROPOSAL:
        words = "an extension is proposed and decided as such, not by a bare move"
        raise InvalidInputError("this move has its own door", [FieldFault("move", "proposal", words)])
    book = rule_book(contract["programme"]).at(contract["territory"], contract["signed_on"])
    check_act(
        wanted,
        state=contract["state"],
        role=work.who.role,
        signed_on=contract["signed_on"],
        today=telling.today(work, contract["territory"]),
        duties_open=duties.open_kinds(work, contract_id),
        notified_on=_notified(work, contract_id),
        answer_months=book["termination.answer_months"],
        here=contract["territory"],
        since=_last_day(work, contract_id),
    )
    _refuse_pending(work, contract_id, wanted.move)
    if wanted.territory:
        telling.today(work, wanted.territory)  # raises for a department that does not exist
    return move(work, contract, wanted, move_id)


def move(
    work: Work, contract: dict[str, Any], wanted: Act, move_id: UUID | None = None, **changed: Any
) -> dict[str, Any]:
    """
    Make a move that was checked: keep it, change the contract, give back or reopen seats, tell everybody.

    `changed` are columns of the contract that the move sets beside its state.
    """
    rule = MOVES[wanted.move]
    after = target(rule, contract["state"], _entered_from(work, contract["id"], contract["state"]))
    number = work.db.scalar(sa.select(sa.func.count()).select_from(storage.contract_move).where(_of(contract["id"])))
    row = {
        "id": move_id or new_id(),
        "contract_id": contract["id"],
        "number": (number or 0) + 1,
        "move": wanted.move,
        "state_before": contract["state"],
        "state_after": after,
        "on": wanted.on,
        "rule": rule.rule,
        "act": _kept(wanted),
        "actor": work.who.actor,
        "at": work.now,
    }
    work.db.execute(storage.contract_move.insert(), [row])
    if wanted.move == "receive":
        changed["territory"] = work.who.scope or receiver_of(work, contract)
    values = changed | {
        "state": after,
        "version": contract["version"] + 1,
        "actor": work.who.actor,
        "changed_at": work.now,
    }
    work.db.execute(storage.contract.update().where(storage.contract.c.id == contract["id"]).values(**values))
    _effects(work, contract | values, wanted)
    work.tell(telling.contract_state(contract | values))
    duties.refresh(work, [contract["id"]])
    link = f"/planning/contracts/{contract['id']}"
    code = f"contract_{wanted.move}"
    dossier.note(work, [dossier.Entry(person_id=contract["signatory_id"], at=work.now, code=code, link=link)])
    return row


def moves(work: Work, contract_id: UUID) -> list[dict[str, Any]]:
    """Return the moves of a contract in their order."""
    query = sa.select(storage.contract_move).where(_of(contract_id)).order_by(storage.contract_move.c.number)
    return storage.rows(work.db, query)


def settle(work: Work, contract_id: UUID, training: str, outcome: str, ended_on: date) -> None:
    """Keep how a training ended; when every prescribed one has ended, the contract is completed or ended incomplete."""
    ended = {"contract_id": contract_id, "training": training, "outcome": outcome, "ended_on": ended_on}
    upsert(work.db, storage.training_outcome, [ended])
    if not _settled(work, storage.one(work.db, storage.contract, contract_id, "contract", lock=True), ended_on):
        duties.refresh(work, [contract_id])


def _settled(work: Work, contract: dict[str, Any], on: date) -> bool:
    """Move a contract to its end where every prescribed training has ended; say whether it has moved."""
    need, known, contract_id = storage.need, storage.training_outcome, contract["id"]
    owed = set(
        work.db.scalars(sa.select(need.c.training).where(need.c.contract_id == contract_id, need.c.state != "not_owed"))
    )
    outcomes = {
        row["training"]: row["outcome"]
        for row in storage.rows(work.db, sa.select(known).where(known.c.contract_id == contract_id))
    }
    name = "complete" if all(outcomes.get(one) == "completed" for one in owed) else "end_incomplete"
    possible = bool(outcomes) and owed <= set(outcomes) and contract["state"] in MOVES[name].goes
    if possible:
        move(work, contract, Act(move=name, on=on))
    return possible


def look_at_terms(service: Service) -> int:
    """
    Look every hour at what time alone changes: terms that pass without a decision, and duties that open.

    Returns how many contracts moved; a tick of the service.
    """
    with service.database.read() as db:
        seen = db.scalar(sa.select(storage.reviewed.c.until).where(storage.reviewed.c.name == "terms"))
    now = service.clock.now()
    if seen is not None and seen <= now < seen + LOOK_EVERY:
        return 0
    with service.database.begin() as db:
        work = service.work(db)
        upsert(db, storage.reviewed, [{"name": "terms", "until": now}])
        moved = _pass_terms(work)
        interest.purge(work)
        duties.open_year_one(work)
    return moved


def _pass_terms(work: Work) -> int:
    contract = storage.contract
    due = sa.select(contract).where(
        contract.c.state.in_(MOVES["term_passes"].goes),
        contract.c.term_on <= work.now.date(),
        contract.c.signatory_id.not_in(people.aliases()),
    )
    moved = 0
    for row in storage.rows(work.db, due.order_by(contract.c.id).with_for_update()):
        today = telling.today(work, row["territory"])
        if row["term_on"] < today:
            move(work, row, Act(move="term_passes", on=today))
            moved += 1
    return moved


def _effects(work: Work, contract: Mapping[str, Any], wanted: Act) -> None:
    """Give back seats where nobody may sit any more, and put needs back where they may."""
    key, state = contract["id"], contract["state"]
    today = telling.today(work, contract["territory"])
    if wanted.move in {"postpone", "transfer"}:
        leaving.give_back_seats(work, key, today)
        leaving.hold_needs(work, key, leaving.HELD if wanted.move == "postpone" else leaving.MOVING)
    elif wanted.move == "receive":
        person = storage.signatory.c.id == contract["signatory_id"]
        work.db.execute(storage.signatory.update().where(person).values(territory=contract["territory"]))
        need = storage.need
        work.db.execute(need.update().where(need.c.contract_id == key).values(territory=contract["territory"]))
        duty = storage.duty
        work.db.execute(duty.update().where(duty.c.contract_id == key).values(territory=contract["territory"]))
        if state in PLANNED:
            leaving.reopen_needs(work, key, "transferred")
        row = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory", lock=True)
        row |= {"version": row["version"] + 1}
        work.db.execute(storage.signatory.update().where(person).values(version=row["version"]))
        work.tell(telling.signatory_state(row))
    elif wanted.move == "resume":
        leaving.reopen_needs(work, key, "postponed")
    elif state in {"terminated", "closed"} or (state == "ended_incomplete" and wanted.move != "end_incomplete"):
        leaving.give_back_seats(work, key, today)
        leaving.end_needs(work, key)
    if state in ENDED:  # nobody can decide an extension of what has ended
        lapsed = sa.and_(storage.proposal.c.contract_id == key, storage.proposal.c.state == "pending")
        work.db.execute(storage.proposal.update().where(lapsed).values(state="lapsed"))
    if wanted.move in {"drop_termination", "receive"} and state in UNDERWAY:  # what ended meanwhile is not lost
        _settled(work, dict(contract), wanted.on)
    if wanted.move == "close":
        duties.finish(work, (key, "closing"), "closed", wanted.on)


def _entered_from(work: Work, contract_id: UUID, state: str) -> str:
    """Return the state before the review or transfer that the contract is in; the state itself when in none."""
    table = storage.contract_move
    entered = sa.and_(_of(contract_id), table.c.state_after == state, table.c.state_before != state)
    found = work.db.scalar(sa.select(table.c.state_before).where(entered).order_by(table.c.number.desc()).limit(1))
    return found or state


def _notified(work: Work, contract_id: UUID) -> date | None:
    """Return the proven notification of the termination now under review."""
    found: date | None = None
    for row in moves(work, contract_id):
        if row["move"] == "propose_termination":
            found = None
        elif row["move"] == "notify_termination":
            found = date.fromisoformat(row["act"]["notified_on"])
    return found


def _last_day(work: Work, contract_id: UUID) -> date | None:
    made = moves(work, contract_id)
    return max((row["on"] for row in made), default=None)


def _check_scope(work: Work, contract: Mapping[str, Any], *, receiving: bool) -> None:
    """Let the directorate to which a contract was handed take it, and the one that handed it take it back."""
    if not (receiving and contract["state"] == "transferred" and work.who.scope == receiver_of(work, contract)):
        check_territory(work.who, contract["territory"])


def receiver_of(work: Work, contract: Mapping[str, Any]) -> str:
    """Return the territory to which a contract was handed last."""
    handed = [row for row in moves(work, contract["id"]) if row["move"] == "transfer"]
    return str(handed[-1]["act"]["territory"]) if handed else str(contract["territory"])


def _refuse_pending(work: Work, contract_id: UUID, name: str) -> None:
    """Refuse to leave a proposal behind that nobody could decide any more."""
    proposal = storage.proposal
    mine = sa.and_(proposal.c.contract_id == contract_id, proposal.c.state == "pending")
    pending = work.db.scalar(sa.select(proposal.c.id).where(mine).limit(1))
    if pending is not None and name in {"resume", "transfer", "propose_termination", "record_end"}:
        raise ConflictError("a proposal for this contract waits for its decision", "proposal_pending")


def _of(contract_id: UUID) -> sa.ColumnElement[bool]:
    return storage.contract_move.c.contract_id == contract_id


def _kept(wanted: Act) -> dict[str, Any]:
    """Return what an act says, as it comes back from JSON."""
    found = {name: value for name, value in asdict(wanted).items() if name != "move" and value}
    return {name: str(value) if isinstance(value, date) else value for name, value in found.items()}
