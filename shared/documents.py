"""
Printed papers: one of our Typst templates and its data in, a PDF for archives and for screen readers out.

The only place that knows Typst. Data never becomes markup, only the fonts named here are used, and a letter that none
of them has is an error: a person's name is printed right or not at all.
"""

__all__ = ["DocumentError", "families", "pdf"]

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import ParcoursError

if TYPE_CHECKING:
    import typst

STANDARDS: list["typst.PDFStandard"] = ["ua-1", "a-2a"]  # read aloud by screen readers; kept for as long as wanted
LATIN = "Noto Sans"  # Cyrillic and Greek too
BY_LANGUAGE = {  # ISO 639; every other language is written with LATIN
    "ar": "Amiri",
    "fa": "Amiri",
    "ps": "Amiri",
    "ur": "Amiri",
    "ta": "Noto Sans Tamil",
    "bn": "Hind Siliguri",
    "am": "Noto Sans Ethiopic",
    "ti": "Noto Sans Ethiopic",
    "zh": "Noto Sans SC",
}
FONT_FOLDERS = (  # (package, folder inside it)
    ("fontpkg_noto_sans", "files"),
    ("fontpkg_amiri", "files"),
    ("fontpkg_noto_sans_tamil", "files"),
    ("fontpkg_hind_siliguri", "files"),
    ("justmytype_intl_africa", "fonts/ofl/notosansethiopic"),
    ("justmytype_intl_cjk", "fonts/ofl/notosanssc"),
)

_one_at_a_time = threading.Lock()
_warm_in: int | None = None  # the process that holds the compiler


class DocumentError(ParcoursError):
    """Raised when a paper cannot be made: a letter that no font has, or a fault in a template. Never retry."""

    code = "document_failed"


def families(language: str) -> tuple[str, ...]:
    """Return the fonts for a text in this language: its own, then the others for words of other scripts."""
    own = BY_LANGUAGE.get(language, LATIN)
    return tuple(dict.fromkeys((own, LATIN, *BY_LANGUAGE.values())))


def pdf(template: Path, data: Mapping[str, Any], *, made_on: date) -> bytes:
    """
    Return the paper as PDF/UA-1 and PDF/A-2a in one file; equal data give equal bytes.

    The template reads `json(bytes(sys.inputs.data))` and cannot reach files outside its folder. One paper is made at a
    time. Raises DocumentError, also in a process forked from one that made a paper: Typst's threads stayed behind, and
    it would wait for them for ever.
    """
    global _warm_in
    if _warm_in not in {None, os.getpid()}:
        raise DocumentError(f"{template.name}: this process was forked from one that makes papers; start it afresh")
    import typst

    source = f"#set text(font: {_array(families(''))}, fallback: false)\n#include {json.dumps('/' + template.name)}"
    with _one_at_a_time:
        _warm_in = os.getpid()
        try:
            made, warnings = _compiler().compile_with_warnings(
                input=source.encode(),
                root=template.parent,
                format="pdf",
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                pdf_standards=STANDARDS,
                timestamp=datetime.combine(made_on, time(), UTC),
            )
        except typst.TypstError as error:
            raise DocumentError(f"{template.name}: {error.message}") from error
    if warnings or not isinstance(made, bytes):
        raise DocumentError(f"{template.name}: {'; '.join(warning.message for warning in warnings)}")
    return made


@cache
def _compiler() -> "typst.Compiler":
    """Return the one warm compiler of this process; whoever asks holds the lock."""
    import typst

    folders = [str(resources.files(package).joinpath(folder)) for package, folder in FONT_FOLDERS]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


def _array(texts: tuple[str, ...]) -> str:
    return f"({', '.join(json.dumps(text) for text in texts)},)"
