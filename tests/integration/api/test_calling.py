"""The command line reaches every operation of the APIs, with the rights and the errors that the APIs have."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from parcours.cli import cli
from parcours.wire import PREFIXES
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


@pytest.mark.parametrize("service", list(PREFIXES))
def test_every_operation_has_a_name_of_its_own_and_its_help(tmp_path, service):
    with a_house(tmp_path) as house:
        spec = house.client.get(f"{PREFIXES[service]}/api/v1/openapi.json").json()
    names = Counter(
        item[method]["operationId"] for item in spec["paths"].values() for method in item if method != "parameters"
    )
    assert [name for name, count in names.items() if count > 1] == []
