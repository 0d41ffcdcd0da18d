"""What goes with mails: what a calendar shows after each, read back by another library, and pages to print."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from itertools import pairwise

import pypdfium2
import vobject

from shared.events import AppointmentState, Meeting
from shared.ids import derived_id
from tests.integration.notifications.office import DAYS, MONDAY, PERSON, SITE

LATER = {"S1": date(2025, 3, 20), "S2": DAYS["S2"]}


class PhoneCalendar:
    """A calendar that takes what mails bring: an entry gives way to the same one with a higher number."""

    def __init__(self):
        self.entries = {}
        self.read = set()

    def take(self, mails):
        for path in mails:
            if path.name not in self.read:
                self.read.add(path.name)
                for part in message_from_bytes(path.read_bytes(), policy=policy.default).iter_attachments():
                    if part.get_content_type() == "text/calendar":
                        self._take(part.get_content(), part.get_param("method"))
        return self.days()

    def _take(self, text, method):
        for calendar in vobject.readComponents(text):
            assert calendar.method.value == method
            assert method != "CANCEL" or len(calendar.vevent_list) == 1
            for event in calendar.vevent_list:
                assert not hasattr(event, "attendee")
                uid, number = event.uid.value, int(event.sequence.value)
                if number >= self.entries.get(uid, (0, None, None))[0]:
                    self.entries[uid] = (number, event, method)

    def events(self):
        held = [event for _number, event, method in self.entries.values() if method == "PUBLISH"]
        return sorted(held, key=lambda event: event.dtstart.value)

    def days(self):
        return [
            f"{event.dtstart.value.astimezone(UTC):%d %H:%M}-{event.dtend.value.astimezone(UTC):%H:%M}"
            for event in self.events()
        ]


def by_mail(office, **person):
    office.place(channel="email", **person)
    office.run()


def test_each_day_of_a_convocation_is_an_entry_at_its_place_in_the_persons_words(office):
    by_mail(office)
    phone = PhoneCalendar()

    assert phone.take(office.mails()) == ["13 08:00-15:30", "14 08:00-15:30"]  # Paris in winter
    first = phone.events()[0]
    assert (first.summary.value, first.location.value) == ("مواعيد تدريبك", "Centre Jaurès, Bobigny")
    assert first.dtstamp.value == MONDAY
    assert first.description.value == "01 99 00 12 34"
    assert len({event.uid.value for event in phone.events()}) == 2


def test_a_day_that_moves_takes_its_entry_along(office):
    by_mail(office)
    phone = PhoneCalendar()
    phone.take(office.mails())
    before = {event.uid.value for event in phone.events()}

    office.hear(office.session(days=LATER))
    office.run()

    assert phone.take(office.mails()) == ["14 08:00-15:30", "20 08:00-15:30"]
    assert {event.uid.value for event in phone.events()} == before


def test_a_day_replaced_by_another_meeting_leaves_the_calendar(office):
    by_mail(office)
    phone = PhoneCalendar()
    phone.take(office.mails())

    other = Meeting(
        meeting_id=derived_id("meeting", "other"), held_on=date(2025, 3, 21), slot="morning", starts_at=time(9),
        minutes=180, part="S1",
    )  # fmt: skip
    session = office.session()
    second = tuple(one for one in session.meetings if one.part == "S2")
    office.hear(replace(session, meetings=(*second, other)))
    office.run()

    assert phone.take(office.mails()) == ["14 08:00-15:30", "21 08:00-11:00"]


def test_a_cancelled_session_leaves_the_calendar_and_comes_back_with_the_seat(office):
    by_mail(office)
    phone = PhoneCalendar()
    phone.take(office.mails())

    office.hear(office.session(state="cancelled"))
    office.run()
    assert phone.take(office.mails()) == []

    office.hear(office.session())
    office.run()
    assert phone.take(office.mails()) == ["13 08:00-15:30", "14 08:00-15:30"]


def test_files_read_in_the_wrong_order_end_in_the_same_calendar(office):
    by_mail(office)
    for days in (LATER, DAYS, LATER):
        office.hear(office.session(days=days))
        office.run()
    numbers = [row["number"] for row in office.notices()]
    assert all(a < b for a, b in pairwise(numbers))
    forward, backward = PhoneCalendar(), PhoneCalendar()

    forward.take(office.mails())
    backward.take(reversed(office.mails()))

    assert backward.days() == forward.days() == ["14 08:00-15:30", "20 08:00-15:30"]


def test_a_day_told_by_sms_is_no_entry_that_a_mail_could_end(office):
    office.place()
    office.run()

    office.hear(office.person(channel="email", phone=""), office.session(state="cancelled"))
    office.run()

    (mail,) = office.mails()
    assert b"text/calendar" not in mail.read_bytes()


def test_a_reminder_brings_the_day_that_it_names(office):
    by_mail(office)
    phone = PhoneCalendar()
    phone.take(office.mails())
    numbers = {uid: entry[0] for uid, entry in phone.entries.items()}

    office.clock.set(MONDAY + timedelta(days=4))
    office.run()

    assert len(office.mails()) == 2
    assert phone.take(office.mails()) == ["13 08:00-15:30", "14 08:00-15:30"]
    assert {uid: entry[0] for uid, entry in phone.entries.items()} == numbers


def test_an_appointment_is_an_entry_that_moves_and_goes(office):
    phone = PhoneCalendar()
    told = []
    office.hear(office.site())
    for starts, state in ((time(9), "booked"), (time(14), "booked"), (time(14), "cancelled")):
        office.hear(
            AppointmentState(
                subject_version=office.version("appointment"), appointment_id=derived_id("appointment", 1),
                person_id=PERSON, reference="93-1", territory="93", kind="interview", spoken=("ar",), reads="yes", reading_language="ar",
                channel="email", shared_phone=False, site_id=SITE, held_on=date(2025, 3, 20), starts_at=starts,
                minutes=60, state=state, private={"notifications": {"alias": "Rose", "email": "rose@example.org"}},
            )
        )  # fmt: skip
        office.run()
        told.append(phone.take(office.mails()))

    assert told == [["20 08:00-09:00"], ["20 13:00-14:00"], []]


def test_a_calendar_file_names_nobody_and_no_authority(office):
    by_mail(office)
    (mail,) = office.mails()
    content = message_from_bytes(mail.read_bytes(), policy=policy.default)
    (file,) = [part for part in content.iter_attachments() if part.get_content_type() == "text/calendar"]

    assert file.get_filename() == "dates.ics"
    assert "rose@example.org" not in file.get_content()
    assert not re.search(r"(?i)ofii|contrat", file.get_content())


def test_moments_are_those_of_the_place_overseas_too(office):
    office.hear(replace(office.site(), zone="Indian/Mayotte"), office.session(), office.person(channel="email"))
    office.hear(*[office.seat(part) for part in DAYS])
    office.run()

    assert PhoneCalendar().take(office.mails())[0] == f"{datetime(2025, 3, 13, 6, tzinfo=UTC):%d %H:%M}-13:30"


def enclosed(mail):
    parts = message_from_bytes(mail.read_bytes(), policy=policy.default).iter_attachments()
    return {part.get_filename(): part.get_content() for part in parts}


def test_a_convocation_brings_a_page_to_print_and_a_cancellation_none(office):
    by_mail(office, reading_language="tr", spoken=("tr",))
    (first,) = office.mails()
    office.hear(office.session(state="cancelled"))
    office.run()
    (second,) = set(office.mails()) - {first}

    page = pypdfium2.PdfDocument(enclosed(first)["convocation-1.pdf"])[0].get_textpage().get_text_range()
    assert "13 Mart 2025 Perşembe" in page
    assert "Un logiciel a aidé à choisir ces dates" in page
    assert "Rose" in page
    assert list(enclosed(second)) == ["annulation.ics"]


def test_no_log_says_the_alias_that_cannot_be_printed(office, logged):
    office.place(channel="email", alias="Rose 🌹")
    office.run()
    said = logged()

    assert "a page could not be printed" in said
    assert "🌹" not in said


def test_an_alias_that_cannot_be_printed_keeps_nobody_uninvited(office):
    by_mail(office, alias="Rose \N{CUNEIFORM SIGN A}", reading_language="fr", spoken=("fr",))
    (mail,) = office.mails()

    page = pypdfium2.PdfDocument(enclosed(mail)["convocation-1.pdf"])[0].get_textpage().get_text_range()
    assert "Bonjour 93-1" in page
