"""Rule-books: each rule with its source; what breaks the schema is named by file, key and rule."""

from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner

from parcours.cli import cli
from services.scheduler.programmes import (
    RuleBookError,
    SignatureOutsideError,
    UnknownProgrammeError,
    codes,
    parse,
    rule_book,
)

TEXT = resources.files("services.scheduler.programmes").joinpath("cir-2019.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", codes())
def test_every_rule_says_where_it_comes_from_or_that_we_assume_it(code):
    book = rule_book(code)

    assert book.code == code
    assert all(book.sources[key].strip() for key in book.rules)
    assert any("[A]" in source for source in book.sources.values())


def test_what_is_not_known_is_null_and_never_invented():
    assert rule_book("cir-2025")["attendance.assiduity_percent"] is None


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("term_months: {value: 12,", "term_months: {value: twelve,", "term_months.value"),
        ("  gap_days: {value: 1,", "  gap_days: {value: 0,", "civic.gap_days.value"),
        ('{value: 12, source: "CESEDA art. R. 413-4"}', "{value: 12}", "source"),
        ("  rolling_entry_weeks:", "  rolling_entry_week:", "rolling_entry"),
        ("signable_from: 2019-03-01", "signable_from: soon", "signable_from: a date such as .* not 'soon'"),
        (
            "signable_from: 2019-03-01",
            'signable_from: "2019-03-01"',
            "signable_from: a date such as .* not '2019-03-01'",
        ),
        ("signable_from: 2019-03-01", "signable_from: 2019-03-01T08:00:00", "signable_from: a date such as"),
        ("signable_until: 2025-06-30", "signable_until: never", "signable_until: a date such as .* not 'never'"),
        (
            "signable_until: 2025-06-30",
            "signable_until: 2019-02-28",
            "signable_until: 2019-02-28 is before the first day, 2019-03-01",
        ),
        ("    until: 2021-01-31", "    until: later", "amendments.0.until: a date such as .* not 'later'"),
        ("    until: 2021-01-31", '    from: "2021-01-31"', "amendments.0.from: a date such as .* not '2021-01-31'"),
        (
            "    until: 2021-01-31",
            "    from: 2021-02-01\n    until: 2021-01-31",
            "amendments.0.until: 2021-01-31 is before the first day",
        ),
        (
            "{after: training_end,",
            "{after: wedding,",
            "duties.end_interview.value.after: Must be one of: training_start",
        ),
        (
            "  size_min: {value: 12,",
            "  size_min: {value: -1,",
            "civic.size_min.value: Must be greater than or equal to 1",
        ),
        (
            "  size_min: {value: 12,",
            "  size_min: {value: 26,",
            r"civic.size_min.value: the fewest people \(26\) are more than the most \(25\)",
        ),
        (
            "  size_max: {value: 15,",
            "  size_max: {value: 7,",
            r"language.size_min.value: the fewest people \(8\) are more than the most \(7\)",
        ),
        (
            "[[S1, S2], [S3, S4]]",
            "[[S1, S2], [S3, S5]]",
            "civic.bundles.value: there is no civic day S5; there are S1, S2, S3, S4",
        ),
        ('{NLNS: ["600"],', '{C3: ["600"],', "language.packages.value: there is no level C3; there are NLNS"),
        ("owed_below: {value: A1,", "owed_below: {value: C3,", "language.owed_below.value: there is no level C3"),
        (
            "platform_levels: {value: [],",
            "platform_levels: {value: [C3],",
            "language.platform_levels.value: there is no level C3",
        ),
        (
            "interpreter_below_level: {value: A2,",
            "interpreter_below_level: {value: C3,",
            "civic.interpreter_below_level.value: there is no level C3",
        ),
        (
            "civic_days_required: {value: 3,",
            "civic_days_required: {value: 5,",
            "attendance.civic_days_required.value: 5 days of the 4 in civic.parts",
        ),
        (
            '["M", "M", "M", "M", "M", "", ""]',
            '["N", "M", "M", "M", "M", "", ""]',
            "language.rhythms.value.semi-intensif-matin.*letters among M, A and S",
        ),
        (
            "automatic_when: {value: [],",
            "automatic_when: {value: [rain],",
            "extension.automatic_when.value.0: Must be one of: language_training_unfinished",
        ),
    ],
)
def test_a_broken_rule_book_is_refused_naming_file_and_key(before, after, words):
    assert before in TEXT

    with pytest.raises(RuleBookError, match=words) as raised:
        parse("cir-2019.yaml", TEXT.replace(before, after, 1))

    assert "cir-2019.yaml" in str(raised.value)


def test_a_signature_outside_the_programme_is_refused():
    book = rule_book("cir-2019")
    book.check_signable(date(2025, 6, 30))

    with pytest.raises(SignatureOutsideError):
        book.check_signable(date(2025, 7, 1))
    with pytest.raises(UnknownProgrammeError):
        rule_book("cai-1999")


def test_six_hundred_hours_take_at_least_twenty_weeks():
    assert rule_book("cir-2019").quickest_days(600 * 60) == 140


def test_a_department_has_its_own_rules_and_the_others_do_not():
    book = rule_book("cir-2025")
    day = date(2026, 3, 1)

    assert book.at("976", day)["civic.parts"] == ["S1", "S2"]
    assert "16 December 2021" in book.at("976", day).sources["civic.parts"]
    assert book.at("75", day)["civic.parts"] == ["S1", "S2", "S3", "S4"]
    assert "atelier_parents" in book.at("93", day)["follow_up.offers"]


def test_a_rule_that_came_later_does_not_hold_for_who_signed_before():
    book = rule_book("cir-2019")

    assert book.at("75", date(2020, 6, 1))["attendance.assiduity_percent"] is None
    assert book.at("75", date(2021, 6, 1))["attendance.assiduity_percent"] == 80


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("attendance.assiduity_percent: {value: null", "attendance.assiduity: {value: null", "attendance.assiduity"),
        ("civic.parts: {value: [S1, S2]", "civic.parts: {value: 2", "civic.parts"),
        ("{among: [health]}", "{}", "among, at_least or at_most"),
        ("when: {age:", "when: {height:", "height"),
        ("id: university,", "id: eu_family,", "comes twice"),
        (
            "civic_days_required: {value: 2,",
            "civic_days_required: {value: 3,",
            "Mayotte.*attendance.civic_days_required.value: 3 days of the 2",
        ),
    ],
)
def test_a_broken_amendment_or_eligibility_rule_is_refused_by_name(before, after, words):
    assert before in TEXT

    with pytest.raises(RuleBookError, match=words):
        parse("cir-2019.yaml", TEXT.replace(before, after, 1))


def test_the_founding_article_is_labelled_as_what_it_is():
    book = rule_book("cai-seed")

    assert "non le droit en vigueur" in book.note
    assert book["attendance.assiduity_percent"] is None


def test_the_contract_of_2007_can_be_said_in_the_same_words():
    book = parse("cai-2007.yaml", Path(__file__).with_name("cai-2007.yaml").read_text(encoding="utf-8"))

    assert (book["term_months"], book["extension_months_max"]) == (12, 12)
    assert book["civic.parts"] == ["S1"]
    assert 2 * book["civic.meeting_minutes"] == 6 * 60
    assert book.packages("infra-A1.1") == ("400",)
    assert book["extension.automatic_when"] == ["language_training_unfinished"]
    assert set(book["extension.months_max_by_reason"]) == {"pregnancy", "illness"}
    assert book["attendance.assiduity_percent"] is None
    with pytest.raises(SignatureOutsideError):
        book.check_signable(date(2016, 7, 1))


def shown(*arguments):
    answer = CliRunner().invoke(cli, ["programme", "show", *arguments])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_command_says_of_null_that_the_rule_is_not_known():
    not_known = "règle non connue / rule not known"

    article = shown("cai-seed")
    early = shown("cir-2019", "--on", "2020-05-04")

    assert f"attendance.assiduity_percent = {not_known}" in article
    assert f"extension.automatic_when = {not_known}" in article
    assert f"attendance.assiduity_percent = {not_known}" in early, "an amendment's null too"
    assert "voluntary: Démarche volontaire\n      volontaire; permit: " + not_known in article
    assert "obligatory: Contrat obligatoire\n      obligatoire; permit: carte_pluriannuelle" in early
    assert "extension.automatic_when = []" in early


def test_the_command_shows_amendments_that_are_not_applied_with_what_they_would_change():
    everywhere = shown("cir-2019", "--territory", "75", "--on", "2024-05-06")

    assert "not applied: Mayotte : deux sessions, 12 heures (976)" in everywhere
    assert "attendance.assiduity_percent = règle non connue / rule not known" in everywhere
    assert "  attendance.assiduity_percent = 80" in everywhere
