"""
The founding article's whole path, through HTTP only: from declared interest to a contract closed with its certificate.

Interest declared, interview, levels, a contract that is opened as a paper, seats, absences, a difficulty with its
orientation, unfinished near the term, a proposal, the prefecture's decision, completed, closed.
"""

import io
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest

from shared.ids import new_id
from tests.doors import OFFER, SCANNED, a_house, csv_of, person, xlsx_of

TODAY = datetime(2025, 3, 3, 9, tzinfo=UTC)  # a Monday
SIGNED = date(2025, 3, 12)
REFERENCE = "93-2025-900001"
CONTACT = {
    "family_name": "Noori", "given_name": "Zahra", "alias": "Tulipe", "phone": "+999000000901", "email": "",
    "commune": "93008", "spoken": ["ar"], "reads": "with_help", "reading_language": "ar", "channel": "sms",
    "shared_phone": False, "programme": "cir-2019",
}  # fmt: skip
KNOWN = {
    "citizenship": "other", "family_of_eu_citizen": False, "age": 29, "permit_kind": "multi_year",
    "permit_motive": "protection", "first_admission": True, "secondary_school_years": 0, "university_years": 0,
    "came_by_own_wish": False, "born_in_france": False,
}  # fmt: skip
WEEK = {
    "niveau": "infra-A1", "formation_linguistique": "200", "lundi": "MAS", "mardi": "MAS", "mercredi": "MAS",
    "jeudi": "MAS", "vendredi": "MAS", "samedi": "MA", "dimanche": "", "semaines": "toutes", "deplacement": "transport",
    "trajet_max_min": "90", "acces_pmr": "non", "garde_enfants": "non", "lecture": "avec_aide",
}  # fmt: skip
RECORD = {
    "oral": "infra-A1", "written": "infra-A1", "confidence": "medium", "institutions": "none", "needs": [],
    "equipment": False, "row": WEEK,
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("article") / "var") as house:
        house.clock.set(TODAY)
        assert house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").json()["refused"] == 0
        others = [person(n, date_signature=str(SIGNED - timedelta(days=n % 3))) for n in range(1, 25)]
        house.send("mars.csv", csv_of(others)).raise_for_status()
        house.drain()
        yield house


def attendance(house, login, method, path, body=None):
    headers = {"Authorization": f"Bearer {house.token(login)}"}
    return house.client.request(method, f"/attendance/api/v1{path}", json=body, headers=headers)


def good(answer):
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer.content


def text_of(pdf):
    pages = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return "".join(page.get_textpage().get_text_range() for page in pages)


def go_to(house, day, hour=20):
    house.clock.set(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
    house.drain()


def received(house):
    """Declared, booked, heard, placed at a level, signed: return the person's id and the contract."""
    interest = {
        "commune": "93008", "language": "ar", "called": "Zahra", "permit_kind": "multi_year", "phone": CONTACT["phone"],
    }  # fmt: skip
    declared = house.client.put(f"/planning/api/v1/interests/{new_id()}", json=interest)
    assert declared.status_code == 204, declared.text
    waiting = good(house.ask("auditor", "GET", "/interests?territory=93"))["items"]
    assert [one["called"] for one in waiting] == ["Zahra"]

    key = good(house.ask("auditor", "PUT", f"/territories/93/candidates/{REFERENCE}", CONTACT))["id"]
    answered = good(
        house.ask("auditor", "POST", f"/candidates/{key}/answers", {"programme": "cir-2019", "facts": KNOWN})
    )
    assert answered["verdict"] == "yes"
    slot_day = SIGNED
    slots = {"platform": "PF93", "days": [str(slot_day)], "halves": ["morning"]}
    good(house.ask("planner", "POST", "/territories/93/interview-slots", slots))
    (slot, *_) = good(house.ask("planner", "GET", f"/interview-slots?territory=93&since={slot_day}"))
    appointment = new_id()
    good(house.ask("auditor", "PUT", f"/appointments/{appointment}", {"person_id": key, "slot_id": slot["id"]}))
    house.drain()
    assert [one["kind"] for one in house.notices_of(REFERENCE)] == ["appointment"]

    go_to(house, slot_day, hour=9)
    good(house.ask("auditor", "POST", f"/appointments/{appointment}/outcome", {"state": "held", "desk": 1}))
    good(house.ask("auditor", "PUT", f"/candidates/{key}/record", RECORD))
    signature = {"signed_on": str(slot_day), "columns": {}}
    contract = good(house.ask("auditor", "POST", f"/candidates/{key}/signature", signature))
    assert good(house.ask("auditor", "GET", f"/signatories/{key}/levels"))[0]["level"] == "infra-A1"
    house.drain()
    return key, contract


def placed(house):
    """Plan and publish the territory's month."""
    house.clock.set(datetime(2025, 4, 1, 9, tzinfo=UTC))
    run_id = str(new_id())
    body = {"territory": "93", "programme": "cir-2019", "publish_on": "2025-04-01", "work_limit": 2}
    house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
    house.stage.run_jobs()
    house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
    house.drain()


def rolls_of(house, key, first, last):
    """Return the person's rolls between two days, in order."""
    found, day = [], first
    while day <= last:
        until = min(last, day + timedelta(days=6))
        listed = house.door("body-ORG").items("/attendance/api/v1/rolls", day=str(day), until=str(until), people="true")
        found += [one for one in listed if any(who["signatory_id"] == key for who in one["people"])]
        day = until + timedelta(days=1)
    return sorted(found, key=lambda one: (one["held_on"], one["starts_at"]))


def take(house, roll, key, status):
    """Take one roll: everybody was there by their own act, and the person as said."""
    marks = []
    for one in roll["people"]:
        mark = {"id": str(new_id()), "signatory_id": one["signatory_id"], "status": "present", **SCANNED}
        if one["signatory_id"] == key and status != "present":
            mark = {"id": mark["id"], "signatory_id": key, "status": status}
        marks.append(mark)
    sheet = {"meeting_id": roll["id"], "marks": marks, "sign": True}
    (answer,) = good(attendance(house, "body-ORG", "POST", "/rolls/marks", {"rolls": [sheet]}))["rolls"]
    assert answer["code"] == "", answer


def flags(house, contract, state="open"):
    listed = house.planner.items("/attendance/api/v1/flags", territory="93", state=state)
    return {one["kind"]: one["evidence"] for one in listed if one["contract_id"] == contract}


def test_the_whole_path_of_the_founding_article(house):
    key, contract = received(house)
    assert (contract["state"], contract["term_on"]) == ("running", "2026-03-11")

    paper = text_of(good(house.ask("auditor", "GET", f"/contracts/{contract['id']}/paper")))
    assert REFERENCE in paper
    assert "Contrat" in paper, "French"
    assert any("\u0600" <= letter <= "\u06ff" or "\ufb50" <= letter <= "\ufeff" for letter in paper), "and Arabic"

    placed(house)
    told = house.notices_of(REFERENCE)
    assert "convocation" in {one["kind"] for one in told}
    needs = [one for one in house.planner.items("/planning/api/v1/needs", territory="93") if one["signatory_id"] == key]
    assert {one["state"] for one in needs} == {"placed"}, needs
    calendar = rolls_of(house, key, date(2025, 4, 1), date(2025, 9, 30))
    course = [one for one in calendar if one["training"] == "language"]
    civic = [one for one in calendar if one["training"] == "civic"]
    assert course
    assert civic

    # Six half-days of the course: there for two, then away without a word, then a difficulty is seen.
    away = course[2:6]
    for roll in course[:6]:
        go_to(house, date.fromisoformat(roll["held_on"]))
        take(house, roll, key, "absent_unexplained" if roll in away else "present")
    house.drain()
    assert "difficulty_raised" in flags(house, contract["id"])
    assert "termination_risk_raised" not in flags(house, contract["id"])
    house.account("zahra", "signatory", key)
    mine = good(attendance(house, "zahra", "GET", f"/signatories/{key}/absences"))["items"]
    assert len(mine) == 4
    answer = {"kind": "had_reason", "reason": "transport"}
    good(attendance(house, "zahra", "PUT", f"/absences/{mine[0]['mark_id']}/answers/{new_id()}", answer))
    call = {"signatory_id": key, "method": "call", "outcome": "reached"}
    good(attendance(house, "planner", "PUT", f"/attempts/{new_id()}", call))
    suggested = good(house.ask("auditor", "POST", f"/contracts/{contract['id']}/difficulties", {"why": "travel"}))
    assert suggested
    good(house.ask("auditor", "POST", f"/orientations/{suggested[0]['id']}/outcome", {"state": "accepted"}))
    for one in mine:
        word = {"id": str(new_id()), "justified": True, "reason": "transport", "ground": "word_given"}
        good(attendance(house, "planner", "POST", f"/absences/{one['mark_id']}/qualification", word))
    house.drain()
    assert "difficulty_raised" not in flags(house, contract["id"]), "its evidence fell"

    # Near the term the course is in progress, duly attended, and will not end in time.
    go_to(house, date(2026, 2, 2), hour=9)
    assert "extension_review_due" in flags(house, contract["id"])
    proposal = str(new_id())
    draft = {"reason": "training_longer_than_term", "stated_by": "ofii", "months": 6, "opinion": "Assidue."}
    good(house.ask("planner", "PUT", f"/contracts/{contract['id']}/proposals/{proposal}", draft))
    decision = {
        "accepted": True, "reference": "93-2026-12", "decided_on": "2026-02-02", "months": 6, "lawful_stay": True,
        "notified_on": "2026-02-02",
    }  # fmt: skip
    assert good(house.ask("prefecture", "POST", f"/proposals/{proposal}/decision", decision))["term_after"]
    house.drain()
    assert "extension_review_due" not in flags(house, contract["id"])
    assert good(house.ask("planner", "GET", f"/contracts/{contract['id']}"))["term_on"] == "2026-09-11"

    # The civic days' sheets come in late, and the final test shows the level: both trainings are complete.
    for roll in civic:
        take(house, roll, key, "present")
    level = {"level": "A1", "test": "final", "reached_on": "2026-02-02"}
    good(attendance(house, "body-ORG", "PUT", f"/contracts/{contract['id']}/level", level))
    house.drain()
    standing = good(attendance(house, "planner", "GET", f"/contracts/{contract['id']}"))
    assert [one["level"] for one in standing["tests"]] == ["A1"]
    seen = good(house.ask("planner", "GET", f"/contracts/{contract['id']}"))
    assert seen["state"] == "completed", flags(house, contract["id"])
    house.drain()
    assert "completed" in {one["kind"] for one in house.notices_of(REFERENCE)}

    certificate = text_of(good(attendance(house, "planner", "GET", f"/contracts/{contract['id']}/certificate")))
    assert REFERENCE in certificate
    for duty in seen["duties"]:
        if duty["state"] == "open":
            done = {"outcome": "not_owed", "on": "2026-02-02", "words": "Fait à l’accueil."}
            good(house.ask("planner", "POST", f"/duties/{duty['id']}/record", done))
    move = {"move": "close", "on": "2026-02-02"}
    good(house.ask("planner", "PUT", f"/contracts/{contract['id']}/moves/{new_id()}", move))
    assert good(house.ask("planner", "GET", f"/contracts/{contract['id']}"))["state"] == "closed"
    codes = [one["code"] for one in good(house.ask("planner", "GET", f"/signatories/{key}/dossier"))]
    assert {"contract_signed", "seat_given", "training_completed", "level_seen"} <= set(codes)
