"""What an answer by SMS says: the code of a message is "I cannot come on its first day", for whoever it was sent to."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.notifications import storage
from services.notifications.app import open_post
from services.notifications.gateways.files import SmsFiles
from services.notifications.usecases.replies import take_reply
from services.notifications.usecases.retention import forget_words
from services.notifications.usecases.tasks import Ending, end_task
from shared.events import PersonMerged
from shared.ids import derived_id
from tests.integration.notifications.office import DAYS, MONDAY, PERSON, SESSION, an_office

PHONE = "+999000000001"


class Answering(SmsFiles):
    """The gateway that writes files, where answers come back too."""

    replies = True


@pytest.fixture
def office(tmp_path):
    with an_office(tmp_path) as office:
        office.post = replace(open_post(office.settings), sms=(Answering(office.settings.sms_folder),))
        yield office


def told(office, **person):
    """Tell somebody their days; return the code that stands in the message."""
    office.place(**person)
    office.deliver_with(sms=office.post.sms)
    return next(row["reply_code"] for row in office.notices(kind="convocation") if row["reply_code"])


def answer(office, text, key="1", sender=PHONE):
    with office.service.database.begin() as db:
        return take_reply(office.post, office.service.work(db), key=key, sender=sender, text=text)


def test_a_code_announces_the_absence_of_that_day_once(office):
    code = told(office)

    assert answer(office, f"  {code} merci") == "absent"
    assert answer(office, f"  {code} merci") == "absent"
    assert answer(office, code, key="2") == "absent"

    (event,) = office.told("AbsenceAnnouncedState")
    assert (event.signatory_id, event.session_id, event.held_on) == (PERSON, SESSION, DAYS["S1"])
    assert (event.kind, event.withdrawn) == ("absent", False)


def test_a_code_from_another_phone_or_of_another_message_says_nothing(office):
    code = told(office)

    assert answer(office, code, sender="+999000000099") == "nothing"
    assert answer(office, "0000") == "nothing"
    assert office.told("AbsenceAnnouncedState") == []


def test_a_code_that_two_people_on_one_telephone_were_told_is_read_by_somebody(office):
    other = derived_id("person", 2)
    office.hear(office.person(other, alias="Jo", reference="93-2"), office.seat(person=other))
    told(office)
    with office.service.database.begin() as db:  # as one day in 9,000 has it
        db.execute(storage.notice.update().where(storage.notice.c.kind == "convocation").values(reply_code="4321"))

    assert answer(office, "4321") == "nothing"
    assert office.told("AbsenceAnnouncedState") == []
    assert [row["kind"] for row in office.open_tasks() if row["kind"] == "reply"] == ["reply"]


def test_all_codes_of_an_answer_are_heard(office):
    another = office.another_session(days={"C": date(2025, 3, 20)})
    office.hear(another, office.seat("C", session=another.session_id))
    told(office)
    codes = [row["reply_code"] for row in office.notices(kind="convocation")]

    assert answer(office, " et ".join(codes)) == "absent"
    assert {one.held_on for one in office.told("AbsenceAnnouncedState")} == {DAYS["S1"], date(2025, 3, 20)}


def test_a_code_of_a_day_that_is_theirs_no_more_is_read_by_somebody(office):
    code = told(office)
    office.hear(*[office.seat(part, state="withdrawn") for part in DAYS])

    assert answer(office, code) == "nothing"
    assert office.told("AbsenceAnnouncedState") == []
    assert "reply" in {row["kind"] for row in office.rows(storage.task, storage.task.c.id)}


def test_who_stands_for_a_minor_answers_for_the_minor(office):
    minor = derived_id("person", 3)
    event = office.person(minor, alias="Ciel", reference="93-3")
    event.private["notifications"]["representative_phone"] = "+999000000009"
    office.hear(office.site(), office.session(), event, office.seat(person=minor))
    office.deliver_with(sms=office.post.sms)
    behind = derived_id("representative", minor)
    code = next(row["reply_code"] for row in office.notices(kind="convocation") if row["person_id"] == behind)

    assert answer(office, code, sender="+999000000009") == "absent"
    assert [one.signatory_id for one in office.told("AbsenceAnnouncedState")] == [minor]


def muted(office):
    return {row["reference"] for row in office.rows(storage.person, storage.person.c.id) if row["muted"]}


def test_stop_from_a_number_that_is_somebody_elses_by_now_mutes_nobody(office):
    told(office)
    office.hear(office.person(phone="+999000000002"))

    assert answer(office, "STOP") == "stop"
    assert muted(office) == set()
    assert [row for row in office.open_tasks() if row["kind"] == "muted"] == []


def test_stop_mutes_the_record_that_was_kept_when_the_message_was_about_the_other(office):
    other = derived_id("person", 2)
    office.hear(office.person(), office.person(other, reference="93-2"), PersonMerged(kept_id=other, other_id=PERSON))
    told(office)

    assert answer(office, "STOP") == "stop"
    assert muted(office) == {"93-2"}


def test_a_telephone_number_in_an_answer_holds_no_code(office):
    code = told(office)

    assert answer(office, f"06{code}0000") == "nothing"


def test_who_says_stop_again_after_they_were_spoken_with_is_spoken_with_again(office):
    told(office)
    for key in ("1", "2"):
        answer(office, "STOP", key=key)
        (task,) = [row for row in office.open_tasks() if row["kind"] == "muted"]
        with office.service.database.begin() as db:
            end_task(office.service.work(db), task["id"], Ending(outcome="unmuted"))

    assert muted(office) == set()


def test_what_somebody_answered_is_forgotten_with_the_task_that_repeats_it(office):
    told(office)
    answer(office, "mon numéro est le 06 99 00 12 34")
    office.clock.set(MONDAY + timedelta(days=91))
    forget_words(1096, office.service)

    (reply,) = office.rows(storage.reply, storage.reply.c.id)
    (task,) = [row for row in office.rows(storage.task, storage.task.c.id) if row["kind"] == "reply"]
    assert (reply["text"], reply["address_hash"], task["note"]) == ("", "", "")


def test_whose_telephone_said_stop_is_forgotten_too(office):
    told(office)
    answer(office, "STOP")
    office.clock.set(MONDAY + timedelta(days=91))
    forget_words(1096, office.service)

    (reply,) = office.rows(storage.reply, storage.reply.c.id)
    assert (reply["understood"], reply["address_hash"]) == ("stop", "")
