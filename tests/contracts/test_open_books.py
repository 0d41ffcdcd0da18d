"""The open books: pages written from the code are up to date, leave nothing out, and type no number."""

import re
from dataclasses import fields, replace

import pytest
from click.testing import CliRunner

from parcours import commands, openbooks
from parcours.cli import cli
from services.scheduler.domain import building, judge, life, plain, score
from services.scheduler.domain.problem import Person, Rules, Weights
from services.scheduler.programmes import codes, rule_book


@pytest.mark.parametrize("name", openbooks.PAGES)
def test_a_page_in_docs_is_what_the_code_says(name):
    kept = (commands.DOCS / name).read_text(encoding="utf-8")

    assert kept == openbooks.PAGES[name](), "run: parcours docs write"


def test_the_command_writes_the_pages_and_says_which_is_stale(tmp_path):
    def docs(name):
        return CliRunner().invoke(cli, ["docs", name, "--folder", str(tmp_path)])

    missing = docs("check")
    assert missing.exit_code == 1
    assert "docs/algorithm.md is not what the code says: run parcours docs write" in missing.output

    assert docs("write").exit_code == 0
    assert docs("check").exit_code == 0

    (tmp_path / "contract-life.md").write_text("old")
    stale = docs("check")
    assert (stale.exit_code, stale.output.count("run parcours docs write")) == (1, 1)


def test_every_rule_weight_datum_move_and_key_has_its_words_in_both_languages():
    parts = [part.name for tier in plain.objective(Weights()) for part in tier.parts]
    assert list(plain.HARD_RULES) == list(judge.RULES)
    assert list(plain.OBJECTIVE) == parts
    assert list(plain.TIERS) == list(score.TIERS)
    assert {*parts, "urgency_days"} == {field.name for field in fields(Weights)}
    assert set(plain.DATA) == {field.name for field in fields(Person)} - {"id"}
    assert set(plain.MOVES) == set(life.MOVES)
    assert set(plain.ROLES) >= {role for move in life.MOVES.values() for role in move.by}
    for code in codes():
        assert set(plain.BOOK) == set(rule_book(code).rules)
    assert {key for rule in plain.HARD_RULES.values() for key in rule.keys} <= set(plain.BOOK)
    said = [*plain.BOOK.values(), *plain.MOVES.values(), *plain.TIERS.values(), *plain.NOT_USED]
    said += [rule.says for rule in plain.HARD_RULES.values()] + [one.source for one in plain.DATA.values()]
    assert all(one.fr and one.en and one.fr != one.en for one in said)


def test_every_move_state_and_reason_stands_on_the_page_of_the_contracts_life():
    page = openbooks.contract_life()

    for move in life.MOVES.values():
        for old, new in move.goes.items():
            after = life.BEFORE if new == life.BEFORE else f"`{new}`"
            assert f"| `{move.name}` | `{old}` | {after} |" in page
            target = f"before_{old}" if new == life.BEFORE else new
            assert re.search(rf"^  {old} --> {target}: .*\b{move.name}\b", page, re.MULTILINE)
    for words in (*life.STATES, *life.STATES.values(), *(one for found in life.REASONS.values() for one in found)):
        assert words in page


def test_the_pages_numbers_are_those_of_the_code_and_of_the_rule_books():
    other = replace(Weights(), unplaced=7301, urgency=7302, urgency_days=7303, travel_minute=7304)
    page = openbooks.algorithm(other, replace(Rules(), travel_detour_percent=7305))

    assert [page.count(number) for number in ("7301", "7302", "7303", "7304", "7305")] == [3, 3, 2, 1, 2]
    assert f"÷ {score.LONG_WAIT_DAYS} " in page
    assert page.count(f" {building.HORIZON_WEEKS} ") == 2
    for code in codes():
        book = rule_book(code)
        for key, value in book.rules.items():
            said = plain.value_said(value)
            words = said.fr if said.fr == said.en else f"{said.fr} / {said.en}"
            assert f"| {words} | {book.sources[key]} |" in page, (code, key)


def test_the_page_of_the_algorithm_says_what_is_never_used_and_how_to_ask():
    page = openbooks.algorithm()

    for words in (
        "la nationalité",
        "nationality",
        "Personne",
        "[à vérifier]",
        "[to be verified]",
        "règle non connue / rule not known",
    ):
        assert words.casefold() in page.casefold()
    for language in ("fr", "en"):
        for rule in plain.HARD_RULES.values():
            assert format(rule.says, language) in page
