"""A notice on paper: the page that goes with a mail, the letter for who has neither number nor address, the slip."""

__all__ = ["Paper", "Picture", "Said", "notice_pdf", "slip_pdf"]

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from shared import documents
from shared.languages import direction

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The words in one language: `body` at length, `short` as an SMS says it, and every day by itself."""

    language: str
    title: str
    body: str
    short: str
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a pictogram of one day shows; `starts` and `ends` are local, `09:00`; `alt` is read aloud in its place."""

    weekday: str
    number: str
    month: str
    starts: str
    ends: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """
    One notice to print. `crossed`: these days are off. `addressee` are the lines in an envelope's window.

    The first language of `said` is the person's own.
    """

    reference: str
    said: tuple[Said, ...]
    days: tuple[Picture, ...]
    crossed: bool
    place: str
    call: str
    made_on: date
    addressee: tuple[str, ...] = ()


def notice_pdf(paper: Paper, *, pictured: bool) -> bytes:
    """Return a notice on A4, `pictured` with its days drawn above the words. Raises DocumentError."""
    return _made("notice.typ", paper, pictured=pictured)


def slip_pdf(paper: Paper) -> bytes:
    """Return a notice as pictograms on A5, for somebody who does not read. Raises DocumentError."""
    return _made("slip.typ", paper, pictured=True)


def _made(template: str, paper: Paper, *, pictured: bool) -> bytes:
    said = [
        asdict(one) | {"rtl": direction(one.language) == "rtl", "fonts": documents.families(one.language)}
        for one in paper.said
    ]
    data: dict[str, Any] = asdict(paper) | {
        "said": said,
        "pictured": pictured,
        "made": f"{paper.made_on:%d/%m/%Y}",
        "made_on": "",
    }
    return documents.pdf(HERE / template, data, made_on=paper.made_on)
