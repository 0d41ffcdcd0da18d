"""A planner makes a scenario with forms alone: changes added and taken out, refused at their field, then compared."""

import re

import pytest

from tests.doors import OFFER, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("scenarios") / "var") as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mois.csv", csv_of([person(number) for number in range(1, 15)])).raise_for_status()
        house.account("elsewhere", "planner", "75")
        house.drain()
        yield house


@pytest.fixture
def planner(house):
    return Visitor(house, "planner")


def draft(planner, name="Sans la salle"):
    planner.open("/planning/scenarios?territory=93&lang=fr")
    made = planner.send("/planning/scenarios", name=name, programme="cir-2019")
    assert made.status_code == 200, made.text
    return made.url.path


def test_a_scenario_from_its_name_to_its_comparison(house, planner):
    path = draft(planner)
    assert not planner.has_form(f"{path}/solving"), "nothing to solve yet"
    planner.send(f"{path}/changes/room_less", room="R1")
    planner.send(f"{path}/changes/trainer_away", trainer="F1", first="2025-04-01", last="2026-06-30")
    planner.send(f"{path}/changes/interpreter_days", language="ar", days="2025-05-05 2025-05-06")
    planner.send(f"{path}/changes/lot_changed", lot="L1", percent="-60")
    planner.send(f"{path}/changes/size_changed", training="language", minimum="6")
    for words in ("Sans la salle Bobigny, Salle 1", "absent du", "05/05/2025", "-60 %", "groupes de 6"):
        assert words in planner.page.text, words
    drop = next(form.action for form in planner.forms() if form.action.endswith("/dropping"))
    planner.send(drop)
    assert "Sans la salle Bobigny" not in planner.page.text

    planner.send(f"{path}/solving", seconds="2")
    assert "Calcul en cours" in planner.page.text
    assert not planner.has_form(f"{path}/changes/room_less")
    house.stage.run_jobs()
    planner.open(path)

    for words in ("Qui y gagne, qui y perd", "besoins sans place", "Sans changement", "Euros des commandes"):
        assert words in planner.page.text, words
    assert "/publication" not in planner.page.text
    assert planner.has_form("/planning/sign-out"), "the frame still knows who reads"
    copied = planner.send(f"{path}/copy", name="Encore")
    assert copied.url.path != path
    assert "absent du" in copied.text
    planner.open("/planning/scenarios?territory=93")
    assert planner.page.text.count("/planning/scenarios/") >= 2


def test_a_refused_change_comes_back_with_what_was_typed_at_its_field(planner):
    path = draft(planner)

    late = planner.send(f"{path}/changes/site_closed", site="S1", first="2025-06-02", last="2025-06-01")
    assert late.status_code == 422
    assert "dans le mauvais ordre" in late.text
    assert 'value="2025-06-02"' in late.text

    empty = planner.send(f"{path}/changes/room_more")
    assert empty.status_code == 422
    assert "à remplir" in empty.text
    unknown = planner.post(f"{path}/changes/room_more", {"like": "R9"})
    assert unknown.status_code == 422
    assert "inconnu dans cette offre" in unknown.text
    assert planner.post(f"{path}/changes/more_money", {"like": "R1"}).status_code == 404
    planner.open(path)
    assert "Aucun changement" in planner.page.text


def test_a_form_sent_twice_adds_one_change(planner):
    path = draft(planner)
    form = planner.form(f"{path}/changes/room_more")
    sent = form.values() | {"like": ["R1"]}

    for _ in range(2):
        assert planner.post(form.action, sent).status_code == 200

    assert planner.page.text.count("Une salle de plus, comme") == 1


def test_a_scenario_of_a_programme_under_which_nothing_is_owed_is_refused_in_words(planner):
    planner.open("/planning/scenarios?territory=93&lang=fr")

    refused = planner.send("/planning/scenarios", name="x", programme="cai-seed")

    assert refused.status_code == 422
    assert "rien n’est à planifier" in refused.text


def test_scenarios_of_another_territory_are_not_shown(house, planner):
    path = draft(planner)
    other = Visitor(house, "elsewhere")

    assert other.open(path).status_code == 403
    assert other.open("/planning/scenarios?territory=93").status_code == 403
    assert other.post(f"{path}/changes/room_more", {"like": "R1"}).status_code == 403
    assert other.post(f"{path}/solving", {"seconds": "2"}).status_code == 403
    reader = Visitor(house, "controller")
    assert reader.open(path).status_code == 200
    assert not reader.has_form(f"{path}/changes/room_more")
    assert reader.post(f"{path}/solving", {"seconds": "2"}).status_code == 403


def test_codes_have_names_and_bounds_are_said_in_no_language(planner):
    path = draft(planner)
    planner.send(f"{path}/changes/trainer_away", trainer="F1", first="2025-04-01", last="2026-06-30")
    planner.send(f"{path}/changes/interpreter_more", language="ar")
    for words in ("Formatrice 1, civique (F1)", "Un interprète de plus : arabe"):
        assert words in planner.page.text, words

    refused = planner.send(f"{path}/changes/lot_changed", lot="L1", percent="-101")

    assert "-100 – 1000" in refused.text
    assert "Must be" not in refused.text
    assert "One more interpreter: Arabic" in planner.open(f"{path}?lang=en").text
    planner.open(f"{path}?lang=fr")


def test_what_grows_and_shrinks_has_a_sign(house, planner):
    path = draft(planner)
    planner.send(f"{path}/changes/lot_changed", lot="L1", percent="-100")
    planner.send(f"{path}/solving", seconds="2")
    house.stage.run_jobs()

    shown = planner.open(path).text

    assert "peut venir de la recherche elle-même" in shown
    assert re.search(r'tile-value">[+-][\d\u202f]+</p><p class="tile-label">Euros des commandes', shown)
