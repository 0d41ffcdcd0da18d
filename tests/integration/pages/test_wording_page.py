"""The words of notices as planners see them, and as a browser lays them out in each of the sixteen languages."""

import re

import pytest
from playwright.sync_api import sync_playwright

from services.notifications.wording.files import FIELDS
from shared.languages import LANGUAGES, direction
from tests.browser import FLAGS, chromium
from tests.doors import a_house
from tests.forms import Visitor

PIECES = ("01 99 00 12 34", "09:00-16:30", "18:00", "Villeneuve-Garenne", "Marguerite-B", "/notices/m/")
# For each piece of a text: where two of its letters on one line stand the wrong way round.
OUT_OF_ORDER = """([element, piece]) => {
  const letters = element.firstChild;
  const found = [];
  for (let at = letters.data.indexOf(piece); at >= 0; at = letters.data.indexOf(piece, at + 1)) {
    let before = null;
    for (let n = at; n < at + piece.length; n++) {
      if (letters.data[n] === " ") continue; // where a line breaks, a space stands anywhere
      const range = document.createRange();
      range.setStart(letters, n);
      range.setEnd(letters, n + 1);
      const box = range.getBoundingClientRect();
      if (before && Math.abs(box.top - before.top) < 3 && box.width && box.left < before.left) found.push(n);
      if (box.width) before = box;
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    with a_house(tmp_path_factory.mktemp("words") / "var") as house:
        yield Visitor(house, "planner")


@pytest.fixture(scope="module")
def sheet():
    """A page of a browser as wide as a telephone."""
    try:
        path = chromium()
    except RuntimeError as error:
        pytest.exit(str(error), returncode=3)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser.new_page(viewport={"width": 390, "height": 844})
        browser.close()


def test_the_page_shows_a_kind_in_all_languages_a_language_in_all_kinds_or_one_text(planner):
    def shown(query):
        assert planner.open(f"/notices/wording?{query}").status_code == 200
        return re.findall(r'<p class="message" lang="(\w+)"', planner.page.text)

    assert (
        shown("") == shown("kind=convocation&language=") == [language for language in LANGUAGES for _text in range(2)]
    )
    assert shown("language=ta") == ["ta"] * 2 * len(FIELDS)
    assert shown("kind=moved&language=zh") == ["zh", "zh"]
    assert shown("kind=nothing&language=xx") == shown("")


def test_the_page_says_what_a_text_costs_and_who_signed_it(planner):
    planner.open("/notices/wording?kind=completed&language=es&lang=fr")
    assert "non signé" in planner.page.text
    assert "1 segment (GSM-7), 1 au plus · 0,045" in planner.page.text

    planner.open("/notices/wording?kind=completed&language=fr&lang=en")
    assert ">signed<" in planner.page.text

    planner.open("/notices/wording?kind=expected&language=tr&lang=fr")
    assert "à cause de : ğ" in planner.page.text


def test_each_language_runs_its_way_and_its_figures_run_theirs(planner, sheet):
    planner.open("/notices/wording?kind=given_up")
    sheet.set_content(planner.page.text)
    texts = sheet.locator(".card > .message").all()

    shown = [(text.get_attribute("lang"), text.get_attribute("dir")) for text in texts]
    wrong = []
    for (language, _direction), text in zip(shown, texts, strict=True):
        assert all(piece in text.text_content() for piece in PIECES), language
        found = {piece: sheet.evaluate(OUT_OF_ORDER, [text.element_handle(), piece]) for piece in PIECES}
        wrong += [(language, piece, places) for piece, places in found.items() if places]

    assert shown == [(language, direction(language)) for language in LANGUAGES]
    assert wrong == []


def test_the_measure_sees_a_number_in_disorder(sheet):
    sheet.set_content(f'<p dir="rtl">رقم {PIECES[0]}</p>')

    assert sheet.evaluate(OUT_OF_ORDER, [sheet.locator("p").element_handle(), PIECES[0]])
