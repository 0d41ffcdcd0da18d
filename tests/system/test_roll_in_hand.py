"""
The roll on a phone, in a real browser: few taps, no network, a session that ends, two devices, a code that is scanned.

Every browser keeps what it reports: an error in the console or a breach of the content policy fails the test.
"""

import itertools
import shutil
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from services.attendance.domain import meeting_code
from shared.clock import real_now
from shared.ids import new_id
from shared.languages import LANGUAGES, direction
from tests.browser import FLAGS, chromium
from tests.integration.attendance.roomful import (
    AFTERNOON,
    MEETING,
    NAMES,
    a_roomful,
    person_id,
    reference,
    the_same_room,
)

PHONE = {"width": 390, "height": 844}
ROLL = f"/attendance/rolls/{MEETING}"
DECLARED = "trainer_declared:device_failed"
DONE = "/attendance/here/done"
LOOKED_AT = ("ar", "ti", "bn", "zh", "fr")  # the scripts that need most room, by every rule
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TEXTS_OF_NETWORK = ("Failed to load resource", "net::ERR_INTERNET_DISCONNECTED")
KEPT = """async () => {
  const names = await caches.keys();
  const pages = [];
  for (const name of names) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      pages.push([new URL(request.url).pathname, await (await cache.match(request)).text()]);
    }
  }
  const there = (await indexedDB.databases()).some((one) => one.name === "parcours-rolls");
  if (!there) return { pages, rows: {} };
  const db = await new Promise((resolve) => {
    const asked = indexedDB.open("parcours-rolls");
    asked.onsuccess = () => resolve(asked.result);
  });
  const rows = {};
  for (const store of db.objectStoreNames) {
    rows[store] = await new Promise((resolve) => {
      const asked = db.transaction(store).objectStore(store).getAll();
      asked.onsuccess = () => resolve(asked.result);
    });
  }
  db.close();
  return { pages, rows };
}"""


@pytest.fixture(scope="module")
def browser():
    try:
        path = chromium()
    except RuntimeError as error:
        pytest.exit(str(error), returncode=3)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    var = tmp_path_factory.mktemp("hand") / "var"
    with a_roomful(var):
        return var


@pytest.fixture
def room(furnished, tmp_path):
    """Serve a house of its own over HTTP, as a machine in the training body's house does."""
    shutil.copytree(furnished, tmp_path / "var")
    with the_same_room(tmp_path / "var") as room:
        room.at("08:40")
        server = make_server("127.0.0.1", 0, room.house.house.wsgi, threaded=True)
        room.address = f"http://127.0.0.1:{server.server_port}"
        running = threading.Thread(target=server.serve_forever, daemon=True)
        running.start()
        yield room
        server.shutdown()
        running.join(timeout=10)
        server.server_close()


def wait_for(state, seconds):
    deadline = time.monotonic() + seconds
    while not state():
        assert time.monotonic() < deadline, f"not within {seconds} s"


class Hand:
    """Somebody with a phone: counts what they touch, and keeps what their browser complains about."""

    def __init__(self, browser, room, width=PHONE, **options):
        self.room = room
        self.context = browser.new_context(viewport=width, **{"locale": "fr-FR", "has_touch": True, **options})
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective));"
        )
        self.page = self.context.new_page()
        self.complaints = []
        self.actions = 0
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message):
        if message.type == "error" and not any(text in message.text for text in TEXTS_OF_NETWORK):
            self.complaints.append(message.text)

    def sign_in(self, login):
        self.page.goto(f"{self.room.address}/planning/sign-in")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", self.room.house.passwords[login])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/attendance/**")

    def open(self, path=ROLL):
        self.page.goto(self.room.address + path)
        if path == ROLL:
            self.ready()

    def ready(self):
        self.page.wait_for_selector("#roll[data-ready=yes]")

    def person(self, n):
        return self.page.locator(f"fieldset[data-person='{person_id(n)}']")

    def tap(self, locator):
        locator.tap()
        self.actions += 1

    def choose(self, value, selector="#proof"):
        """Choose in a list: one tap opens it, one tap chooses."""
        self.page.select_option(selector, value)
        self.actions += 2

    def answer(self, n, words="Présent"):
        self.tap(self.person(n).get_by_label(words, exact=True))

    def net(self, state):
        self.page.wait_for_selector(f"#net[data-state='{state}']", timeout=15_000)

    def sign(self):
        self.tap(self.page.get_by_role("button", name="Enregistrer et signer la feuille"))
        self.tap(self.page.get_by_role("button", name="Signer la feuille", exact=True))

    def kept(self):
        """Return what this browser keeps: the pages with their text, and the rows of each store."""
        return self.page.evaluate(KEPT)

    def names_kept(self):
        return {path for path, text in self.kept()["pages"] if any(name in text for name in NAMES)}

    def wait_kept(self, wanted=True):
        """Wait until the page of the roll is on this device, or is not."""
        self.wait("async ([path, wanted]) => Boolean(await caches.match(path)) === wanted", [ROLL, wanted])

    def wait_for_worker(self):
        """Wait until the service worker answers for the next page that is opened."""
        self.wait(
            """async () => {
              const found = await navigator.serviceWorker.getRegistration("/attendance/");
              return Boolean(found && found.active && found.active.state === "activated");
            }"""
        )

    def wait(self, state, arg=None):
        """Wait for a state of the page; a policy without eval leaves the asking to us."""
        wait_for(lambda: self.page.evaluate(state, arg), 15)


@contextmanager
def a_hand(browser, room, login="trainer", **options):
    hand = Hand(browser, room, **options)
    if login:
        hand.sign_in(login)
    yield hand
    assert hand.complaints == []
    hand.context.close()


def marks_of(room):
    return {key: one["mark"] and one["mark"]["status"] for key, one in room.people(login="boss").items()}


def state_of(room):
    return room.ask("boss", "GET", f"/rolls/{MEETING}").json()["state"]


def mark(room, n, status, act=""):
    said = {"id": str(new_id()), "signatory_id": str(person_id(n)), "status": status}
    said |= {"act": "trainer_declared", "act_reason": "cannot_sign"} if status == "present" else {}
    answer = room.ask("boss", "POST", "/rolls/marks", {"rolls": [{"meeting_id": str(MEETING), "marks": [said]}]})
    assert answer.json()["rolls"][0]["results"][0]["state"] == "kept"


def test_twenty_people_are_marked_one_by_one_and_signed_off_in_under_forty_actions(browser, room):
    room.at("09:25")
    with a_hand(browser, room) as trainer:
        trainer.open("/attendance/")
        trainer.tap(trainer.page.locator("tbody a").first)
        trainer.ready()
        trainer.choose(DECLARED)
        for n in range(17):
            trainer.answer(n)
        trainer.answer(17, "En retard")
        trainer.answer(18, "Absent")
        trainer.answer(19, "Absent")
        trainer.sign()
        expect(trainer.page.get_by_text("Feuille signée")).to_be_visible(timeout=15_000)
        assert trainer.actions < 40

        assert ROLL not in trainer.names_kept(), "the names go with the signature"
        assert trainer.kept()["rows"]["marks"] == []
    found = marks_of(room)
    assert [found[reference(n)] for n in (0, 16, 17, 18)] == ["present", "present", "late", "absent_unexplained"]
    assert room.people(login="boss")[reference(17)]["mark"]["minutes_lost"] == 25
    assert state_of(room) == "sealed"


def test_without_network_the_roll_is_opened_again_marked_signed_and_sent_when_it_is_back(browser, room):
    room.at("09:00")
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.choose(DECLARED)
        trainer.answer(0)
        trainer.net("sent")
        trainer.wait_kept()
        trainer.wait_for_worker()

        trainer.context.set_offline(True)
        trainer.actions = 0
        for n in range(1, 10):
            trainer.answer(n)
        trainer.net("offline")
        trainer.page.reload()
        trainer.ready()
        for n in range(10):
            expect(trainer.person(n).get_by_label("Présent", exact=True)).to_be_checked()
        for n in range(10, 20):
            trainer.answer(n, "Absent" if n == 19 else "Présent")
        expect(trainer.page.locator("#net")).to_contain_text("19 réponses gardées")
        trainer.sign()
        assert trainer.actions < 40
        expect(trainer.page.get_by_text("dès que le réseau revient")).to_be_visible()
        assert [key for key, status in marks_of(room).items() if status] == [reference(0)]

        trainer.context.set_offline(False)
        expect(trainer.page.get_by_text("Feuille signée")).to_be_visible(timeout=20_000)
        assert ROLL not in trainer.names_kept()
    assert sum(status == "present" for status in marks_of(room).values()) == 19
    sources = [one["mark"]["source"] for one in room.people(login="boss").values()]
    assert sources.count("offline") >= 10


def test_a_page_that_is_not_on_the_device_says_so_without_network(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.wait_for_worker()
        trainer.context.set_offline(True)

        trainer.page.goto(f"{room.address}/attendance/rolls/{new_id()}")

        assert trainer.page.get_by_role("heading", name="Hors ligne").is_visible()


def test_todays_rolls_are_kept_from_the_list_of_the_day(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open("/attendance/")
        trainer.page.wait_for_selector("#device[data-kept=yes]", state="attached")

        assert trainer.names_kept() == {ROLL, f"/attendance/rolls/{AFTERNOON}"}
        assert not any(name in str(trainer.kept()["rows"]) for name in NAMES)


def test_a_session_that_ended_keeps_the_answers_and_sends_them_after_sign_in(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.choose(DECLARED)
        trainer.answer(0)
        trainer.net("sent")
        trainer.context.clear_cookies()

        for n in range(1, 5):
            trainer.answer(n)
        trainer.net("sign-in")
        assert sum(status is not None for status in marks_of(room).values()) == 1
        trainer.page.get_by_role("link", name="Se reconnecter").click()
        trainer.page.fill("[name=login]", "trainer")
        trainer.page.fill("[name=password]", room.house.passwords["trainer"])
        trainer.page.keyboard.press("Enter")
        trainer.ready()

        trainer.net("sent")
    assert sum(status == "present" for status in marks_of(room).values()) == 5


def test_another_devices_answer_is_shown_beside_and_the_trainer_chooses(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.choose(DECLARED)
        trainer.context.set_offline(True)
        trainer.answer(0)
        trainer.answer(1)
        trainer.answer(2)
        trainer.net("offline")
        for n in (0, 1):
            mark(room, n, "absent_unexplained")
        mark(room, 2, "present")

        trainer.context.set_offline(False)
        trainer.page.reload()
        trainer.ready()
        for n in (0, 1):
            expect(
                trainer.person(n).get_by_text("Deux réponses. La vôtre : Présent. Un autre appareil : Absent.")
            ).to_be_visible()
        assert [marks_of(room)[reference(n)] for n in (0, 1)] == ["absent_unexplained"] * 2, "nothing is overwritten"
        trainer.net("dispute")
        trainer.tap(trainer.page.get_by_role("button", name="Enregistrer et signer la feuille"))
        trainer.page.locator("#review .back").tap()
        trainer.tap(trainer.person(0).get_by_role("button", name="Garder ma réponse"))
        trainer.tap(trainer.person(1).get_by_role("button", name="Garder l’autre"))
        trainer.net("sent")

        expect(trainer.person(1).get_by_label("Absent", exact=True)).to_be_checked()
    assert [marks_of(room)[reference(n)] for n in range(3)] == ["present", "absent_unexplained", "present"]
    assert len([row for row in room.rows("mark") if row["signatory_id"] == person_id(0)]) == 2, "both versions stay"


def test_a_person_scans_with_their_own_phone_and_the_trainer_confirms_with_one_tap(browser, room):
    room.at("08:55")
    secret = meeting_code.secret_of(room.keys["attendance"], MEETING)
    with a_hand(browser, room) as trainer, a_hand(browser, room, "person-3", locale="ar") as phone:
        trainer.open(f"{ROLL}/code")
        shown = trainer.page.locator(".spoken").inner_text()
        phone.open(f"/attendance/here/{MEETING}/{meeting_code.scanned_code(secret, real_now())}")
        assert phone.page.locator("html").get_attribute("dir") == "rtl"
        phone.tap(phone.page.get_by_role("button", name="أنا هنا"))
        phone.page.wait_for_url("**/here/done")
        with a_hand(browser, room, None, java_script_enabled=False, locale="en-GB") as other:
            other.open("/attendance/here")
            other.page.fill("#code", shown)
            other.page.fill("#reference", reference(5))
            other.page.get_by_role("button", name="I am here").tap()
            expect(other.page.get_by_text("Thank you")).to_be_visible()
        expect(trainer.page.locator("#scanned")).to_contain_text("2 personnes se sont déclarées", timeout=15_000)

        trainer.open()
        scans = trainer.page.locator("#scans")
        expect(scans).to_contain_text("1 personnes se sont déclarées")
        trainer.tap(scans.get_by_role("button"))
        trainer.tap(trainer.person(5).get_by_role("button", name="Confirmer"))
        trainer.net("sent")
    found = room.people(login="boss")
    assert [(found[reference(n)]["mark"]["act"], found[reference(n)]["mark"]["status"]) for n in (3, 5)] == [
        ("qr", "present"),
        ("code", "present"),
    ]


def test_a_mark_is_drawn_on_the_device_that_goes_round_also_without_network(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.choose("drawn")
        trainer.context.set_offline(True)
        trainer.answer(1)
        square = trainer.page.locator("#square").bounding_box()
        trainer.page.mouse.move(square["x"] + 40, square["y"] + 40)
        trainer.page.mouse.down()
        for n in range(12):
            trainer.page.mouse.move(square["x"] + 40 + 15 * n, square["y"] + 60 + 40 * (n % 2))
        trainer.page.mouse.up()
        trainer.tap(trainer.page.get_by_role("button", name="C’est fait"))
        trainer.answer(2)
        trainer.tap(trainer.page.locator("#undrawn"))
        expect(trainer.person(2).get_by_label("Présent", exact=True)).not_to_be_checked()
        trainer.net("offline")

        trainer.context.set_offline(False)
        trainer.net("sent")
        assert trainer.kept()["rows"]["acts"] == []
    (act,) = room.rows("act")
    assert (act["kind"], act["source"], act["subject_id"]) == ("drawn", "shared", person_id(1))
    assert room.people(login="boss")[reference(1)]["mark"]["act_id"] == str(act["id"])
    assert room.people(login="boss")[reference(2)]["mark"] is None


def test_all_present_is_one_tap_and_one_tap_back(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.choose(DECLARED)
        trainer.answer(4, "Absent")
        trainer.net("sent")

        trainer.tap(trainer.page.get_by_role("link", name="Tous présents"))
        expect(trainer.page.locator("#undo")).to_contain_text("19 personnes")
        trainer.tap(trainer.page.locator("#undo button"))
        expect(trainer.page.locator("#count")).to_contain_text("1 sur 20")
        assert trainer.page.locator("fieldset.mark input[type=radio]:checked").count() == 1
        assert len(room.rows("mark")) == 1

        trainer.tap(trainer.page.get_by_role("link", name="Tous présents"))
        trainer.sign()
        expect(trainer.page.get_by_text("Feuille signée")).to_be_visible(timeout=15_000)
    assert {row["act"] for row in room.rows("mark")} == {"trainer_declared", ""}


def test_names_go_at_sign_out_after_a_day_and_when_somebody_else_signs_in(browser, room):
    with a_hand(browser, room) as trainer:
        trainer.open()
        trainer.wait_kept()
        trainer.context.set_offline(True)
        trainer.choose(DECLARED)
        trainer.answer(0)
        trainer.net("offline")
        trainer.context.set_offline(False)
        trainer.net("sent")
        trainer.page.get_by_role("button", name="Se déconnecter").tap()
        trainer.page.wait_for_url(f"{room.address}/")
        assert trainer.names_kept() == set()

        trainer.sign_in("trainer")
        trainer.open()
        trainer.wait_kept()
        trainer.page.evaluate(
            """async (path) => {
              const pages = await caches.open("parcours-rolls-pages");
              const old = await pages.match(path);
              const headers = new Headers(old.headers);
              headers.set("X-Kept-At", String(Date.now() - 25 * 3600 * 1000));
              await pages.put(path, new Response(await old.text(), { headers }));
            }""",
            ROLL,
        )
        trainer.wait_for_worker()
        trainer.context.set_offline(True)
        trainer.page.reload()
        assert trainer.page.get_by_role("heading", name="Hors ligne").is_visible()
        assert trainer.names_kept() == set()
        trainer.context.set_offline(False)

        trainer.open()
        trainer.wait_kept()
        trainer.context.clear_cookies()
        trainer.sign_in("other-trainer")
        trainer.page.wait_for_selector("#device[data-kept=yes]", state="attached")
        trainer.wait_kept(wanted=False)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_of_the_room_are_accessible_and_fit_the_screen(browser, room, width, language):
    mark(room, 1, "absent_unexplained")
    secret = meeting_code.secret_of(room.keys["attendance"], MEETING)
    ticket = meeting_code.contact_ticket(secret, person_id(2), real_now())
    door = meeting_code.ticket(secret, "qr", real_now() + timedelta(minutes=5))
    faults = []
    with a_hand(browser, room, width={"width": width, "height": 844}, locale=language) as trainer:
        paths = [f"/attendance/here/{MEETING}/{door}", "/attendance/here", DONE]
        paths += [f"/attendance/contact/{MEETING}/{person_id(2)}/{ticket}"]
        paths += ["/attendance/", ROLL, f"{ROLL}/code", f"{ROLL}/contact/{person_id(2)}", "/attendance/offline"]
        for path in paths:
            trainer.open(f"{path}?lang={language}")
            faults += faults_of(trainer.page, path)
    assert faults == []


@pytest.mark.parametrize("width", [320, 390])
def test_who_comes_with_an_old_phone_reads_the_pages_of_the_room_in_each_language(browser, room, width):
    secret = meeting_code.secret_of(room.keys["attendance"], MEETING)
    door = f"/attendance/here/{MEETING}/{meeting_code.ticket(secret, 'qr', real_now() + timedelta(minutes=30))}"
    number = (
        f"/attendance/contact/{MEETING}/{person_id(2)}/{meeting_code.contact_ticket(secret, person_id(2), real_now())}"
    )
    faults = []
    with a_hand(browser, room, None, width={"width": width, "height": 640}) as phone:
        for time_of_day, paths in (
            ("08:10", [door]),
            ("08:40", [door, "/attendance/here", DONE, number, f"{number}0"]),
        ):
            room.at(time_of_day)
            for path, language in itertools.product(paths, LANGUAGES):
                phone.open(f"{path}?lang={language}")
                assert phone.page.locator("html").get_attribute("dir") == direction(language)
                if language in LOOKED_AT:
                    faults += faults_of(phone.page, (time_of_day, path, language))
                elif phone.page.evaluate(OVERFLOW) > 1:
                    faults.append((path, language, "wider than the screen"))
    assert faults == []


def test_who_comes_without_scripts_says_so_in_their_own_writing(browser, room):
    secret = meeting_code.secret_of(room.keys["attendance"], MEETING)
    with a_hand(browser, room, None, java_script_enabled=False, locale="fr-FR") as phone:
        phone.open(f"/attendance/here/{MEETING}/{meeting_code.scanned_code(secret, real_now())}")
        phone.page.locator("summary").tap()
        phone.page.get_by_role("link", name="ትግርኛ").tap()
        phone.page.fill("#reference", reference(5))
        phone.page.get_by_role("button", name="ኣብዚ ኣለኹ").tap()
        expect(phone.page.get_by_text("መምህር ኣብዚ ከም ዘለኹም ይርኢ ኣሎ")).to_be_visible()
    assert [act["subject_id"] for act in room.rows("act")] == [person_id(5)]


def faults_of(page, where):
    """
    Return what a page does wrong when everything on it is unfolded: rules of accessibility, its width, small targets.

    The page that waits until a roll opens looks again by itself, says so, and has a button for it.
    """
    for fold in page.locator("summary").all():
        fold.click()
    options = {"resultTypes": ["violations"], "rules": {"meta-refresh": {"enabled": False}}}
    found = Axe().run(page, options=options).response["violations"]
    faults = [(where, one["id"], one["nodes"][0]["html"][:160]) for one in found]
    if page.evaluate(OVERFLOW) > 1:
        faults.append((where, "wider than the screen"))
    small = page.evaluate(
        """() => [...document.querySelectorAll("main button, main a.button, main .answers label, main input:not([type=hidden]):not([type=radio]), main select, main summary")]
          .filter((one) => one.offsetParent && (one.getBoundingClientRect().height < 43.5))
          .map((one) => one.outerHTML.slice(0, 80))"""
    )
    return faults + [(where, "smaller than 44 px", one) for one in small]
