"""
Keep each piece of a message in its order: figures and Latin words in a line from right to left, and the other way.

Marks and not isolates: old telephones show an isolate as a box, and a mark not at all. A link gets none, because a
telephone takes a mark after a link for a part of it; a template therefore ends the line where its link ends.
"""

__all__ = ["in_order", "led"]

import unicodedata

from shared.languages import RIGHT_TO_LEFT

LEFT_MARK, RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}", "\N{RIGHT-TO-LEFT MARK}"
LEFTWARD = frozenset({"R", "AL", "AN"})
# With a mark before them figures count as Latin text, so that the groups of a number stay in their order (UAX 9, W7).
RIGHTWARD = frozenset({"L", "EN"})
STRONG = frozenset({"L", "R", "AL"})


def in_order(language: str, value: str) -> str:
    """Return a value that can stand inside a text, and after another: marked where it runs against the language."""
    kinds = [unicodedata.bidirectional(character) for character in value]
    if language not in RIGHT_TO_LEFT:
        return f"{LEFT_MARK}{value}{LEFT_MARK}" if LEFTWARD.intersection(kinds) else value
    if not RIGHTWARD.intersection(kinds):
        return value
    end = "" if kinds[-1] in RIGHTWARD else LEFT_MARK  # a bracket at the end belongs to the value
    return f"{LEFT_MARK}{value}{end}{RIGHT_MARK}"  # else two values with a comma between them would change places


def led(language: str, text: str) -> str:
    """Return a text that begins in its language's direction: telephones lay a text out by its first letter."""
    first = next((kind for kind in map(unicodedata.bidirectional, text) if kind in STRONG), None)
    runs_left = language in RIGHT_TO_LEFT
    if first is None or (first in LEFTWARD) == runs_left:
        return text
    return f"{RIGHT_MARK if runs_left else LEFT_MARK}{text}"
