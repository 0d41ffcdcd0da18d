"""Scenarios through the API: made once, refused by field and rule, solved beside their base, never published."""

import json

import pytest

from shared.ids import new_id
from tests.doors import OFFER, a_house, csv_of, person, xlsx_of

CLOSED = {"kind": "site_closed", "site": "S1", "first": "2025-04-01", "last": "2026-12-31"}
MORE = {"kind": "room_more", "like": "R1"}
BODY = {"territory": "93", "programme": "cir-2019", "name": "Un site fermé", "changes": [CLOSED]}
FAST = {"seconds": 60, "work_limit": 2}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("scenarios") / "var") as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mois.csv", csv_of([person(number) for number in range(1, 15)])).raise_for_status()
        house.account("elsewhere", "planner", "75")
        house.account("an-auditor", "auditor", "93")
        house.drain()
        yield house


def make(house, **changed):
    scenario_id = new_id()
    answer = house.ask("planner", "PUT", f"/scenarios/{scenario_id}", BODY | changed)
    assert answer.status_code == 200, answer.text
    return scenario_id, answer.json()


def faults(answer):
    assert answer.status_code == 422, answer.text
    return {(one["field"], one["rule"]) for one in answer.json()["errors"]}


def test_a_scenario_is_solved_beside_its_base_and_compared(house):
    scenario_id, made = make(house)
    assert (made["state"], made["job"], made["result"]) == ("draft", "none", None)

    asked = house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST).json()
    assert asked["state"] == "asked"
    house.stage.run_jobs()

    found = house.ask("controller", "GET", f"/scenarios/{scenario_id}").json()
    assert (found["state"], found["error"]) == ("ready", None)
    result = found["result"]
    assert result["base"]["placed"] > 0
    assert result["scenario"]["placed"] == 0
    assert [tier["name"] for tier in result["tiers"]] == ["T1", "T2", "T3"]
    assert result["who"]["all"] == [{"group": "all", "people": 14, "gain": 0, "lose": 14}]
    assert result["base"]["cents"] > result["scenario"]["cents"] == 0
    again = house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST)
    assert again.json()["result"] == result, "sent twice, solved once"


def test_nothing_of_a_scenario_can_be_published(house):
    scenario_id, _ = make(house)
    house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST)
    house.stage.run_jobs()

    refused = house.ask("planner", "POST", f"/runs/{scenario_id}/publication")

    assert refused.status_code == 404
    assert house.ask("planner", "GET", "/sessions?territory=93").json()["items"] == []
    assert "placements" not in json.dumps(house.ask("planner", "GET", f"/scenarios/{scenario_id}").json())


def test_a_ready_run_is_the_base_when_it_is_asked_for(house):
    run_id = new_id()
    house.ask("planner", "PUT", f"/runs/{run_id}", {"territory": "93", "programme": "cir-2019", **FAST})
    house.stage.run_jobs()
    run = house.ask("planner", "GET", f"/runs/{run_id}").json()
    assert run["state"] == "ready", run

    scenario_id, _ = make(house, base_run_id=str(run_id), changes=[MORE])
    house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST)
    house.stage.run_jobs()

    base = house.ask("planner", "GET", f"/scenarios/{scenario_id}").json()["result"]["base"]
    assert (base["placed"], base["solver"]["work"]) == (run["summary"]["placed"], base["solver"]["work"])
    wrong = BODY | {"programme": "cir-2025", "base_run_id": str(run_id)}
    assert faults(house.ask("planner", "PUT", f"/scenarios/{new_id()}", wrong)) == {("base_run_id", "unknown")}


def test_the_same_id_again_is_the_same_scenario_and_another_body_is_refused(house):
    scenario_id, first = make(house)

    assert house.ask("planner", "PUT", f"/scenarios/{scenario_id}", BODY).json() == first
    other = house.ask("planner", "PUT", f"/scenarios/{scenario_id}", BODY | {"name": "Autre"})

    assert (other.status_code, other.json()["code"]) == (409, "id_reused")


def test_changes_are_added_once_and_taken_out_until_it_is_solved(house):
    scenario_id, made = make(house)
    change_id, path = new_id(), f"/scenarios/{scenario_id}/changes"

    for _ in range(2):
        added = house.ask("planner", "PUT", f"{path}/{change_id}", MORE).json()
        assert [one["change"]["kind"] for one in added["changes"]] == ["site_closed", "room_more"]
    reused = house.ask("planner", "PUT", f"{path}/{change_id}", MORE | {"like": "R2"})
    assert reused.json()["code"] == "id_reused"
    first = made["changes"][0]["id"]
    for _ in range(2):
        left = house.ask("planner", "POST", f"{path}/{first}/dropping").json()
        assert [one["id"] for one in left["changes"]] == [str(change_id)]

    house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST)
    late = house.ask("planner", "PUT", f"{path}/{new_id()}", MORE)
    assert (late.status_code, late.json()["code"]) == (409, "scenario_solved")
    assert house.ask("planner", "POST", f"{path}/{change_id}/dropping").status_code == 409
    limits = house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST | {"work_limit": 3})
    assert limits.json()["code"] == "scenario_solved"
    house.stage.run_jobs()

    copy_id = new_id()
    copied = house.ask("planner", "PUT", f"/scenarios/{scenario_id}/copies/{copy_id}", {"name": "Suite"}).json()
    assert (copied["id"], copied["state"], copied["name"]) == (str(copy_id), "draft", "Suite")
    assert [one["change"] for one in copied["changes"]] == [MORE]
    house.ask(
        "planner", "POST", f"{path.replace(str(scenario_id), str(copy_id))}/{copied['changes'][0]['id']}/dropping"
    )
    none = house.ask("planner", "POST", f"/scenarios/{copy_id}/solving", FAST)
    assert faults(none) == {("changes", "required")}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (MORE | {"like": "R9"}, ("changes[0].like", "unknown")),
        ({"kind": "room_less", "room": "R9"}, ("changes[0].room", "unknown")),
        ({"kind": "trainer_away", "trainer": "F1", "first": "2025-06-01", "last": "2025-05-01"}, ("changes[0].last", "order")),
        ({"kind": "trainer_away", "trainer": "F1", "first": "2025-06-01", "last": "9999-12-31"}, ("changes[0].last", "range")),
        ({"kind": "interpreter_more", "language": "xx"}, ("changes[0].language", "unknown")),
        ({"kind": "size_changed", "training": "civic", "minimum": 26}, ("changes[0].maximum", "order")),
        ({"kind": "other_programme", "programme": "x"}, ("changes[0].programme", "unknown")),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_names_its_field_and_rule(house, change, fault):
    scenario_id, _ = make(house, changes=[])

    refused = house.ask("planner", "PUT", f"/scenarios/{scenario_id}/changes/{new_id()}", change)

    assert faults(refused) == {fault}
    assert house.ask("planner", "GET", f"/scenarios/{scenario_id}").json()["changes"] == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"kind": "more_money"},
        {"kind": "room_more"},
        {"kind": "room_more", "like": 7},
        {"kind": "room_more", "like": "x" * 81},
        {"kind": "room_more", "like": "R1", "percent": 3},
        {"kind": "room_more", "like": "R1", "seats": 3},
        {"kind": "lot_changed", "lot": "L1", "percent": "60"},
        {"kind": "lot_changed", "lot": "L1", "percent": -101},
        {"kind": "interpreter_days", "language": "ar", "days": []},
        {"kind": "interpreter_days", "language": "ar", "days": ["2025-04-02"] * 32},
        {"kind": "size_changed", "training": "yoga", "minimum": 2},
    ],
)
def test_a_change_of_the_wrong_shape_is_refused(house, change):
    scenario_id, _ = make(house, changes=[])

    assert faults(house.ask("planner", "PUT", f"/scenarios/{scenario_id}/changes/{new_id()}", change))
    assert faults(house.ask("planner", "PUT", f"/scenarios/{new_id()}", BODY | {"changes": [change]}))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2027-01-01"])
def test_a_day_of_publication_beyond_a_year_is_refused(house, day):
    refused = house.ask("planner", "PUT", f"/scenarios/{new_id()}", BODY | {"publish_on": day})

    assert faults(refused) == {("publish_on", "range")}


def test_scenarios_are_their_territorys_and_their_roles(house):
    scenario_id, _ = make(house)
    path = f"/scenarios/{scenario_id}"

    for login in ("elsewhere", "an-auditor"):
        for method, where, body in (
            ("GET", path, None),
            ("PUT", path, BODY),
            ("GET", "/scenarios?territory=93", None),
            ("PUT", f"{path}/changes/{new_id()}", MORE),
            ("POST", f"{path}/changes/{new_id()}/dropping", None),
            ("POST", f"{path}/solving", FAST),
            ("POST", f"{path}/cancellation", None),
            ("PUT", f"{path}/copies/{new_id()}", {"name": "x"}),
        ):
            assert house.ask(login, method, where, body).status_code == 403, (login, method, where)
    assert house.ask("controller", "PUT", f"{path}/changes/{new_id()}", MORE).status_code == 403
    assert str(scenario_id) in {one["id"] for one in house.ask("controller", "GET", "/scenarios?territory=93").json()}
    assert house.ask("planner", "GET", f"/scenarios/{new_id()}").status_code == 404
    nobody = house.ask("admin", "PUT", f"/scenarios/{new_id()}", BODY | {"territory": "75"})
    assert faults(nobody) == {("programme", "nothing_owed")}


def test_a_scenario_that_is_stopped_stays_stopped(house):
    scenario_id, _ = make(house)
    house.ask("planner", "POST", f"/scenarios/{scenario_id}/solving", FAST)

    stopped = house.ask("planner", "POST", f"/scenarios/{scenario_id}/cancellation").json()
    house.stage.run_jobs()

    assert (stopped["state"], stopped["job"]) == ("asked", "cancelled")
    assert house.ask("planner", "GET", f"/scenarios/{scenario_id}").json()["result"] is None
