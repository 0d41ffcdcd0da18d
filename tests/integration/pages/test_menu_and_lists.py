"""The menu leads only where somebody may go, and a long list has its next page."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from services.scheduler import storage
from services.scheduler.domain.intake import CONTACT_COLUMNS
from shared.calendar import is_working_day
from shared.ids import new_id
from tests.doors import OFFER, a_house, csv_of, xlsx_of
from tests.forms import Visitor

TODAY = datetime(2025, 9, 1, 9, tzinfo=UTC)
CONTACT = {
    "prenom": "Zahra", "alias": "Tulipe", "programme": "cir-2025", "code_commune": "93008", "langues_parlees": "ps",
    "lecture": "oui", "langue_lecture": "ps", "telephone_partage": "non", "courriel": "", "canal": "sms",
}  # fmt: skip
INTEREST = {"called": "Rose", "commune": "Bobigny", "language": "ps", "permit_kind": "visa", "email": "a@example.org"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("lists") / "var") as house:
        house.clock.set(TODAY)
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.drain()
        house.account("prefect", "prefecture", "93")
        house.account("a-trainer", "trainer", "ORG/F1")
        yield house


@pytest.mark.parametrize(
    ("login", "services"),
    [
        (None, []),
        ("prefect", ["/planning/worklist"]),
        ("a-trainer", ["/attendance/", "/notices/tasks"]),
        ("body-ORG", ["/planning/to-confirm", "/attendance/", "/notices/tasks"]),
        ("planner", ["/planning/", "/attendance/", "/notices/"]),
        ("controller", ["/planning/", "/attendance/", "/notices/"]),
    ],
)
def test_the_menu_at_the_top_leads_only_where_somebody_may_go(house, login, services):
    visitor = Visitor(house, login)
    if login is None:
        visitor.open("/planning/interest")

    menu = re.search(r'aria-label="Services">(.*?)</nav>', visitor.page.text, re.DOTALL)
    links = re.findall(r'href="([^"]+)"', menu[1]) if menu else []

    assert links == services
    assert [visitor.open(link).status_code for link in links] == [200] * len(links)


def test_candidates_have_a_next_page(house):
    rows = [
        CONTACT | {"reference": f"93-2025-{n:06d}", "nom": f"Nom{n}", "telephone": f"+999{n:09d}"} for n in range(230)
    ]
    assert house.send("contacts.csv", csv_of(rows, CONTACT_COLUMNS), kind="contacts").json()["accepted"] == 230

    assert len(seen(house, "/planning/reception?state=contacted", r"93-2025-\d{6}")) == 230


def test_declared_interest_has_a_next_page(house):
    row = {"territory": "93", "commune": "93008", "language": "ps", "permit_kind": "visa", "declared_at": TODAY}
    with house.house.services["scheduler"].database.begin() as db:
        private = ({"called": f"Rose {n:03d}", "phone": "", "email": "a@example.org"} for n in range(230))
        db.execute(storage.interest.insert(), [row | {"id": new_id(), "private": one} for one in private])

    assert len(seen(house, "/planning/reception", r"Rose \d{3}", "waiting=")) == 230


def test_half_days_have_a_next_page(house):
    days = [TODAY.date() + timedelta(days=n) for n in range(7, 200)]
    body = {"platform": "PF93", "halves": ["morning", "afternoon"]}
    opened = 0
    for first in range(0, len(days), 90):
        working = [str(day) for day in days[first : first + 90] if is_working_day("93", day)]
        found = house.ask("planner", "POST", "/territories/93/interview-slots", body | {"days": working})
        opened += found.json()["opened"]
    assert opened > 200

    assert len(seen(house, "/planning/reception/slots", r"/planning/reception/slots/[0-9a-f-]{36}")) == opened


@pytest.mark.parametrize("query", ["page=0", "page=-3", "page=99999999999999999999999", "page=zz", "waiting=9" * 40])
def test_a_page_that_is_no_number_is_no_error(house, query):
    assert Visitor(house, "planner").open(f"/planning/reception?{query}").status_code == 200


@pytest.mark.parametrize("door", ["page", "api"])
def test_a_caller_is_counted_by_address_also_where_ipv4_is_written_as_ipv6(house, door):
    inner = house.client._transport.app

    def declare(address):
        with httpx.Client(transport=httpx.WSGITransport(inner, remote_addr=address)) as client:
            key = str(new_id())
            if door == "api":
                return client.put(f"http://x/planning/api/v1/interests/{key}", json=INTEREST).status_code
            return client.post("http://x/planning/interest", data=INTEREST | {"key": key}).status_code

    prefix = "::ffff:198.51.100." if door == "api" else "::ffff:203.0.113."
    assert [declare(f"{prefix}1") for _ in range(6)][-1] == 429
    assert declare(f"{prefix}2") in {204, 303}
    assert declare(f"{prefix}1".removeprefix("::ffff:")) == 429


def seen(house, path, pattern, mine="page="):
    """Return what a pattern finds on a page and on all that follow it."""
    planner = Visitor(house, "planner")
    found = set()
    while path:
        page = planner.open(path)
        assert page.status_code == 200
        found |= set(re.findall(pattern, page.text))
        more = [
            unescape(link) for link in re.findall(r'class="more"><a class="button quiet" href="([^"]+)"', page.text)
        ]
        path = next((link for link in more if mine in link or "since=" in link), None)
    return found


def test_a_refused_travel_time_is_named_whole_and_its_page_leads_back(house):
    rows = [
        {"code_commune": "93008", "site": "S1", "mode": "transport", "minutes": "abc"},
        *({"code_commune": "99999", "site": "S1", "mode": "velo", "minutes": str(n)} for n in range(60)),
    ]
    sent = house.send("trajets.csv", csv_of(rows, headers=("code_commune", "site", "mode", "minutes")), kind="offer")
    planner = Visitor(house, "planner")
    planner.open("/planning/imports?territory=93&lang=fr")

    link = re.search(r'"(/planning/imports/[0-9a-f-]{36})">trajets', planner.page.text)[1]
    shown = unescape(planner.open(link).text)

    assert sent.status_code == 200
    assert "code_commune : 93008, site : S1, mode : transport, minutes : abc" in shown, shown
    assert "Les 50 premières lignes refusées" in shown
    assert 'href="/planning/imports?territory=93"' in shown
