"""Attendance under attack, through the API: other people's ids, ids used again, what a training body may not learn."""

from base64 import b64encode
from datetime import timedelta

import pytest

from services.attendance.usecases.tables import Table, csv_of
from shared.ids import new_id
from tests.doors import SCANNED
from tests.forms import Visitor
from tests.integration.attendance.taken import a_roll_taken

STROKES = b64encode(b"[[[100, 100], [300, 300], [500, 200], [800, 700]]]").decode()
DRAWN = {"kind": "drawn", "media_type": "application/json", "content": STROKES}


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    with a_roll_taken(tmp_path_factory.mktemp("attacked") / "var") as (house, roll, missing):
        house.account("trainer", "trainer", f"ORG/{roll['trainer']}")
        house.account("other-trainer", "trainer", "ORG/NOBODY")
        house.account("no-trainer", "trainer", "ORG")
        house.account("other-body", "provider_manager", "NOBODY")
        house.account("elsewhere", "planner", "75")
        house.account("auditor", "auditor", "93")
        house.account("controller", "controller", "")
        house.account("herself", "signatory", missing["signatory_id"])
        house.account("neighbour", "signatory", roll["people"][1]["signatory_id"])
        house.account("broken", "signatory", "nobody")
        yield house, roll, missing


def ask(house, login, method, path, body=None, **named):
    headers = {"Authorization": f"Bearer {house.token(login)}"} | named.pop("headers", {})
    return house.client.request(method, f"/attendance/api/v1{path}", json=body, headers=headers, **named)


def marks_of(house, roll, login="planner"):
    people = ask(house, login, "GET", f"/rolls/{roll['id']}").json()["people"]
    return {one["signatory_id"]: one["mark"] for one in people}


def test_nobody_reaches_a_roll_that_is_not_theirs_by_any_door(taken):
    house, roll, missing = taken
    key, mark = roll["id"], marks_of(house, roll)[missing["signatory_id"]]["id"]
    change = {"mark": {"id": str(new_id()), "signatory_id": missing["signatory_id"], "status": "present", **SCANNED}}
    change["reason"] = "sheet_found"
    doors = [
        ("GET", f"/rolls/{key}", None),
        ("GET", f"/rolls/{key}/versions", None),
        ("POST", f"/rolls/{key}/submission", None),
        ("POST", f"/rolls/{key}/signature", {}),
        ("POST", f"/rolls/{key}/corrections", change),
        ("PUT", f"/rolls/{key}/correction-requests/{new_id()}", change),
        ("PUT", f"/rolls/{key}/substitute", {"trainer": "F1"}),
        ("POST", f"/rolls/{key}/cancellation", {"reason": "strike"}),
        ("POST", f"/rolls/{key}/loss", None),
        (
            "PUT",
            f"/contacts/{new_id()}",
            {"meeting_id": key, "signatory_id": missing["signatory_id"], "phone": "+999000"},
        ),
        ("GET", f"/rolls/{key}/live", None),
        ("GET", f"/rolls/{key}/code", None),
        ("GET", f"/rolls/{key}/acts", None),
        ("PUT", f"/rolls/{key}/acts/{new_id()}", DRAWN | {"subject_id": missing["signatory_id"]}),
        ("GET", f"/rolls/{key}/acts/{new_id()}/content", None),
        ("PUT", f"/rolls/{key}/provisional/{new_id()}", {"name": "X", "reference": ""}),
        ("POST", f"/rolls/{key}/relays", {"signatory_ids": [missing["signatory_id"]]}),
        ("GET", f"/sheets/{key}/paper", None),
        ("GET", f"/sheets/{key}/blank", None),
        ("GET", f"/sheets/{key}/reads", None),
        ("PUT", f"/absences/{mark}/answers/{new_id()}", {"kind": "was_there"}),
        ("POST", f"/absences/{mark}/qualification", {"id": str(new_id()), "justified": True, "reason": "work"}),
        ("GET", f"/signatories/{missing['signatory_id']}/absences", None),
        ("GET", f"/contracts/{missing['contract_id']}/certificate", None),
        ("PUT", f"/opinions/{new_id()}", {"contract_id": missing["contract_id"]}),
    ]
    for login in ("other-trainer", "no-trainer", "other-body", "elsewhere", "neighbour", "broken"):
        for method, path, body in doors:
            answer = ask(house, login, method, path, body)
            assert answer.status_code in {403, 404}, (login, method, path, answer.status_code)
            assert missing["name"] not in answer.text


def test_a_training_body_does_not_learn_why_an_absence_was_justified(taken):
    house, roll, missing = taken
    absence = marks_of(house, roll)[missing["signatory_id"]]["id"]
    word = {"id": str(new_id()), "justified": True, "reason": "health", "ground": "paper_seen"}
    assert ask(house, "planner", "POST", f"/absences/{absence}/qualification", word).status_code == 204

    assert marks_of(house, roll)[missing["signatory_id"]]["reason"] == "health"
    for login in ("body-ORG", "trainer"):
        for path in (
            f"/rolls/{roll['id']}", f"/rolls?day={roll['held_on']}&people=true", f"/rolls/{roll['id']}/versions",
        ):  # fmt: skip
            said = ask(house, login, "GET", path).text
            assert "absent_justified" in said
            assert "health" not in said
            assert "paper_seen" not in said
        for page in (f"/attendance/rolls/{roll['id']}/versions", f"/attendance/rolls/{roll['id']}"):
            assert "santé" not in Visitor(house, login).open(page).text
    assert "santé" in Visitor(house, "planner").open(f"/attendance/rolls/{roll['id']}/versions").text
    days = {"first": str(roll["held_on"]), "last": str(roll["held_on"])}
    headers = {"Authorization": f"Bearer {house.token('body-ORG')}"}
    export = house.client.request("GET", "/attendance/api/v1/attendance-export", params=days, headers=headers)
    assert export.status_code == 200
    assert b"health" not in export.content

    over = {
        "mark": {"id": str(new_id()), "signatory_id": missing["signatory_id"], "status": "absent_unexplained"},
        "reason": "typing_error",
    }
    refused = ask(house, "body-ORG", "POST", f"/rolls/{roll['id']}/corrections", over)
    assert (refused.status_code, refused.json()["code"]) == (409, "qualified")


def test_one_id_names_one_mark_of_one_person(taken):
    house, roll, missing = taken
    others = [one["signatory_id"] for one in roll["people"] if one is not missing]
    theirs = marks_of(house, roll)[others[0]]
    body = {"id": theirs["id"], "signatory_id": others[1], "status": "present", **SCANNED}

    sent = ask(house, "body-ORG", "POST", "/rolls/marks", {"rolls": [{"meeting_id": roll["id"], "marks": [body]}]})
    (result,) = sent.json()["rolls"][0]["results"]
    assert (result["state"], result["code"]) == ("refused", "id_reused")

    corrected = {"mark": body, "reason": "typing_error"}
    refused = ask(house, "body-ORG", "POST", f"/rolls/{roll['id']}/corrections", corrected)
    assert (refused.status_code, refused.json()["code"]) == (409, "id_reused")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"])
def test_a_device_whose_clock_is_broken_breaks_nothing(taken, at):
    house, roll, missing = taken
    mark = {"id": str(new_id()), "signatory_id": missing["signatory_id"], "status": "present", **SCANNED}

    answer = ask(
        house, "body-ORG", "POST", "/rolls/marks",
        {"rolls": [{"meeting_id": roll["id"], "marks": [mark | {"effective_at": at}]}]},
    )  # fmt: skip

    assert answer.status_code in {200, 422}, answer.text
    act = DRAWN | {"subject_id": missing["signatory_id"], "made_at": at}
    drawn = ask(house, "body-ORG", "PUT", f"/rolls/{roll['id']}/acts/{new_id()}", act)
    assert drawn.status_code in {200, 204, 422}, drawn.text


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/html", b"\x00<script>alert(1)</script>"),
        ("image/svg+xml", b"\x00<svg onload='alert(1)'/>"),
        ("image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("image/png", b"<html>"),
        ("x/" + "y" * 300, b"\x00"),
        ("", b"\x00"),
    ],
)
def test_only_photos_and_pdf_are_taken_about_an_absence(taken, kind, content):
    house, roll, missing = taken
    absence = next(
        one for one in ask(house, "planner", "GET", f"/rolls/{roll['id']}/versions").json()["marks"]
        if one["signatory_id"] == missing["signatory_id"] and one["status"] == "absent_unexplained"
    )  # fmt: skip

    answer = ask(
        house, "herself", "PUT", f"/absences/{absence['id']}/papers/{new_id()}",
        content=content, headers={"Content-Type": kind} if kind else {},
    )  # fmt: skip

    assert answer.status_code == 422


def test_a_file_of_a_body_leaves_no_formula_for_a_spreadsheet():
    cells = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1")
    for cell in cells:
        written = csv_of(Table("t", ("a",), [(cell,)])).decode("utf-8-sig").split("\r\n", 1)[1]
        assert written.lstrip('"').startswith("'")


def test_nothing_of_a_person_stands_in_an_address_a_title_or_a_log(taken, logged):
    house, roll, missing = taken
    person = missing["name"]
    pages = [
        ("body-ORG", f"/attendance/rolls/{roll['id']}"), ("body-ORG", f"/attendance/rolls/{roll['id']}/versions"),
        ("planner", f"/attendance/contracts/{missing['contract_id']}"), ("herself", "/attendance/mine"),
        ("planner", "/attendance/absences"), ("planner", "/attendance/flags"), ("planner", "/attendance/corrections"),
    ]  # fmt: skip
    for login, page in pages:
        text = Visitor(house, login).open(page).text
        title = text.partition("<title>")[2].partition("</title>")[0]
        assert title
        assert person not in title
        assert missing["reference"] not in title
    assert person not in logged()


def test_a_month_far_away_and_days_without_end_are_refused_in_words(taken):
    house = taken[0]
    provider = ask(house, "body-ORG", "GET", "/providers").json()["items"][0]["id"]
    for path in (
        "/attendance-export?first=0001-01-01&last=9999-12-31",
        f"/providers/{provider}/blank-sheets?first=9999-12-31&last=9999-12-31",
        "/rolls?day=0001-01-01&until=9999-12-31",
        "/rolls?day=9999-12-31",
        "/sheets?number=999999-M-ZZZZZZ",
        "/sheets?number=%F0%9F%92%A5",
    ):
        assert ask(house, "body-ORG", "GET", path).status_code in {200, 404, 422}, path


def test_pages_say_what_is_wrong_in_words_and_show_nobody_a_code(taken):
    house, roll, missing = taken
    body, path = Visitor(house, "body-ORG"), f"/attendance/rolls/{roll['id']}"
    other = roll["people"][1]["signatory_id"]

    page = body.open(f"{path}/versions").text
    assert "body-ORG (Organisme)" in page
    assert "provider_manager:" not in page
    for status, words in (("present", "dites pourquoi"), ("late", "combien de minutes")):
        form = {"person": other, "status": status, "reason": "typing_error", "minutes": ""}
        answer = body.post(f"{path}/corrections", form)
        assert answer.status_code == 422
        assert words in answer.text
    form = {"person": missing["signatory_id"], "status": "absent_unexplained", "reason": "typing_error"}
    answer = body.post(f"{path}/corrections", form)
    assert (answer.status_code, "L’OFII a qualifié" in answer.text) == (409, True)

    house.clock.set(house.clock.now() + timedelta(days=9))
    late = body.open(f"{path}/versions").text
    assert "<button>Corriger</button>" not in late
    assert 'name="ask"' in late

    mine = Visitor(house, "herself").open("/attendance/mine").text
    assert "Mes heures et mes absences" in mine
    for private in (missing["signatory_id"], missing["reference"], missing["name"], "Signataire"):
        assert private not in mine
    assert "et le –" not in mine


def test_a_file_that_is_no_photo_is_refused_in_words_and_the_answer_with_it(taken):
    house, roll, missing = taken
    absence = marks_of(house, roll)[missing["signatory_id"]]["id"]
    headers = {"Authorization": f"Bearer {house.token('herself')}"}

    answer = house.client.request(
        "POST", f"/attendance/mine/absences/{absence}", headers=headers, data={"answer": "was_there"},
        files={"paper": ("x.svg", b"<svg/>", "image/svg+xml")},
    )  # fmt: skip

    assert answer.status_code == 422
    assert "5 Mo au plus" in answer.text
    (mine,) = ask(house, "herself", "GET", f"/signatories/{missing['signatory_id']}/absences").json()["items"]
    assert mine["answer"] is None
