"""The sheet of one half-day: blank to be signed by hand, or as it was taken."""

__all__ = ["Seal", "SheetPaper", "SheetPerson", "sheet_pdf"]

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from services.attendance.documents import words
from services.attendance.documents.made import made
from services.attendance.domain.marks import DECLARED
from services.attendance.domain.strokes import read_strokes

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
    drawn: bytes | None = None  # strokes as JSON, see domain/strokes.py


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
    return made(
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
    """Return a drawn sign in millimetres, as big as its room on the sheet allows, or None for what is no drawing."""
    strokes = read_strokes(drawn)
    if strokes is None:
        return None
    points = [point for stroke in strokes for point in stroke]
    left, top = (min(point[axis] for point in points) for axis in (0, 1))
    wide, high = (max(1, max(point[axis] for point in points) - start) for axis, start in ((0, left), (1, top)))
    scale = min(DRAWN_WIDE / wide, DRAWN_HIGH / high)
    every = 1 + len(points) // MOST_POINTS
    drawn_in = [
        [(round((x - left) * scale, 2), round((y - top) * scale, 2)) for x, y in [*stroke[::every], stroke[-1]]]
        for stroke in strokes
        if stroke
    ]
    return {"w": round(wide * scale, 2), "h": round(high * scale, 2), "strokes": drawn_in}


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
