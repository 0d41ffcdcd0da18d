"""Who sees whom in attendance: a training body its own groups, OFII the people of its territory, through every door."""

from datetime import timedelta

import pytest

from shared.ids import new_id
from tests.forms import Visitor
from tests.integration.attendance.taken import a_roll_taken


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    with a_roll_taken(tmp_path_factory.mktemp("seen") / "var") as (house, roll, missing):
        house.account("elsewhere", "planner", "75")
        house.account("elsewhere-controller", "controller", "75")
        house.account("everywhere", "controller", "")
        house.account("other-body", "provider_manager", "NOBODY")
        yield house, roll, missing


def ask(house, login, method, path, body=None):
    headers = {"Authorization": f"Bearer {house.token(login)}"}
    return house.client.request(method, f"/attendance/api/v1{path}", json=body, headers=headers)


def level(day, test="final"):
    return {"level": "A2", "test": test, "reached_on": str(day)}


@pytest.mark.parametrize("login", ["elsewhere", "elsewhere-controller"])
def test_an_agent_of_another_territory_sees_neither_rolls_nor_names_nor_contracts(taken, login):
    house, roll, missing = taken
    day = roll["held_on"]

    assert ask(house, login, "GET", f"/rolls?day={day}&people=true").json()["items"] == []
    assert ask(house, login, "GET", f"/rolls/{roll['id']}").status_code == 404
    assert ask(house, login, "GET", f"/contracts/{missing['contract_id']}").status_code == 403
    assert ask(house, login, "GET", "/summary").json()["rolls_signed"] == 0
    visitor = Visitor(house, login)
    listed = visitor.open(f"/attendance/?day={day}")
    assert roll["id"] not in listed.text
    page = visitor.open(f"/attendance/rolls/{roll['id']}")
    assert (page.status_code, missing["name"] in page.text) == (404, False)
    contract = visitor.open(f"/attendance/contracts/{missing['contract_id']}")
    assert (contract.status_code, missing["reference"] in contract.text) == (403, False)


@pytest.mark.parametrize("login", ["planner", "everywhere", "body-ORG"])
def test_who_has_to_do_with_the_roll_sees_everybody_on_it(taken, login):
    house, roll, _ = taken

    listed = ask(house, login, "GET", f"/rolls?day={roll['held_on']}&people=true").json()["items"]

    (same,) = [one for one in listed if one["id"] == roll["id"]]
    assert len(same["people"]) == len(roll["people"])


def test_a_level_is_kept_by_who_has_to_do_with_the_contract_only(taken):
    house, roll, missing = taken
    path = f"/contracts/{missing['contract_id']}/level"

    assert ask(house, "elsewhere", "PUT", path, level(roll["held_on"])).status_code == 403
    assert ask(house, "other-body", "PUT", path, level(roll["held_on"])).status_code == 404
    assert ask(house, "body-ORG", "PUT", path, level(roll["held_on"])).status_code == 204
    assert ask(house, "planner", "PUT", path, level(roll["held_on"])).status_code == 204


def test_a_level_is_reached_between_the_signature_and_today(taken):
    house, roll, _ = taken
    contract = roll["people"][-1]["contract_id"]
    signed = "2025-03-10"
    tomorrow = house.clock.now().date() + timedelta(days=1)

    for day in ("2025-03-09", tomorrow):
        refused = ask(house, "planner", "PUT", f"/contracts/{contract}/level", level(day))
        assert refused.status_code == 422
        assert [(fault["field"], fault["rule"]) for fault in refused.json()["errors"]] == [("reached_on", "range")]
    assert ask(house, "planner", "PUT", f"/contracts/{contract}/level", level(signed)).status_code == 204


def test_one_id_is_one_attempt_and_one_mark(taken):
    house, roll, missing = taken
    other = roll["people"][1]["signatory_id"]
    key = str(new_id())
    tried = {"signatory_id": missing["signatory_id"], "method": "call", "outcome": "reached"}
    for _ in range(2):
        assert ask(house, "planner", "PUT", f"/attempts/{key}", tried).status_code == 204
    again = ask(house, "planner", "PUT", f"/attempts/{key}", tried | {"signatory_id": other})
    assert (again.status_code, again.json()["code"]) == (409, "id_reused")

    (absence,) = ask(house, "planner", "GET", "/absences").json()["items"]
    (taken_id,) = [
        one["mark"]["id"]
        for one in ask(house, "planner", "GET", f"/rolls/{roll['id']}").json()["people"]
        if one["signatory_id"] == other
    ]
    for used in (taken_id, absence["id"]):
        word = {"id": used, "justified": False}
        refused = ask(house, "planner", "POST", f"/absences/{absence['id']}/qualification", word)
        assert (refused.status_code, refused.json()["code"]) == (409, "id_reused")
    assert len(ask(house, "planner", "GET", "/absences").json()["items"]) == 1


@pytest.mark.parametrize("minutes", ["9" * 5_000, "--5", "²", "1\x00"])
def test_minutes_on_the_roll_that_are_no_number_are_refused(taken, minutes):
    house, roll, missing = taken
    body = Visitor(house, "body-ORG")
    key = missing["signatory_id"]

    path = f"/attendance/rolls/{roll['id']}/marks"
    answer = body.post(path, {f"status:{key}": "late", f"act:{key}": "qr", f"minutes:{key}": minutes})

    assert answer.status_code == 422
    assert "minutes:" in answer.text
