"""The words of notices: complete, discreet, in a language that the person can use."""

import unicodedata
from datetime import datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis.strategies import sampled_from, text

from services.notifications import wording
from services.notifications.domain.discretion import FORBIDDEN, indiscreet
from services.notifications.domain.languages import Reader, language_for, own_language, usable
from services.notifications.domain.occasions import OCCASIONS
from services.notifications.domain.sms import dear_characters, segments
from services.notifications.settings import Settings
from services.notifications.usecases import preview
from services.notifications.usecases.preview import Example
from services.notifications.wording import Filling, compose, signed_languages, templates
from services.notifications.wording.budgets import BUDGETS, REPLY
from services.notifications.wording.files import FIELDS, WAITING, WordingError, phrases_of
from shared.errors import SettingsError
from shared.languages import LANGUAGES, RIGHT_TO_LEFT
from shared.settings import FICTION

SIGNED = {language: language in {"fr", "en"} for language in LANGUAGES}
EXAMPLE = Example(call_back=FICTION, public_url="https://parcours.example", sms_price=450)
LINK = "https://parcours.example/notices/m/K7Q2M4XW9PTC"
UNTIL = datetime(2025, 3, 12, 18, tzinfo=ZoneInfo("Europe/Paris"))
MARKS = "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"


def filling(**other):
    values = {
        "alias": "Rose", "call": "01 99 00 12 34", "days": ("2025-03-06 09:00-12:00",), "place": "Centre Jaurès",
        "commune": "Bobigny", "training": "civic", "link": LINK, "until": UNTIL, "wait_days": 7,
    }  # fmt: skip
    return Filling(**{**values, **other})


def reader(spoken=("ar",), reads="yes", language="ar"):
    return Reader(spoken=spoken, reads=reads, reading_language=language)


def names(text):
    return {name for _text, name, _format, _conversion in Formatter().parse(text) if name}


def test_every_occasion_has_its_words_and_a_budget():
    assert {*OCCASIONS, WAITING} == set(FIELDS) == set(templates()) == set(BUDGETS)


@pytest.mark.parametrize("kind", FIELDS)
def test_every_kind_has_every_language_with_the_same_placeholders(kind):
    texts = templates()[kind]

    assert set(texts) == set(LANGUAGES)
    assert len({frozenset(names(text.sms)) for text in texts.values()}) == 1
    assert len({frozenset(names(text.body)) for text in texts.values()}) == 1


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_a_status_or_an_authority_nor_how_to_unsubscribe(kind, language):
    text = compose(kind, (language,), filling(reply="K7"))

    for words in (text.sms, text.subject, text.plain, text.html):
        assert indiscreet(words) is None
        assert "stop" not in words.lower()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "Votre contrat à la préfecture"),
        ("en", "The immigration office"),
        ("ar", "مكتب الهجرة والعقد"),
        ("fa", "ادارهٔ مهاجرت"),
        ("ps", "د کډوالۍ دفتر"),
        ("tr", "Göçmen bürosu"),
        ("ru", "Служба по вопросам Иммиграции"),
        ("bn", "অভিবাসন দপ্তর"),
        ("es", "Oficina de inmigración"),
        ("ta", "குடிவரவு அலுவலகம்"),
        ("zh", "法国移民局"),
        ("pt", "Serviço de Estrangeiros"),
        ("ti", "ቤት ጽሕፈት ኢሚግሬሽን"),
        ("ur", "امیگریشن کا دفتر"),
        ("sq", "Zyra e të huajve"),
        ("uk", "Служба імміграції"),
    ],
)
def test_what_must_not_be_said_is_found_in_each_language(language, words):
    assert set(FORBIDDEN) == set(LANGUAGES)
    found = indiscreet(words)
    assert found is not None
    assert found.lower() in FORBIDDEN[language]


def test_a_word_that_only_contains_a_stem_of_another_language_may_be_said():
    assert indiscreet("Seçime bir yazılım yardım etti") is None  # azil is Albanian for asylum


@pytest.mark.parametrize("kind", [kind for kind, fields in FIELDS.items() if "place" in fields])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_suffices_alone(kind, language):
    text = compose(kind, (language,), filling(link="")).sms

    for said in ("Rose", "2025", "09:00-12:00", "Centre Jaurès", "Bobigny", "01 99 00 12 34"):
        assert said in text


@pytest.mark.parametrize("kind", [kind for kind, fields in FIELDS.items() if "link" in fields])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_ends_its_line_and_takes_the_line_with_it_where_there_is_none(kind, language):
    there, absent = compose(kind, (language,), filling()), compose(kind, (language,), filling(link=""))

    for with_link, without in ((there.sms, absent.sms), (there.plain, absent.plain)):
        (line,) = set(with_link.split("\n")) - set(without.split("\n"))
        assert line.endswith(LINK)
        assert "\n\n\n" not in without
        assert without == without.strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_to_reply_with_has_a_line_of_its_own_in_the_sms_only(language):
    text = compose("convocation", (language,), filling(reply="K7"))

    assert "K7" in text.sms.split("\n")[-1]
    assert text.sms.startswith(compose("convocation", (language,), filling()).sms)
    assert len(text.sms.split("\n")) == 3
    assert len(text.plain) == len(compose("convocation", (language,), filling()).plain)


def test_a_wait_or_a_last_moment_that_nobody_said_is_an_error_and_no_empty_sentence():
    with pytest.raises(WordingError, match="wait"):
        compose("reminder", ("fr",), filling(wait_days=None))
    with pytest.raises(WordingError, match="until"):
        compose("choose", ("fr",), filling(until=None))


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [
        ("fr", 1, "dans 1 jour :"),
        ("fr", 7, "dans 7 jours"),
        ("en", 1, "in 1 day:"),
        ("en", 2, "in 2 days"),
        ("ar", 0, "اليوم"),
        ("ar", 1, "بعد يوم واحد"),
        ("ar", 2, "بعد يومين"),
        ("ar", 7, "بعد 7 أيام"),
        ("ar", 11, "بعد 11 يوما"),
        ("ar", 100, "بعد 100 يوم:"),
        ("ru", 1, "через 1 день"),
        ("ru", 2, "через 2 дня"),
        ("ru", 7, "через 7 дней"),
        ("ru", 21, "через 21 день"),
        ("uk", 2, "через 2 дні"),
        ("uk", 7, "через 7 днів"),
        ("ps", 1, "1 ورځ وروسته"),
        ("ps", 7, "7 ورځې وروسته"),
        ("ta", 1, "1 நாளில்"),
        ("ta", 7, "7 நாட்களில்"),
        ("ti", 7, "ድሕሪ 7 መዓልታት"),
        ("sq", 7, "pas 7 ditësh"),
        ("zh", 7, "7天后"),
    ],
)
def test_a_wait_is_said_in_the_plural_of_its_language(language, days, words):
    assert words in compose("reminder", (language,), filling(wait_days=days)).sms


def test_a_site_named_after_an_authority_is_told_by_its_commune_only():
    text = compose("convocation", ("fr",), filling(place="OFII de Bobigny", commune="Bobigny")).sms

    assert "OFII" not in text
    assert "Bobigny" in text


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("fr", "jeudi 6 mars 2025"),
        ("en", "Thursday 6 March 2025"),
        ("ar", "الخميس 6 مارس 2025"),
        ("fa", "پنجشنبه 6 مارس 2025"),
        ("ps", "پينځنۍ 6 مارچ 2025"),
        ("tr", "6 Mart 2025 Perşembe"),
        ("ru", "четверг 6 марта 2025"),
        ("bn", "বৃহস্পতিবার, 6 মার্চ 2025"),
        ("es", "jueves 6 de marzo de 2025"),
        ("ta", "வியாழன், 6 மார்ச் 2025"),
        ("zh", "2025年3月6日星期四"),
        ("pt", "quinta-feira, 6 de março de 2025"),
        ("ti", "ሓሙስ 06/03/2025"),
        ("ur", "جمعرات 6 مارچ 2025"),
        ("sq", "e enjte, 6 mars 2025"),
        ("uk", "четвер 6 березня 2025"),
    ],
)
def test_days_are_named_in_the_language_of_the_text_in_the_calendar_and_figures_of_france(language, day):
    assert day in compose("convocation", (language,), filling()).sms


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_figures_are_those_that_the_door_and_the_telephone_show(language):
    text = compose("given_up", (language,), filling(wait_days=12))

    assert "18:00" in text.sms
    assert {character for character in text.sms + text.plain if character.isdigit()} <= set("0123456789")


def test_a_long_course_is_told_by_its_first_and_last_day_and_its_week():
    days = tuple(f"2025-03-{day:02} 09:00-12:00" for day in (3, 4, 10, 11, 17, 18))

    text = compose("convocation", ("fr",), filling(days=days)).sms

    assert "du lundi 3 mars 2025 au mardi 18 mars 2025, lundi, mardi 09:00-12:00" in text


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("training", ["civic", "language"])
def test_french_texts_stay_in_the_cheap_alphabet_the_whole_year(kind, training):
    for month in range(1, 13):
        days = tuple(f"2025-{month:02}-{day:02} 09:00-12:00" for day in range(1, 5))
        text = compose(
            kind, ("fr",), filling(days=days, training=training, until=UNTIL.replace(month=month), reply="K7")
        )
        assert wording.plain_typography(text.sms) == text.sms
        assert dear_characters(text.sms) == ""
    assert "août" in compose("convocation", ("fr",), filling(days=("2025-08-06 09:00-12:00",))).plain


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_stays_within_the_segments_of_its_kind(kind, language):
    alone = segments(compose(kind, (language,), preview.filling(kind, EXAMPLE)).sms)
    with_reply = segments(compose(kind, (language,), preview.filling(kind, EXAMPLE, reply="K7Q2")).sms)

    assert alone.count <= BUDGETS[kind].of(alone.alphabet)
    assert with_reply.count <= BUDGETS[kind].of(with_reply.alphabet) + REPLY


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("language", sorted(RIGHT_TO_LEFT))
def test_a_text_from_right_to_left_begins_so_and_keeps_figures_and_latin_words_together(kind, language):
    text = compose(kind, (language,), filling(days=("2025-03-06 09:00-12:00", "2025-03-07 09:00-12:00")))

    for words in (text.sms, text.plain):
        first = next(kind for kind in map(unicodedata.bidirectional, words) if kind in {"L", "R", "AL"})
        assert first in {"R", "AL"}
        for piece in ("Rose", "01 99 00 12 34", "Centre Jaurès, Bobigny", "09:00-12:00"):
            if piece in words:
                assert words.count(f"{MARKS[0]}{piece}{MARKS[1]}") == words.count(piece)
        assert not any(f"{LINK}{mark}" in words for mark in MARKS)


@given(
    language=sampled_from(LANGUAGES),
    alias=text(alphabet="ab É7-(.وردة ", min_size=1, max_size=12),
    place=text(alphabet="rR é12,'()", max_size=20),
)
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_text_it_begins_in_the_direction_of_its_language(language, alias, place):
    written = compose("expected", (language,), filling(alias=alias, place=place))

    for words in (written.sms, written.plain):
        first = next(kind for kind in map(unicodedata.bidirectional, words) if kind in {"L", "R", "AL"})
        assert (first != "L") is (language in RIGHT_TO_LEFT)
        assert alias in words


def test_an_alias_in_arabic_letters_does_not_turn_a_french_text_round():
    text = compose("expected", ("fr",), filling(alias="وردة")).sms

    assert text.startswith(f"{MARKS[0]}وردة{MARKS[0]}, nous")
    assert compose("expected", ("ar",), filling(alias="وردة")).sms.startswith("وردة،")


def test_a_right_to_left_mail_says_so():
    for language in RIGHT_TO_LEFT:
        assert f'<section lang="{language}" dir="rtl">' in compose("convocation", (language,), filling()).html


def test_a_notice_names_the_version_of_each_file_that_it_was_written_with():
    one, two = templates()["convocation"]["fr"].version, phrases_of("en").version

    text = compose("convocation", ("fr", "en"), filling())

    assert text.versions[0] == f"convocation/fr@{one}"
    assert text.versions[3] == f"phrases/en@{two}"


def test_two_languages_of_an_sms_can_be_told_apart():
    both = compose("convocation", ("fr", "en"), filling(reply="K7")).sms
    alone = [compose("convocation", (language,), filling(reply="K7")).sms for language in ("fr", "en")]

    assert both.split(wording.BETWEEN_SMS) == alone


def test_the_link_of_a_mail_can_be_followed():
    assert f'<a href="{LINK}">{LINK}</a>' in compose("choose", ("ar",), filling()).html
    assert "<a " not in compose("choose", ("ar",), filling(link="")).html


def test_what_a_person_is_called_cannot_become_markup():
    assert "<b>" not in compose("convocation", ("fr",), filling(alias="<b>")).html


@pytest.mark.parametrize(
    ("who", "languages"),
    [
        (reader(), ("ar",)),
        (reader(spoken=("so", "en"), language="so"), ("en",)),
        (reader(spoken=("so",), language="so"), ("fr", "en")),
        (reader(spoken=("fr", "ar"), reads="no", language="ar"), ("fr",)),
        (reader(spoken=("ku", "ar"), reads="with_help", language=""), ("ar",)),
        (reader(spoken=("prs",), language="prs"), ("fa",)),
    ],
)
def test_the_language_is_the_one_read_then_the_first_spoken_then_french_and_english(who, languages):
    assert language_for(who, SIGNED, unsigned_allowed=True) == languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_that_no_translator_signed_is_replaced_by_french_and_english(language):
    who = reader(spoken=(language,), language=language)

    assert own_language(who) == language
    assert language_for(who, SIGNED, unsigned_allowed=True) == (language,)
    assert language_for(who, SIGNED, unsigned_allowed=False) == ((language,) if SIGNED[language] else ("fr", "en"))


@pytest.mark.parametrize("kind", FIELDS)
def test_only_french_is_signed_so_far(kind):
    """Whoever signs a text changes this test too: a signature is never slipped in."""
    assert [language for language, signed in signed_languages(kind).items() if signed] == ["fr"]


@pytest.mark.parametrize(
    ("who", "languages", "answer"),
    [
        (reader(), ("ar",), True),
        (reader(reads="no"), ("ar",), False),
        (reader(), ("fr", "en"), False),
        (reader(spoken=("ta", "fr"), language="ta"), ("fr",), False),
        (reader(spoken=("ta", "fr"), reads="with_help", language="ta"), ("fr",), True),
        (reader(spoken=("prs",), language="prs"), ("fa",), True),
    ],
)
def test_a_text_is_usable_only_in_a_form_that_the_person_understands(who, languages, answer):
    assert usable(who, languages) is answer


def test_settings_name_all_that_is_wrong_at_once(tmp_path):
    wrong = {"PARCOURS_VAR": str(tmp_path), "PARCOURS_SMS": "pigeon", "PARCOURS_SMS_SENDER": "+33612"}

    with pytest.raises(SettingsError, match=r"PARCOURS_SMS: gateway 1 must be .*PARCOURS_SMS_SENDER"):
        Settings.from_env(wrong)


@pytest.mark.parametrize("user", ["", "key@", ":@", ":clé@", ":two%20words@"])
def test_a_gateway_by_json_has_a_key_that_a_header_takes(tmp_path, user):
    with pytest.raises(SettingsError, match="gateway 1 needs its key"):
        Settings.from_env({"PARCOURS_VAR": str(tmp_path), "PARCOURS_SMS": f"json+https://{user}sms.example/"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARCOURS_SMS_SENDER", "OFII"),
        ("PARCOURS_PUBLIC_URL", "https://immigration.example"),
        ("PARCOURS_MAIL_SENDER", "Contrats <formation@parcours.example>"),
    ],
)
def test_neither_sender_nor_address_may_name_an_authority(tmp_path, name, value):
    with pytest.raises(SettingsError, match=f"{name} is read by others"):
        Settings.from_env({"PARCOURS_VAR": str(tmp_path), name: value})
