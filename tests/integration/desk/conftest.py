"""The counter of a territory, on each of the two databases."""

import pytest

from tests.integration.desk.counter import a_counter


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    return request.getfixturevalue("postgres_url")("scheduler") if request.param == "postgresql" else None


@pytest.fixture
def counter(database_url, tmp_path):
    counter = a_counter(tmp_path, database_url)
    yield counter
    counter.close()
