"""What was told: by meeting, with its attempts, for as long as the rule says; what nobody could be told is a task."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.notifications import storage
from services.notifications.app import open_post
from services.notifications.usecases.overview import listed, notice_detail
from services.notifications.usecases.replies import take_reply
from services.notifications.usecases.tasks import tasks_of
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events import ProviderState
from shared.rights import Principal
from shared.work import Work
from tests.integration.notifications.office import SESSION, an_office

TRAINER = {"kind": "person", "id": "t", "role": "trainer"}
PLANNER = Principal(kind="person", id="p", role="planner", scope="93")


def acting(office, db, who=PLANNER):
    return Work(db=db, who=who, now=office.clock.now(), voice=office.service.voice)


def test_all_that_was_told_of_a_meeting_is_found_by_its_day(office):
    other = office.another_session(days={"C": datetime(2025, 3, 17, tzinfo=UTC).date()})
    office.place()
    office.hear(other, office.seat("C", session=other.session_id))
    office.run()
    with office.service.database.read() as db:
        work = acting(office, db)
        found = {
            day: [
                one["kind"]
                for one in listed(work, {"session_id": SESSION, "day": day, "state": "accepted"}, None, 50)["items"]
            ]
            for day in ("2025-03-13", "2025-03-14", "2025-03-17")
        }
        details = [notice_detail(work, one["id"]) for one in office.notices()]

    assert found == {"2025-03-13": ["convocation"], "2025-03-14": ["convocation"], "2025-03-17": []}
    assert [len(one["attempts"]) for one in details] == [1, 1]  # one message brought both


def test_a_receipt_that_names_any_notice_of_a_message_is_about_the_message(office):
    other = office.another_session(days={"C": datetime(2025, 3, 17, tzinfo=UTC).date()})
    office.place()
    office.hear(other, office.seat("C", session=other.session_id))
    office.run()
    (rider,) = [one for one in office.notices() if one["rides_on"] is not None]

    office.receipt(rider["id"], "delivered")

    assert [one["state"] for one in office.notices()] == ["delivered", "delivered"]


def test_words_go_by_the_rule_and_what_became_of_them_stays(tmp_path):
    with an_office(tmp_path, PARCOURS_NOTICE_DAYS="30") as office:
        office.place()
        office.run()
        office.clock.set(datetime(2025, 4, 1, 9, tzinfo=UTC))
        office.run()
        assert office.notices()[0]["text"]
        office.clock.set(datetime(2025, 4, 3, 9, tzinfo=UTC))
        office.run()

        (notice,) = office.notices()
        (attempt,) = office.rows(storage.attempt, storage.attempt.c.n)
        assert (notice["text"], notice["reply_code"], attempt["address_hash"]) == ("", "", "")
        assert (notice["state"], notice["channel"], notice["wording"]) == (
            "accepted", "sms", ["convocation/ar@1", "phrases/ar@1"],
        )  # fmt: skip


def test_a_relay_is_seen_by_the_body_whose_group_it_is_and_ends_once(office):
    office.place(reads="no")
    office.run()
    (task,) = office.open_tasks()
    body = ProviderState(subject_version=1, provider_id=task["provider_id"], code="ORG", label="Horizon")
    office.hear(body)
    with office.service.database.read() as db:
        seen = {
            scope: tasks_of(
                acting(office, db, Principal(**TRAINER, scope=scope)), territory=None, kind=None, after=None, limit=9
            )["items"]
            for scope in ("ORG/t", "ORG/other", "ELSE/t")
        }
    assert [len(one) for one in seen.values()] == [1, 0, 0]
    with pytest.raises(NotFoundError):
        office.end(task["id"], "told", who=Principal(**TRAINER, scope="ELSE/t"))
    for _twice in range(2):
        office.end(task["id"], "told", who=Principal(**TRAINER, scope="ORG/t"))
    with pytest.raises(ConflictError, match="ended before"):
        office.end(task["id"], "not_reached")

    assert office.open_tasks() == []


def test_whoever_neither_reads_nor_has_a_phone_is_also_told(office):
    office.place(reads="no", phone="", email="")
    office.run()

    assert [one["kind"] for one in office.open_tasks()] == ["letter", "relay"]


def test_a_registered_letter_needs_its_proof(office):
    office.place(channel="courrier")
    office.run()
    (task,) = office.open_tasks()
    for outcome, field in (("registered", "proof"), ("told", "outcome")):
        with pytest.raises(InvalidInputError) as refused:
            office.end(task["id"], outcome)
        assert [fault.field for fault in refused.value.faults] == [field]
    office.end(task["id"], "registered", proof="1A 234 567 8901 2, 17/03/2025")

    (row,) = office.rows(storage.task, storage.task.c.kind)
    assert (row["outcome"], row["actor"]) == ("registered", "planner:p")


def test_a_change_overtakes_what_was_still_to_be_told(office):
    office.place(reads="no")
    office.run()
    office.hear(office.session(state="cancelled"))
    office.run()

    assert [one["kind"] for one in office.notices() if one["id"] == office.open_tasks()[0]["notice_id"]] == [
        "cancelled"
    ]
    assert len(office.open_tasks()) == 1


def answers(office, text, key="1", sender="+999000000001"):
    with office.service.database.begin() as db:
        return take_reply(open_post(office.settings), office.service.work(db), key=key, sender=sender, text=text)


def test_stop_mutes_sms_until_somebody_has_spoken_with_the_person(office):
    office.place()
    office.run()
    assert [answers(office, " Stop svp"), answers(office, " Stop svp")] == ["stop", "stop"]
    office.hear(office.session(state="cancelled"))
    office.run()
    assert [one["channel"] for one in office.notices()] == ["sms", "email"]
    (task,) = office.open_tasks()
    office.end(task["id"], "unmuted")
    office.hear(office.session())
    office.run()

    assert [one["channel"] for one in office.notices()] == ["sms", "email", "sms"]


def test_a_code_is_only_understood_from_the_phone_that_got_it_and_while_the_day_lasts(tmp_path):
    with an_office(tmp_path) as office:
        office.place()
        office.run()
        with office.service.database.begin() as db:
            db.execute(storage.notice.update().values(reply_code="4711"))
        assert answers(office, "4711", sender="+999000000002") == "nothing"
        assert answers(office, "٤٧١١", key="2") == "absent"  # in Arabic digits
        assert answers(office, "4712", key="3") == "nothing"
        office.clock.set(datetime(2025, 3, 13, 18, tzinfo=UTC))
        assert answers(office, "4711", key="4") == "nothing"

        (told,) = office.told("AbsenceAnnouncedState")
        assert (told.kind, str(told.held_on), told.withdrawn) == ("absent", "2025-03-13", False)
        assert len([one for one in office.open_tasks() if one["kind"] == "reply"]) == 2


def test_nothing_is_left_to_bring_of_a_session_that_was_cancelled(office):
    office.place(phone="", email="")
    office.run()
    assert [row["kind"] for row in office.open_tasks()] == ["letter"]
    office.hear(office.session(state="cancelled"))
    office.run()

    assert [one["kind"] for one in office.notices()] == ["convocation"]
    assert office.open_tasks() == []


def test_a_letter_about_an_appointment_that_moved_is_not_posted_beside_the_new_one(office):
    unreached = {"notifications": {"alias": "Rose"}}
    office.hear(office.site(), replace(office.appointment(), private=unreached))
    office.run()
    office.hear(replace(office.appointment(), held_on=date(2025, 3, 27), private=unreached))
    office.run()

    (task,) = office.open_tasks()
    (notice,) = [one for one in office.notices() if one["id"] == task["notice_id"]]
    assert notice["days"] == ["2025-03-27 09:00-10:00"]


def test_a_letter_about_an_absence_that_was_a_mistake_gives_way_to_the_one_that_says_so(office):
    office.place(phone="", email="")
    office.run()
    for event in (office.miss(), office.no_miss()):
        office.hear(event)
        office.run()

    told = {one["id"]: one["kind"] for one in office.notices()}
    assert sorted(told[row["notice_id"]] for row in office.open_tasks()) == ["convocation", "not_missed"]
