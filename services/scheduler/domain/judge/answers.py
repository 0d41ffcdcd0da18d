"""The rules of the plan itself: each need answered once, what is pinned as it was, values that are true."""

from collections import Counter
from collections.abc import Iterator

from services.scheduler.domain.judge.breach import Breach, about, of_seat
from services.scheduler.domain.problem import (
    SessionState,
)
from services.scheduler.domain.score import score
from services.scheduler.domain.view import View

__all__ = [
    "each_need_is_answered_once",
    "values_are_true",
    "what_is_pinned_stays",
]


def each_need_is_answered_once(view: View) -> Iterator[Breach]:
    """Each need of the problem is placed or unplaced, once; the plan names nothing that does not exist."""
    if view.plan.problem != view.problem.fingerprint:
        yield Breach(rule="answer", words="the plan answers another problem: the fingerprints differ")
    answers = Counter([placement.need for placement in view.plan.placements])
    answers.update(one.need for one in view.plan.unplaced)
    for need in view.problem.needs:
        if answers[need.id] != 1:
            times = f"{answers[need.id]} times"
            yield Breach(rule="answer", words=f"need {need.id} is answered {times}, not once", person=need.person)
    for one in answers:
        if one not in view.needs:
            yield Breach(rule="answer", words=f"the plan answers need {one}, which nobody has")
    for placement in view.plan.placements:
        if placement.session not in view.sessions:
            yield Breach(rule="answer", words=f"need {placement.need} sits in session {placement.session}: unknown")
    if len(view.sessions) != len(view.plan.sessions):
        yield Breach(rule="answer", words="two sessions of the plan have the same id")
    for session in view.new_sessions:
        lacking = [
            f"{kind} {one}"
            for kind, one, known in (
                ("site", session.site, view.sites),
                ("room", session.room, view.rooms),
                ("trainer", session.trainer, view.trainers),
            )
            if one not in known
        ]
        lacking += [
            f"interpreter {one.interpreter}" for one in session.interpreters if one.interpreter not in view.interpreters
        ]
        if lacking or not session.meetings:
            words = f"session {session.id} names {', '.join(lacking) or 'no meeting'}"
            yield Breach(rule="answer", words=words, session=session.id)


def what_is_pinned_stays(view: View) -> Iterator[Breach]:
    """Sessions that were published and placements that are pinned stand as they were; nobody else is called told."""
    for session in view.problem.sessions:
        if view.sessions.get(session.id) != session:
            yield about(session, "pinned", "was published and is changed or gone")
    known = {session.id for session in view.problem.sessions}
    for session in view.plan.sessions:
        if session.state is not SessionState.NEW and session.id not in known:
            yield about(session, "pinned", "is called published and the problem does not know it")
    after = {placement.need: placement for placement in view.plan.placements}
    for placement in view.problem.placements:
        if placement.pinned and after.get(placement.need) != placement:
            words = f"need {placement.need}: its seat is pinned and was moved"
            yield Breach(rule="pinned", words=words, person=view.needs[placement.need].person)
    for seat in view.seats:
        if not seat.told and (seat.placement.told or seat.placement.pinned):
            yield of_seat(seat, "pinned", "is called told or pinned, and was not before")


def values_are_true(view: View) -> Iterator[Breach]:
    """Check that the plan's values, gaps and parts are true, and that no bound is above its value."""
    unsound = view.rooms.keys() >= {session.room for session in view.plan.sessions}
    if not view.plan.tiers or not unsound or any(not session.meetings for session in view.plan.sessions):
        return
    tiers = score(view.problem, view.plan)
    if len(view.plan.tiers) != len(tiers):
        yield Breach(rule="value", words=f"{len(view.plan.tiers)} of {len(tiers)} tiers are stated: all or none")
    for stated, true in zip(view.plan.tiers, tiers, strict=False):
        if stated != true:
            words = f"{stated.name} is stated as {stated.value} (gap {stated.gap}); it is {true.value} (gap {true.gap})"
            yield Breach(rule="value", words=words)
        if true.bound is not None and (true.name == "T1" or true.gap is not None) and true.bound > true.value:
            yield Breach(rule="value", words=f"{true.name}: the bound {true.bound} is above the value {true.value}")
