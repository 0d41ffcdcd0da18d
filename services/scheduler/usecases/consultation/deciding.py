"""A planner decides: on what a training body offers instead, and where it did not answer in time."""

__all__ = ["Decision", "decide", "effect"]

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.codec import from_json, to_json
from services.scheduler.domain.consultation import FINAL, OUT, Effect, Offered, change, countered, stand
from services.scheduler.domain.judge import Breach
from services.scheduler.domain.plan import plan_from_json
from services.scheduler.domain.problem import Session
from services.scheduler.usecases import planning, swap, telling
from services.scheduler.usecases.consultation.groups import (
    change_state,
    check_open,
    consultation_of,
    found_of,
    keep,
    people_in,
    plain,
    said_before,
    view,
)
from shared.errors import ConflictError
from shared.scope import check_territory
from shared.work import Work

TURNED_DOWN = "turned_down"
NAMED = ("sites", "salles", "formateurs")  # what of an offer has a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a planner decides: one of DECISIONS; on which counter-proposal, and knowing which effect."""

    decision: str
    answer_id: UUID | None = None
    effect: str | None = None


def effect(work: Work, consulted_id: UUID) -> dict[str, Any]:
    """
    Return what accepting the open counter-proposal of a group would do: whom it puts out, or which rules forbid it.

    Each of `out` says whether the seat is lost `anyway`: by what other bodies answered, or what changed since the plan.
    `effect` is what an acceptance must name. Raises NotFoundError, ForbiddenError, ConflictError
    (`no_counter_proposal`, `plan_outdated`, …).
    """
    row, run = _of_planner(work, consulted_id, lock=False)
    check_open(work, run, lock=False)
    found, out = _effect(work, row, run)
    return view(row) | {
        "answer_id": row["answer_id"],
        "changed": to_json(found.session),
        "out": out,
        "broken": [{"rule": one.rule, "words": one.words} for one in _named(work, run, found)],
        "effect": _digest(row, found, out),
    }


def decide(work: Work, consulted_id: UUID, decision_id: UUID, decision: Decision) -> dict[str, Any]:
    """
    Keep what a planner decides about a counter-proposal, or about a group without an answer when the delay is over.

    Raises NotFoundError, ForbiddenError, ConflictError (`id_reused`, `published`, `plan_outdated`,
    `consultation_closed`, `no_counter_proposal`, `answer_changed`, `effect_changed`, `breaks_rules`, `answer_awaited`).
    """
    row, run = _of_planner(work, consulted_id, lock=True)
    content = plain(asdict(decision))
    if said_before(work, consulted_id, decision_id, content):
        return view(row)
    check_open(work, run)
    keep(work, consulted_id, decision_id, content)
    if decision.decision in {"accept", "turn_down"}:
        if row["state"] != "countered":
            raise ConflictError("no counter-proposal is open for this group", "no_counter_proposal")
        if row["answer_id"] != decision.answer_id:
            raise ConflictError("the training body has answered again: look again", "answer_changed")
        if decision.decision == "accept":
            return _accept(work, row, run, decision, decision_id)
        change_state(work, row, decision_id, state="waiting", offered=None, reason=TURNED_DOWN)
    else:
        late = (
            telling.today(work, run["territory"]) > found_of(consultation_of(work, run["id"]), run["id"])["answer_by"]
        )
        if row["state"] != "waiting" or not late:
            raise ConflictError("the training body may still answer, or has", "answer_awaited")
        state = "kept" if decision.decision == "keep" else "left_out"
        change_state(work, row, decision_id, state=state, offered=None, reason="")
    return view(storage.one(work.db, storage.consulted, consulted_id, "session to confirm"))


def _of_planner(work: Work, consulted_id: UUID, *, lock: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a group and its run with the plan, as far as who asks may see them."""
    row = storage.one(work.db, storage.consulted, consulted_id, "session to confirm")
    run = storage.one(work.db, storage.plan_run, row["run_id"], "plan run", lock=lock)
    check_territory(work.who, run["territory"])
    return storage.one(work.db, storage.consulted, consulted_id, "session to confirm", lock=lock), run


def _effect(work: Work, row: Mapping[str, Any], run: Mapping[str, Any]) -> tuple[Effect, list[dict[str, Any]]]:
    """Return what an open counter-proposal does to the plan as it stands now, and whom it puts out."""
    if row["state"] != "countered":
        raise ConflictError("no counter-proposal is open for this group", "no_counter_proposal")
    plan = plan_from_json(run["plan"])
    table = storage.consulted
    gone = {
        str(one["session_id"]): one["reason"]
        for one in storage.rows(work.db, sa.select(table).where(table.c.run_id == run["id"], table.c.state.in_(OUT)))
    }
    found = stand(planning.build(work, run), plan, swap.seats_held(work, run["territory"], lock=False), gone)
    before = next((one for one in found.plan.sessions if one.id == str(row["session_id"])), None)
    if before is None:
        few = Breach(rule="size", words="as things stand today too few people are left in this group")
        kept = from_json(Session, row["facts"])
        changed = Effect(problem=found.problem, plan=found.plan, session=kept, out=(), broken=(few,))
    else:
        wanted = from_json(Offered, {name: row["offered"][name] for name in ("room", "trainer", "starts_on")})
        changed = change(found, before, countered(found.problem, before, wanted))
    planned = {one.need for one in plan.placements if one.session not in gone}
    left = {one.need: one for one in changed.plan.unplaced}
    anyway = {one.need for one in found.plan.unplaced}
    needs = {one.id: one for one in changed.problem.needs}
    lost = sorted(planned & left.keys())
    people = storage.by_id(work.db, storage.signatory, {UUID(needs[one].person) for one in lost})
    out = [
        {
            "need_id": UUID(one),
            "signatory_id": UUID(needs[one].person),
            "reference": people[UUID(needs[one].person)]["reference"],
            "training": needs[one].training.value,
            "part": needs[one].part,
            "reason": {"code": left[one].code, "fr": left[one].fr, "en": left[one].en},
            "anyway": one in anyway,
        }
        for one in lost
    ]
    return changed, sorted(out, key=lambda one: (one["reference"], one["training"], one["part"]))


def _digest(row: Mapping[str, Any], found: Effect, out: Sequence[Mapping[str, Any]]) -> str:
    """Digest what a planner was shown: the group as it would be, whom it puts out, which rules forbid it."""
    facts = [
        str(row["answer_id"]),
        to_json(found.session),
        [[str(one["need_id"]), one["reason"]["fr"]] for one in out],
        [one.words for one in found.broken],
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _named(work: Work, run: Mapping[str, Any], found: Effect) -> list[Breach]:
    """Return what the judge says with groups called by what they teach, where and when, and the offer by its names."""
    offer = {
        code: row["facts"]["name"]
        for (kind, code), row in storage.offer(work.db, run["territory"]).items()
        if kind in NAMED
    }
    groups = {}
    for one in found.plan.sessions:
        called = f"{'+'.join(one.parts)} at {offer.get(one.site, one.site)} from {one.meetings[0].day}"
        groups[one.id] = f"{called} (as offered)" if one.id == found.session.id else called
    parts = {part for one in found.plan.sessions for part in one.parts}  # a site may have the code of a civic day
    offer = {code: name for code, name in offer.items() if code not in parts}
    return [replace(one, words=_put(_put(one.words, offer), groups)) for one in found.broken]


def _put(words: str, names: Mapping[str, str]) -> str:
    """Return words with each code that is a key of `names` replaced; one that is a part of a longer code stays."""
    if not names:
        return words
    codes = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"(?<![\w-])({codes})(?![\w-])", lambda code: names[code[1]], words)


def _accept(
    work: Work, row: Mapping[str, Any], run: Mapping[str, Any], decision: Decision, decision_id: UUID
) -> dict[str, Any]:
    """Put a counter-proposal into the plan, if it breaks no rule and has the effect that was seen."""
    found, out = _effect(work, row, run)
    if found.broken:
        words = "; ".join(f"{one.rule}: {one.words}" for one in _named(work, run, found)[:3])
        raise ConflictError(f"the change breaks a rule: {words}", "breaks_rules")
    if _digest(row, found, out) != decision.effect:
        raise ConflictError("accepting has another effect by now: look again", "effect_changed")
    planning.keep_plan(
        work,
        run["id"],
        run["base_version"],
        problem=found.problem,
        plan=found.plan,
        summary=planning.summarise(found.problem, found.plan),
    )
    change_state(
        work,
        row,
        decision_id,
        state="confirmed",
        offered=None,
        reason="",
        session_id=UUID(found.session.id),
        facts=to_json(found.session),
    )
    waiver = storage.waiver
    mine = sa.and_(waiver.c.session_id == row["session_id"], waiver.c.ended_on.is_(None))
    work.db.execute(waiver.update().where(mine).values(session_id=UUID(found.session.id)))
    _follow(work, run["id"], found)
    return view(storage.one(work.db, storage.consulted, row["id"], "session to confirm"))


def _follow(work: Work, run_id: UUID, found: Effect) -> None:
    """Let the groups of a consultation say what their plan says now: how many people, and whether they still open."""
    people = people_in(found.plan, {one.id: one.person for one in found.problem.needs})
    table = storage.consulted
    for one in storage.rows(work.db, sa.select(table).where(table.c.run_id == run_id).order_by(table.c.id)):
        count = people.get(str(one["session_id"]))
        values: dict[str, Any] = {}
        if count is None and one["state"] not in FINAL:
            values = {"state": "gone", "people": 0}
        elif count is not None and count != one["people"]:
            values = {"people": count}
        if values:
            work.db.execute(table.update().where(table.c.id == one["id"]).values(**values))
