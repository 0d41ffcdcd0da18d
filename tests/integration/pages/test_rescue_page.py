"""Rescue through the API and the page: who is late, one button, who may press it, what is told."""

from datetime import UTC, datetime

import pytest

from shared.ids import new_id
from tests.doors import a_house, csv_of, person, xlsx_of
from tests.forms import Visitor
from tests.integration.desk.test_rescue import ALL_DAY, MORNINGS, QUICK, SIGNED, SLOW, TWO_TRAINERS


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("rescue") / "var") as house:
        house.send("offre.xlsx", xlsx_of(TWO_TRAINERS), kind="offer").raise_for_status()
        rows = [person(number, **SIGNED, **MORNINGS) for number in SLOW]
        rows += [person(number, **SIGNED, **ALL_DAY) for number in QUICK]
        house.send("mois.csv", csv_of(rows)).raise_for_status()
        house.account("elsewhere", "planner", "75")
        house.account("an-auditor", "auditor", "93")
        run = new_id()
        body = {"territory": "93", "programme": "cir-2019", "seconds": 60, "work_limit": 8}
        house.planner.put(f"/planning/api/v1/runs/{run}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run}/publication")
        freed = [person(number, **SIGNED, **ALL_DAY) for number in (1, 2, 3)]
        house.send("libres.csv", csv_of(freed)).raise_for_status()
        house.drain()
        yield house


def cases(house, login="planner"):
    answer = house.ask(login, "GET", "/rescues?territory=93")
    assert answer.status_code == 200, answer.text
    return {one["reference"]: one for one in answer.json()}


def open_flags(house, contract_id):
    listed = house.ask("planner", "GET", "/flags?territory=93").json()["items"]
    return [one for one in listed if one["contract_id"] == contract_id and one["state"] == "open"]


def test_a_move_is_told_and_its_flag_falls(house):
    reference = person(1)["reference"]
    case = cases(house)[reference]
    assert "overrun_forecast" in {one["kind"] for one in open_flags(house, case["contract_id"])}
    told = len(house.notices_of(reference))
    body = {"session_id": case["ways"][0]["session_id"]}
    path = f"/placements/{case['placement_id']}/rescue"

    for _ in range(2):
        moved = house.ask("planner", "POST", path, body)
        assert moved.status_code == 200, moved.text
    house.drain()

    assert moved.json()["ends_on"] <= case["term_on"]
    assert reference not in cases(house)
    assert "overrun_forecast" not in {one["kind"] for one in open_flags(house, case["contract_id"])}
    assert len(house.notices_of(reference)) > told


def test_new_groups_are_searched_and_opened_from_the_page(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.send("offre.xlsx", xlsx_of(TWO_TRAINERS), kind="offer").raise_for_status()
        house.send("mois.csv", csv_of([person(number, **SIGNED, **MORNINGS) for number in SLOW])).raise_for_status()
        run = new_id()
        body = {"territory": "93", "programme": "cir-2019", "seconds": 60, "work_limit": 8}
        house.planner.put(f"/planning/api/v1/runs/{run}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run}/publication")
        house.send("libres.csv", csv_of([person(number, **SIGNED, **ALL_DAY) for number in SLOW])).raise_for_status()
        house.drain()
        planner = Visitor(house, "planner")
        planner.open("/planning/rescues?territory=93&lang=fr")
        planner.send("/planning/rescues/searches", programme="cir-2019")
        assert "Recherche en cours" in planner.page.text
        house.stage.run_jobs()
        planner.open("/planning/rescues?territory=93")
        assert "8 personnes" in planner.page.text
        search = planner.form("/planning/rescues/searches/").action

        opened = planner.send("/planning/rescues/searches/")

        assert "Aucun cours ne finirait après le terme" in opened.text
        assert planner.post(search, {}).status_code == 200, "sent twice"
        house.drain()
        page = planner.open(
            f"/planning/people/{house.ask('planner', 'GET', '/needs?territory=93').json()['items'][0]['signatory_id']}/explanation"
        )
        assert page.status_code == 200
        sessions = house.ask("planner", "GET", "/sessions?territory=93").json()["items"]
        assert {one["training"] for one in sessions} >= {"language"}
        for row in sessions:
            assert planner.open(f"/planning/sessions/{row['id']}").status_code == 200
        assert planner.open("/planning/?territory=93").status_code == 200


def test_who_may_see_and_who_may_move(house):
    case = next(one for one in cases(house, "an-auditor").values() if one["ways"])
    path, body = f"/placements/{case['placement_id']}/rescue", {"session_id": case["ways"][0]["session_id"]}

    assert house.ask("elsewhere", "GET", "/rescues?territory=93").status_code == 403
    for login in ("elsewhere", "an-auditor", "controller", "admin"):
        assert house.ask(login, "POST", path, body).status_code == 403, login
    assert house.ask("planner", "POST", f"/placements/{new_id()}/rescue", body).status_code == 404
    for wrong in ({}, {"session_id": "x"}, body | {"force": True}):
        assert house.ask("planner", "POST", path, wrong).status_code == 422
    gone = house.ask("planner", "POST", path, {"session_id": str(new_id())})
    assert (gone.status_code, gone.json()["code"]) == (409, "no_longer_fits")


def test_one_button_on_the_page_moves_somebody_and_words_say_why_not(house):
    case = next(one for one in cases(house).values() if one["ways"])
    planner = Visitor(house, "planner")
    planner.open("/planning/rescues?territory=93&lang=fr")
    assert "ne peut pas venir à ces heures" in planner.page.text

    done = planner.send(f"/planning/rescues/{case['placement_id']}")

    assert done.status_code == 200
    assert case["reference"] not in done.text
    late = next(one for one in cases(house).values() if not one["ways"])
    refused = planner.post(f"/planning/rescues/{late['placement_id']}?territory=93", {"session_id": str(new_id())})
    assert refused.status_code == 409
    assert "regardez de nouveau" in refused.text
    assert planner.post(f"/planning/rescues/{late['placement_id']}?territory=93", {}).status_code == 422
    auditor = Visitor(house, "an-auditor")
    auditor.open("/planning/rescues?territory=93")
    assert not auditor.has_form("/planning/rescues/")
    assert Visitor(house, "elsewhere").open("/planning/rescues?territory=93").status_code == 403


def test_a_plan_that_waits_for_its_bodies_is_named_before_a_new_group_outdates_it(house):
    planner = Visitor(house, "planner")
    assert "le rend caduc" not in planner.open("/planning/rescues?territory=93&lang=fr").text
    house.send("encore.csv", csv_of([person(number, **SIGNED, **ALL_DAY) for number in range(300, 314)]))
    run = str(new_id())
    body = {"territory": "93", "programme": "cir-2019", "seconds": 60, "work_limit": 2}
    house.planner.put(f"/planning/api/v1/runs/{run}", body)
    house.stage.run_jobs()
    house.ask("planner", "PUT", f"/runs/{run}/consultation", {}).raise_for_status()

    shown = planner.open("/planning/rescues?territory=93").text

    assert "le rend caduc" in shown
    assert f"/planning/runs/{run}#bodies" in shown
    house.ask("planner", "POST", f"/runs/{run}/consultation/withdrawal").raise_for_status()
    assert "le rend caduc" not in planner.open("/planning/rescues?territory=93").text


def test_courses_that_have_begun_stand_behind_a_fold(house):
    late = cases(house)
    assert late
    house.clock.set(max(datetime.fromisoformat(one["joins_on"]) for one in late.values()).replace(hour=12, tzinfo=UTC))
    planner = Visitor(house, "planner")

    shown = planner.open("/planning/rescues?territory=93&lang=fr").text

    before, _, behind = shown.partition("déjà commencé")
    assert behind, "named once, with how many"
    assert [one for one in late if one in before] == []
    assert [one for one in late if one not in behind] == []
