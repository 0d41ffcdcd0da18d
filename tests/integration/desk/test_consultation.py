"""Publishing in two steps: bodies confirm first, what they change is judged again, nothing is lost or done twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from services.scheduler import storage
from services.scheduler.usecases import publication, worklist
from services.scheduler.usecases.consultation import answering, asking, deciding
from services.scheduler.usecases.consultation.answering import Answer
from services.scheduler.usecases.consultation.deciding import Decision
from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.rights import Principal
from tests.doors import OFFER, xlsx_of
from tests.integration.desk.counter import Counter

BODY = Principal(kind="person", id="body-ORG", role="provider_manager", scope="ORG")
OTHER_BODY = Principal(kind="person", id="body-AUTRE", role="provider_manager", scope="AUTRE")
ELSEWHERE = Principal(kind="person", id="planner-75", role="planner", scope="75")


@pytest.fixture
def counter(database_url, tmp_path):
    counter = Counter(tmp_path, database_url)
    counter.send("offer", "offre.xlsx", xlsx_of(OFFER))
    counter.take_in(range(1, 15))
    yield counter
    counter.close()


@pytest.fixture
def asked(counter):
    """Return a run that is put to its training bodies."""
    run = counter.plan()
    counter.do(asking.propose, run, None)
    return run


def groups(counter, run):
    return counter.do(asking.of_run, run)["sessions"]


def say(counter, group, kind, *, who=BODY, key=None, **said):
    return counter.do(answering.answer, group["id"], key or new_id(), Answer(answer=kind, **said), who=who)


def confirm_the_rest(counter, run):
    for group in groups(counter, run):
        if group["state"] == "waiting":
            say(counter, group, "confirm")


def decide(counter, group, kind, key=None, **about):
    return counter.do(deciding.decide, group["id"], key or new_id(), Decision(decision=kind, **about))


def accept(counter, group):
    seen = counter.do(deciding.effect, group["id"])
    decide(counter, group, "accept", answer_id=seen["answer_id"], effect=seen["effect"])
    return seen


def refused(code, act, *given, **named):
    with pytest.raises(ConflictError) as error:
        act(*given, **named)
    assert error.value.code == code


def civic(counter, run):
    return min((one for one in groups(counter, run) if one["training"] == "civic"), key=lambda one: one["starts_on"])


def seated(counter):
    return counter.rows(storage.placement, storage.placement.c.state == "active")


def test_people_are_told_once_every_body_has_answered(counter, asked):
    asked_by = counter.do(asking.of_run, asked)
    assert asked_by["answer_by"] == date(2025, 4, 8), "five working days after Tuesday 1 April 2025"
    assert counter.do(asking.propose, asked, None)["answer_by"] == asked_by["answer_by"], "the same again"
    refused("id_reused", counter.do, asking.propose, asked, date(2025, 4, 10))
    refused("answers_awaited", counter.publish, asked)
    refused("bodies_asked", counter.do, publication.publish, asked, one_step=True)
    assert counter.rows(storage.session) == []

    confirm_the_rest(counter, asked)
    published = counter.publish(asked)

    assert published["state"] == "published"
    assert published["summary"]["left_out"] == 0
    planned = {one["session_id"] for one in groups(counter, asked)}
    assert {row["id"] for row in counter.rows(storage.session)} == planned
    assert len(seated(counter)) == published["summary"]["placed"]
    assert counter.publish(asked)["published_at"] == published["published_at"]


def test_a_body_sees_its_own_groups_and_how_many_people_come_and_no_person(counter, asked):
    seen = counter.do(answering.of_body, who=BODY)

    assert {one["id"] for one in seen} == {one["id"] for one in groups(counter, asked)}
    people = {str(row["id"]) for row in counter.rows(storage.signatory)}
    people |= {row["reference"] for row in counter.rows(storage.signatory)}
    people |= {str(row["id"]) for row in counter.rows(storage.need)}
    one = counter.do(answering.for_body, seen[0]["id"], who=BODY)
    assert [word for word in people if word in str(seen) + str(one)] == []
    assert all(one["people"] > 0 for one in seen)
    assert counter.do(answering.of_body, who=OTHER_BODY) == []
    for act in (
        lambda: counter.do(answering.for_body, seen[0]["id"], who=OTHER_BODY),
        lambda: say(counter, seen[0], "confirm", who=OTHER_BODY),
    ):
        with pytest.raises(NotFoundError):
            act()


def test_a_planner_of_another_territory_neither_asks_nor_decides_nor_sees(counter, asked):
    group = civic(counter, asked)
    for act in (
        lambda: counter.do(asking.propose, asked, None, who=ELSEWHERE),
        lambda: counter.do(asking.withdraw, asked, who=ELSEWHERE),
        lambda: counter.do(asking.of_run, asked, who=ELSEWHERE),
        lambda: counter.do(deciding.effect, group["id"], who=ELSEWHERE),
        lambda: counter.do(deciding.decide, group["id"], new_id(), Decision(decision="keep"), who=ELSEWHERE),
    ):
        with pytest.raises(ForbiddenError):
            act()


def test_people_of_a_refused_group_wait_with_the_bodys_reason_and_the_others_are_told(counter, asked):
    group = civic(counter, asked)
    say(counter, group, "refuse", reason="trainer")
    refused("answered_before", say, counter, group, "confirm")
    confirm_the_rest(counter, asked)

    published = counter.publish(asked)

    assert published["summary"]["left_out"] == 1
    assert group["session_id"] not in {row["id"] for row in counter.rows(storage.session)}
    waiting = counter.rows(storage.need, storage.need.c.state == "unplaced")
    mine = [row for row in waiting if row["reason"]["code"] == "body_refused"]
    assert mine
    assert {row["reason"]["fr"] for row in mine} == {"le groupe prévu n’ouvre pas : aucun formateur n’est disponible"}
    language = {row["need_id"] for row in seated(counter)} & {
        row["id"] for row in counter.rows(storage.need, storage.need.c.training == "language")
    }
    assert language, "who loses a civic day keeps the course"


def test_another_room_is_accepted_and_published_under_the_groups_new_id(counter, asked):
    group = civic(counter, asked)
    room = {"R1": "R2", "R2": "R1"}[group["session"]["room"]]
    # The other groups go, so that the other room is free.
    for one in groups(counter, asked):
        if one["id"] != group["id"]:
            say(counter, one, "refuse", reason="room")
    say(counter, group, "counter", room=room)
    refused("answers_awaited", counter.publish, asked)

    seen = accept(counter, group)

    assert (seen["broken"], seen["out"]) == ([], [])
    changed = next(one for one in groups(counter, asked) if one["id"] == group["id"])
    assert (changed["state"], changed["session"]["room"]) == ("confirmed", room)
    assert changed["session_id"] != group["session_id"]
    counter.publish(asked)
    (session,) = counter.rows(storage.session)
    assert (session["id"], session["facts"]["room"]) == (changed["session_id"], room)
    assert {row["session_id"] for row in seated(counter)} == {session["id"]}


def test_whom_another_day_does_not_suit_is_listed_and_waits_with_the_rule(counter):
    numbers = range(101, 104)
    busy = counter.take_in(numbers, jeudi="")
    run = counter.plan()
    counter.do(asking.propose, run, None)
    group = next(
        one
        for one in groups(counter, run)
        if one["training"] == "civic"
        and "thursday" not in {f"{date.fromisoformat(each['day']):%A}".lower() for each in one["session"]["meetings"]}
    )
    for one in groups(counter, run):
        if one["id"] != group["id"]:
            say(counter, one, "refuse", reason="room")
    first = date.fromisoformat(group["session"]["meetings"][0]["day"])
    moved = next(
        first + timedelta(days=n)
        for n in range(7, 15)
        if 3
        in {(date.fromisoformat(each["day"]) + timedelta(days=n)).weekday() for each in group["session"]["meetings"]}
        and {(date.fromisoformat(each["day"]) + timedelta(days=n)).weekday() for each in group["session"]["meetings"]}
        <= {0, 1, 2, 3, 4}
    )
    say(counter, group, "counter", starts_on=moved)

    seen = counter.do(deciding.effect, group["id"])

    assert seen["broken"] == []
    assert {one["signatory_id"] for one in seen["out"]} == set(busy)
    assert {one["reason"]["code"] for one in seen["out"]} == {"body_changed"}
    refused("effect_changed", decide, counter, group, "accept", answer_id=seen["answer_id"], effect="x")
    accept(counter, group)
    counter.publish(run)
    (session,) = counter.rows(storage.session)
    assert session["starts_on"] == moved
    assert not {row["signatory_id"] for row in seated(counter)} & set(busy)
    reasons = {
        row["reason"]["code"]
        for row in counter.rows(storage.need, storage.need.c.signatory_id.in_(busy), storage.need.c.state == "unplaced")
    }
    assert "body_changed" in reasons


def test_a_change_that_breaks_a_rule_is_refused_in_words_and_turned_down_goes_back_to_the_body(counter, asked):
    group = civic(counter, asked)
    sunday = group["starts_on"] + timedelta(days=6 - group["starts_on"].weekday())
    say(counter, group, "counter", starts_on=sunday)

    seen = counter.do(deciding.effect, group["id"])
    assert {one["rule"] for one in seen["broken"]} & {"room", "calendar", "trainer", "size"}
    with pytest.raises(ConflictError, match="is not open") as error:
        decide(counter, group, "accept", answer_id=seen["answer_id"], effect=seen["effect"])
    assert error.value.code == "breaks_rules"

    decide(counter, group, "turn_down", answer_id=seen["answer_id"])
    again = next(one for one in groups(counter, asked) if one["id"] == group["id"])
    assert (again["state"], again["reason"]) == ("waiting", "turned_down")
    refused("no_counter_proposal", counter.do, deciding.effect, group["id"])
    say(counter, group, "confirm")


def test_who_loses_a_seat_by_another_answer_is_told_apart_from_who_loses_it_by_the_change(counter, asked):
    first = civic(counter, asked)
    course = next(one for one in groups(counter, asked) if one["training"] == "language")
    say(counter, first, "refuse", reason="room")
    say(counter, course, "counter", trainer="F1")

    seen = counter.do(deciding.effect, course["id"])

    later = [one for one in seen["out"] if one["training"] == "civic"]
    assert later, "the later days lean on the day that was refused"
    assert {one["anyway"] for one in later} == {True}


def test_what_forbids_a_change_is_said_with_the_names_of_the_offer(counter, asked):
    group = civic(counter, asked)
    sunday = group["starts_on"] + timedelta(days=6 - group["starts_on"].weekday())
    say(counter, group, "counter", starts_on=sunday)

    words = " ".join(one["words"] for one in counter.do(deciding.effect, group["id"])["broken"])

    assert "Formatrice 1 does not work" in words
    assert "at Bobigny from" in words
    assert "people for Bobigny" not in words, "the site's code is that of a civic day too"


def test_what_is_not_answered_in_time_waits_for_a_planner_who_decides(counter, asked):
    kept, left = groups(counter, asked)[:2]
    for one in groups(counter, asked)[2:]:
        say(counter, one, "confirm")
    refused("answer_awaited", decide, counter, kept, "keep")
    assert [row for row in counter.do(worklist.of_territory, "93") if row["kind"] == "body_answer"] == []
    counter.clock.set(counter.clock.now() + timedelta(days=8))

    rows = [row for row in counter.do(worklist.of_territory, "93") if row["kind"] == "body_answer"]
    assert [(row["what"], row["overdue"]) for row in rows] == [("overdue", True)] * 2
    refused("answers_awaited", counter.publish, asked)
    key = new_id()
    decide(counter, kept, "keep", key=key)
    decide(counter, kept, "keep", key=key)
    refused("id_reused", decide, counter, kept, "leave_out", key=key)
    refused("answer_awaited", decide, counter, kept, "leave_out")
    decide(counter, left, "leave_out")
    refused("answered_before", say, counter, left, "confirm")

    states = {one["id"]: (one["state"], one["actor"]) for one in groups(counter, asked)}
    assert states[kept["id"]] == ("kept", "planner:planner")
    assert states[left["id"]] == ("left_out", "planner:planner")
    published = counter.publish(asked)
    assert published["summary"]["left_out"] == 1


def test_the_same_answer_again_is_the_same_and_none_comes_after_the_publication(counter, asked):
    group = civic(counter, asked)
    key = new_id()
    first = say(counter, group, "confirm", key=key)
    assert say(counter, group, "confirm", key=key) == first
    refused("id_reused", say, counter, group, "refuse", key=key, reason="room")
    confirm_the_rest(counter, asked)
    counter.publish(asked)

    assert say(counter, group, "confirm", key=key)["state"] == "confirmed"
    refused("published", say, counter, group, "refuse", reason="room")
    refused("published", counter.do, asking.withdraw, asked)
    assert counter.do(answering.of_body, who=BODY) == []
    assert (
        len(counter.rows(storage.consultation_answer, storage.consultation_answer.c.consulted_id == group["id"])) == 1
    )


def test_a_plan_that_another_run_overtook_is_neither_answered_nor_published(counter, asked):
    group = civic(counter, asked)
    other = counter.plan()
    counter.do(asking.propose, other, None)
    refused("consultation_closed", say, counter, group, "confirm")
    refused("bodies_first", counter.publish, asked)
    for one in groups(counter, other):
        say(counter, one, "confirm")
    counter.publish(other)

    refused("plan_outdated", counter.do, publication.publish, asked, one_step=True)
    assert counter.do(answering.of_body, who=BODY) == []


def test_an_answer_to_a_plan_that_a_publication_made_stale_is_refused_and_shown_to_nobody(counter, asked):
    group = civic(counter, asked)
    say(counter, group, "counter", room="R2" if group["session"]["room"] == "R1" else "R1")
    counter.publish(counter.plan())

    refused("plan_outdated", say, counter, group, "confirm")
    refused("plan_outdated", counter.do, deciding.effect, group["id"])
    refused("plan_outdated", decide, counter, group, "turn_down")
    refused("plan_outdated", counter.publish, asked)
    assert counter.do(answering.of_body, who=BODY) == []
    assert [row for row in counter.do(worklist.of_territory, "93") if row["kind"] == "body_answer"] == []


def test_a_smaller_room_puts_out_the_least_urgent_and_no_more(counter, asked):
    counter.send("offer", "salles.xlsx", xlsx_of({"salles": [*OFFER["salles"], ["R3", "S1", "Petite", 13, "oui"]]}))
    group = civic(counter, asked)
    say(counter, group, "counter", room="R3")

    seen = accept(counter, group)

    assert len({one["signatory_id"] for one in seen["out"] if one["part"] in group["session"]["parts"]}) == 1
    assert next(one for one in groups(counter, asked) if one["id"] == group["id"])["people"] == 13
    confirm_the_rest(counter, asked)
    counter.publish(asked)
    assert counter.crowded() == {}


def test_a_plan_that_was_taken_back_is_published_by_choice_only(counter, asked):
    counter.do(asking.withdraw, asked)
    assert counter.do(asking.withdraw, asked)["state"] == "withdrawn"
    assert counter.do(answering.of_body, who=BODY) == []
    refused("bodies_first", counter.publish, asked)

    assert counter.do(publication.publish, asked, one_step=True)["state"] == "published"


def test_a_body_offers_its_own_rooms_and_trainers_only_and_says_no_more_than_it_means(counter, asked):
    group = civic(counter, asked)
    session = group["session"]
    for said, faults in (
        ({"answer": "counter", "room": "AILLEURS"}, {("room", "choice")}),
        ({"answer": "counter", "trainer": "F9"}, {("trainer", "choice")}),
        ({"answer": "counter", "starts_on": date(2025, 4, 1)}, {("starts_on", "range")}),
        ({"answer": "counter", "starts_on": date(9999, 12, 31)}, {("starts_on", "range")}),
        ({"answer": "counter", "room": session["room"]}, {("room", "nothing_else")}),
        ({"answer": "counter", "room": "R2", "reason": "room"}, {("reason", "not_expected")}),
        ({"answer": "confirm", "room": "R2"}, {("room", "not_expected")}),
        ({"answer": "refuse"}, {("reason", "choice")}),
    ):  # fmt: skip
        with pytest.raises(InvalidInputError) as error:
            counter.do(answering.answer, group["id"], new_id(), Answer(**said), who=BODY)
        assert {(one.field, one.rule) for one in error.value.faults} >= faults, said
    assert civic(counter, asked)["state"] == "waiting"


def at_once(acts):
    """Do all of these at the same time; return what each came to: done, or the code of its refusal."""

    def done(act):
        try:
            act()
        except ConflictError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as people:
        return list(people.map(done, acts))


def test_a_last_answer_and_a_publication_at_the_same_instant_contradict_each_other_never(counter, asked):
    first, *rest = groups(counter, asked)
    for one in rest:
        say(counter, one, "confirm")
    say(counter, first, "confirm")

    said = at_once(
        [
            lambda: counter.publish(asked),
            lambda: say(counter, first, "refuse", reason="room"),
            lambda: counter.publish(asked),
        ]
    )

    opened = first["session_id"] in {row["id"] for row in counter.rows(storage.session)}
    assert (said[0], said[2]) == ("done", "done")
    assert said[1] == ("published" if opened else "done")
    assert len(counter.rows(storage.session)) == len(rest) + opened
    needs = [row["need_id"] for row in seated(counter)]
    assert len(needs) == len(set(needs))


def test_the_same_answer_pressed_twice_at_once_is_one_answer_and_two_decisions_are_one(counter, asked):
    group = civic(counter, asked)
    key = new_id()
    assert at_once([lambda: say(counter, group, "confirm", key=key) for _ in range(4)]) == ["done"] * 4
    assert len(counter.rows(storage.consultation_answer)) == 1

    late = next(one for one in groups(counter, asked) if one["state"] == "waiting")
    counter.clock.set(counter.clock.now() + timedelta(days=8))
    said = at_once([lambda kind=kind: decide(counter, late, kind) for kind in ("keep", "leave_out", "keep")])

    assert sorted(said) == ["answer_awaited", "answer_awaited", "done"]


def test_two_planners_who_put_a_plan_to_the_bodies_at_once_do_it_once(counter):
    run = counter.plan()

    assert at_once([lambda: counter.do(asking.propose, run, None) for _ in range(3)]) == ["done"] * 3

    found = groups(counter, run)
    assert len({one["session_id"] for one in found}) == len(found)
