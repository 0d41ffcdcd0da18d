"""The life of a contract through the doors: no sequence of moves does what only a recorded decision may do."""

from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.scheduler import storage
from services.scheduler.domain.duties import DUTIES, OUTCOMES
from services.scheduler.domain.life import FINAL, MOVES, REASONS, STATES, moves_from
from services.scheduler.usecases import life
from shared.ids import new_id
from shared.rights import service_principal
from shared.work import Work
from tests.doors import a_house, csv_of, person

SIGNED = date(2025, 3, 10)
TERM = date(2026, 3, 9)
ROLES = ("planner", "auditor", "prefecture")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("life") / "var") as house:
        house.numbers = iter(range(100, 10_000))
        for code in ("69", "75"):
            house.account(f"planner-{code}", "planner", code)
        yield house


@pytest.fixture
def contract(house):
    """Return the id of a fresh running contract, in April 2025."""
    return fresh(house)


def fresh(house):
    return fresh_at(house, date(2025, 4, 1))


def fresh_at(house, day):
    house.clock.set(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
    number = next(house.numbers)
    house.send("un.csv", csv_of([person(number, nom=f"Vie{number}", date_signature=str(SIGNED))])).raise_for_status()
    with house.house.services["scheduler"].database.read() as db:
        query = sa.select(storage.contract.c.id).join(
            storage.signatory, storage.signatory.c.id == storage.contract.c.signatory_id
        )
        return str(db.scalar(query.where(storage.signatory.c.reference == f"93-2025-{number:06d}")))


def today(house):
    return house.clock.now().date()


def act(house, contract, move, login="planner", **fields):
    fields = {name: value for name, value in fields.items() if value is not None}
    body = {"move": move, "on": str(today(house))} | fields
    return house.ask(login, "PUT", f"/contracts/{contract}/moves/{new_id()}", body)


def read(house, contract):
    return house.ask("admin", "GET", f"/contracts/{contract}").json()


def needs(house, contract):
    with house.house.services["scheduler"].database.read() as db:
        query = sa.select(storage.need.c.state).where(storage.need.c.contract_id == UUID(contract))
        return set(db.scalars(query))


def end_trainings(house, contract, outcome="completed"):
    """Let attendance say that every training ended, as its event would."""
    service = house.house.services["scheduler"]
    with service.database.begin() as db:
        work = Work(db=db, who=service_principal("scheduler"), now=service.clock.now(), voice=service.voice)
        for training in ("civic", "language"):
            life.settle(work, UUID(contract), training, outcome, today(house))


def pass_time(house, days):
    house.clock.set(house.clock.now() + timedelta(days=days))
    life.look_at_terms(house.house.services["scheduler"])


def test_a_postponed_training_waits_and_its_term_does_not_move(house, contract):
    assert act(house, contract, "postpone", reason="holiday").json()["errors"][0]["field"] == "reason"
    assert act(house, contract, "postpone", reason="pregnancy").json()["state_after"] == "training_postponed"

    assert needs(house, contract) == {"held"}
    assert read(house, contract)["term_on"] == str(TERM)
    assert act(house, contract, "resume").json()["state_after"] == "running"
    assert needs(house, contract) == {"open"}


def test_a_term_that_passes_without_a_decision_is_an_alarm_and_moves_nothing(house, contract):
    house.clock.set(datetime(2026, 3, 9, 9, tzinfo=UTC))
    life.look_at_terms(house.house.services["scheduler"])
    assert read(house, contract)["state"] == "running", "the last day is not over"

    pass_time(house, 1)

    seen = read(house, contract)
    assert (seen["state"], seen["term_on"]) == ("term_passed_decision_pending", str(TERM))
    assert seen["moves"][-1]["actor"].startswith("service:")
    late = {"reason": "illness", "stated_by": "person", "months": 3, "opinion": "Assidue."}
    proposal = str(new_id())
    house.ask("planner", "PUT", f"/contracts/{contract}/proposals/{proposal}", late).raise_for_status()
    yes = {"accepted": True, "reference": "93-1", "decided_on": "2026-03-10", "months": 3, "lawful_stay": True}
    yes |= {"notified_on": "2026-03-10"}
    house.ask("prefecture", "POST", f"/proposals/{proposal}/decision", yes).raise_for_status()
    assert (read(house, contract)["state"], read(house, contract)["term_on"]) == ("running", "2026-06-09")


def test_a_proposal_after_the_late_window_is_refused(house, contract):
    house.clock.set(datetime(2026, 6, 1, 9, tzinfo=UTC))
    life.look_at_terms(house.house.services["scheduler"])
    late = {"reason": "illness", "stated_by": "person", "months": 3, "opinion": "Assidue."}

    answer = house.ask("planner", "PUT", f"/contracts/{contract}/proposals/{new_id()}", late)

    assert (answer.status_code, answer.json()["code"]) == (409, "late_window_over")
    closed = act(house, contract, "record_end", "prefecture", reason="no_extension_proposed", reference="93-2")
    assert closed.json()["state_after"] == "ended_incomplete"


def test_a_termination_waits_a_month_from_proven_notification(house, contract):
    words = {"reason": "absence_without_legitimate_reason", "words": "Douze absences ; carte pluriannuelle en jeu."}
    assert act(house, contract, "propose_termination", **words).json()["state_after"] == "termination_under_review"
    end = {"reference": "93-3", "words": "Résilié.", "notified_on": str(today(house))}
    assert act(house, contract, "terminate", "prefecture", **end).json()["code"] == "not_notified"
    told = {"reference": "93-2", "notified_on": str(today(house))}
    assert act(house, contract, "notify_termination", "prefecture", **told).status_code == 200
    pass_time(house, 30)
    end["notified_on"] = str(today(house))
    assert act(house, contract, "terminate", "prefecture", **end).json()["code"] == "month_running"
    pass_time(house, 1)
    end["notified_on"] = str(today(house))

    assert act(house, contract, "terminate", "planner", **end).status_code == 403
    assert act(house, contract, "terminate", "prefecture", **end).json()["state_after"] == "terminated"

    assert needs(house, contract) == {"not_owed"}
    assert read(house, contract)["term_on"] == str(TERM)


def test_a_dropped_termination_gives_back_the_state_before(house, contract):
    act(house, contract, "postpone", reason="illness")
    act(house, contract, "propose_termination", reason="never_came", words="Jamais venu.").raise_for_status()

    dropped = act(house, contract, "drop_termination", "prefecture", reason="reason_recognised")

    assert dropped.json()["state_after"] == "training_postponed"


def test_a_transfer_carries_the_history_and_the_other_directorate_takes_it(house, contract):
    before = read(house, contract)["moves"]
    assert (
        act(house, contract, "transfer", reason="moved_home", territory="93").json()["errors"][0]["field"]
        == "territory"
    )
    assert act(house, contract, "transfer", reason="moved_home", territory="999").status_code == 422
    assert act(house, contract, "transfer", reason="moved_home", territory="75").status_code == 200
    assert needs(house, contract) == {"held"}
    assert act(house, contract, "receive", "planner-69").status_code == 403, "it was handed to 75"
    assert house.ask("planner-75", "GET", f"/contracts/{contract}").status_code == 200, "who shall take it reads it"

    assert act(house, contract, "receive", "planner-75").json()["state_after"] == "running"

    seen = house.ask("planner-75", "GET", f"/contracts/{contract}").json()
    assert (seen["territory"], seen["term_on"], len(seen["moves"])) == ("75", str(TERM), len(before) + 2)
    assert needs(house, contract) == {"open"}
    assert house.ask("planner", "GET", f"/contracts/{contract}").status_code == 403


def test_closing_waits_for_every_duty_and_each_duty_is_recorded_in_its_window(house, contract):
    end_trainings(house, contract)
    seen = read(house, contract)
    assert seen["state"] == "completed"
    found = {one["kind"]: one for one in seen["duties"]}
    assert {"end_interview", "closing", "certification_offer"} <= set(found)
    assert found["closing"]["due_on"] == "2025-05-01", "in the month after the training's end"
    assert act(house, contract, "close").json()["code"] == "duty_open"

    for kind, outcome, bad in (("end_interview", "held", "passed"), ("certification_offer", "declined", "held")):
        path = f"/duties/{found[kind]['id']}/record"
        wrong = house.ask("planner", "POST", path, {"outcome": bad, "on": str(today(house))})
        assert wrong.json()["errors"][0]["field"] == "outcome"
        future = house.ask("planner", "POST", path, {"outcome": outcome, "on": "2030-01-01"})
        assert future.json()["errors"][0]["field"] == "on"
        assert house.ask("planner", "POST", path, {"outcome": outcome, "on": str(today(house))}).status_code == 200
        again = house.ask("planner", "POST", path, {"outcome": "not_owed", "on": str(today(house)), "words": "non"})
        assert again.json()["code"] == "duty_done"
    by_hand = house.ask(
        "planner", "POST", f"/duties/{found['closing']['id']}/record", {"outcome": "closed", "on": str(today(house))}
    )
    assert by_hand.status_code == 422

    assert act(house, contract, "close").json()["state_after"] == "closed"
    assert {one["state"] for one in read(house, contract)["duties"]} == {"done"}


def test_the_opinion_of_year_one_falls_due_when_training_outlasts_it(house, contract):
    house.clock.set(datetime(2026, 2, 20, 9, tzinfo=UTC))
    life.look_at_terms(house.house.services["scheduler"])

    (duty,) = [one for one in read(house, contract)["duties"] if one["kind"] == "year_one_opinion"]

    assert (duty["opens_on"], duty["due_on"], duty["owner"]) == ("2026-02-09", "2026-03-09", "auditor")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"on": "2025-03-09"}, "on"),
        ({"on": "2025-04-02"}, "on"),
        ({"on": "2025-02-31"}, "on"),
        ({"move": "promote"}, "move"),
        ({"reason": "holiday"}, "reason"),
    ],
    ids=["before signature", "tomorrow", "no such day", "no such move", "no such reason"],
)
def test_a_bad_move_is_refused_by_field_and_changes_nothing(house, contract, fields, field):
    before = read(house, contract)
    body = {"move": "postpone", "on": str(today(house)), "reason": "illness"} | fields

    answer = house.ask("planner", "PUT", f"/contracts/{contract}/moves/{new_id()}", body)

    assert answer.status_code == 422
    assert {fault["field"].rpartition(".")[2] for fault in answer.json()["errors"]} == {field}
    assert read(house, contract) == before


def test_the_same_move_twice_is_one_and_another_under_its_id_is_refused(house, contract):
    key, body = new_id(), {"move": "postpone", "on": str(today(house)), "reason": "illness"}
    path = f"/contracts/{contract}/moves/{key}"

    assert house.ask("planner", "PUT", path, body).json() == house.ask("planner", "PUT", path, body).json()
    assert house.ask("planner", "PUT", path, body | {"reason": "work"}).json()["code"] == "id_reused"
    assert len(read(house, contract)["moves"]) == 1


def test_every_state_is_reached_and_left_by_some_move_and_the_table_is_closed():
    reached = {after for move in MOVES.values() for after in move.goes.values()} | {"running"}
    assert set(STATES) - reached == set()
    left = {state for move in MOVES.values() for state in move.goes}
    assert set(STATES) - left == FINAL
    assert {name for name, move in MOVES.items() if "reason" in move.needs} == set(REASONS)


def test_a_notification_is_not_older_than_the_proposal_to_terminate(house, contract):
    words = {"reason": "never_came", "words": "N’est jamais venu."}
    pass_time(house, 20)
    assert act(house, contract, "propose_termination", **words).status_code == 200
    before = str(SIGNED + timedelta(days=1))

    refused = act(house, contract, "notify_termination", "prefecture", reference="93-2", on=before, notified_on=before)

    assert {one["field"] for one in refused.json()["errors"]} == {"on", "notified_on"}


def test_months_for_one_reason_are_counted_over_all_decisions(house, contract):
    act(house, contract, "postpone", reason="care_of_a_relative")
    day = str(today(house))

    def ask(months):
        draft = {"reason": "care_of_a_relative", "stated_by": "person", "months": months, "opinion": "Assidue."}
        return house.ask("planner", "PUT", f"/contracts/{contract}/proposals/{new_id()}", draft)

    first = ask(6).json()
    yes = {
        "accepted": True,
        "reference": "93-1",
        "decided_on": day,
        "months": 6,
        "lawful_stay": True,
        "notified_on": day,
    }
    house.ask("prefecture", "POST", f"/proposals/{first['id']}/decision", yes).raise_for_status()

    assert [one["field"] for one in ask(6).json()["errors"]] == ["months"]


def test_trainings_that_ended_during_a_review_count_when_it_is_dropped(house, contract):
    words = {"reason": "never_came", "words": "N’est jamais venu."}
    act(house, contract, "propose_termination", **words)
    end_trainings(house, contract)
    assert read(house, contract)["state"] == "termination_under_review"

    act(house, contract, "drop_termination", "prefecture", reason="attends_again")

    assert read(house, contract)["state"] == "completed"


def test_a_refusal_after_the_term_ends_what_is_owed(house, contract):
    pass_time(house, (TERM - today(house)).days + 1)
    late = {"reason": "illness", "stated_by": "person", "months": 3, "opinion": "Assidue."}
    proposal = house.ask("planner", "PUT", f"/contracts/{contract}/proposals/{new_id()}", late).json()["id"]
    day = str(today(house))
    no = {"accepted": False, "reference": "93-1", "decided_on": day, "notified_on": day}
    no |= {"refusal_reason": "motif non établi", "appeal_routes": "deux mois, tribunal administratif"}
    house.ask("prefecture", "POST", f"/proposals/{proposal}/decision", no).raise_for_status()

    assert read(house, contract)["state"] == "ended_incomplete"
    assert needs(house, contract) == {"not_owed"}


def test_a_transfer_to_the_wrong_directorate_is_taken_back_and_its_needs_come_along(house, contract):
    act(house, contract, "postpone", reason="illness")
    act(house, contract, "transfer", reason="moved_home", territory="69")

    assert act(house, contract, "receive").json()["state_after"] == "training_postponed"
    assert read(house, contract)["territory"] == "93"
    act(house, contract, "transfer", reason="moved_home", territory="75")
    act(house, contract, "receive", "planner-75")
    act(house, contract, "resume", "planner-75")
    with house.house.services["scheduler"].database.read() as db:
        query = sa.select(storage.need.c.territory).where(storage.need.c.contract_id == UUID(contract))
        assert set(db.scalars(query)) == {"75"}


def test_another_directorate_reads_no_levels_and_no_move_that_was_made(house, contract):
    person = read(house, contract)["signatory_id"]
    made = act(house, contract, "postpone", reason="illness").json()
    body = {"move": "postpone", "on": made["on"], "reason": "illness"}

    assert house.ask("planner-69", "GET", f"/signatories/{person}/levels").status_code == 403
    assert house.ask("planner-69", "PUT", f"/contracts/{contract}/moves/{made['id']}", body).status_code == 403


class Life(RuleBasedStateMachine):
    """Everybody does anything at any time to one contract; `house` is set by the test that runs the machine."""

    house = None
    made: ClassVar[set[str]] = set()  # moves that were made in any example: the machine must reach what it is about

    @initialize()
    def begin(self):
        self.contract = fresh(self.house)
        self.granted = 0
        self.merged = ""

    @rule(
        move=st.sampled_from(sorted(MOVES)),
        login=st.sampled_from(ROLES),
        full=st.booleans(),
        back=st.sampled_from([0, 0, 1, 40]),
    )
    def act(self, move, login, full, back):
        self.try_act(move, login, 0, full=full, back=back)

    @rule(which=st.integers(0, 99), reason=st.integers(0, 9))
    def act_as_the_table_allows(self, which, reason):
        state = read(self.house, self.contract)["state"]
        possible = [(move.name, role) for role in ROLES for move in moves_from(state, role)]
        if possible:
            self.try_act(*possible[which % len(possible)], reason, full=True)

    @rule()
    def hand_over_and_back(self):
        if self.merged:
            return
        for move, login, there in (
            ("transfer", "planner", "75"), ("receive", "planner-75", None),
            ("transfer", "planner-75", "93"), ("receive", "planner", None),
        ):  # fmt: skip
            if act(self.house, self.contract, move, login, reason="moved_home", territory=there).status_code != 200:
                break

    @rule()
    def merge(self):
        if self.merged or self.transferred():
            return
        other = fresh_at(self.house, today(self.house))
        pair = {"kept_id": read(self.house, other)["signatory_id"]}
        pair["other_id"] = read(self.house, self.contract)["signatory_id"]
        merge_id = str(new_id())
        if self.house.ask("planner", "PUT", f"/merges/{merge_id}", pair).status_code == 200:
            self.merged = merge_id

    @rule()
    def unmerge(self):
        if self.merged and not self.transferred():
            self.house.ask("planner", "POST", f"/merges/{self.merged}/undoing").raise_for_status()
            self.merged = ""

    def transferred(self):
        return read(self.house, self.contract)["state"] == "transferred"

    def try_act(self, move, login, reason, *, full, back=0):
        before = read(self.house, self.contract)
        reasons = (*REASONS.get(move, ()), "holiday")
        fields = {"reason": reasons[reason % len(reasons)]}
        if full:
            words = {"reference": "93-8", "words": "motifs et conséquences", "territory": "75"}
            fields |= words | {"notified_on": str(today(self.house))}
        fields["on"] = str(today(self.house) - timedelta(days=back))
        answer = act(self.house, self.contract, move, login, **fields)
        assert answer.status_code in {200, 403, 409, 422}, answer.text
        assert not (self.merged and answer.status_code == 200), "a merged record moves"
        after = read(self.house, self.contract)
        if answer.status_code != 200:
            assert after == before, "a refused move changes nothing"
        if move == "close" and answer.status_code == 200:
            assert all(one["state"] == "done" for one in after["duties"]), "closed with a duty open"

    @rule(months=st.sampled_from([-1, 0, 1, 6, 12, 13]), reason=st.sampled_from(["illness", "work"]))
    def propose(self, months, reason):
        draft = {"reason": reason, "stated_by": "person", "months": months, "opinion": "Assidue."}
        self.house.ask("planner", "PUT", f"/contracts/{self.contract}/proposals/{new_id()}", draft)

    @rule(months=st.sampled_from([0, 1, 13]), accepted=st.booleans())
    def decide(self, months, accepted):
        for one in read(self.house, self.contract)["proposals"]:
            if one["state"] == "pending":
                words = "" if accepted else "motif"
                body = {"accepted": accepted, "reference": "93-9", "decided_on": str(today(self.house))}
                body |= {"months": months, "lawful_stay": True, "refusal_reason": words, "appeal_routes": words}
                body["notified_on"] = str(today(self.house))
                answer = self.house.ask("prefecture", "POST", f"/proposals/{one['id']}/decision", body)
                if answer.status_code == 200 and accepted:
                    self.granted += months

    @rule(months=st.sampled_from([1, 5, 12]), accepted=st.booleans())
    def propose_and_decide(self, months, accepted):
        if read(self.house, self.contract)["state"] == "running":
            self.try_act("postpone", "planner", 0, full=True)  # a reason of its own to extend
        self.propose(months, "illness")
        self.decide(months if accepted else 0, accepted)

    @rule(days=st.sampled_from([1, 40, 150]))
    def pass_time(self, days):
        pass_time(self.house, days)

    @rule()
    def reach_the_term(self):
        term = date.fromisoformat(read(self.house, self.contract)["term_on"])
        pass_time(self.house, max(1, (term - today(self.house)).days + 1))

    @rule(outcome=st.sampled_from(["completed", "ended_incomplete"]))
    def end_trainings(self, outcome):
        end_trainings(self.house, self.contract, outcome)

    @rule(kind=st.sampled_from(DUTIES), which=st.integers(0, 2))
    def record(self, kind, which):
        for one in read(self.house, self.contract)["duties"]:
            if one["kind"] == kind:
                body = {
                    "outcome": OUTCOMES[kind][which % len(OUTCOMES[kind])],
                    "on": str(today(self.house)),
                    "words": "vu",
                }
                self.house.ask("planner", "POST", f"/duties/{one['id']}/record", body)

    @invariant()
    def only_decisions_move_the_term(self):
        if not hasattr(self, "contract"):
            return
        seen = read(self.house, self.contract)
        Life.made |= {one["move"] for one in seen["moves"]}
        moved = date.fromisoformat(seen["term_on"])
        assert (moved.year - TERM.year) * 12 + moved.month - TERM.month == self.granted == seen["months_granted"] <= 12
        assert sum(one["state"] == "pending" for one in seen["proposals"]) <= 1
        if seen["state"] in {"completed", "ended_incomplete", "terminated", "closed", "transferred"}:
            assert not any(one["state"] == "pending" for one in seen["proposals"]), "a proposal that nobody can decide"
        accepted = [one for one in seen["proposals"] if one["state"] == "accepted"]
        for reason, most in {"work": 6, "illness": 12}.items():
            assert sum(one["months_granted"] for one in accepted if one["reason"] == reason) <= most
        days = [move["on"] for move in seen["moves"]]
        assert days == sorted(days), "what happened goes back in time"
        owed = self.needs()
        assert {row["territory"] for row in owed} == {seen["territory"]}
        if self.merged:
            assert "open" not in {row["state"] for row in owed}, "a merged record is planned"
        for move in seen["moves"]:
            assert MOVES[move["move"]].goes[move["state_before"]] in {move["state_after"], "(state before)"}
            assert move["rule"]
            assert move["actor"]

    def needs(self):
        with self.house.house.services["scheduler"].database.read() as db:
            return storage.rows(db, sa.select(storage.need).where(storage.need.c.contract_id == UUID(self.contract)))


def test_no_reachable_sequence_breaks_what_the_law_promises(house):
    Life.house = house
    case = Life.TestCase
    case.settings = settings(
        max_examples=60,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()
    assert len(Life.made) > len(MOVES) * 2 // 3, f"never made: {set(MOVES) - Life.made}"  # each is shown above, too
