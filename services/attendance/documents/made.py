"""How a paper of attendance is made, and whose name it was where one cannot be printed."""

__all__ = ["made"]

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from shared import documents
from shared.documents import DocumentError

HERE = Path(__file__).parent


def made(template: str, data: Mapping[str, Any], made_on: date, named: Sequence[tuple[str, str]] = ()) -> bytes:
    """
    Return one of our papers; `named` are the (reference, name) printed on it.

    Raises DocumentError, which names the reference where it is the fault of a name.
    """
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
