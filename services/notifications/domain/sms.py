"""
How a text is cut into SMS segments, walked character by character, because each one is paid.

A segment holds 140 octets: 160 septets of the GSM alphabet alone or 153 in a chain, 70 or 67 units of UCS-2. An
escape pair or a surrogate pair never straddles two segments.

Source: 3GPP TS 23.038 (alphabet and extension), TS 23.040 (concatenation header).
"""

__all__ = ["Segments", "dear_characters", "plain_typography", "segments"]

from dataclasses import dataclass

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets each: an escape first
GSM_ALONE, GSM_CHAINED = 160, 153
UCS2_ALONE, UCS2_CHAINED = 70, 67
LAST_OF_UCS2 = 0xFFFF
# Typography has plain twins that change nothing for a reader; a letter is never swapped for another.
PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
    }
)


@dataclass(frozen=True, slots=True)
class Segments:
    """How many segments a text takes, in which alphabet (gsm7, ucs2), and how many units in all."""

    count: int
    alphabet: str
    units: int


def plain_typography(text: str) -> str:
    """
    Return the text with plain apostrophes, quotes, dashes and spaces, and without pictures (emoji).

    No language of ours needs a character of two units, and Kannel cuts one in two at the edge of a segment (measured).
    """
    return "".join(character for character in text.translate(PLAIN) if ord(character) <= LAST_OF_UCS2)


def segments(text: str) -> Segments:
    """Count the segments of a text as it will be sent."""
    if all(character in GSM or character in GSM_EXTENSION for character in text):
        widths = [2 if character in GSM_EXTENSION else 1 for character in text]
        return _walk(widths, "gsm7", GSM_ALONE, GSM_CHAINED)
    widths = [2 if ord(character) > LAST_OF_UCS2 else 1 for character in text]
    return _walk(widths, "ucs2", UCS2_ALONE, UCS2_CHAINED)


def dear_characters(text: str) -> str:
    """Return the characters that force the dearer alphabet, each once, in order: authors want to see them."""
    found = (character for character in text if character not in GSM and character not in GSM_EXTENSION)
    return "".join(dict.fromkeys(found))


def _walk(widths: list[int], alphabet: str, alone: int, chained: int) -> Segments:
    units = sum(widths)
    if units <= alone:
        return Segments(1, alphabet, units)
    count, used = 1, 0
    for width in widths:
        if used + width > chained:
            count, used = count + 1, 0
        used += width
    return Segments(count, alphabet, units)
