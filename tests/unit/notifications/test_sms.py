"""Segments as operators count them: what a text costs."""

import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.domain.sms import dear_characters, plain_typography, segments


@pytest.mark.parametrize(
    ("text", "count", "alphabet"),
    [
        ("", 1, "gsm7"),
        ("a" * 160, 1, "gsm7"),
        ("a" * 161, 2, "gsm7"),
        ("a" * 306, 2, "gsm7"),
        ("a" * 307, 3, "gsm7"),
        ("€" * 80, 1, "gsm7"),
        ("€" * 81, 2, "gsm7"),
        ("ç" * 70, 1, "ucs2"),
        ("ç" * 71, 2, "ucs2"),
        ("م" * 134, 2, "ucs2"),
        ("م" * 135, 3, "ucs2"),
        ("été à Évry, où Ç", 1, "gsm7"),
        ("forêt", 1, "ucs2"),
    ],
)
def test_a_text_takes_as_many_segments_as_its_alphabet_allows(text, count, alphabet):
    found = segments(text)

    assert (found.count, found.alphabet) == (count, alphabet)


def test_an_escape_pair_never_straddles_two_segments():
    text = "a" * 152 + "€" + "a" * 152  # 306 septets, but the first segment must leave one free

    assert segments(text).units == 306
    assert segments(text).count == 3


def test_a_surrogate_pair_never_straddles_two_segments():
    text = "ب" * 66 + "😀" + "ب" * 66  # 134 units, but the pair does not fit into the first 67

    assert segments(text).units == 134
    assert segments(text).count == 3


def test_typography_is_folded_and_letters_are_kept():
    assert plain_typography("l’été – « oui »\u00a0…") == 'l\'été - " oui " ...'
    assert plain_typography("Rose 😀 ورد 𠮷") == "Rose  ورد "
    assert dear_characters("forêt, reçu, forêt") == "êç"


CHARACTERS = st.text(alphabet=st.sampled_from("aZ é€[]{}~^|\\\n@£ÇàùΩç’ê…اكж汉😀"), max_size=500)
CHEAP = st.text(alphabet=st.sampled_from("aZ é€[]{}~^|\\\n@£ÇàùΩ"), max_size=700)


@settings(max_examples=400)
@given(text=CHARACTERS | CHEAP)
def test_as_many_segments_as_an_independent_library_counts(text):
    theirs = smsutil.split(text)

    assert segments(text).count == max(len(theirs.parts), 1)
