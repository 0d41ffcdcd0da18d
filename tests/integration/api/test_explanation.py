"""Why a person sits where they sit, or does not: through the API and on the page, in both languages."""

import json
from datetime import date, timedelta
from html import unescape
from uuid import uuid4

import pytest

from services.scheduler.domain.judge import RULES
from services.scheduler.programmes import rule_book
from tests.doors import OFFER, START, a_house, csv_of, person, xlsx_of

FAR, LEARNED = "93-2025-000031", "93-2025-000032"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A published plan: most have seats, one can come on Sundays only, one owes no course."""
    with a_house(tmp_path_factory.mktemp("explained") / "var") as house:
        people = [person(n, langues_parlees="ar") for n in range(1, 26)]
        never = dict.fromkeys(("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"), "")
        people += [
            person(31, langues_parlees="fr", **never | {"dimanche": "M"}),
            person(32, langues_parlees="fr", niveau="A2", formation_linguistique="aucune"),
        ]
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer")
        house.send("signataires.csv", csv_of(people))
        house.run = str(uuid4())
        body = {"territory": "93", "programme": "cir-2019", "seconds": 3}
        house.planner.put(f"/planning/api/v1/runs/{house.run}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{house.run}/publication")
        house.drain()
        yield house


def needs(house, **wanted):
    listed = house.planner.items("/planning/api/v1/needs", territory="93")
    return [one for one in listed if all(one[key] == value for key, value in wanted.items())]


def explained(house, signatory_id):
    return house.planner.get(f"/planning/api/v1/signatories/{signatory_id}/explanation")


def by_reference(house, reference):
    for signatory_id in {one["signatory_id"] for one in needs(house)}:
        found = explained(house, signatory_id)
        if found["reference"] == reference:
            return found
    raise AssertionError(reference)


def texts(found):
    """Yield each French and English pair anywhere in an answer."""
    if isinstance(found, dict):
        if found.keys() == {"fr", "en"}:
            yield found["fr"], found["en"]
        for value in found.values():
            yield from texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value)


def test_a_placed_person_reads_where_when_how_far_and_why_as_far_as_the_plan_knows(house):
    seated = needs(house, state="placed", training="civic")[0]["signatory_id"]

    found = explained(house, seated)
    first = next(one for one in found["decisions"] if one["part"] == "S1")

    assert first["state"] == "placed"
    assert first["seat"]["site"] == "Bobigny"
    assert first["seat"]["starts_at"] == "09:00"
    assert first["seat"]["meetings"] == 2
    assert first["seat"]["travel_minutes"] <= 90
    assert [one["rule"] for one in first["why"]] == [
        "level",
        "availability",
        "reach",
        "notice",
        "interpretation",
        "choice",
    ]
    reach = next(one["says"] for one in first["why"] if one["rule"] == "reach")
    assert f"{first['seat']['travel_minutes']} minutes" in reach["fr"]
    assert "for a limit of 90" in reach["en"]
    assert "2 des 2 séances" in first["why"][1]["says"]["fr"]
    assert first["why"][4]["says"]["fr"].endswith(": arabe") or "suit la journée" in first["why"][4]["says"]["fr"]
    assert first["why"][5]["says"]["fr"].startswith(("plutôt que", "aucun autre groupe", "pour elle seule"))
    assert "arabic" in str(found["data"]).casefold()
    assert first["run_id"] == house.run
    assert "planification de l’OFII (planner)" in first["by"]["fr"]
    (run,) = found["runs"]
    assert run["published_by"] == "planner:planner"
    counted = {one["part"]: one for one in run["counted"]}
    assert counted["unplaced"]["quantity"] == sum(one["state"] == "unplaced" for one in found["decisions"])
    trips = sum(one["seat"]["travel_minutes"] for one in found["decisions"] if one["seat"])
    assert counted["travel_minute"]["quantity"] == trips
    assert run["data_changed_since"] == run["numbers_unlike_the_contract"] == []


def test_the_rules_carry_the_numbers_and_sources_of_the_contracts_own_rule_book(house):
    found = explained(house, needs(house, state="placed")[0]["signatory_id"])
    book = rule_book("cir-2019").at("93", date(2025, 3, 10))

    rules = {one["rule"]: one for one in found["contracts"][0]["rules"]}
    numbers = {one["key"]: one for rule in rules.values() for one in rule["numbers"]}

    assert list(rules) == [*RULES, "deadline"]
    assert numbers["civic.size_max"]["value"]["fr"] == str(book["civic.size_max"])
    assert all(one["source"] == book.sources[key] for key, one in numbers.items())
    weights = {one["part"]: one["weight"] for one in found["objective"]}
    stated = house.planner.get(f"/planning/api/v1/runs/{house.run}")["summary"]["tiers"]
    assert weights == {part["name"]: part["weight"] for tier in stated for part in tier["parts"]}


def test_an_unplaced_person_reads_the_reason_and_the_smallest_change_in_both_languages(house):
    found = by_reference(house, FAR)
    stated = {one["id"]: one for one in needs(house, state="unplaced")}

    left = [one for one in found["decisions"] if one["state"] == "unplaced"]

    assert {one["training"] for one in left} == {"civic", "language"}
    for one in left:
        kept = stated[one["need_id"]]["reason"]
        assert (one["seat"], one["why"]) == (None, [])
        assert one["reason"]["code"] == kept["code"]
        assert one["reason"]["says"] == {"fr": kept["fr"], "en": kept["en"]}
        assert [change["fr"] for change in one["reason"]["changes"]] == kept["changes"]
        assert one["reason"]["rules"][0]["says"]["fr"].endswith(".")
        assert one["run_id"] == house.run
    changed = [change for one in left for change in one["reason"]["changes"]]
    assert changed
    assert all(change["fr"] != change["en"] for change in changed)
    (run,) = found["runs"]
    assert next(one["quantity"] for one in run["counted"] if one["part"] == "unplaced") == len(left)


def test_a_course_that_is_not_owed_says_so_with_the_rule_and_its_number(house):
    found = by_reference(house, LEARNED)
    course = next(one for one in found["decisions"] if one["training"] == "language")

    assert course["state"] == "not_owed"
    assert course["reason"]["code"] == "level_reached"
    assert course["reason"]["says"]["en"] == "level A2: no language training prescribed"
    (number,) = course["reason"]["numbers"]
    assert (number["key"], number["value"]["fr"]) == ("language.owed_below", "A1")
    assert number["source"] == rule_book("cir-2019").sources["language.owed_below"]
    assert course["run_id"] is None
    assert "aucun calcul connu" in course["by"]["fr"]


def test_what_changed_since_the_plan_is_named(house):
    signatory = needs(house, state="placed")[-1]["signatory_id"]
    reference = explained(house, signatory)["reference"]
    number = int(reference[-6:])
    row = person(number, langues_parlees="ar", trajet_max_min="75", code_commune="93010")
    house.send("correction.csv", csv_of([row | {"reference": reference}]))

    found = explained(house, signatory)

    assert {"commune", "travel_limit_minutes"} <= set(found["runs"][0]["data_changed_since"])
    limit = next(one for one in found["data"] if one["name"] == "travel_limit_minutes")
    assert limit["value"]["fr"] == "75"


def test_no_name_contact_point_or_nationality_is_in_it_and_every_text_is_in_both_languages(house):
    found = explained(house, needs(house, state="placed")[0]["signatory_id"])
    number = int(found["reference"][-6:])
    row = person(number)

    answer = json.dumps(found, ensure_ascii=False)

    assert all(row[key] not in answer for key in ("nom", "prenom", "alias", "telephone", "courriel"))
    assert "citizenship" not in answer
    pairs = list(texts(found))
    assert len(pairs) > 100
    assert all(fr and en for fr, en in pairs)
    assert any("nationalité" in fr for fr, _ in pairs)


def test_the_page_shows_the_same_one_link_from_the_persons_page(house):
    signatory = needs(house, state="placed")[0]["signatory_id"]
    headers = {"Authorization": f"Bearer {house.token('planner')}"}

    record = house.client.get(f"/planning/people/{signatory}", headers=headers).text
    page = house.client.get(f"/planning/people/{signatory}/explanation", headers=headers)

    assert record.count(f'href="/planning/people/{signatory}/explanation"') == 1
    assert page.status_code == 200
    found = explained(house, signatory)
    english = house.client.get(f"/planning/people/{signatory}/explanation?lang=en", headers=headers).text
    for language, text in (("fr", page.text), ("en", english)):
        said = [found["review"], found["contribution"], *(one["by"] for one in found["decisions"])]
        said += [one["says"] for one in found["objective"]] + [one["value"] for one in found["data"]]
        assert all(one[language] in text.replace("&#39;", "'") for one in said)
    assert "Why these seats?" in english


def test_the_page_of_a_run_says_who_has_no_seat_what_closed_groups_lacked_and_what_orders_paid(house):
    headers = {"Authorization": f"Bearer {house.token('planner')}"}
    summary = house.planner.get(f"/planning/api/v1/runs/{house.run}")["summary"]
    french = unescape(house.client.get(f"/planning/runs/{house.run}?lang=fr", headers=headers).text)
    english = unescape(house.client.get(f"/planning/runs/{house.run}?lang=en", headers=headers).text)

    assert FAR in french, "the person is named by their reference"
    assert "vérifié par un nouveau calcul" in french
    assert "checked by a new computation" in english
    assert [one["lot"] for one in summary["orders"]] == ["L1", "L2"]
    civic = summary["orders"][0]
    assert civic["added_cents"] == 6449 * civic["added"] > 0
    assert "Les commandes" in french
    for one in summary["not_opened"]:
        assert one["fr"] in french
        assert one["en"] in english


def test_only_those_who_have_the_persons_record_read_it(house):
    signatory = needs(house)[0]["signatory_id"]
    path = f"/planning/api/v1/signatories/{signatory}/explanation"

    def status(login):
        return house.client.get(path, headers={"Authorization": f"Bearer {house.token(login)}"}).status_code

    assert house.client.get(path).status_code == 401
    assert status("body-ORG") == 403
    assert status("prefecture") == 403
    assert [status(login) for login in ("planner", "controller", "admin")] == [200, 200, 200]
    headers = {"Authorization": f"Bearer {house.token('planner')}"}
    missing = house.client.get(f"/planning/api/v1/signatories/{uuid4()}/explanation", headers=headers)
    assert missing.status_code == 404


def test_a_later_run_answers_for_whom_it_placed_and_the_first_for_whom_it_had_placed(house):
    before = needs(house, state="placed")[0]["signatory_id"]
    house.clock.set(START + timedelta(hours=2))
    house.send("suite.csv", csv_of([person(40, langues_parlees="fr")]))
    later = str(uuid4())
    body = {"territory": "93", "programme": "cir-2019", "seconds": 3}
    house.planner.put(f"/planning/api/v1/runs/{later}", body)
    house.stage.run_jobs()
    house.planner.post(f"/planning/api/v1/runs/{later}/publication")
    house.drain()

    newcomer, first = by_reference(house, "93-2025-000040"), explained(house, before)

    assert {one["run_id"] for one in newcomer["decisions"]} == {later}
    assert any(one["state"] == "placed" for one in newcomer["decisions"])
    assert {one["run_id"] for one in first["decisions"] if one["seat"]} == {house.run}
    assert {one["run_id"] for one in by_reference(house, FAR)["decisions"]} == {later}
