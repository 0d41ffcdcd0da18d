"""Waivers and travel times through the API, files, pages and the command line."""

import json
import re
from html import unescape

import pytest
from click.testing import CliRunner

from parcours.cli import cli
from shared.ids import new_id
from tests.doors import OFFER, START, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor

TRAVEL = ["code_commune", "site", "mode", "minutes"]
WAIVER = {"rule": "childcare", "reason": "relative_helps", "agreed_by": "person", "agreed_on": "2025-03-31"}


@pytest.fixture
def house(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.account("elsewhere", "planner", "75")
        house.account("controller-93", "controller", "93")
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        rows = [*(person(n) for n in range(1, 15)), person(21, garde_enfants="oui")]
        house.send("mars.csv", csv_of(rows)).raise_for_status()
        house.drain()
        needs = house.planner.items("/planning/api/v1/needs", territory="93")
        house.mother = next(
            one["signatory_id"]
            for one in needs
            if house.planner.get(f"/planning/api/v1/signatories/{one['signatory_id']}")["reference"] == "93-2025-000021"
        )
        yield house


def planned(house):
    run = str(new_id())
    body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
    house.planner.put(f"/planning/api/v1/runs/{run}", body)
    house.stage.run_jobs()
    return run


def says(answer):
    assert answer.status_code < 400, answer.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def faults(answer):
    return [(one["row"], one["field"], one["rule"]) for one in answer.json()["faults"]]


def test_a_waiver_is_given_listed_read_by_the_plan_and_ended(house):
    key = new_id()
    body = WAIVER | {"signatory_id": house.mother}
    for _ in range(2):
        given = house.ask("planner", "PUT", f"/waivers/{key}", body).json()
    assert (given["agreed_by"], given["agreed_on"], given["ended_on"]) == ("person", "2025-03-31", None)
    assert house.ask("planner", "PUT", f"/waivers/{key}", body | {"reason": "other"}).json()["code"] == "id_reused"
    assert house.ask("controller-93", "PUT", f"/waivers/{new_id()}", body).status_code == 403
    assert house.ask("elsewhere", "PUT", f"/waivers/{new_id()}", body).status_code == 403
    assert house.ask("elsewhere", "GET", "/waivers?territory=93").status_code == 403
    listed = house.ask("controller-93", "GET", f"/waivers?territory=93&signatory_id={house.mother}").json()["items"]
    assert [one["id"] for one in listed] == [str(key)]

    run = planned(house)
    used = house.planner.get(f"/planning/api/v1/runs/{run}")["summary"]["waivers"]
    assert {(one["rule"], one["person"]) for one in used} == {("childcare", house.mother)}
    house.ask("planner", "POST", f"/runs/{run}/publication").raise_for_status()
    explained = house.ask("planner", "GET", f"/signatories/{house.mother}/explanation").json()
    assert "dérogation à cette règle, avec son accord" in json.dumps(explained, ensure_ascii=False)

    assert house.ask("elsewhere", "POST", f"/waivers/{key}/ending").status_code == 403
    ended = house.ask("planner", "POST", f"/waivers/{key}/ending").json()
    assert (ended["ended_on"], ended["ended_by"]) == ("2025-04-01", "planner:planner")
    dossier = house.ask("planner", "GET", f"/signatories/{house.mother}/dossier").json()
    codes = [one["code"] for one in dossier]
    assert [one for one in codes if one.startswith("waiver")] == ["waiver_given_childcare", "waiver_ended_childcare"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"rule": "lot"}, ("rule", "schema")),
        ({"rule": "size"}, ("rule", "not_waivable")),
        ({"agreed_on": "2025-04-02"}, ("agreed_on", "range")),
        ({"agreed_on": None}, ("agreed_on", "schema")),
        ({"agreed_by": "body"}, ("agreed_by", "choice")),
        ({"signatory_id": None}, ("signatory_id", "one_of")),
        ({"words": "free text"}, ("words", "schema")),
    ],
)
def test_a_waiver_without_a_rule_a_reason_or_an_agreement_is_refused_by_field_and_rule(house, changed, fault):
    body = WAIVER | {"signatory_id": house.mother} | changed

    refused = house.ask("planner", "PUT", f"/waivers/{new_id()}", body)

    assert refused.status_code == 422
    assert [(one["field"], one["rule"]) for one in refused.json()["errors"]] == [fault]


def test_a_travel_table_is_read_row_by_row_and_bad_rows_leave_the_good_ones(house):
    rows = [
        TRAVEL,
        ["93008", "S1", "transport", 12],
        ["93008", "S9", "transport", 12],
        ["99999", "S1", "transport", 12],
        ["93008", "S1", "fusee", 12],
        ["93008", "S1", "velo", 12000],
        ["93008", "S1", "transport", 13],
        ["93008", "S1", "marche", "estimation"],
        ["93008", "S1", "velo", ""],
    ]
    answer = house.send("trajets.xlsx", xlsx_of({"trajets": rows}), kind="offer")
    assert faults(answer) == [
        (3, "site", "unknown_reference"),
        (4, "code_commune", "commune"),
        (5, "mode", "choice"),
        (6, "minutes", "number"),
        (7, "code_commune", "duplicate"),
        (9, "minutes", "required"),
    ]
    assert (answer.json()["accepted"], answer.json()["changed"]) == (2, 1)
    times = "/travel-times?territory=93&commune=93008"
    assert house.ask("planner", "GET", times).json() == [
        {"commune": "93008", "site": "S1", "mode": "transport", "minutes": 12}
    ]
    assert house.ask("elsewhere", "GET", times).status_code == 403

    batch = answer.json()["batch_id"]
    mended = house.ask("planner", "PATCH", f"/imports/{batch}/rows/trajets/6", {"cells": {"minutes": "25"}}).json()
    assert (mended["refused"], mended["changed"]) == (5, 1)
    content = csv_of([dict(zip(TRAVEL, ("93008", "S1", "transport", "9"), strict=True))], headers=TRAVEL)
    assert house.send("mesures.csv", content, kind="offer").json()["changed"] == 1
    assert house.send("mesures.csv", content, kind="offer").json()["changed"] == 0
    assert [(one["mode"], one["minutes"]) for one in house.ask("planner", "GET", times).json()] == [
        ("transport", 9),
        ("velo", 25),
    ]


def test_a_site_and_its_travel_times_may_come_in_one_file(house):
    sites = [*OFFER["sites"], ["S2", *OFFER["sites"][1][1:]]]
    rooms = [*OFFER["salles"], ["R9", "S2", "Salle 9", 20, "oui"]]
    sheets = {"sites": sites, "salles": rooms, "trajets": [TRAVEL, ["93008", "S2", "voiture", 7]]}

    answer = house.send("offre.xlsx", xlsx_of(sheets), kind="offer").json()

    assert (answer["refused"], answer["changed"]) == (0, 3)


def test_a_planner_gives_and_ends_a_waiver_on_pages_and_the_run_shows_that_it_was_used(house):
    planner = Visitor(house, "planner")
    planner.open(f"/planning/people/{house.mother}")
    (link,) = [unescape(one) for one in re.findall(r'href="(/planning/waivers\?[^"]+person=[^"]+)"', planner.page.text)]
    planner.open(link)
    refused = planner.send("/waivers/person", rule="childcare", reason="relative_helps", agreed_by="person")
    assert refused.status_code == 422
    assert "à remplir" in unescape(refused.text)
    given = planner.send("/waivers/person", agreed_on="2025-04-01")
    assert "en vigueur" in says(given)
    assert "un proche aide" in says(given)

    run = planned(house)
    shown = planner.open(f"/planning/runs/{run}")
    assert "Dérogations utilisées" in says(shown)
    assert "93-2025-000021" in says(shown)

    planner.open(link)
    assert "finie" in says(planner.send("/ending"))
    contract = house.planner.get(f"/planning/api/v1/signatories/{house.mother}")["contracts"][0]["id"]
    dossier = says(planner.open(f"/planning/contracts/{contract}"))
    assert "Dérogation accordée : garde d’enfants" in dossier
    assert "Dérogation finie : garde d’enfants" in dossier
    assert "Waivers" in says(planner.open(link + "&lang=en"))


def test_a_group_has_its_own_page_with_the_rules_that_its_body_answers_for(house):
    house.ask("planner", "POST", f"/runs/{planned(house)}/publication").raise_for_status()
    (session, *_) = house.planner.items("/planning/api/v1/sessions", territory="93")
    planner = Visitor(house, "planner")
    planner.open(f"/planning/sessions/{session['id']}")
    (link,) = [unescape(one) for one in re.findall(r'href="(/planning/waivers\?[^"]+group=[^"]+)"', planner.page.text)]
    planner.open(link)
    form = planner.form("/waivers/group")
    assert [one for one in form.fields["rule"]["choices"] if one] == ["size", "trainer", "calendar"]

    given = planner.send("/waivers/group", rule="size", reason="body_can", agreed_by="body", agreed_on="2025-04-01")

    assert "en vigueur" in says(given)
    assert "l’organisme, 01/04/2025" in says(given)
    assert f'href="/planning/sessions/{session["id"]}"' in given.text, "a way back"
    listed = says(planner.open("/planning/waivers?territory=93"))
    assert re.search(r"Formation \w+ [^,]+, Bobigny, \d", listed), "which group, and where"
    assert Visitor(house, "elsewhere").open(link.replace("territory=93", "territory=75")).status_code == 403
    assert planner.open(f"/planning/waivers?territory=93&group={new_id()}").status_code == 404


def test_nobody_of_another_territory_sees_or_gives_a_waiver_on_a_page(house):
    visitor = Visitor(house, "elsewhere")
    person_id = house.mother
    assert visitor.open(f"/planning/waivers?territory=93&person={person_id}").status_code == 403
    assert visitor.open(f"/planning/waivers?territory=75&person={person_id}").status_code == 403
    assert visitor.post(f"/planning/waivers/person?territory=75&person={person_id}", WAIVER).status_code == 403
    reader = Visitor(house, "controller-93")
    reader.open(f"/planning/waivers?territory=93&person={person_id}")
    assert not reader.has_form("/waivers/person")


def test_a_waiver_is_given_from_the_command_line(house, tmp_path, monkeypatch):
    mother, password = house.mother, house.passwords["planner"]
    house.house.close()
    monkeypatch.setenv("PARCOURS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("PARCOURS_PASSWORD", password)

    def call(*words):
        done = CliRunner().invoke(cli, ["call", "--as", "planner", "scheduler", *words])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.output)

    words = [word for name, value in WAIVER.items() for word in (f"--{name.replace('_', '-')}", value)]
    given = call("give-waiver", *words, "--signatory-id", mother)
    assert call("end-waiver", given["id"])["ended_by"] == "planner:planner"
    assert [one["id"] for one in call("list-waivers", "--territory", "93")["items"]] == [given["id"]]
