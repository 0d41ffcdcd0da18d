"""The rules of groups: rooms, trainers, interpreters, sizes, orders and the calendar."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from services.scheduler.domain.judge.breach import Breach, about, closed_on, is_away, judged, lot_quantity, of_seat
from services.scheduler.domain.problem import (
    Meeting,
    Problem,
    Session,
    SessionState,
    Slot,
    Training,
)
from services.scheduler.domain.view import View, minimum_to_open, offered

__all__ = [
    "groups_are_interpreted",
    "groups_have_a_right_size",
    "lots_are_not_exceeded",
    "meetings_keep_the_calendar",
    "rooms_hold_one_group_each",
    "trainers_teach_what_and_when_they_can",
]


def rooms_hold_one_group_each(view: View) -> Iterator[Breach]:
    """Check that a room is at its site, open, step-free where needed, and holds one group at a time."""
    busy: dict[tuple[str, date, Slot], Session] = {}
    for session in view.plan.sessions:
        new = session.state is SessionState.NEW
        room, site = view.rooms.get(session.room), view.sites.get(session.site)
        if room is None or site is None:
            continue
        if new and room.site != site.id:
            yield about(session, "room", f"is at {site.id} and its room {room.id} is at {room.site}")
        for meeting in session.meetings:
            if new and not site.opening.allows(meeting.day.weekday(), meeting.slot):
                yield about(session, "room", f"meets on {meeting.day} ({meeting.slot.value}): {site.id} is not open")
                break
        for meeting in session.meetings:
            other = busy.setdefault((room.id, meeting.day, meeting.slot), session)
            if other is not session and (new or other.state is SessionState.NEW):
                words = f"shares room {room.id} with {other.id} on {meeting.day} ({meeting.slot.value})"
                yield about(session, "room", words)
                break
    for seat in judged(view):
        if seat.person.step_free:
            room, site = view.rooms[seat.session.room], view.sites[seat.session.site]
            if not (room.step_free and site.step_free):
                yield of_seat(seat, "room", f"needs step-free access, and room {room.id} has none")


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
                yield about(session, "trainer", f"teaches {wanted}, for which {trainer.id} is not qualified")
            if site.id not in trainer.sites and (trainer.sites or site.body != trainer.body):
                yield about(session, "trainer", f"is at {site.id}, where {trainer.id} does not teach")
            for meeting in session.meetings:
                at_work = trainer.slots.allows(meeting.day.weekday(), meeting.slot)
                if not at_work or is_away(trainer.unavailable, meeting.day):
                    when = f"{meeting.day} ({meeting.slot.value})"
                    yield about(session, "trainer", f"meets on {when}, when {trainer.id} does not work")
                    break
        clash = False
        for meeting in session.meetings:
            other = busy.setdefault((trainer.id, meeting.day, meeting.slot), session)
            clash = clash or (other is not session and (new or other.state is SessionState.NEW))
            weeks[trainer.id, *meeting.day.isocalendar()[:2]].append(session)
        if clash:
            yield about(session, "trainer", f"needs {trainer.id}, who has another group at the same time")
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
            yield about(session, "interpretation", f"has {len(languages)} interpreted languages, over {limit}")
        for one in session.interpreters:
            interpreter = view.interpreters.get(one.interpreter)
            if interpreter is None:
                continue
            if new and interpreter.language != one.language:
                yield about(session, "interpretation", f"has {interpreter.id} for {one.language}: not their language")
            clash = away = False
            for meeting in session.meetings:
                other = busy.setdefault((interpreter.id, meeting.day, meeting.slot), session)
                clash = clash or (other is not session and (new or other.state is SessionState.NEW))
                weeks[interpreter.id, *meeting.day.isocalendar()[:2]].append(session)
                at_work = interpreter.slots.allows(meeting.day.weekday(), meeting.slot)
                away = away or not at_work or is_away(interpreter.unavailable, meeting.day)
            if clash:
                words = f"needs interpreter {interpreter.id}, who has another group at the same time"
                yield about(session, "interpretation", words)
            if new and away:
                words = f"needs interpreter {interpreter.id} on a half-day when they do not work"
                yield about(session, "interpretation", words)
    for (who, year, week), sessions in weeks.items():
        most = view.interpreters[who].max_half_days_week
        if len(sessions) > most and any(session.state is SessionState.NEW for session in sessions):
            words = f"interpreter {who} has {len(sessions)} half-days in week {week} of {year}, over {most}"
            yield Breach(rule="interpretation", words=words)
    for seat in judged(view):
        if seat.need.training is Training.CIVIC and not seat.person.follows_french:
            heard = {one.language for one in seat.session.interpreters}
            if heard.isdisjoint(seat.person.languages):
                spoken = ", ".join(seat.person.languages) or "no known language"
                yield of_seat(seat, "interpretation", f"speaks {spoken} and the group has no such interpreter")


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
                yield about(session, "size", f"opens with {len(present)} people for {part}; the minimum is {fewest}")
            if len(present) > most and any(not seat.told for seat in present):
                yield about(session, "size", f"seats {len(present)} people for {part}; the maximum is {most}")


def lots_are_not_exceeded(view: View) -> Iterator[Breach]:
    """Each new group is paid by a lot of its body, training and period; no lot gives more than was ordered."""
    used: dict[str, int] = defaultdict(int)
    touched: set[str] = set()
    for session in view.plan.sessions:
        new = session.state is SessionState.NEW
        lot = view.lots.get(session.lot or "")
        site = view.sites.get(session.site)
        if new and (lot is None or site is None):
            yield about(session, "lot", "is paid by no lot")
        if lot is None or site is None:
            continue
        if new:
            first = session.meetings[0].day
            if lot.training is not session.training or lot.body != site.body or first not in lot.period:
                yield about(session, "lot", f"is paid by lot {lot.id}, of another body, training or period")
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
                yield about(session, "calendar", f"meets on {meeting.day}: {why}")
                break
        first, last = session.meetings[0].day, session.meetings[-1].day
        bounded = last if session.training is Training.CIVIC else first
        if first <= problem.publish_on or bounded > problem.horizon:
            words = f"runs from {first} to {last}, outside {problem.publish_on}..{problem.horizon}"
            yield about(session, "calendar", words)
        shape = _civic_shape(problem, session) if session.training is Training.CIVIC else _course_shape(view, session)
        if shape:
            yield about(session, "calendar", shape)


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
