"""
Months drawn at random: plans that change, gateways that err, events and receipts in any order, two people on one phone.

No message says what is not true when it leaves; at rest everybody believes what is true, or somebody is to tell them.
"""

import random
from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

import pytest

from services.notifications.app import open_post
from services.notifications.domain.messages import ACCEPTED, TEMPORARY, UNKNOWN, Outcome
from services.notifications.domain.timetable import coming
from services.notifications.usecases.contacts import review_contacts
from services.notifications.usecases.delivery import deliver_due, doubt_unanswered
from services.notifications.usecases.seats import Truth, review_seats, seat_truths
from shared.ids import derived_id
from tests.integration.notifications.office import an_office

SEEDS = range(12)
PEOPLE = [derived_id("person", number) for number in range(2)]
SITES = [derived_id("site", number) for number in range(2)]
PARTS = ("S1", "S2")
STEPS = [timedelta(minutes=5), timedelta(hours=3), timedelta(hours=11), timedelta(days=1), timedelta(days=3)]
SOMEBODY_KNOWS = {"failed", "unknown", "expired"}  # ends with which somebody is told that a person was not


class Fickle:
    """A gateway that takes a message, or not, and says so, or not; `took` is called with what it took."""

    name, batch, rate, takes_test_numbers, replies = "fickle", 50, 0, True, False

    def __init__(self, draw, took):
        self.draw, self.took, self.kept = draw, took, set()
        self.idempotent, self.receipts = draw.random() < 0.5, draw.random() < 0.4
        self.well = False

    def send(self, messages):
        for message in messages:
            lucky = self.well or self.draw.random() < 0.7
            taken, said = (True, ACCEPTED) if lucky else self.draw.choice([(1, UNKNOWN), (0, UNKNOWN), (0, TEMPORARY)])
            if taken and not (self.idempotent and message.key in self.kept):
                self.took(message)
            self.kept.add(message.key) if taken else None
            yield Outcome(said)


class Months:
    """What happens to a few people and sessions, and what they were told."""

    def __init__(self, office, seed):
        self.office, self.draw = office, random.Random(seed)
        self.gateway = Fickle(self.draw, self.read)
        self.post = replace(open_post(office.settings), sms=(self.gateway,))
        self.sessions, self.phones, self.late, self.told, self.lies = {}, dict.fromkeys(PEOPLE, 1), [], {}, []
        office.hear(*[office.site(key, label=f"Centre {key}") for key in SITES], *map(self.person, PEOPLE))

    # --- what happens

    def person(self, key):
        phone = f"+99900000{self.phones[key]:04d}"
        return self.office.person(key, reference=str(key)[:8], phone=phone, email="")

    def session(self, key):
        now = self.sessions[key]
        days = {part: day for part, (day, _hour) in now["days"].items()}
        event = self.office.session(key, days=days, state=now["state"], site=now["site"], starts=time(9))
        hours = {part: time(hour) for part, (_day, hour) in now["days"].items()}
        return replace(event, meetings=tuple(replace(one, starts_at=hours[one.part]) for one in event.meetings))

    def change_session(self):
        key = derived_id("session", self.draw.randrange(3))
        today = self.office.clock.now().date()
        fresh = {part: (today + timedelta(days=self.draw.randrange(3, 25)), 9) for part in PARTS}
        known = self.sessions.setdefault(key, {"state": "open", "site": SITES[0], "days": fresh})
        part = self.draw.choice(PARTS)
        day, hour = known["days"][part]
        match self.draw.choice(["state", "site", "day", "hour"]):
            case "state":
                known["state"] = "cancelled" if known["state"] == "open" else "open"
            case "site":
                known["site"] = self.draw.choice(SITES)
            case "day":
                known["days"][part] = day + timedelta(days=self.draw.choice([-2, -1, 1, 2, 7])), hour
            case "hour":
                known["days"][part] = day, self.draw.choice([9, 14])
        self.hear(self.session(key))

    def change_seat(self):
        state = "active" if self.draw.random() < 0.7 else "withdrawn"
        session = derived_id("session", self.draw.randrange(3))
        self.hear(self.office.seat(self.draw.choice(PARTS), self.draw.choice(PEOPLE), session, state))

    def change_phone(self):
        key = self.draw.choice(PEOPLE)
        self.phones[key] += 1
        self.hear(self.person(key))

    def receipt(self):
        sent = [one for one in self.office.all_notices() if one["attempts"]]
        if sent:
            about = self.draw.choice(sent)
            attempt = self.draw.randrange(about["attempts"] + 1)
            self.office.receipt(about["id"], self.draw.choice(["delivered", "accepted"]), attempt=attempt)

    def hear(self, event):
        """Bring an event: now and then later, together with others in any order."""
        self.late.append(event)
        if self.draw.random() < 0.85:
            self.draw.shuffle(self.late)
            self.office.hear(*self.late)
            self.late = []

    def work(self):
        service = self.office.service
        review_contacts(True, service)
        review_seats(timedelta(), service)
        doubt_unanswered(service)
        deliver_due(self.post, service)

    def pass_by(self):
        events = [self.change_session, self.change_seat, self.change_seat, self.change_phone, self.receipt]
        for _step in range(self.draw.randrange(10, 40)):
            for _change in range(self.draw.randrange(4)):
                self.draw.choice(events)()
            self.office.clock.set(self.office.clock.now() + self.draw.choice(STEPS))
            if self.draw.random() < 0.7:
                self.work()
            if self.draw.random() < 0.5:
                self.office.skip_back_off()

    def come_to_rest(self):
        """Hear what is late, with a gateway that is well, until nothing is left to do on a working day at noon."""
        self.gateway.well = True
        self.office.hear(*self.late)
        for _day in range(6):
            noon = (self.office.clock.now() + timedelta(days=1)).replace(hour=11)
            self.office.clock.set(noon + timedelta(days=noon.weekday() == 6))
            for _round in range(8):
                self.office.minutes_pass(1)
                self.work()
                self.office.skip_back_off()

    # --- what is true, and what is believed

    def truth(self, person, session):
        with self.office.service.database.read() as db:
            found = seat_truths(self.office.service.work(db), [(person, session)]).get((person, session))
        if found is None:
            return (), ""
        days = coming(found.days, Truth.moment(found, self.office.clock.now()))
        return days, str(found.site_id) if days else ""

    def read(self, message):
        """Let a person read what a message says; note where it is not true as it leaves."""
        key = UUID(message.key.partition(".")[0])
        for one in self.office.all_notices():
            pair = one["person_id"], one["session_id"]
            if key not in {one["id"], one["rides_on"]} or one["session_id"] is None:
                continue
            days, site = self.truth(*pair)
            said = () if one["kind"] == "cancelled" else tuple(one["days"])
            true = set(said) <= set(days) if one["moment"] else said == days
            if not true or (said and one["site"] != site):
                self.lies.append((one["kind"], said, days))
            if not one["moment"]:
                self.told[pair] = said, one["site"] if said else ""

    def misled(self):
        """Return who believes something else than what is true, and nobody knows."""
        found = []
        for person in PEOPLE:
            for session in self.sessions:
                days, site = self.truth(person, session)
                said, told_site = self.told.get((person, session), ((), ""))
                believed = tuple(day for day in said if day[:10] > str(self.office.clock.now().date()))
                expected = tuple(day for day in days if day[:10] > str(self.office.clock.now().date()))
                ends = {one["state"] for one in self.office.notices(person_id=person, session_id=session)}
                wrong = believed != expected or (expected and site != told_site)
                if wrong and not ends & SOMEBODY_KNOWS:
                    found.append((believed, expected, ends))
        return found


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_told_what_is_not_true_or_left_believing_it(tmp_path, seed):
    with an_office(tmp_path) as office:
        months = Months(office, seed)
        months.pass_by()
        months.come_to_rest()

        assert months.lies == []
        assert months.misled() == []
        waiting = [one for one in office.all_notices() if one["state"] in {"due", "sending"}]
        assert all(one["due_at"] > office.clock.now() for one in waiting)
