"""
The judge: each hard rule as one function in plain Python, with no solver in it.

`breaches` reads a problem and a plan and says each broken rule in words. What was published before this run is not
judged again unless the run put somebody new into it; a placement that is pinned is not judged at all. A waiver, with
the person's agreement, lifts one rule for one person or one group.
"""

from collections.abc import Callable, Iterator

from services.scheduler.domain.judge.answers import each_need_is_answered_once, values_are_true, what_is_pinned_stays
from services.scheduler.domain.judge.breach import Breach, closed_on, is_away, is_free, lot_quantity
from services.scheduler.domain.judge.groups import (
    groups_are_interpreted,
    groups_have_a_right_size,
    lots_are_not_exceeded,
    meetings_keep_the_calendar,
    rooms_hold_one_group_each,
    trainers_teach_what_and_when_they_can,
)
from services.scheduler.domain.judge.people import (
    bundles_stay_together,
    childcare_is_there,
    civic_days_come_in_order,
    people_are_in_one_place_at_a_time,
    people_are_told_in_time,
    people_can_come,
    people_can_reach_the_site,
    people_join_in_time,
    people_sit_at_their_level,
)
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Problem
from services.scheduler.domain.score import score
from services.scheduler.domain.view import View

__all__ = ["RULES", "Breach", "breaches", "closed_on", "is_away", "is_free", "lot_quantity", "score", "waived"]

RULES: dict[str, Callable[[View], Iterator[Breach]]] = {
    "answer": each_need_is_answered_once,
    "level": people_sit_at_their_level,
    "availability": people_can_come,
    "reach": people_can_reach_the_site,
    "one_place": people_are_in_one_place_at_a_time,
    "entry": people_join_in_time,
    "civic_order": civic_days_come_in_order,
    "bundle": bundles_stay_together,
    "room": rooms_hold_one_group_each,
    "trainer": trainers_teach_what_and_when_they_can,
    "interpretation": groups_are_interpreted,
    "size": groups_have_a_right_size,
    "lot": lots_are_not_exceeded,
    "calendar": meetings_keep_the_calendar,
    "childcare": childcare_is_there,
    "notice": people_are_told_in_time,
    "pinned": what_is_pinned_stays,
    "value": values_are_true,
}


def breaches(problem: Problem, plan: Plan) -> list[Breach]:
    """Return every rule that the plan breaks, in the order of RULES; an empty list says that the plan may be kept."""
    view = View(problem, plan)
    found = [breach for rule in RULES.values() for breach in rule(view)]
    return [breach for breach in found if not _waived(problem, breach)]


def waived(problem: Problem, plan: Plan) -> list[Breach]:
    """Return what the plan may break only because a planner waived the rule: where a waiver was used."""
    if not problem.waivers:
        return []
    view = View(problem, plan)
    return [breach for rule in RULES.values() for breach in rule(view) if _waived(problem, breach)]


def _waived(problem: Problem, breach: Breach) -> bool:
    return any(
        waiver.agreed
        and waiver.rule == breach.rule
        and (waiver.person is None or waiver.person == breach.person)
        and (waiver.session is None or waiver.session == breach.session)
        and (waiver.person, waiver.session) != (None, None)
        for waiver in problem.waivers
    )
