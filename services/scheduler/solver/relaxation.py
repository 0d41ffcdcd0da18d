"""
A relaxation of the whole problem that is solved person by person: where the proven bounds of T2 and T3 come from.

Each person takes the cheapest itinerary of their own: one course or none, and then as many civic days as they owe,
each on a different half-day pair, clear of the course, at a site within reach, on a day with enough possible company,
a trainer at work and an interpreter of a language they speak. What is shared has a price: seats of a site on a day,
civic trainers by day and by week, ordered quantities. Groups are paid by the seat, as if always as full as they could
be, and each interpreter by as many of their language as could come.

Left out: that the days of a bundle are one group's, minimum sizes beyond possible company, whole groups, names of
rooms and trainers, course rooms and trainers. Whatever the prices, the sum of the cheapest itineraries less what the
shared things are worth is below the cost of every plan; better prices only make it a better bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.scheduler.domain.problem import LotUnit, Training
from services.scheduler.domain.score import LONG_WAIT_DAYS
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Shape, Unit
from services.scheduler.solver.stage import bools_of

__all__ = ["Found", "Prices", "Relaxation"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER = 1e12
_DAYS_LOOKED_AT = 64  # the days of each person that are cheapest without prices; the next one stands for all others
_MOST_DAYS = 4


@dataclass(slots=True, kw_only=True)
class Prices:
    """What shared things are worth, T3 points; and what T1 and T2 points are worth in T3 points."""

    first: float
    second: float
    week: Floats  # one civic trainer's day, by pool and week
    day: Floats  # the same by pool and day
    seat: Floats  # one civic seat, by site and day
    civic_lot: Floats  # one person-day, by body
    course_lot: Floats  # one person-minute, by body

    def copy(self) -> "Prices":
        """Return a copy that can change alone."""
        return Prices(
            first=self.first,
            second=self.second,
            week=self.week.copy(),
            day=self.day.copy(),
            seat=self.seat.copy(),
            civic_lot=self.civic_lot.copy(),
            course_lot=self.course_lot.copy(),
        )


@dataclass(slots=True, kw_only=True)
class Found:
    """The cheapest itineraries at some prices."""

    value: float  # a lower bound of first x T1 + second x T2 + T3 over all plans
    tiers: tuple[float, float]  # T1 and T2 of these itineraries
    steps: dict[str, Floats] = field(default_factory=dict)  # use less supply of each shared thing
    clash: Floats | None = None  # what each pair's course costs the person's civic days


class Relaxation:
    """The relaxation of one problem, as arrays."""

    def __init__(self, base: Draft, candidates: list[Candidate]) -> None:
        self.facts = base.facts
        self.base = base
        self.units = base.units
        self.fixed_points = (base.points[1], base.points[2])
        self.kept = [group for group in base.groups.values() if group.kept]
        self._civic(base)
        self._courses(base, candidates)

    # -- civic days ---------------------------------------------------------------------------------------------

    def _civic(self, base: Draft) -> None:
        facts = self.facts
        problem, weights, rules = facts.problem, facts.problem.weights, facts.problem.rules
        self.first_day = problem.publish_on.toordinal() + 1
        self.days = max(1, facts.horizon - self.first_day + 1)
        every = np.arange(self.days)
        people = len(problem.people)
        masks = [sum(facts.bit(self.first_day + day, slot) for slot in rules.civic_slots) for day in range(self.days)]
        self.masks = masks
        ranks = [slot.rank for slot in rules.civic_slots]
        span = 3 * (self.first_day - facts.base)

        def days_of(half_days: int) -> Bools:
            """Return the days on which all half-days of a civic day are in the set."""
            by_slot = bools_of(half_days >> span, 3 * self.days).reshape(self.days, 3)
            return np.asarray(by_slot[:, ranks].all(axis=1), dtype=bool)

        waiting = [unit for unit in self.units if unit.training is Training.CIVIC and not base.fixed >> unit.index & 1]
        self.owing = sorted({unit.person for unit in waiting})
        self.row = {person: number for number, person in enumerate(self.owing)}
        count = len(self.owing)
        owed: list[list[Unit]] = [[] for _ in self.owing]
        for unit in waiting:
            owed[self.row[unit.person]].append(unit)
        self.cuts = np.zeros((count, _MOST_DAYS + 1), dtype=bool)
        self.left = np.zeros((count, _MOST_DAYS + 1))
        self.loose = np.zeros(count, dtype=bool)
        for number, units in enumerate(owed):
            units.sort(key=lambda unit: unit.ranks)
            placed = 0
            rest = float(sum(unit.weight for unit in units))
            self.cuts[number, 0], self.left[number, 0] = True, rest
            for unit in units:
                placed += len(unit.parts)
                rest -= unit.weight
                if placed <= _MOST_DAYS:
                    self.cuts[number, placed], self.left[number, placed] = True, rest
                else:
                    self.loose[number] = True  # more days than are looked at: nothing is counted for this person
        who = np.array(self.owing, dtype=np.int64)
        free = np.array([days_of(facts.free[person] & ~base.busy[person]) for person in self.owing], dtype=bool)
        free = free.reshape(count, self.days)
        notice = np.array([facts.notice[person] for person in self.owing], dtype=np.int64)
        free &= (self.first_day + every)[None, :] >= notice[:, None]
        signed = np.array([facts.signed[person] for person in self.owing], dtype=np.int64)
        passed = np.maximum(0, self.first_day + every[None, :] - signed[:, None])
        wait = (passed + passed * passed // LONG_WAIT_DAYS) * weights.wait
        hears = np.array([facts.hears[person] for person in self.owing], dtype=bool)
        languages = sorted(facts.interpreters_of)
        at_work = np.array(
            [
                np.any([days_of(facts.interpreter_free[one]) for one in facts.interpreters_of[language]], axis=0)
                for language in languages
            ],
            dtype=bool,
        ).reshape(len(languages), self.days)
        speaks = np.array(
            [[language in problem.people[person].languages for language in languages] for person in self.owing],
            dtype=bool,
        ).reshape(count, len(languages))
        heard = hears[:, None] | ((speaks.astype(np.int32) @ at_work.astype(np.int32)) > 0)
        able = free & heard
        sites = len(problem.sites)
        welcome = np.array(
            [bools_of(facts.welcome[site], people)[who] if count else np.zeros(0, dtype=bool) for site in range(sites)],
            dtype=bool,
        ).reshape(sites, count)
        self._supply(base, days_of)
        company = welcome.astype(np.int32) @ able.astype(np.int32)
        least = min([rules.civic_size.minimum, *(one.minimum for one in problem.allowances if one.minimum is not None)])
        places = sites + len(self.kept_parts)
        open_here = np.zeros((places, self.days), dtype=bool)
        open_here[:sites] = self.site_open & (company >= least)
        # A bundle's group is paid once for all its days; nothing is cheaper than the longest bundle.
        length = max([1, *(len(bundle) for bundle in rules.civic_bundles)])
        self.share = np.zeros(places)
        self.share[:sites] = weights.civic_group / length / np.maximum(1, self.heads[:sites])
        lacking = speaks & ~hears[:, None]
        price = weights.interpreter_half_day * len(rules.civic_slots)
        near = (
            np.einsum("il,si,id->lsd", lacking.astype(np.float32), welcome.astype(np.float32), able.astype(np.float32))
            if languages
            else np.zeros((0, sites, self.days), dtype=np.float32)
        )
        spoken = price / np.clip(near, 1, np.maximum(1, self.heads[None, :sites, None]))
        spoken[~np.broadcast_to(at_work[:, None, :], spoken.shape)] = NEVER
        looked = min(_DAYS_LOOKED_AT, self.days)
        cheap = np.where(able, wait.astype(float), NEVER)
        for place, (group, part) in enumerate(self.kept_parts, start=sites):
            day = group.shape.part_days[part] - self.first_day
            for unit in waiting:
                if 0 <= day < self.days and group.takers >> unit.index & 1 and group.shape.parts[part] in unit.parts:
                    open_here[place, day] = True
                    cheap[self.row[unit.person], day] = min(
                        cheap[self.row[unit.person], day], wait[self.row[unit.person], day]
                    )
        ordered = np.argsort(cheap, axis=1, kind="stable")
        self.order = ordered[:, :looked]
        after = np.take_along_axis(cheap, ordered[:, looked : looked + 1], axis=1)
        self.beyond = after[:, 0] if after.shape[1] else np.full(count, NEVER)
        self.cost = np.full((count, looked, places), NEVER)
        minutes = np.array([facts.minutes[person] for person in self.owing], dtype=float).reshape(count, sites)
        minutes *= weights.travel_minute
        for number in range(count):
            days = self.order[number]
            cost = wait[number, days][:, None] + minutes[number][None, :]
            possible = open_here[:sites, days].T & welcome[:, number][None, :] & able[number, days][:, None]
            cost = np.where(possible, cost, NEVER)
            if not hears[number]:
                spoke = np.nonzero(speaks[number])[0]
                extra = spoken[spoke][:, :, days].min(axis=0).T if len(spoke) else np.full(cost.shape, NEVER)
                cost = np.minimum(NEVER, cost + extra)
            self.cost[number, :, :sites] = cost
        for place, (group, part) in enumerate(self.kept_parts, start=sites):
            day = group.shape.part_days[part] - self.first_day
            for unit in waiting:
                if 0 <= day < self.days and group.takers >> unit.index & 1 and group.shape.parts[part] in unit.parts:
                    number = self.row[unit.person]
                    spots = np.nonzero(self.order[number] == day)[0]
                    if len(spots):
                        self.cost[number, spots[0], place] = wait[number, day] + minutes[number, group.site]
        self.paid = np.concatenate([np.ones(sites), np.zeros(len(self.kept_parts))])

    def _supply(self, base: Draft, days_of: Callable[[int], Bools]) -> None:
        """Note what there is of each shared thing."""
        facts = self.facts
        problem, rules = facts.problem, facts.problem.rules
        sites = len(problem.sites)
        civic = [index for index, one in enumerate(problem.trainers) if "civic" in one.qualifications]
        pool = list(range(sites))  # sites that share a trainer are one pool

        def root(site: int) -> int:
            while pool[site] != site:
                site = pool[site]
            return site

        for trainer in civic:
            shared = [site for site in range(sites) if trainer in facts.trainers_at[site]]
            for site in shared[1:]:
                pool[root(site)] = root(shared[0])
        roots = sorted({root(site) for site in range(sites)})
        self.pool = np.array([roots.index(root(site)) for site in range(sites)], dtype=np.int64)
        self.week = (self.first_day + np.arange(self.days) - facts.base) // 7
        weeks = int(self.week[-1]) + 1
        half_days = max(1, len(rules.civic_slots))
        self.by_day = np.zeros((len(roots), self.days))
        self.by_week = np.zeros((len(roots), weeks))
        self.site_open = np.zeros((sites, self.days), dtype=bool)
        for trainer in civic:
            shared = [site for site in range(sites) if trainer in facts.trainers_at[site]]
            if not shared:
                continue
            at_work = days_of(facts.trainer_free[trainer] & ~base.trainer_busy[trainer])
            place = self.pool[shared[0]]
            self.by_day[place] += at_work
            most = problem.trainers[trainer].max_half_days_week
            used = base.trainer_weeks[trainer]
            self.by_week[place] += [max(0, most - used.get(week, 0)) // half_days for week in range(weeks)]
            for site in shared:
                self.site_open[site] |= at_work
        for site in range(sites):
            self.site_open[site] &= days_of(facts.site_open[site][Training.CIVIC])
        extra = sum(one.extra_seats for one in problem.allowances)
        bodies = sorted({site.body for site in problem.sites})
        self.body = np.array([bodies.index(site.body) for site in problem.sites], dtype=np.int64)
        self.kept_parts = [
            (group, part)
            for group in self.kept
            if group.shape.training is Training.CIVIC
            for part in range(len(group.counts))
            if group.counts[part] < group.seats
        ]
        places = sites + len(self.kept_parts)
        self.heads = np.ones(places, dtype=np.int64)
        self.seats = np.zeros((places, self.days))
        size = rules.civic_size
        for site in range(sites):
            rooms = facts.rooms_at[site]
            self.heads[site] = max([1, *(size.offered(problem.rooms[room].seats) + extra for room in rooms)])
            for room in rooms:
                vacant = days_of(facts.all & ~base.room_busy[room])
                self.seats[site] += vacant * (size.offered(problem.rooms[room].seats) + extra)
        self.place_pool = np.concatenate([self.pool, np.zeros(len(self.kept_parts), dtype=np.int64)])
        lots = [0.0] * len(bodies)
        minutes = [0.0] * len(bodies)
        for number, lot in enumerate(problem.lots):
            if lot.body not in bodies:
                continue
            there = bodies.index(lot.body)
            left = max(0, base.lot_left[number])
            if lot.training is Training.CIVIC:
                lots[there] += left if lot.unit is LotUnit.PERSON_DAYS else left / max(1, rules.civic_meeting_minutes)
            else:
                minutes[there] += left if lot.unit is LotUnit.PERSON_MINUTES else NEVER
        self.civic_left, self.course_left = np.array(lots), np.array(minutes)
        place_body = list(self.body)
        for place, (group, part) in enumerate(self.kept_parts, start=sites):
            day = group.shape.part_days[part] - self.first_day
            if 0 <= day < self.days:
                self.seats[place, day] = group.seats - group.counts[part]
            place_body.append(self.body[group.site])
        self.place_body = np.array(place_body, dtype=np.int64)
        self.lot_use = np.array([1.0] * sites + [0.0 if group.lot is None else 1.0 for group, _ in self.kept_parts])

    # -- courses ------------------------------------------------------------------------------------------------

    def _courses(self, base: Draft, candidates: list[Candidate]) -> None:
        """List for each person the courses that they could attend, grouped by when these leave no civic day."""
        facts = self.facts
        problem, weights, rules = facts.problem, facts.problem.weights, facts.problem.rules
        extra = sum(one.extra_seats for one in problem.allowances)
        kinds: dict[tuple[int, int], int] = {}
        blocked: list[list[bool]] = []
        blocks: list[Floats] = []
        self.course_units = [
            unit for unit in self.units if unit.training is Training.LANGUAGE and not base.fixed >> unit.index & 1
        ]
        number_of = {unit.index: number for number, unit in enumerate(self.course_units)}
        places: list[tuple[Shape, int, int, dict[int, int], int, float, bool]] = []
        for one in candidates:
            if one.shape.training is not Training.LANGUAGE:
                continue
            heads = max([0, *(problem.rooms[room].seats for room in facts.rooms_at[one.site])])
            full = rules.language_size.offered(heads) + extra
            most = max(1, min(full, one.takers.bit_count()))
            share = (weights.language_group + weights.empty_seat * (full - most)) / most
            places.append((one.shape, one.site, one.takers, one.entries, self.body[one.site], share, True))
        for group in self.kept:
            if group.shape.training is Training.LANGUAGE and group.counts[0] < group.seats:
                paid = group.lot is not None
                places.append((group.shape, group.site, group.takers, group.entries, self.body[group.site], 0.0, paid))
        index = np.array([unit.index for unit in self.course_units], dtype=np.int64)
        people = [problem.people[unit.person] for unit in self.course_units]
        terms = np.array([person.term_on.toordinal() for person in people], dtype=np.int64)
        owed = np.array([unit.needs[0].minutes for unit in self.course_units], dtype=np.int64)
        signed = np.array([person.signed_on.toordinal() for person in people], dtype=np.int64)
        minutes = [facts.minutes[unit.person] for unit in self.course_units]
        travel = np.array(minutes, dtype=np.int64).reshape(len(minutes), len(problem.sites))

        def kind_of(shape: Shape, joins_on: int) -> int:
            key = (shape.mask, joins_on)
            if key not in kinds:
                kinds[key] = len(blocked)
                blocked.append(
                    [
                        bool(mask & shape.mask) and self.first_day + day >= joins_on
                        for day, mask in enumerate(self.masks)
                    ]
                )
            return kinds[key]

        for shape, site, takers, entries, body, share, paid in places:
            able = np.nonzero(bools_of(takers & ~base.fixed, len(self.units))[index])[0] if len(index) else index
            passed = np.maximum(0, shape.days[0] - signed[able])
            block = np.zeros((len(able), 6))
            block[:, 0] = able
            block[:, 1] = kind_of(shape, shape.days[0])
            block[:, 2] = weights.wait * (passed + passed * passed // LONG_WAIT_DAYS)
            block[:, 2] += weights.travel_minute * travel[able, site] + share
            block[:, 3] = weights.late_contract * facts.are_late(owed[able], terms[able], shape)
            block[:, 4] = body
            block[:, 5] = shape.minutes if paid else 0
            for late, joins_on in entries.items():
                number = number_of.get(late)
                spot = int(np.searchsorted(able, number)) if number is not None else len(able)
                if spot < len(able) and able[spot] == number:
                    unit = self.units[late]
                    block[spot, 1] = kind_of(shape, joins_on)
                    block[spot, 2] = facts.comfort(unit, shape, site, joins_on) + share
                    block[spot, 3] = weights.late_contract if facts.is_late(unit, shape, joins_on) else 0
                    block[spot, 5] = facts.minutes_from(shape, joins_on) if paid else 0
            blocks.append(block)
        table = np.concatenate(blocks) if blocks else np.zeros((0, 6))
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
        self.r_unit = table[:, 0].astype(np.int64)
        self.r_kind = table[:, 1].astype(np.int64)
        self.r_cost, self.r_late, self.r_minutes = table[:, 2], table[:, 3], table[:, 5]
        self.r_body = table[:, 4].astype(np.int64)
        self.blocked = np.array(blocked, dtype=bool).reshape(len(blocked), self.days)
        fresh = np.ones(len(table), dtype=bool)
        fresh[1:] = (self.r_unit[1:] != self.r_unit[:-1]) | (self.r_kind[1:] != self.r_kind[:-1])
        self.starts = np.nonzero(fresh)[0]
        self.pair_unit, self.pair_kind = self.r_unit[self.starts], self.r_kind[self.starts]
        self.pair_of_row = np.cumsum(fresh) - 1
        self.kinds = kinds
        self.course_weight = np.array([unit.weight for unit in self.course_units], dtype=float)
        self.course_row = np.array([self.row.get(unit.person, -1) for unit in self.course_units], dtype=np.int64)

    def without_comfort(self) -> "Relaxation":
        """Return the same relaxation in which T3 costs nothing: what is proven of T1 and T2 alone."""
        twin = Relaxation.__new__(Relaxation)
        twin.__dict__.update(self.__dict__)
        twin.cost = np.where(self.cost < NEVER, 0.0, NEVER)
        twin.beyond = np.where(self.beyond < NEVER, 0.0, NEVER)
        twin.share = np.zeros_like(self.share)
        twin.r_cost = np.zeros_like(self.r_cost)
        return twin

    # -- prices ----------------------------------------------------------------------------------------------------

    def start(self, first: float, second: float) -> Prices:
        """Return prices of nothing for what is shared."""
        return Prices(
            first=first,
            second=second,
            week=np.zeros(self.by_week.shape),
            day=np.zeros(self.by_day.shape),
            seat=np.zeros(self.seats.shape),
            civic_lot=np.zeros(len(self.civic_left)),
            course_lot=np.zeros(len(self.course_left)),
        )

    def solve(self, prices: Prices, *, steps: bool = True) -> Found:
        """Return the cheapest itineraries at these prices, the bound they prove and how far use is from supply."""
        rent = (prices.week[self.place_pool][:, self.week] + prices.day[self.place_pool]) * self.paid[:, None]
        seat = rent / np.maximum(1, self.heads)[:, None] + prices.seat + self.share[:, None]
        seat = seat + (prices.civic_lot[self.place_body] * self.lot_use)[:, None]
        priced = self.cost + seat.T[self.order]
        place = priced.argmin(axis=2) if priced.shape[2] else np.zeros(priced.shape[:2], dtype=np.int64)
        cost = np.take_along_axis(priced, place[:, :, None], axis=2)[:, :, 0]
        left = prices.first * self.left
        alone, chosen, taken = self._days(cost, left, self.cuts, self.beyond)
        total = np.where(self.loose, 0.0, alone)
        course_cost = self.r_cost + prices.second * self.r_late + prices.course_lot[self.r_body] * self.r_minutes
        value = total.sum()
        picked = np.full(len(self.course_units), -1, dtype=np.int64)
        clash = None
        if len(self.starts):
            best = np.minimum.reduceat(course_cost, self.starts)
            value, picked, clash = self._itineraries(prices, cost, left, alone, best, chosen, taken)
        elif len(self.course_units):
            value += prices.first * self.course_weight.sum()
        unplaced = self.left[np.arange(len(self.owing)), chosen].sum() if len(self.owing) else 0.0
        unplaced += self.course_weight[picked < 0].sum()
        supply = (
            (prices.week * self.by_week).sum()
            + (prices.day * self.by_day).sum()
            + (prices.seat * self.seats).sum()
            + (prices.civic_lot * self.civic_left).sum()
            + (prices.course_lot * self.course_left).sum()
        )
        rows = self._rows_of(picked, course_cost)
        late = self.r_late[rows].sum() if len(rows) else 0.0
        found = Found(value=float(value - supply), tiers=(float(unplaced), float(late)), clash=clash)
        if steps:
            found.steps = self._steps(place, chosen, taken, rows)
        return found

    def _days(self, cost: Floats, left: Floats, cuts: Bools, beyond: Floats) -> tuple[Floats, Ints, Ints]:
        """Return for each row the least cost, how many days are taken, and which, cheapest first."""
        count = len(cost)
        if not count:
            return np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros((0, _MOST_DAYS), dtype=np.int64)
        width = min(_MOST_DAYS, cost.shape[1])
        near = (
            np.argpartition(cost, width - 1, axis=1)[:, :width]
            if cost.shape[1] > width
            else np.tile(np.arange(cost.shape[1]), (count, 1))
        )
        values = np.take_along_axis(cost, near, axis=1)
        rank = np.argsort(values, axis=1, kind="stable")
        near = np.take_along_axis(near, rank, axis=1)
        values = np.minimum(np.take_along_axis(values, rank, axis=1), beyond[:, None])
        if width < _MOST_DAYS:
            more = np.repeat(beyond[:, None], _MOST_DAYS - width, axis=1)
            values = np.concatenate([values, more], axis=1)
            near = np.concatenate([near, np.zeros((count, _MOST_DAYS - width), dtype=np.int64)], axis=1)
        sums = np.concatenate([np.zeros((count, 1)), np.cumsum(values, axis=1)], axis=1)
        options = np.where(cuts, sums + left, np.inf)
        chosen = options.argmin(axis=1)
        return options[np.arange(count), chosen], chosen, near

    def _itineraries(  # noqa: PLR0917 - one place calls it, in this order
        self, prices: Prices, cost: Floats, left: Floats, alone: Floats, best: Floats, chosen: Ints, taken: Ints
    ) -> tuple[float, Ints, Floats]:
        """Return the sum of the cheapest itineraries, each course person's pair, and what each pair's clash costs."""
        rows = self.course_row[self.pair_unit]
        civic = rows >= 0
        without = np.where(civic, alone[np.maximum(rows, 0)] if len(alone) else 0.0, 0.0)
        total = best + without  # exact where the course leaves the civic days alone
        looked = np.maximum(rows, 0)
        if civic.any():
            blocked = np.take_along_axis(self.blocked[self.pair_kind], self.order[looked], axis=1)
            rank = np.take_along_axis(blocked, taken[looked], axis=1) & (
                np.arange(_MOST_DAYS)[None, :] < chosen[looked][:, None]
            )
            hit = civic & rank.any(axis=1)
            where = np.nonzero(hit)[0]
            row = looked[where]
            priced = np.where(blocked[where], NEVER, cost[row])
            value, count, days = self._days(priced, left[row], self.cuts[row], self.beyond[row])
            total[where] = best[where] + value
        clash = total - best - without
        if len(alone):
            loose = civic & self.loose[looked]
            total[loose] = best[loose]
            clash[loose] = 0
        starts = np.nonzero(np.r_[True, self.pair_unit[1:] != self.pair_unit[:-1]])[0]
        units = self.pair_unit[starts]
        least = np.minimum.reduceat(total, starts)
        own = self.course_row
        skipped = prices.first * self.course_weight
        if len(alone):
            mine = np.maximum(own, 0)
            skipped = skipped + np.where((own >= 0) & ~self.loose[mine], alone[mine], 0.0)
        result = skipped.copy()
        picked = np.full(len(self.course_units), -1, dtype=np.int64)
        at_least = total <= least[np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(total)]))]
        pairs = np.arange(len(total))
        first = np.minimum.reduceat(np.where(at_least, pairs, len(total)), starts)
        better = least < skipped[units]
        result[units[better]] = least[better]
        picked[units[better]] = first[better]
        if civic.any():
            position = np.full(len(total), -1, dtype=np.int64)
            position[where] = np.arange(len(where))
            for unit in units[better].tolist():
                spot = position[picked[unit]]
                if spot >= 0:
                    chosen[self.course_row[unit]] = count[spot]
                    taken[self.course_row[unit]] = days[spot]
        others = np.ones(len(self.owing), dtype=bool)
        others[own[own >= 0]] = False
        rest = np.where(self.loose, 0.0, alone)[others].sum() if len(alone) else 0.0
        return float(result.sum() + rest), picked, clash

    def _rows_of(self, picked: Ints, course_cost: Floats) -> Ints:
        rows = []
        for pair in picked[picked >= 0].tolist():
            first = self.starts[pair]
            last = self.starts[pair + 1] if pair + 1 < len(self.starts) else len(course_cost)
            rows.append(first + int(course_cost[first:last].argmin()))
        return np.array(rows, dtype=np.int64)

    def _steps(self, place: Ints, chosen: Ints, taken: Ints, rows: Ints) -> dict[str, Floats]:
        """Return use less supply of each shared thing."""
        used = np.arange(_MOST_DAYS)[None, :] < chosen[:, None]
        who, which = np.nonzero(used)
        spot = taken[who, which]
        there = place[who, spot]
        day = self.order[who, spot]
        people = np.zeros(self.seats.shape)
        np.add.at(people, (there, day), 1)
        groups = people / np.maximum(1, self.heads)[:, None] * self.paid[:, None]
        by_day = np.zeros(self.by_day.shape)
        np.add.at(by_day, self.place_pool, groups)
        by_week = np.zeros(self.by_week.shape)
        np.add.at(by_week.T, self.week, by_day.T)
        lots = np.bincount(self.place_body[there], self.lot_use[there], len(self.civic_left))
        minutes = np.bincount(self.r_body[rows], self.r_minutes[rows], len(self.course_left))
        return {
            "week": by_week - self.by_week,
            "day": by_day - self.by_day,
            "seat": people - self.seats,
            "civic_lot": lots - self.civic_left,
            "course_lot": minutes - self.course_left,
        }
