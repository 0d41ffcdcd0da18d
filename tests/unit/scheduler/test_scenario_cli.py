"""`parcours plan scenario`: files in, files and a comparison out; one clear line for a bad file."""

import json

import builders as b
import pytest
from click.testing import CliRunner

from services.scheduler.cli import plan as group
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import plan_from_json
from services.scheduler.domain.problem import problem_from_json, problem_to_json

MORE = {"kind": "size_changed", "training": "language", "minimum": 2}


@pytest.fixture
def files(tmp_path):
    of = b.course_problem(2, rules=b.rules(language_size=b.Size(minimum=3, maximum=4)))
    asked, changes = tmp_path / "problem.json", tmp_path / "changes.json"
    asked.write_text(json.dumps(problem_to_json(of)))
    changes.write_text(json.dumps({"format": "parcours-changes/1", "changes": [MORE]}))
    return asked, changes, tmp_path / "out"


def run(*arguments):
    return CliRunner().invoke(group, ["scenario", *map(str, arguments), "--work-limit", "3"])


def test_a_scenario_is_planned_beside_its_base(files):
    asked, changes, out = files

    done = run(asked, changes, "--out", out)

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["base"]["placed"], found["scenario"]["placed"]) == (0, 2)
    assert json.loads((out / "comparison.json").read_text()) == found
    changed = problem_from_json(json.loads((out / "problem.json").read_text()))
    assert breaches(changed, plan_from_json(json.loads((out / "plan.json").read_text()))) == []

    again = run(asked, changes, "--out", out, "--base", out / "base-plan.json")
    assert json.loads(again.stdout.splitlines()[-1]) == found, "the same work gives the same comparison"


def test_a_base_that_is_no_plan_of_this_problem_is_refused(files):
    asked, changes, out = files
    run(asked, changes, "--out", out)

    refused = run(asked, changes, "--out", out, "--base", out / "plan.json")

    assert refused.exit_code == 2
    assert "answers another problem" in refused.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "an object with the fields"),
        ('{"format": "x", "changes": []}', "changes.format"),
        ('{"format": "parcours-changes/1", "changes": []}', "from 1 to 20 changes"),
        ('{"format": "parcours-changes/1", "changes": {}}', "a list is expected"),
        ('{"format": "parcours-changes/1", "changes": [{"kind": "room_more", "like": "x"}]}', "changes[0].like: 'x'"),
    ],
)
def test_a_bad_file_of_changes_is_one_clear_line(files, content, said):
    asked, changes, out = files
    changes.write_text(content)

    refused = run(asked, changes, "--out", out)

    assert refused.exit_code == 2
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not out.exists()
