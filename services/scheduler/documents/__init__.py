"""The contract on paper: French, with the same words beside it in a language that the person understands."""

__all__ = ["ContractPaper", "Signatures", "Training", "contract_pdf"]

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from babel.dates import format_date

from services.scheduler.documents.legal import FRENCH, OFFERS, LegalText, LegalTextError, legal_text
from shared import documents
from shared.languages import RIGHT_TO_LEFT

TEMPLATE = Path(__file__).with_name("contract.typ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One prescribed training: its code in the legal text's `trainings`, whole hours (0: not counted), a remark."""

    code: str
    hours: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """The day on which each one signed, if they have."""

    person_on: date | None = None
    representative_on: date | None = None
    prefect_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPaper:
    """
    What one person's contract says.

    `representative` is the name of a minor's legal representative, "" for an adult; `language_offer` is proposed,
    accepted, refused, or "" where the programme makes no offer; `amended` has each extension's length, reason and
    decision, in French.
    """

    reference: str
    programme_label: str
    territory_label: str
    family_name: str
    given_name: str
    representative: str
    signed_on: date
    term_on: date
    trainings: tuple[Training, ...] = ()
    language_offer: str = ""
    amended: tuple[str, ...] = ()
    signatures: Signatures = field(default_factory=Signatures)

    def __post_init__(self) -> None:
        if self.language_offer not in {"", *OFFERS}:
            raise ValueError(f"language_offer is one of {', '.join(OFFERS)}, or empty, not {self.language_offer!r}")
        if self.signatures.representative_on and not self.representative:
            raise ValueError("a representative signed who has no name")


def contract_pdf(paper: ContractPaper, language: str, made_on: date, legal: LegalText | None = None) -> bytes:
    """
    Return the contract as PDF: French, and beside it the person's language, or English where the text lacks it.

    Without a legal text, ours is printed, marked SPECIMEN. Raises DocumentError, LegalTextError.
    """
    text = legal or legal_text("", None, paper.signed_on)
    beside = text.beside_french(language)
    shown = (FRENCH,) if beside is None else (FRENCH, beside)
    data = {
        "reference": paper.reference,
        "version": text.version,
        "specimen": text.specimen,
        "trainings": [{"hours": training.hours, "note": training.note} for training in paper.trainings],
        "languages": [_in_language(paper, text, one) for one in shown],
    }
    return documents.pdf(TEMPLATE, data, made_on=made_on)


def _in_language(paper: ContractPaper, text: LegalText, language: str) -> dict[str, Any]:
    wording = text.languages[language]
    labels = wording.labels
    return {
        "code": language,
        "rtl": language in RIGHT_TO_LEFT,
        "fonts": documents.families(language),
        "labels": dict(labels),
        "title": wording.title,
        "specimen": wording.specimen,
        "intro": wording.intro,
        "articles": [{"heading": article.heading, "text": article.text} for article in wording.articles],
        "by_state": wording.by_state,
        "by_signatory": wording.by_signatory,
        "facts": [_fact(labels[label], value, language) for label, value in _facts(paper)],
        "trainings": [_training(training, text, language) for training in paper.trainings],
        "offer": labels[f"offer_{paper.language_offer}"] if paper.language_offer else "",
        "boxes": [
            {"who": labels[who], "name": name, "when": _when(day, labels, language)} for who, name, day in _boxes(paper)
        ],
    }


def _facts(paper: ContractPaper) -> list[tuple[str, str | date]]:
    facts: list[tuple[str, str | date]] = [
        ("reference", paper.reference),
        ("family_name", paper.family_name),
        ("given_name", paper.given_name),
        ("representative", paper.representative),
        ("programme", paper.programme_label),
        ("territory", paper.territory_label),
        ("signed_on", paper.signed_on),
        ("term_on", paper.term_on),
        *(("term_on", words) for words in paper.amended),
    ]
    return [(label, value) for label, value in facts if value]


def _fact(label: str, value: str | date, language: str) -> dict[str, Any]:
    """Return a label and its value; a name or number keeps its order inside a line from right to left."""
    if isinstance(value, date):
        return {"label": label, "value": _day(value, language), "latin": False}
    return {"label": label, "value": value, "latin": True}


def _boxes(paper: ContractPaper) -> list[tuple[str, str, date | None]]:
    signed = paper.signatures
    boxes = [("person", f"{paper.given_name} {paper.family_name}", signed.person_on)]
    if paper.representative:
        boxes.append(("representative", paper.representative, signed.representative_on))
    return [*boxes, ("prefect", "", signed.prefect_on)]


def _training(training: Training, text: LegalText, language: str) -> str:
    words = text.languages[language].trainings.get(training.code)
    if words is None:
        raise LegalTextError(f"text {text.version}: languages.{language}.trainings.{training.code}: no such training")
    return words


def _when(day: date | None, labels: Mapping[str, str], language: str) -> str:
    return labels["not_signed"] if day is None else f"{labels['signed']} {_day(day, language)}"


def _day(day: date, language: str) -> str:
    return format_date(day, "long", locale=language)
