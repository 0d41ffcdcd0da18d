"""Attendance's papers: the sheet of a half-day, the presence certificate, the opinion on assiduity, the statement."""

__all__ = [
    "CertificatePaper",
    "Followed",
    "OpinionPaper",
    "Seal",
    "SheetPaper",
    "SheetPerson",
    "certificate_pdf",
    "opinion_pdf",
    "sheet_pdf",
    "statement_pdf",
]

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from services.attendance.documents import words
from services.attendance.domain.marks import DECLARED
from shared import documents
from shared.documents import DocumentError

HERE = Path(__file__).parent
DRAWN_WIDE, DRAWN_HIGH = 44.0, 12.0  # millimetres, the room of a drawn sign
MOST_POINTS = 600  # of one drawn sign; more are thinned, the eye sees no difference
TO_SIGN = (
    "Chaque personne signe elle-même, pour cette demi-journée seulement. "
    "Photographiez la feuille entière, son numéro compris."
)
EMPTY_ROWS = 3  # on a sheet to sign by hand, for people whom the list does not name


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPerson:
    """One line of a sheet; everything after the reference is empty on a sheet to sign by hand."""

    name: str
    reference: str
    status: str = ""
    minutes_lost: int = 0
    act: str = ""
    act_reason: str = ""
    act_at: datetime | None = None
    arrived: time | None = None
    left: time | None = None
    proof_ref: str = ""
    drawn: bytes | None = None  # strokes as JSON: {"w": …, "h": …, "strokes": [[[x, y], …], …]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The link of the body's chain that holds a version of a roll, or the last one of a day."""

    position: int
    head: str
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPaper:
    """One half-day. `trainer` was planned; `held_by` held it in their place. `hidden`: people who are not shown."""

    number: str
    body: str
    site: str
    commune: str
    zone: str
    group: str
    training: str
    part: str
    held_on: date
    slot: str
    starts_at: time
    minutes: int
    trainer: str
    held_by: str
    people: tuple[SheetPerson, ...]
    named: bool = True  # with names; else references alone
    hidden: int = 0
    version: int = 0
    corrections: tuple[tuple[str, str, str, str], ...] = ()  # reference, change, who, when
    signed_by: str = ""
    signed_at: datetime | None = None
    seal: Seal | None = None
    day_head: Seal | None = None


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


def sheet_pdf(paper: SheetPaper, *, blank: bool, made_on: date) -> bytes:
    """
    Return the sheet of a half-day: `blank` to be signed by hand, else as it was taken.

    Raises DocumentError; where a name has a letter that no font has, it names the person's reference.
    """
    ends_at = (datetime.combine(paper.held_on, paper.starts_at) + timedelta(minutes=paper.minutes)).time()
    people = [_person(n, one, paper) for n, one in enumerate(paper.people, 1)]
    if blank:
        empty = {"name": "", "reference": "", "status": "", "minutes": "", "act": _no_act()}
        people += [{"n": len(people) + 1 + n} | empty for n in range(EMPTY_ROWS)]
    facts = [
        ("Organisme", paper.body),
        ("Feuille n°", paper.number),
        ("Formation", words.module(paper.training, paper.part)),
        ("Groupe", paper.group),
        ("Date", f"{words.day(paper.held_on)} ({words.SLOTS[paper.slot]})"),
        ("Horaires", f"{words.clock(paper.starts_at)} – {words.clock(ends_at)} ({words.hours(paper.minutes)})"),
        ("Lieu", f"{paper.site}, {paper.commune}"),
        ("Formateur", f"{paper.held_by} (remplace {paper.trainer})" if paper.held_by else paper.trainer),
    ]
    if not blank:
        facts.append(("Version", str(paper.version) if paper.version else "pas encore scellée"))
    return _made(
        "sheet.typ",
        {
            "title": "Feuille d’émargement – demi-journée",
            "number": paper.number,
            "blank": blank,
            "facts": facts,
            "note": TO_SIGN if blank else "Ce qui a été enregistré pour cette demi-journée, et pour elle seule.",
            "people": people,
            "hidden": paper.hidden,
            "corrections": paper.corrections,
            "signature": _signature(paper),
            "footer": [] if blank else _seals(paper),
        },
        made_on,
        [(one.reference, one.name) for one in paper.people] if paper.named else [],
    )


def certificate_pdf(paper: CertificatePaper) -> bytes:
    """Return a presence certificate. Raises DocumentError."""
    total = sum(one.minutes for one in paper.rows)
    return _made(
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
    return _made(
        "opinion.typ",
        {
            "title": "Avis d’assiduité",
            "number": paper.number,
            "facts": [
                ("Nom", paper.name),
                ("Référence", paper.reference),
                ("Contrat signé le", _iso(found["signed_on"])),
                ("Terme", _iso(found["term_on"])),
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


def statement_pdf(content: Mapping[str, Any], *, version: int, made_on: date) -> bytes:
    """Return a body's monthly statement, as it was kept. Raises DocumentError."""
    totals, rules = content["totals"], content["rules"]
    month = words.month(date.fromisoformat(content["month"]))
    since = content["since"]
    return _made(
        "statement.typ",
        {
            "title": f"État mensuel – {month}",
            "number": f"{content['provider']['code']}-{content['month'][:7]}-v{version}",
            "facts": [
                ("Organisme", content["provider"]["label"]),
                ("Mois", month),
                ("Version", str(version)),
                ("Heures payables", words.hours(totals["paid_minutes"])),
                ("Demi-journées de présence", str(totals["half_days"])),
                ("Montant", words.euros(totals["cents"])),
            ],
            "orders": [_order_row(one) for one in totals["orders"]],
            "proofs": [
                (
                    words.said(words.ACTS, act),
                    str(counted["half_days"]),
                    words.hours(counted["minutes"]),
                    "oui" if act != DECLARED or rules["declared"] else "non, comptée à part",
                )
                for act, counted in totals["proofs"].items()
            ],
            "rules": _rules(content),
            "lines": [_line(one) for one in content["lines"]],
            "missing": [(_iso(one["held_on"]), one["group"], one["number"]) for one in content["missing"]],
            "corrections_title": f"Corrections depuis la version {version - 1}"
            if since
            else "Corrections depuis la signature des feuilles",
            "corrections": [_correction(one) for one in content["corrections"]],
            "changes_title": f"Ce qui change depuis la version {version - 1}",
            "changes": [_change(one) for one in content["changes"]],
            "earlier": [
                (
                    words.month(date.fromisoformat(one["month"])),
                    str(one["version"]),
                    words.euros(one["was_cents"]),
                    words.euros(one["now_cents"]),
                    words.euros(one["now_cents"] - one["was_cents"]),
                )
                for one in content["earlier"]
            ],
            "footer": [],
        },
        made_on,
    )


def _made(template: str, data: Mapping[str, Any], made_on: date, named: Sequence[tuple[str, str]] = ()) -> bytes:
    note = data.get("specimen_note", "")
    try:
        return documents.pdf(HERE / template, {**data, "specimen": bool(note), "specimen_note": note}, made_on=made_on)
    except DocumentError as error:
        _blame(named, made_on, error)
        raise


def _blame(named: Iterable[tuple[str, str]], made_on: date, cause: DocumentError) -> None:
    """Raise DocumentError with the reference of the person whose name cannot be printed, where it is a name's fault."""
    for reference, name in named:
        try:
            documents.pdf(HERE / "name.typ", {"name": name}, made_on=made_on)
        except DocumentError:
            words_of_it = f"{reference}: the name has a letter that none of the fonts has; write it in Latin letters"
            raise DocumentError(words_of_it) from cause


def _person(number: int, one: SheetPerson, paper: SheetPaper) -> dict[str, Any]:
    minutes = f"{one.minutes_lost} min perdues" if one.minutes_lost else ""
    clocks = [
        f"{word} {words.clock(at)}" for word, at in (("arrivée", one.arrived), ("départ", one.left)) if at is not None
    ]
    return {
        "n": number,
        "name": one.name if paper.named else "–",
        "reference": one.reference,
        "status": words.said(words.STATUSES, one.status) if one.status else "",
        "minutes": ", ".join([*clocks, minutes] if minutes else clocks),
        "act": _act(one, paper.zone) if one.act else _no_act(),
    }


def _no_act() -> dict[str, Any]:
    return {"text": "", "alt": "", "w": 0, "h": 0, "strokes": []}


def _act(one: SheetPerson, zone: str) -> dict[str, Any]:
    said = words.said(words.ACTS, one.act)
    if one.act == DECLARED:
        said = f"{said} : {words.said(words.DECLARED_BECAUSE, one.act_reason)}"
    if one.act_at is not None and one.act != "signed_sheet":
        said += f" à {words.clock(one.act_at, zone)}"
    if one.proof_ref:
        said += f" (n° {one.proof_ref})"
    sign = _strokes(one.drawn) if one.drawn else None
    if sign is None:
        return _no_act() | {"text": said}
    return {"text": said, "alt": f"Signe dessiné par la personne {one.reference}", **sign}


def _strokes(drawn: bytes) -> dict[str, Any] | None:
    """Return a drawn sign in millimetres, within its room on the sheet, or None for what is no drawing."""
    try:
        found = json.loads(drawn)
        wide, high = float(found["w"]), float(found["h"])
        raw = [[(float(x), float(y)) for x, y in stroke] for stroke in found["strokes"]]
    except (ValueError, TypeError, KeyError):
        return None
    if not (wide > 0 and high > 0):
        return None
    every = 1 + sum(len(stroke) for stroke in raw) // MOST_POINTS
    scale = min(DRAWN_WIDE / wide, DRAWN_HIGH / high)

    def within(value: float, most: float) -> float:
        return round(min(max(value, 0.0), most) * scale, 2)

    strokes = [
        [(within(x, wide), within(y, high)) for x, y in [*stroke[::every], stroke[-1]]] for stroke in raw if stroke
    ]
    return {"w": round(wide * scale, 2), "h": round(high * scale, 2), "strokes": strokes} if strokes else None


def _signature(paper: SheetPaper) -> str:
    if paper.signed_at is None:
        return "La feuille n’est pas encore signée par le formateur."
    who = f"{paper.held_by or paper.trainer}"
    when = words.instant(paper.signed_at, paper.zone)
    return f"{who} – séance signée le {when}, sous le compte {words.actor(paper.signed_by)}."


def _seals(paper: SheetPaper) -> list[str]:
    said = []
    if paper.seal:
        said.append(f"Sceau de la version {paper.version} (maillon {paper.seal.position}) : {paper.seal.head}")
    if paper.day_head and paper.day_head.day:
        head = paper.day_head
        said.append(f"Dernière tête de chaîne, {words.day(paper.day_head.day)} (maillon {head.position}) : {head.head}")
    return said


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
    reason = f", motif : {words.said(words.CORRECTIONS, one['reason'])}" if one["reason"] else ""
    qualified = f", par {words.actor(one['qualified_by'])}" if one["qualified_by"] else ""
    lines = [f"Qualification : {words.said(words.STATUSES, one['status'])}{reason}{qualified}."]
    proofs = [
        f"{words.said(words.CHANNELS, proof['channel'])}"
        + (" reçu" if proof["delivered"] else " non reçu")
        + ("" if proof["usable"] or not proof["delivered"] else ", sous une forme que la personne ne peut pas lire")
        for proof in one["convocations"]
    ]
    lines.append(f"Convocation : {' ; '.join(proofs)}." if proofs else "Convocation : aucune preuve de remise.")
    tried = [
        f"{words.METHODS[try_['method']]} le {_iso(try_['made_on'])} ({words.OUTCOMES[try_['outcome']]})"
        for try_ in one["attempts"]
    ]
    lines.append(f"Prise de contact : {' ; '.join(tried)}." if tried else "Prise de contact : aucune depuis l’absence.")
    answers = [
        words.said(words.ANSWERS, answer["kind"])
        + (f" ({words.said(words.CORRECTIONS, answer['reason'])})" if answer["reason"] else "")
        for answer in one["answers"]
    ]
    lines.append(f"Réponse : {' ; '.join(answers)}." if answers else "Réponse de la personne : aucune.")
    lines.append(f"Marque {one['mark_id']}.")
    head = f"{_iso(one['held_on'])}, {words.SLOTS[one['slot']]} – {words.module(one['training'], one['part'])}"
    return {"head": head, "lines": lines}


def _order_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    unit = {"person_days": "par jour", "person_minutes": "par heure"}.get(one["unit"], "")
    price = f"{words.euros(one['unit_price_cents'])} {unit}" if unit else words.euros(None)
    by_day = one["unit"] == "person_days"
    return (
        f"{one['order'] or 'sans commande'} – {words.TRAININGS.get(one['training'], one['training'])}",
        str(one["half_days"]),
        words.hours(one["followed_minutes"]),
        words.hours(one["paid_minutes"]),
        f"{one['paid_half_days']} demi-journées" if by_day else "–",
        price,
        words.euros(one["cents"]) if unit else words.euros(None),
    )


def _rules(content: Mapping[str, Any]) -> str:
    rules = content["rules"]
    said = ["Payable : toute présence qui porte l’acte de la personne, pour les minutes suivies."]
    said.append(
        "Les présences déclarées par le formateur sont payables."
        if rules["declared"]
        else "Les présences déclarées par le formateur ne sont pas payables ; elles sont comptées à part."
    )
    paid = [words.STATUSES[one] for one in rules["absences"]]
    said.append(f"Absences payables : {', '.join(paid)}." if paid else "Aucune absence n’est payable.")
    said.append("Chaque ligne est arrondie au centime ; le montant est la somme des lignes. [A] Règles à confirmer.")
    if content["totals"]["lines_without_price"]:
        said.append(f"{content['totals']['lines_without_price']} lignes n’ont pas de prix connu.")
    return " ".join(said)


def _line(one: Mapping[str, Any]) -> tuple[str, ...]:
    declared = one["proofs"].get(DECLARED, {"half_days": 0})["half_days"]
    return (
        _iso(one["held_on"]),
        f"{words.module(one['training'], one['part'])} – {one['group']}, {one['site']}",
        ", ".join(f"{sheet['number']} (v{sheet['version']})" for sheet in one["sheets"]),
        str(one["people"]),
        words.hours(one["followed_minutes"]),
        words.hours(one["paid_minutes"]),
        str(one["paid_half_days"]),
        str(declared),
        words.euros(one["cents"]),
    )


def _correction(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        _iso(one["held_on"]),
        one["number"],
        one["reference"],
        f"{words.said(words.STATUSES, one['was'])} puis {words.said(words.STATUSES, one['now'])}"
        + (f" ({words.said(words.CORRECTIONS, one['reason'])})" if one["reason"] else ""),
        words.actor(one["actor"]),
        _iso(one["on"]),
    )


def _change(one: Mapping[str, Any]) -> tuple[str, ...]:
    was, now = one["was"], one["now"]
    return (
        _iso(one["held_on"]),
        f"{words.module(one['training'], one['part'])} – {one['group']}",
        words.hours(was["paid_minutes"]),
        words.hours(now["paid_minutes"]),
        words.euros(was["cents"]),
        words.euros(now["cents"]),
    )


def _iso(text: str) -> str:
    return words.day(date.fromisoformat(text))
