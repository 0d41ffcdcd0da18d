"""
Why a need has no seat, and the smallest change that would give it one.

For each unit without a seat every open group of its kind is asked what stands in the way, rule by rule, and every
group that could open for it is asked what it lacks. Each obstacle has a change that removes it and a price; the
cheapest set is the answer. On small problems the change is applied and the unit inserted again before it is stated.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from random import Random
from time import monotonic
from uuid import UUID, uuid5

from services.scheduler.domain.changes import apply_changes
from services.scheduler.domain.plan import Change, Unplaced
from services.scheduler.domain.problem import (
    DateRange,
    Interpreter,
    Lot,
    LotUnit,
    Placement,
    Session,
    Slot,
    Trainer,
    Training,
    WeeklySlots,
    WeekParity,
)
from services.scheduler.solver.candidates import Candidate, candidates, takers_of
from services.scheduler.solver.draft import Draft, Group
from services.scheduler.solver.facts import Facts, Shape, Unit, bits_of
from services.scheduler.solver.search import Search

__all__ = ["Reasons"]

_NEW_IDS = UUID("0f0c2d0e-6f0b-5d0c-8d6a-4d3d6f2a91b7")  # fixed once: ids of proposed staff are derived from it
CONFIRM_NEEDS = 400  # problems with at most so many needs have each change tried for real
_NEAR_GROUPS = 40  # open groups asked for one unit
_NEAR_CANDIDATES = 15  # groups not open asked for one unit
_HURRIED_CANDIDATES = 4  # the same when time is over
_FAR_CANDIDATES = 120  # of those, how many are asked, spread over places and days
_DEAR = 150  # above this price groups that the person could not join alone are asked as well
_TRIES = 6  # changes tried for one unit before it is stated without proof
_FULL_WEEK = WeeklySlots((1 << 18) - 1)  # Monday to Saturday, three half-days

# What each obstacle weighs when changes are compared: roughly how hard a planner finds it [A].
_PRICE_MINUTE = 2
_PRICE_SLOT = 30
_PRICE_ABSENCE = 70
_PRICE_SEAT = 25
_PRICE_MISSING_PERSON = 15
_PRICE_INTERPRETER = 80
_PRICE_TRAINER_HOURS = 60
_PRICE_TRAINER = 160
_PRICE_LOT = 40
_PRICE_WAIVER = 120

_DAYS_FR = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SLOTS_FR = {Slot.MORNING: "matin", Slot.AFTERNOON: "après-midi", Slot.EVENING: "soir"}
_MONTHS_FR = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """One rule that stands in the way of one group, in words, and the change that would lift it."""

    rule: str
    fr: str
    en: str
    price: int
    change: Change | None


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to a seat: the group, what stands in the way, and what that costs in all."""

    shape: Shape
    site: int
    obstacles: tuple[_Obstacle, ...]

    @property
    def price(self) -> int:
        return sum(obstacle.price for obstacle in self.obstacles)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(obstacle.change for obstacle in self.obstacles if obstacle.change is not None)


class Reasons:
    """The reasons of one finished draft."""

    def __init__(
        self,
        draft: Draft,
        opened: list[Candidate],
        write: Callable[[Draft], tuple[tuple[Session, ...], tuple[Placement, ...]]],
    ) -> None:
        self.draft = draft
        self.facts = draft.facts
        self.problem = draft.facts.problem
        self.opened = opened
        self.write = write
        self.tried: dict[tuple[Change, ...], bool] = {}
        self.ranked: dict[tuple[Training, tuple[str, ...]], list[Candidate]] = {}
        self.imagined: dict[tuple[tuple[str, ...], int], list[Candidate]] = {}
        self.waiters: dict[tuple[int, int], list[int]] = {}

    def explain(self, until: float | None) -> tuple[Unplaced, ...]:
        """Return the reason of each need without a seat; after `until` (monotonic) fewer groups are asked."""
        draft = self.draft
        waiting = list(draft.placeable(draft.unplaced))
        if not waiting:
            return ()
        self.candidates = self._personal(waiting)
        answers: list[Unplaced] = []
        ways: dict[int, tuple[_Way, str]] = {}
        for index in waiting:
            unit = draft.units[index]
            earlier = self._earlier(unit)
            if earlier is not None and earlier in ways:
                way, confirmed = ways[earlier]
                ways[index] = way, confirmed
                answers += self._after(unit, draft.units[earlier], way, confirmed)
                continue
            way, confirmed = self._way(unit, until)
            ways[index] = way, confirmed
            answers += self._state(unit, way, confirmed)
        return tuple(answers)

    def _earlier(self, unit: Unit) -> int | None:
        """Return the unit of earlier civic days that has no seat either."""
        if unit.training is Training.LANGUAGE:
            return None
        for index in self.draft.of_person[unit.person]:
            other = self.draft.units[index]
            earlier = other.training is Training.CIVIC and other.ranks < unit.ranks
            if earlier and self.draft.where[index] < 0:
                return index
        return None

    def _personal(self, waiting: list[int]) -> list[Candidate]:
        """Return every group that at least one waiting unit could sit in alone, whatever its size."""
        units = [self.draft.units[index] for index in waiting]
        return candidates(self.facts, units, least=1)

    def _way(self, unit: Unit, until: float | None) -> tuple[_Way, str]:
        small = len(self.problem.needs) <= CONFIRM_NEEDS
        hurried = until is not None and monotonic() > until
        ways = self._ways(unit, near=_HURRIED_CANDIDATES if hurried else _NEAR_CANDIDATES)
        if small and min(way.price for way in ways) > _DEAR:
            ways += self._far_ways(unit)
        ways.sort(key=lambda way: (way.price, way.shape.days[0], way.site))
        if not small or hurried:
            return ways[0], "insertion" if ways[0].changes else "no"
        for way in ways[:_TRIES]:
            if way.changes and self._works(way):
                return way, "solve"
        wide = self._far_ways(unit)
        for way in wide[:_TRIES]:
            if way.changes and self._works(way):
                return way, "solve"
        return ways[0], "no"

    def _works(self, way: _Way) -> bool:
        """Tell whether these changes give one need more a seat; the same changes are tried once."""
        if way.changes not in self.tried:
            self.tried[way.changes] = self._tried(way.changes)
        return self.tried[way.changes]

    def _tried(self, changes: tuple[Change, ...]) -> bool:
        """Apply the changes, take the plan over, insert again: tell whether one need more has a seat."""
        problem = apply_changes(self.problem, changes)
        facts = Facts(problem)
        old = self.draft
        draft = Draft(facts, [replace_unit(unit) for unit in old.units])
        sessions, placements = self.write(old)
        groups = {session.id: draft.adopt(session) for session in sessions}
        unit_of = {need.id: unit for unit in draft.units for need in unit.needs}
        for placement in placements:
            unit = unit_of[placement.need]
            if draft.where[unit.index] < 0:
                group = groups[placement.session]
                joins_on = old.groups[old.where[unit.index]].units[unit.index]
                draft.seat(unit.index, group, joins_on)
        draft.fixed = old.fixed
        waiting = draft.unplaced
        proposed: list[Candidate] = []
        for allowance in problem.allowances:
            if allowance.proposed is not None and allowance.session not in groups:
                shape, site = facts.shape_of(allowance.proposed), facts.site_of[allowance.proposed.site]
                takers, entries = takers_of(facts, draft.units, shape, site)
                proposed.append(
                    Candidate(
                        index=len(proposed),
                        shape=shape,
                        site=site,
                        rhythm=allowance.proposed.rhythm,
                        takers=takers,
                        entries=entries,
                        proposed=allowance.proposed,
                    )
                )
        search = Search(proposed, draft.units, Random(1))  # noqa: S311 - a search, not a secret
        search.insert(draft, waiting)
        search.complete(draft)
        return sum(len(draft.units[index].needs) for index in bits_of(draft.unplaced)) < sum(
            len(old.units[index].needs) for index in bits_of(old.unplaced)
        )

    def _ways(self, unit: Unit, near: int) -> list[_Way]:
        ways = list(self._open_ways(unit))
        ways += self._closed_ways(unit, near)
        return ways or self._far_ways(unit)

    def _open_ways(self, unit: Unit) -> Iterator[_Way]:
        """Ask the open groups of the unit's kind, the nearest first."""
        groups = [
            group
            for group in self.draft.groups.values()
            if group.shape.training is unit.training and set(unit.parts) <= set(group.shape.parts)
        ]
        groups.sort(key=lambda group: (self.facts.minutes[unit.person][group.site], group.shape.days[0], group.key))
        for group in groups[:_NEAR_GROUPS]:
            way = self._ask_open(unit, group)
            if way is not None:
                yield way

    def _ask_open(self, unit: Unit, group: Group) -> _Way | None:
        draft, problem = self.draft, self.problem
        joins_on, obstacles = self._individual(unit, group.shape, group.site, group.room, group=group)
        if joins_on is None:
            return None
        if not draft.has_seat(unit, group):
            name = draft.session_of(group).id
            full = (
                f"il est complet ({group.seats} places)",
                f"it is full ({group.seats} seats)",
            )
            change = Change(
                kind="extra_seats",
                subject=name,
                amount=1,
                fr=f"une place de plus dans {self._label_fr(group.shape)} à {self._site(group.site)}",
                en=f"one more seat in session {name}",
            )
            obstacles.append(_Obstacle("size", *full, _PRICE_SEAT, change))
        if not draft.is_heard(unit, group):
            obstacle = self._unheard(unit, group.shape, set(group.interpreters), kept=group.kept)
            if obstacle is not None:
                obstacles.append(obstacle)
        if group.lot is not None:
            lacking = self.facts.quantity(unit, group.shape, joins_on) - draft.lot_left[group.lot]
            if lacking > 0:
                obstacles.append(self._lot_short(problem.lots[group.lot], lacking))
        return _Way(group.shape, group.site, tuple(obstacles))

    def _closed_ways(self, unit: Unit, near: int) -> list[_Way]:
        """Ask the groups that could open for this unit, those with most people waiting first."""
        kind = (one for one in self._ranked(unit) if one.takers >> unit.index & 1)
        ways: list[_Way] = []
        for candidate in islice(kind, 8 * near):
            way = self._ask_closed(unit, candidate)
            if way is not None:
                ways.append(way)
            if len(ways) >= near:
                break
        return ways

    def _ranked(self, unit: Unit) -> list[Candidate]:
        """Return the groups of the unit's kind, those with most people waiting first; ranked once for all units."""
        key = (unit.training, unit.parts)
        if key not in self.ranked:
            waiting = self.draft.unplaced
            kind = [
                one
                for one in self.candidates
                if one.shape.training is unit.training and set(unit.parts) <= set(one.shape.parts)
            ]
            kind.sort(key=lambda one: (-(one.takers & waiting).bit_count(), one.shape.days[0], one.index))
            self.ranked[key] = kind
        return self.ranked[key]

    def _ask_closed(self, unit: Unit, candidate: Candidate) -> _Way | None:
        draft, problem, facts = self.draft, self.problem, self.facts
        shape, site = candidate.shape, candidate.site
        room = draft.room_for(shape, site)
        if room is None:
            return None
        joins_on, obstacles = self._individual(unit, shape, site, room, group=None)
        if joins_on is None:
            return None
        trainer, staff = self._trainer(shape, site)
        if staff is not None:
            obstacles.append(staff)
        civic = unit.training is Training.CIVIC
        heard: dict[str, int] = {}
        if civic:
            self._hear(unit, shape, heard)
            person = problem.people[unit.person]
            if not person.follows_french and heard.keys().isdisjoint(person.languages):
                obstacle = self._unheard(unit, shape, set(), kept=False)
                if obstacle is not None:
                    obstacles.append(obstacle)
        present = self._company(unit, candidate, room, heard)
        size = problem.rules.civic_size if civic else problem.rules.language_size
        counts = dict.fromkeys(shape.parts, 0)
        seats = size.offered(problem.rooms[room].seats)
        quantity, company = 0, 0
        for index in present:
            one = draft.units[index]
            if all(count >= seats for count in counts.values()):
                break
            if all(counts[part] < seats for part in one.parts):
                for part in one.parts:
                    counts[part] += 1
                entry = joins_on if index == unit.index else draft.entry_day(one, shape, candidate.entries)
                quantity += facts.quantity(one, shape, entry)
                company += 1
        lot, order = self._order(shape, site, quantity)
        if order is not None:
            obstacles.append(order)
        people = min(counts.values())
        minimum = size.minimum
        name = draft.id_of(shape, site, room, candidate.rhythm)
        if name in facts.allowances and facts.allowances[name].minimum is not None:
            minimum = facts.allowances[name].minimum or minimum
        session = Session(
            id=name,
            training=shape.training,
            parts=shape.parts,
            site=problem.sites[site].id,
            room=problem.rooms[room].id,
            trainer=trainer,
            lot=lot,
            rhythm=candidate.rhythm,
            meetings=shape.meetings,
        )
        if people < minimum:
            fewest = max(0, people) or 0
            change = Change(
                kind="smaller_group",
                subject=name,
                amount=max(1, fewest),
                session=session,
                fr=f"ouvrir {self._label_fr(shape)} à {self._site(site)} avec {max(1, fewest)} personnes",
                en=f"open a group of {'+'.join(shape.parts)} at {self._site(site)} on {shape.meetings[0].day} with "
                f"{max(1, fewest)} people",
            )
            obstacles.append(
                _Obstacle(
                    "size",
                    f"il ne réunirait que {people} personnes sur les {minimum} nécessaires",
                    f"it would gather {people} of the {minimum} people that it takes",
                    _PRICE_MISSING_PERSON * (minimum - people),
                    change,
                )
            )
        elif not obstacles or candidate.proposed is None:
            obstacles.append(self._proposal(session, shape, site))
        return _Way(shape, site, tuple(obstacles))

    def _proposal(self, session: Session, shape: Shape, site: int) -> _Obstacle:
        """Name the group that could open once the rest is granted; its size is right, so nothing else changes."""
        change = Change(
            kind="smaller_group",
            subject=session.id,
            session=session,
            fr=f"ouvrir {self._label_fr(shape)} à {self._site(site)}",
            en=f"open a group of {'+'.join(shape.parts)} at {self._site(site)} on {shape.meetings[0].day}",
        )
        return _Obstacle("size", "il n'est pas ouvert", "it is not open", _PRICE_MISSING_PERSON, change)

    def _far_ways(self, unit: Unit) -> list[_Way]:
        """Ask groups that the person could join only with rules lifted: more slots, a longer way, new staff."""
        found = sorted(
            self._imaginable(unit),
            key=lambda one: (self.facts.minutes[unit.person][one.site], one.shape.days[0], one.index),
        )
        # One start and one pattern at a time from each site, so that the list is short and varied.
        ways = []
        for candidate in found[:: max(1, len(found) // _FAR_CANDIDATES)]:
            way = self._ask_closed(unit, replace(candidate, takers=1 << unit.index, entries={}))
            if way is not None:
                ways.append(way)
        ways.sort(key=lambda way: (way.price, way.shape.days[0], way.site))
        return ways or [self._nowhere(unit)]

    def _imaginable(self, unit: Unit) -> list[Candidate]:
        """Return every group of the unit's kind that the sites could hold, for somebody who is always free."""
        problem = self.problem
        person = problem.people[unit.person]
        key = (unit.parts, problem.rules.notice_days[person.channel])
        if key not in self.imagined:
            anybody = replace(
                person,
                availability=WeeklySlots((1 << 21) - 1),
                weeks=WeekParity.ALL,
                unavailable=(),
                travel_limit_minutes=10_000,
                step_free=False,
                childcare=False,
            )
            bare = replace(
                problem,
                people=(anybody,),
                needs=tuple(need for need in problem.needs if need.person == person.id),
                sessions=(),
                placements=(),
                waivers=(),
                allowances=(),
                travel_overrides=(),
            )
            self.imagined[key] = [
                one
                for one in candidates(Facts(bare), [replace_unit(unit, person=0)], least=1, staffed=False)
                if one.shape.training is unit.training and set(unit.parts) <= set(one.shape.parts)
            ]
        return self.imagined[key]

    def _nowhere(self, unit: Unit) -> _Way:
        """Say that the offer has no group of this kind at all."""
        label = "+".join(unit.parts)
        obstacle = _Obstacle(
            "room",
            f"aucun site n'a de salle libre pour {label} avant la fin de l'horizon",
            f"no site has a free room for {label} inside the horizon",
            10_000,
            None,
        )
        day = self.problem.horizon.toordinal()
        shape = Shape(
            training=unit.training,
            parts=unit.parts,
            meetings=(),
            mask=0,
            part_masks=(),
            part_days=(),
            days=(day,),
            weeks=(),
            minutes=0,
            pace=1,
        )
        return _Way(shape, -1, (obstacle,))

    def _individual(
        self,
        unit: Unit,
        shape: Shape,
        site: int,
        room: int,
        *,
        group: Group | None,
    ) -> tuple[int | None, list[_Obstacle]]:
        """Return the day of joining and what stands in the person's way; None when no change of theirs would do."""
        facts, problem, draft = self.facts, self.problem, self.draft
        person = problem.people[unit.person]
        obstacles: list[_Obstacle] = []
        known = facts.entry(unit, shape)
        first = shape.part_days[shape.parts.index(unit.parts[0])] if unit.training is Training.CIVIC else shape.days[0]
        joins_on = first if known is None else known
        if group is not None and joins_on <= problem.publish_on.toordinal():
            return None, []
        mask = facts.unit_mask(unit, shape, joins_on)
        if draft.busy[unit.person] & mask or not draft.in_order(unit, shape):
            return None, []
        if known is None and joins_on < facts.notice[unit.person]:
            days = facts.notice[unit.person] - joins_on
            change = Change(
                kind="waiver",
                subject=person.id,
                value="notice",
                fr=f"accord de la personne pour un préavis plus court de {days} jours",
                en=f"the person agrees to a notice {days} days shorter",
            )
            words = ("il commence avant la fin du délai de convocation", "it begins inside the notice period")
            obstacles.append(_Obstacle("notice", *words, _PRICE_ABSENCE + 5 * days, change))
        obstacles += self._cannot_come(unit, mask)
        minutes = facts.minutes[unit.person][site]
        over = minutes - person.travel_limit_minutes
        if over > 0 and not facts.waived("reach", person):
            change = Change(
                kind="travel_limit",
                subject=person.id,
                amount=over,
                fr=f"un trajet de {minutes} minutes au lieu de {person.travel_limit_minutes}",
                en=f"a travel limit {over} minutes longer",
            )
            words = (
                f"à {self._site(site)}, {minutes} minutes (limite {person.travel_limit_minutes})",
                f"at {self._site(site)}, {minutes} minutes (limit {person.travel_limit_minutes})",
            )
            obstacles.append(_Obstacle("reach", *words, _PRICE_MINUTE * over, change))
        place = problem.sites[site]
        if person.childcare and not place.childcare and not facts.waived("childcare", person):
            obstacles.append(
                self._waiver(person.id, "childcare", "il n'a pas de garde d'enfants", "it has no childcare")
            )
        flat = problem.rooms[room].step_free and place.step_free
        if person.step_free and not flat and not facts.waived("room", person):
            obstacles.append(
                self._waiver(person.id, "room", "sa salle n'est pas accessible de plain-pied", "its room has steps")
            )
        return joins_on, obstacles

    def _cannot_come(self, unit: Unit, mask: int) -> list[_Obstacle]:
        facts = self.facts
        person = self.problem.people[unit.person]
        missing = mask & ~facts.free[unit.person]
        if not missing:
            return []
        wanted = 0
        for bit in bits_of(missing):
            wanted |= 1 << (bit % 21)
        slots = WeeklySlots(wanted & ~person.availability.bits)
        freed = facts.weekly(person.availability | slots, person.weeks) & ~facts.range_mask(person.unavailable)
        if len(slots) and not mask & ~freed:
            fr = ", ".join(f"{_DAYS_FR[day]} {_SLOTS_FR[slot]}" for day, slot in slots.half_days())
            en = ", ".join(f"{_DAYS_EN[day]} {slot.value}" for day, slot in slots.half_days())
            change = Change(
                kind="availability",
                subject=person.id,
                slots=slots,
                fr=f"une disponibilité de plus : {fr}",
                en=f"one more availability: {en}",
            )
            words = (f"il se tient le {fr}, où la personne ne peut pas venir", f"it meets on {en}: not available")
            return [_Obstacle("availability", *words, _PRICE_SLOT * len(slots), change)]
        day = date.fromordinal(facts.day_of_bit((missing & -missing).bit_length() - 1))
        words = (
            f"il se tient le {_day_fr(day)}, où la personne est absente",
            f"it meets on {day}, when the person is away",
        )
        change = Change(
            kind="waiver",
            subject=person.id,
            value="availability",
            fr=f"accord de la personne pour venir le {_day_fr(day)} et les autres jours de ce groupe",
            en=f"the person agrees to come on {day} and on the other days of the group",
        )
        return [_Obstacle("availability", *words, _PRICE_ABSENCE + _PRICE_SLOT * len(slots), change)]

    def _unheard(self, unit: Unit, shape: Shape, languages: set[str], *, kept: bool) -> _Obstacle | None:
        """Return what it takes for the person to follow the group; None: an interpreter is free, nothing lacks."""
        person = self.problem.people[unit.person]
        most = self.problem.rules.interpreted_languages_max
        spoken = ", ".join(person.languages) or "?"
        if kept or len(languages) >= most or not person.languages:
            return self._waiver(
                person.id,
                "interpretation",
                f"il n'a pas d'interprète ({spoken}) et n'en reçoit plus",
                f"it has no interpreter for {spoken} and takes no more",
            )
        if any(self.draft.interpreter_for(language, shape) is not None for language in person.languages):
            return None
        language = person.languages[0]
        name = str(uuid5(_NEW_IDS, f"interpreter|{language}|{shape.meetings[0].day}|{shape.mask}"))
        added = Interpreter(
            id=name,
            language=language,
            slots=_FULL_WEEK,
            max_half_days_week=max((count for _, count in shape.weeks), default=2),
        )
        change = Change(
            kind="interpreter",
            value=language,
            interpreter=added,
            fr=f"un interprète de plus en {language} le {_day_fr(shape.meetings[0].day)}",
            en=f"one more interpreter of {language} on {shape.meetings[0].day}",
        )
        words = (f"aucun interprète en {language} n'est libre", f"no interpreter of {language} is free")
        return _Obstacle("interpretation", *words, _PRICE_INTERPRETER, change)

    def _trainer(self, shape: Shape, site: int) -> tuple[str, _Obstacle | None]:
        """Return a trainer for a group that is not open, and what it takes to have them."""
        draft, problem = self.draft, self.problem
        free = draft.trainer_for(shape, site)
        if free is not None:
            return problem.trainers[free].id, None
        wanted = "civic" if shape.training is Training.CIVIC else shape.parts[0]
        label = "civique" if wanted == "civic" else wanted
        best: tuple[int, int] | None = None
        for one in self.facts.trainers_at[site]:
            blocked = shape.mask & ~self.facts.trainer_free[one] or shape.mask & draft.trainer_busy[one]
            if wanted not in problem.trainers[one].qualifications or blocked:
                continue
            limit = problem.trainers[one].max_half_days_week
            over = max(draft.trainer_weeks[one].get(week, 0) + count - limit for week, count in shape.weeks)
            best = (over, one) if best is None or (over, one) < best else best
        if best is not None:
            name = problem.trainers[best[1]].id
            change = Change(
                kind="trainer_half_days",
                subject=name,
                amount=best[0],
                fr=f"{best[0]} demi-journées de plus par semaine pour un formateur",
                en=f"{best[0]} more half-days a week for trainer {name}",
            )
            words = ("les formateurs ont atteint leur maximum", "its trainers are at their weekly limit")
            return name, _Obstacle("trainer", *words, _PRICE_TRAINER_HOURS + 10 * best[0], change)
        body = problem.sites[site].body
        name = str(uuid5(_NEW_IDS, f"trainer|{body}|{wanted}|{shape.meetings[0].day}|{shape.mask}"))
        added = Trainer(
            id=name,
            body=body,
            qualifications=(wanted,),
            slots=_FULL_WEEK,
            max_half_days_week=max(count for _, count in shape.weeks),
        )
        change = Change(
            kind="trainer",
            value=body,
            trainer=added,
            fr=f"un formateur de plus ({label}) à {self._site(site)}",
            en=f"one more trainer for {wanted} at {self._site(site)}",
        )
        words = (f"aucun formateur ({label}) n'y est libre", f"no trainer for {wanted} is free there")
        return name, _Obstacle("trainer", *words, _PRICE_TRAINER, change)

    def _order(self, shape: Shape, site: int, quantity: int) -> tuple[str | None, _Obstacle | None]:
        """Return the lot that would pay for a group, and what it lacks."""
        problem, draft = self.problem, self.draft
        chosen = draft.lot_for(shape, site, 0)
        if chosen is not None:
            lot = problem.lots[chosen]
            lacking = quantity - draft.lot_left[chosen]
            return lot.id, self._lot_short(lot, lacking) if lacking > 0 else None
        body = problem.sites[site].body
        day = shape.meetings[0].day
        name = str(uuid5(_NEW_IDS, f"lot|{body}|{shape.training}|{day}"))
        unit = LotUnit.PERSON_DAYS if shape.training is Training.CIVIC else LotUnit.PERSON_MINUTES
        added = Lot(
            id=name,
            body=body,
            training=shape.training,
            period=DateRange(first=day, last=day),
            unit=unit,
            ordered=quantity,
        )
        change = Change(
            kind="lot",
            value=body,
            lot=added,
            fr=f"une commande à {body} pour le {_day_fr(day)}",
            en=f"an order from {body} for {day}",
        )
        words = ("aucun lot ne couvre cette période", "no lot covers this period")
        return name, _Obstacle("lot", *words, 2 * _PRICE_LOT, change)

    def _lot_short(self, lot: Lot, lacking: int) -> _Obstacle:
        days = lot.unit is LotUnit.PERSON_DAYS
        amount = f"{lacking}" if days else f"{-(-lacking // 60)}"
        unit_fr, unit_en = ("journées-personnes", "person-days") if days else ("heures-personnes", "person-hours")
        change = Change(
            kind="lot_quantity",
            subject=lot.id,
            amount=lacking,
            fr=f"{amount} {unit_fr} de plus au lot",
            en=f"{amount} more {unit_en} in lot {lot.id}",
        )
        words = ("la commande du lot est épuisée", f"lot {lot.id} is used up")
        return _Obstacle("lot", *words, _PRICE_LOT + (lacking if days else lacking // 600), change)

    @staticmethod
    def _waiver(person: str, rule: str, fr: str, en: str) -> _Obstacle:
        change = Change(
            kind="waiver",
            subject=person,
            value=rule,
            fr="dérogation à cette règle, avec l'accord de la personne",
            en=f"the rule {rule} is waived, with the person's agreement",
        )
        return _Obstacle(rule, fr, en, _PRICE_WAIVER, change)

    def _company(self, unit: Unit, candidate: Candidate, room: int, heard: dict[str, int]) -> list[int]:
        """Return the waiting units that could sit in this group and follow it together with the unit, it first."""
        key = (candidate.index, room)
        if candidate.index >= len(self.candidates) or self.candidates[candidate.index] is not candidate:
            others = self._waiters(candidate, room)  # a group made up for this unit alone
        elif key in self.waiters:
            others = self.waiters[key]
        else:
            others = self.waiters[key] = self._waiters(candidate, room)
        if unit.training is Training.CIVIC:
            languages = dict(heard)
            for index in others:
                self._hear(self.draft.units[index], candidate.shape, languages)
            others = [
                index
                for index in others
                if Search._heard(self.draft, self.draft.units[index], languages)  # noqa: SLF001 - one rule
            ]
        return [unit.index, *(index for index in others if index != unit.index)]

    def _waiters(self, candidate: Candidate, room: int) -> list[int]:
        """Return the waiting units that could sit in a group, the heaviest first."""
        draft, facts, shape = self.draft, self.facts, candidate.shape
        present = []
        for index in bits_of(candidate.takers & draft.unplaced):
            one = draft.units[index]
            joins_on = draft.entry_day(one, shape, candidate.entries)
            clash = draft.busy[one.person] & facts.unit_mask(one, shape, joins_on)
            if not clash and draft.in_order(one, shape) and draft.room_suits(one, room):
                present.append(index)
        present.sort(key=lambda index: (-draft.units[index].weight, index))
        return present

    def _hear(self, unit: Unit, shape: Shape, heard: dict[str, int]) -> None:
        """Add a language for this unit if it lacks one, a place for it is left and an interpreter is free."""
        person = self.problem.people[unit.person]
        if person.follows_french or any(language in heard for language in person.languages):
            return
        if len(heard) < self.problem.rules.interpreted_languages_max:
            for language in person.languages:
                one = self.draft.interpreter_for(language, shape)
                if one is not None:
                    heard[language] = one
                    return

    def _state(self, unit: Unit, way: _Way, confirmed: str) -> Iterator[Unplaced]:
        obstacles = sorted(way.obstacles, key=lambda obstacle: -obstacle.price)
        main = obstacles[0] if obstacles else _Obstacle("search", "place à confirmer", "a seat may exist", 0, None)
        for need in unit.needs:
            fr = f"{self._none_fr(unit, need.deadline)} ; le plus proche est {self._where_fr(way)} : " + " ; ".join(
                obstacle.fr for obstacle in obstacles
            )
            en = f"{self._none_en(unit, need.deadline)}; the nearest is {self._where_en(way)}: " + "; ".join(
                obstacle.en for obstacle in obstacles
            )
            yield Unplaced(
                need=need.id,
                code=f"no_{main.rule}",
                rules=tuple(dict.fromkeys(obstacle.rule for obstacle in obstacles)),
                fr=fr,
                en=en,
                changes=way.changes,
                confirmed=confirmed if way.changes else "no",
            )

    @staticmethod
    def _after(unit: Unit, earlier: Unit, way: _Way, confirmed: str) -> Iterator[Unplaced]:
        before = "+".join(earlier.parts)
        rules = ("civic_order", *(obstacle.rule for obstacle in way.obstacles))
        for need in unit.needs:
            yield Unplaced(
                need=need.id,
                code="waits_for_earlier_day",
                rules=tuple(dict.fromkeys(rules)),
                fr=f"{need.part} vient après {before}, qui n'a pas de place",
                en=f"{need.part} comes after {before}, which has no seat",
                changes=way.changes,
                confirmed=confirmed if way.changes else "no",
            )

    def _none_fr(self, unit: Unit, deadline: date) -> str:
        person = self.problem.people[unit.person]
        what = (
            f"aucun groupe {unit.parts[0]} {person.level}"
            if unit.training is Training.LANGUAGE
            else f"aucune journée {'+'.join(unit.parts)}"
        )
        return f"{what} libre à moins de {person.travel_limit_minutes} minutes avant le {_day_fr(deadline)} ni après"

    def _none_en(self, unit: Unit, deadline: date) -> str:
        person = self.problem.people[unit.person]
        return (
            f"no {'+'.join(unit.parts)} with a seat within {person.travel_limit_minutes} minutes by {deadline} or later"
        )

    def _where_fr(self, way: _Way) -> str:
        first = way.shape.meetings[0] if way.shape.meetings else None
        return "inconnu" if first is None else f"à {self._site(way.site)} le {_day_fr(first.day)}"

    def _where_en(self, way: _Way) -> str:
        first = way.shape.meetings[0] if way.shape.meetings else None
        return "unknown" if first is None else f"at {self._site(way.site)} on {first.day}"

    def _label_fr(self, shape: Shape) -> str:
        first = shape.meetings[0]
        kind = "+".join(shape.parts)
        noun = "la session" if shape.training is Training.CIVIC else "le groupe"
        return f"{noun} {kind} du {_day_fr(first.day)} ({_SLOTS_FR[first.slot]})"

    def _site(self, site: int) -> str:
        return self.problem.sites[site].name


def replace_unit(unit: Unit, person: int | None = None) -> Unit:
    """Return a copy of the unit for another draft, or for facts in which its person has another index."""
    return Unit(
        index=unit.index,
        needs=unit.needs,
        person=unit.person if person is None else person,
        training=unit.training,
        parts=unit.parts,
        ranks=unit.ranks,
        weight=unit.weight,
    )


def _day_fr(day: date) -> str:
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {_MONTHS_FR[day.month - 1]} {day.year}"
