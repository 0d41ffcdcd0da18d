"""Papers about one person: the presence certificate, and the opinion on assiduity with its evidence."""

__all__ = ["CertificatePaper", "Followed", "OpinionPaper", "certificate_pdf", "opinion_pdf"]

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.attendance.documents import words
from services.attendance.documents.made import made


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What somebody followed of one training."""

    training: str
    part: str
    first_on: date
    last_on: date
    half_days: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePaper:
    """Presence, and nothing else: who, from when to when, how many hours of what. `issuer` is who signs it."""

    number: str
    name: str
    reference: str
    issuer: str
    first_on: date
    last_on: date
    rows: tuple[Followed, ...]
    made_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionPaper:
    """The opinion of a named agent on assiduity, with its evidence. `words` are the operator's, or None: SPECIMEN."""

    number: str
    name: str
    reference: str
    evidence: Mapping[str, Any]
    verdict: str
    drafted_by: str
    drafted_at: datetime
    signed_by: str
    signed_at: datetime | None
    zone: str
    intro: str
    closing: str
    verdicts: Mapping[str, str]
    specimen_note: str


def certificate_pdf(paper: CertificatePaper) -> bytes:
    """Return a presence certificate. Raises DocumentError."""
    total = sum(one.minutes for one in paper.rows)
    return made(
        "certificate.typ",
        {
            "title": "Attestation de présence",
            "number": paper.number,
            "facts": [
                ("Nom", paper.name),
                ("Référence", paper.reference),
                ("Organisme", paper.issuer),
                ("Période", f"du {words.day(paper.first_on)} au {words.day(paper.last_on)}"),
            ],
            "intro": "La personne nommée ci-dessus a été présente aux séances suivantes, d’après les feuilles "
            "d’émargement signées.",
            "rows": [
                (
                    words.module(one.training, one.part),
                    words.day(one.first_on),
                    words.day(one.last_on),
                    str(one.half_days),
                    words.hours(one.minutes),
                )
                for one in paper.rows
            ],
            "none": "Aucune séance suivie pendant cette période.",
            "total": f"En tout : {words.hours(total)} de présence.",
            "made": f"Fait le {words.day(paper.made_on)}.",
            "issuer": paper.issuer,
            "footer": [],
        },
        paper.made_on,
        [(paper.reference, paper.name)],
    )


def opinion_pdf(paper: OpinionPaper, *, made_on: date) -> bytes:
    """Return the opinion on assiduity with the annex of its evidence. Raises DocumentError."""
    found = paper.evidence
    ratio = found["assiduity_percent"]
    signed = (
        f"Signé par {words.actor(paper.signed_by)}, le {words.instant(paper.signed_at, paper.zone)}."
        if paper.signed_at
        else f"Projet préparé par {words.actor(paper.drafted_by)}, le {words.instant(paper.drafted_at, paper.zone)}. "
        "Pas encore signé."
    )
    return made(
        "opinion.typ",
        {
            "title": "Avis d’assiduité",
            "number": paper.number,
            "facts": [
                ("Nom", paper.name),
                ("Référence", paper.reference),
                ("Contrat signé le", words.iso(found["signed_on"])),
                ("Terme", words.iso(found["term_on"])),
            ],
            "intro": paper.intro,
            "hours": [_hours_row(one, ratio) for one in found["trainings"]],
            "hours_note": _civic_note(found),
            "verdict": paper.verdicts.get(paper.verdict, words.NO_VERDICT),
            "signed": signed,
            "closing": paper.closing,
            "absences": [_absence(one) for one in found["absences"]],
            "footer": [],
            "specimen_note": paper.specimen_note,
        },
        made_on,
        [(paper.reference, paper.name)],
    )


def _hours_row(one: Mapping[str, Any], ratio: int | None) -> tuple[str, ...]:
    followed, offered = one["followed"], one["offered"]
    language = one["training"] == "language"
    return (
        words.module(one["training"], one["part"]),
        words.hours(one["owed"]),
        words.hours(offered),
        words.hours(followed),
        f"{followed * 100 // offered} %" if offered else "–",
        f"{ratio} %" if language and ratio is not None else "–",
    )


def _civic_note(found: Mapping[str, Any]) -> str:
    said = "« Offertes » : depuis l’entrée de la personne, sans les séances annulées ni les absences justifiées."
    if found["civic_days_required"] is not None:
        said += f" Journées civiques demandées : {found['civic_days_required']}."
    if found["early_exit"]:
        said += " Le niveau visé a été atteint avant la fin du parcours : l’assiduité y est acquise."
    return said


def _absence(one: Mapping[str, Any]) -> dict[str, Any]:
    reason = f", motif : {words.said(words.JUSTIFICATIONS, one['reason'])}" if one["reason"] else ""
    qualified = f", par {words.actor(one['qualified_by'])}" if one["qualified_by"] else ""
    lines = [f"Qualification : {words.said(words.STATUSES, one['status'])}{reason}{qualified}."]
    proofs = [
        f"{words.said(words.CHANNELS, proof['channel'])}"
        + (f" {words.PROOFS.get(proof.get('proof', ''), 'reçu')}" if proof["delivered"] else " non reçu")
        + ("" if proof["usable"] or not proof["delivered"] else ", sous une forme que la personne ne peut pas lire")
        for proof in one["convocations"]
    ]
    lines.append(f"Convocation : {' ; '.join(proofs)}." if proofs else "Convocation : aucune preuve de remise.")
    tried = [
        f"{words.METHODS[try_['method']]} le {words.iso(try_['made_on'])} ({words.OUTCOMES[try_['outcome']]})"
        for try_ in one["attempts"]
    ]
    lines.append(f"Prise de contact : {' ; '.join(tried)}." if tried else "Prise de contact : aucune depuis l’absence.")
    answers = [
        words.said(words.ANSWERS, answer["kind"])
        + (f" ({words.said(words.JUSTIFICATIONS, answer['reason'])})" if answer["reason"] else "")
        for answer in one["answers"]
    ]
    lines.append(f"Réponse : {' ; '.join(answers)}." if answers else "Réponse de la personne : aucune.")
    lines.append(f"Marque {one['mark_id']}.")
    head = f"{words.iso(one['held_on'])}, {words.SLOTS[one['slot']]} – {words.module(one['training'], one['part'])}"
    return {"head": head, "lines": lines}
