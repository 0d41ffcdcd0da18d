"""The four digits on paper: one page in every language, read back as text, with nobody's name on it."""

from dataclasses import replace
from datetime import date

import pypdfium2
import pytest

from services.notifications.domain.discretion import indiscreet
from services.scheduler.documents.code_slip import SAID, CodeSlip, code_slip_pdf
from shared.languages import LANGUAGES
from shared.web.own import spoken_to, words
from tests.papers import letters, text_of

SLIP = CodeSlip(
    digits="4711", alias="Rose", reference="93-2025-000123", languages=("fr",), call="01 99 00 12 34",
    made_on=date(2025, 3, 3),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_printed_on_one_page_and_its_letters_read_back(language):
    languages = tuple(dict.fromkeys((language, "fr")))
    made = code_slip_pdf(replace(SLIP, languages=languages))

    out = text_of(made)
    said = "".join(words(one).sentences[name] for one in languages for name in SAID)
    lacking = letters(said) - letters(out)
    assert len(pypdfium2.PdfDocument(made)) == 1
    # A ligature may be read back as fewer letters, never a figure or a Latin one.
    assert not [char for char in lacking if char.isascii()], lacking
    assert sum(lacking.values()) <= 0.15 * sum(letters(said).values()), lacking
    # The reader gives the words of a line on a page from right to left in that order, French ones and figures too.
    assert {"4711", *SLIP.call.split(), "Rose", "03/03/2025"} <= set(out.split())
    assert indiscreet(out) is None


def test_it_says_what_the_code_opens_and_that_nobody_asks_for_it():
    out = text_of(code_slip_pdf(replace(SLIP, languages=("tr", "fr"))))

    for said in (
        *("Saatlerim ve devamsızlıklarım", "Bu yeri artık istemiyorum", "Bu kodu telefonda asla sormayız"),
        *("Mes heures et mes absences", "Je ne veux plus cette place", "Nous ne demandons jamais ce code au téléphone"),
    ):
        assert said in out


def test_who_chose_no_alias_or_one_that_no_font_has_is_called_by_the_reference():
    for alias in ("", "Rose \N{CUNEIFORM SIGN A}"):
        assert "93-2025-000123" in text_of(code_slip_pdf(replace(SLIP, alias=alias)))


def test_it_is_for_archives_and_screen_readers_and_its_title_says_nothing_of_anybody():
    made = code_slip_pdf(SLIP)

    document = pypdfium2.PdfDocument(made)
    assert b"<pdfuaid:part>1<" in made
    assert b"<pdfaid:part>2<" in made
    assert document.get_metadata_dict()["Title"] == "Votre code"


def test_a_language_that_nobody_signed_is_printed_in_the_demonstration_only():
    assert spoken_to("ar", unsigned_allowed=True) == ("ar",)
    assert spoken_to("ar", unsigned_allowed=False) == ("fr", "en")
    assert spoken_to(None, unsigned_allowed=True) == ("fr", "en")


def test_the_digits_are_in_no_log_of_what_was_printed():
    assert "4711" not in repr(SLIP)
