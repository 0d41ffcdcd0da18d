"""What a training body's people see of the tasks: those about their own groups that they can do, and no others."""

from dataclasses import replace

import pytest

from services.notifications.usecases import tasks
from shared.errors import NotFoundError
from shared.events import ProviderState
from shared.ids import new_id
from shared.rights import Principal
from shared.work import Work
from tests.integration.notifications.office import PARTS, an_office

BODY = new_id()


@pytest.fixture
def office(tmp_path):
    """A person who does not read, in a group of trainer F1 of body ORG, was written to: somebody has to tell them."""
    with an_office(tmp_path) as office:
        session = replace(office.session(), provider_id=BODY, trainer="F1")
        office.hear(ProviderState(subject_version=1, provider_id=BODY, code="ORG", label="Horizon"))
        office.hear(ProviderState(subject_version=1, provider_id=new_id(), code="AUTRE", label="Autre"))
        office.hear(office.site(), session, office.person(reads="no"), *[office.seat(part) for part in PARTS])
        office.run()
        yield office


def somebody(role, scope):
    return Principal(kind="person", id="x", role=role, scope=scope)


def act(office, who, use_case, *given, **named):
    with office.service.database.begin() as db:
        work = Work(db=db, who=who, now=office.clock.now(), voice=office.service.voice)
        return use_case(work, *given, **named)


def seen(office, who):
    return act(office, who, tasks.tasks_of, territory=None, kind=None, after=None, limit=50)["items"]


@pytest.mark.parametrize(
    ("role", "scope", "sees"),
    [
        ("provider_manager", "ORG", 1), ("trainer", "ORG/F1", 1), ("trainer", "ORG/F2", 0), ("trainer", "ORG", 0),
        ("provider_manager", "AUTRE", 0), ("trainer", "AUTRE/F1", 0), ("provider_manager", "", 0),
    ],
)  # fmt: skip
def test_a_body_sees_and_ends_the_tasks_of_its_own_groups(office, role, scope, sees):
    who = somebody(role, scope)
    (task,) = seen(office, somebody("planner", "93"))

    assert len(seen(office, who)) == sees
    if sees:
        office.end(task["id"], "told", who=who)
        assert seen(office, who) == []
    else:
        with pytest.raises(NotFoundError):
            office.end(task["id"], "told", who=who)
