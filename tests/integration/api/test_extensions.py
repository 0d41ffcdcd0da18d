"""A term moves by a recorded decision and by nothing else, through the doors of the agent and of the prefecture."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.scheduler import storage
from services.scheduler.domain.extension import REASONS
from tests.doors import OFFER, SCANNED, a_house, csv_of, person, xlsx_of

TESTS = 16  # each takes a contract of its own
NEAR_TERM = datetime(2026, 1, 20, 9, tzinfo=UTC)
DRAFT = {"reason": "illness", "stated_by": "person", "months": 6, "opinion": "Assidue, formation en cours."}
GRANT = {
    "accepted": True, "reference": "93-2026-12", "decided_on": "2026-01-20", "months": 6, "lawful_stay": True,
    "notified_on": "2026-01-20",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("extensions") / "var") as house:
        house.contracts = bring_to_term(house)
        yield house


@pytest.fixture
def flagged(house):
    """Somebody who came to a first half-day and whose term is near; return (house, contract id), each test its own."""
    return house, house.contracts.pop()


def bring_to_term(house):
    people = csv_of([person(n) for n in range(25)])
    house.send("offre.xlsx", xlsx_of(OFFER), kind="offer")
    house.send("signataires.csv", people)
    run = str(uuid4())
    house.planner.put(f"/planning/api/v1/runs/{run}", {"territory": "93", "programme": "cir-2019", "seconds": 3})
    house.stage.run_jobs()
    house.planner.post(f"/planning/api/v1/runs/{run}/publication")
    house.drain()
    body = house.door("body-ORG")
    sessions = house.planner.items("/planning/api/v1/sessions", territory="93")
    for session in sorted(sessions, key=lambda one: -one["taken"]):  # the fullest group: each test takes a contract
        house.clock.set(datetime.fromisoformat(session["starts_on"]).replace(tzinfo=UTC) + timedelta(hours=20))
        for roll in body.items("/attendance/api/v1/rolls", day=session["starts_on"], people="true"):
            if not roll["people"]:
                continue
            marks = [
                {"id": str(uuid4()), "signatory_id": one["signatory_id"], "status": "present", **SCANNED}
                for one in roll["people"]
            ]
            sheet = {"meeting_id": roll["id"], "marks": marks, "sign": True}
            body.post("/attendance/api/v1/rolls/marks", {"rolls": [sheet]})
            house.clock.set(NEAR_TERM)
            house.drain()
            found = flags(house)
            assert len(found) >= TESTS
            return sorted(found)
    raise AssertionError("nobody has a seat")


def flags(house):
    listed = house.planner.items("/attendance/api/v1/flags", territory="93", state="open")
    return {one["contract_id"] for one in listed if one["kind"] == "extension_review_due"}


def ask(house, login, method, path, body):
    headers = {"Authorization": f"Bearer {house.token(login)}"}
    return house.client.request(method, f"/planning/api/v1{path}", json=body, headers=headers)


def proposals_of(house, contract):
    listed = house.planner.items("/planning/api/v1/proposals", territory="93")
    return [one for one in listed if one["contract_id"] == contract]


def propose(house, contract, **changed):
    proposal = str(uuid4())
    answer = ask(house, "planner", "PUT", f"/contracts/{contract}/proposals/{proposal}", DRAFT | changed)
    return proposal, answer


def decide(house, proposal, login="prefecture", **changed):
    return ask(house, login, "POST", f"/proposals/{proposal}/decision", GRANT | changed)


def term(house, contract):
    with house.house.services["scheduler"].database.read() as db:
        return db.execute(sa.select(storage.contract.c.term_on).where(storage.contract.c.id == UUID(contract))).scalar()


def test_an_accepted_proposal_moves_the_term_tells_attendance_and_a_file_does_not_take_it_back(flagged):
    house, contract = flagged
    before = term(house, contract)
    proposal, proposed = propose(house, contract)
    assert proposed.status_code == 200, proposed.text
    assert proposed.json()["evidence"]
    assert term(house, contract) == before, "a proposal moves nothing"

    decided = decide(house, proposal)
    house.drain()

    assert decided.status_code == 200, decided.text
    after = term(house, contract)
    assert (after.year - before.year) * 12 + after.month - before.month == 6
    assert decided.json()["term_after"] == after.isoformat()
    assert contract not in flags(house), "the evidence of the flag fell"
    house.send("signataires.csv", csv_of([person(n, alias="Lys") for n in range(25)]))
    house.drain()
    assert term(house, contract) == after


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"months": 13}, "months"),
        ({"months": 7, "reason": "work"}, "months"),
        ({"months": 0}, "months"),
        ({"reason": "holiday"}, "reason"),
        ({"opinion": " "}, "opinion"),
    ],
)
def test_a_bad_proposal_is_refused_by_field_and_changes_nothing(flagged, changed, field):
    house, contract = flagged

    _, answer = propose(house, contract, **changed)

    assert answer.status_code == 422
    assert any(fault["field"].endswith(field) for fault in answer.json()["errors"])
    assert proposals_of(house, contract) == []


def test_one_proposal_waits_at_a_time_and_only_where_a_flag_stands(flagged):
    house, contract = flagged
    first, _ = propose(house, contract)

    assert propose(house, contract)[1].json()["code"] == "proposal_pending"
    assert (
        decide(house, first, accepted=False, months=0, refusal_reason="absence de preuve", appeal_routes="recours")
        .raise_for_status()
        .status_code
        == 200
    )
    assert decide(house, first).json()["code"] == "decided_before"
    without = next(
        need["contract_id"]
        for need in house.planner.items("/planning/api/v1/needs", territory="93")
        if need["contract_id"] not in flags(house)
    )
    assert propose(house, without)[1].json()["code"] == "no_flag"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"lawful_stay": False}, "lawful_stay"),
        ({"months": 7}, "months"),
        ({"reference": " "}, "reference"),
        ({"decided_on": "2026-01-21"}, "decided_on"),
        ({"decided_on": "2026-01-19"}, "decided_on"),
        ({"accepted": False, "months": 0}, "refusal_reason"),
        ({"notified_on": "2026-01-19"}, "notified_on"),
    ],
)
def test_a_bad_decision_is_refused_by_field_and_moves_no_term(flagged, changed, field):
    house, contract = flagged
    before = term(house, contract)
    proposal, _ = propose(house, contract)

    answer = decide(house, proposal, **changed)

    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == {field}
    assert term(house, contract) == before


def test_only_the_prefecture_decides_and_only_agents_propose(flagged):
    house, contract = flagged
    proposal, _ = propose(house, contract)

    assert decide(house, proposal, login="planner").status_code == 403
    denied = ask(house, "prefecture", "PUT", f"/contracts/{contract}/proposals/{uuid4()}", DRAFT)
    assert denied.status_code == 403


def test_no_sequence_of_proposals_and_decisions_moves_a_term_by_more_than_was_decided(flagged):
    house, contract = flagged
    start = term(house, contract)

    class Life(RuleBasedStateMachine):
        """Proposals and decisions in any order, on one contract that outlives the examples."""

        @rule(months=st.integers(-1, 14), reason=st.sampled_from(REASONS))
        def propose(self, months, reason):
            propose(house, contract, months=months, reason=reason)

        @rule(months=st.integers(0, 14), accepted=st.booleans(), lawful=st.booleans())
        def decide(self, months, accepted, lawful):
            words = "" if accepted else "motif"
            for one in proposals_of(house, contract):
                if one["state"] == "pending":
                    changed = {"months": months, "accepted": accepted, "lawful_stay": lawful}
                    changed |= {"refusal_reason": words, "appeal_routes": words}
                    decide(house, one["id"], **changed)

        @invariant()
        def the_term_is_what_was_decided(self):
            found = proposals_of(house, contract)
            granted = sum(one["months_granted"] or 0 for one in found if one["state"] == "accepted")
            moved = term(house, contract)
            assert (moved.year - start.year) * 12 + moved.month - start.month == granted <= 12
            assert sum(one["state"] == "pending" for one in found) <= 1

    case = Life.TestCase
    case.settings = settings(
        max_examples=8, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case().runTest()
    assert proposals_of(house, contract), "something was proposed"
