"""The contract on paper: what goes in comes out as text again, in every language, and nothing else is drawn."""

import ctypes
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pypdfium2
import pytest
import yaml
from pypdfium2 import raw

from services.scheduler.documents import ContractPaper, Signatures, Training, contract_pdf
from services.scheduler.documents.legal import OURS, LegalTextError, legal_text, parse
from shared import documents
from shared.documents import DocumentError

SIGNED, MADE = date(2026, 3, 5), date(2026, 3, 6)
SPECIMEN = legal_text("cir-2025", None, SIGNED)
LANGUAGES = tuple(SPECIMEN.languages)
FONTS = {"NotoSans", "Amiri", "NotoSansTamil", "HindSiliguri", "NotoSansEthiopic"}
# Words that look right and are read back wrong, each for one known reason:
READ_WRONG = {
    # A vowel sign or reph that the font moves up or down: Typst writes its cluster twice (চু, র্থ).
    "bn": {"চুক্তি", "চুক্তির", "চুক্তিতে", "অভ্যর্থনা"},
    # A zero-width non-joiner before dal has no width: pdfium sorts letters by place and loses one of the two.
    "fa": {"میدهد"},
}
READ_RIGHT_AT_LEAST = {"bn": 0.95, "fa": 0.99}  # share of the words; all of them in any other language


def a_paper(**changes):
    paper = ContractPaper(
        reference="CIR-93-2026-000123",
        programme_label="Contrat d’intégration républicaine",
        territory_label="Seine-Saint-Denis (93)",
        family_name="RAHIMI",
        given_name="Zahra",
        representative="",
        signed_on=SIGNED,
        term_on=date(2027, 3, 4),
        trainings=(
            Training(code="civic", hours=24, note="4 sessions"),
            Training(code="language", hours=600, note="Bobigny"),
        ),
        language_offer="accepted",
        signatures=Signatures(person_on=SIGNED),
    )
    return replace(paper, **changes)


def a_minor(**changes):
    return a_paper(representative="Mohammad RAHIMI", **changes)


def pages(made: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(made)]


def words(*texts: str) -> Counter[str]:
    """
    Count the words: letters, vowel signs and figures, without presentation forms, direction marks and punctuation.

    Not their order: pdfium joins the two columns of one line, and turns the words of such a line round.
    """
    plain = unicodedata.normalize("NFKC", " ".join(texts))
    kept = (char if (kind := unicodedata.category(char))[0] in "LMN" else "" if kind == "Cf" else " " for char in plain)
    return Counter("".join(kept).split())


def words_in(language: str) -> Counter[str]:
    """Everything that the legal text says on the paper of a minor who accepted the offer and signed alone."""
    wording = SPECIMEN.languages[language]
    unsaid = {"no_training", "offer_proposed", "offer_refused"}
    return words(
        *(wording.title, wording.specimen, wording.intro),
        *(text for article in wording.articles for text in (article.heading, article.text)),
        *(*wording.by_state, *wording.by_signatory, wording.trainings["civic"], wording.trainings["language"]),
        *(text for label, text in wording.labels.items() if label not in unsaid),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_both_languages_can_be_read_back(language) -> None:
    made = contract_pdf(a_minor(), language, MADE)

    out = words(*pages(made))

    both = sum((words_in(one) for one in {"fr", language}), Counter())
    lost = both - out
    assert set(lost) <= READ_WRONG.get(language, set())
    assert lost.total() <= words_in(language).total() * (1 - READ_RIGHT_AT_LEAST.get(language, 1))
    assert words_in("fr") - out == Counter()


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_listed_fonts_are_drawn(language) -> None:
    made = contract_pdf(a_minor(), language, MADE)

    drawn = drawn_fonts(made)

    assert drawn
    assert {re.sub(r"^[A-Z]{6}\+", "", font).split("-")[0] for font in drawn} <= FONTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_specimen_in_both_languages(language) -> None:
    made = contract_pdf(a_paper(), language, MADE)

    for page in pages(made):
        watermark, told = 1, len({"fr", language})
        assert page.count("SPECIMEN") == watermark + told


def test_an_operators_text_says_specimen_nowhere(tmp_path) -> None:
    a_text(tmp_path / "official.yaml", specimen=False, version="2026-A")

    made = contract_pdf(a_paper(), "ar", MADE, legal_text("cir-2025", tmp_path, SIGNED))

    assert "2026-A" in pages(made)[0]
    assert all("SPECIMEN" not in page for page in pages(made))


def test_an_article_longer_than_a_page_is_printed_to_its_end() -> None:
    longer = {language: long_articles(wording) for language, wording in SPECIMEN.languages.items()}

    made = contract_pdf(a_paper(), "ar", MADE, replace(SPECIMEN, languages=longer))

    said = words(*(article.text for language in ("fr", "ar") for article in longer[language].articles))
    assert said - words(*pages(made)) == Counter()
    assert len(pages(made)) > 4


def test_a_language_without_a_text_gets_french_and_english() -> None:
    made = contract_pdf(a_paper(), "zh", MADE)

    assert made == contract_pdf(a_paper(), "en", MADE)


def test_a_french_speaker_gets_french_alone() -> None:
    text = "\n".join(pages(contract_pdf(a_paper(), "fr", MADE)))

    assert "Engagements" in text
    assert "Commitments" not in text


def test_markup_in_a_name_is_printed_as_it_is() -> None:
    name = "#set text(red) *x* $y$ \\u{41}"

    first, *_, last = pages(contract_pdf(a_paper(given_name=name), "en", MADE))

    assert first.count(name) == len(["in French", "in English"])
    assert f"{name} RAHIMI" in " ".join(last.split())


def test_a_name_with_a_letter_that_no_font_has_is_refused() -> None:
    with pytest.raises(DocumentError, match="ნ") as refused:
        contract_pdf(a_paper(family_name="ნ"), "en", MADE)

    assert refused.value.code == "document_failed"


def test_a_name_of_another_script_is_printed() -> None:
    made = contract_pdf(a_paper(family_name="Đặng Şahin-Łukasz", given_name="Олена Ελένη"), "ta", MADE)

    assert words("Đặng Şahin Łukasz Олена Ελένη") - words(pages(made)[0]) == Counter()


def test_a_template_with_an_unknown_font_is_refused(tmp_path) -> None:
    template = tmp_path / "paper.typ"
    template.write_text('#set document(title: "x")\n#set text(font: ("Noto Sans", "Comic Sans"))\n#par[x]')

    with pytest.raises(DocumentError, match="unknown font family: comic sans"):
        documents.pdf(template, {}, made_on=MADE)


def test_a_template_that_does_not_exist_is_refused(tmp_path) -> None:
    with pytest.raises(DocumentError, match=r"nowhere\.typ"):
        documents.pdf(tmp_path / "nowhere.typ", {}, made_on=MADE)


def test_a_template_reads_nothing_outside_its_folder(tmp_path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    template = inside / "paper.typ"
    template.write_text('#set document(title: "x")\n#par(read("../secret.txt"))')

    with pytest.raises(DocumentError, match=r"paper\.typ"):
        documents.pdf(template, {}, made_on=MADE)


def test_a_minor_has_a_box_for_the_representative_and_an_adult_has_not() -> None:
    label = SPECIMEN.languages["fr"].labels["representative"]

    minor = pages(contract_pdf(a_minor(), "ar", MADE))[-1]
    adult = pages(contract_pdf(a_paper(), "ar", MADE))[-1]

    assert label in minor
    assert "Mohammad RAHIMI" in minor
    assert minor.count("Pas encore signé") == 2
    assert label not in adult
    assert adult.count("Pas encore signé") == 1
    assert adult.count("Signé le 5 mars 2026") == 1


def test_a_representative_who_signed_has_a_name() -> None:
    with pytest.raises(ValueError, match="no name"):
        a_paper(signatures=Signatures(representative_on=SIGNED))


@pytest.mark.parametrize(
    ("offer", "said"), [("proposed", "sans réponse"), ("accepted", "acceptée"), ("refused", "refusée")]
)
def test_what_became_of_the_language_offer_is_said(offer, said) -> None:
    assert said in "\n".join(pages(contract_pdf(a_paper(language_offer=offer), "fr", MADE)))


def test_a_contract_without_trainings_says_so() -> None:
    made = contract_pdf(a_paper(trainings=(), language_offer=""), "ps", MADE)

    said = words(*(SPECIMEN.languages[language].labels["no_training"] for language in ("fr", "ps")))
    assert said - words(*pages(made)) == Counter()


def test_a_training_that_the_text_does_not_name_is_refused() -> None:
    with pytest.raises(LegalTextError, match=r"specimen-1: languages\.fr\.trainings\.cooking"):
        contract_pdf(a_paper(trainings=(Training(code="cooking"),)), "fr", MADE)


def test_the_same_paper_is_the_same_file_also_when_several_are_made_at_once() -> None:
    wanted = {language: contract_pdf(a_paper(), language, MADE) for language in ("ar", "ps", "ta", "fr")}

    with ThreadPoolExecutor(4) as threads:
        again = list(threads.map(lambda language: (language, contract_pdf(a_paper(), language, MADE)), [*wanted] * 3))

    assert all(made == wanted[language] for language, made in again)


def test_the_file_says_its_title_language_and_standards() -> None:
    made = contract_pdf(a_paper(), "ps", MADE)

    pdf = pypdfium2.PdfDocument(made)
    assert pdf.get_metadata_value("Title") == "Contrat d’accueil et d’intégration CIR-93-2026-000123"
    assert pdf.get_metadata_value("CreationDate") == "D:20260306000000Z"
    assert language_of(pdf) == "fr"
    assert b"/Lang(ps)" in made
    assert b"<pdfuaid:part>1<" in made
    assert b"<pdfaid:part>2<" in made
    assert b"<pdfaid:conformance>A<" in made


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_a_process_forked_after_a_first_paper_is_told_so_and_does_not_wait_for_ever() -> None:
    script = """
import os
from datetime import date
from pathlib import Path
from shared import documents
template = Path("services/scheduler/documents/contract.typ")
def refused():
    try:
        documents.pdf(template, {}, made_on=date(2026, 3, 6))
    except documents.DocumentError as error:
        return str(error)
assert "forked" not in refused()
child = os.fork()
if child == 0:
    os._exit(0 if "forked" in refused() else 1)
assert os.waitpid(child, 0)[1] == 0
"""

    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)


def test_a_language_that_lacks_a_key_is_refused_by_name() -> None:
    content = specimen()
    del content["languages"]["ar"]["labels"]["signed"]

    with pytest.raises(LegalTextError, match=r"mine\.yaml: languages\.ar\.labels\.signed: Missing data"):
        parse("mine.yaml", dumped(content))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text["languages"].pop("fr"), r"languages\.fr: French is required"),
        (lambda text: text["languages"]["ta"]["articles"].pop(), r"languages\.ta\.articles: 4 where French has 5"),
        (lambda text: text["languages"]["ps"]["by_state"].pop(), r"languages\.ps\.by_state: 2 where French has 3"),
        (lambda text: text["languages"]["en"]["trainings"].pop("civic"), r"languages\.en\.trainings\.civic"),
        (lambda text: text["languages"]["en"].update(intro=" "), r"languages\.en\.intro: say something"),
        (lambda text: text["languages"]["en"]["articles"][1].pop("text"), r"languages\.en\.articles\.1\.text"),
        (lambda text: text["languages"]["en"].update(specimen="Sample"), r"languages\.en\.specimen: must have the wo"),
        (lambda text: text.update(valid_from="soon"), r"valid_from: not a day"),
        (lambda text: text.update(colour="red"), r"colour: Unknown field"),
    ],
)
def test_a_text_that_breaks_a_rule_is_refused_by_name(spoil, message) -> None:
    content = specimen()
    spoil(content)

    with pytest.raises(LegalTextError, match=r"mine\.yaml: " + message):
        parse("mine.yaml", dumped(content))


def test_a_file_that_is_not_yaml_is_refused_by_name() -> None:
    with pytest.raises(LegalTextError, match=r"mine\.yaml: not YAML"):
        parse("mine.yaml", "{")


def test_the_newest_text_of_the_operator_that_has_come_wins(tmp_path) -> None:
    a_text(tmp_path / "a.yaml", version="old", valid_from=date(2019, 3, 1))
    a_text(tmp_path / "b.yaml", version="new", valid_from=date(2025, 7, 1))
    a_text(tmp_path / "c.yaml", version="to come", valid_from=date(2026, 3, 6))
    a_text(tmp_path / "d.yaml", version="another programme's", valid_from=date(2026, 1, 1), programmes=["cir-2019"])

    chosen = legal_text("cir-2025", tmp_path, SIGNED)

    assert chosen.version == "new"
    assert legal_text("cir-2025", tmp_path, date(2026, 3, 6)).version == "to come"
    assert legal_text("cir-2019", tmp_path, SIGNED).version == "another programme's"


def test_our_specimen_stands_in_while_the_operator_has_no_text_for_the_day(tmp_path) -> None:
    a_text(tmp_path / "a.yaml", valid_from=date(2026, 3, 6))

    assert legal_text("cir-2025", tmp_path, SIGNED) == SPECIMEN
    assert legal_text("cir-2025", None, SIGNED) == SPECIMEN
    assert SPECIMEN.specimen


def test_a_text_that_changed_on_disk_is_read_again(tmp_path) -> None:
    a_text(tmp_path / "a.yaml", version="first")
    legal_text("cir-2025", tmp_path, SIGNED)

    a_text(tmp_path / "a.yaml", version="second")

    assert legal_text("cir-2025", tmp_path, SIGNED).version == "second"


def test_two_texts_that_begin_on_one_day_are_refused(tmp_path) -> None:
    a_text(tmp_path / "a.yaml")
    a_text(tmp_path / "b.yaml")

    with pytest.raises(LegalTextError, match=r"b\.yaml: valid_from: a\.yaml begins on the same day"):
        legal_text("cir-2025", tmp_path, SIGNED)


def long_articles(wording):
    articles = (*wording.articles[:1], replace(wording.articles[1], text=f"{wording.articles[1].text} " * 60))
    return replace(wording, articles=articles)


def specimen():
    return yaml.safe_load(OURS.read_text(encoding="utf-8"))


def dumped(content) -> str:
    return yaml.safe_dump(content, allow_unicode=True)


def a_text(path, **changes) -> None:
    content = specimen() | {"programmes": ["cir-2025"]} | changes
    content["languages"] = {language: content["languages"][language] for language in ("fr", "ar")}
    path.write_text(dumped(content), encoding="utf-8")


def drawn_fonts(made: bytes) -> set[str]:
    found = set()
    for page in pypdfium2.PdfDocument(made):
        for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            font = raw.FPDFTextObj_GetFont(thing)
            name = ctypes.create_string_buffer(raw.FPDFFont_GetBaseFontName(font, None, 0))
            raw.FPDFFont_GetBaseFontName(font, name, len(name))
            found.add(name.value.decode())
    return found


def language_of(pdf) -> str:
    length = raw.FPDFCatalog_GetLanguage(pdf, None, 0)
    text = ctypes.create_string_buffer(length)
    raw.FPDFCatalog_GetLanguage(pdf, ctypes.cast(text, ctypes.POINTER(raw.FPDF_WCHAR)), length)
    return text.raw.decode("utf-16-le").rstrip("\0")
