"""The JSON Schemas of the three files, from the value classes: `python -m services.scheduler.domain.formats DIR`."""

import json
import sys
from pathlib import Path

from services.scheduler.domain.codec import schema_of
from services.scheduler.domain.plan import Plan
from services.scheduler.domain.problem import Problem
from services.scheduler.domain.scenario import changes_schema

__all__ = ["documents"]


def documents() -> dict[str, str]:
    """Return the text of each schema by its file name."""
    schemas = {
        "problem.schema.json": schema_of(Problem, "A planning problem of Parcours", "urn:parcours:problem:1"),
        "plan.schema.json": schema_of(Plan, "A plan of Parcours", "urn:parcours:plan:1"),
        "changes.schema.json": changes_schema(),
    }
    return {name: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in schemas.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for file_name, text in documents().items():
        (folder / file_name).write_text(text, encoding="utf-8")
