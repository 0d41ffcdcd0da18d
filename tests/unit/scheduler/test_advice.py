"""The value of capacity on instances worked by hand: what is stated was reached, and judged."""

import json
from dataclasses import replace

import builders as b
import pytest
from click.testing import CliRunner
from test_scenario import books, one_arabic_group, twelve

from services.scheduler.cli import plan as group
from services.scheduler.domain.advice import Advised, advice_from_json, advice_to_json, ranked
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import plan_to_json
from services.scheduler.domain.problem import Size, Slot, WeeklySlots, problem_to_json
from services.scheduler.domain.scenario import LotChanged, RoomMore, TrainerMore, changed
from services.scheduler.solver import solve
from services.scheduler.solver.advice import _Advisor, advise, main


def advised(problem, **options):
    return advise(problem, solve(problem, work_limit=5), **options)


def test_one_more_room_is_worth_exactly_the_twelve_who_wait_for_it():
    of = twelve(lots=(b.lot(), b.lot("language", unit_price_cents=741)))

    found = advised(of)

    assert (found.waiting, found.control) == (12, 0)
    room = next(one for one in found.items if one.changes == (RoomMore(like="room"),) and one.kind == "group")
    assert (room.people, room.needs, room.groups) == (12, 12, 1)
    assert room.cents == 12 * 24 * 741
    assert (room.site, room.part, room.rhythm, room.levels) == ("bobigny", "100", "soir", ("A1",))
    first = b.MONDAY.replace(day=10)
    assert room.month == f"{first:%Y-%m}"
    assert room.days == 12 * (of.horizon - first).days
    assert room.words("fr").startswith(
        "un groupe de plus : 100 h, A1, soir, à Bobigny, mars 2025 ; il y faut une salle"
    )
    assert room.words("en").endswith("it takes one more room")
    assert {one.people for one in found.items if one.kind == "room"} == {12}


def test_what_is_stated_is_what_the_changed_problem_gives():
    of = twelve()
    best = advised(of).items[0]

    other = changed(of, best.changes, books)

    assert len(solve(other, work_limit=5).placements) - len(solve(of, work_limit=5).placements) == best.needs == 12


def test_a_trainer_is_advised_at_the_hours_when_nobody_teaches():
    mornings = WeeklySlots.from_days(["M"] * 5 + ["", ""])
    of = twelve(trainers=(b.trainer(slots=mornings),), rooms=(b.room(),))

    found = advised(of)

    evenings = WeeklySlots.of(*((day, Slot.EVENING) for day in range(4)))
    assert TrainerMore(like="trainer", slots=evenings) in found.items[0].changes
    assert found.items[0].people == 12


def test_an_interpreter_is_advised_where_one_lacks():
    found = advised(one_arabic_group())

    assert {one.people for one in found.items} == {2}
    assert {one.kind for one in found.items} == {"group", "interpreter"}


def test_an_order_is_advised_by_as_much_as_it_lacks():
    of = b.civic_problem(8, ("S1",), lots=(b.lot(ordered=4), b.lot("language")))

    found = advised(of)

    best = next(one for one in found.items if one.kind == "group")
    assert best.changes == (LotChanged(lot="civic", percent=100),)
    assert best.people == 4


def test_a_trainer_who_lets_a_group_begin_earlier_saves_its_days():
    of = b.course_problem(
        4, rules=b.rules(language_size=Size(minimum=2, maximum=2)), trainers=(b.trainer(max_half_days_week=4),)
    )
    people = tuple(replace(one, availability=b.MORNINGS) for one in of.people)
    of = replace(of, people=people, rooms=(b.room(), b.room("other")))
    plan = solve(of, work_limit=5)
    assert len(plan.placements) == 4
    starts = sorted({one.joins_on for one in plan.placements})

    found = advise(of, plan)

    best = found.items[0]
    assert (best.kind, best.people, best.changes) == ("trainer", 0, (TrainerMore(like="trainer"),))
    assert best.days == 2 * (starts[1] - starts[0]).days


def test_what_completing_the_plan_alone_would_give_is_credited_to_no_capacity():
    of = b.scarce_problem(5, 60)
    plan = solve(of, work_limit=0)

    advisor = _Advisor(of, plan)

    again, _ = advisor._completed(of, advisor.control, None)
    assert again == advisor.control
    assert breaches(of, advisor.control) == []
    assert len(advisor.control.placements) >= len(plan.placements)


def test_what_capacity_cannot_give_is_no_advice():
    lonely = b.course_problem(1)

    found = advised(lonely)

    assert (found.items, found.waiting) == ((), 1)


def test_more_people_come_first_then_days_then_fewer_euros():
    def item(people, days, cents):
        return Advised(kind="room", changes=(RoomMore(like="r"),), people=people, needs=people, days=days, cents=cents, groups=1)  # fmt: skip

    some = [item(1, 9, 1), item(2, 1, 9), item(2, 5, 9), item(2, 5, 3), item(0, 7, 0), item(0, 0, 0), item(-1, 99, 0)]

    assert [(one.people, one.days, one.cents) for one in ranked(some, 4)] == [
        (2, 5, 3),
        (2, 5, 9),
        (2, 1, 9),
        (1, 9, 1),
    ]
    assert [one.people for one in ranked(some, 10)] == [2, 2, 2, 1, 0]


def test_the_limit_ends_the_trying_and_at_least_one_is_tried():
    told = []

    found = advised(twelve(), seconds=0, progress=lambda *now: told.append(now))

    assert found.tried == 1 < found.candidates
    assert [one[0] for one in told] == [1]


def test_a_plan_that_breaks_a_rule_is_not_advised_on():
    of = twelve()
    plan = solve(of, work_limit=5)

    with pytest.raises(ValueError, match="answer"):
        advise(of, replace(plan, placements=plan.placements[1:]))


def test_advice_is_written_and_read_back():
    found = advised(twelve())

    written = json.loads(json.dumps(advice_to_json(found)))

    assert advice_from_json(written) == found
    assert written["confirmed"]["en"]
    assert all(one["fr"] and one["en"] for one in written["items"])


def test_a_generated_town_is_advised_and_everything_stated_is_useful():
    of = b.scarce_problem(3, 60)

    found = advised(of, top=5)

    assert 0 < len(found.items) <= 5
    assert found.tried == found.candidates
    assert all(one.people > 0 or one.days > 0 for one in found.items)


@pytest.fixture
def files(tmp_path):
    of = twelve()
    asked, planned = tmp_path / "problem.json", tmp_path / "plan.json"
    asked.write_text(json.dumps(problem_to_json(of)))
    planned.write_text(json.dumps(plan_to_json(solve(of, work_limit=5))))
    return asked, planned


def test_the_command_prints_words_and_json_on_its_last_line(files):
    done = CliRunner().invoke(group, ["advise", *map(str, files), "--top", "1", "--time-limit", "30"])

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert [one["people"] for one in found["items"]] == [12]
    assert "12 people" in done.stdout


def test_the_command_refuses_files_that_do_not_go_together(files):
    asked, planned = files
    planned.write_text(planned.read_text().replace('"problem": "', '"problem": "0'))

    refused = CliRunner().invoke(group, ["advise", str(asked), str(planned)])

    assert refused.exit_code == 2
    assert "answers another problem" in refused.stderr


def test_the_door_for_a_process_writes_its_answer(files, tmp_path, capsys):
    answer = tmp_path / "answer.json"

    assert main([*map(str, files), str(answer), "--top", "2", "--time-limit", "30"]) == 0

    assert advice_from_json(json.loads(answer.read_text())).items[0].people == 12
    assert json.loads(capsys.readouterr().out.splitlines()[0])["phase"] == "advising"
    assert main([str(tmp_path / "none"), str(files[1]), str(answer)]) == 2
