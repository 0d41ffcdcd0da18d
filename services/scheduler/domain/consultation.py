"""
Training bodies asked before people are told: what a body answers, what a planner decides, what a change does to a plan.

A group that a body refuses is left out. Another room, trainer or day makes another group of it, which the judge reads:
whom it does not suit any more goes back to waiting, any other broken rule forbids the change. Pure, no solver.
"""

__all__ = [
    "ANSWERS",
    "DECISIONS",
    "FINAL",
    "OUT",
    "REFUSALS",
    "Effect",
    "Offered",
    "change",
    "countered",
    "score_again",
    "stand",
]

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.scheduler.domain.judge import Breach, breaches, closed_on, is_away
from services.scheduler.domain.plain import HARD_RULES, Said
from services.scheduler.domain.plan import Plan, Unplaced, session_id
from services.scheduler.domain.problem import Interpreter, Meeting, Placement, Problem, Session, Training
from services.scheduler.domain.score import score
from services.scheduler.domain.standing import Standing, standing
from services.scheduler.domain.view import capacity

ANSWERS = ("confirm", "counter", "refuse")  # of a training body
DECISIONS = ("accept", "turn_down", "keep", "leave_out")  # of a planner
# A group is waiting, confirmed, countered, refused (by the body), kept or left_out (by a planner), or gone (from the
# plan: too few people were left in it).
OUT = ("refused", "left_out", "gone")
FINAL = (*OUT, "kept")
REFUSALS: Mapping[str, Said] = {
    "room": Said("la salle n’est pas disponible", "the room is not available"),
    "trainer": Said("aucun formateur n’est disponible", "no trainer is available"),
    "dates": Said("ces dates ne sont pas possibles", "these dates are not possible"),
    "order": Said("la commande ne le permet pas", "the order does not allow it"),
    "closure": Said("l’organisme est fermé", "the training body is closed"),
    "other": Said("l’organisme ne peut pas tenir ce groupe", "the training body cannot hold this group"),
}
SILENT = Said("l’organisme n’a pas répondu à temps", "the training body did not answer in time")
BY_BODY = ("body_refused", "body_silent")  # codes of needs whose group a body does not open
LONGEST_COURSE_DAYS = 900  # a guard: no course takes longer than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a body offers instead: another room, trainer or first day; null is as planned."""

    room: str | None = None
    trainer: str | None = None
    starts_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change of one group does: the plan with it, the needs that it puts out, the rules that forbid it."""

    problem: Problem
    plan: Plan
    session: Session
    out: tuple[Unplaced, ...]
    broken: tuple[Breach, ...]


def stand(fresh: Problem, plan: Plan, held: Mapping[str, Mapping[str, int]], gone: Mapping[str, str]) -> Standing:
    """
    Return what stands of a plan without these groups (id -> key of REFUSALS, or empty: no answer).

    Their people wait with that reason, and with the same one for later civic days that they cannot have either.
    Raises LostSeatsError.
    """
    found = standing(fresh, _without(plan, gone), held)
    person_of = {one.id: one.person for one in found.problem.needs}
    because = {person_of[one.need]: one for one in found.plan.unplaced if one.code in BY_BODY}
    unplaced = tuple(
        replace(because[person_of[one.need]], need=one.need)
        if one.code == "seat_gone" and person_of[one.need] in because
        else one
        for one in found.plan.unplaced
    )
    return replace(found, plan=replace(found.plan, unplaced=unplaced))


def countered(problem: Problem, session: Session, wanted: Offered) -> Session:
    """
    Return the group with what a body offers instead.

    Civic days keep their distance; a course is laid out anew in its rhythm. Whether rules allow it, the judge says.
    """
    room = wanted.room or session.room
    site = next((one.site for one in problem.rooms if one.id == room), session.site)
    meetings = session.meetings
    if wanted.starts_on is not None and wanted.starts_on != meetings[0].day:
        civic = session.training is Training.CIVIC
        laid_out = _shifted if civic else _course
        meetings = laid_out(problem, replace(session, site=site), wanted.starts_on)
    key = session_id(
        training=session.training,
        parts=session.parts,
        site=site,
        room=room,
        rhythm=session.rhythm,
        meetings=meetings,
    )
    same = (room, meetings) == (session.room, session.meetings)
    return replace(
        session,
        id=session.id if same else key,
        site=site,
        room=room,
        trainer=wanted.trainer or session.trainer,
        meetings=meetings,
    )


def change(found: Standing, before: Session, after: Session) -> Effect:
    """
    Return what stands of a legal plan when one of its new groups becomes another.

    Whom a smaller room has no seat for: those whose deadline is the farthest. A waiver of the group goes along; on
    other days another interpreter of the same language may stand in.
    """
    problem = _waived_alike(found.problem, before, after)
    if after.meetings != before.meetings:
        after = _interpreted(problem, [one for one in found.plan.sessions if one.id != before.id], after)
    reasons: dict[str, Unplaced] = {}
    plan = replace(_replaced(problem, found.plan, before, after), problem=problem.fingerprint)
    plan = _put_out(problem, plan, _surplus(problem, plan, after), {}, reasons)
    broken = breaches(problem, plan)
    while any(one.person for one in broken):
        rules = {one.person: one.rule for one in reversed(broken) if one.person}
        fewer = _put_out(problem, plan, _concerned(problem, plan, after, broken), rules, reasons)
        if len(fewer.placements) == len(plan.placements):
            break
        plan, broken = fewer, breaches(problem, fewer)
    out = tuple(reasons[need] for need in sorted(reasons))
    return Effect(problem=problem, plan=score_again(problem, plan), session=after, out=out, broken=tuple(broken))


def score_again(problem: Problem, plan: Plan) -> Plan:
    """Return a plan with its values as they are now; what was proven spoke of another plan."""
    return replace(plan, tiers=score(problem, plan, {}))


def _without(plan: Plan, gone: Mapping[str, str]) -> Plan:
    lost = [one for one in plan.placements if one.session in gone]
    return replace(
        plan,
        sessions=tuple(one for one in plan.sessions if one.id not in gone),
        placements=tuple(one for one in plan.placements if one.session not in gone),
        unplaced=(*plan.unplaced, *(_refused(one.need, gone[one.session]) for one in lost)),
        tiers=(),
    )


def _refused(need: str, reason: str) -> Unplaced:
    said = REFUSALS.get(reason, SILENT)
    return Unplaced(
        need=need,
        code="body_refused" if reason in REFUSALS else "body_silent",
        rules=(),
        fr=f"le groupe prévu n’ouvre pas : {said.fr}",
        en=f"the planned group does not open: {said.en}",
    )


def _changed(need: str, rule: str) -> Unplaced:
    says = HARD_RULES[rule].says
    return Unplaced(
        need=need,
        code="body_changed",
        rules=(rule,),
        fr=f"l’organisme a changé le groupe prévu, qui ne convient plus : {says.fr}",
        en=f"the training body changed the planned group, which does not suit any more: {says.en}",
    )


def _shifted(_problem: Problem, session: Session, first: date) -> tuple[Meeting, ...]:
    days = first - session.meetings[0].day
    return tuple(replace(one, day=one.day + days) for one in session.meetings)


def _course(problem: Problem, session: Session, first: date) -> tuple[Meeting, ...]:
    """Lay a course out from a day on, in the same week of its rhythm, around what is closed."""
    rhythm = problem.rules.rhythm(session.rhythm or "")
    taken = {(one.day.weekday(), one.slot) for one in session.meetings}
    pattern = next((one for one in rhythm.patterns if taken <= set(one.half_days())), rhythm.patterns[0])
    closures = next(one.closures for one in problem.sites if one.id == session.site)
    left = sum(one.minutes for one in session.meetings)
    found: list[Meeting] = []
    for number in range(LONGEST_COURSE_DAYS):
        day = first + timedelta(days=number)
        if closed_on(problem, closures, session.training, day):
            continue
        for weekday, slot in pattern.half_days():
            if weekday == day.weekday() and left > 0:
                minutes = min(left, rhythm.meeting_minutes)
                found.append(Meeting(day=day, slot=slot, minutes=minutes, part=session.parts[0]))
                left -= minutes
        if left <= 0:
            break
    return tuple(found)


def _waived_alike(problem: Problem, before: Session, after: Session) -> Problem:
    """Let the waivers of a group be those of what it becomes."""
    waivers = tuple(replace(one, session=after.id) if one.session == before.id else one for one in problem.waivers)
    return problem if waivers == problem.waivers else replace(problem, waivers=waivers)


def _interpreted(problem: Problem, others: Sequence[Session], session: Session) -> Session:
    """Return a group on new days with, for each of its languages, its interpreter or another one who is free then."""
    busy = {
        (each.interpreter, one.day, one.slot)
        for other in others
        for each in other.interpreters
        for one in other.meetings
    }
    weeks = Counter((who, *day.isocalendar()[:2]) for who, day, _ in busy)
    mine = Counter(one.day.isocalendar()[:2] for one in session.meetings)

    def is_free(one: Interpreter) -> bool:
        at_work = all(
            one.slots.allows(each.day.weekday(), each.slot)
            and not is_away(one.unavailable, each.day)
            and (one.id, each.day, each.slot) not in busy
            for each in session.meetings
        )
        return at_work and all(weeks[one.id, *week] + count <= one.max_half_days_week for week, count in mine.items())

    found = []
    for each in session.interpreters:
        able = [one.id for one in problem.interpreters if one.language == each.language and is_free(one)]
        same = each.interpreter in able or not able  # with nobody free, the judge says so of the one that was meant
        found.append(each if same else replace(each, interpreter=able[0]))
    return replace(session, interpreters=tuple(found))


def _replaced(problem: Problem, plan: Plan, before: Session, after: Session) -> Plan:
    part_of = {one.id: one.part for one in problem.needs}
    days = {
        part: (_days(before, part), _days(after, part)) for part in {part_of.get(one.need) for one in plan.placements}
    }

    def moved(placement: Placement) -> Placement:
        if placement.session != before.id:
            return placement
        old, new = days[part_of[placement.need]]
        return replace(placement, session=after.id, joins_on=new[min(old.index(placement.joins_on), len(new) - 1)])

    return replace(
        plan,
        sessions=tuple(after if one.id == before.id else one for one in plan.sessions),
        placements=tuple(moved(one) for one in plan.placements),
        tiers=(),
    )


def _days(session: Session, part: str | None) -> list[date]:
    return [one.day for one in session.meetings if one.part == part]


def _surplus(problem: Problem, plan: Plan, session: Session) -> set[tuple[str, str]]:
    """Return (person, group) of those for whom the room has no seat, the least urgent."""
    needs = {one.id: one for one in problem.needs}
    if all(one.id != session.room for one in problem.rooms):
        return set()
    most = capacity(problem, session)
    found: set[str] = set()
    for part in session.parts:
        there = [needs[one.need] for one in plan.placements if one.session == session.id]
        staying = [one for one in there if one.part == part and one.person not in found]
        staying.sort(key=lambda one: (one.deadline, one.person))
        found |= {one.person for one in staying[most:]}
    return {(one, session.id) for one in found}


def _concerned(problem: Problem, plan: Plan, after: Session, broken: Sequence[Breach]) -> set[tuple[str, str]]:
    """Return (person, group) of the seats to give back: in the changed group, or the one that comes too early now."""
    person_of = {one.id: one.person for one in problem.needs}
    sits: dict[str, set[str]] = {}
    for one in plan.placements:
        sits.setdefault(person_of[one.need], set()).add(one.session)
    found = set()
    for breach in broken:
        person = breach.person
        if person is None:
            continue
        there = sits.get(person, set())
        if breach.rule == "civic_order" and breach.session in there:
            found.add((person, str(breach.session)))
        elif after.id in there:
            found.add((person, after.id))
        else:
            found |= {(person, one) for one in ([breach.session] if breach.session else there) if one in there}
    return found


def _put_out(
    problem: Problem,
    plan: Plan,
    seats: Iterable[tuple[str, str]],
    rules: Mapping[str, str],
    reasons: dict[str, Unplaced],
) -> Plan:
    """Take these seats (person, group) out of a plan, but for those that were given before; keep why."""
    person_of = {one.id: one.person for one in problem.needs}
    given = {one.need for one in problem.placements}
    wanted = set(seats)
    lost = [one for one in plan.placements if (person_of[one.need], one.session) in wanted and one.need not in given]
    fresh = {one.need: _changed(one.need, rules.get(person_of[one.need], "size")) for one in lost}
    reasons |= fresh
    return replace(
        plan,
        placements=tuple(one for one in plan.placements if one.need not in fresh),
        unplaced=(*plan.unplaced, *fresh.values()),
    )
