"""What is recorded before a contract: interest, candidates, what an interview finds out. Closed lists, pure checks."""

__all__ = [
    "CONFIDENCES",
    "INSTITUTIONS",
    "INTEREST_DAYS",
    "NEEDS",
    "PERMITS",
    "Assessment",
    "Contact",
    "check_assessment",
    "why_alike",
]

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import FieldFault, InvalidInputError

INTEREST_DAYS = 30  # after which a declared interest is purged, taken up or not
PERMITS = ("visa", "temporary", "multi_year", "resident", "none", "not_known")
CONFIDENCES = ("low", "medium", "high")  # how sure the auditor is of the level: it is noisy, and may be placed again
INSTITUTIONS = ("none", "some", "good")  # knowledge of institutions
NEEDS = ("work_hours", "childcare", "mobility", "no_equipment", "digital_help", "step_free", "interpreter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody who was contacted or came by themselves, as the desk writes them down."""

    reference: str
    entry: str
    family_name: str
    given_name: str
    alias: str
    phone: str
    email: str
    commune: str
    spoken: tuple[str, ...]
    reads: str
    reading_language: str
    channel: str
    shared_phone: bool
    programme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What an interview found out, beside the facts that a plan needs."""

    oral: str
    written: str
    confidence: str
    institutions: str
    needs: tuple[str, ...]
    equipment: bool
    helper: Mapping[str, str]  # trusted helper: name, phone, relation; sealed
    address: str  # postal; sealed


def check_assessment(found: Assessment, levels: tuple[str, ...]) -> None:
    """Raise InvalidInputError naming each field and rule; `levels` is the programme's scale."""
    faults = [
        FieldFault(field, "choice", f"one of {', '.join(choices)}")
        for field, value, choices in (
            ("oral", found.oral, levels),
            ("written", found.written, levels),
            ("confidence", found.confidence, CONFIDENCES),
            ("institutions", found.institutions, INSTITUTIONS),
        )
        if value not in choices
    ]
    faults += [
        FieldFault("needs", "choice", f"{need}: one of {', '.join(NEEDS)}") for need in found.needs if need not in NEEDS
    ]
    if faults:
        raise InvalidInputError("the record is refused", faults)


def why_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """
    Return in French why two records may be one person; empty where nothing says so.

    Names are compared without accents, case and order: they are transcribed in many ways. A shared phone alone says
    nothing, a name alone neither.
    """
    reasons = []
    if _names(one) == _names(other):
        reasons.append("même nom et prénom, à l’ordre, aux accents et à la casse près")
    elif _names(one) & _names(other):
        reasons.append("un nom en commun")
    if one["phone"] and one["phone"] == other["phone"]:
        reasons.append("même téléphone")
    if one["email"] and one["email"].casefold() == other["email"].casefold():
        reasons.append("même adresse électronique")
    return reasons if len(reasons) > 1 else []


def _names(row: Mapping[str, Any]) -> frozenset[str]:
    text = unicodedata.normalize("NFKD", f"{row['family_name']} {row['given_name']}")
    plain = "".join(one for one in text if not unicodedata.combining(one)).casefold().replace("-", " ")
    return frozenset(plain.split())
