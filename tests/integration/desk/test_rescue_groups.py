"""New groups for late people: searched in a process of its own, opened in one transaction, never against a rule."""

from datetime import timedelta

import pytest

from services.scheduler import storage
from services.scheduler.jobs import JOB_KINDS
from services.scheduler.usecases import rescue, rescue_groups
from shared import jobs
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.ids import new_id
from shared.rights import Principal
from tests.doors import xlsx_of
from tests.integration.desk.counter import Counter
from tests.integration.desk.test_races import at_once
from tests.integration.desk.test_rescue import (
    MORNINGS,
    SIGNED,
    SLOW,
    TWO_TRAINERS,
    free_all_day,
    holds,
    late,
    seats,
)

OTHER = Principal(kind="person", id="x", role="planner", scope="75")


@pytest.fixture
def counter(database_url, tmp_path):
    """Eight people in a slow course that ends after their term, free all day since; a trainer and a room are free."""
    counter = Counter(tmp_path, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(TWO_TRAINERS))
    counter.take_in(SLOW, **SIGNED, **MORNINGS)
    counter.publish(counter.plan(work_limit=8))
    free_all_day(counter, *SLOW)
    yield counter
    counter.close()


def search(counter):
    search_id = new_id()
    counter.do(rescue_groups.ask, search_id, "93", "cir-2019")
    counter.do(rescue_groups.ask, search_id, "93", "cir-2019")
    service = counter.service
    assert jobs.run_job(JOB_KINDS, service.database, counter.clock, service.voice, search_id)
    return counter.do(rescue_groups.find, search_id)


def test_a_group_that_ends_in_time_is_found_and_opened_once(counter):
    before = late(counter)
    assert len(before) == 8
    assert {one["why"]["code"] for one in before} == {"no_quicker_group"}

    found = search(counter)

    assert (found["state"], found["error"]) == ("ready", None)
    (group,) = found["groups"]
    assert (group["people"], len(group["late"]), group["open"]) == (8, 8, False)
    assert group["ends_on"] <= before[0]["term_on"]
    for _ in range(2):
        opened = counter.do(rescue_groups.open_group, found["id"], group["session_id"])
        assert opened == {"session_id": group["session_id"], "people": 8}
    assert late(counter) == []
    for one in before:
        assert seats(counter, one["signatory_id"])[group["session_id"]] == "active"
    assert holds(counter)
    assert counter.crowded() == {}
    assert counter.do(rescue_groups.latest, "93")["groups"][0]["open"] is True


def test_a_button_pressed_twice_at_once_opens_one_group(counter):
    found = search(counter)
    (group,) = found["groups"]
    (first, *_) = late(counter)

    done = at_once([lambda: counter.do(rescue_groups.open_group, found["id"], group["session_id"]) for _ in range(4)])

    assert done == 4
    assert list(seats(counter, first["signatory_id"]).values()).count("active") == 1
    assert len(counter.rows(storage.session, storage.session.c.id == group["session_id"])) == 1
    assert holds(counter)


def test_people_who_wait_for_the_same_course_fill_the_group(counter):
    for one in late(counter)[:3]:
        counter.take_in([int(one["reference"][-6:])], **SIGNED, **MORNINGS)  # three can come in the morning only, again
    counter.take_in(range(30, 34), date_signature="2025-03-10")

    found = search(counter)

    (group,) = found["groups"]
    assert len(group["late"]) == 5
    assert group["people"] == 9
    counter.do(rescue_groups.open_group, found["id"], group["session_id"])
    assert len(late(counter)) == 3
    assert holds(counter)


def test_a_group_is_not_opened_when_somebody_has_another_seat_by_now(counter):
    found = search(counter)
    (group,) = found["groups"]
    day = min(one["joins_on"] for one in late(counter))
    counter.clock.set(counter.clock.now() + timedelta(days=(day - counter.clock.now().date()).days))

    with pytest.raises(ConflictError) as refused:
        counter.do(rescue_groups.open_group, found["id"], group["session_id"])

    assert refused.value.code == "no_longer_fits"
    assert counter.rows(storage.session, storage.session.c.id == group["session_id"]) == []


def test_a_plan_made_before_a_group_was_opened_is_outdated(counter):
    counter.take_in(range(30, 34))
    run_id = counter.plan()
    found = search(counter)
    counter.do(rescue_groups.open_group, found["id"], found["groups"][0]["session_id"])

    with pytest.raises(ConflictError) as refused:
        counter.publish(run_id)
    assert refused.value.code == "plan_outdated"


def test_a_search_is_of_its_territory_and_finds_nothing_where_nobody_is_late(counter):
    found = search(counter)
    with pytest.raises(ForbiddenError):
        counter.do(rescue_groups.open_group, found["id"], found["groups"][0]["session_id"], who=OTHER)
    with pytest.raises(ForbiddenError):
        counter.do(rescue_groups.ask, new_id(), "93", "cir-2019", who=OTHER)
    with pytest.raises(ConflictError):
        counter.do(rescue_groups.ask, found["id"], "93", "cir-2025")
    with pytest.raises(NotFoundError):
        counter.do(rescue_groups.open_group, found["id"], new_id())
    counter.do(rescue_groups.open_group, found["id"], found["groups"][0]["session_id"])

    assert counter.do(rescue.late, "93") == []
    assert search(counter)["groups"] == []
