"""In the room: own acts, codes that turn, who was not on the list, calls to absentees, contacts; through users' doors."""

import base64
import html
import json
import re
import shutil
from datetime import timedelta
from uuid import UUID

import pytest

from parcours.embedded import DEMO_MARK
from services.attendance.domain import meeting_code
from services.attendance.usecases.here import MOST_AN_HOUR
from shared.clock import real_now
from shared.ids import new_id
from shared.languages import LANGUAGES, direction
from shared.web.own import words
from tests.forms import Visitor
from tests.integration.attendance.roomful import (
    ELSEWHERE,
    MEETING,
    OTHER,
    TOMORROW,
    a_roomful,
    person,
    person_id,
    reference,
    seat,
    the_same_room,
)

STROKES = json.dumps([[[100, 100 + n] for n in range(20)]]).encode()
ROLL = f"/rolls/{MEETING}"
PAGE = f"/attendance/rolls/{MEETING}"


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A folder with the house as each test finds it: made once, copied for each."""
    var = tmp_path_factory.mktemp("furnished") / "var"
    with a_roomful(var, people=6):
        return var


@pytest.fixture
def room(furnished, tmp_path):
    shutil.copytree(furnished, tmp_path / "var")
    with the_same_room(tmp_path / "var") as room:
        yield room


def secret(room, meeting=MEETING):
    return meeting_code.secret_of(room.keys["attendance"], meeting)


def scan(room, meeting=MEETING, back=0):
    """Return the address that the picture shows now, or showed `back` seconds ago."""
    code = meeting_code.scanned_code(secret(room, meeting), real_now() - timedelta(seconds=back))
    return f"/attendance/here/{meeting}/{code}"


def mark(n, **said):
    return {"id": str(new_id()), "signatory_id": str(person_id(n)), "status": "present", **said}


def send(room, *marks, login="trainer", **roll):
    body = {"rolls": [{"meeting_id": str(MEETING), "marks": list(marks), **roll}]}
    return room.ask(login, "POST", "/rolls/marks", body).json()["rolls"][0]


def everybody(people=6):
    return [mark(n, act="trainer_declared", act_reason="device_failed") for n in range(people)]


def drawn(n, content=STROKES):
    return {
        "kind": "drawn", "subject_id": str(person_id(n)), "media_type": "application/json",
        "content": base64.b64encode(content).decode(),
    }  # fmt: skip


def press(visitor, action, button, **values):
    """Fill a form of the page and press the button of this name."""
    form = visitor.form(action)
    return visitor.post(form.action, {**form.values(), **values, button: "1"})


# --- opening


def test_a_roll_opens_half_an_hour_before_its_meeting_and_waits_until_then(room):
    room.at("08:29")
    early = send(room, *everybody())
    assert early["code"] == "roll_not_open"
    page = Visitor(room.house, "trainer").open(PAGE)
    assert "La feuille s’ouvre le 07/04/2025 08:30" in page.text

    room.at("08:30")
    assert {one["state"] for one in send(room, *everybody())["results"]} == {"kept"}


# --- people's own acts


def test_a_presence_rests_on_what_the_person_drew_and_not_on_what_somebody_else_did(room):
    act = str(new_id())
    path = f"{ROLL}/acts/{act}"
    assert send(room, mark(0, act="drawn"))["results"][0]["code"] == "mark_refused"

    for _ in range(2):
        assert room.ask("trainer", "PUT", path, drawn(0)).status_code == 204
    assert room.ask("trainer", "PUT", path, drawn(1)).json()["code"] == "id_reused"
    other = send(room, mark(1, act="drawn", act_id=act))["results"][0]
    own = send(room, mark(0, act="drawn", act_id=act))["results"][0]

    assert (other["state"], own["state"]) == ("refused", "kept")
    assert room.people()[reference(0)]["mark"]["act_id"] == act
    content = room.ask("trainer", "GET", f"{path}/content")
    assert (content.status_code, content.content) == (200, STROKES)
    assert room.ask("other-trainer", "GET", f"{path}/content").status_code == 404


@pytest.mark.parametrize(
    "content", [b"[]", b"[[[1,2]]]", b"not json", b'[[["a",1]]]', json.dumps([[[0, 2000]] * 9]).encode()]
)
def test_a_dot_or_something_else_is_no_mark_of_anybody(room, content):
    answer = room.ask("trainer", "PUT", f"{ROLL}/acts/{new_id()}", drawn(0, content))

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["content"]


def test_the_photo_of_a_signed_sheet_is_everybodys_act_and_a_text_is_no_photo(room):
    trainer = Visitor(room.house, "trainer")
    trainer.open(PAGE)
    key = trainer.form("/sheet").fields["key"]["value"][0]
    cookies = "; ".join(f"{name}={value}" for name, value in trainer.cookies.items())

    def photo(content, key):
        return room.house.client.post(
            f"{PAGE}/sheet", data={"key": key}, files={"photo": ("sheet.jpg", content)}, headers={"Cookie": cookies}
        )

    assert photo(b"hello", str(new_id())).status_code == 422
    assert photo(b"\xff\xd8\xff" + b"0" * 500, key).status_code == 303
    kept = send(room, *(mark(n, act="signed_sheet") for n in range(6)))

    assert {one["state"] for one in kept["results"]} == {"kept"}
    (act,) = room.ask("trainer", "GET", f"{ROLL}/acts").json()
    assert (act["kind"], act["subject_id"], act["media_type"]) == ("signed_sheet", None, "image/jpeg")


# --- saying "I am here"


def test_who_scans_with_their_own_session_presses_one_button_and_the_trainer_has_the_last_word(room):
    phone = Visitor(room.house, "person-3")
    page = phone.open(scan(room))
    assert phone.form("/here").fields == {}
    assert room.rows("act") == [], "a page that is only opened does nothing"

    for _ in range(2):
        phone.page = page
        assert "Merci" in phone.send(f"/here/{MEETING}").text

    live = room.ask("trainer", "GET", f"{ROLL}/live").json()
    assert [(act["kind"], act["known_by"], act["subject_id"]) for act in live["acts"]] == [
        ("qr", "session", str(person_id(3)))
    ]
    assert live["came"] == 0, "a mark is the trainer's word"
    assert send(room, mark(3, act="qr", act_id=live["acts"][0]["id"]))["results"][0]["state"] == "kept"
    assert room.ask("trainer", "GET", f"{ROLL}/live").json()["acts"] == []


def test_who_signs_in_after_the_scan_comes_back_to_their_one_button(room):
    phone = Visitor(room.house)
    page = phone.open(scan(room)).text
    phone.open(re.search(r'href="(/planning/session[^"]+)"', page)[1])

    phone.send("/planning/sign-in", login="person-3", password=room.house.passwords["person-3"])

    assert phone.form("/here").fields == {}
    assert "Merci" in phone.send(f"/here/{MEETING}").text


def test_without_a_session_the_printed_reference_is_typed_and_no_name_is_shown(room):
    phone = Visitor(room.house)
    page = phone.open(scan(room, back=20))
    assert "DIALLO" not in page.text
    assert "confirme" in page.text

    done = phone.send(f"/here/{MEETING}", reference=f" {reference(2)} ")

    assert "Merci" in done.text
    (act,) = room.ask("trainer", "GET", f"{ROLL}/live").json()["acts"]
    assert (act["known_by"], act["subject_id"]) == ("reference", str(person_id(2)))
    assert "par sa référence" in Visitor(room.house, "trainer").open(PAGE).text


@pytest.mark.parametrize("back", [60, 3600])
def test_a_picture_that_has_turned_is_refused_when_it_is_opened_and_a_slow_person_is_not(room, back):
    phone = Visitor(room.house)
    assert phone.open(scan(room, back=back)).status_code == 403

    ticket = meeting_code.ticket(secret(room), "qr", real_now() + timedelta(minutes=5))
    slow = phone.post(f"/attendance/here/{MEETING}/{ticket}", {"reference": reference(1)})
    old = meeting_code.ticket(secret(room), "qr", real_now() - timedelta(seconds=1))
    late = phone.post(f"/attendance/here/{MEETING}/{old}", {"reference": reference(0)})
    forged = phone.post(f"/attendance/here/{MEETING}/{ticket}0", {"reference": reference(0)})

    assert (slow.status_code, late.status_code, forged.status_code) == (200, 403, 403)
    assert [act["subject_id"] for act in room.rows("act")] == [person_id(1)]


def test_who_scans_early_waits_on_the_page_and_is_not_refused(room):
    room.at("08:10")
    phone = Visitor(room.house)
    page = phone.open(scan(room)).text
    assert "08:30" in page
    again = re.search(r'http-equiv="refresh" content="(\d+);url=([^"]+)"', page)
    assert int(again[1]) <= 30
    assert not phone.has_form("/here")

    room.at("08:31")
    phone.open(again[2])
    assert "Merci" in phone.send(f"/here/{MEETING}", reference=reference(1)).text

    room.at("06:00")
    assert "trop tôt" in phone.open(scan(room)).text


def test_the_spoken_code_is_good_for_who_has_a_seat_today_and_has_no_doubtful_letter(room):
    shown = room.ask("trainer", "GET", f"{ROLL}/code").json()["spoken"]
    assert re.fullmatch("[2-9A-HJKMNP-Z]{6}", shown)
    phone = Visitor(room.house)
    phone.open("/attendance/here")

    done = phone.send("/attendance/here", code=f"{shown[:3].lower()} {shown[3:]}", reference=reference(5))

    assert "Merci" in done.text
    (act,) = room.rows("act")
    assert (act["kind"], act["subject_id"], act["meeting_id"]) == ("code", person_id(5), MEETING)


@pytest.mark.parametrize("zero", ["٠", "۰", "০"])
def test_code_and_reference_are_taken_in_the_digits_of_any_keyboard(room, zero):
    digits = str.maketrans("0123456789", "".join(chr(ord(zero) + n) for n in range(10)))
    shown = room.ask("trainer", "GET", f"{ROLL}/code").json()["spoken"]
    phone = Visitor(room.house)
    phone.open("/attendance/here")

    done = phone.send("/attendance/here", code=shown.translate(digits), reference=reference(5).translate(digits))

    assert "Merci" in done.text
    assert [act["subject_id"] for act in room.rows("act")] == [person_id(5)]


def test_a_code_of_another_group_or_a_reference_without_a_seat_is_refused_in_the_same_words(room):
    room.hear(*person(9), seat(9, OTHER))
    good = meeting_code.spoken_code(secret(room), real_now())
    other = meeting_code.spoken_code(secret(room, ELSEWHERE), real_now())
    answers = []
    for code, who in ((other, 1), (good, 9), ("AAAAAA", 1), (good, 4444)):
        phone = Visitor(room.house)
        phone.open("/attendance/here?lang=en")
        answers.append(phone.send("/attendance/here", code=code, reference=reference(who)))

    assert {answer.status_code for answer in answers} == {403}
    assert len({re.search(r'role="alert">(.+?)</p>', answer.text)[1] for answer in answers}) == 1
    assert room.rows("act") == []


def test_who_guesses_too_often_is_stopped_and_no_address_is_kept(room):
    phone = Visitor(room.house)
    for _ in range(MOST_AN_HOUR):
        assert phone.post("/attendance/here", {"code": "AAAAAA", "reference": reference(1)}).status_code == 403

    good = meeting_code.spoken_code(secret(room), real_now())
    assert phone.post("/attendance/here", {"code": good, "reference": reference(1)}).status_code == 429
    assert phone.open(scan(room)).status_code == 429
    assert all(re.fullmatch("[0-9a-f]{64}", row["caller"]) for row in room.rows("door_count"))


def test_once_the_roll_is_signed_nobody_says_that_they_are_here(room):
    phone = Visitor(room.house)
    phone.open(scan(room))
    assert send(room, *everybody(), sign=True)["code"] == ""

    assert phone.send(f"/here/{MEETING}", reference=reference(2)).status_code == 409
    assert room.rows("act") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_read_in_the_persons_language(room, language):
    phone = Visitor(room.house)

    page = phone.open(f"{scan(room)}?lang={language}").text
    wrong = phone.send(f"/here/{MEETING}", reference=reference(4444)).text
    back = phone.open(html.unescape(re.search(rf'<a href="([^"]+)" lang="{language}"', wrong)[1])).text
    done = phone.send(f"/here/{MEETING}", reference=reference(2)).text

    for text in (page, wrong, back, done):
        assert f'<html lang="{language}" dir="{direction(language)}">' in text
    assert words(language).sentences["here"] in page


def test_the_browser_says_which_language_and_the_choice_of_the_person_wins(room):
    asked = {"Accept-Language": "uk-UA,uk;q=0.9,fr;q=0.5"}
    client = room.house.client

    first = client.get("/attendance/here", headers=asked)
    chosen = client.get("/attendance/here?lang=ta", headers=asked)
    kept = client.get(
        "/attendance/here", headers=asked | {"Cookie": f"parcours_own_lang={chosen.cookies['parcours_own_lang']}"}
    )

    assert [re.search('<html lang="(..)"', one.text)[1] for one in (first, chosen, kept)] == ["uk", "ta", "ta"]


def test_outside_the_demonstration_french_and_english_stand_together_where_no_translator_signed(furnished, tmp_path):
    shutil.copytree(furnished, tmp_path / "var")
    (tmp_path / "var" / DEMO_MARK).unlink()
    with the_same_room(tmp_path / "var") as room:
        page = Visitor(room.house).open(f"{scan(room)}?lang=ar").text

    assert '<html lang="fr" dir="ltr">' in page
    assert "Je suis là" in page
    assert "I am here" in page
    assert words("ar").sentences["here"] not in page


# --- people who are not on the list


def test_somebody_added_in_the_room_counts_for_who_they_are_found_to_be_and_taking_it_back_changes_everything_back(
    room,
):
    room.hear(*person(8), seat(8, OTHER))
    guest = str(new_id())
    for _ in range(2):
        added = room.ask("trainer", "PUT", f"{ROLL}/provisional/{guest}", {"name": "  Maya   ROY ", "reference": ""})
        assert added.status_code == 204
    word = mark(0, act="trainer_declared", act_reason="cannot_sign") | {"signatory_id": guest}
    assert send(room, word, *everybody(), sign=True)["code"] == ""
    before = digest(room)
    assert digest(room, who=8) == []

    first, second = str(new_id()), str(new_id())
    path = f"/provisional/{guest}/identifications"
    for _ in range(2):
        assert room.ask("other-trainer", "PUT", f"{path}/{first}", {"reference": reference(8)}).status_code == 404
        assert room.ask("boss", "PUT", f"{path}/{first}", {"reference": reference(8)}).status_code == 204
    assert [row["followed"] for row in digest(room, who=8)] == [180]
    assert room.ask("boss", "PUT", f"{path}/{second}", {"reference": None}).status_code == 204

    assert digest(room) == before
    assert room.people()[""]["name"] == "Maya ROY"


def digest(room, who=None):
    rows = [row for row in room.rows("presence") if who is None or row["signatory_id"] == person_id(who)]
    return sorted(rows, key=lambda row: str(row["signatory_id"]))


def test_who_was_in_another_room_at_that_time_is_not_recognised_here(room):
    room.hear(*person(8), seat(8, OTHER))
    other = {
        "rolls": [{"meeting_id": str(ELSEWHERE), "marks": [mark(8, act="trainer_declared", act_reason="cannot_sign")]}]
    }
    assert room.ask("other-trainer", "POST", "/rolls/marks", other).json()["rolls"][0]["results"][0]["state"] == "kept"
    trainer = Visitor(room.house, "trainer")
    trainer.open(PAGE)
    trainer.send(f"{PAGE}/people", name="Maya ROY", reference="")
    (guest,) = room.rows("provisional")

    refused = room.ask(
        "boss", "PUT", f"/provisional/{guest['id']}/identifications/{new_id()}", {"reference": reference(8)}
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "present_elsewhere")


def test_the_page_adds_recognises_and_takes_back(room):
    page = Visitor(room.house, "boss")
    page.open(PAGE)
    assert "hors liste" in page.send(f"{PAGE}/people", name="Maya ROY", reference=reference(99)).text
    room.hear(*person(8), seat(8, OTHER))

    assert page.send(f"{PAGE}/people/", reference=reference(99)).status_code == 404
    page.open(PAGE)
    assert "reconnu" in page.send(f"{PAGE}/people/", reference=reference(8)).text
    assert "reconnu<" not in page.send(f"{PAGE}/people/").text
    page.open(PAGE)
    assert page.send(f"{PAGE}/people", name="Amina", reference=reference(0)).status_code == 409


def test_who_joins_later_is_on_no_roll_of_before(room):
    room.hear(*person(7), seat(7, joins_on=(room.house.clock.now() + timedelta(days=1)).date()))

    assert reference(7) not in room.people()
    assert reference(7) in room.people(TOMORROW)


# --- all present, cancelled, substitute


def test_all_present_is_only_ticked_until_it_is_saved_and_is_nobodys_act(room):
    trainer = Visitor(room.house, "trainer")
    page = trainer.open(f"{PAGE}?all=present")
    assert "Rien n’est encore gardé" in page.text
    assert room.rows("mark") == []
    assert press(trainer, "/marks", "save").status_code == 422, "a presence rests on something"

    trainer.open(f"{PAGE}?all=present")
    trainer.send("/marks", proof="trainer_declared:cannot_sign")

    assert {(row["act"], row["act_reason"], row["act_id"]) for row in room.rows("mark")} == {
        ("trainer_declared", "cannot_sign", None)
    }
    assert room.rows("act") == []


def test_a_scan_becomes_the_proof_when_the_trainer_says_present(room):
    phone = Visitor(room.house, "person-3")
    phone.open(scan(room))
    phone.send(f"/here/{MEETING}")
    trainer = Visitor(room.house, "trainer")
    trainer.open(PAGE)

    trainer.send("/marks", **{f"status:{person_id(3)}": "present"})

    assert room.people()[reference(3)]["mark"]["act"] == "qr"


def test_late_and_early_are_times_and_the_minutes_follow(room):
    trainer = Visitor(room.house, "trainer")
    trainer.open(PAGE)
    late, early = person_id(0), person_id(1)

    trainer.send(
        "/marks",
        proof="trainer_declared:device_failed",
        **{
            f"status:{late}": "late",
            f"arrived:{late}": "09:20",
            f"status:{early}": "left_early",
            f"left:{early}": "11:15",
        },
    )

    found = room.people()
    assert [(found[reference(n)]["mark"]["status"], found[reference(n)]["mark"]["minutes_lost"]) for n in (0, 1)] == [
        ("late", 20),
        ("left_early", 45),
    ]
    trainer.open(PAGE)
    trainer.send("/marks")
    assert len(room.rows("mark")) == 2, "what nobody touched is no new mark"


def test_a_form_that_did_not_see_another_devices_answer_changes_nothing(room):
    stale = Visitor(room.house, "trainer")
    stale.open(PAGE)
    send(room, mark(0, status="absent_unexplained"))

    answer = stale.send("/marks", proof="trainer_declared:device_failed", **{f"status:{person_id(0)}": "present"})

    assert answer.status_code == 409
    assert room.people()[reference(0)]["mark"]["status"] == "absent_unexplained"


def test_a_cancelled_meeting_counts_against_nobody(room):
    trainer = Visitor(room.house, "trainer")
    trainer.open(PAGE)

    assert trainer.send("/cancelled").status_code == 422
    trainer.open(PAGE)
    page = trainer.send("/cancelled", reason="trainer_absent")

    assert page.text.count("séance annulée") == 6
    assert {(row["followed"], row["offered"]) for row in room.rows("presence")} == {(0, 0)}


def test_the_roll_says_who_held_the_meeting_in_anothers_place(room):
    trainer = Visitor(room.house, "trainer")
    trainer.open(f"{PAGE}?all=present")

    page = press(trainer, "/marks", "sign", proof="trainer_declared:cannot_sign", held_by="F7")

    assert "séance tenue par F7" in page.text


# --- contact and calls


def test_a_person_gives_a_number_that_only_scheduler_can_read(room):
    trainer = Visitor(room.house, "trainer")
    trainer.open(f"{PAGE}/contact/{person_id(2)}")
    number = "+33 6 12 34 56 78"

    key = trainer.forms()[-1].fields["key"]["value"][0]
    sent = {"key": key, "phone": number, "what": "changed"}

    page = trainer.post(f"{PAGE}/contact/{person_id(2)}", sent)

    assert page.status_code == 200
    assert "12 34" not in page.text
    (word,) = room.rows("contact_word")
    assert (word["kind"], word["signatory_id"]) == ("changed", person_id(2))
    told = told_by(room, "attendance.contact_given.v1")
    assert len(told) == 1
    assert "12 34" not in json.dumps(told)
    assert list(told[0]["data"]["sealed"]) == ["scheduler"]


def told_by(room, name):
    from shared.tables import outbox

    with room.service.database.read() as db:
        return [
            json.loads(body)
            for (body,) in db.execute(outbox.select().with_only_columns(outbox.c.body).where(outbox.c.name == name))
        ]


def test_on_their_own_phone_a_person_confirms_with_one_button_until_the_link_is_old(room):
    trainer = Visitor(room.house, "trainer")
    assert trainer.open(f"{PAGE}/contact/{person_id(2)}/picture.svg").headers["content-type"].startswith("image/svg")
    ticket = meeting_code.contact_ticket(secret(room), person_id(2), real_now())
    phone = Visitor(room.house)
    path = f"/attendance/contact/{MEETING}"

    page = phone.open(f"{path}/{person_id(2)}/{ticket}?lang=en")
    assert "still the same" in page.text
    for _ in range(2):
        assert "Thank you" in phone.post(f"{path}/{person_id(2)}/{ticket}", {"what": "same"}).text
    assert phone.post(f"{path}/{person_id(2)}/{ticket}", {"what": "changed", "phone": "hello"}).status_code == 422
    assert phone.open(f"{path}/{person_id(3)}/{ticket}").status_code == 403
    old = meeting_code.contact_ticket(secret(room), person_id(2), real_now() - timedelta(minutes=16))
    assert phone.open(f"{path}/{person_id(2)}/{old}").status_code == 403

    assert [row["kind"] for row in room.rows("contact_word")] == ["confirmed"]


def test_the_absent_are_called_once_and_who_came_or_announced_is_not(room):
    room.at("09:10")
    send(room, *everybody(3), mark(3, status="absent_announced"))

    asked = [room.ask("trainer", "POST", f"{ROLL}/relays").json()["asked"] for _ in range(2)]

    assert asked == [2, 0]
    told = told_by(room, "attendance.relay_asked.v1")
    assert {UUID(one["data"]["signatory_id"]) for one in told} == {person_id(4), person_id(5)}
    room.at("12:00")
    assert room.ask("trainer", "POST", f"{ROLL}/relays").json()["code"] == "meeting_over"


def test_another_trainer_sees_and_does_nothing_here(room):
    for method, path, body in (
        ("GET", f"{ROLL}/live", None),
        ("GET", f"{ROLL}/code", None),
        ("GET", f"{ROLL}/acts", None),
        ("PUT", f"{ROLL}/acts/{new_id()}", drawn(0)),
        ("PUT", f"{ROLL}/provisional/{new_id()}", {"name": "A"}),
        ("POST", f"{ROLL}/relays", None),
        ("PUT", f"/contacts/{new_id()}", {"meeting_id": str(MEETING), "signatory_id": str(person_id(0))}),
    ):
        assert room.ask("other-trainer", method, path, body).status_code == 404, path
    stranger = Visitor(room.house, "other-trainer")
    for path in ("", "/code", "/code.svg", f"/contact/{person_id(0)}"):
        assert stranger.open(PAGE + path).status_code == 404, path
