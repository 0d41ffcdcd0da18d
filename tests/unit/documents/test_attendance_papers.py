"""Attendance's papers: what goes in comes out as text again, in every script; drawn signs are drawn, and said."""

import json
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pypdfium2
import pytest
from pypdfium2 import raw

from services.attendance.documents.opinion_text import OpinionTextError, opinion_text
from services.attendance.documents.people import CertificatePaper, Followed, OpinionPaper, certificate_pdf, opinion_pdf
from services.attendance.documents.sheets import Seal, SheetPaper, SheetPerson, sheet_pdf
from services.attendance.documents.statements import statement_pdf
from services.attendance.domain.statements import totals_of
from shared.documents import DocumentError

DAY, MADE = date(2025, 4, 7), date(2025, 4, 9)
SIGN = json.dumps(
    [[[100, 500], [300, 200], [500, 700], [900, 100]], [[120, 800], [300, 600], [600, 700], [880, 200]]]
).encode()
NAMES = (
    "محمد الحسن",
    "தமிழ் செல்வி",
    "ለምለም TESFAYE",
    "Ольга ПЕТРЕНКО",
    "Ana Ngọc ĐỖ",
    "#set text(red) $x$",
)
FACTS = (
    SheetPerson(
        name=NAMES[0],
        reference="93-1",
        status="present",
        act="drawn",
        act_at=datetime(2025, 4, 7, 7, 2, tzinfo=UTC),
        drawn=SIGN,
    ),
    SheetPerson(name=NAMES[1], reference="93-2", status="late", minutes_lost=20, act="qr", arrived=time(9, 20)),
    SheetPerson(name=NAMES[2], reference="93-3", status="present", act="trainer_declared", act_reason="device_failed"),
    SheetPerson(name=NAMES[3], reference="93-4", status="absent_unexplained"),
    SheetPerson(name=NAMES[4], reference="93-5", status="present", act="signed_sheet", proof_ref="250407-M-7K3QX9"),
    SheetPerson(
        name=NAMES[5],
        reference="93-6",
        status="left_early",
        minutes_lost=60,
        act="code",
        left=time(11),
        act_at=datetime(2025, 4, 7, 7, 0, tzinfo=UTC),
    ),
)


def a_sheet(**changes):
    paper = SheetPaper(
        number="250407-M-7K3QX9",
        body="Association Horizon",
        site="Bobigny centre",
        commune="Bobigny",
        zone="Europe/Paris",
        group="G-3F2A1C",
        training="civic",
        part="S1",
        held_on=DAY,
        slot="morning",
        starts_at=time(9),
        minutes=180,
        trainer="Amal Benali",
        held_by="",
        people=FACTS,
        version=2,
        corrections=(("93-2", "absence non expliquée puis en retard", "org (organisme)", "08/04/2025"),),
        signed_by="trainer:f1",
        signed_at=datetime(2025, 4, 7, 10, 5, tzinfo=UTC),
        seal=Seal(position=12, head="ab" * 32),
        day_head=Seal(position=14, head="cd" * 32, day=date(2025, 4, 6)),
    )
    return replace(paper, **changes)


def text_of(made):
    pages = (page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(made))
    return " ".join(" ".join(pages).split())


def words(text):
    """Count the words of a text: letters, vowel signs and figures; pdfium turns the words of a mixed line round."""
    plain = unicodedata.normalize("NFKC", text)
    kept = (char if (kind := unicodedata.category(char))[0] in "LMN" else "" if kind == "Cf" else " " for char in plain)
    return Counter("".join(kept).split())


@pytest.mark.parametrize("blank", [True, False], ids=["blank", "filled"])
def test_names_in_any_script_can_be_read_back(blank):
    out = text_of(sheet_pdf(a_sheet(), blank=blank, made_on=MADE))

    assert words(" ".join(NAMES)) - words(out) == Counter()
    assert NAMES[5] in out  # a name is never markup
    assert all(one.reference in out for one in FACTS)


def test_a_filled_sheet_says_what_a_court_asks_for():
    out = text_of(sheet_pdf(a_sheet(), blank=False, made_on=MADE))

    for said in (
        *("Formation civique, journée S1", "09:00 – 12:00 (3 h)", "07/04/2025 (matin)", "Amal Benali"),
        *("signe dessiné à 09:02", "arrivée 09:20, 20 min perdues", "QR scanné", "code saisi à 09:00"),
        *(
            "déclaré par le formateur : appareil en panne",
            "absence non expliquée",
            "feuille signée (n° 250407-M-7K3QX9)",
        ),
        *("séance signée le 07/04/2025 à 12:05, sous le compte f1 (formateur)", "Version : 2", "ab" * 32, "cd" * 32),
        "absence non expliquée puis en retard",
    ):
        assert said in out, said


def test_the_substitute_who_held_the_meeting_is_named():
    out = text_of(sheet_pdf(a_sheet(held_by="Bo Chen"), blank=False, made_on=MADE))

    assert "Bo Chen (remplace Amal Benali)" in out
    assert "Bo Chen – séance signée" in out


def test_a_drawn_sign_is_vectors_with_words_for_who_cannot_see_it():
    made = sheet_pdf(a_sheet(), blank=False, made_on=MADE)
    without = sheet_pdf(a_sheet(people=(replace(FACTS[0], drawn=None), *FACTS[1:])), blank=False, made_on=MADE)

    assert paths(made) > paths(without)
    assert spoken(made) == ["Signe dessiné par la personne 93-1"]
    assert spoken(without) == []


@pytest.mark.parametrize(
    "drawn", [b"no json", b"{}", b"[[[0, 0]]]", b"[]", json.dumps([[[n, 2000] for n in range(9)]]).encode()]
)
def test_what_is_no_drawing_leaves_its_words(drawn):
    out = text_of(sheet_pdf(a_sheet(people=(replace(FACTS[0], drawn=drawn),)), blank=False, made_on=MADE))

    assert "signe dessiné à 09:02" in out


def test_a_sheet_by_reference_has_no_name():
    out = text_of(sheet_pdf(a_sheet(named=False), blank=False, made_on=MADE))

    assert "TESFAYE" not in out
    assert "93-3" in out


def test_a_blank_sheet_has_boxes_for_everybody_and_for_three_more():
    out = text_of(sheet_pdf(a_sheet(corrections=()), blank=True, made_on=MADE))

    assert "Signature" in out
    assert " 9 Formateur" in out
    assert "signe dessiné" not in out


def test_a_name_that_no_font_can_write_is_an_error_that_names_the_reference():
    people = (*FACTS, SheetPerson(name="ნინო", reference="93-9"))

    with pytest.raises(DocumentError, match=r"93-9: the name has a letter that none of the fonts has"):
        sheet_pdf(a_sheet(people=people), blank=True, made_on=MADE)


def test_a_certificate_says_presence_and_nothing_else():
    made = certificate_pdf(
        CertificatePaper(
            number="AP-93-1",
            name="محمد DIALLO",
            reference="93-1",
            issuer="Association Horizon",
            first_on=date(2025, 4, 1),
            last_on=date(2025, 4, 30),
            rows=(
                Followed(training="civic", part="S1", first_on=DAY, last_on=DAY, half_days=2, minutes=360),
                Followed(training="language", part="200", first_on=DAY, last_on=MADE, half_days=10, minutes=1795),
            ),
            made_on=date(2025, 5, 2),
        )
    )

    out = text_of(made)
    assert "Formation linguistique, parcours de 200 h 07/04/2025 09/04/2025 10 29 h 55" in out
    assert "En tout : 35 h 55 de présence." in out
    assert "absen" not in out.lower()
    assert "retard" not in out.lower()


EVIDENCE = {
    "assiduity_percent": 80,
    "signed_on": "2025-03-03",
    "term_on": "2026-03-02",
    "civic_days_required": 3,
    "early_exit": False,
    "trainings": [{"training": "language", "part": "200", "owed": 12000, "offered": 6000, "followed": 4000}],
    "absences": [
        {
            "held_on": "2025-04-09",
            "slot": "morning",
            "training": "language",
            "part": "200",
            "status": "absent_unjustified",
            "reason": "",
            "qualified_by": "planner:amal",
            "mark_id": "0190",
            "convocations": [{"channel": "sms", "delivered": True, "usable": False}],
            "attempts": [{"method": "call", "made_on": "2025-04-10", "outcome": "no_answer"}],
            "answers": [{"kind": "was_there", "reason": ""}],
        }
    ],
}


def an_opinion(text=None, **changes):
    words_of_it = opinion_text(text)
    paper = OpinionPaper(
        number="AV-93-1",
        name="Ana DUPONT",
        reference="93-1",
        evidence=EVIDENCE,
        verdict="",
        drafted_by="planner:amal",
        drafted_at=datetime(2025, 5, 1, 10, tzinfo=UTC),
        signed_by="",
        signed_at=None,
        zone="Europe/Paris",
        intro=words_of_it.intro,
        closing=words_of_it.closing,
        verdicts=words_of_it.verdicts,
        specimen_note=words_of_it.note,
    )
    return text_of(opinion_pdf(replace(paper, **changes), made_on=MADE))


def test_an_opinion_shows_its_evidence_and_says_that_it_is_a_draft_and_a_specimen():
    out = an_opinion()

    for said in (
        *("Formation linguistique, parcours de 200 h 200 h 100 h 66 h 40 66 % 80 %", "Avis non rendu : projet"),
        *("Pas encore signé", "SPECIMEN – texte d’exemple, sans valeur juridique.", "absence injustifiée, par amal"),
        *("SMS reçu, sous une forme que la personne ne peut pas lire", "appel le 10/04/2025 (sans réponse)"),
        "la personne dit qu’elle était là",
    ):
        assert said in out, said


def test_a_signed_opinion_says_who_signed_which_verdict():
    out = an_opinion(verdict="not_attributable", signed_by="auditor:lea", signed_at=datetime(2025, 5, 2, 8, tzinfo=UTC))

    assert "pour une cause qui ne tient pas à la personne" in out
    assert "Signé par lea (OFII (audit)), le 02/05/2025 à 10:00." in out
    assert "Pas encore signé" not in out


def test_the_operators_words_take_the_specimen_off(tmp_path):
    own = tmp_path / "own.yaml"
    verdicts = "verdicts: {assiduous: oui, not_assiduous: non, not_attributable: autre}"
    own.write_text(f"version: a\nspecimen: false\nintro: Nos mots.\nclosing: Fin.\n{verdicts}\n")

    out = an_opinion(own)

    assert "Nos mots." in out
    assert "SPECIMEN" not in out


@pytest.mark.parametrize(
    "content", ["[", "version: a", "version: a\nspecimen: false\nintro: x\nclosing: x\nverdicts: {}"]
)
def test_an_operators_text_that_breaks_its_schema_is_named(tmp_path, content):
    own = tmp_path / "own.yaml"
    own.write_text(content)

    with pytest.raises(OpinionTextError, match=r"own\.yaml"):
        opinion_text(own)


def test_papers_claim_what_archives_and_screen_readers_ask_for():
    made = sheet_pdf(a_sheet(), blank=False, made_on=MADE)

    assert b"<pdfuaid:part>1<" in made
    assert b"<pdfaid:part>2<" in made
    assert b"<pdfaid:conformance>A<" in made
    assert pypdfium2.PdfDocument(made).get_metadata_value("Title").endswith("demi-journée 250407-M-7K3QX9")
    assert made == sheet_pdf(a_sheet(), blank=False, made_on=MADE)


def test_an_empty_statement_can_be_printed():
    content = {
        "provider": {"code": "ORG", "label": "Horizon"},
        "month": "2025-04-01",
        "lines": [],
        "missing": [],
        "rules": {"declared": False, "absences": []},
        "totals": totals_of([]),
        "since": None,
        "earlier": [],
        "corrections": [],
        "changes": [],
    }

    out = text_of(statement_pdf(content, version=1, made_on=MADE))

    assert "Aucune feuille prise ce mois-ci." in out
    assert "avril 2025" in out


def paths(made):
    """Count the drawn paths of a file."""
    page = pypdfium2.PdfDocument(made)[0]
    return sum(one.type == raw.FPDF_PAGEOBJ_PATH for one in page.get_objects())


def spoken(made):
    """Return what a screen reader says in the place of drawings."""
    found = re.findall(rb"/Alt<FEFF([0-9A-F]+)>", made)
    return [bytes.fromhex(text.decode()).decode("utf-16-be") for text in found]
