"""The rules that one person asks of each of their seats: when, where, in which order, told in time."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from services.scheduler.domain.judge.breach import Breach, is_free, judged, of_seat
from services.scheduler.domain.problem import (
    Need,
    Slot,
    Training,
)
from services.scheduler.domain.view import Seat, View

__all__ = [
    "bundles_stay_together",
    "childcare_is_there",
    "civic_days_come_in_order",
    "people_are_in_one_place_at_a_time",
    "people_are_told_in_time",
    "people_can_come",
    "people_can_reach_the_site",
    "people_join_in_time",
    "people_sit_at_their_level",
]


def people_sit_at_their_level(view: View) -> Iterator[Breach]:
    """Check that a need sits in a session of its training and part: the prescribed package, the day that is owed."""
    for seat in judged(view):
        if seat.session.training is not seat.need.training or seat.need.part not in seat.session.parts:
            taught = "+".join(seat.session.parts)
            yield of_seat(seat, "level", f"owes {seat.need.part} and sits in a session of {taught}")


def people_can_come(view: View) -> Iterator[Breach]:
    """Each meeting falls on a half-day when the person can come."""
    for seat in judged(view):
        for meeting in seat.meetings:
            if not is_free(seat.person, meeting.day, meeting.slot):
                yield of_seat(seat, "availability", f"cannot come on {meeting.day} ({meeting.slot.value})")
                break


def people_can_reach_the_site(view: View) -> Iterator[Breach]:
    """Check that the travel time is within the person's limit."""
    for seat in judged(view):
        minutes = view.travel.minutes(seat.person, view.sites[seat.session.site])
        if minutes > seat.person.travel_limit_minutes:
            limit = seat.person.travel_limit_minutes
            yield of_seat(seat, "reach", f"travels {minutes} minutes to {seat.session.site}, over the limit of {limit}")


def people_are_in_one_place_at_a_time(view: View) -> Iterator[Breach]:
    """Nobody has two meetings on the same half-day."""
    for seats in view.seats_of_person.values():
        busy: dict[tuple[date, Slot], Seat] = {}
        for seat in seats:
            for meeting in seat.meetings:
                other = busy.setdefault((meeting.day, meeting.slot), seat)
                if other is not seat and not (other.pinned and seat.pinned):
                    words = f"is also in session {other.session.id} on {meeting.day} ({meeting.slot.value})"
                    yield of_seat(seat, "one_place", words)
                    break


def people_join_in_time(view: View) -> Iterator[Breach]:
    """Check that a placement begins at a meeting: the day of the part, or a course still open to entry."""
    weeks = view.problem.rules.rolling_entry_weeks
    for seat in judged(view):
        joins_on = seat.placement.joins_on
        if not seat.meetings or seat.meetings[0].day != joins_on:
            yield of_seat(seat, "entry", f"joins on {joins_on}, when the session has no meeting of {seat.need.part}")
        elif seat.need.training is Training.LANGUAGE:
            last = seat.session.meetings[0].day + timedelta(weeks=weeks)
            if joins_on > last:
                yield of_seat(seat, "entry", f"joins on {joins_on}, after the last day of entry, {last}")


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
                    yield of_seat(seat, "civic_order", f"sits in {need.part} while {before.part} is not placed")
                elif (seat.placement.joins_on - earlier.placement.joins_on).days < gap * (
                    order[need.part] - order[before.part]
                ):
                    days = f"{before.part} on {earlier.placement.joins_on}, {need.part} on {seat.placement.joins_on}"
                    yield of_seat(seat, "civic_order", f"has {days}: out of order or too close")


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


def childcare_is_there(view: View) -> Iterator[Breach]:
    """Who needs childcare sits where there is some."""
    for seat in judged(view):
        if seat.person.childcare and not view.sites[seat.session.site].childcare:
            yield of_seat(seat, "childcare", f"needs childcare, and {seat.session.site} has none")


def people_are_told_in_time(view: View) -> Iterator[Breach]:
    """Check that the first meeting leaves the notice period of the person's channel after publication."""
    problem = view.problem
    for seat in judged(view):
        days = problem.rules.notice_days[seat.person.channel]
        if not seat.told and seat.placement.joins_on < problem.publish_on + timedelta(days=days):
            words = f"begins on {seat.placement.joins_on}, less than {days} days after {problem.publish_on}"
            yield of_seat(seat, "notice", words)
