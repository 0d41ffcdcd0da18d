"""
The judge: each hard rule as one function in plain Python, with no solver in it.

`breaches` reads a problem and a plan and says each broken rule in words. What was published before this run is not
judged again unless the run put somebody new into it; a placement that is pinned is not judged at all. A waiver, with
the person's agreement, lifts one rule for one person or one group.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import (
    DateRange,
    Lot,
    LotUnit,
    Meeting,
    Need,
    Person,
    Problem,
    Session,
    SessionState,
    Slot,
    Training,
    WeekParity,
)
from services.scheduler.domain.score import score
from services.scheduler.domain.view import Seat, View, minimum_to_open, offered

__all__ = ["RULES", "Breach", "breaches", "closed_on", "is_away", "is_free", "lot_quantity", "score", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One broken rule, in words, and whom it concerns."""

    rule: str
    words: str
    person: str | None = None
    session: str | None = None


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


def is_away(ranges: tuple[DateRange, ...], day: date) -> bool:
    """Tell whether a day lies in one of the ranges."""
    return any(day in one for one in ranges)


def is_free(person: Person, day: date, slot: Slot) -> bool:
    """Tell whether the person can come on this half-day: weekly slots, alternating ISO weeks, dated absences."""
    if not person.availability.allows(day.weekday(), slot) or is_away(person.unavailable, day):
        return False
    week = day.isocalendar().week
    if person.weeks is WeekParity.ODD:
        return week % 2 == 1
    return person.weeks is WeekParity.ALL or week % 2 == 0


def lot_quantity(lot: Lot, seat: Seat) -> int:
    """Return what this seat consumes of the lot that pays for it, in the lot's unit."""
    return 1 if lot.unit is LotUnit.PERSON_DAYS else sum(meeting.minutes for meeting in seat.meetings)


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


def people_sit_at_their_level(view: View) -> Iterator[Breach]:
    """Check that a need sits in a session of its training and part: the prescribed package, the day that is owed."""
    for seat in _judged(view):
        if seat.session.training is not seat.need.training or seat.need.part not in seat.session.parts:
            taught = "+".join(seat.session.parts)
            yield _of(seat, "level", f"owes {seat.need.part} and sits in a session of {taught}")


def people_can_come(view: View) -> Iterator[Breach]:
    """Each meeting falls on a half-day when the person can come."""
    for seat in _judged(view):
        for meeting in seat.meetings:
            if not is_free(seat.person, meeting.day, meeting.slot):
                yield _of(seat, "availability", f"cannot come on {meeting.day} ({meeting.slot.value})")
                break


def people_can_reach_the_site(view: View) -> Iterator[Breach]:
    """Check that the travel time is within the person's limit."""
    for seat in _judged(view):
        minutes = view.travel.minutes(seat.person, view.sites[seat.session.site])
        if minutes > seat.person.travel_limit_minutes:
            limit = seat.person.travel_limit_minutes
            yield _of(seat, "reach", f"travels {minutes} minutes to {seat.session.site}, over the limit of {limit}")


def people_are_in_one_place_at_a_time(view: View) -> Iterator[Breach]:
    """Nobody has two meetings on the same half-day."""
    for seats in view.seats_of_person.values():
        busy: dict[tuple[date, Slot], Seat] = {}
        for seat in seats:
            for meeting in seat.meetings:
                other = busy.setdefault((meeting.day, meeting.slot), seat)
                if other is not seat and not (other.pinned and seat.pinned):
                    words = f"is also in session {other.session.id} on {meeting.day} ({meeting.slot.value})"
                    yield _of(seat, "one_place", words)
                    break


def people_join_in_time(view: View) -> Iterator[Breach]:
    """Check that a placement begins at a meeting: the day of the part, or a course still open to entry."""
    weeks = view.problem.rules.rolling_entry_weeks
    for seat in _judged(view):
        joins_on = seat.placement.joins_on
        if not seat.meetings or seat.meetings[0].day != joins_on:
            yield _of(seat, "entry", f"joins on {joins_on}, when the session has no meeting of {seat.need.part}")
        elif seat.need.training is Training.LANGUAGE:
            last = seat.session.meetings[0].day + timedelta(weeks=weeks)
            if joins_on > last:
                yield _of(seat, "entry", f"joins on {joins_on}, after the last day of entry, {last}")


def civic_days_come_in_order(view: View) -> Iterator[Breach]:
    """Check that a civic day comes after each earlier one that is still owed, by the minimum gap."""
    order = {part: rank for rank, part in enumerate(view.problem.rules.civic_parts)}
    gap = view.problem.rules.civic_gap_days
    owed: dict[str, list[Need]] = defaultdict(list)
    for need in view.problem.needs:
        if need.training is Training.CIVIC:
            owed[need.person].append(need)
    seats = {seat.need.id: seat for seat in view.seats}
    for needs in owed.values():
        needs.sort(key=lambda need: order[need.part])
        for index, need in enumerate(needs):
            seat = seats.get(need.id)
            if seat is None or seat.pinned:
                continue
            for before in needs[:index]:
                earlier = seats.get(before.id)
                if earlier is None:
                    yield _of(seat, "civic_order", f"sits in {need.part} while {before.part} is not placed")
                elif (seat.placement.joins_on - earlier.placement.joins_on).days < gap * (
                    order[need.part] - order[before.part]
                ):
                    days = f"{before.part} on {earlier.placement.joins_on}, {need.part} on {seat.placement.joins_on}"
                    yield _of(seat, "civic_order", f"has {days}: out of order or too close")


def bundles_stay_together(view: View) -> Iterator[Breach]:
    """Check that the civic days of a bundle are placed with the same group, but for a day that was missed."""
    seats = {seat.need.id: seat for seat in view.seats}
    groups: dict[tuple[str, tuple[str, ...]], list[Need]] = defaultdict(list)
    for need in view.problem.needs:
        if need.training is Training.CIVIC and not need.again:
            groups[need.person, view.problem.rules.bundle_of(need.part)].append(need)
    for (person, bundle), needs in groups.items():
        free = [need for need in needs if need.id not in seats or not seats[need.id].told]
        if len({seats[need.id].session.id if need.id in seats else None for need in free}) > 1:
            words = f"person {person}: {'+'.join(bundle)} belong together and are not in one session"
            yield Breach(rule="bundle", words=words, person=person)


def rooms_hold_one_group_each(view: View) -> Iterator[Breach]:
    """Check that a room is at its site, open, step-free where needed, and holds one group at a time."""
    busy: dict[tuple[str, date, Slot], Session] = {}
    for session in view.plan.sessions:
        new = session.state is SessionState.NEW
        room, site = view.rooms.get(session.room), view.sites.get(session.site)
        if room is None or site is None:
            continue
        if new and room.site != site.id:
            yield _about(session, "room", f"is at {site.id} and its room {room.id} is at {room.site}")
        for meeting in session.meetings:
            if new and not site.opening.allows(meeting.day.weekday(), meeting.slot):
                yield _about(session, "room", f"meets on {meeting.day} ({meeting.slot.value}): {site.id} is not open")
                break
        for meeting in session.meetings:
            other = busy.setdefault((room.id, meeting.day, meeting.slot), session)
            if other is not session and (new or other.state is SessionState.NEW):
                words = f"shares room {room.id} with {other.id} on {meeting.day} ({meeting.slot.value})"
                yield _about(session, "room", words)
                break
    for seat in _judged(view):
        if seat.person.step_free:
            room, site = view.rooms[seat.session.room], view.sites[seat.session.site]
            if not (room.step_free and site.step_free):
                yield _of(seat, "room", f"needs step-free access, and room {room.id} has none")


def trainers_teach_what_and_when_they_can(view: View) -> Iterator[Breach]:
    """Check that a trainer is qualified, works at the site, is there, in one place, within their weekly limit."""
    busy: dict[tuple[str, date, Slot], Session] = {}
    weeks: dict[tuple[str, int, int], list[Session]] = defaultdict(list)
    for session in view.plan.sessions:
        new = session.state is SessionState.NEW
        trainer, site = view.trainers.get(session.trainer), view.sites.get(session.site)
        if trainer is None or site is None:
            continue
        if new:
            wanted = "civic" if session.training is Training.CIVIC else session.parts[0]
            if wanted not in trainer.qualifications:
                yield _about(session, "trainer", f"teaches {wanted}, for which {trainer.id} is not qualified")
            if site.id not in trainer.sites and (trainer.sites or site.body != trainer.body):
                yield _about(session, "trainer", f"is at {site.id}, where {trainer.id} does not teach")
            for meeting in session.meetings:
                at_work = trainer.slots.allows(meeting.day.weekday(), meeting.slot)
                if not at_work or is_away(trainer.unavailable, meeting.day):
                    when = f"{meeting.day} ({meeting.slot.value})"
                    yield _about(session, "trainer", f"meets on {when}, when {trainer.id} does not work")
                    break
        clash = False
        for meeting in session.meetings:
            other = busy.setdefault((trainer.id, meeting.day, meeting.slot), session)
            clash = clash or (other is not session and (new or other.state is SessionState.NEW))
            weeks[trainer.id, *meeting.day.isocalendar()[:2]].append(session)
        if clash:
            yield _about(session, "trainer", f"needs {trainer.id}, who has another group at the same time")
    for (one, year, week), sessions in weeks.items():
        limit = view.trainers[one].max_half_days_week
        if len(sessions) > limit and any(session.state is SessionState.NEW for session in sessions):
            words = f"trainer {one} has {len(sessions)} half-days in week {week} of {year}, over the limit of {limit}"
            yield Breach(rule="trainer", words=words)


def groups_are_interpreted(view: View) -> Iterator[Breach]:
    """Who does not follow French has an interpreter of a language they speak; few languages; interpreters are free."""
    limit = view.problem.rules.interpreted_languages_max
    busy: dict[tuple[str, date, Slot], Session] = {}
    weeks: dict[tuple[str, int, int], list[Session]] = defaultdict(list)
    for session in view.plan.sessions:
        new = session.state is SessionState.NEW
        languages = {one.language for one in session.interpreters}
        if new and len(languages) > limit:
            yield _about(session, "interpretation", f"has {len(languages)} interpreted languages, over {limit}")
        for one in session.interpreters:
            interpreter = view.interpreters.get(one.interpreter)
            if interpreter is None:
                continue
            if new and interpreter.language != one.language:
                yield _about(session, "interpretation", f"has {interpreter.id} for {one.language}: not their language")
            clash = away = False
            for meeting in session.meetings:
                other = busy.setdefault((interpreter.id, meeting.day, meeting.slot), session)
                clash = clash or (other is not session and (new or other.state is SessionState.NEW))
                weeks[interpreter.id, *meeting.day.isocalendar()[:2]].append(session)
                at_work = interpreter.slots.allows(meeting.day.weekday(), meeting.slot)
                away = away or not at_work or is_away(interpreter.unavailable, meeting.day)
            if clash:
                words = f"needs interpreter {interpreter.id}, who has another group at the same time"
                yield _about(session, "interpretation", words)
            if new and away:
                words = f"needs interpreter {interpreter.id} on a half-day when they do not work"
                yield _about(session, "interpretation", words)
    for (who, year, week), sessions in weeks.items():
        most = view.interpreters[who].max_half_days_week
        if len(sessions) > most and any(session.state is SessionState.NEW for session in sessions):
            words = f"interpreter {who} has {len(sessions)} half-days in week {week} of {year}, over {most}"
            yield Breach(rule="interpretation", words=words)
    for seat in _judged(view):
        if seat.need.training is Training.CIVIC and not seat.person.follows_french:
            heard = {one.language for one in seat.session.interpreters}
            if heard.isdisjoint(seat.person.languages):
                spoken = ", ".join(seat.person.languages) or "no known language"
                yield _of(seat, "interpretation", f"speaks {spoken} and the group has no such interpreter")


def groups_have_a_right_size(view: View) -> Iterator[Breach]:
    """Check that a new group has its minimum on each part; no group takes in more people than it seats."""
    for session in view.plan.sessions:
        if session.room not in view.rooms:
            continue
        seats = view.seats_of_session[session.id]
        fewest, most = minimum_to_open(view.problem, session), offered(view.problem, session)
        for part in session.parts:
            present = [seat for seat in seats if seat.need.part == part]
            if session.state is SessionState.NEW and len(present) < fewest:
                yield _about(session, "size", f"opens with {len(present)} people for {part}; the minimum is {fewest}")
            if len(present) > most and any(not seat.told for seat in present):
                yield _about(session, "size", f"seats {len(present)} people for {part}; the maximum is {most}")


def lots_are_not_exceeded(view: View) -> Iterator[Breach]:
    """Each new group is paid by a lot of its body, training and period; no lot gives more than was ordered."""
    used: dict[str, int] = defaultdict(int)
    touched: set[str] = set()
    for session in view.plan.sessions:
        new = session.state is SessionState.NEW
        lot = view.lots.get(session.lot or "")
        site = view.sites.get(session.site)
        if new and (lot is None or site is None):
            yield _about(session, "lot", "is paid by no lot")
        if lot is None or site is None:
            continue
        if new:
            first = session.meetings[0].day
            if lot.training is not session.training or lot.body != site.body or first not in lot.period:
                yield _about(session, "lot", f"is paid by lot {lot.id}, of another body, training or period")
        for seat in view.seats_of_session[session.id]:
            used[lot.id] += lot_quantity(lot, seat)
            if not seat.told:
                touched.add(lot.id)
    for one in sorted(touched):
        lot = view.lots[one]
        if used[one] > lot.ordered - lot.consumed:
            left = lot.ordered - lot.consumed
            words = f"lot {one} gives {used[one]} {lot.unit.value}, and {left} are left of the order"
            yield Breach(rule="lot", words=words)


def meetings_keep_the_calendar(view: View) -> Iterator[Breach]:
    """Check that new groups meet on open days inside the horizon, and have the shape that the rule-book gives them."""
    problem = view.problem
    for session in view.new_sessions:
        site = view.sites.get(session.site)
        if site is None or not session.meetings:
            continue
        for meeting in session.meetings:
            why = closed_on(problem, site.closures, session.training, meeting.day)
            if why:
                yield _about(session, "calendar", f"meets on {meeting.day}: {why}")
                break
        first, last = session.meetings[0].day, session.meetings[-1].day
        bounded = last if session.training is Training.CIVIC else first
        if first <= problem.publish_on or bounded > problem.horizon:
            words = f"runs from {first} to {last}, outside {problem.publish_on}..{problem.horizon}"
            yield _about(session, "calendar", words)
        shape = _civic_shape(problem, session) if session.training is Training.CIVIC else _course_shape(view, session)
        if shape:
            yield _about(session, "calendar", shape)


def childcare_is_there(view: View) -> Iterator[Breach]:
    """Who needs childcare sits where there is some."""
    for seat in _judged(view):
        if seat.person.childcare and not view.sites[seat.session.site].childcare:
            yield _of(seat, "childcare", f"needs childcare, and {seat.session.site} has none")


def people_are_told_in_time(view: View) -> Iterator[Breach]:
    """Check that the first meeting leaves the notice period of the person's channel after publication."""
    problem = view.problem
    for seat in _judged(view):
        days = problem.rules.notice_days[seat.person.channel]
        if not seat.told and seat.placement.joins_on < problem.publish_on + timedelta(days=days):
            words = f"begins on {seat.placement.joins_on}, less than {days} days after {problem.publish_on}"
            yield _of(seat, "notice", words)


def what_is_pinned_stays(view: View) -> Iterator[Breach]:
    """Sessions that were published and placements that are pinned stand as they were; nobody else is called told."""
    for session in view.problem.sessions:
        if view.sessions.get(session.id) != session:
            yield _about(session, "pinned", "was published and is changed or gone")
    known = {session.id for session in view.problem.sessions}
    for session in view.plan.sessions:
        if session.state is not SessionState.NEW and session.id not in known:
            yield _about(session, "pinned", "is called published and the problem does not know it")
    after = {placement.need: placement for placement in view.plan.placements}
    for placement in view.problem.placements:
        if placement.pinned and after.get(placement.need) != placement:
            words = f"need {placement.need}: its seat is pinned and was moved"
            yield Breach(rule="pinned", words=words, person=view.needs[placement.need].person)
    for seat in view.seats:
        if not seat.told and (seat.placement.told or seat.placement.pinned):
            yield _of(seat, "pinned", "is called told or pinned, and was not before")


def values_are_true(view: View) -> Iterator[Breach]:
    """Check that the plan's values, gaps and parts are true, and that no bound is above its value."""
    unsound = view.rooms.keys() >= {session.room for session in view.plan.sessions}
    if not view.plan.tiers or not unsound or any(not session.meetings for session in view.plan.sessions):
        return
    for stated, true in zip(view.plan.tiers, score(view.problem, view.plan), strict=False):
        if stated != true:
            words = f"{stated.name} is stated as {stated.value} (gap {stated.gap}); it is {true.value} (gap {true.gap})"
            yield Breach(rule="value", words=words)
        if true.bound is not None and (true.name == "T1" or true.gap is not None) and true.bound > true.value:
            yield Breach(rule="value", words=f"{true.name}: the bound {true.bound} is above the value {true.value}")


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


def _judged(view: View) -> Iterator[Seat]:
    """Yield the seats that this run answers for: all but the pinned ones, where the session is known in full."""
    for seat in view.seats:
        known = seat.session.site in view.sites and seat.session.room in view.rooms
        if not seat.pinned and known and seat.session.meetings:
            yield seat


def _of(seat: Seat, rule: str, words: str) -> Breach:
    return Breach(rule=rule, words=f"person {seat.person.id} {words}", person=seat.person.id, session=seat.session.id)


def _about(session: Session, rule: str, words: str) -> Breach:
    return Breach(rule=rule, words=f"session {session.id} {words}", session=session.id)


def _waived(problem: Problem, breach: Breach) -> bool:
    return any(
        waiver.agreed
        and waiver.rule == breach.rule
        and (waiver.person is None or waiver.person == breach.person)
        and (waiver.session is None or waiver.session == breach.session)
        and (waiver.person, waiver.session) != (None, None)
        for waiver in problem.waivers
    )


def closed_on(problem: Problem, closures: tuple[DateRange, ...], training: Training, day: date) -> str:
    """Return why nothing is taught there on this day, or nothing."""
    if day in problem.public_holidays:
        return "a public holiday"
    rules = problem.rules
    rests = (
        rules.civic_pauses_in_school_holidays
        if training is Training.CIVIC
        else rules.language_pauses_in_school_holidays
    )
    if rests and is_away(problem.school_holidays, day):
        return "school holidays"
    return "the site is closed" if is_away(closures, day) else ""


def _civic_shape(problem: Problem, session: Session) -> str:
    rules = problem.rules
    if session.parts not in {*rules.civic_bundles, *((part,) for part in rules.civic_parts)}:
        return f"teaches {'+'.join(session.parts)}, which is neither a bundle nor one civic day"
    expected: list[Meeting] = []
    days: list[date] = []
    for part in session.parts:
        day = next((meeting.day for meeting in session.meetings if meeting.part == part), None)
        if day is None:
            return f"has no meeting of {part}"
        days.append(day)
        minutes = rules.civic_meeting_minutes
        expected += [Meeting(day=day, slot=slot, minutes=minutes, part=part) for slot in rules.civic_slots]
    if list(session.meetings) != expected:
        return "does not teach each of its civic days on the half-days and for the minutes of the rule-book"
    if any((after - before).days < rules.civic_gap_days for before, after in pairwise(days)):
        return "has its civic days too close or out of order"
    if (days[-1] - days[0]).days > rules.civic_bundle_span_days:
        return f"spreads its civic days over more than {rules.civic_bundle_span_days} days"
    return ""


def _course_shape(view: View, session: Session) -> str:
    """Return what is wrong with a course: it follows one pattern, without a hole, from the start of a week."""
    problem = view.problem
    rhythm = next((one for one in problem.rules.rhythms if one.name == session.rhythm), None)
    if rhythm is None or len(session.parts) != 1:
        return "has no known rhythm, or not exactly one package"
    owed = next((one.minutes for one in problem.rules.packages if one.name == session.parts[0]), 0)
    *body, last = session.meetings
    if any(meeting.minutes != rhythm.meeting_minutes for meeting in body) or last.minutes > rhythm.meeting_minutes:
        return "has meetings of another length than its rhythm says"
    if sum(meeting.minutes for meeting in session.meetings) != owed:
        return f"does not last the {owed} minutes of its package"
    if any(meeting.part != session.parts[0] for meeting in session.meetings):
        return "has a meeting of another package"
    taken = {(meeting.day, meeting.slot) for meeting in session.meetings}
    closures = view.sites[session.site].closures
    first = session.meetings[0].day - timedelta(days=session.meetings[0].day.weekday())
    for pattern in rhythm.patterns:
        wanted: set[tuple[date, Slot]] = set()
        day = first
        while day <= last.day:
            if not closed_on(problem, closures, Training.LANGUAGE, day):
                wanted |= {(day, slot) for weekday, slot in pattern.half_days() if weekday == day.weekday()}
            day += timedelta(days=1)
        wanted = {(day, slot) for day, slot in wanted if (day, slot.rank) <= (last.day, last.slot.rank)}
        if wanted == taken:
            return ""
    return f"follows no pattern of the rhythm {rhythm.name} without a hole"
