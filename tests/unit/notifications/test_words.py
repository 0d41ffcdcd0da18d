"""The words of notices: complete, discreet, in a language that the person can use."""

import re
from string import Formatter

import pytest

from services.notifications import wording
from services.notifications.domain.languages import LANGUAGES, Reader, language_for, usable
from services.notifications.domain.occasions import OCCASIONS
from services.notifications.domain.sms import dear_characters
from services.notifications.settings import Settings
from services.notifications.wording import Filling, compose, signed_languages, templates
from shared.errors import SettingsError

FORBIDDEN = re.compile(r"ofii|contrat|contract|immigration|nationalit|étranger|foreign|préfecture", re.IGNORECASE)
SIGNED = {"fr": True, "en": False, "ar": False}


def filling(**other):
    values = {
        "alias": "Rose", "call": "01 99 00 12 34", "days": ("2025-03-06 09:00-12:00",), "place": "Centre Jaurès",
        "commune": "Bobigny", "training": "civic",
    }  # fmt: skip
    return Filling(**{**values, **other})


def reader(spoken=("ar",), reads="yes", language="ar"):
    return Reader(spoken=spoken, reads=reads, reading_language=language)


def names(text):
    return {name for _text, name, _format, _conversion in Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", OCCASIONS)
def test_every_kind_has_every_language_with_the_same_placeholders(kind):
    texts = templates()[kind]

    assert set(texts) == set(LANGUAGES)
    assert len({frozenset(names(text.sms)) for text in texts.values()}) == 1
    assert len({frozenset(names(text.body)) for text in texts.values()}) == 1


@pytest.mark.parametrize("kind", OCCASIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_a_status_or_an_authority(kind, language):
    text = compose(kind, (language,), filling())

    for words in (text.sms, text.subject, text.plain, text.html):
        assert not FORBIDDEN.search(words)


@pytest.mark.parametrize("kind", ["convocation", "moved", "cancelled", "missed"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_suffices_alone(kind, language):
    text = compose(kind, (language,), filling()).sms

    for said in ("Rose", "2025", "09:00", "Centre Jaurès", "Bobigny", "01 99 00 12 34"):
        assert said in text


def test_a_site_named_after_an_authority_is_told_by_its_commune_only():
    text = compose("convocation", ("fr",), filling(place="OFII de Bobigny", commune="Bobigny")).sms

    assert "OFII" not in text
    assert "Bobigny" in text


def test_days_are_named_in_the_language_of_the_text():
    assert "jeudi 6 mars 2025" in compose("convocation", ("fr",), filling()).sms
    assert "Thursday 6 March 2025" in compose("convocation", ("en",), filling()).sms
    assert "الخميس 6 مارس 2025" in compose("convocation", ("ar",), filling()).sms


def test_a_long_course_is_told_by_its_first_and_last_day_and_its_week():
    days = tuple(f"2025-03-{day:02} 09:00-12:00" for day in (3, 4, 10, 11, 17, 18))

    text = compose("convocation", ("fr",), filling(days=days)).sms

    assert "du lundi 3 mars 2025 au mardi 18 mars 2025, lundi, mardi 09:00-12:00" in text


def test_french_texts_stay_in_the_cheap_alphabet():
    for kind in OCCASIONS:
        text = compose(kind, ("fr",), filling()).sms
        assert wording.plain_typography(text) == text
        assert dear_characters(text) == "", kind


def test_an_arabic_mail_runs_from_right_to_left():
    assert '<section lang="ar" dir="rtl">' in compose("convocation", ("ar",), filling()).html


def test_what_a_person_is_called_cannot_become_markup():
    assert "<b>" not in compose("convocation", ("fr",), filling(alias="<b>")).html


@pytest.mark.parametrize(
    ("who", "languages"),
    [
        (reader(), ("ar",)),
        (reader(spoken=("ps", "en"), language="ps"), ("en",)),
        (reader(spoken=("ps",), language="ps"), ("fr", "en")),
        (reader(spoken=("fr", "ar"), reads="no", language="ar"), ("fr",)),
        (reader(spoken=("ti", "ar"), reads="with_help", language=""), ("ar",)),
    ],
)
def test_the_language_is_the_one_read_then_the_first_spoken_then_french_and_english(who, languages):
    assert language_for(who, SIGNED, unsigned_allowed=True) == languages


def test_a_text_that_no_translator_signed_is_replaced_by_french_and_english():
    assert language_for(reader(), SIGNED, unsigned_allowed=False) == ("fr", "en")
    assert language_for(reader(language="fr"), SIGNED, unsigned_allowed=False) == ("fr",)
    assert signed_languages("convocation") == SIGNED


@pytest.mark.parametrize(
    ("who", "languages", "answer"),
    [
        (reader(), ("ar",), True),
        (reader(reads="no"), ("ar",), False),
        (reader(), ("fr", "en"), False),
        (reader(spoken=("ta", "fr"), language="ta"), ("fr",), False),
        (reader(spoken=("ta", "fr"), reads="with_help", language="ta"), ("fr",), True),
    ],
)
def test_a_text_is_usable_only_in_a_form_that_the_person_understands(who, languages, answer):
    assert usable(who, languages) is answer


def test_settings_name_all_that_is_wrong_at_once(tmp_path):
    wrong = {"PARCOURS_VAR": str(tmp_path), "PARCOURS_SMS": "pigeon", "PARCOURS_SMS_SENDER": "+33612"}

    with pytest.raises(SettingsError, match=r"PARCOURS_SMS: gateway 1 must be .*PARCOURS_SMS_SENDER"):
        Settings.from_env(wrong)
