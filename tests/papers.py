"""What is read of a printed paper: its text, its letters, what is said of its drawings."""

import re
import unicodedata
from collections import Counter

import pypdfium2


def text_of(made):
    pages = (page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(made))
    return " ".join(" ".join(pages).split())


def letters(text):
    """Count letters and figures, whatever the order in which a line from right to left is read back."""
    plain = unicodedata.normalize("NFKC", text)
    return Counter(char for char in plain if unicodedata.category(char)[0] in "LN")


def spoken(made):
    found = re.findall(rb"/Alt(?:<FEFF([0-9A-F]+)>|\(([^)]*)\))", made)
    return [bytes.fromhex(wide.decode()).decode("utf-16-be") if wide else plain.decode() for wide, plain in found]
