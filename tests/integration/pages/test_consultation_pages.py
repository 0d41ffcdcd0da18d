"""Two steps of a publication by forms alone: a planner asks, a body answers on a phone, the planner decides."""

import re
from datetime import date, timedelta
from html import unescape

import pytest

from shared.ids import new_id
from tests.doors import OFFER, START, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor


@pytest.fixture
def house(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.account("body-AUTRE", "provider_manager", "AUTRE")
        house.account("elsewhere", "planner", "75")
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n) for n in range(1, 15)])).raise_for_status()
        house.run = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{house.run}", body)
        house.stage.run_jobs()
        yield house


def says(answer):
    assert answer.status_code < 400, answer.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def links(answer, start):
    return re.findall(rf'href="({start}[^"#]+)"', answer.text)


@pytest.fixture
def planner(house):
    planner = Visitor(house, "planner")
    planner.open(f"/planning/runs/{house.run}")
    planner.send("/consultation")
    return planner


@pytest.fixture
def body(house, planner):
    body = Visitor(house, "body-ORG")
    body.open("/planning/to-confirm")
    return body


def of_training(body, words):
    """Return the address of the first group of this training on the body's page."""
    cards = body.open("/planning/to-confirm").text.split("<section ")
    return next(re.search(r'href="(/planning/to-confirm/[^"#]+)"', card)[1] for card in cards if words in card)


def confirm_all(body):
    while body.has_form("/confirm"):
        body.send("/confirm")


def test_a_body_confirms_with_one_press_each_and_the_planner_publishes(house, planner, body):
    assert "Réponses attendues jusqu’au 08/04/2025" in says(planner.page)
    assert not planner.has_form("/publication")
    assert "93-2025-0000" not in body.page.text

    confirm_all(body)

    assert "confirmé" in says(body.page)
    planner.open(f"/planning/runs/{house.run}")
    done = planner.send("/publication")
    assert "publié" in says(done)
    assert not planner.has_form("/withdrawal")
    assert "Rien n’attend votre réponse" in says(body.open("/planning/to-confirm"))


def test_a_body_confirms_everything_it_sees_at_once_or_nothing(house, planner, body):
    stale = body.form("/to-confirm")
    assert len(stale.fields["group"]["value"]) > 1
    other = Visitor(house, "body-AUTRE")
    assert other.post("/planning/to-confirm", stale.values()).status_code == 404
    link = links(body.page, "/planning/to-confirm/")[0]
    body.open(link)
    body.send("/refuse", reason="closure")

    assert body.post("/planning/to-confirm", stale.values()).status_code == 409, "one of them was refused meanwhile"
    assert "confirmé" not in says(body.open("/planning/to-confirm"))
    fresh = body.form("/to-confirm") if body.has_form("/to-confirm") else None
    done = body.post("/planning/to-confirm", fresh.values()) if fresh else body.send("/confirm")
    assert "attend une réponse" not in says(done)
    if fresh:
        assert says(body.post("/planning/to-confirm", fresh.values())), "pressed twice, it is done once"
    planner.open(f"/planning/runs/{house.run}")
    assert "publié" in says(planner.send("/publication"))


def test_a_counter_proposal_is_weighed_before_it_is_accepted(house, planner, body):
    first, *rest = links(body.page, "/planning/to-confirm/")
    for link in rest:
        body.open(link)
        body.send("/refuse", reason="room")
    group = body.open(first)
    form = body.form("/counter")
    assert [one for one in form.fields["room"]["choices"] if one] == ["R1", "R2"]
    refused = body.send("/counter")
    assert refused.status_code == 422
    assert "une autre salle, un autre formateur ou un autre jour" in unescape(refused.text)
    room = "R2" if "Salle 1" in says(group) else "R1"
    body.send("/counter", room=room)
    assert "contre-proposition" in says(body.page)

    listed = says(planner.open("/planning/worklist?territory=93&owner=planner"))
    assert "Contre-proposition d’un organisme à examiner" in listed
    planner.open(f"/planning/runs/{house.run}")
    (link,) = links(planner.page, "/planning/counter-proposals/")
    assert "Personne ne perd sa place" in says(planner.open(link))
    accepted = says(planner.send("/accept"))
    assert "refusé par l’organisme la salle n’est pas disponible" in accepted
    published = says(planner.send("/publication"))
    assert f"{len(rest)} groupe" in published


def test_a_change_that_no_rule_allows_can_only_be_turned_down(house, planner, body):
    body.open(of_training(body, "Formation civique"))
    body.send("/counter", starts_on="2025-05-01")  # a public holiday
    planner.open(f"/planning/runs/{house.run}")
    (link,) = links(planner.page, "/planning/counter-proposals/")

    shown = says(planner.open(link))

    assert "Ce changement n’est pas possible" in shown
    assert not planner.has_form("/accept")
    planner.send("/turn_down")
    assert "contre-proposition non retenue" in says(planner.page)
    assert "répondez de nouveau" in says(body.open("/planning/to-confirm"))


def test_what_changes_under_the_planners_eyes_is_shown_again_and_not_accepted(house, planner, body):
    group = links(body.page, "/planning/to-confirm/")[0]
    body.open(group)
    body.send("/counter", starts_on=str(START.date() + timedelta(days=60)))
    planner.open(f"/planning/runs/{house.run}")
    (link,) = links(planner.page, "/planning/counter-proposals/")
    planner.open(link)
    stale = planner.form("/turn_down")
    body.open(group)
    body.send("/counter", starts_on=str(START.date() + timedelta(days=61)))

    refused = planner.post(stale.action, stale.values())

    assert refused.status_code == 409
    assert "L’organisme a répondu de nouveau" in unescape(refused.text)
    assert planner.has_form("/turn_down")


def test_overdue_groups_are_decided_on_the_runs_page(house, planner, body):
    later = START + timedelta(days=8)
    house.clock.set(later)
    assert "Groupe sans réponse de l’organisme" in says(planner.open("/planning/worklist?territory=93&owner=planner"))
    planner.open(f"/planning/runs/{house.run}")
    planner.send("/leave_out")
    while planner.has_form("/keep"):
        planner.send("/keep")

    assert "planner:planner" in says(planner.page)
    assert "publié" in says(planner.send("/publication"))


def test_nobody_else_opens_or_answers_what_a_body_is_asked(house, planner, body):
    link = links(body.page, "/planning/to-confirm/")[0]
    other = Visitor(house, "body-AUTRE")
    assert other.open(link).status_code == 404
    assert other.post(f"{link}/confirm", {}).status_code == 404
    assert "Rien n’attend votre réponse" in says(other.open("/planning/to-confirm"))
    elsewhere = Visitor(house, "elsewhere")
    group = link.rsplit("/", 1)[1]
    assert elsewhere.open(f"/planning/counter-proposals/{group}").status_code == 403
    assert elsewhere.post(f"/planning/counter-proposals/{group}/keep", {}).status_code == 403
    assert elsewhere.post(f"/planning/runs/{house.run}/consultation/withdrawal", {}).status_code == 403
    assert body.post(f"{link}/perhaps", {}).status_code == 404


def test_a_plan_can_be_taken_back_and_published_by_choice(house, planner, body):
    planner.open(f"/planning/runs/{house.run}")
    planner.send("/withdrawal")
    assert "Ce plan leur a été retiré" in says(planner.page)
    assert body.post(links(body.page, "/planning/to-confirm/")[0] + "/confirm", {}).status_code == 404

    assert "publié" in says(planner.send("/publication"))


def test_a_day_that_is_over_is_refused_at_its_field(house):
    planner = Visitor(house, "planner")
    planner.open(f"/planning/runs/{house.run}")

    refused = planner.send("/consultation", answer_by=str(date(2025, 3, 1)))

    assert refused.status_code == 422
    assert "hors des bornes" in unescape(refused.text)
    assert planner.has_form("/publication"), "one step stays possible"


def test_the_pages_are_in_english_too(house, planner, body):
    assert "Groups to confirm" in says(body.open("/planning/to-confirm?lang=en"))
    assert "Offer something else" in says(body.open(links(body.page, "/planning/to-confirm/")[0] + "?lang=en"))
    assert "What training bodies say" in says(planner.open(f"/planning/runs/{house.run}?lang=en"))


def test_a_body_reads_how_many_sit_in_a_room_and_who_lacks_the_qualification(house, planner, body):
    shown = says(body.open(of_training(body, "Formation civique")))

    assert "Salle 1 (25 places)" in shown
    assert "Formatrice 1 (sans" not in shown
    assert "(sans la qualification)" in shown
    empty = body.send("/counter")
    assert empty.status_code == 422
    assert "another room" not in empty.text, "no English on a French page"


def test_a_plan_for_a_day_beyond_a_year_is_refused(house, planner):
    planner.open("/planning/?territory=93&lang=fr")
    refused = planner.send("/planning/runs", programme="cir-2019", publish_on="9999-12-31")

    assert refused.status_code == 422


def test_a_plan_that_is_asked_for_twice_is_made_once(house, planner):
    planner.open("/planning/?territory=93&lang=fr")
    form = planner.form("/planning/runs")
    assert form.values()["programme"] == ["cir-2019"], "that of the last plan"
    sent = form.values() | {"publish_on": ["2025-04-20"]}

    pages = {planner.post(form.action, sent).url.path for _ in range(2)}

    assert len(pages) == 1
    assert planner.post(form.action, sent | {"publish_on": ["2025-04-21"]}).status_code == 409
