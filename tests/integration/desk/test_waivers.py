"""Waivers and measured travel times: plans, publications and desks read them; without agreement nothing is lifted."""

from datetime import date, timedelta

import pytest

from services.scheduler import storage
from services.scheduler.usecases import desk, planning, waivers
from services.scheduler.usecases.consultation import answering, asking, deciding
from services.scheduler.usecases.consultation.answering import Answer
from services.scheduler.usecases.consultation.deciding import Decision
from services.scheduler.usecases.waivers import Wanted
from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.rights import Principal
from tests.doors import OFFER, csv_of, xlsx_of
from tests.integration.desk.counter import AUDITOR, PLANNER, Counter
from tests.integration.desk.test_consultation import BODY, at_once

ELSEWHERE = Principal(kind="person", id="planner-75", role="planner", scope="75")
TODAY = date(2025, 4, 1)
TRAVEL = ("code_commune", "site", "mode", "minutes")


@pytest.fixture
def counter(database_url, tmp_path):
    counter = Counter(tmp_path, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(OFFER))
    counter.take_in(range(1, 15))
    yield counter
    counter.close()


def wanted(person=None, **changed):
    about = {"rule": "childcare", "reason": "relative_helps", "agreed_by": "person", "agreed_on": TODAY}
    return Wanted(signatory_id=person, **{**about, **changed})


def needs(counter, person):
    return counter.rows(storage.need, storage.need.c.signatory_id == person)


def planned(counter, run, person):
    return {str(row["id"]) for row in needs(counter, person)} & {one.need for one in counter.plan_of(run).placements}


def travel(counter, *rows):
    content = csv_of([dict(zip(TRAVEL, row, strict=True)) for row in rows], headers=TRAVEL)
    counter.send("offer", "trajets.csv", content)


def test_a_waiver_gives_a_seat_that_the_rule_forbade_and_the_run_says_so(counter):
    (person,) = counter.take_in([21], garde_enfants="oui")
    assert planned(counter, counter.plan(), person) == set()

    given = counter.do(waivers.give, new_id(), wanted(person))
    run = counter.plan()

    assert (given["agreed_by"], given["agreed_on"]) == ("person", TODAY)
    assert planned(counter, run, person)
    (row,) = counter.rows(storage.plan_run, storage.plan_run.c.id == run)
    used = row["summary"]["waivers"]
    assert {(one["rule"], one["person"]) for one in used} == {("childcare", str(person))}
    counter.publish(run)
    assert counter.rows(storage.placement, storage.placement.c.signatory_id == person)
    codes = [row["code"] for row in counter.rows(storage.dossier_entry, storage.dossier_entry.c.person_id == person)]
    assert "waiver_given_childcare" in codes


def test_a_waiver_that_ended_before_the_publication_carries_nobody(counter):
    (person,) = counter.take_in([21], garde_enfants="oui")
    key = new_id()
    counter.do(waivers.give, key, wanted(person))
    run = counter.plan()
    assert planned(counter, run, person)

    counter.do(waivers.end, key)
    ended = counter.do(waivers.end, key)
    counter.publish(run)

    assert (ended["ended_on"], ended["ended_by"]) == (TODAY, "planner:planner")
    assert counter.rows(storage.placement, storage.placement.c.signatory_id == person) == []
    assert {row["reason"]["code"] for row in needs(counter, person) if row["state"] == "unplaced"} == {"seat_gone"}


def test_a_new_waiver_is_a_reason_to_plan_again(counter):
    (person,) = counter.take_in([21], garde_enfants="oui")
    counter.publish(counter.plan())

    def asked():
        ask = {"territory": "93", "programme": "cir-2019", "publish_on": TODAY, "seconds": 1, "work_limit": 1}
        return counter.do(planning.ask_run, new_id(), **ask)["state"]

    assert asked() == "unchanged"
    counter.do(waivers.give, new_id(), wanted(person))
    assert asked() == "asked"


def test_at_the_desk_a_waiver_counts_too(counter):
    counter.publish(counter.plan())
    (person,) = counter.take_in([21], garde_enfants="oui")
    assert counter.do(desk.show, new_id(), person, who=AUDITOR)["itineraries"] == []

    counter.do(waivers.give, new_id(), wanted(person))

    assert counter.do(desk.show, new_id(), person, who=AUDITOR)["itineraries"]


def test_what_may_be_waived_for_whom_is_a_closed_list(counter):
    (person,) = counter.take_in([21])
    for changed, fault in (
        ({"rule": "lot"}, ("rule", "not_waivable")),
        ({"rule": "size"}, ("rule", "not_waivable")),
        ({"reason": "because"}, ("reason", "choice")),
        ({"agreed_by": "planner"}, ("agreed_by", "choice")),
        ({"agreed_on": TODAY + timedelta(days=1)}, ("agreed_on", "range")),
        ({"session_id": new_id()}, ("signatory_id", "one_of")),
    ):
        with pytest.raises(InvalidInputError) as error:
            counter.do(waivers.give, new_id(), wanted(person, **changed))
        assert [(one.field, one.rule) for one in error.value.faults] == [fault]
    for nobody in (wanted(new_id()), wanted(session_id=new_id(), rule="size", agreed_by="body")):
        with pytest.raises(NotFoundError):
            counter.do(waivers.give, new_id(), nobody)
    assert counter.rows(storage.waiver) == []


def test_a_waiver_is_given_once_and_by_its_own_territory(counter):
    (person,) = counter.take_in([21])
    with pytest.raises(ForbiddenError):
        counter.do(waivers.give, new_id(), wanted(person), who=ELSEWHERE)
    key = new_id()
    assert at_once([lambda: counter.do(waivers.give, key, wanted(person)) for _ in range(3)]) == ["done"] * 3
    assert counter.do(waivers.give, key, wanted(person))["id"] == key
    for other, code in ((key, "id_reused"), (new_id(), "waived_before")):
        with pytest.raises(ConflictError) as error:
            counter.do(waivers.give, other, wanted(person, reason="other"))
        assert error.value.code == code
    with pytest.raises(ForbiddenError):
        counter.do(waivers.end, key, who=ELSEWHERE)
    assert len(counter.rows(storage.waiver)) == 1


def test_two_planners_who_waive_the_same_at_once_give_one_waiver(counter):
    (person,) = counter.take_in([21])

    said = at_once([lambda: counter.do(waivers.give, new_id(), wanted(person)) for _ in range(4)])

    assert sorted(said) == ["done", "waived_before", "waived_before", "waived_before"]


def test_measured_minutes_go_before_the_estimate_for_plans_and_desks_and_can_be_taken_back(counter):
    (person,) = counter.take_in([21], trajet_max_min="5")  # getting on and off takes longer than that
    assert planned(counter, counter.plan(), person) == set()

    travel(counter, ("93008", "S1", "transport", "4"))
    run = counter.plan()

    assert planned(counter, run, person)
    counter.publish(run)
    (other,) = counter.take_in([22], trajet_max_min="5")
    shown = counter.do(desk.show, new_id(), other, who=AUDITOR)
    assert {step["travel_minutes"] for one in shown["itineraries"] for step in one["steps"]} == {4}
    travel(counter, ("93008", "S1", "transport", "estimation"))
    assert counter.rows(storage.travel_time) == []
    assert counter.do(desk.show, new_id(), other, who=AUDITOR)["itineraries"] == []


def test_a_group_may_open_with_fewer_when_its_body_agrees_and_the_waiver_goes_along(database_url, tmp_path):
    counter = Counter(tmp_path, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(OFFER))
    counter.take_in(range(1, 12), formation_linguistique="aucune", niveau="A1")
    counter.take_in(range(31, 34), formation_linguistique="aucune", niveau="A1", jeudi="")
    run = counter.plan()
    counter.do(asking.propose, run, None)
    groups = counter.do(asking.of_run, run)["sessions"]
    first = min(groups, key=lambda one: one["starts_on"])
    days = [date.fromisoformat(one["day"]) for one in first["session"]["meetings"]]
    for one in groups:
        if one["id"] != first["id"]:
            counter.do(answering.answer, one["id"], new_id(), Answer(answer="refuse", reason="room"), who=BODY)
    later = next(
        n
        for n in range(7, 15)
        if 3 in {(day + timedelta(days=n)).weekday() for day in days}
        and max((day + timedelta(days=n)).weekday() for day in days) < 5
    )
    offered = Answer(answer="counter", starts_on=days[0] + timedelta(days=later))
    counter.do(answering.answer, first["id"], new_id(), offered, who=BODY)
    assert {one["rule"] for one in counter.do(deciding.effect, first["id"])["broken"]} == {"size"}

    counter.do(
        waivers.give, new_id(), wanted(session_id=first["session_id"], rule="size", reason="body_can", agreed_by="body")
    )
    seen = counter.do(deciding.effect, first["id"])
    assert seen["broken"] == []
    accept = Decision(decision="accept", answer_id=seen["answer_id"], effect=seen["effect"])
    counter.do(deciding.decide, first["id"], new_id(), accept)
    published = counter.publish(run)

    (session,) = counter.rows(storage.session)
    (waiver,) = counter.rows(storage.waiver)
    assert waiver["session_id"] == session["id"]
    assert {one["rule"] for one in published["summary"]["waivers"]} == {"size"}
    assert len({row["signatory_id"] for row in counter.rows(storage.placement)}) == 11
    counter.close()


def test_the_planner_is_the_one_who_is_named(counter):
    (person,) = counter.take_in([21])
    row = counter.do(waivers.give, new_id(), wanted(person), who=PLANNER)
    assert (row["actor"], row["at"]) == ("planner:planner", counter.clock.now())


@pytest.mark.parametrize("day", [date(1, 1, 1), TODAY - timedelta(days=732), TODAY + timedelta(days=1)])
def test_a_day_on_which_nobody_can_have_agreed_is_refused_by_name(counter, day):
    (person,) = counter.take_in([20])

    with pytest.raises(InvalidInputError) as refused:
        counter.do(waivers.give, new_id(), wanted(person, agreed_on=day))

    assert [(one.field, one.rule) for one in refused.value.faults] == [("agreed_on", "range")]
