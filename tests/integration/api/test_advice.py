"""Advice on a run, through the API and the pages: asked once, found in a process of its own, of one territory."""

import pytest

from shared.ids import new_id
from tests.doors import OFFER, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor

LIMITS = {"top": 3, "seconds": 30}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A department in which nobody interprets Turkish: twelve people wait for it."""
    with a_house(tmp_path_factory.mktemp("advice") / "var") as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        rows = [person(number) for number in range(1, 13)]
        rows += [person(number, langues_parlees="tr", langue_lecture="tr") for number in range(13, 25)]
        house.send("mois.csv", csv_of(rows)).raise_for_status()
        house.account("elsewhere", "planner", "75")
        house.drain()
        house.run = plan(house)
        yield house


def plan(house, **asked):
    run_id = new_id()
    body = {"territory": "93", "programme": "cir-2019", "seconds": 60, "work_limit": 2} | asked
    answer = house.ask("planner", "PUT", f"/runs/{run_id}", body)
    assert answer.status_code == 200, answer.text
    house.stage.run_jobs()
    return run_id


def test_the_interpreter_who_lacks_is_worth_those_who_wait(house):
    path = f"/runs/{house.run}/advice/{new_id()}"

    asked = house.ask("planner", "PUT", path, LIMITS).json()
    assert (asked["state"], asked["job"]) == ("asked", "queued")
    house.stage.run_jobs()

    found = house.ask("controller", "GET", path).json()
    assert (found["state"], found["job"], found["error"]) == ("ready", "done", None)
    best = found["result"]["items"][0]
    assert best["people"] == 12
    assert any(one.get("language") == "tr" for one in best["changes"])
    assert 0 < len(found["result"]["items"]) <= 3
    assert found["result"]["confirmed"]["fr"]
    assert house.ask("planner", "PUT", path, LIMITS).json()["result"] == found["result"], "sent twice, found once"
    other = house.ask("planner", "PUT", path, LIMITS | {"top": 4})
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")


def test_advice_belongs_to_its_run_and_its_territory(house):
    advice_id, later = new_id(), plan(house)
    path = f"/runs/{house.run}/advice/{advice_id}"
    house.ask("planner", "PUT", path, LIMITS)

    assert house.ask("planner", "GET", f"/runs/{later}/advice/{advice_id}").status_code == 404
    assert house.ask("planner", "PUT", f"/runs/{later}/advice/{advice_id}", LIMITS).json()["code"] == "id_reused"
    for method, where, body in (("GET", path, None), ("PUT", path, LIMITS), ("POST", f"{path}/cancellation", None)):
        assert house.ask("elsewhere", method, where, body).status_code == 403, method
    assert house.ask("controller", "PUT", path, LIMITS).status_code == 403
    stopped = house.ask("planner", "POST", f"{path}/cancellation").json()
    assert stopped["job"] == "cancelled"
    assert house.ask("planner", "GET", f"/runs/{new_id()}/advice/{advice_id}").status_code == 404


def test_a_run_without_a_plan_has_no_advice_and_limits_are_bounded(house):
    run_id = new_id()
    house.ask("planner", "PUT", f"/runs/{run_id}", {"territory": "93", "programme": "cir-2019"})
    path = f"/runs/{run_id}/advice/{new_id()}"

    refused = house.ask("planner", "PUT", path, LIMITS)
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_not_ready")
    house.ask("planner", "POST", f"/runs/{run_id}/cancellation")

    for body in ({"top": 0}, {"top": 101}, {"seconds": 10**6}, {"seconds": "60"}, {"more": 1}):
        wrong = house.ask("planner", "PUT", f"/runs/{house.run}/advice/{new_id()}", body)
        assert wrong.status_code == 422, body
        assert [one["field"] for one in wrong.json()["errors"]] == list(body)


def test_a_planner_asks_on_the_runs_page_and_reads_the_table(house):
    planner = Visitor(house, "planner")
    planner.open(f"/planning/runs/{house.run}?lang=fr")
    assert f"/planning/runs/{house.run}/advice" in planner.page.text
    planner.open(f"/planning/runs/{house.run}/advice")

    planner.send("/advice", top="2", seconds="30")
    assert "Recherche en cours" in planner.page.text
    assert [form.action for form in planner.forms() if form.action.endswith("/advice")] == []
    assert "a été annulé" in planner.send("/cancellation").text
    planner.send("/advice", top="2", seconds="30")
    house.stage.run_jobs()
    planner.open(f"/planning/runs/{house.run}/advice")

    assert "interprète" in planner.page.text
    assert "est confirmée" in planner.page.text
    assert planner.has_form("/advice")
    refused = planner.send("/advice", top="0", seconds="30")
    assert refused.status_code == 422
    assert "hors des bornes" in refused.text
    assert Visitor(house, "elsewhere").open(f"/planning/runs/{house.run}/advice").status_code == 403
