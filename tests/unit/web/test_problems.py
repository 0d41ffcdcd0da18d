"""What a database refuses is answered as a problem of its own, and logged by type, without anybody's data."""

import pytest
from flask import Flask
from sqlalchemy.exc import DataError, IntegrityError

from shared.documents import DocumentError
from shared.web.problems import install_problems

ROW = {"name": "Noori"}


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (DataError("INSERT", ROW, ValueError("value too long: Noori")), 422, "invalid_input"),
        (IntegrityError("INSERT", ROW, ValueError("Key (name)=(Noori) already exists")), 409, "conflict"),
        (DocumentError("contract.typ: no font has this letter"), 422, "document_failed"),
        (UnicodeEncodeError("utf-8", "Noori\ud800", 5, 6, "surrogates not allowed"), 500, "internal"),
    ],
)
def test_an_error_has_its_status_and_leaves_no_name(logged, raised, status, code):
    app = Flask("test")
    install_problems(app)

    @app.get("/api/v1/fails")
    def fails():
        raise raised

    answer = app.test_client().get("/api/v1/fails")

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert "Noori" not in answer.text
    said = logged()
    assert "Noori" not in said
    assert (type(raised).__name__ in said) == (code != "document_failed")


def test_an_answer_that_fails_after_its_view_leaves_no_name_either(logged):
    app = Flask("test")
    install_problems(app)

    @app.get("/api/v1/fails")
    def answers():
        return "good"

    @app.after_request
    def fail(_response):
        raise KeyError(ROW["name"])

    app.test_client().get("/api/v1/fails")

    said = logged()
    assert "KeyError" in said
    assert "Noori" not in said
