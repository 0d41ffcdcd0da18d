"""Publishing in two steps through the API and the command line: who may answer what, and what comes of it."""

import json

import pytest
from click.testing import CliRunner

from parcours.cli import cli
from shared.ids import new_id
from tests.doors import OFFER, START, a_house, csv_of, person, xlsx_of


@pytest.fixture
def house(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.account("body-AUTRE", "provider_manager", "AUTRE")
        house.account("elsewhere", "planner", "75")
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n) for n in range(1, 15)])).raise_for_status()
        house.run = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{house.run}", body)
        house.stage.run_jobs()
        house.drain()
        yield house


def code_of(answer):
    return answer.status_code, answer.json()["code"]


def test_a_plan_goes_to_its_bodies_and_back_and_only_then_are_people_told(house):
    path = f"/runs/{house.run}/consultation"
    assert house.ask("planner", "GET", path).status_code == 404
    asked = house.ask("planner", "PUT", path, {}).json()
    assert (asked["state"], asked["answer_by"], asked["awaited"]) == ("open", "2025-04-08", len(asked["sessions"]))
    groups = house.ask("body-ORG", "GET", "/sessions-to-confirm").json()
    assert {one["id"] for one in groups} == {one["id"] for one in asked["sessions"]}
    assert not {"actor", "session_id", "run_id"} & set(groups[0]), "who decides is not the body's business"
    assert house.ask("body-AUTRE", "GET", "/sessions-to-confirm").json() == []

    mine = f"/sessions-to-confirm/{groups[0]['id']}"
    key = new_id()
    yes = {"answer": "confirm"}
    assert code_of(house.ask("body-AUTRE", "PUT", f"{mine}/answers/{key}", yes)) == (404, "not_found")
    assert house.ask("planner", "PUT", f"{mine}/answers/{key}", yes).status_code == 403
    assert house.ask("body-ORG", "PUT", f"{mine}/decisions/{key}", {"decision": "keep"}).status_code == 403
    assert house.ask("elsewhere", "PUT", f"{mine}/decisions/{key}", {"decision": "keep"}).status_code == 403
    assert house.ask("elsewhere", "GET", path).status_code == 403
    for _ in range(2):
        assert house.ask("body-ORG", "PUT", f"{mine}/answers/{key}", yes).json()["state"] == "confirmed"
    no = {"answer": "refuse", "reason": "room"}
    assert code_of(house.ask("body-ORG", "PUT", f"{mine}/answers/{key}", no)) == (409, "id_reused")
    publication = f"/runs/{house.run}/publication"
    assert code_of(house.ask("planner", "POST", publication)) == (409, "answers_awaited")
    assert code_of(house.ask("planner", "POST", publication, {"one_step": True})) == (409, "bodies_asked")

    for one in groups[1:]:
        house.ask("body-ORG", "PUT", f"/sessions-to-confirm/{one['id']}/answers/{new_id()}", yes).raise_for_status()
    house.drain()
    assert house.notices_of("93-2025-000001") == [], "nobody is told before"
    house.ask("planner", "POST", publication).raise_for_status()
    house.drain()

    assert house.notices_of("93-2025-000001")
    assert code_of(house.ask("body-ORG", "PUT", f"{mine}/answers/{new_id()}", no)) == (409, "published")
    assert house.ask("planner", "GET", path).json()["state"] == "published"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("answer", "schema")}),
        ({"answer": "perhaps"}, {("answer", "schema")}),
        ({"answer": "counter", "room": "NONE"}, {("room", "choice")}),
        ({"answer": "counter", "starts_on": "2025-02-30"}, {("starts_on", "schema")}),
        ({"answer": "counter"}, {("room", "nothing_else")}),
        ({"answer": "confirm", "reason": "room"}, {("reason", "not_expected")}),
        ({"answer": "refuse", "reason": "because"}, {("reason", "schema")}),
        ({"answer": "refuse", "people": 3}, {("people", "schema")}),
    ],
)
def test_an_answer_that_says_too_much_or_too_little_is_refused_by_field_and_rule(house, body, faults):
    house.ask("planner", "PUT", f"/runs/{house.run}/consultation", {}).raise_for_status()
    (group, *_) = house.ask("body-ORG", "GET", "/sessions-to-confirm").json()

    refused = house.ask("body-ORG", "PUT", f"/sessions-to-confirm/{group['id']}/answers/{new_id()}", body)

    assert refused.status_code == 422
    assert {(one["field"], one["rule"]) for one in refused.json()["errors"]} == faults


def test_a_plan_is_put_to_bodies_from_the_command_line(house, tmp_path, monkeypatch):
    run = house.run
    passwords = dict(house.passwords)
    house.house.close()
    monkeypatch.setenv("PARCOURS_VAR", str(tmp_path / "var"))

    def call(login, *words):
        monkeypatch.setenv("PARCOURS_PASSWORD", passwords[login])
        done = CliRunner().invoke(cli, ["call", "--as", login, "scheduler", *words])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.output)

    assert call("planner", "propose-run", run, "--answer-by", "2025-04-11")["answer_by"] == "2025-04-11"
    for group in call("body-ORG", "list-to-confirm"):
        assert call("body-ORG", "answer-session", group["id"], "--answer", "confirm")["state"] == "confirmed"
    assert call("planner", "publish-run", run)["state"] == "published"
