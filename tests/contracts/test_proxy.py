"""The reverse proxy: no page of a person ends in the proxy's own words, and no secret of a link in its log."""

import re
from pathlib import Path

import pytest
import yaml

from shared.web.own import OWN_DOORS

ROOT = Path(__file__).parents[2]
PREFIXES = {"scheduler": "/planning", "attendance": "/attendance", "notifications": "/notices"}
LOCATION = re.compile(r"location (~ )?(\S+) \{(.+)\}")
LOCATIONS = LOCATION.findall((ROOT / "deploy" / "nginx.conf").read_text())
OWN = [
    (service, PREFIXES[service] + route.partition(" ")[2])
    for service, routes in yaml.safe_load((ROOT / "docs" / "rights.yaml").read_text()).items()
    for route in routes
    if route.partition(" ")[2].startswith(OWN_DOORS)
]


def what_holds(path):
    """Return what the proxy does with a path: an expression goes before a beginning, a longer one before a shorter."""
    beginnings = [(len(where), does) for kind, where, does in LOCATIONS if not kind and path.startswith(where)]
    return next((does for kind, where, does in LOCATIONS if kind and re.match(where, path)), max(beginnings)[1])


@pytest.mark.parametrize(("service", "path"), OWN)
def test_another_service_speaks_for_the_one_of_a_persons_page_that_is_away(service, path):
    does = what_holds(path)
    other = re.search(r"error_page 502 504 = @(\w+);", does)[1]

    assert f"http://{service}:8000" in does
    assert other != service
    (speaks,) = [done for _kind, where, done in LOCATIONS if where == f"@{other}"]
    assert f"http://{other}:8000; rewrite ^ {PREFIXES[other]}/away? break;" in speaks


def test_neither_who_serves_a_link_nor_who_speaks_for_them_logs_its_secret():
    does = what_holds("/notices/m/K7Q2M4XW9PTC2A")
    (speaks,) = [done for _kind, where, done in LOCATIONS if where == "@attendance"]

    assert "error_page 502 504 = @attendance;" in does
    assert "error_log /dev/null" in does
    assert "error_log /dev/null" in speaks
