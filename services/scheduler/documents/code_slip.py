"""The four digits of the desk on paper, with the words and pictograms of the pages that they open."""

__all__ = ["SAID", "CodeSlip", "code_slip_pdf"]

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from shared import documents
from shared.documents import DocumentError
from shared.languages import direction
from shared.web.own import picture, words

TEMPLATE = Path(__file__).with_name("code_slip.typ")
OPENS = (("hat", "hours"), ("chair", "give_up"), ("phone", "phone_changed"))  # each picture beside what the page says
SAID = ("code_title", "slip_how", "slip_opens", *(name for _picture, name in OPENS), "slip_never", "call", "slip_lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSlip:
    """
    What is handed over at the desk. The first of `languages` is the person's own; no name stands on it.

    `call` is the number to call; `alias` is empty where the person chose none.
    """

    digits: str = field(repr=False)  # no log learns them
    alias: str
    reference: str
    languages: tuple[str, ...]
    call: str
    made_on: date


def code_slip_pdf(slip: CodeSlip) -> bytes:
    """Return the slip on A5; an alias that no font can print gives way to the reference. Raises DocumentError."""
    try:
        return _made(slip, slip.alias or slip.reference)
    except DocumentError:
        return _made(slip, slip.reference)


def _made(slip: CodeSlip, called: str) -> bytes:
    data: dict[str, Any] = {
        "digits": slip.digits,
        "called": called,
        "call": slip.call,
        "made": f"{slip.made_on:%d/%m/%Y}",
        "opens": OPENS,
        "pictures": {name: picture(name) for name in ("phone", "lock", *(drawn for drawn, _name in OPENS))},
        "languages": [
            {
                "code": language,
                "rtl": direction(language) == "rtl",
                "fonts": documents.families(language),
                "said": {name: words(language).sentences[name] for name in SAID},
            }
            for language in slip.languages
        ],
    }
    return documents.pdf(TEMPLATE, data, made_on=slip.made_on)
