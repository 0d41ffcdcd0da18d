"""From first contact to a signed contract, as the desk does it: through the doors, told in the person's language."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pypdfium2
import pytest
import sqlalchemy as sa

from services.notifications import storage as notices
from services.scheduler import storage
from shared.ids import new_id
from shared.seal import KeyRing
from tests.doors import OFFER, a_house, csv_of, person, xlsx_of

TODAY = datetime(2025, 9, 1, 9, tzinfo=UTC)  # a Monday, when the contract of July 2025 is signed
CONTACT = {
    "family_name": "Noori", "given_name": "Zahra", "alias": "Tulipe", "phone": "+999000000901", "email": "",
    "commune": "93008", "spoken": ["ps", "prs"], "reads": "with_help", "reading_language": "ps", "channel": "sms",
    "shared_phone": False, "programme": "cir-2025",
}  # fmt: skip
KNOWN = {
    "citizenship": "other", "family_of_eu_citizen": False, "age": 29, "permit_kind": "multi_year",
    "permit_motive": "protection", "first_admission": True, "secondary_school_years": 0, "university_years": 0,
    "came_by_own_wish": False, "born_in_france": False,
}  # fmt: skip
ROW = {
    "niveau": "NLNS", "formation_linguistique": "600", "lundi": "MA", "mardi": "MA", "mercredi": "", "jeudi": "MA",
    "vendredi": "MA", "samedi": "", "dimanche": "", "semaines": "toutes", "deplacement": "transport",
    "trajet_max_min": "60", "acces_pmr": "non", "garde_enfants": "oui", "lecture": "avec_aide",
}  # fmt: skip
RECORD = {
    "oral": "infra-A1", "written": "NLNS", "confidence": "low", "institutions": "none", "needs": ["childcare"],
    "equipment": False, "helper": {"name": "Mme Roy", "phone": "+999000000902", "relation": "voisine"},
    "address": "4 allée des Tilleuls, 93000 Bobigny", "row": ROW,
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("reception") / "var") as house:
        house.clock.set(TODAY)
        assert house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").json()["refused"] == 0
        house.drain()
        house.count = 0
        yield house


@pytest.fixture
def somebody(house):
    """Enter somebody new; return (house, reference, id)."""
    house.clock.set(TODAY)
    house.count += 1
    reference = f"93-2025-9{house.count:05d}"
    unlike = {"family_name": f"Noori{house.count}", "phone": f"+9990000{house.count:05d}"}
    answer = house.ask("auditor", "PUT", f"/territories/93/candidates/{reference}", CONTACT | unlike)
    assert answer.status_code == 200, answer.text
    return house, reference, answer.json()["id"]


def ask(house, key, **facts):
    body = {"programme": "cir-2025", "facts": KNOWN | facts}
    return house.ask("auditor", "POST", f"/candidates/{key}/answers", body)


def slot_of(house, day, half="morning"):
    body = {"platform": "PF93", "days": [str(day)], "halves": [half]}
    house.ask("planner", "POST", "/territories/93/interview-slots", body).raise_for_status()
    listed = house.ask("planner", "GET", f"/interview-slots?territory=93&since={day}").json()
    return next(one for one in listed if (one["day"], one["half"]) == (str(day), half))


def book(house, key, slot, appointment=None):
    appointment = appointment or str(new_id())
    body = {"person_id": key, "slot_id": slot["id"]}
    return appointment, house.ask("auditor", "PUT", f"/appointments/{appointment}", body)


def outcome(house, appointment, state, desk=None):
    return house.ask("auditor", "POST", f"/appointments/{appointment}/outcome", {"state": state, "desk": desk})


def record(house, key, **changed):
    return house.ask("auditor", "PUT", f"/candidates/{key}/record", RECORD | changed)


def sign(house, key, on="2025-09-01", **columns):
    return house.ask("auditor", "POST", f"/candidates/{key}/signature", {"signed_on": on, "columns": columns})


def rows(house, table, **wanted):
    with house.house.services["scheduler"].database.read() as db:
        query = sa.select(table).where(*(table.c[name] == value for name, value in wanted.items()))
        return storage.rows(db, query)


def day_of(number):
    return (TODAY + timedelta(days=number)).date()


def signed(house, key, **columns):
    assert ask(house, key).json()["verdict"] == "yes"
    assert record(house, key).status_code == 200
    answer = sign(house, key, **columns)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_somebody_is_contacted_answered_convoked_received_recorded_and_signs(somebody):
    house, reference, key = somebody
    answer = ask(house, key).json()
    assert (answer["verdict"], answer["regime"]) == ("yes", "obligatoire")
    slot = slot_of(house, day_of(7))
    appointment, booked = book(house, key, slot)
    assert booked.status_code == 200, booked.text
    house.drain()
    (notice,) = house.notices_of(reference)
    assert (notice["kind"], notice["days"]) == ("appointment", [f"{day_of(7)} 09:00-12:30"])
    assert "13 rue des Fleurs" in notice["text"]

    house.clock.set(TODAY + timedelta(days=7))
    assert outcome(house, appointment, "held", desk=3).status_code == 200
    assert record(house, key).status_code == 200
    contract = sign(house, key, on=str(day_of(7))).json()
    house.drain()

    assert (contract["state"], contract["signed_on"], contract["term_on"]) == ("running", "2025-09-08", "2026-09-07")
    needs = [
        one
        for one in house.planner.items("/planning/api/v1/needs", territory="93")
        if one["contract_id"] == contract["id"]
    ]
    assert {one["part"] for one in needs} == {"S1", "S2", "S3", "S4", "600"}
    codes = [one["code"] for one in house.ask("planner", "GET", f"/signatories/{key}/dossier").json()]
    assert [code for code in codes if code.startswith(("entered", "eligib", "interview", "contract"))] == [
        "entered_contacted", "eligibility_yes", "interview_booked", "interview_held", "interview_recorded", "contract_signed",
    ]  # fmt: skip
    assert house.ask("planner", "GET", f"/signatories/{key}/levels").json()[0]["confidence"] == "low"


def test_nationality_is_gone_once_decided_and_a_re_examination_keeps_both_answers(somebody):
    house, _, key = somebody
    assert ask(house, key, permit_motive=None).json()["verdict"] == "needs_paper"
    assert ask(house, key, permit_motive="student").json()["verdict"] == "no"
    assert ask(house, key, permit_kind="resident").json()["regime"] == "bpi_carte_resident"

    kept = house.ask("planner", "GET", f"/candidates/{key}/answers").json()
    assert [one["verdict"] for one in kept] == ["needs_paper", "no", "yes"]
    assert all(one["source"] and one["rule"] for one in kept)
    (row,) = [one for one in rows(house, storage.candidate) if str(one["id"]) == key]
    assert row["permit_consequence"] == "aucune"
    every = str(rows(house, storage.candidate)) + str(rows(house, storage.eligibility_answer))
    assert "citizenship" not in every.replace("'fact': 'citizenship'", "")
    assert record(house, key).status_code == 200
    assert sign(house, key).json()["regime"] == "bpi_carte_resident"


def test_whoever_is_exempt_is_neither_booked_nor_signs(somebody):
    house, _, key = somebody
    ask(house, key, permit_motive="student")

    assert book(house, key, slot_of(house, day_of(8)))[1].json()["code"] == "not_eligible"
    assert sign(house, key).json()["code"] == "not_eligible"


def test_a_half_day_takes_no_more_than_its_places_and_a_cancelled_one_is_free_again(house, somebody):
    _, reference, key = somebody
    slot = slot_of(house, day_of(9))
    others = []
    for number in range(2):
        other = house.ask(
            "auditor", "PUT", f"/territories/93/candidates/93-FULL-{number}",
            CONTACT | {"family_name": f"Plein{number}", "phone": f"+99900001{number:04d}"},
        ).json()["id"]  # fmt: skip
        others.append(book(house, other, slot))
    assert [answer.status_code for _, answer in others] == [200, 200]
    assert book(house, key, slot)[1].json()["code"] == "slot_full"

    assert outcome(house, others[0][0], "cancelled").status_code == 200

    assert book(house, key, slot)[1].status_code == 200
    house.drain()
    told = [one["kind"] for one in house.notices_of("93-FULL-0")]
    assert told == [], "cancelled before it was told: nothing to take back"
    assert [one["kind"] for one in house.notices_of(reference)] == ["appointment"]


def test_moving_an_appointment_tells_the_new_time_and_an_absence_can_be_booked_again(somebody):
    house, reference, key = somebody
    appointment, _ = book(house, key, slot_of(house, day_of(10)))
    house.drain()
    assert book(house, key, slot_of(house, day_of(11)))[1].json()["code"] == "booked_before"
    assert book(house, key, slot_of(house, day_of(11)), appointment)[1].status_code == 200
    assert outcome(house, appointment, "absent").json()["code"] == "too_early"
    house.drain()
    house.clock.set(TODAY + timedelta(days=11))
    assert outcome(house, appointment, "absent").status_code == 200

    assert book(house, key, slot_of(house, day_of(14)), appointment)[1].json()["code"] == "appointment_over"
    assert book(house, key, slot_of(house, day_of(14)))[1].status_code == 200
    house.drain()
    days = sorted(one["days"][0][:10] for one in house.notices_of(reference))
    assert days == [str(day_of(10)), str(day_of(11)), str(day_of(14))]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"oral": "C3"}, "oral"),
        ({"confidence": "sure"}, "confidence"),
        ({"row": ROW | {"niveau": "A9"}}, "niveau"),
        ({"row": ROW | {"formation_linguistique": "100"}}, "formation_linguistique"),
        ({"row": ROW | {"trajet_max_min": "900"}}, "trajet_max_min"),
        ({"row": ROW | {"lundi": "XYZ"}}, "lundi"),
        ({"row": ROW | {"heures_soir": "25:00-26:00"}}, "heures_soir"),
        ({"row": ROW | {"indisponibilites": "2025-02-31"}}, "indisponibilites"),
    ],
)
def test_a_bad_record_is_refused_by_field_and_keeps_nothing(somebody, changed, field):
    house, _, key = somebody

    answer = record(house, key, **changed)

    assert answer.status_code == 422
    assert any(fault["field"].endswith(field) for fault in answer.json()["errors"]), answer.text
    (row,) = [one for one in rows(house, storage.candidate) if str(one["id"]) == key]
    assert (row["record"], row["sealed"]) == (None, None)


@pytest.mark.parametrize(
    ("on", "columns", "field"),
    [
        ("2025-09-01", {"date_naissance": "2010-09-02"}, "date_naissance"),
        ("2025-09-01", {"date_naissance": "2008-09-02"}, "representant_nom"),
        ("2025-09-02", {}, "date_signature"),
        ("2025-06-30", {}, "date_signature"),
        ("2025-09-01", {"offre_linguistique": "peut-être"}, "offre_linguistique"),
    ],
    ids=["15 years old", "17 without representative", "tomorrow", "before the programme", "no such answer"],
)
def test_a_bad_signature_is_refused_by_column_and_makes_no_contract(somebody, on, columns, field):
    house, _, key = somebody
    ask(house, key)
    record(house, key)

    answer = sign(house, key, on=on, **columns)

    assert answer.status_code == 422, answer.text
    assert field in {fault["field"] for fault in answer.json()["errors"]}
    assert not [one for one in rows(house, storage.contract) if str(one["signatory_id"]) == key]


def test_a_minor_signs_with_a_representative_who_gets_the_notices_too_and_no_birth_date_is_kept(somebody):
    house, _, key = somebody
    columns = {
        "date_naissance": "2008-09-02",
        "representant_nom": "Noori Karim",
        "representant_telephone": "+999000000903",
    }
    contract = signed(house, key, **columns)
    house.drain()

    (kept,) = [one for one in rows(house, storage.signatory) if str(one["id"]) == key]
    assert kept["facts"]["minor_until"] == "2026-09-02"
    assert "2008" not in str(kept)
    with house.house.services["notifications"].database.read() as db:
        people = db.execute(
            sa.text("SELECT phone, stands_for FROM person WHERE reference = :r"), {"r": kept["reference"]}
        ).all()
    assert {phone for phone, _ in people} == {kept["private"]["phone"], "+999000000903"}
    path = f"/contracts/{contract['id']}/signatures"

    def waits():
        listed = house.ask("auditor", "GET", "/worklist?territory=93&kind=signature").json()
        return contract["id"] in {one["contract_id"] for one in listed}

    assert waits()
    assert house.ask("auditor", "PUT", f"{path}/representative", {"on": "2025-09-01"}).status_code == 200
    assert house.ask("prefecture", "PUT", f"{path}/prefect", {"on": "2025-08-31"}).status_code == 422
    assert house.ask("prefecture", "PUT", f"{path}/prefect", {"on": "2025-09-01"}).json()["signatures"].keys() == {
        "person", "representative", "prefect",
    }  # fmt: skip
    adult = house.ask("auditor", "PUT", f"{path}/prefect", {"on": "2025-09-01"})
    assert adult.status_code == 200, "the same again is the same"
    assert not waits()


def test_an_offered_course_that_is_refused_is_not_owed(somebody):
    house, _, key = somebody
    contract = signed(house, key, offre_linguistique="refusee")
    house.drain()

    (need,) = [
        one for one in rows(house, storage.need, training="language") if str(one["contract_id"]) == contract["id"]
    ]
    assert (need["state"], need["reason"]["code"]) == ("not_owed", "offer_refused")


def test_the_contract_is_a_paper_in_french_and_the_persons_language(somebody):
    house, reference, key = somebody
    contract = signed(house, key)

    paper = house.ask("auditor", "GET", f"/contracts/{contract['id']}/paper")

    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(paper.content))
    assert reference in text
    assert "SPECIMEN" in text
    assert "SPECIMEN" not in reference
    assert any("\u0600" <= letter <= "\u06ff" or "\ufb50" <= letter <= "\ufeff" for letter in text), (
        "Pashto beside French"
    )
    assert house.ask("controller", "GET", f"/contracts/{contract['id']}/paper").status_code == 403


def test_address_and_helper_are_sealed_at_rest(somebody):
    house, _, key = somebody
    record(house, key)

    (row,) = [one for one in rows(house, storage.candidate) if str(one["id"]) == key]
    assert row["sealed"]
    assert "Tilleuls" not in str(row)
    assert "Roy" not in str(row)


def test_whoever_signed_can_be_written_a_letter_and_scheduler_cannot_read_where_it_goes(somebody):
    house, reference, key = somebody
    signed(house, key)

    house.drain()

    (row,) = rows(house, storage.signatory, reference=reference)
    assert "Tilleuls" not in str(row)
    with house.house.services["notifications"].database.read() as db:
        person = notices.one(db, notices.person, UUID(key), "person")
    assert person["name"].endswith(row["private"]["family_name"].upper())
    assert person["address"] == RECORD["address"]
    assert person["helper"] == RECORD["helper"]


def test_a_record_that_may_be_the_same_person_is_shown_with_readable_reasons(somebody):
    house, reference, key = somebody
    (row,) = [one for one in rows(house, storage.candidate) if str(one["id"]) == key]
    again = CONTACT | {"family_name": "NOORI" + row["private"]["family_name"][5:], "phone": row["private"]["phone"]}

    twin = house.ask("auditor", "PUT", f"/territories/93/candidates/{reference}-bis", again | {"given_name": "Zâhra"})

    (alike,) = [one for one in twin.json()["similar"] if one["id"] == key]
    assert alike["why"] == ["même nom et prénom, à l’ordre, aux accents et à la casse près", "même téléphone"]
    stranger = house.ask(
        "auditor",
        "PUT",
        "/territories/93/candidates/93-ALONE",
        CONTACT | {"family_name": "Seule", "phone": "+999000000999"},
    )
    assert stranger.json()["similar"] == []


def test_follow_ups_are_of_the_territory_have_places_and_are_attended(somebody):
    house, _, key = somebody
    contract = signed(house, key)
    path = f"/contracts/{contract['id']}/follow-ups"

    def follow(offer, state, on=None):
        return house.ask("auditor", "PUT", f"{path}/{offer}", {"state": state, "on": on})

    assert follow("NONE", "prescribed").status_code == 404
    assert follow("BAD", "prescribed").json()["errors"][0]["rule"] == "follow_up.offers"
    assert follow("AT1", "prescribed").json()["state"] == "prescribed"
    assert follow("AT1", "booked").json()["errors"][0]["field"] == "on"
    assert follow("AT1", "booked", "2025-10-01").status_code == 200
    assert follow("AT1", "attended", "2025-10-01").json()["errors"][0]["field"] == "on", "not before it has been"
    house.clock.set(datetime(2025, 10, 2, 9, tzinfo=UTC))
    assert follow("AT1", "attended", "2025-10-01").json()["state"] == "attended"
    assert follow("AT1", "booked", "2025-10-01").json()["code"] == "move_not_possible"


def test_whoever_follows_the_platform_is_followed_by_its_reports(somebody):
    house, _, key = somebody
    ask(house, key)
    row = ROW | {"niveau": "A1", "formation_linguistique": "plateforme"}
    assert record(house, key, oral="A1", written="A1", row=row).status_code == 200
    contract = sign(house, key).json()
    path = f"/contracts/{contract['id']}/platform"
    good = {"reported_on": "2025-09-01", "last_login": "2025-09-01", "minutes": 90, "module": "A1-3", "test": ""}

    assert house.ask("planner", "POST", path, good).json()["minutes"] == 90
    house.clock.set(TODAY + timedelta(days=30))
    for changed, field in (
        ({"reported_on": "2025-10-01", "minutes": 60}, "minutes"),
        ({"reported_on": "2025-10-02"}, "reported_on"),
        ({"reported_on": "2025-08-31", "last_login": None}, "reported_on"),
        ({"reported_on": "2025-09-30", "last_login": "2025-10-01"}, "last_login"),
    ):
        assert house.ask("planner", "POST", path, good | changed).json()["errors"][0]["field"] == field
    assert len(house.ask("planner", "GET", f"/contracts/{contract['id']}").json()["platform"]) == 1


def test_a_level_seen_after_some_sessions_changes_the_course_and_both_levels_stay(somebody):
    house, _, key = somebody
    contract = signed(house, key)
    seen = {"on": "2025-09-01", "level": "A1", "oral": "A1", "written": "A1", "confidence": "high"}

    wrong = house.ask("planner", "POST", f"/signatories/{key}/levels", seen | {"course": "600"})
    assert wrong.json()["errors"][0]["field"] == "course"
    assert house.ask("planner", "POST", f"/signatories/{key}/levels", seen | {"level": "Z"}).status_code == 422
    assert house.ask("planner", "POST", f"/signatories/{key}/levels", seen).status_code == 200

    assert [one["level"] for one in house.ask("planner", "GET", f"/signatories/{key}/levels").json()] == ["NLNS", "A1"]
    assert contract["state"] == "running"


def test_two_records_of_one_person_are_merged_and_apart_again(house):
    house.clock.set(TODAY)
    house.send("deux.csv", csv_of([person(801, telephone="+999000008888"), person(802, telephone="+999000008888")]))
    house.drain()
    pair = [one for one in rows(house, storage.signatory) if one["private"]["phone"] == "+999000008888"]
    kept, other = sorted((one["id"] for one in pair), key=str)
    merge = str(new_id())

    done = house.ask("planner", "PUT", f"/merges/{merge}", {"kept_id": str(kept), "other_id": str(other)})

    assert done.status_code == 200, done.text
    assert {one["state"] for one in rows(house, storage.need, signatory_id=other)} == {"held"}
    again = house.ask("planner", "PUT", f"/merges/{new_id()}", {"kept_id": str(other), "other_id": str(kept)})
    assert again.json()["code"] == "merged_before"
    assert house.ask("planner", "POST", f"/merges/{merge}/undoing").json()["undone_at"]
    assert {one["state"] for one in rows(house, storage.need, signatory_id=other)} == {"open"}
    house.drain()
    assert house.admin.get("/attendance/api/v1/backlog")["quarantine"] == 0


def test_a_file_of_contacted_people_waits_at_the_desk_and_a_bad_row_is_named(house):
    house.clock.set(TODAY)
    columns = "reference nom prenom alias programme code_commune langues_parlees lecture langue_lecture telephone telephone_partage courriel canal".split()
    rows = [person(870 + n, programme="cir-2025", nom=f"Contact{n}") for n in range(3)]
    rows[2]["code_commune"] = "75056"

    report = house.send("contacts.csv", csv_of(rows, columns), kind="contacts").json()

    assert (report["accepted"], report["refused"]) == (2, 1)
    assert {(one["row"], one["field"], one["rule"]) for one in report["faults"]} == {(4, "code_commune", "territory")}
    again = house.send("contacts.csv", csv_of(rows[:2], columns), kind="contacts").json()
    assert again["refused"] == 0
    listed = house.ask("auditor", "GET", "/candidates?territory=93&state=contacted&limit=200").json()["items"]
    assert {"93-2025-000870", "93-2025-000871"} <= {one["reference"] for one in listed}


def test_a_file_of_the_platforms_reports_is_kept_by_reference(house):
    house.clock.set(TODAY)
    follows = person(
        880, programme="cir-2025", date_signature="2025-08-01", niveau="A1", formation_linguistique="plateforme"
    )
    house.send("un.csv", csv_of([follows])).raise_for_status()
    columns = "reference releve_le derniere_connexion minutes module test".split()
    report = {"reference": follows["reference"], "releve_le": "2025-08-20", "minutes": "95", "module": "A1.2"}
    rows = [report, report | {"reference": "nobody"}, report | {"releve_le": "2025-08-28", "minutes": "90"}]

    sent = house.send("releves.csv", csv_of(rows, columns), kind="platform").json()

    assert (sent["accepted"], sent["refused"]) == (1, 2)
    faults = {(one["row"], one["field"], one["rule"]) for one in sent["faults"]}
    assert faults == {(3, "reference", "unknown_reference"), (4, "minutes", "range")}, "minutes never go back"


def test_somebody_said_to_be_17_does_not_sign_without_birth_date_and_representative(somebody):
    house, _, key = somebody
    assert ask(house, key, age=17, entered_at_16_or_17=True).json()["verdict"] == "yes"
    assert record(house, key).status_code == 200

    refused = sign(house, key)

    assert refused.status_code == 422
    assert [(one["field"], one["rule"]) for one in refused.json()["errors"]] == [("date_naissance", "required")]


def test_signing_twice_is_one_contract_and_another_day_is_refused(somebody):
    house, _, key = somebody
    contract = signed(house, key)

    assert sign(house, key).json()["id"] == contract["id"]
    assert sign(house, key, "2025-08-30").json()["code"] == "signed"
    assert len(rows(house, storage.contract, signatory_id=UUID(key))) == 1


def test_an_answer_holds_for_its_programme_only(somebody):
    house, reference, key = somebody
    assert ask(house, key).json()["verdict"] == "yes"
    record(house, key)
    (candidate,) = rows(house, storage.candidate, id=UUID(key))
    contact = {name: candidate["private"].get(name, candidate["facts"].get(name)) for name in CONTACT}

    path = f"/territories/93/candidates/{reference}"
    house.ask("auditor", "PUT", path, contact | {"programme": "cai-seed"}).raise_for_status()

    assert sign(house, key).json()["code"] == "not_eligible"


@pytest.mark.parametrize("column", ["regime", "nom", "telephone", "programme", "reference"])
def test_the_desk_does_not_rewrite_who_somebody_is(somebody, column):
    house, _, key = somebody
    ask(house, key)

    assert record(house, key, row=ROW | {column: "volontaire"}).status_code == 422


def test_what_is_kept_of_an_answer_says_neither_nationality_nor_illness(somebody):
    house, _, key = somebody
    asked = ask(house, key, citizenship="algerian").json()
    assert asked["fact"] == "citizenship", "who asks is told"

    kept = house.ask("auditor", "GET", f"/candidates/{key}/answers").json()[-1]

    assert kept["regime"] == "sur_proposition"
    assert "lg" not in kept["says"] + kept["rule"] + kept["source"]
    ask(house, key, permit_motive="health")
    assert "health" not in str(rows(house, storage.eligibility_answer, candidate_id=UUID(key)))


def test_whoever_turns_out_not_to_sign_keeps_no_appointment(somebody):
    house, _, key = somebody
    slot = slot_of(house, day_of(14))
    appointment, _ = book(house, key, slot)

    assert ask(house, key, permit_motive="visitor").json()["verdict"] == "no"

    assert rows(house, storage.appointment, id=UUID(appointment))[0]["state"] == "cancelled"
    assert record(house, key).json()["code"] == "not_eligible"


def test_a_minors_representative_can_be_reached_and_an_adults_birth_date_is_not_believed(somebody):
    house, _, key = somebody
    ask(house, key, age=17, entered_at_16_or_17=True)
    record(house, key)

    adult = sign(house, key, date_naissance="1990-05-01")
    assert [(one["field"], one["rule"]) for one in adult.json()["errors"]] == [("date_naissance", "minor")]
    silent = sign(house, key, date_naissance="2008-02-01", representant_nom="Mme Noori")
    assert [one["rule"] for one in silent.json()["errors"]] == ["contact_needed"]


def test_a_correction_that_names_only_a_helper_keeps_the_sealed_address(somebody):
    house, _, key = somebody
    ask(house, key)
    record(house, key)
    record(house, key, address="", helper={"name": "M. Petit", "phone": "", "relation": "ami"})

    service = house.house.services["scheduler"]
    (candidate,) = rows(house, storage.candidate, id=UUID(key))
    opened = KeyRing(service.voice.seal_keys["scheduler"]).open(candidate["sealed"], UUID(key))["private"]
    assert "Tilleuls" in opened
    assert "M. Petit" in opened


def test_a_file_does_not_contradict_what_stands(house):
    house.clock.set(TODAY)
    house.account("planner-75", "planner", "75")
    row = person(960, programme="cir-2025", date_signature="2025-08-01", niveau="NLNS", formation_linguistique="600")

    def send(**changed):
        return house.send("un.csv", csv_of([row | changed])).json()

    assert send()["refused"] == 0
    assert [(one["field"], one["rule"]) for one in send(date_signature="2025-08-05")["faults"]] == [
        ("date_signature", "another_contract")
    ]
    (mine,) = rows(house, storage.signatory, reference=row["reference"])
    (contract,) = rows(house, storage.contract, signatory_id=mine["id"])
    move = {"move": "transfer", "on": "2025-09-01", "reason": "moved_home", "territory": "75"}
    house.ask("planner", "PUT", f"/contracts/{contract['id']}/moves/{new_id()}", move).raise_for_status()
    taken = {"move": "receive", "on": "2025-09-01"}
    house.ask("planner-75", "PUT", f"/contracts/{contract['id']}/moves/{new_id()}", taken).raise_for_status()

    assert [one["rule"] for one in send(nom="Autrement")["faults"]] == ["elsewhere"]
    assert rows(house, storage.contract, signatory_id=mine["id"])[0]["territory"] == "75"


def test_another_course_in_a_row_replaces_the_one_that_was_owed(house):
    house.clock.set(TODAY)
    row = person(961, date_signature="2025-03-10")
    house.send("un.csv", csv_of([row])).raise_for_status()
    for course in ("400", "200"):
        house.send("un.csv", csv_of([row | {"formation_linguistique": course}])).raise_for_status()
        (mine,) = rows(house, storage.signatory, reference=row["reference"])
        owed = rows(house, storage.need, signatory_id=mine["id"], training="language")
        assert {one["part"] for one in owed if one["state"] == "open"} == {course}


def test_a_contact_of_an_unknown_programme_or_twice_in_a_file_is_refused_by_name(house):
    columns = "reference nom prenom alias programme code_commune langues_parlees lecture langue_lecture telephone telephone_partage courriel canal".split()
    first = person(970, programme="cir-2025", nom="Une")
    sent = house.send(
        "contacts.csv", csv_of([first, first, person(971, programme="nope")], columns), kind="contacts"
    ).json()

    faults = {(one["row"], one["field"]) for one in sent["faults"]}
    assert (sent["accepted"], faults) == (1, {(3, "reference"), (4, "programme")})


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_nobody_means_is_refused_in_its_row(house, day):
    row = person(980, programme="cir-2025", date_signature=day)

    faults = house.send("un.csv", csv_of([row])).json()["faults"]

    assert ("date_signature", "date") in {(one["field"], one["rule"]) for one in faults}


def test_a_refused_course_may_be_accepted_later_and_is_planned_then(somebody):
    house, _, key = somebody
    contract = signed(house, key, offre_linguistique="refusee")
    path = f"/contracts/{contract['id']}/language-offer"

    def course():
        return {
            one["state"] for one in rows(house, storage.need, contract_id=UUID(contract["id"]), training="language")
        }

    assert course() == {"not_owed"}
    assert house.ask("planner", "PUT", path, {"answer": "accepted"}).status_code == 204
    assert course() == {"open"}
    assert house.ask("planner", "PUT", path, {"answer": "refused"}).status_code == 204
    assert course() == {"not_owed"}
