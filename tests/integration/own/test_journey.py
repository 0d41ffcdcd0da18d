"""From the link in a message to what the other services make of it: days, absences, places, numbers, choices."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from parcours.embedded import DEMO_MARK, open_house
from parcours.wire import in_this_process
from services.scheduler import storage
from shared.ids import new_id
from shared.tables import outbox
from tests.doors import OFFER, START, TestHouse, a_house, csv_of, person, xlsx_of
from tests.forms import Visitor
from tests.papers import text_of

LINK = re.compile(r"http://127\.0\.0\.1:8000(/notices/m/\w+)")
NEWCOMER = {"langues_parlees": "fr;ar"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Return a house whose month is planned, published and told."""
    with a_house(tmp_path_factory.mktemp("own") / "var") as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n) for n in range(1, 25)])).raise_for_status()
        run_id = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(START.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
        house.clock.set(START + timedelta(hours=1))
        house.drain()
        yield house


@pytest.fixture(scope="module")
def people(house):
    """Return those who have a seat, by reference, each to be used by one test."""
    needs = house.planner.items("/planning/api/v1/needs", territory="93", state="placed")
    return iter(dict.fromkeys(need["signatory_id"] for need in needs))


class Phone:
    """What a person holds: the last link that came by SMS, and a browser without scripts."""

    def __init__(self, house, signatory_id):
        self.house, self.me = house, signatory_id
        self.client = in_this_process(house.house.wsgi)
        self.client.headers["Accept-Language"] = "fr"

    def messages(self):
        facts = self.house.ask("planner", "GET", f"/signatories/{self.me}").json()
        return [row for row in self.house.notices_of(facts["reference"]) if row["channel"] == "sms"]

    def link(self):
        sent = [self.house.var / "sms" / f"{row['id']}.json" for row in self.messages()]
        texts = [json.loads(path.read_text())["text"] for path in sent if path.exists()]  # what rides has no file
        return next(found for text in reversed(texts) if (found := LINK.search(text)))[1]

    def enter(self):
        return self.press(self.link())

    def give_code(self):
        code = self.house.ask("planner", "POST", f"/signatories/{self.me}/code").json()["code"]
        self.house.drain()
        return self.press("/notices/code", code=code)

    def read(self, path):
        return self.client.get(path)

    def press(self, path, **form):
        return self.client.post(path, data=form)

    def first(self, kind):
        """Return where to say something of the first day that the page shows."""
        return re.search(rf'href="(/notices/mine/days/[^"]+/{kind})"', self.read("/notices/mine").text)[1]


def on_the_roll(house, signatory_id, day):
    rolls = house.door("body-ORG").items("/attendance/api/v1/rolls", day=day, people="true")
    return [one["announced"] for roll in rolls for one in roll["people"] if one["signatory_id"] == signatory_id]


def seats(house, signatory_id):
    seat = storage.placement
    mine = sa.select(seat.c.session_id).where(seat.c.signatory_id == UUID(signatory_id), seat.c.state == "active")
    with house.house.services["scheduler"].database.read() as db:
        return {str(key) for key in db.scalars(mine)}


def needs(house, signatory_id):
    return [
        one
        for one in house.planner.items("/planning/api/v1/needs", territory="93")
        if one["signatory_id"] == signatory_id
    ]


def test_the_link_of_a_message_opens_the_days_and_nothing_of_staff(house, people):
    phone = Phone(house, next(people))
    assert phone.enter().headers["location"] == "/notices/mine"

    assert phone.read("/notices/mine").status_code == 200
    for path in ("/planning/", "/attendance/", "/notices/", "/planning/api/v1/needs", "/notices/api/v1/notices"):
        assert phone.read(path).status_code == 403, path
    assert phone.read("/attendance/mine").headers["location"] == "/notices/code?next=/attendance/mine"


def test_what_is_announced_stands_on_every_half_day_of_that_day_and_can_be_taken_back(house, people):
    phone = Phone(house, next(people))
    phone.enter()
    where = phone.first("absent")
    day = where.split("/")[-2]
    assert set(on_the_roll(house, phone.me, day)) == {""}

    phone.press(where)
    house.drain()
    assert set(on_the_roll(house, phone.me, day)) == {"absent"}
    phone.press(where.replace("absent", "late"))
    house.drain()
    assert set(on_the_roll(house, phone.me, day)) == {"late"}
    phone.press(where.replace("absent", "withdrawal"))
    house.drain()

    assert set(on_the_roll(house, phone.me, day)) == {""}
    assert seats(house, phone.me)


def test_a_place_given_up_for_good_is_free_and_its_need_waits_with_the_reason(house, people):
    phone = Phone(house, next(people))
    before = {one["id"]: one for one in needs(house, phone.me)}
    phone.enter()
    phone.give_code()
    place = re.search(r'href="(/notices/mine/places/[^"]+)"', phone.read("/notices/mine").text)[1]
    group = place.rpartition("/")[2]
    phone.press(f"{place}/giving-up")
    house.drain()
    assert "given_up" in {row["kind"] for row in phone.messages()}
    assert group in seats(house, phone.me)

    house.clock.set(house.clock.now() + timedelta(hours=48))
    house.drain()

    assert group not in seats(house, phone.me)
    after = [one for one in needs(house, phone.me) if one["state"] == "open"]
    assert after
    assert {before[one["id"]]["state"] for one in after} == {"placed"}
    assert all("a renoncé à sa place" in one["reason"]["fr"] for one in after)
    dossier = house.ask("planner", "GET", f"/signatories/{phone.me}/dossier").json()
    assert {"seat_declined", "notice_delivered"} <= {one["code"] for one in dossier}


def test_a_new_number_reaches_scheduler_and_the_next_message_goes_there(house, people):
    phone = Phone(house, next(people))
    phone.enter()
    phone.give_code()
    phone.press("/notices/mine/phone/new", phone="+999000000777")
    house.drain()
    assert "77</bdi>" in phone.read("/notices/mine/phone").text

    phone.press(phone.first("late"))
    house.drain()
    assert phone.read("/notices/mine").status_code == 200


def test_the_code_opens_hours_and_absences_in_the_same_shape(house, people):
    phone = Phone(house, next(people))
    phone.enter()
    phone.give_code()
    page = phone.read("/attendance/mine?lang=fr")

    assert page.status_code == 200
    assert "heures suivies" in page.text
    assert "OFII" not in page.text
    assert '<html lang="ur" dir="rtl">' in phone.read("/attendance/mine?lang=ur").text
    assert '<html lang="ur" dir="rtl">' in phone.read("/planning/choose").text


def test_somebody_chooses_at_home_from_the_link_that_came(house):
    house.send("un.csv", csv_of([person(91, **NEWCOMER)])).raise_for_status()
    house.drain()
    found = house.planner.items("/planning/api/v1/needs", territory="93", state="open")
    phone = Phone(house, _of(house, found, "93-2025-000091"))
    offer = str(new_id())
    house.ask("planner", "PUT", f"/slot-offers/{offer}", {"signatory_id": phone.me}).raise_for_status()
    house.drain()
    assert [row["kind"] for row in phone.messages()] == ["choose"]
    phone.enter()
    assert "/planning/choose" in phone.read("/notices/mine").text
    page = phone.read("/planning/choose?lang=fr")
    assert page.text.count("Je prends ces dates") >= 1
    assert seats(house, phone.me) == set()

    answer = phone.press(re.search(r'action="(/planning/choose/[^"]+)"', page.text)[1])
    house.drain()

    assert answer.headers["location"] == "/planning/choose?said=chosen"
    assert seats(house, phone.me)
    assert "/planning/choose" not in phone.read("/notices/mine").text
    assert phone.messages()[-1]["kind"] == "convocation"


def test_an_agent_offers_withdraws_and_gives_the_code_from_the_persons_page(house):
    house.send("deux.csv", csv_of([person(92, **NEWCOMER)])).raise_for_status()
    house.drain()
    key = _of(house, house.planner.items("/planning/api/v1/needs", territory="93", state="open"), "93-2025-000092")
    agent = Visitor(house, "planner")
    agent.open(f"/planning/people/{key}")
    assert "La personne choisit elle-même ses dates" in agent.send("/slot-offers").text
    assert not agent.has_form("/slot-offers") or agent.has_form("/withdrawal")
    assert "La personne choisit elle-même ses dates" not in agent.send("/withdrawal").text

    codes = []
    for _ in range(2):
        agent.open(f"/planning/people/{key}")
        codes.append(re.search(r"<bdi>(\d{4})</bdi>", agent.send("/code").text)[1])
        assert codes[-1] not in agent.open(f"/planning/people/{key}").text
    house.drain()
    house.account("watching", "controller", "93")
    controller = Visitor(house, "watching")
    controller.open(f"/planning/people/{key}")
    assert not controller.has_form("/code")
    assert controller.post(f"/planning/people/{key}/code", {}).status_code == 403


def test_the_code_on_paper_is_in_the_persons_language_opens_what_it_says_and_is_kept_nowhere(house, people, logged):
    key = next(people)
    phone = Phone(house, key)
    agent = Visitor(house, "planner")
    papers = []
    for _ in range(2):
        agent.open(f"/planning/people/{key}")
        papers.append(agent.send("/code.pdf"))
    texts = [text_of(paper.content) for paper in papers]
    codes = [re.search(r"(?<![\d/-])\d{4}(?![\d/-])", text)[0] for text in texts]
    house.drain()

    for paper, text in zip(papers, texts, strict=True):
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.headers["cache-control"] == "no-store"
        assert "لا نطلب هذا الرمز أبدا بالهاتف" in text
        said = set(re.findall(r"\w+", text))
        assert set("Nous ne demandons jamais ce code au téléphone Rose".split()) <= said
        assert not {"Dupont", "Ana"} & said
        assert not [word for word in said if word.startswith("Nom")]
    kept = json.dumps(
        [_rows(house, table) for table in (storage.signatory, storage.dossier_entry, outbox)], default=str
    )
    log = re.split(r"[\s=\"',{}:/]+", logged())
    for code in codes:
        assert f'"{code}"' not in kept.replace("\\", "")
        assert code not in log
        assert code not in agent.open(f"/planning/people/{key}").text
    phone.enter()
    if codes[0] != codes[1]:
        assert phone.press("/notices/code", code=codes[0]).status_code == 403
    assert phone.press("/notices/code", code=codes[1]).headers["location"] == "/notices/mine"
    assert phone.read("/attendance/mine").status_code == 200


def test_the_code_on_paper_is_for_who_may_give_one(house, people):
    key = next(people)
    house.account("looking", "controller", "93")
    house.account("elsewhere", "planner", "13")

    assert Visitor(house, "looking").post(f"/planning/people/{key}/code.pdf", {}).status_code == 403
    assert Visitor(house, "elsewhere").post(f"/planning/people/{key}/code.pdf", {}).status_code in {403, 404}
    assert Visitor(house, "planner").open(f"/planning/people/{key}/code.pdf").status_code in {404, 405}


def test_outside_the_demonstration_the_paper_is_french_and_english_where_no_translator_signed(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.send("mars.csv", csv_of([person(1)])).raise_for_status()
        key = _of(house, house.planner.items("/planning/api/v1/needs", territory="93"), "93-2025-000001")
    (tmp_path / "var" / DEMO_MARK).unlink()
    with closing(open_house({"PARCOURS_VAR": str(tmp_path / "var")})) as reopened:
        house = TestHouse(reopened, tmp_path / "var")
        house.account("desk", "auditor", "93")
        text = text_of(Visitor(house, "desk").post(f"/planning/people/{key}/code.pdf", {}).content)

    for said in ("Votre code", "Your code", "Nous ne demandons jamais", "We never ask for this code by phone"):
        assert said in text
    assert not re.search(r"[\u0600-\u06ff]", text)


def test_a_planner_changes_a_link_from_the_message_that_brought_it_and_the_next_one_brings_another(house, people):
    phone = Phone(house, next(people))
    old = phone.link()
    phone.enter()
    phone.give_code()
    page = f"/notices/messages/{phone.messages()[-1]['id']}"
    planner = Visitor(house, "planner")
    assert "cessera aussitôt d’ouvrir ses pages" in planner.open(page).text
    assert "L’ancien" not in planner.open(f"{page}?lang=en").text
    planner.open(f"{page}?lang=fr")

    assert "le prochain message portera le nouveau" in planner.send("/link/renewal").text

    assert phone.press(old).status_code == 403
    place = re.search(r'href="(/notices/mine/places/[^"]+)"', phone.read("/notices/mine").text)[1]
    phone.press(f"{place}/giving-up")
    house.drain()
    assert phone.link() != old
    assert phone.enter().headers["location"] == "/notices/mine"


def test_who_may_only_read_messages_changes_no_link(house, people):
    phone = Phone(house, next(people))
    page = f"/notices/messages/{phone.messages()[-1]['id']}"
    house.account("reading", "controller", "93")
    house.account("planner-13", "planner", "13")
    reader = Visitor(house, "reading")
    reader.open(page)

    assert not reader.has_form("/link/renewal")
    assert reader.post(f"{page}/link/renewal", {}).status_code == 403
    assert Visitor(house, "planner-13").post(f"{page}/link/renewal", {}).status_code in {403, 404}
    assert phone.enter().headers["location"] == "/notices/mine"


def test_a_day_that_was_followed_stays_so_when_the_rest_of_the_place_is_given_up(house, people):
    phone = Phone(house, next(people))
    held = sorted(_seats_of(house, phone.me), key=lambda seat: (seat["part"] == "200", seat["joins_on"]))
    done, coming = held[:2]  # two civic days of one group
    group = done["session_id"]
    assert coming["session_id"] == group
    house.clock.set(datetime.combine(done["joins_on"], time(17), UTC))
    house.drain()
    phone.enter()
    phone.give_code()
    phone.press(f"/notices/mine/places/{group}/giving-up")

    house.clock.set(datetime.combine(coming["joins_on"], time(8), UTC))
    house.drain()

    assert {seat["part"]: seat["state"] for seat in _seats_of(house, phone.me) if seat["session_id"] == group} == {
        done["part"]: "active",
        coming["part"]: "withdrawn",
    }
    states = {one["part"]: one["state"] for one in needs(house, phone.me)}
    assert (states[done["part"]], states[coming["part"]]) == ("placed", "open")


def _seats_of(house, signatory_id):
    return [row for row in _rows(house, storage.placement) if row["signatory_id"] == UUID(signatory_id)]


def _rows(house, table):
    with house.house.services["scheduler"].database.read() as db:
        return [dict(row._mapping) for row in db.execute(sa.select(table))]


def _of(house, found, reference):
    for key in dict.fromkeys(one["signatory_id"] for one in found):
        if house.ask("planner", "GET", f"/signatories/{key}").json()["reference"] == reference:
            return key
    raise AssertionError(reference)
