"""The pages that a person opens by their link: days, what they say of them, and doors that stay shut."""

import base64
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.notifications import storage
from services.notifications.usecases import codes, links
from shared.ids import derived_id
from tests.integration.notifications.office import DAYS, MONDAY, PERSON, SESSION, an_office
from tests.integration.notifications.phone import Phone, seen

OTHER = derived_id("person", 2)
DAY = f"/notices/mine/days/{SESSION}/{DAYS['S1']}"
PLACE = f"/notices/mine/places/{SESSION}"


@pytest.fixture
def office(tmp_path):
    with an_office(tmp_path) as office:
        office.place(code="4711")
        office.hear(office.person(OTHER, alias="Lune", phone="+999000000002", reference="93-2"))
        yield office


@pytest.fixture
def phone(office):
    return Phone(office)


def kept(office):
    """Everything that the pages may change, to see whether something did."""
    tables = (storage.announcement, storage.giving_up, storage.desk_code, storage.contact_word, storage.door_count)
    with office.service.database.read() as db:
        return [storage.rows(db, table.select()) for table in tables] + [storage.rows(db, storage.notice.select())]


# --- the link


def test_opening_a_link_shows_one_button_and_changes_nothing(office, phone):
    secret = phone.secret()
    before = kept(office)
    answer = phone.read(f"/notices/m/{secret}")

    assert answer.status_code == 200
    assert seen(answer).actions == [f"/notices/m/{secret}"]
    assert "set-cookie" not in answer.headers
    assert kept(office) == before


def test_a_link_that_nobody_was_told_looks_the_same_until_the_button_is_pressed(office, phone):
    page = phone.read("/notices/m/K7Q2M4XW9PTC2A")
    pressed = phone.press("/notices/m/K7Q2M4XW9PTC2A")

    assert page.status_code == 200
    assert pressed.status_code == 403
    assert "set-cookie" not in pressed.headers


def test_the_button_shows_days_times_places_and_a_number_to_call(office, phone):
    assert phone.enter().headers["location"] == "/notices/mine"
    said = seen(phone.read("/notices/mine?lang=fr")).said

    for words in ("jeudi 13 mars", "09:00 – 16:30", "Centre Jaurès, Bobigny", "01 99 00 12 34"):
        assert words in said
    for name in ("Rose", "93-1", "OFII", "contrat"):
        assert name not in said


def test_the_page_speaks_the_persons_language_whatever_the_browser_asks_for(office, phone):
    phone.enter()
    page = phone.read("/notices/mine")

    assert '<html lang="ar" dir="rtl">' in page.text
    assert '<html lang="ti" dir="ltr">' in phone.read("/notices/mine?lang=ti").text
    assert '<html lang="ti" dir="ltr">' in phone.read("/notices/mine").text


def test_wrong_links_are_limited_for_one_caller(office, phone):
    for _ in range(links.MOST_AN_HOUR):
        assert phone.press("/notices/m/K7Q2M4XW9PTC2A").status_code == 403

    assert phone.press("/notices/m/K7Q2M4XW9PTC2A").status_code == 429


def test_who_guesses_behind_the_same_address_shuts_nobody_elses_pages(office, phone):
    for _ in range(links.MOST_AN_HOUR + 1):
        Phone(office).press("/notices/m/K7Q2M4XW9PTC2A")

    assert phone.enter().headers["location"] == "/notices/mine"


@pytest.mark.parametrize("path", ["/notices/mine", DAY + "/late", PLACE, "/notices/code", "/notices/mine/phone"])
def test_without_a_link_the_page_asks_for_it_and_never_for_an_account(office, phone, path):
    answer = phone.read(path)

    assert answer.status_code == 401
    assert "/planning/sign-in" not in answer.text


def test_a_session_that_is_over_asks_for_the_link_again(office, phone, monkeypatch):
    from shared.web import tokens

    monkeypatch.setattr(tokens, "OWN_LIFE_SECONDS", -1)
    phone.enter()

    assert phone.read("/notices/mine").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/notices/m/"), ("PUT", "/notices/m/K7Q2M4XW9PTC2A"), ("GET", "/notices/leave")]
)
def test_a_wrong_address_is_answered_in_the_readers_language_with_a_number_to_call(office, method, path):
    answer = Phone(office, "ar").client.request(method, path)

    assert answer.status_code in {404, 405}
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "tel:0199001234" in answer.text
    assert "/planning/" not in answer.text


def test_a_service_that_is_busy_says_so_in_the_readers_language(office):
    phone = Phone(office, "ar")
    secret = phone.secret()
    with office.service.database.begin() as db:
        db.execute(sa.text("ALTER TABLE link RENAME TO link_away"))
    answer = phone.press(f"/notices/m/{secret}")

    assert answer.status_code == 503
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "tel:0199001234" in answer.text


def test_the_code_opens_more_and_not_for_longer(office, phone, monkeypatch):
    from shared.web import tokens

    def ends_at():
        body = phone.client.cookies[tokens.COOKIE].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(f"{body}=="))["exp"]

    phone.enter()
    before = ends_at()
    monkeypatch.setattr(tokens, "OWN_LIFE_SECONDS", 2 * tokens.OWN_LIFE_SECONDS)  # as if it were given later
    phone.give_code("4711")

    assert phone.read(PLACE).status_code == 200
    assert ends_at() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_service_speaks_for_another_that_is_away(office, method):
    answer = Phone(office, "ur").client.request(method, "/notices/away")

    assert answer.status_code == 503
    assert '<html lang="ur" dir="rtl">' in answer.text
    assert "tel:0199001234" in answer.text


def test_closing_forgets_the_session(office, phone):
    phone.enter()
    phone.press("/notices/leave")

    assert phone.read("/notices/mine").status_code == 401


def test_nothing_personal_is_in_titles_addresses_or_logs_and_nothing_is_stored_by_the_browser(office, logged):
    phone = Phone(office)
    secret = phone.secret()
    pages = [phone.read(f"/notices/m/{secret}"), phone.press(f"/notices/m/{secret}"), phone.read("/notices/mine")]
    pages += [phone.give_code("0000"), phone.give_code("4711"), phone.read(PLACE), phone.press(PLACE + "/nothing")]
    log = logged()

    for page in pages:
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        for private in ("Rose", "999000000001", "rose@example.org", "4711", "93-1"):
            assert private not in page.headers.get("location", "")
            assert private not in page.text.partition("<title>")[2].partition("</title>")[0]
    for private in (secret, secret.lower(), "Rose", "999000000001", "4711"):
        assert private not in log


# --- late, absent


def test_announcing_takes_two_steps_and_can_be_taken_back(office, phone):
    phone.enter()
    before = kept(office)
    asked = phone.read(DAY + "/absent")
    assert kept(office) == before
    assert seen(asked).actions[-1] == DAY + "/absent"

    phone.press(DAY + "/absent")
    assert "je ne peux pas venir" in phone.read("/notices/mine?lang=fr").text
    phone.press(DAY + "/withdrawal")

    told = office.told("AbsenceAnnouncedState")
    assert [(one.subject_version, one.kind, one.withdrawn) for one in told] == [
        (1, "absent", False),
        (2, "absent", True),
    ]
    assert {(one.signatory_id, one.session_id, one.held_on) for one in told} == {(PERSON, SESSION, DAYS["S1"])}
    assert DAY + "/withdrawal" not in phone.read("/notices/mine").text


def test_the_same_said_twice_is_told_once(office, phone):
    phone.enter()
    for _ in range(3):
        phone.press(DAY + "/late")

    assert len(office.told("AbsenceAnnouncedState")) == 1


def test_announcing_frees_no_seat(office, phone):
    phone.enter()
    phone.press(DAY + "/absent")

    assert {row["state"] for row in office.rows(storage.placement, storage.placement.c.id)} == {"active"}
    assert office.told("PlacementDeclined") == []


def test_a_day_that_is_over_or_somebody_elses_cannot_be_announced(office, phone):
    phone.enter(OTHER)
    assert phone.press(DAY + "/late").status_code == 409
    phone.enter()
    office.clock.set(MONDAY + timedelta(days=10, hours=9))

    assert phone.press(DAY + "/late").status_code == 409
    assert phone.press(f"/notices/mine/days/{SESSION}/never/late").status_code == 409
    assert phone.press(DAY + "/ill").status_code == 404
    assert office.told("AbsenceAnnouncedState") == []


# --- the code of the desk


def test_a_link_alone_is_asked_for_the_code_before_anything_more(office, phone):
    phone.enter()
    for path in (PLACE, "/notices/mine/phone/new"):
        answer = phone.read(path)
        assert answer.headers["location"].startswith("/notices/code?next=")
    before = kept(office)

    assert phone.press(PLACE + "/giving-up").headers["location"] == "/notices/code?next=/notices/mine"
    assert phone.press("/notices/mine/phone/new", phone="+999000000007").status_code == 303
    assert kept(office) == before


def test_the_right_code_opens_the_page_that_was_asked_for(office, phone):
    phone.enter()
    answer = phone.give_code("4711", PLACE)

    assert answer.headers["location"] == PLACE
    assert phone.read(PLACE).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
def test_the_code_never_leads_to_another_site(office, phone, target):
    phone.enter()

    assert phone.give_code("4711", target).headers["location"] == "/notices/mine"


def test_whoever_goes_on_with_a_locked_code_shuts_nobody_out_behind_the_same_address(office, phone):
    other = derived_id("person", 2)
    office.hear(office.person(other, reference="93-2", code="0815"))
    phone.enter()
    assert {phone.give_code(f"{guess:04}").status_code for guess in range(40)} == {403}

    phone.enter(other)
    assert phone.give_code("0815").status_code == 303


def test_who_guesses_at_the_codes_of_many_people_is_shut_out_too(office, phone):
    people = [derived_id("person", number) for number in range(2, 9)]
    office.hear(*[office.person(key, reference=f"93-{n}", code="4711") for n, key in enumerate(people, start=2)])
    answers = []
    for key in people:
        phone.enter(key)
        answers += [phone.give_code(f"{guess:04}").status_code for guess in range(5)]

    assert answers == [403] * 30 + [429] * 5
    phone.enter()
    assert phone.give_code("4711").status_code == 429  # also a right one: who guesses does not learn that it was


def test_five_wrong_codes_lock_the_code_until_the_next_day_but_not_the_days(office, phone):
    phone.enter()
    for digits in ("0000", "1111", "2222", "3333", "4444"):
        assert phone.give_code(digits).status_code == 403

    assert phone.give_code("4711").status_code == 403
    assert phone.read("/notices/mine").status_code == 200
    assert phone.press(DAY + "/late").status_code == 303
    office.clock.set(MONDAY + timedelta(days=1))
    assert phone.give_code("4711").status_code == 303


def test_a_code_tried_in_vain_for_days_opens_nothing_until_another_is_given(office, phone):
    phone.enter()
    for day in range(codes.MOST_IN_VAIN // codes.MOST_A_DAY):
        office.clock.set(MONDAY + timedelta(days=day))
        for _ in range(codes.MOST_A_DAY):
            phone.give_code("0000")
    office.clock.set(MONDAY + timedelta(days=5))
    refused = phone.give_code("4711")
    office.hear(office.person(code="1234"))

    assert refused.status_code == 403
    assert "Demandez un autre code au guichet" in phone.read("/notices/code?lang=fr").text
    assert phone.give_code("1234").status_code == 303


def test_who_knows_the_code_may_err_now_and_then_for_ever(office, phone):
    phone.enter()
    for day in range(codes.MOST_IN_VAIN + 1):
        office.clock.set(MONDAY + timedelta(days=day))
        phone.give_code("0000")
        assert phone.give_code("4711").status_code == 303


def test_a_lock_is_the_persons_own_and_a_new_code_lifts_it(office, phone):
    phone.enter()
    for _ in range(6):
        phone.give_code("0000")
    office.hear(office.person(OTHER, alias="Lune", phone="+999000000002", reference="93-2", code="0815"))
    other = Phone(office)
    other.enter(OTHER)
    assert other.give_code("0815").status_code == 303

    office.hear(office.person(code="1234"))

    assert phone.give_code("4711").status_code == 403
    assert phone.give_code("1234").status_code == 303


def test_nobody_without_a_code_gets_further(office, phone):
    phone.enter(OTHER)

    for digits in ("", "0000", "4711", "None"):
        assert phone.give_code(digits).status_code == 403


# --- giving up


def test_giving_up_takes_two_steps_and_tells_nobody_for_48_hours(office, phone):
    phone.enter()
    phone.give_code("4711")
    before = kept(office)
    asked = phone.read(PLACE)
    assert kept(office) == before
    assert seen(asked).actions[-1] == PLACE + "/giving-up"

    phone.press(PLACE + "/giving-up")
    phone.press(PLACE + "/giving-up")
    office.clock.set(MONDAY + timedelta(hours=47, minutes=59))
    office.run()
    assert office.told("PlacementDeclined") == []
    office.clock.set(MONDAY + timedelta(hours=48))
    office.run()
    office.run()

    told = {one.placement_id for one in office.told("PlacementDeclined")}
    assert told == {derived_id("placement", PERSON, SESSION, part) for part in DAYS}
    assert len(office.told("PlacementDeclined")) == len(told)


def test_a_place_kept_after_all_is_never_told(office, phone):
    phone.enter()
    phone.give_code("4711")
    phone.press(PLACE + "/giving-up")
    assert "Je garde ma place" in phone.read(PLACE + "?lang=fr").text
    phone.press(PLACE + "/keeping")

    office.clock.set(MONDAY + timedelta(days=3))
    office.run()

    assert office.told("PlacementDeclined") == []


def test_giving_up_again_after_keeping_counts_its_own_48_hours(office, phone):
    phone.enter()
    phone.give_code("4711")
    phone.press(PLACE + "/giving-up")
    phone.press(PLACE + "/keeping")
    office.clock.set(MONDAY + timedelta(days=1))
    phone.press(PLACE + "/giving-up")
    office.clock.set(MONDAY + timedelta(days=2))
    office.run()
    assert office.told("PlacementDeclined") == []

    office.clock.set(MONDAY + timedelta(days=3))
    office.run()
    assert len(office.told("PlacementDeclined")) == len(DAYS)


def test_the_hours_end_when_the_next_day_begins(office, phone):
    office.clock.set(MONDAY + timedelta(days=9))  # the day before, 10:00 in Paris
    phone.enter()
    phone.give_code("4711")
    phone.press(PLACE + "/giving-up")

    office.clock.set(MONDAY + timedelta(days=9, hours=23))  # 09:00 in Paris, when it begins
    assert phone.press("/notices/leave").status_code == 200
    phone.enter()
    phone.give_code("4711")
    assert phone.press(PLACE + "/keeping").status_code == 409
    office.run()
    assert office.told("PlacementDeclined") != []


def test_the_hours_end_sooner_where_the_next_day_is_moved_forward(office, phone):
    phone.enter()
    phone.give_code("4711")
    phone.press(PLACE + "/giving-up")
    office.hear(office.session(days=DAYS | {"S1": MONDAY.date() + timedelta(days=1)}))
    assert "mardi 4 mars 09:00" in seen(phone.read(PLACE + "?lang=fr")).said

    office.clock.set(MONDAY + timedelta(hours=23))  # 09:00 in Paris, when it begins
    assert phone.press(PLACE + "/keeping").status_code == 409
    office.run()

    assert len(office.told("PlacementDeclined")) == len(DAYS)


def test_a_place_given_up_for_good_is_gone_from_the_pages_before_its_seat_is_free(office, phone):
    phone.enter()
    phone.give_code("4711")
    phone.press(PLACE + "/giving-up")
    office.clock.set(MONDAY + timedelta(hours=48))
    office.run()

    assert PLACE not in phone.read("/notices/mine").text
    assert phone.press(PLACE + "/giving-up").status_code == 409
    assert phone.press(DAY + "/late").status_code == 409
    office.clock.set(MONDAY + timedelta(days=5))
    office.run()
    assert len(office.told("PlacementDeclined")) == len(DAYS)
    office.hear(office.seat("S1", state="withdrawn"), office.seat("S2", state="withdrawn"))
    office.hear(office.seat("S3"))
    office.hear(office.session(days=DAYS | {"S3": DAYS["S2"] + timedelta(days=1)}))
    assert PLACE in phone.read("/notices/mine").text


def test_nobody_gives_up_or_keeps_somebody_elses_place(office, phone):
    office.hear(office.person(OTHER, alias="Lune", phone="+999000000002", reference="93-2", code="0815"))
    phone.enter(OTHER)
    phone.give_code("0815")

    assert phone.press(PLACE + "/giving-up").status_code == 409
    assert phone.press(PLACE + "/keeping").status_code == 409
    assert phone.read(PLACE).status_code == 404


# --- the number


def test_a_number_that_is_still_right_is_confirmed_by_the_link_alone_and_never_shown_whole(office, phone):
    phone.enter()
    page = phone.read("/notices/mine/phone")
    assert "01</bdi>" in page.text
    assert "999" not in seen(page).said
    phone.press("/notices/mine/phone/confirmation")

    assert [row["kind"] for row in office.rows(storage.contact_word, storage.contact_word.c.id)] == ["confirmed"]
    assert office.told("ContactChanged") == []


def test_another_number_needs_the_code_and_leaves_sealed(office, phone):
    phone.enter()
    phone.give_code("4711")
    assert phone.press("/notices/mine/phone/new", phone="hello").status_code == 422
    phone.press("/notices/mine/phone/new", phone="+999 000 000 007".replace(" ", ""))

    (event,) = office.told("ContactChanged")
    assert event.signatory_id == PERSON
    kept = b"".join(path.read_bytes() for path in office.var.glob("notifications.db*"))
    assert b"999000000007" not in kept


def test_who_stands_for_a_minor_sees_and_says_the_minors_days_and_changes_their_own_number(office):
    minor = derived_id("person", 3)
    event = office.person(minor, alias="Ciel", reference="93-3", code="2222")
    event.private["notifications"]["representative_phone"] = "+999000000009"
    office.hear(event, office.seat(person=minor))
    phone = Phone(office)
    phone.enter(derived_id("representative", minor))

    assert "Centre Jaurès" in phone.read("/notices/mine").text
    phone.press(DAY + "/late")
    assert office.told("AbsenceAnnouncedState")[0].signatory_id == minor
    assert "09</bdi>" in phone.read("/notices/mine/phone").text
    assert phone.give_code("2222").status_code == 303
