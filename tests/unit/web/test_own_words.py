"""The words of people's own pages: sixteen languages that say the same, nothing that should not be said, none unused."""

import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.notifications.domain.discretion import indiscreet
from services.notifications.pages.own import DONE
from services.notifications.usecases.codes import Tried
from services.scheduler.documents.code_slip import SAID
from services.scheduler.usecases.choosing import Outcome
from shared.languages import LANGUAGES
from shared.web.own import Speech, words

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = [*ROOT.glob("shared/web/templates/own/*.html"), *ROOT.glob("services/*/pages/templates/own/*.html")]
DAY = date(2025, 3, 13)
FIELDS = {"until": datetime(2025, 3, 14, 9, 30, tzinfo=ZoneInfo("Europe/Paris")), "day": DAY, "first": DAY, "last": DAY}
FIELDS |= {"followed": "12", "owed": "24", "minutes": 25, "time": "08:30"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_every_sentence_with_its_fields(language):
    found = words(language).sentences

    assert found.keys() == words("fr").sentences.keys()
    for name in found:
        assert "{" not in Speech.of(language, unsigned_allowed=True).plain(name, **FIELDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_names_an_authority_or_a_status(language):
    for name, sentence in words(language).sentences.items():
        assert indiscreet(sentence) is None, (language, name)


def test_days_are_written_as_each_language_does():
    def said(language):
        return str(Speech.of(language, unsigned_allowed=True).line(DAY))

    assert said("fr") == "jeudi 13 mars"
    assert "jeudi 13 mars 2025" in Speech.of("fr", unsigned_allowed=True).plain("term", day=DAY)
    assert said("zh") == "3月13日星期四"
    assert said("ti").endswith(" 13/03")


def test_a_language_that_nobody_signed_is_shown_in_the_demonstration_only():
    assert Speech.of("ar", unsigned_allowed=True).spoken == ("ar",)
    beside = Speech.of("ar", unsigned_allowed=False)

    assert beside.spoken == ("fr", "en")
    assert beside.direction == "ltr"
    assert (
        str(beside.say("back"))
        == '<span><span class="said" lang="fr">Retour</span> <span class="said" lang="en">Back</span></span>'
    )
    assert Speech.of("fr", unsigned_allowed=False).spoken == ("fr",)


def test_what_is_put_into_a_sentence_is_escaped():
    assert "<b>" not in Speech.of("fr", unsigned_allowed=True).say("choose_travel", minutes="<b>")


def test_every_sentence_is_said_somewhere():
    text = "".join(path.read_text() for path in TEMPLATES)
    said = set(re.findall(r"""["'](\w+)["']""", text)) | {
        *DONE,
        *SAID,
        *map(str, Tried),
        *map(str, Outcome),
        "date",
        "date_and_year",
    }
    said |= {"too_many", "link_refused", "left", "day_over", "failed", "phone_refused", "answer_refused"}
    said |= {f"{kind}{end}" for kind in ("late", "absent") for end in ("_ask", "_said")}
    said |= {"unexplained", "announced", "justified", "unjustified"}
    said |= {f"here_{end}" for end in ("done", "refused", "closed", "too_many", "early")} | {"number_refused"}
    said |= {"health", "work", "family", "transport", "administration", "convocation_not_received"}

    assert set(words("fr").sentences) - said == set()
