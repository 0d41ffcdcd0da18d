"""What the tests of notices share: a service of its own for each test."""

import pytest

from tests.integration.notifications.office import an_office


@pytest.fixture
def office(tmp_path):
    with an_office(tmp_path) as office:
        yield office
