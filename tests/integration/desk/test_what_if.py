"""Scenarios and advice on both databases: their jobs keep what was found, and nothing else changes."""

import pytest

from services.scheduler import storage
from services.scheduler.domain.scenario import InterpreterMore, SiteClosed
from services.scheduler.jobs import JOB_KINDS
from services.scheduler.usecases import advising, overview, scenarios
from shared import jobs
from shared.errors import ConflictError, ForbiddenError, InvalidInputError
from shared.ids import new_id
from shared.rights import Principal
from tests.integration.desk.counter import START

OTHER = Principal(kind="person", id="x", role="planner", scope="75")
LIMITS = {"seconds": 60, "work_limit": 2}


def run_job(counter, job_id):
    return jobs.run_job(JOB_KINDS, counter.service.database, counter.clock, counter.service.voice, job_id)


def scenario(counter, *changes, **given):
    asked = {"territory": "93", "programme": "cir-2019", "name": "Essai", "changes": changes} | given
    return counter.do(scenarios.create, new_id(), **asked)["id"]


def test_a_closed_site_cancels_published_groups_in_the_copy_only(counter):
    first, last = START.date(), START.date().replace(year=2026)
    before = counter.do(overview.digests)
    scenario_id = scenario(counter, SiteClosed(site="S1", first=first, last=last))
    counter.do(scenarios.ask, scenario_id, **LIMITS)

    assert run_job(counter, scenario_id)

    found = counter.do(scenarios.find, scenario_id)
    assert (found["state"], found["error"]) == ("ready", None)
    result = found["result"]
    assert result["cancelled"] == {"groups": len(counter.rows(storage.session)), "people": 14}
    assert result["base"]["placed"] == len(counter.rows(storage.placement))
    assert result["scenario"]["placed"] == 0
    assert counter.do(overview.digests) == before, "nothing that is published has changed"


def test_the_published_run_is_a_base(counter):
    (run,) = counter.rows(storage.plan_run)
    assert [one["id"] for one in counter.do(scenarios.bases, "93")] == [run["id"]]
    scenario_id = scenario(counter, InterpreterMore(language="ar"), base_run_id=run["id"])
    counter.do(scenarios.ask, scenario_id, **LIMITS)
    run_job(counter, scenario_id)

    result = counter.do(scenarios.find, scenario_id)["result"]

    assert result["base"]["problem"] == counter.plan_of(run["id"]).problem
    with pytest.raises(InvalidInputError) as refused:
        scenario(counter, InterpreterMore(language="ar"), base_run_id=new_id())
    assert refused.value.faults[0].field == "base_run_id"


def test_what_is_refused_is_not_solved(counter):
    scenario_id = scenario(counter, SiteClosed(site="S1", first=START.date(), last=START.date()))
    with pytest.raises(InvalidInputError):
        counter.do(scenarios.ask, scenario(counter), **LIMITS)
    with pytest.raises(ForbiddenError):
        counter.do(scenarios.ask, scenario_id, **LIMITS, who=OTHER)
    with pytest.raises(ForbiddenError):
        scenario(counter, territory="75")
    assert {row["state"] for row in counter.rows(storage.scenario)} == {"draft"}


def test_advice_on_a_published_run_is_kept_beside_it(counter):
    counter.take_in(range(20, 34), langues_parlees="tr", langue_lecture="tr")
    run_id, advice_id = counter.plan(), new_id()
    counter.do(advising.ask, run_id, advice_id, top=2, seconds=30)
    counter.do(advising.ask, run_id, advice_id, top=2, seconds=30)

    assert run_job(counter, advice_id)

    run, found = counter.do(advising.latest, run_id)
    assert (found["id"], found["state"]) == (advice_id, "ready")
    assert found["result"]["items"][0]["people"] == 14
    assert run["state"] == "ready"
    with pytest.raises(ForbiddenError):
        counter.do(advising.find, run_id, advice_id, who=OTHER)
    with pytest.raises(ConflictError):
        counter.do(advising.ask, run_id, advice_id, top=3, seconds=30)
