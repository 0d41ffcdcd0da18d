"""Every page in a real browser, in both languages, at phone and desktop width: accessible, nothing from elsewhere."""

import re
import secrets
import signal
import subprocess
from datetime import date, timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.browser import FLAGS, chromium, press
from tests.servers import free_port
from tests.system.test_demo import PARCOURS, answers, demo, environment, rows, wait_for  # noqa: F401 - demo is a fixture

WIDTHS = {"phone": 390, "desktop": 1280}


@pytest.fixture(scope="module")
def served(demo, tmp_path_factory):  # noqa: F811
    """Serve the finished demonstration; return (address, one-time links, var folder)."""
    var, _ = demo
    port = free_port()
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("w") as output:
        serving = subprocess.Popen(
            [*PARCOURS, "serve", "--port", str(port)], env=environment(var), stdout=output, stderr=output
        )
    try:
        wait_for(lambda: answers(port), 60, lambda: serving.poll() is None)
        links = re.findall(r"(http://\S+/planning/demo/\S+)", log.read_text())
        yield f"http://127.0.0.1:{port}", links, var
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(timeout=40)


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
def context(browser, served):
    """A browser in which the planner came in by their one-time link, as a person does: open, then press the button."""
    _, links, _ = served
    context = browser.new_context(java_script_enabled=True, locale="fr-FR")
    page = context.new_page()
    page.goto(links[0])
    press(page.get_by_role("button", name="Entrer"))
    expect(page).to_have_url(re.compile("/planning/$"))
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="module")
def received(context, served):
    """Open half-days and write somebody down, as the planner does; return the paths of what that made."""
    address, _, var = served
    today = date.fromisoformat((var / "clock").read_text()[:10])
    page = context.new_page()
    page.goto(f"{address}/planning/reception/slots?territory=93&lang=fr")
    page.select_option("[name=platform]", index=1)
    page.fill("[name=first]", str(today + timedelta(days=7)))
    page.fill("[name=last]", str(today + timedelta(days=14)))
    press(page.get_by_role("button", name="Ouvrir"))
    slot = page.locator("tbody a").first.get_attribute("href")
    page.goto(f"{address}/planning/reception/candidates/new?territory=93")
    known = {
        "reference": "93-PAGE-1",
        "family_name": "Haddad",
        "given_name": "Amina",
        "alias": "Rose",
        "commune": "Bobigny",
        "spoken": "ar",
    }
    for name, value in known.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=reads]", "yes")
    page.fill("[name=phone]", "+999000000001")
    press(page.locator("main button"))
    expect(page).to_have_url(re.compile("/reception/candidates/(?!new)"))
    candidate = page.url.removeprefix(address)
    page.get_by_text("Donner un rendez-vous").click()
    page.select_option("[name=slot_id]", index=1)
    press(page.get_by_role("button", name="Donner ce rendez-vous"))
    expect(page.get_by_text("attendu")).to_have_count(1)
    page.close()
    return candidate, slot


@pytest.fixture(scope="module")
def compared(context, served):
    """Solve a scenario beside the published plan, leave another as a draft, ask for advice; return the paths."""
    address, _, var = served
    run = UUID(str(rows(var, "scheduler", "SELECT id FROM plan_run WHERE state = 'published' LIMIT 1")[0][0]))
    page = context.new_page()
    paths = []
    for name in ("à calculer", "brouillon"):
        page.goto(f"{address}/planning/scenarios?territory=93&lang=fr")
        page.fill("[name=name]", name)
        page.select_option("[name=programme]", "cir-2019")
        page.select_option("[name=base_run_id]", str(run))
        press(page.get_by_role("button", name="Commencer"))
        page.get_by_text("Une salle de plus", exact=True).click()
        page.select_option("#room_more-like", index=1)
        press(page.locator("#room_more button"))
        expect(page.get_by_text("Une salle de plus, comme")).to_have_count(1)
        paths.append(page.url.removeprefix(address))
    page.goto(address + paths[0])
    page.fill("#solve-seconds", "3")
    press(page.locator("#solve button"))
    page.get_by_text("Qui y gagne, qui y perd").first.wait_for(timeout=90_000)
    page.goto(f"{address}/planning/runs/{run}/advice")
    page.fill("[name=seconds]", "3")
    press(page.locator("#advice button"))
    page.get_by_role("heading", name="Chercher de nouveau").wait_for(timeout=90_000)
    page.close()
    return (*paths, f"/planning/runs/{run}/advice")


@pytest.fixture(scope="module")
def made(received, compared):
    return (*received, *compared)


def pages(var):
    def first(service, query):
        return UUID(str(rows(var, service, query)[0][0]))

    session = first("scheduler", "SELECT id FROM session WHERE training = 'civic' ORDER BY starts_on LIMIT 1")
    roll = first("attendance", "SELECT meeting_id FROM roll WHERE version > 0 ORDER BY version DESC LIMIT 1")
    flagged = first("attendance", "SELECT contract_id FROM flag LIMIT 1")
    run = first("scheduler", "SELECT id FROM plan_run WHERE state = 'published' LIMIT 1")
    person = first("scheduler", "SELECT signatory_id FROM need WHERE state = 'unplaced' LIMIT 1")
    notice = first("notifications", "SELECT id FROM notice LIMIT 1")
    batch = first("scheduler", "SELECT id FROM import_batch LIMIT 1")
    contract = first("scheduler", "SELECT contract_id FROM flag WHERE state = 'open' LIMIT 1")
    held = rows(var, "attendance", "SELECT held_on FROM meeting ORDER BY held_on LIMIT 1")[0][0]
    return (
        "/", "/planning/", "/planning/imports", f"/planning/imports/{batch}", "/planning/sessions",
        f"/planning/sessions/{session}", "/planning/unplaced", f"/planning/people/{person}", f"/planning/people/{person}/explanation",
        f"/planning/waivers?person={person}", "/planning/flags", "/planning/eligibility", "/planning/worklist", "/planning/scenarios", "/planning/rescues", "/planning/duplicates", "/planning/reception",
        "/planning/reception/candidates/new", "/planning/reception/slots", "/planning/interest", "/planning/interest/thanks",
        f"/planning/contracts/{contract}", "/attendance/absences",
        f"/planning/runs/{run}", "/planning/api/v1/docs", "/attendance/", f"/attendance/?day={held}",
        f"/attendance/rolls/{roll}", f"/attendance/rolls/{roll}/versions", "/attendance/missing", "/attendance/corrections", "/attendance/outlook", "/attendance/flags", f"/attendance/documents?month={str(held)[:7]}", "/attendance/opinions", f"/attendance/contracts/{flagged}",
        "/attendance/api/v1/docs", "/notices/", f"/notices/messages/{notice}", "/notices/wording", "/notices/wording?language=ar", "/notices/tasks",
        "/notices/api/v1/docs", "/planning/sign-in", f"/planning/demo/{secrets.token_hex(4)}",
    )  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("width", list(WIDTHS))
def test_every_page_is_accessible_and_fits_the_screen(context, served, made, width, language):
    address, _, var = served
    context.add_cookies([{"name": "parcours_lang", "value": language, "url": address}])
    page = context.new_page()
    page.set_viewport_size({"width": WIDTHS[width], "height": 844})
    requests, faults = [], []
    page.on("request", lambda request: requests.append(request.url))
    for path in (*pages(var), *made):
        answer = page.goto(address + path)
        assert answer.status == 200, (path, answer.status)
        assert page.locator("html").get_attribute("lang") == language
        for fold in page.locator("summary").all():
            fold.click()
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        faults += [(path, one["id"], one["nodes"][0]["html"][:160]) for one in found]
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 1:
            faults.append((path, "wider than the screen", f"{overflow} px"))
    page.close()
    assert faults == []
    assert [url for url in requests if not url.startswith(address)] == []


def test_a_trainer_takes_a_roll_and_signs_it_without_any_script(browser, served):
    """The body's manager opens today's roll, marks everybody present, one late, and signs off."""
    address, links, var = served
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(links[-1])
    press(page.get_by_role("button", name="Entrer"))
    query = (
        "SELECT meeting.held_on FROM meeting LEFT JOIN roll ON roll.meeting_id = meeting.id "
        "WHERE roll.state IS NULL ORDER BY meeting.held_on LIMIT 40"
    )
    now = (var / "clock").read_text()[:10]
    later = (var / "clock").read_text()
    days = sorted({day for (day,) in rows(var, "attendance", query) if day > now})
    try:
        for day in days:
            (var / "clock").write_text(f"{day}T20:00:00+00:00")
            page.goto(f"{address}/attendance/?day={day}")
            if page.get_by_text("à prendre").count():
                break
        press(page.locator("tbody a").first)
        page.select_option("#proof", "trainer_declared:device_failed")
        people = page.locator("fieldset").count()
        assert people > 0
        for n in range(people):
            page.locator("fieldset").nth(n).get_by_label("Présent", exact=True).check()
        press(page.get_by_role("button", name="Enregistrer et signer la feuille"))
        expect(page.get_by_text("Feuille signée")).to_have_count(1)
        expect(page.get_by_text("déclaré par le formateur")).to_have_count(people)
    finally:
        (var / "clock").write_text(later)
        context.close()
