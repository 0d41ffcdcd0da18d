"""Bad input through the planner's own door: a clear error, nothing right lost, no stack trace."""

import pytest

from tests.doors import HEADERS, OFFER, a_house, csv_of, person, xlsx_of


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("bad") / "var") as house:
        yield house


def people(house):
    return {need["signatory_id"] for need in house.planner.items("/planning/api/v1/needs", territory="93")}


def told_plainly(answer):
    text = answer.text
    assert "Traceback" not in text
    assert 'File "' not in text
    return answer.json()


def test_wrong_headers_are_named_and_nothing_is_kept(house):
    answer = house.send("signataires.xlsx", xlsx_of({"signataires": [["ref", "nom"], ["x", "y"]]}))

    body = told_plainly(answer)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"reference", "date_signature"} <= {fault["field"] for fault in body["errors"]}
    assert {fault["rule"] for fault in body["errors"]} == {"missing_column"}


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("vide.xlsx", b"", 422, "empty"),
        ("sans_lignes.csv", csv_of([]), 422, "aucune ligne"),
        ("abime.xlsx", b"PK\x03\x04rubbish", 422, "damaged"),
        ("grand.csv", b"a;b\n" + b"x" * 15_000_000, 422, "at most"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(house, name, content, status, words):
    answer = house.send(name, content)

    body = told_plainly(answer)
    assert answer.status_code == status
    assert words in body["detail"]


def test_a_fifty_megabyte_file_is_refused_before_it_is_read(house):
    answer = house.send("enorme.xlsx", b"x" * 50_000_000)

    body = told_plainly(answer)
    assert answer.status_code == 413
    assert body["code"] == "request_entity_too_large"


@pytest.mark.parametrize(
    ("number", "change", "field", "rule"),
    [
        (11, {"date_signature": "31-13-2025"}, "date_signature", "date"),
        (12, {"niveau": "C3"}, "niveau", "choice"),
        (13, {"date_signature": "2025-07-02"}, "date_signature", "signature_outside_programme"),
        (14, {"programme": "cai-1999"}, "programme", "unknown_programme"),
        (15, {"formation_linguistique": "600"}, "formation_linguistique", "package_of_level"),
        (16, {"code_commune": "99999"}, "code_commune", "commune"),
        (17, {"code_commune": "75056"}, "code_commune", "territory"),
        (18, {"telephone": "pas un numéro"}, "telephone", "phone"),
        (19, {"indisponibilites": "bientôt"}, "indisponibilites", "periods"),
        (20, {"lundi": "XYZ"}, "lundi", "half_days"),
        (21, {"trajet_max_min": "999"}, "trajet_max_min", "number"),
        (22, {"reference": ""}, "reference", "required"),
    ],
)
def test_a_bad_cell_is_named_by_row_field_and_rule_and_the_good_rows_stay(house, number, change, field, rule):
    good, bad = person(1000 + number), person(number, **change)
    before = len(people(house))

    answer = house.send(f"mois-{number}.csv", csv_of([good, bad]))

    body = told_plainly(answer)
    assert answer.status_code == 200
    assert (body["accepted"], body["refused"]) == (1, 1)
    assert (3, field, rule) in {(fault["row"], fault["field"], fault["rule"]) for fault in body["faults"]}
    assert len(people(house)) == before + 1


def test_a_person_twice_in_a_file_is_refused_once(house):
    one = person(31)

    body = house.send(
        "double.csv", csv_of([one, one, person(32, **{k: one[k] for k in ("nom", "telephone", "courriel")})])
    ).json()

    assert body["accepted"] == 1
    assert {(fault["row"], fault["rule"]) for fault in body["faults"]} == {(3, "duplicate"), (4, "duplicate_person")}


def test_a_refused_row_can_be_mended_and_is_then_kept(house):
    body = house.send("a_corriger.csv", csv_of([person(41), person(42, niveau="C3")])).json()
    path = f"/planning/api/v1/imports/{body['batch_id']}/rows/signataires/3"
    headers = {"Authorization": f"Bearer {house.token('planner')}"}

    still = house.client.patch(path, json={"cells": {"niveau": "B7"}}, headers=headers)
    assert still.json()["refused"] == 1
    mended = house.client.patch(path, json={"cells": {"niveau": "infra-A1"}}, headers=headers)

    assert (mended.json()["accepted"], mended.json()["refused"]) == (2, 0)
    again = house.client.patch(path, json={"cells": {"niveau": "A1"}}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "row_accepted")


def test_a_site_without_rooms_is_refused_and_takes_nothing_right_with_it(house):
    sheets = {name: [list(row) for row in rows] for name, rows in OFFER.items()}
    sheets["sites"].append(["S2", *sheets["sites"][1][1:]])
    sheets["formateurs"].append(["F9", "NOBODY", *sheets["formateurs"][1][2:]])

    body = house.send("offre.xlsx", xlsx_of(sheets), kind="offer").json()

    assert {(fault["sheet"], fault["field"], fault["rule"]) for fault in body["faults"]} == {
        ("sites", "code", "site_without_room"),
        ("formateurs", "organisme", "unknown_reference"),
    }
    assert body["accepted"] == sum(len(rows) - 1 for rows in OFFER.values())


def test_the_same_file_twice_changes_nothing_and_tells_nobody(house):
    content = csv_of([person(51), person(52)])
    assert house.send("deux.csv", content).json()["changed"] == 2
    before = house.admin.get("/planning/api/v1/digests"), house.admin.get("/planning/api/v1/backlog")["told"]

    assert house.send("deux.csv", content).json()["changed"] == 0

    assert (house.admin.get("/planning/api/v1/digests"), house.admin.get("/planning/api/v1/backlog")["told"]) == before


def test_a_planner_of_another_department_sees_nothing_of_this_one(house):
    answer = house.send("ailleurs.csv", csv_of([person(61)]), territory="75")

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_nobody_enters_without_a_sign_in(house):
    answer = house.client.get("/planning/api/v1/needs")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    page = house.client.get("/planning/sessions")
    assert page.status_code == 302
    assert page.headers["location"].startswith("/planning/sign-in?next=")
    assert house.client.get("/planning/demo/no-such-secret").status_code == 200
    assert house.client.post("/planning/demo/no-such-secret").status_code == 401


def test_a_form_from_another_site_is_refused(house):
    answer = house.client.post(
        "/planning/sign-in", data={"login": "x", "password": "y"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nX: 1",
        "/planning//evil.example",
        "https://evil.example",
        "evil.example",
        "/planning/\x7f",
    ],
)
def test_a_sign_in_never_leads_to_another_site(house, target):
    form = {"login": "planner", "password": house.passwords["planner"], "next": target}

    answer = house.client.post("/planning/sign-in", data=form)

    assert (answer.status_code, answer.headers["location"]) == (303, "/planning/")
    house.client.cookies.clear()
    renewed = house.client.get("/planning/session", params={"next": target})
    assert (renewed.status_code, renewed.headers["location"]) == (302, "/planning/sign-in?next=/planning/")


def test_a_sign_in_leads_back_to_where_somebody_was(house):
    target = "/planning/worklist?territory=93&owner=planner&kind=a%26b"

    renewed = house.client.get("/planning/session", params={"next": target})

    page = house.client.get(renewed.headers["location"]).text
    assert f'value="{target.replace("&", "&amp;")}"' in page
    form = {"login": "planner", "password": house.passwords["planner"], "next": target}
    answer = house.client.post("/planning/sign-in", data=form)
    house.client.cookies.clear()
    assert answer.headers["location"] == target


def test_an_account_rests_after_five_wrong_passwords(house):
    body = {"login": "controller", "password": "wrong"}
    for _ in range(5):
        assert house.client.post("/planning/api/v1/sessions", json=body).status_code == 401

    right = {"login": "controller", "password": house.passwords["controller"]}
    assert house.client.post("/planning/api/v1/sessions", json=right).status_code == 401


def test_every_header_of_the_intake_format_is_documented():
    from pathlib import Path

    text = Path("docs/formats/intake.md").read_text()
    assert [header for header in HEADERS if f"`{header}`" not in text] == []
