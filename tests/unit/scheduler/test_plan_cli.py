"""The two commands on files: their last lines, their exit codes, one line for a bad file."""

import json
from pathlib import Path

import builders as b
import pytest
from click.testing import CliRunner

from services.scheduler.cli import plan as group
from services.scheduler.domain.problem import problem_to_json


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    asked = tmp_path / "problem.json"
    asked.write_text(json.dumps(problem_to_json(b.civic_problem(5, ("S1", "S2", "S3", "S4")))))
    return asked, tmp_path / "plan.json"


def test_a_plan_is_made_then_checked(files: tuple[Path, Path]) -> None:
    asked, out = files
    solved = CliRunner().invoke(group, ["solve", str(asked), "--out", str(out), "--work-limit", "5"])
    assert solved.exit_code == 0
    summary = json.loads(solved.stdout.splitlines()[-1])
    assert set(summary["tiers"]) == {"T1", "T2", "T3"}
    assert set(summary["tiers"]["T3"]) == {"value", "bound", "gap", "parts"}
    assert "seconds" in summary

    checked = CliRunner().invoke(group, ["check", str(asked), str(out)])

    assert checked.exit_code == 0
    told = json.loads(checked.stdout)
    assert told["tiers"] == summary["tiers"]
    assert [(one["lot"], one["added"], one["left"]) for one in told["orders"]] == [
        ("civic", 20, 980),
        ("language", 0, 10_000_000),
    ]


def test_a_plan_is_not_written_over_a_folder(files: tuple[Path, Path]) -> None:
    asked, _ = files

    refused = CliRunner().invoke(group, ["solve", str(asked), "--out", str(asked.parent)])

    assert (refused.exit_code, refused.stderr.splitlines()) == (2, [f"{asked.parent}: this is a folder, not a file"])


def test_a_broken_plan_is_refused_in_words(files: tuple[Path, Path]) -> None:
    asked, out = files
    CliRunner().invoke(group, ["solve", str(asked), "--out", str(out), "--work-limit", "5"])
    plan = json.loads(out.read_text())
    plan["placements"].pop()
    out.write_text(json.dumps(plan))

    checked = CliRunner().invoke(group, ["check", str(asked), str(out)])

    assert checked.exit_code == 1
    assert "is answered 0 times" in checked.stdout


@pytest.mark.parametrize("text", ["", "{", "[]", '{"territory": "93"}', "\udcff", "[" * 100_000])
def test_a_bad_file_gives_one_clear_line(files: tuple[Path, Path], text: str) -> None:
    asked, out = files
    asked.write_bytes(text.encode("utf-8", "surrogateescape"))

    refused = CliRunner().invoke(group, ["solve", str(asked), "--out", str(out)])

    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "problem.json" in refused.stderr


def test_a_missing_file_gives_one_clear_line(tmp_path: Path) -> None:
    refused = CliRunner().invoke(group, ["check", str(tmp_path / "none.json"), str(tmp_path / "none.json")])

    assert refused.exit_code == 2
    assert "No such file" in refused.stderr


def test_a_plan_is_explained_seat_by_seat_and_group_by_group(files: tuple[Path, Path]) -> None:
    asked, out = files
    of = b.change_person(b.civic_problem(5, ("S1", "S2", "S3", "S4")), "p0", travel_limit_minutes=5)
    asked.write_text(json.dumps(problem_to_json(of)))
    CliRunner().invoke(group, ["solve", str(asked), "--out", str(out), "--work-limit", "5"])

    told = CliRunner().invoke(group, ["explain", str(asked), str(out), "--language", "fr"])

    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert json.loads(lines[-1]) == {"placed": 16, "unplaced": 4, "not_opened": 0}
    assert any(line.startswith("p1 S1+S2: Bobigny, 2025-") for line in lines)
    assert any(line.startswith("p0 S1: aucun groupe S1 et S2") and line.endswith("[solve]") for line in lines)
    alone = CliRunner().invoke(group, ["explain", str(asked), str(out), "--person", "p1"])
    assert all(line.startswith("p1 ") for line in alone.stdout.splitlines()[:-1])
    nobody = CliRunner().invoke(group, ["explain", str(asked), str(out), "--person", "p9"])
    assert (nobody.exit_code, nobody.stderr.splitlines()) == (2, [f"--person: {asked} has nobody with the id p9"])


def test_a_broken_plan_is_not_explained(files: tuple[Path, Path]) -> None:
    asked, out = files
    CliRunner().invoke(group, ["solve", str(asked), "--out", str(out), "--work-limit", "5"])
    plan = json.loads(out.read_text())
    plan["placements"].pop()
    out.write_text(json.dumps(plan))

    refused = CliRunner().invoke(group, ["explain", str(asked), str(out)])

    assert refused.exit_code == 1
    assert "is answered 0 times" in refused.stderr
