"""From events to messages, on a real database with real files."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.notifications import storage
from services.notifications.domain.messages import REFUSED, TEMPORARY, UNKNOWN, Outcome
from services.notifications.gateways.files import SmsFiles
from services.notifications.usecases.delivery import due
from services.notifications.usecases.overview import digests, summary
from shared.errors import ConflictError
from shared.ids import derived_id, new_id
from shared.inbox import hear
from shared.languages import LANGUAGES
from tests.integration.notifications.carrier import a_carrier
from tests.integration.notifications.office import DAYS, MONDAY, SESSION, an_office, as_kept


class Answering(SmsFiles):
    """A gateway that answers what it is told to, and takes nothing."""

    def __init__(self, folder, state):
        super().__init__(folder)
        self.state = state

    def send(self, messages):
        for _message in messages:
            yield Outcome(self.state, error="as asked")


class Dying(SmsFiles):
    """A gateway that takes the message, after which the process dies."""

    def send(self, messages):
        for outcome in super().send(messages):
            del outcome
            raise SystemExit(9)
        yield Outcome("never")


def test_two_days_published_together_are_one_convocation(new_database, tmp_path):
    url = new_database("notifications").url.render_as_string(hide_password=False)
    with an_office(tmp_path, url) as office:
        office.place()
        office.run()

        (sms,) = office.sms()
        (notice,) = office.notices()
        assert (notice["kind"], notice["state"], notice["channel"]) == ("convocation", "accepted", "sms")
        assert notice["days"] == ["2025-03-13 09:00-16:30", "2025-03-14 09:00-16:30"]
        assert (sms["id"], as_kept(sms["text"]), sms["to"]) == (str(notice["id"]), notice["text"], "+999000000001")
        assert "/notices/m/…" in notice["text"]
        assert "الخميس 13 مارس 2025" in sms["text"]
        assert notice["cost"] == notice["segments"] * 450 > 450
        assert office.attempts() == [("sms", "accepted")]
        (told,) = office.told("NoticeDelivered")
        assert (told.notice_id, told.session_id, told.usable, told.proof) == (notice["id"], SESSION, True, "accepted")
        assert office.left_behind() == []


def test_a_retold_or_redelivered_event_makes_no_notice(office):
    office.place()
    office.run()
    bodies = office.hear(office.seat("S1"), office.seat("S2"), office.session(), office.person(), office.site())
    before = office.notices()
    hear(office.service.hearer, bodies)
    office.run()

    assert office.notices() == before
    assert len(office.sms()) == 1


def test_events_that_come_in_the_wrong_order_make_the_same_notice(office):
    office.hear(office.seat("S2"), office.seat("S1"))
    office.run()
    office.hear(office.person(), office.session(), office.site())
    with office.service.database.begin() as db:
        db.execute(storage.seat_news.update().values(due_at=datetime.now(UTC) - timedelta(seconds=9)))
    office.run()

    assert [one["kind"] for one in office.notices(state="accepted")] == ["convocation"]


def test_a_moved_session_is_told_once_and_a_cancelled_one_after_it(office):
    office.place()
    office.run()
    office.hear(office.session(days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}))
    office.run()
    office.hear(office.session(state="cancelled", days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}))
    office.run()

    assert [one["kind"] for one in office.notices()] == ["convocation", "moved", "cancelled"]
    assert office.notices()[1]["days"][0].startswith("2025-03-20")
    assert office.notices()[2]["days"] == office.notices()[1]["days"]


def test_a_seat_given_and_taken_before_anybody_was_told_makes_no_message(office):
    office.place()
    office.review()
    office.hear(*[office.seat(part, state="withdrawn") for part in ("S1", "S2")])
    office.run()

    assert [(one["kind"], one["state"]) for one in office.notices()] == [("convocation", "superseded")]
    assert office.sms() == []


def test_a_seat_given_back_after_a_cancellation_is_a_new_convocation(office):
    office.place()
    office.run()
    for state in ("withdrawn", "active"):
        office.hear(office.seat("S1", state=state), office.seat("S2", state=state))
        office.run()

    assert [one["kind"] for one in office.notices()] == ["convocation", "cancelled", "convocation"]
    assert len(office.sms()) == 3


def test_a_missed_day_is_one_notice_for_both_halves(office):
    office.place()
    office.run()
    office.clock.set(datetime(2025, 3, 13, 17, tzinfo=UTC))
    office.hear(office.miss("morning"), office.miss("afternoon"))
    office.run()

    assert [one["days"] for one in office.notices(kind="missed")] == [["2025-03-13 09:00-16:30"]]


@pytest.mark.parametrize("left", [True, False])
def test_a_day_that_was_missed_after_all_is_told_again(office, left):
    office.place()
    office.run()
    office.clock.set(datetime(2025, 3, 13, 17, tzinfo=UTC))
    for event in (
        office.miss(),
        office.no_miss(),
        office.miss("afternoon"),
        office.no_miss("afternoon"),
        office.miss(),
    ):
        office.hear(event)
        if left:
            office.run()
    office.run()

    told = sorted((one["made_at"], one["kind"]) for one in office.notices() if one["kind"] != "convocation")
    kinds = [kind for _at, kind in told]
    assert (kinds.count("missed"), kinds.count("not_missed")) == ((3, 2) if left else (3, 0))
    assert len(office.notices(kind="missed", state="accepted")) == (3 if left else 1)


def test_only_a_completed_training_is_congratulated(office):
    office.place()
    office.hear(office.completion("ended_incomplete"))
    office.hear(office.completion(), office.completion())
    office.run()

    (notice,) = office.notices(kind="completed")
    assert (notice["state"], notice["session_id"]) == ("accepted", SESSION)


def test_a_process_that_dies_after_the_gateway_took_the_message_sends_no_second_file(tmp_path):
    with an_office(tmp_path) as office:
        office.place()
        with pytest.raises(SystemExit):
            office.deliver_with(sms=[Dying(office.settings.sms_folder)])
        assert office.attempts() == [("sms", "started")]
        written = office.sms()

    with an_office(tmp_path) as again:
        again.run()

        assert again.sms() == written
        assert len(written) == 1
        assert again.attempts() == [("sms", "unknown"), ("sms", "accepted")]
        assert len(again.told("NoticeDelivered")) == 1


def test_a_refused_number_leads_to_a_mail_and_is_remembered(office):
    office.place()
    office.deliver_with(sms=[Answering(office.settings.sms_folder, REFUSED)])
    office.run()

    notice, asks = office.notices(kind="convocation") + office.notices(kind="confirm_contact")
    assert (notice["state"], notice["channel"]) == ("accepted", "email")
    assert asks["channel"] == "email"  # and asks for a number that works
    assert office.attempts() == [("sms", "refused"), ("email", "accepted")]
    assert [(one["kind"], one["note"]) for one in office.open_tasks()] == [("dead_contact", "sms")]
    assert len(office.mails()) == 1
    assert [(one.state, one.channels) for one in office.told("ContactabilityState")][-1] == ("doubtful", ("email",))


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"phone": "+9990000001", "email": ""}, "no_contact"),
        ({"phone": "", "email": ""}, "no_contact"),
        ({"channel": "courrier"}, "letter_wanted"),
    ],
)
def test_a_person_whom_no_channel_reaches_is_a_recorded_failure_with_a_task(office, person, reason):
    office.place(**person)
    office.run()

    (notice,) = office.notices()
    assert (notice["state"], notice["task"], notice["reason"]) == ("failed", "letter", reason)
    assert [told.reason for told in office.told("NoticeFailed")] == [reason]
    assert office.attempts() == []


def test_a_new_phone_brings_the_invitation_that_had_failed(office):
    office.place(phone="", email="")
    office.run()
    office.hear(office.person())
    office.run()

    assert [(one["state"], one["reason"]) for one in office.notices()] == [("failed", "old_contact"), ("accepted", "")]
    assert [one.state for one in office.told("ContactabilityState")] == ["unreachable", "reachable"]


def test_a_temporary_failure_is_tried_again_later_on_the_same_channel(office):
    office.place()
    office.deliver_with(sms=[Answering(office.settings.sms_folder, TEMPORARY)])
    assert office.deliver_with() == 0  # the wait is not over
    office.skip_back_off()
    office.run()

    assert office.attempts() == [("sms", "temporary"), ("sms", "accepted")]


def test_an_unknown_outcome_sends_the_same_message_again(office):
    office.place()
    office.deliver_with(sms=[Answering(office.settings.sms_folder, UNKNOWN)])
    (before,) = office.notices()
    office.skip_back_off()
    office.run()

    (after,) = office.notices(state="accepted")
    assert (after["id"], after["text"]) == (before["id"], before["text"])


def test_an_unknown_outcome_sends_nothing_again_that_is_no_longer_true(office):
    office.place()
    office.deliver_with(sms=[Answering(office.settings.sms_folder, UNKNOWN)])
    office.hear(office.session(days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}))
    office.skip_back_off()
    office.run()

    assert [(one["kind"], one["state"]) for one in office.notices()] == [
        ("convocation", "unknown"),
        ("moved", "accepted"),
    ]


def test_a_channel_that_never_answers_gives_way_to_the_next(office):
    office.place()
    silent = Answering(office.settings.sms_folder, TEMPORARY)
    for _try in range(7):
        office.skip_back_off()
        office.deliver_with(sms=[silent])
    office.run()

    assert office.notices()[0]["channel"] == "email"
    assert [one.state for one in office.told("ContactabilityState")] == ["reachable"]


def test_a_message_waits_for_the_end_of_the_quiet_hours(office):
    office.clock.set(datetime(2025, 3, 8, 21, 30, tzinfo=UTC))  # Saturday night
    office.place()
    office.run()
    assert office.sms() == []
    with office.service.database.read() as db:
        assert due(db, office.clock.now()) == 0

    office.clock.set(datetime(2025, 3, 10, 7, 1, tzinfo=UTC))  # Monday, 08:01 in Paris
    office.run()
    assert len(office.sms()) == 1


def test_no_batch_that_a_slow_gateway_could_draw_into_the_night_is_begun(office):
    office.clock.set(datetime(2025, 3, 3, 19, 57, tzinfo=UTC))  # 20:57 in Paris
    office.place()
    office.run()
    assert office.sms() == []
    office.clock.set(datetime(2025, 3, 4, 7, tzinfo=UTC))
    office.run()

    assert len(office.sms()) == 1


def test_quiet_hours_can_be_switched_off(tmp_path):
    with an_office(tmp_path, PARCOURS_QUIET_HOURS="no") as office:
        office.clock.set(datetime(2025, 3, 8, 21, 30, tzinfo=UTC))
        office.place()
        office.run()

        assert len(office.sms()) == 1


def test_a_notice_that_would_come_too_late_is_not_sent_but_what_remains_is_told(office):
    office.place()
    office.review()
    office.clock.set(datetime(2025, 3, 13, 16, tzinfo=UTC))  # the first day is over
    office.run()

    assert [(one["state"], one["days"][0][:10]) for one in office.notices()] == [
        ("expired", "2025-03-13"),
        ("accepted", "2025-03-14"),
    ]
    assert [told.reason for told in office.told("NoticeFailed")] == ["too_late"]


def test_whoever_does_not_read_gets_a_text_and_a_task_and_the_proof_is_not_usable(office):
    office.place(reads="no")
    office.run()

    assert office.notices()[0]["task"] == "relay"
    assert [told.usable for told in office.told("NoticeDelivered")] == [False]


def test_outside_the_demo_an_unsigned_text_is_replaced_by_french_and_english(tmp_path):
    with an_office(tmp_path, PARCOURS_DEMO="no") as office:
        office.place()
        office.run()

        (notice,) = office.notices()
        assert (notice["languages"], notice["task"], notice["usable"]) == (["fr", "en"], "translation", False)
        assert "jeudi 13 mars" in notice["text"]
        assert "Thursday 13 March" in notice["text"]


def test_each_unsigned_language_is_written_in_the_demo_only(tmp_path):
    for demo in ("yes", "no"):
        with an_office(tmp_path / demo, PARCOURS_DEMO=demo) as office:
            people = {derived_id("person", language): language for language in LANGUAGES}
            office.hear(office.site(), office.session())
            for n, (key, language) in enumerate(people.items()):
                phone = f"+999000000{n:03}"
                office.hear(office.person(key, spoken=(language,), reading_language=language, phone=phone))
                office.hear(office.seat(person=key))
            office.run()

            written = {people[row["person_id"]]: row for row in office.notices()}
            assert set(written) == set(LANGUAGES)
            for language, row in written.items():
                used = [language] if demo == "yes" or language == "fr" else ["fr", "en"]
                assert row["languages"] == used
                assert [version.partition("@")[0] for version in row["wording"]] == [
                    f"{folder}/{one}" for one in used for folder in ("convocation", "phrases")
                ]
                assert row["usable"] is (language in used)
                assert row["task"] == ("" if language in used else "translation")


def test_receipts_raise_a_state_and_never_lower_it(office):
    office.place()
    office.run()
    (notice,) = office.notices()
    key = new_id()
    office.receipt(notice["id"], "delivered", key)
    office.receipt(notice["id"], "delivered", key)
    office.receipt(notice["id"], "failed")
    office.run()

    assert [one["state"] for one in office.notices()] == ["delivered"]
    assert [told.proof for told in office.told("NoticeDelivered")] == ["accepted", "receipt"]
    with pytest.raises(ConflictError, match="another body"):
        office.receipt(notice["id"], "failed", key)


def test_a_receipt_of_failure_opens_the_next_channel_and_a_late_one_of_success_still_counts(office):
    office.place()
    office.run()
    (notice,) = office.notices()
    office.receipt(notice["id"], "failed")
    office.run()
    assert office.notices()[0]["channel"] == "email"
    office.receipt(notice["id"], "failed", attempt=1)
    office.receipt(notice["id"], "delivered", attempt=1)

    assert [(one["state"], one["channel"]) for one in office.notices()] == [("delivered", "sms")]


def test_a_failure_is_not_forgotten_when_an_older_acceptance_is_told_after_it(office):
    office.place()
    office.run()
    (notice,) = office.notices()
    office.receipt(notice["id"], "failed")
    office.receipt(notice["id"], "accepted")
    office.run()
    office.receipt(notice["id"], "accepted", attempt=1)

    assert [(one["state"], one["channel"]) for one in office.notices()] == [("accepted", "email")]
    assert len(office.mails()) == 1


def test_a_late_success_says_nothing_of_what_was_not_in_that_message(office):
    office.place()
    office.run()
    (notice,) = office.notices()
    office.receipt(notice["id"], "failed")
    office.hear(office.person(channel="email"), office.miss())
    office.run()
    assert len(office.mails()) == 1, "both in one mail"
    office.receipt(notice["id"], "delivered", attempt=1)

    found = {one["kind"]: (one["state"], one["channel"]) for one in office.notices()}
    assert found == {"convocation": ("delivered", "sms"), "missed": ("accepted", "email")}


def test_failures_told_of_an_old_number_say_nothing_of_the_new_one(office):
    office.place()
    office.hear(office.miss())
    office.run()
    office.hear(office.person(phone="+999000000002"))
    for notice in office.notices():
        if notice["rides_on"] is None:
            for _twice in range(2):
                office.receipt(notice["id"], "failed")

    (person,) = office.rows(storage.person, storage.person.c.id)
    assert (person["refused"], person["failing"]) == ([], {})


@pytest.mark.parametrize("late", ["a failure", "nothing"])
def test_what_comes_to_light_of_an_old_number_is_told_by_the_new_one(tmp_path, late):
    with a_carrier() as carrier, an_office(tmp_path, PARCOURS_SMS=carrier.kannel + "?receipts=yes") as office:
        office.place(phone="+33612345600", email="")
        office.run()
        office.hear(office.person(phone="+33612345699", email=""))
        if late == "a failure":
            office.receipt(office.notices()[0]["id"], "failed")
        else:
            office.clock.set(MONDAY + timedelta(days=2))
        office.run()

        assert carrier.took == {"+33612345600": 1, "+33612345699": 1}
        assert [one["state"] for one in office.notices()] == ["accepted"]
        assert office.open_tasks() == []


def test_the_summary_counts_people_who_have_a_seat_and_were_not_told(office):
    office.place()
    other = derived_id("person", 2)
    office.hear(office.person(other, phone="", email=""), office.seat("S1", other))
    with office.service.database.read() as db:
        assert summary(office.service.work(db), None)["people_without_notice"] == 2
    office.run()

    with office.service.database.read() as db:
        found = summary(office.service.work(db), "93")
    assert found["people_without_notice"] == 0
    assert found["channels"] == {"letter": {"failed": 1}, "none": {"due": 6}, "sms": {"accepted": 1}}  # six reminders


def test_retelling_tells_contactability_and_changes_no_digest(office):
    office.place()
    office.run()
    with office.service.database.begin() as db:
        before = digests(office.service.work(db))
        assert office.service.retell(office.service.work(db)) == 1
    office.hear(office.seat("S1"), office.seat("S2"), office.session())
    office.run()

    with office.service.database.read() as db:
        assert digests(office.service.work(db)) == before
    assert len({one.subject_version for one in office.told("ContactabilityState")}) == 1


def test_no_address_is_kept_in_the_open_with_an_attempt(office):
    office.place()
    office.run()

    (attempt,) = office.rows(storage.attempt, storage.attempt.c.n)
    assert "+999000000001" not in [str(value) for value in attempt.values()]
    assert len(attempt["address_hash"]) == 64
    assert attempt["started_at"] == MONDAY


def test_one_notice_that_cannot_be_written_holds_nobody_else(office):
    people = [derived_id("person", n) for n in range(30)]
    office.hear(office.site(), office.session(), *[office.person(key) for key in people])
    office.hear(*[office.seat("S1", key) for key in people])
    office.review()
    with office.service.database.begin() as db:
        db.execute(storage.person.update().where(storage.person.c.id == people[11]).values(territory="nowhere"))
    office.run()

    assert [one["reason"] for one in office.notices(state="due")] == ["unwritten"]
    assert len(office.notices(state="accepted")) == len(office.sms()) == 29


def test_what_no_clock_is_known_for_is_set_aside_where_somebody_sees_it_and_holds_nobody(office):
    other, nowhere = derived_id("person", 2), derived_id("site", 2)
    office.hear(office.person(other, territory="988"), office.site(nowhere, zone="Pacific/Nowhere"))
    office.hear(office.another_session(site=nowhere), office.seat(session=derived_id("session", 2)))
    office.place()
    office.run()

    assert [one["state"] for one in office.notices()] == ["accepted"]
    assert [error.partition(":")[0] for error in sorted(office.left_behind())] == [
        "UnknownTerritoryError", "ZoneInfoNotFoundError",
    ]  # fmt: skip


def test_a_hundred_people_are_told_one_message_each(office):
    people = [derived_id("person", n) for n in range(100)]
    office.hear(office.site(), office.session())
    office.hear(*[office.person(key, alias=f"Rose {n}") for n, key in enumerate(people)])
    office.hear(*[office.seat(part, key) for key in people for part in DAYS])
    office.run()

    assert len(office.sms()) == 100
    assert len({sms["id"] for sms in office.sms()}) == 100


def test_an_appointment_that_is_heard_late_takes_no_newer_number_away(office):
    earlier = office.appointment()
    office.hear(office.site(), office.person(phone="+999000000077"), earlier)

    (person,) = office.rows(storage.person, storage.person.c.id)
    assert (person["phone"], person["email"]) == ("+999000000077", "rose@example.org")


def test_many_people_who_got_two_places_at_once_are_told_one_message_each(office):
    another = office.another_session(days={"C": date(2025, 3, 20)})
    people = [derived_id("person", number) for number in range(250)]
    office.hear(office.site(), office.session(), another)
    office.hear(*[office.person(key, phone=f"+999{number:09d}") for number, key in enumerate(people)])
    for part, session in (("S1", SESSION), ("C", another.session_id)):  # as a plan tells them: group by group
        office.hear(*[office.seat(part, key, session) for key in people])
    office.run()

    assert len(office.notices()) == 2 * len(people)
    assert len(office.sms()) == len(people)


@pytest.mark.parametrize("alias", ["🌹", "Rose, contrat 12"])
def test_a_name_that_an_sms_cannot_show_or_that_says_too_much_gives_way_to_the_reference(office, alias):
    office.place(alias=alias, spoken=("fr",), reading_language="fr")
    office.run()

    (sms,) = office.sms()
    assert sms["text"].startswith("93-1, votre formation")


def test_no_reminder_names_a_place_when_nobody_has_told_of_the_new_one_yet(office):
    office.place()
    office.run()
    office.hear(office.session(site=derived_id("site", 2)))
    office.clock.set(datetime(2025, 3, 6, 9, tzinfo=UTC))  # a week before
    office.deliver_only()
    assert len(office.sms()) == 1
    office.hear(office.site(derived_id("site", 2), label="Centre Curie"))
    office.minutes_pass(1)
    office.run()

    assert [one["kind"] for one in office.notices()] == ["convocation", "moved"]
    assert "Centre Curie" in office.notices()[1]["text"]


def test_what_would_be_too_long_for_one_sms_leaves_in_several_in_the_order_of_the_days(tmp_path):
    with an_office(tmp_path, PARCOURS_DEMO="no", PARCOURS_MAIL_SENDER="f@parcours.example") as office:
        keys = [derived_id("session", number) for number in range(4)]
        days = [date(2025, 3, 10) + timedelta(weeks=number) for number in range(4)]
        sessions = [office.session(key, days={"C": day}) for key, day in zip(keys, days, strict=True)]
        office.hear(office.site(label="Centre de formation Jean-Jaurès, bâtiment C"), *sessions)
        office.hear(office.person(alias="روز"), *[office.seat("C", session=key) for key in reversed(keys)])
        office.run()

    texts = [sms["text"] for sms in office.sms()]
    assert max(sms["segments"] for sms in office.sms()) <= 10
    for day in days:
        (text,) = [text for text in texts if f" {day.day} mars" in text]
        assert f"{day.day} March" in text
    assert all(text.count("/notices/m/") == 2 for text in texts)  # once in each language
