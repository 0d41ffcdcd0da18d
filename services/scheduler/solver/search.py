"""
The search: open the groups that seat most, seat who is left, then undo and redo neighbourhoods while it pays.

Building is greedy with exact books. Improving is large-neighbourhood search: close a few related groups, fill again
with a little noise, keep what is not worse. Seats inside open groups are settled exactly by a minimum-cost flow.
All choices come from one seeded generator and from lists in a fixed order, so a run under a work limit can be
repeated to the letter.
"""

from collections.abc import Callable, Iterable
from random import Random

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import Candidate
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import Unit, bits_of

__all__ = ["Search"]

_UNPLACED = 20  # how much one T1 point outweighs one T3 point while a group is chosen
_LATE = 1500  # what a late contract costs while a group is chosen, in T3 points
_SCARCE = 3000  # what a seat is worth more to a unit with a single possible group
_LOOK = 24  # candidates looked at closely for each group that is opened
_TRIES = 40  # candidates asked in all for each group that a step opens
_FROM_KEPT = 0.3  # share of steps that also move newcomers out of published groups
_GATHER_TRIES = 30  # groups looked at to call people together
_SAMPLE = 3000  # candidates counted to learn how many groups each unit could sit in
_SEATED = 100_000  # worth of a seat in the flow, far above any comfort


def _nothing() -> None:
    """Do nothing."""


class Search:
    """One search over one problem's candidates."""

    def __init__(self, candidates: list[Candidate], units: list[Unit], random: Random) -> None:
        self.candidates = candidates
        self.random = random
        self.beat: Callable[[], None] = _nothing  # called often, so that progress can be told
        options = [1] * len(units)
        every = 1 + len(candidates) // _SAMPLE
        for candidate in candidates[::every]:
            for unit in bits_of(candidate.takers):
                options[unit] += every
        self.worth = [_UNPLACED * unit.weight + _SCARCE // min(options[unit.index], _SCARCE) for unit in units]
        ranks = sorted({unit.ranks for unit in units if unit.training is Training.CIVIC})
        parts = {candidate.shape.parts: candidate.shape.training for candidate in candidates}
        order = {unit.parts: unit.ranks for unit in units}
        civic = sorted(
            (kind for kind, training in parts.items() if training is Training.CIVIC),
            key=lambda kind: (order.get(kind, ranks[0] if ranks else (0, 0)), kind),
        )
        courses = sorted(kind for kind, training in parts.items() if training is Training.LANGUAGE)
        self.civic_stages = [[one for one in candidates if one.shape.parts == kind] for kind in civic]
        self.course_stages = [[one for one in candidates if one.shape.parts == kind] for kind in courses]

    def build(self, draft: Draft, order: int) -> None:
        """Fill an empty draft; `order` 0 puts the first civic days before courses, 1 courses first, 2 courses last."""
        first, rest = self.civic_stages[:1], self.civic_stages[1:]
        stages = (
            [*first, *self.course_stages, *rest],
            [*self.course_stages, *first, *rest],
            [*first, *rest, *self.course_stages],
        )[order]
        pool = draft.unplaced
        self.insert(draft, pool)
        for stage in stages:
            self._fill(draft, stage, pool, noise=0.0, tries=None)
            self.insert(draft, pool)
        self._fill_all(draft, pool, noise=0.0, tries=None)

    def step(self, draft: Draft, number: int) -> Draft:
        """Return a neighbour of the draft, better or worse, reached by closing some groups and filling again."""
        trial = draft.copy()
        if number % 4 == 3 and trial.unplaced:
            self._gather(trial)
        else:
            closed = self._neighbourhood(trial, number)
            for group in closed:
                trial.close(group)
            if not closed or self.random.random() < _FROM_KEPT:
                self._leave_kept(trial)
        pool = trial.unplaced
        courses_first = self.random.random() < 0.5
        noise = self.random.choice((0.0, 0.1, 0.3))
        if self.random.random() < 0.5:
            self.insert(trial, pool)
        self._fill_all(trial, pool, noise=noise, tries=_TRIES, courses_first=courses_first)
        if trial.mend():
            self.insert(trial, trial.unplaced)
            trial.mend()
        return trial

    def insert(self, draft: Draft, pool: int) -> None:
        """Seat the units of the pool in groups that are open, each where it is most comfortable."""
        facts = draft.facts
        for index in draft.placeable(pool):
            unit = draft.units[index]
            best: tuple[int, int, int] | None = None
            for group in draft.groups.values():
                if not group.takers >> index & 1:
                    continue
                joins_on = draft.joins(index, group)
                if joins_on is None:
                    continue
                late = _LATE if facts.is_late(unit, group.shape, joins_on) else 0
                cost = late + facts.comfort(unit, group.shape, group.site, joins_on)
                if best is None or (cost, group.key) < best[:2]:
                    best = (cost, group.key, joins_on)
            if best is not None:
                draft.seat(index, draft.groups[best[1]], best[2])
            else:
                self._insert_with_interpreter(draft, unit)

    def settle(self, draft: Draft) -> Draft:
        """Return the draft with the seats of each kind of group settled by a minimum-cost flow, if that is better."""
        best = draft
        for stage in (*self.civic_stages, *self.course_stages):
            parts = stage[0].shape.parts
            trial = best.copy()
            if self._settle_kind(trial, parts):
                trial.mend()
                self.insert(trial, trial.unplaced)
                if trial.value() < best.value():
                    best = trial
        return best

    def complete(self, draft: Draft) -> None:
        """Open what can still be opened for who is left."""
        self._fill_all(draft, draft.unplaced, noise=0.0, tries=None)
        draft.mend()

    def _fill_all(
        self, draft: Draft, pool: int, *, noise: float, tries: int | None, courses_first: bool = False
    ) -> None:
        stages = (
            [*self.course_stages, *self.civic_stages] if courses_first else [*self.civic_stages, *self.course_stages]
        )
        for stage in stages:
            self._fill(draft, stage, pool, noise=noise, tries=tries)
        self.insert(draft, pool)

    def _fill(self, draft: Draft, stage: list[Candidate], pool: int, *, noise: float, tries: int | None) -> None:
        """Open groups of one kind, the most worthwhile first, until none is worth it."""
        size = draft.facts.problem.rules
        limits = size.civic_size if stage[0].shape.training is Training.CIVIC else size.language_size
        least = limits.minimum
        if any(allowance.minimum is not None for allowance in draft.facts.problem.allowances):
            least = 1
        enough = 2 * limits.maximum  # beyond that, more takers do not make a better group, and an earlier one does
        # A group that cannot open now cannot open later in this stage: books only fill up.
        hopeless: set[int] = set()
        while True:
            self.beat()
            waiting = draft.ready(pool & draft.unplaced)
            if waiting.bit_count() < least:
                return
            ranked = [
                (min(count, enough), -one.shape.days[0], -one.index)
                for one in stage
                if one.index not in hopeless and (count := (one.takers & waiting).bit_count()) >= least
            ]
            ranked.sort(reverse=True)
            best: tuple[float, _Offer] | None = None
            looked = tried = 0
            for count, _, minus in ranked:
                if looked >= _LOOK or (best is not None and count < limits.maximum and looked >= _LOOK // 2):
                    break
                if tries is not None and tried >= tries:
                    break
                tried += 1
                candidate = self.candidates[-minus]
                offer = self._offer(draft, candidate, waiting)
                if offer is None:
                    hopeless.add(candidate.index)
                    continue
                looked += 1
                gain = offer.gain * (1 + noise * (self.random.random() - 0.5)) if noise else float(offer.gain)
                if best is None or gain > best[0]:
                    best = (gain, offer)
            if best is None:
                return
            self._accept(draft, best[1])

    def _offer(self, draft: Draft, candidate: Candidate, waiting: int) -> "_Offer | None":
        """Return what the candidate would seat now, with its room, trainer, interpreters and lot; None: cannot open."""
        facts, shape, site = draft.facts, candidate.shape, candidate.site
        problem = facts.problem
        proposed = candidate.proposed
        room = draft.room_for(shape, site)
        trainer = draft.trainer_for(shape, site)
        if proposed is not None:
            room = next(index for index, one in enumerate(problem.rooms) if one.id == proposed.room)
            if draft.room_busy[room] & shape.mask:
                return None
        if room is None or trainer is None:
            return None
        lot = draft.lot_for(shape, site, 1)
        if lot is None:
            return None
        civic = shape.training is Training.CIVIC
        limits = problem.rules.civic_size if civic else problem.rules.language_size
        seats, minimum = limits.offered(problem.rooms[room].seats), limits.minimum
        if facts.allowances:
            allowance = facts.allowances.get(draft.id_of(shape, site, room, candidate.rhythm))
            if allowance is not None:
                seats += allowance.extra_seats
                minimum = minimum if allowance.minimum is None else allowance.minimum
        able: list[tuple[int, int, int, int]] = []  # worth, unit, day, quantity
        for index in bits_of(candidate.takers & waiting):
            unit = draft.units[index]
            joins_on = draft.entry_day(unit, shape, candidate.entries)
            if draft.busy[unit.person] & facts.unit_mask(unit, shape, joins_on):
                continue
            if not draft.in_order(unit, shape) or not draft.room_suits(unit, room):
                continue
            worth = self.worth[index] - facts.comfort(unit, shape, site, joins_on)
            if facts.is_late(unit, shape, joins_on):
                worth -= _LATE
            able.append((worth, index, joins_on, facts.quantity(unit, shape, joins_on)))
        if len(able) < minimum:
            return None
        languages = self._languages(draft, candidate, able) if civic else {}
        able.sort(key=lambda one: (-one[0], one[1]))
        counts = dict.fromkeys(shape.parts, 0)
        left = draft.lot_left[lot]
        chosen: list[tuple[int, int]] = []
        gain = 0
        for worth, index, joins_on, quantity in able:
            unit = draft.units[index]
            if quantity > left or any(counts[part] >= seats for part in unit.parts):
                continue
            if civic and not self._heard(draft, unit, languages):
                continue
            for part in unit.parts:
                counts[part] += 1
            left -= quantity
            gain += worth
            chosen.append((index, joins_on))
        if min(counts.values()) < minimum:
            return None
        used = {
            language: one
            for language, one in languages.items()
            if any(self._needs(draft, draft.units[index], language) for index, _ in chosen)
        }
        weights = problem.weights
        gain -= weights.civic_group if civic else weights.language_group
        gain -= weights.interpreter_half_day * len(used) * len(shape.meetings)
        return _Offer(
            candidate=candidate, room=room, trainer=trainer, lot=lot, languages=used, chosen=chosen, gain=gain
        )

    def _languages(self, draft: Draft, candidate: Candidate, able: list[tuple[int, int, int, int]]) -> dict[str, int]:
        """Return the languages, with a free interpreter each, that let in the most people who lack French."""
        problem = draft.facts.problem
        lacking: dict[int, tuple[str, ...]] = {}
        for _, index, _, _ in able:
            person = problem.people[draft.units[index].person]
            if not person.follows_french:
                lacking[index] = person.languages
        chosen: dict[str, int] = {}
        refused: set[str] = set()
        while lacking and len(chosen) < problem.rules.interpreted_languages_max:
            worth: dict[str, int] = {}
            for index, languages in lacking.items():
                for language in languages:
                    if language not in refused:
                        worth[language] = worth.get(language, 0) + draft.units[index].weight
            if not worth:
                break
            language = min(worth, key=lambda one: (-worth[one], one))
            interpreter = draft.interpreter_for(language, candidate.shape)
            if interpreter is None:
                refused.add(language)
                continue
            chosen[language] = interpreter
            lacking = {index: spoken for index, spoken in lacking.items() if language not in spoken}
        return chosen

    @staticmethod
    def _heard(draft: Draft, unit: Unit, languages: Iterable[str]) -> bool:
        person = draft.facts.problem.people[unit.person]
        return draft.facts.hears[unit.person] or any(language in person.languages for language in languages)

    @staticmethod
    def _needs(draft: Draft, unit: Unit, language: str) -> bool:
        person = draft.facts.problem.people[unit.person]
        return not person.follows_french and language in person.languages

    @staticmethod
    def _accept(draft: Draft, offer: "_Offer") -> None:
        group = draft.open(offer.candidate, offer.room, offer.trainer, offer.lot, offer.languages)
        for unit, joins_on in offer.chosen:
            draft.seat(unit, group, joins_on)

    @staticmethod
    def _insert_with_interpreter(draft: Draft, unit: Unit) -> None:
        """Seat a civic unit in an open new group by giving that group one language more."""
        if unit.training is Training.LANGUAGE:
            return
        facts = draft.facts
        person = facts.problem.people[unit.person]
        if person.follows_french:
            return
        for group in draft.groups.values():
            full = len(group.interpreters) >= facts.problem.rules.interpreted_languages_max
            if group.kept or full or not group.takers >> unit.index & 1 or not draft.has_seat(unit, group):
                continue
            joins_on = draft.entry_day(unit, group.shape, group.entries)
            clash = draft.busy[unit.person] & facts.unit_mask(unit, group.shape, joins_on)
            if clash or not draft.in_order(unit, group.shape) or not draft.room_suits(unit, group.room):
                continue
            if not draft.lot_suffices(unit, group, joins_on):
                continue
            for language in person.languages:
                interpreter = draft.interpreter_for(language, group.shape)
                if interpreter is not None:
                    draft.add_interpreter(group, language, interpreter)
                    draft.seat(unit.index, group, joins_on)
                    return

    def _gather(self, draft: Draft) -> None:
        """Open one group for somebody without a seat, by calling in people who sit in groups that can spare them."""
        unit = self.random.choice(list(bits_of(draft.unplaced)))
        start = self.random.randrange(len(self.candidates)) if self.candidates else 0
        groups = draft.groups
        tries = 0
        for index in range(len(self.candidates)):
            candidate = self.candidates[(start + index) % len(self.candidates)]
            if not candidate.takers >> unit & 1:
                continue
            tries += 1
            free = draft.room_for(candidate.shape, candidate.site) is not None
            if not free or draft.trainer_for(candidate.shape, candidate.site) is None:
                if tries >= _GATHER_TRIES:
                    return
                continue
            spare = {key: min(group.counts) - (0 if group.kept else group.minimum) for key, group in groups.items()}
            for other in bits_of(candidate.takers & ~draft.unplaced & ~draft.fixed):
                key = draft.where[other]
                if spare[key] > 0 and groups[key].shape.parts == candidate.shape.parts:
                    spare[key] -= 1
                    draft.unseat(other)
            offer = self._offer(draft, candidate, draft.ready(draft.unplaced))
            if offer is not None:
                self._accept(draft, offer)
            return

    def _leave_kept(self, draft: Draft) -> None:
        """Take some seats in published groups back from people who were not told of them yet."""
        units = [
            unit for group in draft.groups.values() if group.kept for unit in group.units if not draft.fixed >> unit & 1
        ]
        for unit in self.random.sample(units, min(len(units), self.random.choice((1, 2, 4, 8)))):
            draft.unseat(unit)

    def _neighbourhood(self, draft: Draft, number: int) -> list[Group]:
        """Choose the groups to close: some that are related by place, time, kind, or by a person without a seat."""
        random = self.random
        groups = [group for group in draft.groups.values() if not group.kept and not self._holds_fixed(draft, group)]
        if not groups:
            return []
        count = random.choice((1, 2, 3, 4, 6))
        left = list(bits_of(draft.unplaced))
        kind = number % 3
        if kind == 0 and left:
            unit = random.choice(left)
            near = [group for group in groups if group.takers >> unit & 1]
            mates = [draft.where[index] for index in draft.of_person[draft.units[unit].person]]
            near += [group for group in groups if group.key in mates and group not in near]
            groups = near or groups
        elif kind == 1:
            seed = random.choice(groups)
            groups = [
                group for group in groups if group.site == seed.site and group.shape.training is seed.shape.training
            ]
        elif kind == 2:
            seed = random.choice(groups)
            start = seed.shape.days[0]
            groups = [group for group in groups if abs(group.shape.days[0] - start) <= 10]
        if len(groups) > count:
            groups = random.sample(groups, count)
        return groups

    @staticmethod
    def _holds_fixed(draft: Draft, group: Group) -> bool:
        return any(draft.fixed >> unit & 1 for unit in group.units)

    def _settle_kind(self, draft: Draft, parts: tuple[str, ...]) -> bool:
        """Seat all whole units of one kind anew in its open groups, exactly; the rest of the draft stands."""
        from ortools.graph.python import min_cost_flow

        facts = draft.facts
        groups = [group for group in draft.groups.values() if group.shape.parts == parts]
        units = [unit for unit in draft.units if unit.parts == parts and not draft.fixed >> unit.index & 1]
        if not groups or not units:
            return False
        unit_days: dict[tuple[int, int], int] = {}
        seated = [unit.index for unit in units if draft.where[unit.index] >= 0]
        for index in seated:
            draft.unseat(index)
        flow = min_cost_flow.SimpleMinCostFlow()
        source, sink = 0, 1
        node_of = {unit.index: 2 + number for number, unit in enumerate(units)}
        group_node = {group.key: 2 + len(units) + number for number, group in enumerate(groups)}
        arcs: dict[int, tuple[int, int]] = {}
        for unit in units:
            flow.add_arc_with_capacity_and_unit_cost(source, node_of[unit.index], 1, 0)
            flow.add_arc_with_capacity_and_unit_cost(node_of[unit.index], sink, 1, _SEATED * unit.weight // 100)
            for group in groups:
                joins_on = draft.joins(unit.index, group)
                if joins_on is not None:
                    cost = facts.comfort(unit, group.shape, group.site, joins_on)
                    if facts.is_late(unit, group.shape, joins_on):
                        cost += _LATE
                    arc = flow.add_arc_with_capacity_and_unit_cost(
                        node_of[unit.index], group_node[group.key], 1, min(cost, _SEATED // 2)
                    )
                    arcs[arc] = (unit.index, group.key)
                    unit_days[unit.index, group.key] = joins_on
        for group in groups:
            most = group.seats - max(group.counts)
            least = 0 if group.kept else max(0, group.minimum - min(group.counts))
            node = group_node[group.key]
            flow.add_arc_with_capacity_and_unit_cost(node, sink, min(least, most), -10 * _SEATED)
            flow.add_arc_with_capacity_and_unit_cost(node, sink, max(0, most - least), 0)
        flow.set_node_supply(source, len(units))
        flow.set_node_supply(sink, -len(units))
        if flow.solve() != flow.OPTIMAL:
            return False
        chosen = sorted(pair for arc, pair in arcs.items() if flow.flow(arc))
        for index, key in chosen:
            group = draft.groups[key]
            if draft.lot_suffices(draft.units[index], group, unit_days[index, key]):
                draft.seat(index, group, unit_days[index, key])
        return True


class _Offer:
    """A candidate with what it would take and whom it would seat."""

    __slots__ = ("candidate", "chosen", "gain", "languages", "lot", "room", "trainer")

    def __init__(
        self,
        *,
        candidate: Candidate,
        room: int,
        trainer: int,
        lot: int,
        languages: dict[str, int],
        chosen: list[tuple[int, int]],
        gain: int,
    ) -> None:
        self.candidate = candidate
        self.room = room
        self.trainer = trainer
        self.lot = lot
        self.languages = languages
        self.chosen = chosen
        self.gain = gain
