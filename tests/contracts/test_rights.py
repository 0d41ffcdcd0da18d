"""One row a route in docs/rights.yaml: a route without a row fails, and a row without a route too."""

import pytest

from parcours.embedded import open_house
from shared.rights import EVERYONE, ROLES, RightsTable
from shared.web.frame import route_keys


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = open_house({"PARCOURS_VAR": str(tmp_path_factory.mktemp("var"))})
    yield house
    house.close()


@pytest.mark.parametrize(
    ("prefix", "service"), [("/planning", "scheduler"), ("/attendance", "attendance"), ("/notices", "notifications")]
)
def test_each_route_has_a_row_and_each_row_a_route(house, prefix, service):
    rights = RightsTable.load()

    assert route_keys(house.apps[prefix]) == rights.routes(service)
    for route in rights.routes(service):
        assert rights.roles(service, route), route
        assert set(rights.roles(service, route)) <= {*ROLES, EVERYONE}, route
