"""What no honest client sends: each is refused at the door by field and rule, never a 500, and no log names anybody."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from services.scheduler import storage
from shared.ids import new_id
from tests.doors import OFFER, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor
from tests.integration.api.test_reception import RECORD
from tests.integration.api.test_schemas import CONTACT

RECEIPTS = "/notices/api/v1/notices/01900000-0000-7000-8000-000000000000/receipts"
CANDIDATE = "/planning/api/v1/territories/93/candidates/93-2025-910001"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("hostile") / "var") as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mois.csv", csv_of([person(1)])).raise_for_status()
        house.drain()
        yield house


def send(house, method, path, login="planner", **sent):
    headers = {"Authorization": f"Bearer {house.token(login)}", **sent.pop("headers", {})}
    return house.client.request(method, path, headers=headers, **sent)


def faults(answer):
    assert answer.status_code == 422, (answer.status_code, answer.text)
    return {(fault["field"], fault["rule"]) for fault in answer.json()["errors"]}


def json_body(text):
    return {"content": text.encode(), "headers": {"Content-Type": "application/json"}}


@pytest.mark.parametrize(
    "body", ["[" * 20_000, '{"a":' * 20_000, "[" * 500 + "]" * 500, '{"age": ' + "9" * 5_000 + "}"]
)
@pytest.mark.parametrize(
    ("method", "path", "login"),
    [
        ("POST", "/planning/api/v1/sessions", "planner"),
        ("POST", "/planning/api/v1/eligibility", "planner"),
        ("POST", "/attendance/api/v1/rolls/marks", "body-ORG"),
        ("POST", RECEIPTS, "admin"),
    ],
)
def test_json_without_end_is_a_bad_request_on_every_service(house, method, path, login, body):
    answer = send(house, method, path, login, **json_body(body))

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("letter", ["\\u0000", "\\ud800", "\\udfff x"])
def test_a_letter_that_no_text_has_is_refused_by_field_in_any_json(house, letter):
    name = '{"family_name": "A@", "row": {"lundi": ["@"]}, "b@": 1}'.replace("@", letter)
    found = faults(send(house, "PUT", CANDIDATE, **json_body(name)))
    assert {("family_name", "character"), ("row.lundi.0", "character")} <= found
    assert len(found) == 3

    marks = json_body('{"rolls": [{"meeting_id": "@"}]}'.replace("@", letter))
    answer = send(house, "POST", "/attendance/api/v1/rolls/marks", "body-ORG", **marks)
    assert faults(answer) == {("rolls.0.meeting_id", "character")}
    receipt = json_body('{"error": "@"}'.replace("@", letter))
    answer = send(house, "POST", RECEIPTS, "admin", **receipt)
    assert faults(answer) == {("error", "character")}


def test_a_letter_that_no_text_has_is_refused_in_paths_queries_forms_and_file_names(house):
    assert faults(send(house, "PUT", f"{CANDIDATE}%00", json=CONTACT)) == {("reference", "character")}
    for path in ("/planning/api/v1/needs", "/attendance/api/v1/flags", "/notices/api/v1/notices"):
        assert faults(send(house, "GET", path, params={"territory": "93\x00"})) == {("territory", "character")}
    files = {"file": ("a\x00.csv", csv_of([person(2)]))}
    query = {"territory": "93", "kind": "intake"}
    assert send(house, "POST", "/planning/api/v1/imports", params=query, files=files).status_code in {200, 422}

    form = {"key": str(new_id()), "called": "Ro\x00se", "commune": "Bobigny", "language": "ps", "permit_kind": "visa"}
    answer = house.client.post("/planning/interest", data=form | {"email": "a@example.org"})
    assert (answer.status_code, "called" in answer.text) == (422, True)


def test_a_number_beyond_every_column_is_refused_by_field(house):
    facts = '{"programme": "cir-2025", "facts": {"age": 99999999999999999999}}'
    assert faults(send(house, "POST", "/planning/api/v1/eligibility", **json_body(facts))) == {("facts.age", "range")}
    path = f"/planning/api/v1/imports/{new_id()}/rows/signataires"
    for digits in ("9" * 30, "9" * 5_000):
        assert send(house, "PATCH", f"{path}/{digits}", json={"cells": {"niveau": "A1"}}).status_code == 404


@pytest.mark.parametrize("number", ["--5", "9" * 5_000, "5-", "²"])
def test_a_form_says_what_is_no_whole_number(house, number):
    house.send("cours.csv", csv_of([person(3)])).raise_for_status()
    auditor = Visitor(house, "auditor")
    found = send(house, "PUT", "/planning/api/v1/territories/93/candidates/93-2025-910009", "auditor", json=CONTACT)
    auditor.open(f"/planning/reception/candidates/{found.json()['id']}")

    answer = auditor.send("/answers", age=number)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_an_unknown_kind_of_file_is_named(house):
    headers = {"Authorization": f"Bearer {house.token('planner')}"}
    sent = {"data": {"kind": "zz", "territory": "93"}, "files": {"file": ("a.csv", csv_of([person(4)]))}}

    answer = house.client.post("/planning/imports", headers=headers, **sent)

    assert answer.status_code == 422
    assert "kind" in answer.text


def test_a_reference_is_bounded_in_the_address_as_in_the_form(house):
    path = f"/planning/api/v1/territories/93/candidates/{'9' * 60}"

    assert faults(send(house, "PUT", path, json=CONTACT)) == {("reference", "length")}


@pytest.mark.parametrize("language", ["zz", "../fr", "x" * 500])
def test_a_paper_is_asked_for_in_a_language_by_its_code(house, language):
    contract = _any(house, storage.contract)
    for path in (f"/planning/contracts/{contract}/paper", f"/planning/api/v1/contracts/{contract}/paper"):
        answer = send(house, "GET", path, params={"language": language})
        assert answer.status_code in {200, 422}, answer.text
        assert (answer.status_code == 200) == (language == "zz")


def test_what_the_database_refuses_is_a_conflict_and_leaves_no_name_in_the_log(house, logged):
    with house.house.services["scheduler"].database.begin() as db:
        refuse = "CREATE TRIGGER full BEFORE INSERT ON candidate BEGIN SELECT RAISE(ABORT, 'Full of Noori'); END"
        db.execute(sa.text(refuse))
    try:
        answer = send(house, "PUT", CANDIDATE, json=CONTACT)
    finally:
        with house.house.services["scheduler"].database.begin() as db:
            db.execute(sa.text("DROP TRIGGER full"))

    said = logged()
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "IntegrityError" in said
    assert "Noori" not in said
    assert CONTACT["phone"] not in said


def test_an_unexpected_error_is_logged_by_its_type_and_place_without_its_words(house, logged):
    entered = send(house, "PUT", f"{CANDIDATE}9", "auditor", json=CONTACT | {"phone": "+999000000902"}).json()
    with house.house.services["scheduler"].database.begin() as db:
        facts = {"reads": "Noori", "spoken": ["ps"], "reading_language": "", "commune": "93008"}
        facts |= {"channel": "sms", "shared_phone": False}
        mine = storage.candidate.c.id == UUID(entered["id"])
        db.execute(storage.candidate.update().where(mine).values(facts=facts))

    answer = send(house, "PUT", f"/planning/api/v1/candidates/{entered['id']}/record", "auditor", json=RECORD)

    said = logged()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "KeyError" in said
    assert "candidates.py" in said
    assert "Noori" not in said


def _any(house, table):
    with house.house.services["scheduler"].database.read() as db:
        return db.scalar(sa.select(table.c.id))
