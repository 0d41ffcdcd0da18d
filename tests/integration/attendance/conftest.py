"""The room of the tests of attendance, on both databases."""

import pytest

from tests.integration.attendance.room import Room


@pytest.fixture(params=["sqlite", "postgresql"])
def room(request, tmp_path):
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")("attendance")
    made = Room(tmp_path, url)
    made.furnish()
    yield made
    made.service.database.dispose()
