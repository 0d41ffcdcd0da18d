"""From declared interest to a closed contract, by forms alone: no script, faults at their field, nothing lost."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.scheduler.usecases import life
from shared.ids import new_id
from tests.doors import OFFER, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor
from tests.integration.api.test_life import end_trainings

TODAY = datetime(2025, 9, 1, 9, tzinfo=UTC)
INTEREST = {
    "called": "Zahra", "commune": "Bobigny", "language": "prs", "permit_kind": "multi_year", "phone": "+999000000777",
}  # fmt: skip
PERSON = {
    "reference": "93-2025-700001", "family_name": "Noori", "given_name": "Zahra", "alias": "Tulipe", "reads": "with_help",
}  # fmt: skip
KNOWN = {
    "programme": "cir-2025", "citizenship": "other", "family_of_eu_citizen": "no", "age": "29", "permit_kind": "multi_year",
    "permit_motive": "protection", "first_admission": "yes", "secondary_school_years": "0", "university_years": "0",
    "came_by_own_wish": "no", "born_in_france": "no",
}  # fmt: skip
RECORD = {
    "oral": "infra-A1", "written": "NLNS", "confidence": "low", "institutions": "none", "needs": ["childcare"],
    "helper:name": "Mme Roy", "helper:phone": "+999000000902", "helper:relation": "voisine",
    "address": "4 allée des Tilleuls, 93000 Bobigny", "row:niveau": "NLNS", "row:formation_linguistique": "600",
    "row:lundi": ["M", "A"], "row:mardi": ["M", "A"], "row:jeudi": ["M", "A"], "row:semaines": "toutes",
    "row:deplacement": "transport", "row:trajet_max_min": "60", "row:acces_pmr": "non", "row:garde_enfants": "oui",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("forms") / "var") as house:
        house.clock.set(TODAY)
        assert house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").json()["refused"] == 0
        house.drain()
        house.numbers = iter(range(500, 1000))
        yield house


@pytest.fixture
def running(house):
    """Return the address of a fresh contract, signed on 1 August 2025, in September."""
    house.clock.set(TODAY)
    number = next(house.numbers)
    row = person(
        number,
        nom=f"Forme{number}",
        date_signature="2025-08-01",
        programme="cir-2025",
        niveau="NLNS",
        formation_linguistique="600",
    )
    house.send("un.csv", csv_of([row])).raise_for_status()
    found = house.ask("planner", "GET", f"/signatories/{_signatory(house, row['reference'])}").json()
    return f"/planning/contracts/{found['contracts'][0]['id']}"


def _signatory(house, reference):
    import sqlalchemy as sa

    from services.scheduler import storage

    with house.house.services["scheduler"].database.read() as db:
        return db.scalar(sa.select(storage.signatory.c.id).where(storage.signatory.c.reference == reference))


def says(answer):
    return unescape(re.sub(r"<[^>]+>", "", answer.text.partition("<main")[2])).replace("\N{NO-BREAK SPACE}", " ")


def pass_time(house, days):
    house.clock.set(house.clock.now() + timedelta(days=days))
    life.look_at_terms(house.house.services["scheduler"])


def test_somebody_declares_interest_is_received_and_signs_all_by_forms(house):
    house.clock.set(TODAY)
    visitor = Visitor(house)
    visitor.open("/planning/interest")
    refused = visitor.send("/interest", **INTEREST | {"commune": "Saint-Denis", "phone": "12"})
    assert refused.status_code == 422
    assert visitor.form("/interest").values()["called"] == ["Zahra"], "what was typed is not lost"
    assert "Saint-Denis (93)" in says(refused)
    kept = visitor.send("/interest", **INTEREST)
    assert kept.url.path == "/planning/interest/thanks", says(kept)

    desk = Visitor(house, "auditor")
    assert desk.page.url.path == "/planning/reception"
    assert "دری" in says(desk.page)
    assert "Bobigny" in says(desk.page)
    key = desk.page.text.partition("interest=")[2][:36]
    desk.open(f"/planning/reception/candidates/new?territory=93&interest={key}")
    entered = desk.send("/candidates/new", **PERSON)
    assert entered.status_code == 200, says(entered)
    candidate = entered.url.path
    assert "Zahra" not in says(desk.open("/planning/reception")).partition("Dernier changement")[0], (
        "interest is dropped"
    )

    desk.open(candidate)
    assert not desk.has_form("/signature")
    assert "ne signe pas" in says(desk.send("/answers", **KNOWN | {"age": "15"}))
    assert "contrat obligatoire" in says(desk.send("/answers", **KNOWN))
    assert desk.send("/answers", **KNOWN | {"age": "x"}).status_code == 422

    planner = Visitor(house, "planner")
    planner.open("/planning/reception/slots")
    assert (
        planner.send("/slots", platform="PF93", first="2025-09-20", last="2025-09-19", halves=["morning"]).status_code
        == 422
    )
    opened = planner.send("/slots", platform="PF93", first="2025-09-05", last="2025-09-08", halves=["morning"])
    assert opened.text.count("/planning/reception/slots/") >= 2, "Friday and Monday: nobody works at the week-end"

    desk.open(candidate)
    slot = desk.form("/appointment").fields["slot_id"]["choices"][1]
    assert "attendu" in says(desk.send("/appointment", slot_id=slot))
    later = desk.form("/appointment").fields["slot_id"]["choices"][2]
    assert says(desk.send("/appointment", slot_id=later)).count("attendu") == 1, "moved, not doubled"
    desk.send("/appointment", slot_id=slot)
    house.clock.set(datetime(2025, 9, 5, 8, tzinfo=UTC))
    desk.open(f"/planning/reception/slots/{slot}")
    assert desk.send("/outcome", state="held", desk="99").status_code == 422
    assert "tenu" in says(desk.send("/outcome", state="held", desk="1"))

    desk.open(candidate)
    wrong = desk.send("/record", **RECORD | {"row:trajet_max_min": "0"})
    assert wrong.status_code == 422
    assert 'id="record-row-trajet_max_min-fault"' in wrong.text
    assert desk.form("/record").values()["row:lundi"] == ["M", "A"], "what was typed is not lost"
    noted = desk.send("/record", **RECORD)
    assert noted.status_code == 200, says(noted)
    assert "scellées" in says(noted)
    assert "Tilleuls" not in noted.text
    assert desk.send("/signature", signed_on="2025-10-01").status_code == 422
    minor = desk.send("/signature", signed_on="2025-09-05", **{"columns:date_naissance": "2008-02-01"})
    assert (minor.status_code, "signe avec son représentant légal" in says(minor)) == (422, True)
    done = desk.send("/signature", signed_on="2025-09-05", **{"columns:date_naissance": ""})
    assert "voir le contrat" in says(done)
    contract = done.text.partition("/planning/contracts/")[2][:36]

    seen = desk.open(f"/planning/contracts/{contract}")
    assert "entretien d’accueil" in says(seen)
    paper = desk.open(f"/planning/contracts/{contract}/paper")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    prefect = Visitor(house, "prefecture")
    prefect.open(f"/planning/contracts/{contract}")
    assert prefect.send("/sign/prefect", on="2025-09-04").status_code == 422, "before the contract"
    assert prefect.send("/sign/prefect", on="2025-09-05").status_code == 200
    assert not prefect.has_form("/sign/prefect")


def test_one_address_may_not_declare_without_end(house):
    visitor = Visitor(house)
    statuses = []
    for _ in range(7):
        visitor.open("/planning/interest")
        statuses.append(visitor.send("/interest", **INTEREST).status_code)
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert visitor.form("/interest").values()["called"] == ["Zahra"]


def test_what_stands_beside_the_trainings_is_noted_on_the_contract(house, running):
    planner = Visitor(house, "planner")
    planner.open(running)
    assert "sert" not in says(planner.send("/follow-up/AT1", state="prescribed"))
    assert planner.send("/follow-up/AT1", state="booked", on="2031-01-01").status_code == 422
    assert planner.send("/follow-up/AT1", state="booked", on="2025-09-10").status_code == 200
    assert (
        not planner.has_form("/follow-up/BAD") or planner.send("/follow-up/BAD", state="prescribed").status_code == 422
    )
    planner.open(running)
    assert "un site plus proche" in says(planner.send("/difficulty", why="travel"))
    assert "accepté" in says(planner.send("/orientation/", state="accepted"))
    assert (
        planner.send("/level", on="2025-09-01", level="NLNS", oral="A1", written="NLNS", confidence="high").status_code
        == 200
    )
    assert "nouvelle évaluation" in says(planner.page)


def test_a_postponed_contract_passes_its_term_is_proposed_decided_and_closed(house, running):
    planner, prefect = Visitor(house, "planner"), Visitor(house, "prefecture")
    planner.open(running)
    assert planner.send("/move/postpone", on="2025-09-01", reason="").status_code == 422
    assert "formations reportées" in says(planner.send("/move/postpone", on="2025-09-01", reason="pregnancy"))
    assert planner.send("/propose", reason="pregnancy", stated_by="person", months="13").status_code == 422
    assert "Heures suivies" in planner.form("/propose").values()["opinion"][0], "drafted from the evidence"
    proposed = planner.send("/propose", reason="pregnancy", stated_by="person", months="6")
    assert proposed.status_code == 200, says(proposed)
    assert not planner.has_form("/propose"), "one pending a contract"

    assert running in prefect.open("/planning/worklist").text
    prefect.open(running)
    yes = {"accepted": "yes", "reference": "93-2025-1", "decided_on": "2025-09-01", "months": "6"}
    assert prefect.send("/decide/", **yes).status_code == 422, "lawful stay is confirmed by who decides"
    granted = prefect.send("/decide/", **yes, lawful_stay="yes", notified_on="2025-09-01")
    assert granted.status_code == 200, says(granted)
    assert "31/01/2027" in says(granted)

    planner.open(running)
    planner.send("/move/resume", on="2025-09-01")
    house.clock.set(datetime(2027, 2, 2, 9, tzinfo=UTC))
    life.look_at_terms(house.house.services["scheduler"])
    assert "terme passé sans décision" in says(planner.open(running))
    assert "Alarme" in says(prefect.open("/planning/worklist"))
    prefect.open(running)
    prefect.send("/move/record_end", on="2027-02-02", reason="no_extension_proposed", reference="93-2027-9")
    planner.open(running)
    for _ in range(10):
        if not planner.has_form("/duty/"):
            break
        planner.send("/duty/", outcome="not_owed", on="2027-02-02", words="Contrat fini.")
    assert "clos" in says(planner.send("/move/close", on="2027-02-02"))


def test_a_contract_is_not_closed_while_a_duty_is_open_and_the_page_says_so(house, running):
    end_trainings(house, running.rpartition("/")[2])
    planner = Visitor(house, "planner")
    assert "formations suivies" in says(planner.open(running))
    refused = planner.send("/move/close", on="2025-09-01")
    assert (refused.status_code, "reste à traiter" in says(refused)) == (409, True)
    assert planner.send("/booking/", on="2025-08-01").status_code == 422
    assert "Réservé pour le 12/10/2025" in says(planner.send("/booking/", on="2025-10-12"))


def test_two_records_of_one_person_are_merged_and_parted(house):
    same = {"nom": "Double", "prenom": "Lina", "telephone": "+999000000555", "courriel": ""}
    for number in (901, 902):
        assert house.send("un.csv", csv_of([person(number, **same)])).json()["faults"] == []
    planner = Visitor(house, "planner")
    listed = planner.open("/planning/duplicates")
    assert "93-2025-000901" in listed.text
    assert "téléphone" in says(listed)
    merged = planner.send("/merges")
    assert "Séparer" in says(merged)
    parted = planner.send("/undoing")
    assert "Séparer" not in says(parted)


def test_a_form_that_no_longer_fits_says_so_and_changes_nothing(house, running):
    planner = Visitor(house, "planner")
    planner.open(running)
    stale = planner.page
    planner.send("/move/postpone", on="2025-09-01", reason="illness")
    planner.page = stale
    answer = planner.send("/move/postpone", on="2025-09-01", reason="work")
    assert (answer.status_code, "rechargez" in says(answer)) == (409, True)


def test_the_pages_speak_english_too(house, running):
    planner = Visitor(house, "planner")
    for path in (running, "/planning/worklist", "/planning/reception", "/planning/duplicates"):
        assert '<html lang="en">' in planner.open(f"{path}?lang=en").text
    assert "Follow-up" in says(planner.open(f"{running}?lang=en"))


def test_somebody_out_of_reach_is_on_the_worklist_until_an_agent_changes_the_contact(house):
    house.clock.set(TODAY)
    row = person(910, nom="Loin", telephone="0148000000", courriel="")
    house.send("un.csv", csv_of([row])).raise_for_status()
    house.drain()
    planner = Visitor(house, "planner")
    waiting = planner.open("/planning/worklist?kind=contact")
    assert row["reference"] in waiting.text
    key = _signatory(house, row["reference"])
    planner.open(f"/planning/people/{key}")
    assert planner.send("/contact", phone="", email="", channel="sms").status_code == 422
    assert planner.send("/contact", phone="+999000000910", email="", channel="sms").status_code == 200

    house.drain()
    assert row["reference"] not in planner.open("/planning/worklist?kind=contact").text
    again = house.send("un.csv", csv_of([row])).json()
    assert again["changed"] == 0, "a file sent again does not take back what an agent changed"


def test_at_the_desk_dates_are_found_shown_held_and_given(house):
    house.clock.set(TODAY)
    house.send("offre.xlsx", xlsx_of(OFFER), kind="offer")
    house.send("mois.csv", csv_of([person(n, nom=f"Groupe{n}") for n in range(920, 934)])).raise_for_status()
    _publish(house)
    row = person(940, nom="Seule")
    house.send("un.csv", csv_of([row])).raise_for_status()
    key = _signatory(house, row["reference"])
    desk = Visitor(house, "auditor")
    desk.open(f"/planning/people/{key}")

    shown = desk.send("/showing")

    assert "Proposition 1" in says(shown)
    assert "Personne d’autre ne les voit" in says(shown)
    given = desk.send("/choice")
    assert "convocation" in says(given)
    assert not desk.has_form("/choice")
    person_page = desk.open(f"/planning/people/{key}")
    assert "placé" in says(person_page)
    house.drain()
    assert house.notices_of(row["reference"]), "the convocation goes out too"


def _publish(house):
    run_id = str(new_id())
    body = {"territory": "93", "programme": "cir-2019", "publish_on": str(TODAY.date()), "work_limit": 2}
    house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
    house.stage.run_jobs()
    house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
    house.drain()
