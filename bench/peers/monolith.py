"""
One big integer model of the whole problem, as the solvers' own documentation teaches it: a Boolean for each person and
group, one for each group, one for each language of a group. `--engine cpsat` or `--engine highs` (through MathOpt).

The candidates are those of the engine; where the seats would be more than `MOST`, civic groups are thinned evenly.
Rooms and trainers are counted by half-day and named afterwards with exact books; what cannot be named is dropped.
"""

import sys
import time
from collections import defaultdict
from datetime import timedelta

engine = sys.argv.pop()
import common

from services.scheduler.domain.problem import Training
from services.scheduler.solver.candidates import candidates
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Facts, bits_of

FIRST, SECOND = 200, 4  # the three tiers in one sum, as the bench folds them
MOST = 100_000  # seats in the model
begin = time.monotonic()
asked = common.arguments()
problem = common.read(asked.problem)
facts = Facts(problem)
units = facts.units(())
draft = Draft(facts, units)
weights, rules = problem.weights, problem.rules
every = candidates(facts, units)
courses = [one for one in every if one.shape.training is Training.LANGUAGE]
civic = sorted((one for one in every if one.shape.training is Training.CIVIC), key=lambda one: one.shape.days[0])
room_left = max(MOST // 4, MOST - sum(one.takers.bit_count() for one in courses))
seats = sum(one.takers.bit_count() for one in civic)
step = max(1, -(-seats // room_left))
kept = civic[::step]
total = sum(one.takers.bit_count() for one in courses)
kept += courses[:: max(1, -(-total // (MOST // 2)))]


class CpSat:
    def __init__(self):
        from ortools.sat.python import cp_model

        self.cp_model, self.model, self.goal = cp_model, cp_model.CpModel(), []

    def boolean(self):
        return self.model.new_bool_var("")

    def at_most(self, terms, most):
        self.model.add(sum(a * x for a, x in terms) <= most)

    def solve(self, seconds):
        self.model.minimize(sum(a * x for a, x in self.goal))
        solver = self.cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = asked.workers
        if asked.workers == 1:
            solver.parameters.linearization_level = 2
        status = solver.solve(self.model)
        good = status in {self.cp_model.OPTIMAL, self.cp_model.FEASIBLE}
        return (lambda x: bool(solver.value(x))) if good else None


class Highs:
    def __init__(self):
        from ortools.math_opt.python import mathopt

        self.mathopt, self.model, self.goal = mathopt, mathopt.Model(), []

    def boolean(self):
        return self.model.add_binary_variable()

    def at_most(self, terms, most):
        self.model.add_linear_constraint(sum(a * x for a, x in terms) <= most)

    def solve(self, seconds):
        self.model.minimize(sum(a * x for a, x in self.goal))
        limits = self.mathopt.SolveParameters(time_limit=timedelta(seconds=seconds))
        result = self.mathopt.solve(self.model, self.mathopt.SolverType.HIGHS, params=limits)
        if not result.has_primal_feasible_solution():
            return None
        values = result.variable_values()
        return lambda x: values[x] > 0.5


model = CpSat() if engine == "cpsat" else Highs()
opened, sits = [], {}
rooms, trainers, weeks, heard = defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list)
of_unit, of_person_bit, lots = defaultdict(list), defaultdict(list), defaultdict(list)
for number, one in enumerate(kept):
    group = model.boolean()
    opened.append(group)
    shape = one.shape
    training = shape.training
    size = rules.civic_size if training is Training.CIVIC else rules.language_size
    most = min(size.maximum, max(problem.rooms[room].seats for room in facts.rooms_at[one.site]))
    price = weights.civic_group if training is Training.CIVIC else weights.language_group
    model.goal.append((price + weights.empty_seat * most * len(shape.parts), group))
    body = problem.sites[one.site].body
    kind = "civic" if training is Training.CIVIC else "language"
    for bit in bits_of(shape.mask):
        rooms[one.site, bit].append((1, group))
        trainers[body, kind, bit].append((1, group))
    for week, count in shape.weeks:
        weeks[body, kind, week].append((count, group))
    spoken = {}
    inside = []
    for index in bits_of(one.takers):
        unit = units[index]
        seat = model.boolean()
        sits[index, number] = seat
        joins_on = draft.entry_day(unit, shape, one.entries)
        cost = facts.comfort(unit, shape, one.site, joins_on) - weights.empty_seat * len(unit.parts)
        cost += SECOND * weights.late_contract * facts.is_late(unit, shape, joins_on)
        model.goal.append((cost - FIRST * unit.weight, seat))
        inside.append((1, seat))
        of_unit[index].append((1, seat))
        lots[body, kind].append((facts.quantity(unit, shape, joins_on), seat))
        for bit in bits_of(facts.unit_mask(unit, shape, joins_on)) if unit.person in facts.owes_language else ():
            of_person_bit[unit.person, bit].append((1, seat))
        person = problem.people[unit.person]
        if training is Training.CIVIC and not facts.hears[unit.person]:
            for language in person.languages:
                if language in facts.interpreters_of and language not in spoken:
                    spoken[language] = model.boolean()
                    model.goal.append((weights.interpreter_half_day * len(shape.meetings), spoken[language]))
                    for bit in bits_of(shape.mask):
                        heard[language, bit].append((1, spoken[language]))
            model.at_most([(1, seat), *((-1, spoken[x]) for x in person.languages if x in spoken)], 0)
        model.at_most([(1, seat), (-1, group)], 0)
    model.at_most([*inside, (-most, group)], 0)
    model.at_most([*((-1, seat) for _, seat in inside), (size.minimum, group)], 0)
    if spoken:
        model.at_most([*((1, x) for x in spoken.values()), (-rules.interpreted_languages_max, group)], 0)
for terms in of_unit.values():
    model.at_most(terms, 1)
for terms in of_person_bit.values():
    if len(terms) > 1:
        model.at_most(terms, 1)


def teaches(trainer, body, kind):
    return trainer.body == body and ("civic" in trainer.qualifications) == (kind == "civic")


for (site, _bit), terms in rooms.items():
    model.at_most(terms, len(facts.rooms_at[site]))
for (body, kind, bit), terms in trainers.items():
    able = [number for number, one in enumerate(problem.trainers) if teaches(one, body, kind)]
    model.at_most(terms, sum(facts.trainer_free[number] >> bit & 1 for number in able))
for (body, kind, _week), terms in weeks.items():
    model.at_most(terms, sum(one.max_half_days_week for one in problem.trainers if teaches(one, body, kind)))
for (language, bit), terms in heard.items():
    model.at_most(terms, sum(facts.interpreter_free[one] >> bit & 1 for one in facts.interpreters_of[language]))
for (body, kind), terms in lots.items():
    paying = [n for n, lot in enumerate(problem.lots) if lot.body == body and lot.training.value == kind]
    model.at_most(terms, sum(draft.lot_left[number] for number in paying))
# Civic order: whoever has a later bundle has the earlier one, and it is over.
by_unit = defaultdict(list)
for (index, number), seat in sits.items():
    by_unit[index].append((kept[number].shape.part_days, seat))
for unit in units:
    for other, earlier, gap in draft.kin[unit.index]:
        if earlier and by_unit[unit.index]:
            for day in sorted({days[0] for days, _ in by_unit[unit.index]}):
                first = [(1, seat) for days, seat in by_unit[unit.index] if days[0] <= day]
                done = [(-1, seat) for days, seat in by_unit[other] if days[-1] + gap <= day]
                model.at_most([*first, *done], 0)
chosen = model.solve(max(1.0, asked.limit - (time.monotonic() - begin)))
if chosen is not None:
    order = sorted((n for n in range(len(kept)) if chosen(opened[n])), key=lambda n: (kept[n].shape.days[0], n))
    for number in order:
        people = [units[index] for index in bits_of(kept[number].takers) if chosen(sits[index, number])]
        if people:
            common.open_and_seat(draft, kept[number], people, 1)
    draft.mend()
common.write(asked.plan, problem, draft, f"{engine}-{asked.workers}")
