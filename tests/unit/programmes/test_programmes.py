"""Rule-books: each rule with its source; what breaks the schema is named by file, key and rule."""

from datetime import date
from importlib import resources

import pytest

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
