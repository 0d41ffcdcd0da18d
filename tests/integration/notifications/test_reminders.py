"""Reminders: a week, two days and an evening before; moved and cancelled with the meeting."""

from datetime import UTC, date, datetime, timedelta

from services.notifications.wording import BETWEEN_SMS
from tests.integration.notifications.office import PERSON, an_office, as_kept


def at(office, day, hour, minute=1):
    office.clock.set(datetime(2025, 3, day, hour, minute, tzinfo=UTC))
    office.run()


def test_people_are_reminded_a_week_two_days_and_an_evening_before(office):
    office.place()
    office.run()
    assert office.reminders() == [
        ("06 08:00", "week", "due"),
        ("11 08:00", "two_days", "due"),
        ("12 17:00", "eve", "due"),
    ]
    for day, hour in ((6, 8), (11, 8), (12, 17)):
        at(office, day, hour)

    assert [state for _at, _moment, state in office.reminders()] == ["accepted"] * 3
    texts = [one["text"] for one in office.all_notices() if one["moment"]]
    assert len(office.sms()) == 4
    assert "13 مارس" in texts[0]
    assert office.rows_of_proof() == ["convocation", "reminder", "reminder", "tomorrow"]


def test_a_reminder_says_in_how_many_days(tmp_path):
    with an_office(tmp_path) as office:
        office.place(reading_language="fr", spoken=("fr",))
        office.run()
        for day in (6, 11):
            at(office, day, 8)

        texts = [one["text"] for one in office.all_notices() if one["moment"] and one["text"]]
        assert "7 jours" in texts[0]
        assert "2 jours" in texts[1]


def test_reminders_move_with_the_meeting_and_go_with_it(office):
    office.place()
    office.run()
    office.hear(office.session(days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}))
    office.run()
    states = office.reminders()
    assert [one for one in states if one[2] == "due"] == [
        ("13 08:00", "week", "due"), ("18 08:00", "two_days", "due"), ("19 17:00", "eve", "due"),
    ]  # fmt: skip
    assert [one[2] for one in states].count("superseded") == 3
    office.hear(office.session(days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}, state="cancelled"))
    office.run()

    assert {one[2] for one in office.reminders()} == {"superseded"}
    at(office, 19, 18)
    assert [one["kind"] for one in office.all_notices() if one["text"]] == ["convocation", "moved", "cancelled"]


def test_a_meeting_moved_there_and_back_is_reminded_of_once(office):
    office.place()
    office.run()
    for days in ({"S1": date(2025, 3, 20)}, {"S1": date(2025, 3, 13), "S2": date(2025, 3, 14)}):
        office.hear(office.session(days=days))
        office.run()
    at(office, 6, 8)
    at(office, 6, 9)

    assert [one for one in office.reminders() if one[1] == "week" and one[2] != "superseded"] == [
        ("06 08:00", "week", "accepted")
    ]


def test_a_reminder_whose_meeting_moved_before_it_left_is_not_sent(office):
    """The news is there and not looked at yet when the reminder falls due."""
    office.place()
    office.run()
    office.clock.set(datetime(2025, 3, 6, 8, 1, tzinfo=UTC))
    office.hear(office.session(days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}))
    office.deliver_only()

    assert ("06 08:00", "week", "superseded") in office.reminders()
    assert len(office.sms()) == 1


def test_nobody_is_reminded_of_what_they_were_told_a_day_ago_nor_of_each_day_of_a_course(office):
    days = {f"d{n}": date(2025, 3, 4) + timedelta(days=n) for n in (0, 1, 5, 6, 20, 21)}
    office.hear(office.site(), office.session(days=days), office.person(), *[office.seat(part) for part in days])
    office.run()

    assert office.reminders() == [("17 08:00", "week", "due"), ("22 08:00", "two_days", "due")]
    (last,) = {tuple(one["days"]) for one in office.all_notices() if one["moment"]}
    assert [day[:10] for day in last] == ["2025-03-24", "2025-03-25"]


def test_a_monday_has_its_evening_on_saturday(office):
    office.hear(office.site(), office.session(days={"S1": date(2025, 3, 17)}), office.person(), office.seat("S1"))
    office.run()

    assert office.reminders()[-1] == ("15 17:00", "eve", "due")


def test_what_leaves_together_is_one_message(office):
    other = office.another_session(days={"C": date(2025, 3, 17)})
    office.place()
    office.hear(other, office.seat("C", session=other.session_id))
    office.run()

    (sms,) = office.sms()
    head, rider = sorted(office.notices(), key=lambda one: one["rides_on"] is not None)
    assert (head["rides_on"], rider["rides_on"]) == (None, head["id"])
    assert as_kept(sms["text"]) == f"{head['text']}{BETWEEN_SMS}{rider['text']}"
    assert (head["state"], rider["state"], rider["segments"], rider["cost"]) == ("accepted", "accepted", 0, 0)
    assert head["cost"] == head["segments"] * 450
    assert {one.session_id for one in office.told("NoticeDelivered")} == {head["session_id"], rider["session_id"]}
    office.receipt(head["id"], "delivered")
    assert {one["state"] for one in office.notices()} == {"delivered"}


def test_changes_of_one_person_within_minutes_wait_for_the_last_one(tmp_path):
    with an_office(tmp_path, PARCOURS_GATHER_SECONDS="120") as office:
        office.place()
        office.run()
        office.hear(office.session(days={"S1": date(2025, 3, 20), "S2": date(2025, 3, 21)}))
        office.run()
        assert office.notices() == []
        office.minutes_pass(1)
        office.run()
        assert office.notices() == []
        office.minutes_pass(2)
        office.run()

        (notice,) = office.notices()
        assert notice["days"][0].startswith("2025-03-20")
        assert office.notices()[0]["person_id"] == PERSON


def test_news_that_never_ends_is_not_waited_for_longer_than_ten_minutes(tmp_path):
    with an_office(tmp_path, PARCOURS_GATHER_SECONDS="120") as office:
        office.place()
        for _change in range(11):
            office.hear(office.session())
            office.run()
            office.minutes_pass(1)
        office.hear(office.session())
        office.run()

        assert len(office.notices()) == 1


def test_a_reminder_of_the_first_day_names_the_others_where_they_are_by_now(office):
    office.place(reading_language="fr", spoken=("fr",))
    office.run()
    office.hear(office.session(days={"S1": date(2025, 3, 13), "S2": date(2025, 3, 17)}))
    at(office, 6, 8)

    (text,) = [one["text"] for one in office.all_notices() if one["moment"] and one["text"]]
    assert "lundi 17 mars" in text
    assert "14 mars" not in text
