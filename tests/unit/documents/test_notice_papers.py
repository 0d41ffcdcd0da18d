"""Notices on paper: every language can be read back as text, drawings are spoken, a slip is one page."""

from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest

from services.notifications.app import open_post
from services.notifications.documents.papers import notice_pdf, slip_pdf
from services.notifications.settings import Settings
from services.notifications.usecases.papers import page_of, paper_of, with_french
from services.notifications.wording.files import FIELDS
from shared.languages import LANGUAGES
from tests.papers import letters, spoken, text_of

NOW = datetime(2025, 3, 3, 9, tzinfo=UTC)
SITE = {
    "label": "Centre de formation Jean Jaurès, 12 rue de la République",
    "commune": "Bobigny",
    "zone": "Europe/Paris",
}
PERSON = {"alias": "Rose-Espérance", "reference": "93-2025-000123", "territory": "93"}
LONGEST = ("fr", "en")


@pytest.fixture(scope="module")
def post(tmp_path_factory):
    return open_post(Settings.from_env({"PARCOURS_VAR": str(tmp_path_factory.mktemp("var")), "PARCOURS_DEMO": "yes"}))


def a_notice(kind="convocation", days=2, language="ar"):
    return {
        "id": 1, "kind": kind, "days": [f"{date(2025, 3, 13) + timedelta(days=one)} 09:00-16:30" for one in range(days)],
        "languages": [language], "training": "civic", "moment": "week" if kind == "reminder" else "", "reply_code": "",
        "useless_after": NOW + timedelta(days=10),
    }  # fmt: skip


def a_paper(post, row, languages=None, **other):
    languages = languages or with_french(row["languages"])
    return paper_of(post, row, PERSON | other.pop("person", {}), SITE, NOW, languages=languages, **other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_every_language_can_be_printed_and_its_letters_read_back(post, language):
    for kind in FIELDS:
        paper = a_paper(post, a_notice(kind, language=language))

        made = notice_pdf(paper, pictured=False)

        lacking = letters("".join(one.title + one.body for one in paper.said)) - letters(text_of(made))
        # A ligature may be read back as fewer letters, never a figure or a Latin one.
        assert not [char for char in lacking if char.isascii()], (kind, lacking)
        assert sum(lacking.values()) <= 0.15 * sum(letters(paper.said[0].body).values()), (kind, lacking)


def test_a_page_says_in_both_languages_when_where_whom_to_call_and_that_software_chose(post):
    out = text_of(notice_pdf(a_paper(post, a_notice(language="tr")), pictured=False))

    for said in (
        *("13 Mart 2025 Perşembe", "jeudi 13 mars 2025, 09:00-16:30", "Centre de formation Jean Jaurès"),
        *("01 99 00 12 34", "Un logiciel a aidé à choisir ces dates", "93-2025-000123", "Rose-Espérance"),
    ):
        assert said in out, said


def test_a_course_has_every_day_by_itself(post):
    out = text_of(notice_pdf(a_paper(post, a_notice(days=40, language="fr")), pictured=False))

    assert all(f"{date(2025, 3, 13) + timedelta(days=one):%-d} " in out for one in range(40))
    assert out.count("09:00-16:30") >= 40


def test_a_page_is_for_archives_and_screen_readers_and_has_no_link(post):
    made = notice_pdf(a_paper(post, a_notice()), pictured=True)

    assert b"<pdfuaid:part>1<" in made
    assert b"<pdfaid:part>2<" in made
    assert made == notice_pdf(a_paper(post, a_notice()), pictured=True)
    assert "http" not in text_of(made)


def test_what_is_drawn_is_said(post):
    assert sorted(spoken(slip_pdf(a_paper(post, a_notice(days=1), ("ar",))))) == [
        "01 99 00 12 34",
        "09:00",
        "16:30",
        "Centre de formation Jean Jaurès, 12 rue de la République, Bobigny",
        "jeudi 13 mars 2025, 09:00-16:30",
    ]


@pytest.mark.parametrize("days", [0, 1, 2, 3, 4, 60])
@pytest.mark.parametrize("kind", ["convocation", "cancelled"])
def test_a_slip_is_one_page_however_many_days(post, days, kind):
    if days == 0:
        kind = "call_us"

    for languages in (*((one,) for one in LANGUAGES), LONGEST):
        assert len(pypdfium2.PdfDocument(slip_pdf(a_paper(post, a_notice(kind, days), languages)))) == 1


def test_a_cancelled_day_shows_no_hour_to_come_and_no_place(post):
    assert sorted(spoken(slip_pdf(a_paper(post, a_notice("cancelled", 1), ("ar",))))) == [
        "01 99 00 12 34",
        "jeudi 13 mars 2025, 09:00-16:30",
    ]


def test_an_alias_that_no_font_has_gives_way_to_the_reference(post):
    made = page_of(post, a_notice(language="fr"), PERSON | {"alias": "Rose \N{CUNEIFORM SIGN A}"}, SITE, NOW)

    assert "Bonjour 93-2025-000123" in text_of(made)


def test_a_letter_has_its_address_where_the_window_of_an_envelope_is(post):
    lines = ("Amina HADDAD", "12 rue des Lilas", "93000 Bobigny")
    made = notice_pdf(a_paper(post, a_notice(language="fr"), addressee=lines), pictured=True)

    page = pypdfium2.PdfDocument(made)[0].get_textpage()
    millimetre = 72 / 25.4
    window = page.get_text_bounded(100 * millimetre, (297 - 85) * millimetre, 200 * millimetre, (297 - 42) * millimetre)
    assert [one.strip() for one in window.strip().splitlines()] == list(lines)
