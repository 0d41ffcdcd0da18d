"""An absence stays unexplained until a named agent qualifies it; what is known of it stands beside the form."""

import re

import pytest

from tests.forms import Visitor
from tests.integration.attendance.taken import a_roll_taken


@pytest.fixture(scope="module")
def absent(tmp_path_factory):
    """Return a house in which one of the people of a signed roll was absent, and that person's reference."""
    with a_roll_taken(tmp_path_factory.mktemp("absences") / "var") as (house, _, missing):
        yield house, missing["reference"]


def test_an_agent_of_another_territory_may_not_qualify_it(absent):
    house, reference = absent
    planner = Visitor(house, "planner")
    house.account("elsewhere", "planner", "75")
    other = Visitor(house, "elsewhere")
    assert reference not in other.open("/attendance/absences").text
    other.page = planner.open("/attendance/absences")

    assert other.send("/absences/", reason="health").status_code == 403


def test_an_absence_is_qualified_by_a_choice_never_by_an_empty_field(absent):
    house, reference = absent
    planner = Visitor(house, "planner")
    planner.open("/attendance/absences")
    assert "unjustified" in planner.form("/absences/").fields["reason"]["choices"]

    refused = planner.send("/absences/")
    assert refused.status_code == 422
    assert "reason" in refused.text
    planner.open("/attendance/absences")
    assert planner.send("/attempts").status_code == 422

    assert reference in planner.open("/attendance/absences").text


def test_an_agent_notes_an_attempt_then_qualifies_the_absence_with_its_reason(absent):
    house, reference = absent
    planner = Visitor(house, "planner")
    listed = planner.open("/attendance/absences")
    assert reference in listed.text
    assert "personne n’a encore tenté" in listed.text

    tried = planner.send("/attempts", attempt="call:no_answer")
    assert "1 tentative" in re.sub(r"<[^>]+>", "", tried.text)

    done = planner.send("/absences/", reason="health")
    assert reference not in done.text
    assert "Aucune absence à qualifier" in done.text
