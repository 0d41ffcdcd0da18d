"""
What stands between one unit and one group, rule by rule: each obstacle in words, with the change that would lift it.

An obstacle has a price, roughly how hard a planner finds its change [A]; the cheapest way to a seat is the one stated.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from services.scheduler.domain.judge import is_away
from services.scheduler.domain.plain import Said
from services.scheduler.domain.plan import Change
from services.scheduler.domain.problem import (
    DateRange,
    Interpreter,
    Lot,
    LotUnit,
    Person,
    Trainer,
    Training,
    WeeklySlots,
)
from services.scheduler.solver.draft import Draft
from services.scheduler.solver.facts import Shape, Unit, bits_of
from services.scheduler.solver.reasons.words import counted, language_said, languages_said, long_day, slots_said

__all__ = ["PRICE_MISSING_PERSON", "PRICE_SEAT", "Obstacle", "Obstacles", "Way"]

PRICE_SEAT = 25
PRICE_MISSING_PERSON = 15
_PRICE_MINUTE = 2
_PRICE_SLOT = 30
_PRICE_ABSENCE = 70
_PRICE_INTERPRETER = 80
_PRICE_TRAINER_HOURS = 60
_PRICE_TRAINER = 160
_PRICE_LOT = 40
_PRICE_WAIVER = 120
_NEW_IDS = UUID("0f0c2d0e-6f0b-5d0c-8d6a-4d3d6f2a91b7")  # fixed once: ids of proposed staff are derived from it
_FULL_WEEK = WeeklySlots((1 << 18) - 1)  # Monday to Saturday, three half-days


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One rule that stands in the way of one group, in words, and the change that would lift it."""

    rule: str
    says: Said
    price: int
    change: Change | None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a seat: the group, what stands in the way, and what that costs in all."""

    shape: Shape
    site: int
    obstacles: tuple[Obstacle, ...]

    @property
    def price(self) -> int:
        return sum(obstacle.price for obstacle in self.obstacles)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(obstacle.change for obstacle in self.obstacles if obstacle.change is not None)


class Obstacles:
    """The rules asked of one finished draft, for somebody who has no seat in it."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.facts = draft.facts
        self.problem = draft.facts.problem

    def individual(
        self, unit: Unit, shape: Shape, site: int, room: int, *, opened: bool
    ) -> tuple[int | None, list[Obstacle]]:
        """Return the day of joining and what stands in the person's way; None when no change of theirs would do."""
        facts, problem, draft = self.facts, self.problem, self.draft
        person = problem.people[unit.person]
        obstacles: list[Obstacle] = []
        known = facts.entry(unit, shape)
        first = shape.part_days[shape.parts.index(unit.parts[0])] if unit.training is Training.CIVIC else shape.days[0]
        joins_on = first if known is None else known
        if opened and joins_on <= problem.publish_on.toordinal():
            return None, []
        mask = facts.unit_mask(unit, shape, joins_on)
        if draft.busy[unit.person] & mask or not draft.in_order(unit, shape):
            return None, []
        if known is None and joins_on < facts.notice[unit.person]:
            obstacles.append(self._short_notice(person, facts.notice[unit.person] - joins_on))
        obstacles += self._cannot_come(unit, mask)
        minutes = facts.minutes[unit.person][site]
        if minutes > person.travel_limit_minutes and not facts.waived("reach", person):
            obstacles.append(_too_far(person, minutes))
        place = problem.sites[site]
        if person.childcare and not place.childcare and not facts.waived("childcare", person):
            words = Said("il n’a pas de garde d’enfants", "it has no childcare")
            obstacles.append(_waiver(person, "childcare", words))
        flat = problem.rooms[room].step_free and place.step_free
        if person.step_free and not flat and not facts.waived("room", person):
            words = Said("sa salle n’est pas accessible de plain-pied", "its room has steps")
            obstacles.append(_waiver(person, "room", words))
        return joins_on, obstacles

    def unheard(self, unit: Unit, shape: Shape, languages: set[str], *, kept: bool) -> Obstacle | None:
        """Return what it takes for the person to follow the group; None: an interpreter is free, nothing lacks."""
        person = self.problem.people[unit.person]
        most = self.problem.rules.interpreted_languages_max
        if kept or len(languages) >= most or not person.languages:
            spoken = languages_said(person.languages)
            words = Said(
                f"il n’a pas d’interprète ({spoken.fr}) et n’en reçoit plus",
                f"it has no interpreter ({spoken.en}) and takes no more",
            )
            return _waiver(person, "interpretation", words)
        if any(self.draft.interpreter_for(language, shape) is not None for language in person.languages):
            return None
        language = person.languages[0]
        named, day = language_said(language), long_day(shape.meetings[0].day)
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
            fr=f"un interprète de plus ({named.fr}) le {day.fr}",
            en=f"one more interpreter ({named.en}) on {day.en}",
        )
        words = Said(f"aucun interprète ({named.fr}) n’y est libre", f"no interpreter ({named.en}) is free then")
        return Obstacle("interpretation", words, _PRICE_INTERPRETER, change)

    def trainer(self, shape: Shape, site: int) -> tuple[str, Obstacle | None]:
        """Return a trainer for a group that is not open, and what it takes to have them."""
        draft, problem = self.draft, self.problem
        free = draft.trainer_for(shape, site)
        if free is not None:
            return problem.trainers[free].id, None
        civic = shape.training is Training.CIVIC
        wanted = "civic" if civic else shape.parts[0]
        best: tuple[int, int] | None = None
        for one in self.facts.trainers_at[site]:
            blocked = shape.mask & ~self.facts.trainer_free[one] or shape.mask & draft.trainer_busy[one]
            if wanted not in problem.trainers[one].qualifications or blocked:
                continue
            limit = problem.trainers[one].max_half_days_week
            over = max(draft.trainer_weeks[one].get(week, 0) + count - limit for week, count in shape.weeks)
            best = (over, one) if best is None or (over, one) < best else best
        if best is not None:
            return problem.trainers[best[1]].id, _overworked(problem.trainers[best[1]], best[0])
        body, place = problem.sites[site].body, problem.sites[site].name
        name = str(uuid5(_NEW_IDS, f"trainer|{body}|{wanted}|{shape.meetings[0].day}|{shape.mask}"))
        added = Trainer(
            id=name,
            body=body,
            qualifications=(wanted,),
            slots=_FULL_WEEK,
            max_half_days_week=max(count for _, count in shape.weeks),
        )
        label = Said("civique", "civic days") if civic else Said(f"{wanted} heures", f"{wanted} hours")
        change = Change(
            kind="trainer",
            value=body,
            trainer=added,
            fr=f"un formateur de plus ({label.fr}) à {place}",
            en=f"one more trainer ({label.en}) at {place}",
        )
        words = Said(f"aucun formateur ({label.fr}) n’y est libre", f"no trainer ({label.en}) is free there")
        return name, Obstacle("trainer", words, _PRICE_TRAINER, change)

    def order(self, shape: Shape, site: int, quantity: int) -> tuple[str | None, Obstacle | None]:
        """Return the lot that would pay for a group, and what it lacks."""
        problem, draft = self.problem, self.draft
        chosen = draft.lot_for(shape, site, 0)
        if chosen is not None:
            lot = problem.lots[chosen]
            lacking = quantity - draft.lot_left[chosen]
            return lot.id, lot_short(lot, lacking) if lacking > 0 else None
        body, day = problem.sites[site].body, shape.meetings[0].day
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
        said = long_day(day)
        change = Change(
            kind="lot",
            value=body,
            lot=added,
            fr=f"une commande à {body} pour le {said.fr}",
            en=f"an order from {body} for {said.en}",
        )
        words = Said(f"aucun lot de {body} ne couvre ce jour", f"no lot of {body} covers this day")
        return name, Obstacle("lot", words, 2 * _PRICE_LOT, change)

    def _cannot_come(self, unit: Unit, mask: int) -> list[Obstacle]:
        """Return what the person's half-days lack: weekly ones that could be added, or days when they are away."""
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
        still = mask & ~freed
        said = slots_said(slots)
        if not still:
            change = Change(
                kind="availability",
                subject=person.id,
                slots=slots,
                fr=f"une disponibilité de plus : {said.fr}",
                en=f"one more availability: {said.en}",
            )
            words = Said(
                f"il se tient le {said.fr}, où la personne n’est pas libre",
                f"it meets on {said.en}, when the person is not free",
            )
            return [Obstacle("availability", words, _PRICE_SLOT * len(slots), change)]
        first = date.fromordinal(facts.day_of_bit((still & -still).bit_length() - 1))
        day = long_day(first)
        why = (
            Said("est absente", "is away")
            if is_away(person.unavailable, first)
            else Said("ne vient pas, une semaine sur deux", "does not come, every other week")
        )
        words = Said(
            f"il se tient le {day.fr}, où la personne {why.fr}", f"it meets on {day.en}, when the person {why.en}"
        )
        if len(slots):
            words = Said(
                f"{words.fr}, et le {said.fr}, où elle n’est pas libre", f"{words.en}, and on {said.en}: not free"
            )
        change = Change(
            kind="waiver",
            subject=person.id,
            value="availability",
            fr=f"accord de la personne pour venir le {day.fr} et les autres jours de ce groupe",
            en=f"the person agrees to come on {day.en} and on the other days of the group",
        )
        return [Obstacle("availability", words, _PRICE_ABSENCE + _PRICE_SLOT * len(slots), change)]

    def _short_notice(self, person: Person, days: int) -> Obstacle:
        told, asked = self.problem.publish_on, self.problem.rules.notice_days[person.channel]
        words = Said(
            f"il commence {counted(asked - days, 'jour', 'jours')} après l’annonce du {long_day(told).fr}, "
            f"au lieu de {asked}",
            f"it begins {counted(asked - days, 'day', 'days')} after the day of telling, {told}, instead of {asked}",
        )
        change = Change(
            kind="waiver",
            subject=person.id,
            value="notice",
            fr=f"accord de la personne pour un préavis plus court de {counted(days, 'jour', 'jours')}",
            en=f"the person agrees to a notice {counted(days, 'day', 'days')} shorter",
        )
        return Obstacle("notice", words, _PRICE_ABSENCE + 5 * days, change)


def lot_short(lot: Lot, lacking: int) -> Obstacle:
    """Return what a lot lacks, and the order that would fill it: in person-days, or person-minutes told as hours."""
    days = lot.unit is LotUnit.PERSON_DAYS
    amount = lacking if days else -(-lacking // 60)
    fr, en = ("journée-personne", "person-day") if days else ("heure-personne", "person-hour")
    many = "journées-personnes" if days else "heures-personnes"
    change = Change(
        kind="lot_quantity",
        subject=lot.id,
        amount=lacking,
        fr=f"{counted(amount, fr, many)} de plus au lot {lot.id}",
        en=f"{counted(amount, f'more {en}', f'more {en}s')} in lot {lot.id}",
    )
    words = Said(
        f"il manque {counted(amount, fr, many)} à la commande du lot {lot.id}",
        f"the order of lot {lot.id} is {counted(amount, en, f'{en}s')} short",
    )
    return Obstacle("lot", words, _PRICE_LOT + (lacking if days else lacking // 600), change)


def _too_far(person: Person, minutes: int) -> Obstacle:
    limit = person.travel_limit_minutes
    over = minutes - limit
    change = Change(
        kind="travel_limit",
        subject=person.id,
        amount=over,
        fr=f"un trajet de {minutes} minutes au lieu de {limit}",
        en=f"a journey of {minutes} minutes instead of {limit}",
    )
    words = Said(
        f"c’est {counted(over, 'minute', 'minutes')} au-delà de sa limite de {limit}",
        f"that is {counted(over, 'minute', 'minutes')} beyond their limit of {limit}",
    )
    return Obstacle("reach", words, _PRICE_MINUTE * over, change)


def _overworked(trainer: Trainer, over: int) -> Obstacle:
    limit = trainer.max_half_days_week
    change = Change(
        kind="trainer_half_days",
        subject=trainer.id,
        amount=over,
        fr=f"{counted(over, 'demi-journée', 'demi-journées')} de plus par semaine pour le formateur {trainer.id}",
        en=f"{counted(over, 'more half-day', 'more half-days')} a week for trainer {trainer.id}",
    )
    most = Said(counted(limit, "demi-journée", "demi-journées"), counted(limit, "half-day", "half-days"))
    words = Said(
        f"le formateur {trainer.id} y dépasserait sa limite de {most.fr} par semaine",
        f"trainer {trainer.id} would exceed their limit of {most.en} a week",
    )
    return Obstacle("trainer", words, _PRICE_TRAINER_HOURS + 10 * over, change)


def _waiver(person: Person, rule: str, words: Said) -> Obstacle:
    change = Change(
        kind="waiver",
        subject=person.id,
        value=rule,
        fr="dérogation à cette règle, avec l’accord de la personne",
        en=f"the rule {rule} is waived, with the person's agreement",
    )
    return Obstacle(rule, words, _PRICE_WAIVER, change)
