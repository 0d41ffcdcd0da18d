"""Who signs: one case for every eligibility rule and exemption of each rule-book, the CAI of 2007 (a fixture) too."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from parcours.cli import cli
from services.scheduler.domain.eligibility import Facts, decide, facts_of
from services.scheduler.programmes import codes, parse, rule_book
from shared.errors import InvalidInputError

HERE = Path(__file__)
CASES = yaml.safe_load(HERE.with_name("eligibility_cases.yaml").read_text(encoding="utf-8"))
VERDICTS = {True: "yes", False: "no"}
CAI = parse("cai-2007.yaml", HERE.with_name("cai-2007.yaml").read_text(encoding="utf-8"))
BOOKS = {code: rule_book(code) for code in codes()} | {CAI.code: CAI}


def cases_of(code):
    return CASES[code if code in CASES else "cir"]


EACH = [(code, rule) for code in BOOKS for rule in cases_of(code)]


@pytest.mark.parametrize("code", BOOKS)
def test_every_rule_has_its_case_and_every_case_its_rule(code):
    assert {rule.id for rule in BOOKS[code].eligibility.all} == set(cases_of(code))


@pytest.mark.parametrize(("code", "rule"), EACH)
def test_each_rule_decides_for_whom_it_is_made(code, rule):
    case = cases_of(code)[rule]
    rules = BOOKS[code].eligibility

    answer = decide(rules, Facts(**CASES["base"] | case["change"]))

    assert (answer.rule, answer.fact) == (rule, case["fact"])
    assert answer.verdict == VERDICTS.get(case["verdict"], case["verdict"])
    assert answer.regime == case.get("regime", "")
    assert answer.source
    assert (answer.verdict == "needs_paper") == bool(answer.paper)
    if "not_yet" in case:
        assert decide(rules, Facts(**CASES["base"] | case["not_yet"])).rule != rule


@pytest.mark.parametrize("code", ["cir-2019", "cir-2025"])
def test_one_exemption_is_enough_whatever_else_is_not_known(code):
    answer = decide(rule_book(code).eligibility, Facts(permit_motive="health"))

    assert (answer.verdict, answer.rule) == ("no", "health_permit")


def test_what_is_not_known_asks_for_the_paper_that_shows_it():
    answer = decide(rule_book("cir-2025").eligibility, Facts())

    assert (answer.verdict, answer.fact, answer.paper) == ("needs_paper", "age", "passeport ou acte de naissance")


def test_a_fact_that_cannot_be_read_is_named_with_its_rule():
    with pytest.raises(InvalidInputError) as raised:
        facts_of({"age": "young", "colour": "red", "permit_kind": "gold", "first_admission": "maybe"})

    assert [fault.field for fault in raised.value.faults] == ["age", "colour", "permit_kind", "first_admission"]


def test_the_command_answers_with_rule_source_and_fact():
    facts = ["--fact", "citizenship=eu_eea_swiss"]

    shown = CliRunner().invoke(cli, ["programme", "eligibility", "cir-2025", *facts])

    assert shown.exit_code == 0, shown.output
    assert '"rule": "eu_citizen"' in shown.output
