"""Papers through the doors: who may take which, each reading logged, opinions signed by people, binders by a job."""

import io
import json
import re
import threading
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner
from waitress.server import create_server

from parcours.cli import cli
from shared.ids import new_id
from tests.forms import Visitor
from tests.integration.attendance.taken import a_roll_taken

ROOT = "/attendance/api/v1"
REPO = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    with a_roll_taken(tmp_path_factory.mktemp("var")) as (house, roll, missing):
        house.account("other-body", "provider_manager", "AUTRE")
        house.account("lyon", "planner", "69")
        house.account("audit", "auditor", "93")
        house.account("ctrl", "controller", "93")
        yield house, roll, missing


def ask(house, login, method, path, body=None, **params):
    """Call attendance's API as somebody; return the answer, whatever it is."""
    headers = {"Authorization": f"Bearer {house.token(login)}"}
    return house.client.request(method, f"{ROOT}{path}", json=body, params=params, headers=headers)


def text_of(content):
    pages = (page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content))
    return " ".join(" ".join(pages).split())


def body_id(house, login="body-ORG"):
    (body,) = ask(house, login, "GET", "/providers").json()["items"]
    return body["id"]


def contract_of(roll, person):
    return next(one["contract_id"] for one in roll["people"] if one["signatory_id"] == person["signatory_id"])


def reads(house, roll):
    return ask(house, "audit", "GET", f"/sheets/{roll['id']}/reads").json()["items"]


def test_a_sealed_sheet_is_taken_one_by_one_and_each_reading_is_logged(taken):
    house, roll, _ = taken
    before = len(reads(house, roll))

    answer = ask(house, "body-ORG", "GET", f"/sheets/{roll['id']}/paper")
    out = text_of(answer.content)
    ask(house, "planner", "GET", f"/sheets/{roll['id']}/paper")

    assert answer.headers["content-type"] == "application/pdf"
    assert all(one["reference"] in out and one["name"] in out for one in roll["people"])
    assert "absence non expliquée" in out
    assert "QR scanné" in out
    assert "Sceau de la version 1" in out
    assert "Formatrice 1" in out or "Formateur 2" in out  # the trainer's name came over the wire
    fresh = reads(house, roll)[: len(reads(house, roll)) - before]
    assert {one["actor"] for one in fresh} == {"planner:planner", "provider_manager:body-ORG"}
    assert {one["version"] for one in fresh} == {1}


def test_a_body_never_takes_another_bodys_papers(taken):
    house, roll, missing = taken
    contract, body = contract_of(roll, missing), body_id(house)

    for path in (
        f"/sheets/{roll['id']}/paper",
        f"/sheets/{roll['id']}/blank",
        f"/sheets/{roll['id']}/reads",
        f"/contracts/{contract}/certificate",
        f"/providers/{body}/statements",
    ):
        assert ask(house, "other-body", "GET", path).status_code == 404, path
    assert ask(house, "other-body", "GET", "/providers").json()["items"] == []
    assert ask(house, "other-body", "POST", f"/providers/{body}/statements", {"month": "2025-04"}).status_code == 404
    wanted = {"provider_id": body, "month": "2025-04"}
    assert ask(house, "other-body", "PUT", f"/binders/{new_id()}", wanted).status_code == 404
    assert ask(house, "lyon", "GET", f"/sheets/{roll['id']}/paper").status_code == 404
    assert ask(house, "lyon", "GET", f"/contracts/{contract}/certificate").status_code == 403
    assert ask(house, "body-ORG", "PUT", f"/opinions/{new_id()}", {"contract_id": contract}).status_code == 403


def test_a_sheet_is_found_again_by_the_number_that_is_printed_on_it(taken):
    house, roll, _ = taken
    sheets = ask(house, "body-ORG", "GET", f"/sheets/{roll['id']}/blank")
    number = text_of(sheets.content).partition("Feuille n° : ")[2].split()[0]

    found = ask(house, "body-ORG", "GET", "/sheets", number=number.lower())

    assert found.json()["id"] == roll["id"]
    assert ask(house, "other-body", "GET", "/sheets", number=number).status_code == 404
    assert ask(house, "body-ORG", "GET", "/sheets", number="12").status_code == 422


def test_a_sheet_that_was_not_taken_is_only_printed_blank(taken):
    house, roll, _ = taken
    day = roll["held_on"]
    listed = house.door("body-ORG").items(f"{ROOT}/rolls", day=day, people="true")
    later = [one for one in listed if one["state"] == "open"] or house.door("body-ORG").items(
        f"{ROOT}/rolls", day=str(date.fromisoformat(day).replace(day=date.fromisoformat(day).day + 1)), people="true"
    )

    answer = ask(house, "body-ORG", "GET", f"/sheets/{later[0]['id']}/paper")

    assert (answer.status_code, answer.json()["code"]) == (409, "sheet_not_taken")
    assert ask(house, "body-ORG", "GET", f"/sheets/{later[0]['id']}/blank").status_code == 200


def test_the_sheets_of_a_week_are_printed_at_once_and_no_more(taken):
    house, roll, _ = taken
    path, first = f"/providers/{body_id(house)}/blank-sheets", date.fromisoformat(roll["held_on"])

    week = ask(house, "body-ORG", "GET", path, first=str(first), last=str(first + timedelta(days=6)))
    longer = ask(house, "body-ORG", "GET", path, first=str(first), last=str(first + timedelta(days=7)))
    foreign = ask(house, "other-body", "GET", path, first=str(first), last=str(first))

    archive = zipfile.ZipFile(io.BytesIO(week.content))
    listed = house.door("body-ORG").items(
        f"{ROOT}/rolls", day=str(first), until=str(first + timedelta(days=6)), people="true"
    )
    assert len(archive.namelist()) == sum(bool(one["people"]) and one["state"] == "open" for one in listed)
    assert longer.status_code == 422
    assert foreign.status_code == 404


def test_a_certificate_says_the_hours_that_somebody_followed(taken):
    house, roll, missing = taken
    came = next(one for one in roll["people"] if one is not missing)

    out = text_of(ask(house, "body-ORG", "GET", f"/contracts/{came['contract_id']}/certificate").content)
    nothing = text_of(ask(house, "planner", "GET", f"/contracts/{missing['contract_id']}/certificate").content)

    assert came["name"] in out
    assert f"En tout : {roll['minutes'] // 60} h de présence." in out
    assert "Horizon" in out
    assert "Aucune séance suivie pendant cette période." in nothing
    assert "Office français" in nothing
    late = ask(house, "planner", "GET", f"/contracts/{came['contract_id']}/certificate", last="2031-01-01")
    assert late.status_code == 422


def test_an_opinion_is_drafted_from_evidence_and_signed_by_a_person_with_a_verdict(taken):
    house, roll, missing = taken
    key = str(new_id())
    wanted = {"contract_id": missing["contract_id"]}

    draft = ask(house, "planner", "PUT", f"/opinions/{key}", wanted).json()
    again = ask(house, "planner", "PUT", f"/opinions/{key}", wanted).json()
    other = ask(house, "planner", "PUT", f"/opinions/{key}", {"contract_id": contract_of(roll, roll["people"][1])})
    wrong = ask(house, "audit", "POST", f"/opinions/{key}/signature", {"verdict": "guilty"})
    before = text_of(ask(house, "audit", "GET", f"/opinions/{key}/paper").content)
    signed = ask(house, "audit", "POST", f"/opinions/{key}/signature", {"verdict": "not_attributable"})
    twice = ask(house, "audit", "POST", f"/opinions/{key}/signature", {"verdict": "not_attributable"})
    somebody_else = ask(house, "planner", "POST", f"/opinions/{key}/signature", {"verdict": "assiduous"})
    after = text_of(ask(house, "ctrl", "GET", f"/opinions/{key}/paper").content)

    assert (draft["state"], draft["verdict"]) == ("draft", "")
    assert again == draft
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")
    assert wrong.status_code == 422
    assert "Pas encore signé" in before
    assert [one["status"] for one in draft["evidence"]["absences"]] == ["absent_unexplained"]
    assert signed.json()["signed_by"] == "auditor:audit"
    assert twice.status_code == 200
    assert (somebody_else.status_code, somebody_else.json()["code"]) == (409, "opinion_signed")
    assert "Signé par audit (OFII (audit))" in after
    assert "SPECIMEN" in after
    assert [one["id"] for one in ask(house, "planner", "GET", "/opinions").json()["items"]] == [key]
    assert ask(house, "lyon", "GET", f"/opinions/{key}").status_code == 403
    assert ask(house, "ctrl", "POST", f"/opinions/{key}/signature", {"verdict": "assiduous"}).status_code == 403


def test_what_is_recorded_after_the_draft_must_be_read_before_an_opinion_is_signed(taken):
    house, _, missing = taken
    key = str(new_id())
    ask(house, "planner", "PUT", f"/opinions/{key}", {"contract_id": missing["contract_id"]})
    tried = {"signatory_id": missing["signatory_id"], "method": "call", "outcome": "no_answer"}
    assert ask(house, "planner", "PUT", f"/attempts/{new_id()}", tried).status_code == 204

    refused = ask(house, "planner", "POST", f"/opinions/{key}/signature", {"verdict": "assiduous"})
    fresh = ask(house, "planner", "PUT", f"/opinions/{key}", {"contract_id": missing["contract_id"]}).json()
    signed = ask(house, "planner", "POST", f"/opinions/{key}/signature", {"verdict": "assiduous"})

    assert (refused.status_code, refused.json()["code"]) == (409, "evidence_changed")
    assert fresh["evidence"]["absences"][0]["attempts"][0]["outcome"] == "no_answer"
    assert signed.status_code == 200


def test_a_statement_takes_the_price_of_the_order_that_scheduler_told(taken):
    house, roll, _ = taken

    made = ask(house, "body-ORG", "POST", f"/providers/{body_id(house)}/statements", {"month": roll["held_on"][:7]})

    totals = made.json()["content"]["totals"]
    came = len(roll["people"]) - 1
    assert totals["paid_minutes"] == came * roll["minutes"]
    assert totals["cents"] == came * roll["minutes"] * 740 // 60
    assert [one["order"] for one in totals["orders"]] == ["L2"]
    house.account("a-trainer", "trainer", "ORG/F2")
    assert ask(house, "a-trainer", "GET", "/providers").status_code == 403


def test_the_command_line_takes_a_file_and_writes_a_paper(taken, tmp_path, monkeypatch):
    house, roll, missing = taken
    file, out = tmp_path / "presences.csv", tmp_path / "feuille.pdf"
    file.write_text(f"reference;date;demi_journee;statut\n{missing['reference']};{roll['held_on']};matin;la\n")
    monkeypatch.setenv("PARCOURS_PASSWORD", house.passwords["body-ORG"])
    server = create_server(house.house.wsgi, host="127.0.0.1", port=0)
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()

    def called(*words):
        address = f"http://127.0.0.1:{server.effective_port}"
        return CliRunner().invoke(cli, ["call", "--url", address, "--as", "body-ORG", "attendance", *words])

    try:
        report = called("import-attendance", "--file", str(file))
        written = called("read-sheet", roll["id"], "--out", str(out))
    finally:
        server.task_dispatcher.shutdown(timeout=10)  # whoever still answers wakes the server once more
        server.close()
        serving.join(timeout=10)

    assert json.loads(report.output)["faults"][0]["rule"] == "choice"
    assert written.exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")


def test_a_binder_for_ofii_has_names_and_logs_each_sheet_and_a_bodys_has_references_alone(taken):
    house, roll, _ = taken
    wanted = {"provider_id": body_id(house), "month": roll["held_on"][:7]}
    named, own = str(new_id()), str(new_id())

    for login, key in (("planner", named), ("body-ORG", own)):
        asked = ask(house, login, "PUT", f"/binders/{key}", wanted)
        assert (asked.status_code, asked.json()["job_state"]) == (200, "queued")
        early = ask(house, login, "GET", f"/binders/{key}/content")
        assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    house.stage.run_jobs()
    before = len(reads(house, roll))
    of_ofii = zipfile.ZipFile(io.BytesIO(ask(house, "planner", "GET", f"/binders/{named}/content").content))
    of_body = zipfile.ZipFile(io.BytesIO(ask(house, "body-ORG", "GET", f"/binders/{own}/content").content))

    state = ask(house, "planner", "GET", f"/binders/{named}").json()
    assert (state["job_state"], state["done"], state["of"]) == ("done", state["papers"], state["papers"])
    assert len(of_ofii.namelist()) == state["papers"]
    kinds = {name.partition("/")[0] for name in of_ofii.namelist() if "/" in name}
    assert kinds == {"feuilles", "attestations"}
    assert {name.partition("/")[0] for name in of_body.namelist() if "/" in name} == {"feuilles"}
    person = roll["people"][1]
    said = [text_of(of_body.read(name)) for name in of_body.namelist() if name.endswith(".pdf")]
    assert not any(person["name"] in text for text in said)
    assert any(person["reference"] in text for text in said)
    assert len(reads(house, roll)) == before + 1
    assert ask(house, "body-ORG", "GET", f"/binders/{named}").status_code == 404
    assert ask(house, "lyon", "GET", f"/binders/{named}").status_code == 404


def test_a_binder_is_deleted_after_some_days_and_can_be_asked_for_again(taken):
    house, roll, _ = taken
    key = str(new_id())
    ask(house, "planner", "PUT", f"/binders/{key}", {"provider_id": body_id(house), "month": roll["held_on"][:7]})
    house.stage.run_jobs()
    now = house.clock.now()
    house.clock.set(datetime(now.year, now.month + 1, now.day, 20, tzinfo=UTC))
    try:
        house.house.services["attendance"].tick()
        gone = ask(house, "planner", "GET", f"/binders/{key}/content")
    finally:
        house.clock.set(now)

    assert (gone.status_code, gone.json()["code"]) == (409, "binder_deleted")


def test_the_pages_lead_from_the_month_to_every_document(taken):
    house, roll, missing = taken
    manager = Visitor(house, "body-ORG")
    month = roll["held_on"][:7]

    page = manager.open(f"/attendance/documents?month={month}").text
    assert "Horizon" in page
    assert "à signer (PDF)" in page
    manager.send("/statements")
    assert "Version" in manager.page.text
    manager.open(f"/attendance/documents?month={month}")
    manager.send("/binders")
    house.stage.run_jobs()
    assert "Télécharger (ZIP)" in manager.open(f"/attendance/documents?month={month}").text
    certificate = manager.send("/certificates", reference=roll["people"][1]["reference"])
    assert certificate.headers["content-type"] == "application/pdf"
    assert manager.open("/attendance/documents/find?number=250101-M-000000").status_code == 200
    assert "Aucune feuille ne porte ce numéro" in manager.page.text
    assert manager.open(f"/attendance/documents/sheets/{roll['id']}").content.startswith(b"%PDF")
    assert "body-ORG" in manager.open(f"/attendance/documents/sheets/{roll['id']}/reads").text

    agent = Visitor(house, "planner")
    agent.open("/attendance/opinions")
    agent.send("/attendance/opinions", reference=missing["reference"])
    assert "projet" in agent.page.text
    agent.send("/signature", verdict="not_assiduous")
    assert "n’a pas suivi avec assiduité" in agent.page.text
    (paper,) = re.findall(r'href="(/attendance/opinions/[0-9a-f-]+/paper)"', agent.page.text)
    assert agent.open(paper).content.startswith(b"%PDF")


def test_the_example_for_e_attendance_products_works_as_it_is_written(taken):
    house = taken[0]
    guide = (REPO / "docs" / "e-attendance.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", guide, flags=re.DOTALL)
    later = next(
        one
        for day in ("2025-04-09", "2025-04-10", "2025-04-11", "2025-04-14")
        for one in house.door("body-ORG").items(f"{ROOT}/rolls", day=day, people="true")
        if one["people"] and one["state"] == "open"
    )
    now = house.clock.now()
    house.clock.set(datetime.fromisoformat(f"{later['held_on']}T18:00:00+00:00"))
    begins = datetime.fromisoformat(f"{later['held_on']}T{later['starts_at']}")
    named = {"meeting": later["id"], "mark": str(new_id()), "person": later["people"][0]["signatory_id"]}
    for name, value in named.items():
        example = example.replace(f"{{{name}}}", value)
    sent = json.loads(example)
    sent["rolls"][0]["marks"][0]["arrived"] = f"{begins + timedelta(minutes=20):%H:%M}"

    try:
        first, again = (ask(house, "body-ORG", "POST", "/rolls/marks", sent) for _ in range(2))
        exported = ask(house, "body-ORG", "GET", "/attendance-export", first=later["held_on"], last=later["held_on"])
    finally:
        house.clock.set(now)

    assert [one["state"] for one in first.json()["rolls"][0]["results"]] == ["kept"]
    assert again.json() == first.json()
    (line,) = [one for one in exported.text.splitlines() if "EMA-2025-0407-001" in one]
    assert ";retard;20;" in line
    assert later["people"][0]["name"] not in exported.text
