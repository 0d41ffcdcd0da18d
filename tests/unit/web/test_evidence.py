"""Evidence in the reader's words: each sentence that a flag can carry, in French and in English."""

from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from flask_babel import force_locale

from services.attendance.domain import following
from shared.web.evidence import evidence_words
from shared.web.words import install_words

MARK = UUID(int=7)


@pytest.fixture(scope="module")
def app():
    app = Flask("words")
    install_words(app)
    return app


@pytest.mark.parametrize(
    ("item", "french", "english"),
    [
        (f"mark:{MARK} absent 2026-03-09", "absence du 09/03/2026", "absent on 09/03/2026"),
        (f"notice:{MARK} delivered", "convocation remise", "convocation delivered"),
        (f"attempt:{MARK}", "joindre la personne", "reach the person"),
        ("silence:since 2026-01-05", "aucun signe depuis le 05/01/2026", "no sign since 05/01/2026"),
        (f"placement:{MARK} ends 2026-04-01", "place jusqu’au 01/04/2026", "seat until 01/04/2026"),
        ("term:2026-03-06", "terme le 06/03/2026", "term on 06/03/2026"),
        ("signed:2025-03-06", "signé le 06/03/2025", "signed on 06/03/2025"),
        (
            "pace:language 100 followed 2160 of 4320 min offered, 80 % needed",
            "formation linguistique 100 h : 36 h suivies sur 72 h offertes, 80 % demandés",
            "language training 100 h: 36 h followed of 72 h offered, 80 % needed",
        ),
        (
            "owed:civic S1 followed 0 of 360 min, at most 90 min by the term",
            "formation civique S1 : 0 h suivies sur 6 h dues, au plus 1 h 30 avant le terme",
            "civic training S1: 0 h followed of 6 h owed, at most 1 h 30 by the term",
        ),
        (
            "owed:language 400 followed 600 of 24000 min, offered 900 min, no end in the timetable, 180 min of missing rolls",
            "le calendrier ne mène pas jusqu’à la fin, 3 h sans feuille",
            "the timetable does not lead to the end, 3 h without a roll",
        ),
        (
            "owed:language 400 followed 600 of 24000 min, offered 900 min, forecast 2026-01-02 to 2026-03-04",
            "fin prévue entre le 02/01/2026 et le 04/03/2026",
            "expected to end between 02/01/2026 and 04/03/2026",
        ),
        ("owed:language 400 takes at least 94 days, no seat", "il faut au moins 94 jours", "takes at least 94 days"),
    ],
)
def test_each_piece_of_evidence_has_a_sentence_in_both_languages(app, item, french, english):
    with app.test_request_context():
        with force_locale("fr"):
            assert french in evidence_words(item)
        with force_locale("en"):
            assert english in evidence_words(item)


def test_nothing_that_a_flag_says_is_left_as_a_code(app):
    today, term = date(2026, 1, 5), date(2026, 2, 6)
    owed = following.OwedTraining(training="language", part="100", minutes=6000, quickest_days=28)
    seat = following.Seat(
        placement_id=MARK, session_id=MARK, training="language", part="100", joins_on=today, ends_on=date(2026, 9, 1)
    )
    contract = following.ContractFacts(
        id=MARK, signatory_id=MARK, signed_on=date(2025, 2, 7), term_on=term, state="running", civic_days_required=3,
        assiduity_percent=80, review_lead_days=60, unexplained_in_a_row=2, owed=(owed,),
    )  # fmt: skip
    standings = [
        following.follow(
            owed, following.Tally(followed, 3000), [], seats, today=today, term_on=term, assiduity_percent=80, untold=untold
        )
        for followed, seats, untold in ((2900, [seat], 0), (900, [seat], 0), (2900, [], 180), (0, [], 0))
    ]  # fmt: skip
    pattern = following.Pattern(((date(2025, 11, 3), MARK), (date(2025, 11, 4), MARK)))
    absences = [following.Unjustified(n, date(2025, 11, 3 + n), MARK, MARK, MARK) for n in range(2)]
    said = {
        item
        for one in standings
        for day in (today, date(2026, 1, 30))
        for flag in following.flags_of(contract, [one], absences, day, pattern=pattern)
        for item in flag.evidence
    }

    with app.test_request_context(), force_locale("fr"):
        left = [item for item in said if evidence_words(item) == item]
    assert len(said) > 8
    assert left == []
