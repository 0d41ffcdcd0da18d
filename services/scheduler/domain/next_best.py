"""
Why a seat is in this group and not in the next best one of the same plan, from what the judge and the score know.

Every other group of the plan that teaches the same is asked, rule by rule, whether the person could sit there instead;
of those that they could, the one that counts the fewest points for them is the next best. What a plan gains or loses
for others is not told of one person, but for the smallest size of the group that they would leave.
"""

__all__ = ["Books", "Rival", "books_of", "next_best", "rivals"]

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from services.scheduler.domain.codec import from_json
from services.scheduler.domain.judge import is_free
from services.scheduler.domain.plain import Said, day_said
from services.scheduler.domain.problem import LotUnit, Meeting, Need, Person, Placement, Problem, Session, Training
from services.scheduler.domain.score import wait_points
from services.scheduler.domain.view import Seat, View, followed_meetings, forecast_end, minimum_to_open, offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a whole plan has given away: people by (session, part), seats by session, what is left of each lot."""

    people: Mapping[tuple[str, str], int]
    seats: Mapping[str, int]
    left: Mapping[str, int]  # in the lot's unit
    by_day: frozenset[str]  # lots that count person-days


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another group for the same needs: from when, how far, what it would count, and what forbids it, if anything."""

    session: Session
    joins_on: date
    minutes: int
    late: bool
    points: int  # of T3: waiting and travel
    barred: tuple[tuple[str, Said], ...]  # rule and words; none: the person could sit there


def books_of(problem: Mapping[str, Any], plan: Mapping[str, Any], rooms: Problem) -> Books:
    """Return the books of a plan, both as JSON; `rooms` is a Problem with the rules, rooms and allowances of it."""
    part_of = {one["id"]: one["part"] for one in problem["needs"]}
    sessions = {one["id"]: one for one in plan["sessions"]}
    by_day = {one["id"] for one in problem["lots"] if one["unit"] == LotUnit.PERSON_DAYS}
    left = {one["id"]: one["ordered"] - one["consumed"] for one in problem["lots"]}
    people: Counter[tuple[str, str]] = Counter()
    for one in plan["placements"]:
        session, part = sessions[one["session"]], part_of[one["need"]]
        people[session["id"], part] += 1
        if session["lot"] in left:
            left[session["lot"]] -= (
                1
                if session["lot"] in by_day
                else sum(
                    each["minutes"]
                    for each in session["meetings"]
                    if each["part"] == part and each["day"] >= one["joins_on"]
                )
            )
    seats = {key: offered(rooms, from_json(Session, one)) for key, one in sessions.items()}
    return Books(people=people, seats=seats, left=left, by_day=frozenset(by_day))


def rivals(view: View, seats: Sequence[Seat], books: Books) -> list[Rival]:
    """
    Return the other groups of the plan that teach what these seats of one group teach, to one person.

    Those in which the person could sit come first, by what they would count; then those with the fewest obstacles.
    """
    session, parts = seats[0].session, {seat.need.part for seat in seats}
    others = [
        one
        for one in view.plan.sessions
        if one.id != session.id and one.training is session.training and parts <= set(one.parts)
    ]
    found = [_rival(view, seats, one, books) for one in others]
    found.sort(key=lambda one: (len(one.barred), one.late, one.points, one.session.id))
    return found


def next_best(view: View, seats: Sequence[Seat], books: Books) -> Said:
    """Return why these seats are in this group and not in the next best one, in words."""
    if any(seat.pinned for seat in seats):
        return Said("place annoncée avant ce plan : elle est gardée", "told before this plan: the seat is kept")
    found = rivals(view, seats, books)
    if not found:
        return Said("aucun autre groupe du plan n’enseigne cela", "no other group of the plan teaches the same")
    best = found[0]
    named, when = view.sites[best.session.site].name, day_said(best.joins_on)
    where = Said(f"{named}, {when.fr}, à {best.minutes} minutes", f"{named}, {when.en}, {best.minutes} minutes away")
    if best.barred:
        why = Said(" ; ".join(words.fr for _, words in best.barred), "; ".join(words.en for _, words in best.barred))
        return Said(
            f"aucun autre groupe du plan n’était possible ; le moins loin de l’être, {where.fr} : {why.fr}",
            f"no other group of the plan was possible; the nearest to it, {where.en}: {why.en}",
        )
    here = _mine(view, seats)
    how = _compared(here, best)
    if (here.late, here.points) <= (best.late, best.points):
        return Said(
            f"plutôt que le meilleur suivant, {where.fr} : {how.fr}", f"not the next best, {where.en}: {how.en}"
        )
    least = minimum_to_open(view.problem, seats[0].session)
    after = min(books.people[seats[0].session.id, seat.need.part] for seat in seats) - 1
    rest = (
        Said(
            f"sans elle ce groupe n’aurait que {after} personne{'s' * (after > 1)} sur les {least} qu’il faut",
            f"without them this group would have {after} of the {least} people that it takes",
        )
        if after < least
        else Said(
            "le plan compte aussi les groupes et les autres personnes, et la recherche n’a pas trouvé mieux pour tous",
            "the plan also counts groups and other people, and the search found nothing better for all",
        )
    )
    return Said(
        f"pour elle seule, mieux aurait été {where.fr} ({how.fr}) ; {rest.fr}",
        f"for this person alone {where.en} were better ({how.en}); {rest.en}",
    )


def _rival(view: View, seats: Sequence[Seat], session: Session, books: Books) -> Rival:
    person, problem = seats[0].person, view.problem
    needs = [seat.need for seat in seats]
    joins = {need.id: _first_day(problem, person, session, need) for need in needs}
    followed = {need.id: followed_meetings(session, need.part, joins[need.id]) for need in needs}
    minutes = view.travel.minutes(person, view.sites[session.site])
    moved = [_moved(seat, session, joins[seat.need.id], followed[seat.need.id]) for seat in seats]
    barred = [
        (rule, words)
        for rule, words in _barred(view, seats, moved, minutes, books)
        if not any(one.agreed and one.rule == rule and one.person == person.id and one.session is None
                   for one in problem.waivers)
    ]  # fmt: skip
    return Rival(
        session=session,
        joins_on=min(joins.values()),
        minutes=minutes,
        late=_late(moved),
        points=_points(view, moved, minutes),
        barred=tuple(barred),
    )


def _barred(
    view: View, seats: Sequence[Seat], moved: Sequence[Seat], minutes: int, books: Books
) -> list[tuple[str, Said]]:
    """Return each rule that forbids these seats, with the words of it."""
    problem, person, session = view.problem, moved[0].person, moved[0].session
    site, room = view.sites[session.site], view.rooms[session.room]
    found: list[tuple[str, Said]] = []

    def bar(rule: str, fr: str, en: str) -> None:
        found.append((rule, Said(fr, en)))

    meetings = [each for seat in moved for each in seat.meetings]
    missed = [each for each in meetings if not is_free(person, each.day, each.slot)]
    if missed:
        day = day_said(missed[0].day)
        bar(
            "availability",
            f"{len(missed)} de ses {len(meetings)} séances hors de ses disponibilités, la première le {day.fr}",
            f"{len(missed)} of {len(meetings)} meetings when they are not free, the first on {day.en}",
        )
    limit = person.travel_limit_minutes
    if minutes > limit:
        bar("reach", f"{minutes} minutes pour une limite de {limit}", f"{minutes} minutes, over the limit of {limit}")
    told = problem.publish_on + timedelta(days=problem.rules.notice_days[person.channel])
    first = min(seat.placement.joins_on for seat in moved)
    if first < told:
        day = day_said(told)
        bar("notice", f"commence avant le {day.fr}, fin du préavis", f"begins before {day.en}, the end of the notice")
    last = session.meetings[0].day + timedelta(weeks=problem.rules.rolling_entry_weeks)
    if session.training is Training.LANGUAGE and first > last:
        bar("entry", f"n’accueille plus après le {day_said(last).fr}", f"takes nobody after {last}")
    mine = {seat.need.id for seat in seats}
    others = [seat for seat in view.seats_of_person[person.id] if seat.need.id not in mine]
    taken = {(each.day, each.slot): seat for seat in others for each in seat.meetings}
    clash = next((taken[each.day, each.slot] for each in meetings if (each.day, each.slot) in taken), None)
    if clash is not None:
        bar("one_place", f"à la même heure que {clash.need.part}", f"at the same time as {clash.need.part}")
    if not _in_order(problem, others, moved):
        bar("civic_order", "hors de l’ordre des journées civiques", "out of the order of civic days")
    if any(books.people[session.id, seat.need.part] >= books.seats[session.id] for seat in moved):
        seats_there = books.seats[session.id]
        bar("size", f"complet ({seats_there} places)", f"full ({seats_there} seats)")
    heard = {one.language for one in session.interpreters}
    if session.training is Training.CIVIC and not person.follows_french and heard.isdisjoint(person.languages):
        bar("interpretation", "sans interprète dans une de ses langues", "without an interpreter of their languages")
    if person.step_free and not (site.step_free and room.step_free):
        bar("room", "sans accès de plain-pied", "without step-free access")
    if person.childcare and not site.childcare:
        bar("childcare", "sans garde d’enfants", "without childcare")
    if not _paid(seats, moved, books):
        bar("lot", f"le lot {session.lot} est épuisé", f"lot {session.lot} is used up")
    return found


def _first_day(problem: Problem, person: Person, session: Session, need: Need) -> date:
    """Return the day on which the person would join: of a course the first from which they are free, told in time."""
    days = [each.day for each in session.meetings if each.part == need.part]
    if need.training is Training.CIVIC:
        return days[0]
    told = problem.publish_on + timedelta(days=problem.rules.notice_days[person.channel])
    last = session.meetings[0].day + timedelta(weeks=problem.rules.rolling_entry_weeks)
    missed = [each.day for each in session.meetings if not is_free(person, each.day, each.slot)]
    earliest = max(told, missed[-1] + timedelta(days=1)) if missed else told
    found = next((day for day in days if day >= earliest), None)
    return days[0] if found is None or found > last else found


def _moved(seat: Seat, session: Session, joins_on: date, meetings: tuple[Meeting, ...]) -> Seat:
    placement = Placement(need=seat.need.id, session=session.id, joins_on=joins_on)
    return replace(seat, session=session, placement=placement, meetings=meetings, told=False, pinned=False)


def _in_order(problem: Problem, others: Sequence[Seat], moved: Sequence[Seat]) -> bool:
    order = {part: rank for rank, part in enumerate(problem.rules.civic_parts)}
    gap = problem.rules.civic_gap_days
    for seat in moved:
        if seat.need.training is not Training.CIVIC:
            continue
        for other in others:
            if other.need.training is not Training.CIVIC:
                continue
            ranks = order[seat.need.part] - order[other.need.part]
            days = (seat.placement.joins_on - other.placement.joins_on).days
            if (ranks > 0 and days < gap * ranks) or (ranks < 0 and -days < gap * -ranks and not other.pinned):
                return False
    return True


def _paid(seats: Sequence[Seat], moved: Sequence[Seat], books: Books) -> bool:
    """Tell whether the lot of the other group still pays, what these seats consume of it now being freed."""
    lot = moved[0].session.lot
    if lot is None or lot not in books.left:
        return True
    freed = _quantity(seats, books) if seats[0].session.lot == lot else 0
    return books.left[lot] + freed >= _quantity(moved, books)


def _quantity(seats: Sequence[Seat], books: Books) -> int:
    if seats[0].session.lot in books.by_day:
        return len(seats)
    return sum(each.minutes for seat in seats for each in seat.meetings)


def _mine(view: View, seats: Sequence[Seat]) -> Rival:
    """Return the seats as they are, in the same terms as the others."""
    minutes = view.travel.minutes(seats[0].person, view.sites[seats[0].session.site])
    return Rival(
        session=seats[0].session,
        joins_on=min(seat.placement.joins_on for seat in seats),
        minutes=minutes,
        late=_late(seats),
        points=_points(view, seats, minutes),
        barred=(),
    )


def _late(seats: Sequence[Seat]) -> bool:
    course = seats[0].need.training is Training.LANGUAGE
    return course and forecast_end(seats[0]) > seats[0].person.term_on


def _points(view: View, seats: Sequence[Seat], minutes: int) -> int:
    weights = view.problem.weights
    waits = [(seat.placement.joins_on - seat.person.signed_on).days for seat in seats]
    return weights.wait * sum(map(wait_points, waits)) + weights.travel_minute * minutes * len(seats)


def _compared(here: Rival, there: Rival) -> Said:
    """Return how another group differs for the person: the end of the course, days, minutes, points."""
    days, minutes = (there.joins_on - here.joins_on).days, there.minutes - here.minutes
    points = there.points - here.points
    fr, en = [], []
    if there.late != here.late:
        fr.append("fin prévue après le terme du contrat" if there.late else "fin prévue avant le terme du contrat")
        en.append("forecast to end after the term" if there.late else "forecast to end before the term")
    if days:
        fr.append(f"{abs(days)} jour{'s' * (abs(days) > 1)} plus {'tard' if days > 0 else 'tôt'}")
        en.append(f"{abs(days)} day{'s' * (abs(days) > 1)} {'later' if days > 0 else 'earlier'}")
    if minutes:
        fr.append(f"{abs(minutes)} minute{'s' * (abs(minutes) > 1)} de trajet de {'plus' if minutes > 0 else 'moins'}")
        en.append(f"{abs(minutes)} minute{'s' * (abs(minutes) > 1)} of travel {'more' if minutes > 0 else 'less'}")
    if points:
        fr.append(f"{abs(points)} point{'s' * (abs(points) > 1)} de {'plus' if points > 0 else 'moins'}")
        en.append(f"{abs(points)} point{'s' * (abs(points) > 1)} {'more' if points > 0 else 'fewer'}")
    return Said(", ".join(fr) or "le même nombre de points", ", ".join(en) or "the same points")
