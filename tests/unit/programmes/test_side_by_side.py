"""The programmes side by side: the shape of the table, the same people, the same table twice, bad input in one line."""

import json

import pytest
from click.testing import CliRunner

from parcours.commands import DOCS, programme
from parcours.programmes import HEADS
from services.scheduler.programmes import codes

SMALL = ["compare", "--territory", "93", "--people", "60", "--seed", "2", "--work-limit", "2"]


@pytest.fixture(scope="module")
def made():
    done = CliRunner().invoke(programme, SMALL)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_each_programme_has_a_row_about_the_same_people(made):
    rows = json.loads(made.splitlines()[-1])

    assert [row["programme"] for row in rows] == list(codes())
    assert {row["people"] for row in rows} == {60}
    for row in rows:
        assert 0 < row["placed"] <= row["needs"]
        assert row["civic_groups"] > 0
        assert row["hours"] >= 12 * row["civic_groups"]
    owed = {row["programme"]: row["needs"] for row in rows}
    assert owed["cai-seed"] < owed["cir-2025"] < owed["cir-2019"], "two civic days; the platform; courses in person"


def test_the_page_has_its_table_and_names_the_command_that_made_it(made):
    lines = made.splitlines()

    head = next(line for line in lines if line.startswith("| programme"))
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(HEADS)
    body = [line for line in lines if line.startswith(("| cai", "| cir"))]
    assert len(body) == len(codes())
    assert {line.count("|") for line in body} == {len(HEADS) + 1}
    assert any("parcours programme compare --territory 93 --people 60" in line for line in lines)


def test_the_same_seed_gives_the_same_page_which_is_written_where_asked(made, tmp_path):
    page = tmp_path / "programmes.md"

    CliRunner().invoke(programme, [*SMALL, "--out", str(page)])

    assert page.read_text(encoding="utf-8") in made


def test_the_page_of_the_docs_has_this_shape_and_names_its_command():
    text = (DOCS / "programmes.md").read_text(encoding="utf-8")

    assert "parcours programme compare " in text
    assert all(f"\n| {code} |" in text for code in codes())


def test_what_cannot_be_drawn_is_refused(tmp_path):
    for more in (["--territory", "1234"], ["--people", "0"], ["--month", "2031-01"]):
        refused = CliRunner().invoke(programme, [*SMALL, *more])
        assert refused.exit_code != 0, more
    nowhere = CliRunner().invoke(programme, [*SMALL, "--out", str(tmp_path / "none" / "x.md")])
    assert nowhere.exit_code == 1
    assert "No such file" in nowhere.output
