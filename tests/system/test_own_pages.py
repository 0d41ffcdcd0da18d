"""A person's own pages in a real browser, at the width of an old phone, from right to left, with scripts and without."""

import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from services.notifications.app import PREFIX, create_app
from services.notifications.usecases.links import link_of
from shared.ids import derived_id, new_id
from shared.languages import LANGUAGES, direction
from shared.web.frame import mount
from tests.browser import FLAGS, chromium, press
from tests.doors import csv_of, person
from tests.integration.attendance.taken import a_roll_taken
from tests.integration.notifications.office import DAYS, PERSON, SESSION, an_office

WIDTHS = (320, 1280)
PLACE = f"/notices/mine/places/{SESSION}"
PAGES = (
    "/notices/mine",
    f"/notices/mine/days/{SESSION}/{DAYS['S1']}/absent",
    "/notices/mine/phone",
    "/notices/code",
    PLACE,
    "/notices/mine/phone/new",
)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class _Quiet(WSGIRequestHandler):
    def log(self, *_):
        """A test says what it has to say itself."""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@contextmanager
def serving(app):
    """Serve an application on a free port of this machine; yield its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def door(tmp_path):
    """Serve one office with a person who reads Arabic; return the address of their link."""
    with an_office(tmp_path) as office:
        office.place(code="4711")
        app = mount(None, {PREFIX: create_app(office.settings, office.service)})
        with serving(app) as address:
            with office.service.database.begin() as db:
                found = link_of(office.service.work(db), address, PERSON)
            yield found


def entered(browser, door, width, **how):
    """Open the link as a person does: look, press the one button."""
    context = browser.new_context(viewport={"width": width, "height": 640}, **how)
    page = context.new_page()
    page.goto(door)
    press(page.locator("button.big"))
    expect(page).to_have_url(re.compile("/notices/mine$"))
    return context, page


def test_everything_can_be_said_without_scripts_from_right_to_left(browser, door):
    context, page = entered(browser, door, 320, java_script_enabled=False)
    assert page.locator("html").get_attribute("dir") == "rtl"
    press(page.locator(".saying a").first)
    press(page.locator("button.big"))
    expect(page.get_by_text("قلتم: سأتأخر.")).to_have_count(2)  # just now, and beside its day
    press(page.locator("form[action$=withdrawal] button"))
    expect(page.get_by_text("قلتم: سأتأخر.")).to_have_count(0)
    press(page.locator(".more a").last)
    page.fill("#code", "4711")
    press(page.locator("button.big"))
    press(page.locator("button.danger"))
    press(page.get_by_role("link", name="أحتفظ بمكاني"))
    press(page.locator("button.big"))

    expect(page.get_by_role("link", name="أحتفظ بمكاني")).to_have_count(0)
    context.close()


def test_a_code_is_taken_from_any_keyboard_and_a_wrong_one_is_asked_again_with_why(browser, door):
    context, page = entered(browser, door, 320)
    page.goto(door.partition("/notices")[0] + "/notices/code?lang=fa")
    page.fill("#code", "۴۷۱۲")
    press(page.locator("button.big"))
    field = page.locator("#code")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("^کد درست نیست"))
    expect(field).to_have_attribute("aria-invalid", "true")

    page.fill("#code", "۴۷۱۱")
    press(page.locator("button.big"))
    expect(page).to_have_url(re.compile("/notices/mine$"))
    context.close()


def test_who_closed_their_pages_can_read_that_in_another_language(browser, door):
    context, page = entered(browser, door, 320)
    press(page.locator("header button"))
    page.locator("summary").click()
    press(page.locator("a[lang=ur]"))

    assert "/planning/" not in page.url
    assert page.locator("html").get_attribute("lang") == "ur"
    expect(page.locator("a[href^='tel:']")).to_have_count(1)
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_and_never_wider_than_the_screen(browser, door, width):
    context, page = entered(browser, door, width)
    page.goto(door.partition("/notices")[0] + "/notices/code")
    page.fill("#code", "4711")
    press(page.locator("button.big"))
    for path in PAGES:
        for language in ("ar", "ti", "fr"):
            page.goto(f"{door.partition('/notices')[0]}{path}?lang={language}")
            assert page.evaluate(OVERFLOW) <= 1, (path, language, width)
            found = Axe().run(page)
            assert found.violations_count == 0, (path, language, found.generate_report())
    context.close()


def test_each_of_the_languages_has_its_direction_and_fits_an_old_phone(browser, door):
    context, page = entered(browser, door, 320)
    for language in LANGUAGES:
        page.goto(f"{door.partition('/notices')[0]}/notices/mine?lang={language}")
        html = page.locator("html")
        assert (html.get_attribute("lang"), html.get_attribute("dir")) == (language, direction(language))
        assert page.evaluate(OVERFLOW) <= 1, language
        html.evaluate("one => one.style.fontSize = '200%'")  # as who sees badly sets it on their phone
        assert page.evaluate(OVERFLOW) <= 1, language
    context.close()


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Serve all three: somebody was absent and has a code, somebody else may choose; yield address, doors, digits."""
    with a_roll_taken(tmp_path_factory.mktemp("own") / "var") as (house, _, missing):
        house.send("un.csv", csv_of([person(91, langues_parlees="fr;ar")])).raise_for_status()
        chooser = str(derived_id("signatory", "93", "93-2025-000091"))
        house.ask("planner", "PUT", f"/slot-offers/{new_id()}", {"signatory_id": chooser}).raise_for_status()
        digits = house.ask("planner", "POST", f"/signatories/{missing['signatory_id']}/code").json()["code"]
        house.clock.set(house.clock.now() + timedelta(hours=14))
        house.drain()
        notices = house.house.services["notifications"]
        with serving(house.house.wsgi) as address:
            with notices.database.begin() as db:
                doors = [link_of(notices.work(db), address, UUID(key)) for key in (missing["signatory_id"], chooser)]
            yield address, *doors, digits


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["ar", "fr"])
def test_what_the_other_services_serve_has_the_same_shape(browser, services, width, language):
    address, absent, chooser, digits = services
    context, page = entered(browser, absent, width)
    page.goto(f"{address}/attendance/mine")
    page.fill("#code", digits)
    press(page.locator("button.big"))
    page.goto(f"{address}/attendance/mine?lang={language}")
    assert page.locator("input[name=answer]").count() > 1
    look_at(page, language)
    context.close()

    context, page = entered(browser, chooser, width)
    page.goto(f"{address}/planning/choose?lang={language}")
    assert page.locator("form[action^='/planning/choose/']").count() >= 1
    look_at(page, language)
    context.close()


def look_at(page, language):
    assert page.locator("html").get_attribute("dir") == direction(language)
    assert page.evaluate(OVERFLOW) <= 1
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
