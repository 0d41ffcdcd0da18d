"""The files: what is written can be read, fits its schema, and what is wrong is named."""

import json
from pathlib import Path
from typing import Any

import builders as b
import jsonschema
import pytest

from services.scheduler.domain.formats import documents
from services.scheduler.domain.plan import plan_from_json, plan_to_json
from services.scheduler.domain.problem import FormatError, problem_from_json, problem_to_json
from services.scheduler.solver import solve

FORMATS = Path(__file__).resolve().parents[3] / "docs" / "formats"


def test_the_schemas_in_docs_are_those_of_the_classes() -> None:
    assert {name: (FORMATS / name).read_text(encoding="utf-8") for name in documents()} == documents()


def test_what_is_written_fits_its_schema_and_is_read_back_the_same() -> None:
    of = b.scarce_problem(7, 20)
    plan = solve(of, work_limit=5)
    written, planned = json.loads(json.dumps(problem_to_json(of))), json.loads(json.dumps(plan_to_json(plan)))
    check = jsonschema.FormatChecker()

    jsonschema.validate(written, json.loads(documents()["problem.schema.json"]), format_checker=check)
    jsonschema.validate(planned, json.loads(documents()["plan.schema.json"]), format_checker=check)

    assert problem_from_json(written) == of
    assert plan_from_json(planned) == plan
    assert problem_from_json(written).fingerprint == of.fingerprint


def test_every_field_of_the_problem_says_its_unit_or_meaning() -> None:
    schema = json.loads(documents()["problem.schema.json"])

    for name in ("Person", "Need", "Trainer", "Lot", "Rules", "Room"):
        for field, of in schema["$defs"][name]["properties"].items():
            assert "description" in of or "$ref" in of or "enum" in of or of.get("format") == "date", (name, field)


def damaged(path: str, value: Any) -> Any:
    data = json.loads(json.dumps(problem_to_json(b.course_problem())))
    *where, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    spot = data
    for step in where:
        spot = spot[step]
    spot[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("people.0.level", "C2", "people[0].level"),
        ("people.0.travel_limit_minutes", -1, "people[0].travel_limit_minutes: at least 0"),
        ("people.0.travel_limit_minutes", "60", "a whole number is expected, not a text"),
        ("people.0.signed_on", "03/03/2025", "a date like 2025-03-31"),
        ("people.0.availability", ["X"] * 7, "letters among M, A and S"),
        ("people.0.availability", ["M"], "seven days"),
        ("people.0.nationality", "x", "no such field"),
        ("rooms.0.site", "nowhere", "rooms[0].site"),
        ("needs.0.person", "nobody", "needs[0].person"),
        ("needs.0.training", "cooking", "one of civic, language"),
        ("needs", {}, "a list is expected"),
        ("format", "other", "parcours-problem/1"),
        ("rules.civic_size", {"minimum": 9, "maximum": 3}, "the maximum (3) is below"),
        ("people.1.id", "p0", "comes twice"),
        ("sites.0.latitude", True, "a number is expected"),
    ],
)
def test_a_bad_file_is_refused_with_path_field_and_rule(path: str, value: Any, said: str) -> None:
    with pytest.raises(FormatError) as refusal:
        problem_from_json(damaged(path, value))

    assert said in str(refusal.value)


def test_a_missing_field_is_named() -> None:
    data = damaged("people.0.level", "A1")
    del data["people"][0]["signed_on"]

    with pytest.raises(FormatError, match=r"people\[0\]\.signed_on: this field is missing"):
        problem_from_json(data)
