"""The pages of two-step publication and of waivers in a real browser, at both widths, in both languages."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from shared.ids import new_id
from tests.browser import press
from tests.doors import OFFER, START, a_house, csv_of, person, xlsx_of
from tests.system.test_pages import WIDTHS, browser  # noqa: F401 - browser is a fixture

LATER = START + timedelta(days=8)


@contextmanager
def asked(var):
    """Yield (address, house, pages by login) of a plan of which a body has answered a part, when the delay is over."""
    with a_house(var) as house:
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer").raise_for_status()
        house.send("mars.csv", csv_of([person(n) for n in range(1, 15)])).raise_for_status()
        run = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "publish_on": str(LATER.date()), "work_limit": 2}
        house.planner.put(f"/planning/api/v1/runs/{run}", body)
        house.stage.run_jobs()
        groups = house.ask("planner", "PUT", f"/runs/{run}/consultation", {}).json()["sessions"]
        civic = [one for one in groups if one["training"] == "civic"]
        language = next(one for one in groups if one["training"] == "language")
        moved = str(START.date() + timedelta(days=30))
        for one, said in (
            (civic[0], {"answer": "counter", "starts_on": moved}),
            (language, {"answer": "refuse", "reason": "trainer"}),
        ):
            path = f"/sessions-to-confirm/{one['id']}/answers/{new_id()}"
            house.ask("body-ORG", "PUT", path, said).raise_for_status()
        person_id = house.planner.items("/planning/api/v1/needs", territory="93")[0]["signatory_id"]
        waiver = {"rule": "reach", "reason": "own_wish", "agreed_by": "person", "agreed_on": str(START.date())}
        house.ask("planner", "PUT", f"/waivers/{new_id()}", waiver | {"signatory_id": person_id}).raise_for_status()
        house.clock.set(LATER)
        server = make_server("127.0.0.1", 0, house.house.wsgi, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            pages = {
                "planner": (
                    f"/planning/runs/{run}",
                    f"/planning/counter-proposals/{civic[0]['id']}",
                    "/planning/worklist?territory=93",
                    f"/planning/waivers?territory=93&person={person_id}",
                    f"/planning/waivers?territory=93&group={civic[0]['session_id']}",
                ),
                "body-ORG": ("/planning/to-confirm", f"/planning/to-confirm/{civic[0]['id']}"),
            }
            yield f"http://127.0.0.1:{server.server_port}", house, pages
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with asked(tmp_path_factory.mktemp("asked") / "var") as found:
        yield found


def signed_in(browser, address, house, login):  # noqa: F811
    context = browser.new_context(java_script_enabled=True, locale="fr-FR")
    page = context.new_page()
    page.goto(address + "/planning/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", house.passwords[login])
    press(page.locator("main button"))
    return context, page


@pytest.mark.parametrize("login", ["planner", "body-ORG"])
def test_the_pages_of_two_steps_and_waivers_are_accessible_and_fit_the_screen(browser, served, login):  # noqa: F811
    address, house, pages = served
    context, page = signed_in(browser, address, house, login)
    faults = []
    for language in ("fr", "en"):
        for width in WIDTHS.values():
            page.set_viewport_size({"width": width, "height": 844})
            for path in pages[login]:
                mark = "&" if "?" in path else "?"
                assert page.goto(f"{address}{path}{mark}lang={language}").status == 200, path
                for fold in page.locator("summary").all():
                    fold.click()
                found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
                faults += [(path, one["id"], one["nodes"][0]["html"][:160]) for one in found]
                overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if overflow > 1:
                    faults.append((path, "wider than the screen", f"{overflow} px"))
    context.close()
    assert faults == []
