"""The command line reaches every operation of the APIs, with the rights and the errors that the APIs have."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from parcours.cli import cli, main
from parcours.embedded import CLOCK
from parcours.wire import PREFIXES
from shared.clock import FileClock
from shared.ids import new_id
from tests.doors import OFFER, START, a_house, xlsx_of

PASSWORD = "a long enough password"
ENTER = (
    "enter-candidate 93 93-2025-800001 --family-name Noori --given-name Zahra --alias Tulipe --phone +999000000123 "
    "--commune 93008 --spoken ps --spoken prs --reads with_help --reading-language ps --channel sms --programme cir-2025"
).split()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return what runs a command line on a fresh folder where an auditor and a planner have accounts."""
    with a_house(tmp_path) as house:
        assert house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").json()["refused"] == 0
        assert house.clock.now() == START
    monkeypatch.setenv("PARCOURS_VAR", str(tmp_path))
    monkeypatch.setenv("PARCOURS_PASSWORD", PASSWORD)

    def parcours(*words):
        return CliRunner().invoke(cli, words)

    for role in ("auditor", "planner"):
        assert parcours("accounts", "add", f"the-{role}", "--role", role, "--scope", "93").exit_code == 0
    return parcours


def said(result):
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.output)


def test_somebody_is_entered_examined_and_booked_from_the_command_line(run):
    def auditor(*words):
        return run("call", "--as", "the-auditor", "scheduler", *words)

    key = said(auditor(*ENTER))["id"]
    known = {"citizenship": "other", "age": 29, "permit_kind": "multi_year", "permit_motive": "protection"}
    known |= dict.fromkeys(("family_of_eu_citizen", "came_by_own_wish", "born_in_france"), "false")
    known |= {"first_admission": "true", "secondary_school_years": 0, "university_years": 0}
    facts = [word for name, value in known.items() for word in ("--facts", f"{name}={value}")]
    assert said(auditor("examine-candidate", key, "--programme", "cir-2025", *facts))["verdict"] == "yes"

    opened = run(
        "call", "--as", "the-planner", "scheduler", "open-slots", "93", "--platform", "PF93", "--days", "2025-04-08"
    )
    assert opened.exit_code == 0, opened.output
    (slot, _) = said(auditor("list-slots", "--territory", "93", "--since", "2025-04-01"))
    booked = said(auditor("book-appointment", "--person-id", key, "--slot-id", slot["id"]))
    assert booked["state"] == "booked"
    refused = auditor("book-appointment", "--person-id", key, "--slot-id", slot["id"])
    assert "booked_before" in str(refused.exception)


def test_what_is_refused_names_field_and_rule_and_who_may_not_is_told_so(run):
    wrong = [word if word != "93008" else "75056" for word in ENTER]
    refused = run("call", "--as", "the-auditor", "scheduler", *wrong)
    assert "commune (territory)" in str(refused.exception)

    forbidden = run(
        "call", "--as", "the-auditor", "scheduler", "open-slots", "93", "--platform", "PF93", "--days", "2025-04-08"
    )
    assert "forbidden" in str(forbidden.exception)


def test_an_existing_person_is_named_and_texts_stay_texts(run, tmp_path):
    FileClock(tmp_path / CLOCK).set(datetime(2025, 9, 1, 9, tzinfo=UTC))

    def auditor(*words):
        return run("call", "--as", "the-auditor", "scheduler", *words)

    key = said(auditor(*ENTER))["id"]
    row = {"niveau": "NLNS", "formation_linguistique": "600", "lundi": "MA", "semaines": "toutes"}
    row |= {"deplacement": "transport", "trajet_max_min": "60", "acces_pmr": "non", "garde_enfants": "non"}
    words = [word for name, value in row.items() for word in ("--row", f"{name}={value}")]
    words += ["--oral", "infra-A1", "--written", "NLNS", "--confidence", "low", "--institutions", "none"]
    words += ["--helper", "phone=0612345678", "--needs", "childcare"]

    forgotten = auditor("record-interview", *words)
    assert (forgotten.exit_code, "CANDIDATE_ID" in forgotten.output) == (2, True)
    assert said(auditor("record-interview", key, *words))["state"] == "interviewed"

    asked = auditor("change-contact", "--channel", "sms", "--phone", "+999000000321")
    assert (asked.exit_code, "SIGNATORY_ID" in asked.output) == (2, True)


def test_a_list_of_objects_is_given_as_json(run):
    roll = json.dumps({"meeting_id": str(new_id()), "marks": [{"id": "no id"}]})
    answer = run("call", "--as", "the-planner", "attendance", "mark-rolls", "--rolls", roll)
    assert "forbidden" in str(answer.exception)

    answer = run("call", "--as", "the-planner", "attendance", "mark-rolls", "--rolls", "meeting_id=3")
    assert (answer.exit_code, "JSON is expected" in answer.output) == (2, True)


@pytest.mark.parametrize("reference", ["é 93/1", "50%", "a?b#c"])
def test_what_stands_in_an_address_is_quoted(run, reference):
    words = [reference if word == "93-2025-800001" else word for word in ENTER]
    entered = run("call", "--as", "the-auditor", "scheduler", *words)

    if "/" in reference:
        assert "not_found" in str(entered.exception)  # an address part holds no slash
    else:
        assert said(entered)["reference"] == reference


def test_interest_worklist_and_duplicates_are_reached_from_the_command_line(run):
    def planner(*words):
        return run("call", "--as", "the-planner", "scheduler", *words)

    declared = "--called Rose --commune Bobigny --language ps --permit-kind visa --phone +999000000123".split()
    key = str(new_id())
    assert planner("declare-interest", "--id", key, *declared).exit_code == 0
    (kept,) = said(planner("list-interests"))["items"]
    assert (kept["id"], kept["called"], kept["phone"]) == (key, "Rose", "+999000000123")
    assert planner("drop-interest", key).exit_code == 0
    assert said(planner("list-interests"))["items"] == []
    for command in ("read-worklist", "list-suspects", "list-merges"):
        assert said(planner(command, "--territory", "93")) == []
        assert "forbidden" in str(planner(command, "--territory", "75").exception)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["call", "--url", "http://127.0.0.1:9", "--as", "planner", "scheduler", "list-needs"], "nobody answers"),
        (["call", "--url", "nowhere", "--as", "planner", "scheduler", "list-needs"], "nobody answers"),
        (["accounts", "add", "zoe", "--role", "planner", "--scope", "93"], "parcours db upgrade"),
    ],
)
def test_what_cannot_be_reached_is_one_clear_line(tmp_path, monkeypatch, capsys, words, expected):
    monkeypatch.setenv("PARCOURS_VAR", str(tmp_path / "empty"))
    monkeypatch.setenv("PARCOURS_PASSWORD", PASSWORD)
    monkeypatch.setattr("sys.argv", ["parcours", *words])

    with pytest.raises(SystemExit) as ended:
        main()

    said_so = capsys.readouterr().err
    assert (ended.value.code, said_so.count("\n")) == (1, 1), said_so
    assert expected in said_so


@pytest.mark.parametrize("service", list(PREFIXES))
def test_every_operation_has_a_name_of_its_own_and_its_help(tmp_path, service):
    with a_house(tmp_path) as house:
        spec = house.client.get(f"{PREFIXES[service]}/api/v1/openapi.json").json()
    names = Counter(
        item[method]["operationId"] for item in spec["paths"].values() for method in item if method != "parameters"
    )
    assert [name for name, count in names.items() if count > 1] == []
