"""The counter of a territory, on each of the two databases."""

import pytest

from tests.integration.desk.counter import a_counter


@pytest.fixture(params=["sqlite", "postgresql"])
def counter(request, tmp_path):
    url = request.getfixturevalue("postgres_url")("scheduler") if request.param == "postgresql" else None
    counter = a_counter(tmp_path, url)
    yield counter
    counter.close()
