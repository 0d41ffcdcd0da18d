"""
Proven lower bounds of the three tiers, each honest about the relaxation that it is of.

T1: who could have no seat even alone, then the days of all civic trainers and the orders of the lots, without
minimum sizes, rooms by name, interpreters, order or clashes. T2 and T3: the best of two; for each person the best seat
that they could have alone, less the most that plans with the same T1 may leave out, and the priced itineraries of
`relaxation`. A bound is of all plans whose T1, and for T3 whose T2, is no worse than that of the plan at hand.
"""

from collections.abc import Iterable

from services.scheduler.domain.problem import Training
from services.scheduler.domain.score import wait_points
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Shape, Unit, bits_of
from services.scheduler.solver.prices import Ascent
from services.scheduler.solver.relaxation import Relaxation

__all__ = ["Bounds"]

RELAXATIONS = {
    "T1": "each person alone, civic trainers and rooms by day and week, ordered quantities; no sizes, no clashes",
    "T2": "each person alone with their earliest possible end",
    "T3": "each person alone in their nearest and earliest seat, groups as full as can be",
}
PRICED = {
    "T2": "each person's cheapest itinerary clear of clashes",
    "T3": "each person's cheapest itinerary clear of clashes; seats, trainers, lots priced; groups paid by the seat",
}
# Waived for a person, these rules are left out of the itineraries too; any other waiver is not, and nothing is priced.
_KNOWN_WAIVERS = frozenset({"availability", "reach", "childcare", "room", "notice", "interpretation"})


class Bounds:
    """What no plan can undercut, from what each unit could have at best."""

    def __init__(self, base: Draft, candidates: list[Candidate], forced_moves: int) -> None:
        self.facts = base.facts
        self.units = base.units
        self.fixed = base.fixed
        self.forced_moves = forced_moves
        self.late: dict[int, bool] = {}
        self.least: dict[int, int] = {}
        self.quantity: dict[int, int] = {}
        self._fixed_points = base.points[1], base.points[2]
        self._kept = [group for group in base.groups.values() if group.kept]
        self._courses(base, candidates)
        self._civic_days = self._civic()
        self.first = self._first_tier(base)
        self.ascent: Ascent | None = None
        problem = self.facts.problem
        known = all(one.person and one.session is None and one.rule in _KNOWN_WAIVERS for one in problem.waivers)
        if known and all(one.minimum is None for one in problem.allowances):
            self.ascent = Ascent(Relaxation(base, candidates))

    def of(self, value: int, late_points: int) -> dict[str, tuple[int | None, str]]:
        """Return the bounds that hold for plans whose T1 is at most `value` and, for T3, whose late points are."""
        free = [unit for unit in self.units if not self.fixed >> unit.index & 1]
        budget = max(0, value - sum(unit.weight for unit in free if unit.index not in self.least))
        weights = self.facts.problem.weights
        late = [(weights.late_contract, unit.weight) for unit in free if self.late.get(unit.index)]
        second = self._fixed_points[0] + _left_after(late, budget) + self.forced_moves * weights.told_moved
        comfort = [(self.least[unit.index], unit.weight) for unit in free if unit.index in self.least]
        third = self._fixed_points[1] + _left_after(comfort, budget) + self._groups(free, budget)
        values = {"T1": min(self.first, value), "T2": second, "T3": third}
        bounds: dict[str, tuple[int | None, str]] = {name: (max(0, values[name]), RELAXATIONS[name]) for name in values}
        if self.ascent is not None:
            moved = self.forced_moves * weights.told_moved
            priced = {
                "T2": self._fixed_points[0] + self.ascent.second(value) + moved,
                "T3": self._fixed_points[1] + self.ascent.third(value, late_points - self._fixed_points[0]),
            }
            bounds |= {name: (bound, PRICED[name]) for name, bound in priced.items() if bound > values[name]}
        return bounds

    def follow(self, value: tuple[int, int, int]) -> None:
        """Look for the prices that prove most for a plan of these values."""
        if self.ascent is not None:
            self.ascent.follow(value[0], value[1] - self._fixed_points[0])

    def _courses(self, base: Draft, candidates: list[Candidate]) -> None:
        """Note for each unit the least comfort and quantity of any course, and whether each of them ends too late."""
        facts = self.facts
        places = [(one.shape, one.site, one.takers, one.entries) for one in candidates]
        places += [(one.shape, one.site, one.takers, one.entries) for one in self._kept]
        courses = [one for one in places if one[0].training is Training.LANGUAGE]
        courses.sort(key=lambda one: one[0].days[0])
        whole: dict[int, int] = {}  # minutes of a course to the units that could follow all of it
        reached = [0] * len(facts.problem.sites)
        on_time = 0
        for shape, site, takers, entries in courses:
            later = sum(1 << index for index in entries)
            free = takers & ~self.fixed
            # Of the courses of one site the first to begin is the most comfortable: nobody is asked about the others.
            for index in bits_of(free & ~later & ~reached[site] | free & later):
                self._note(self.units[index], shape, site, base.entry_day(self.units[index], shape, entries))
            reached[site] |= free & ~later
            whole[shape.minutes] = whole.get(shape.minutes, 0) | free & ~later
            for index in bits_of(free & ~on_time):
                unit = self.units[index]
                self.late[index] = facts.is_late(unit, shape, base.entry_day(unit, shape, entries))
                on_time |= 0 if self.late[index] else 1 << index
        for minutes, units in whole.items():
            for index in bits_of(units):
                self.quantity[index] = min(self.quantity.get(index, minutes), minutes)

    def _note(self, unit: Unit, shape: Shape, site: int, joins_on: int) -> None:
        comfort = self.facts.comfort(unit, shape, site, joins_on)
        self.least[unit.index] = min(self.least.get(unit.index, comfort), comfort)
        quantity = self.facts.quantity(unit, shape, joins_on)
        self.quantity[unit.index] = min(self.quantity.get(unit.index, quantity), quantity)

    def _civic(self) -> dict[int, list[int]]:
        """Return the civic days on which each unit could come somewhere, and note its least comfort."""
        facts = self.facts
        problem = facts.problem
        days: list[tuple[int, int]] = []
        for day in range(problem.publish_on.toordinal() + 1, facts.horizon + 1):
            mask = 0
            for slot in problem.rules.civic_slots:
                mask |= facts.bit(day, slot)
            days.append((day, mask))
        open_on = {
            day: [site for site in range(len(problem.sites)) if not mask & ~facts.site_open[site][Training.CIVIC]]
            for day, mask in days
        }
        kept = [group for group in self._kept if group.shape.training is Training.CIVIC]
        found: dict[int, list[int]] = {}
        for unit in self.units:
            if unit.training is not Training.CIVIC or self.fixed >> unit.index & 1:
                continue
            free, notice = facts.free[unit.person], facts.notice[unit.person]
            sites = {site for site in range(len(problem.sites)) if facts.welcome[site] >> unit.person & 1}
            able = {
                day for day, mask in days if day >= notice and not mask & ~free and not sites.isdisjoint(open_on[day])
            }
            for group in kept:
                if group.takers >> unit.index & 1:
                    able.update(facts.part_days(unit, group.shape, 0))
                    sites.add(group.site)
            if len(able) < len(unit.parts) or not sites:
                continue
            found[unit.index] = sorted(able)
            signed = facts.signed[unit.person]
            earliest = found[unit.index][: len(unit.parts)]
            waiting = sum(wait_points(day - signed) for day in earliest)
            travel = min(facts.minutes[unit.person][site] for site in sites) * len(unit.needs)
            self.least[unit.index] = problem.weights.wait * waiting + problem.weights.travel_minute * travel
        return found

    def _first_tier(self, base: Draft) -> int:
        courses = [
            unit for unit in self.units if unit.training is Training.LANGUAGE and not self.fixed >> unit.index & 1
        ]
        lots = self.facts.problem.lots
        order = sum(max(0, base.lot_left[index]) for index, lot in enumerate(lots) if lot.training is Training.LANGUAGE)
        order += sum(
            group.seats * group.shape.minutes
            for group in self._kept
            if group.lot is None and group.shape.training is Training.LANGUAGE
        )
        fits = [(unit.weight, self.quantity[unit.index]) for unit in courses if unit.index in self.quantity]
        placed = _most(fits, order)
        return sum(unit.weight for unit in courses) - placed + self._civic_short(base)

    def _civic_short(self, base: Draft) -> int:
        """Return the least T1 points of civic needs: a flow from people to days, weeks and the ordered days."""
        from ortools.graph.python import min_cost_flow

        facts = self.facts
        units = [unit for unit in self.units if unit.training is Training.CIVIC and not self.fixed >> unit.index & 1]
        lost = sum(unit.weight for unit in units if unit.index not in self._civic_days)
        units = [unit for unit in units if unit.index in self._civic_days]
        if not units:
            return lost
        capacity, week_capacity, order = self._civic_capacity(base)
        flow = min_cost_flow.SimpleMinCostFlow()
        source, sink, ordered, number = 0, 1, 2, 3
        day_node: dict[int, int] = {}
        week_node: dict[int, int] = {}
        supply = 0
        penalties: list[int] = []
        for unit in units:
            # A unit is seated as a whole; here each of its days counts for its share.
            share = unit.weight // len(unit.parts)
            node, number = number, number + 1
            supply += len(unit.parts)
            flow.add_arc_with_capacity_and_unit_cost(source, node, len(unit.parts), 0)
            penalties.append(flow.add_arc_with_capacity_and_unit_cost(node, sink, len(unit.parts), share))
            for day in self._civic_days[unit.index]:
                if day not in day_node:
                    day_node[day], number = number, number + 1
                    week = (day - facts.base) // 7
                    if week not in week_node:
                        week_node[week], number = number, number + 1
                        flow.add_arc_with_capacity_and_unit_cost(
                            week_node[week], ordered, week_capacity.get(week, 0), 0
                        )
                    flow.add_arc_with_capacity_and_unit_cost(day_node[day], week_node[week], capacity.get(day, 0), 0)
                flow.add_arc_with_capacity_and_unit_cost(node, day_node[day], 1, 0)
        flow.add_arc_with_capacity_and_unit_cost(ordered, sink, max(0, order), 0)
        flow.set_node_supply(source, supply)
        flow.set_node_supply(sink, -supply)
        if flow.solve() != flow.OPTIMAL:
            return lost
        return lost + sum(int(flow.flow(arc)) * int(flow.unit_cost(arc)) for arc in penalties)

    def _civic_capacity(self, base: Draft) -> tuple[dict[int, int], dict[int, int], int]:
        """Return the most people by day and by week, and the person-days that are left of the orders."""
        facts, problem = self.facts, self.facts.problem
        extra = sum(allowance.extra_seats for allowance in problem.allowances)
        most = problem.rules.civic_size.offered(problem.rules.civic_size.maximum)
        civic = [index for index, one in enumerate(problem.trainers) if "civic" in one.qualifications]
        days: dict[int, int] = {}
        weeks: dict[int, int] = {}
        half_days = len(problem.rules.civic_slots)
        for day in range(problem.publish_on.toordinal() + 1, facts.horizon + 1):
            mask = 0
            for slot in problem.rules.civic_slots:
                mask |= facts.bit(day, slot)
            staff = sum(
                1 for index in civic if not mask & ~facts.trainer_free[index] and not mask & base.trainer_busy[index]
            )
            rooms = sum(
                len(facts.rooms_at[site])
                for site in range(len(problem.sites))
                if not mask & ~facts.site_open[site][Training.CIVIC]
            )
            days[day] = min(staff, rooms) * most + extra
        for week in {(day - facts.base) // 7 for day in days}:
            groups = sum(
                max(0, problem.trainers[index].max_half_days_week - base.trainer_weeks[index].get(week, 0)) // half_days
                for index in civic
            )
            weeks[week] = groups * most + extra
        order = extra + sum(
            max(0, base.lot_left[index]) for index, lot in enumerate(problem.lots) if lot.training is Training.CIVIC
        )
        for group in self._kept:
            if group.shape.training is not Training.CIVIC:
                continue
            for day, count in zip(group.shape.part_days, group.counts, strict=True):
                seats = max(0, group.seats - count)
                days[day] = days.get(day, 0) + seats
                week = (day - facts.base) // 7
                weeks[week] = weeks.get(week, 0) + seats
                order += seats if group.lot is None else 0
        return days, weeks, order

    def _groups(self, free: list[Unit], budget: int) -> int:
        """Return the least that opening groups costs: each kind in groups as full as can be."""
        rules, weights = self.facts.problem.rules, self.facts.problem.weights
        kinds: dict[tuple[Training, tuple[str, ...]], list[Unit]] = {}
        for unit in free:
            if unit.index in self.least:
                parts = unit.parts if unit.training is Training.LANGUAGE else rules.bundle_of(unit.parts[0])
                kinds.setdefault((unit.training, parts), []).append(unit)
        points = 0
        extra = sum(allowance.extra_seats for allowance in self.facts.problem.allowances)
        for (training, parts), units in kinds.items():
            least = min(unit.weight for unit in units)
            seats = sum(
                max(0, group.seats) * len(group.counts)
                for group in self._kept
                if group.shape.training is training and not set(group.shape.parts).isdisjoint(parts)
            )
            # Some units of a bundle need one day only: count the days of one part, which is the fewest groups.
            sure = max(0, max(sum(part in unit.parts for unit in units) for part in parts) - budget // least)
            civic = training is Training.CIVIC
            size = rules.civic_size if civic else rules.language_size
            most = size.offered(size.maximum)
            price = weights.civic_group if civic else weights.language_group
            points += price * max(0, -(-(sure - seats - extra) // most))
        return points


def _most(items: Iterable[tuple[int, int]], room: int) -> int:
    """Return an upper bound of the weight that fits: the fractional knapsack, rounded down."""
    total = 0
    for weight, size in sorted(items, key=lambda item: (-item[0] / max(1, item[1]), item)):
        if size <= room:
            total += weight
            room -= size
        else:
            return total + weight * max(0, room) // size
    return total


def _left_after(items: list[tuple[int, int]], budget: int) -> int:
    """Return the least total points once plans may leave out items of this T1 weight in all."""
    return sum(points for points, _ in items) - _most([(points, weight) for points, weight in items], budget)
