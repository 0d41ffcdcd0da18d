"""Nothing that people read stands outside the catalog, the catalog is whole, and each request gets its language."""

import io
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from parcours.embedded import open_house
from shared.web.words import CATALOG, COOKIE

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted(path for room in ("shared", "services", "parcours") for path in (ROOT / room).rglob("*.html"))
MARKED = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
SAME_IN_BOTH = {"Parcours", "API", "GSM", "UCS", "h"}
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
PLACEHOLDER = re.compile(r"%\(\w+\)s")
# Which arguments of a macro people read: its others are tones, names and addresses.
SHOWN = {"badge": [0], "tile": [0, 2], "meter": [2], "empty": [0], "field": [1], "choices": [0]}
SHOWN_BY_NAME = {"hint", "note", "label", "text", "words"}


def test_each_string_of_the_pages_has_its_english_with_the_same_placeholders():
    catalog = english()
    missing, unlike = [], []
    assert len(extracted()) > 300
    for found in extracted():
        message = catalog.get(found if isinstance(found, str) else found[0])
        translated = texts(message.string) if message else []
        if not translated or not all(translated) or message.fuzzy:
            missing.append(found)
            continue
        wanted = {name for text in texts(found) for name in PLACEHOLDER.findall(text)}
        unlike += [found for text in translated if set(PLACEHOLDER.findall(text)) != wanted]
    assert missing == [], "run `make words` and write their English"
    assert unlike == []


def test_the_catalog_holds_nothing_that_no_page_says_any_more():
    said = {texts(found)[0] for found in extracted()}

    assert [message.id for message in english() if message.id and texts(message.id)[0] not in said] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_word_of_a_template_is_marked_for_translation(path):
    assert unmarked(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Bonjour {{ name }}</p>", ["Bonjour"]),
        ('<p>{{ _("Bonjour") }}</p>', []),
        ("<p>{% trans %}Bonjour <b>vous</b>{% endtrans %}</p>", []),
        ('<p aria-label="Liste">{{ n }}</p>', ["Liste"]),
        ('<p aria-label="{{ "Liste" }}">{{ n }}</p>', ["Liste"]),
        ('{% set names = {"a": "reçu", "b": "bon"} %}', ["reçu"]),
        ('{{ "%d lignes" | format(n) }}', ["%d lignes"]),
        ('<p class="note {{ "warn" if bad }}">{{ "oui" if good else "non" }}</p>', ["oui", "non"]),
        ('{{ ui.badge("ouvert", "good") }}{{ ui.tile(_("Besoins"), 3, note="dont deux") }}', ["ouvert", "dont deux"]),
        ('{{ {"a": "placé"}.get(a, a) }}', ["placé"]),
        ('{% for key, words in (("a", "Présent"),) %}{{ words }}{% endfor %}', ["Présent"]),
    ],
)
def test_a_word_outside_the_catalog_is_found(source, found):
    assert unmarked(source) == found


def test_no_words_are_kept_from_one_request_to_the_next():
    """Jinja makes a file imported without context once: words set at its top stay in the first reader's language."""
    trees = {path.relative_to(path.parents[1]).as_posix(): parse(path.read_text()) for path in TEMPLATES}
    kept = {
        one.template.value
        for tree in trees.values()
        for one in tree.find_all((nodes.Import, nodes.FromImport))
        if not one.with_context
    }

    assert kept
    for name in kept:
        for assigned in (one for one in trees[name].body if isinstance(one, nodes.Assign)):
            assert not [call for call in assigned.find_all(nodes.Call) if is_marked(call)], name


@pytest.fixture(scope="module")
def wsgi(tmp_path_factory):
    house = open_house({"PARCOURS_VAR": str(tmp_path_factory.mktemp("var"))})
    yield house.wsgi
    house.close()


@pytest.fixture
def client(wsgi):
    with httpx.Client(transport=httpx.WSGITransport(app=wsgi), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/planning/sign-in", "/attendance/nowhere", "/notices/api/v1/docs"])
@pytest.mark.parametrize(
    ("asking", "language"),
    [
        ({}, "fr"),
        ({"query": "?lang=en"}, "en"),
        ({"cookie": "en"}, "en"),
        ({"accepted": "en-GB,fr;q=0.8"}, "en"),
        ({"accepted": "fr-CH, en;q=0.9"}, "fr"),
        ({"accepted": "de, *;q=0.5"}, "fr"),
        ({"query": "?lang=fr", "cookie": "en", "accepted": "en"}, "fr"),
        ({"cookie": "fr", "accepted": "en"}, "fr"),
        ({"query": "?lang=de"}, "fr"),
        ({"cookie": "de"}, "fr"),
        ({"query": "?lang=de", "cookie": "en", "accepted": "fr"}, "en"),
    ],
)
def test_a_request_is_answered_in_its_language(client, path, asking, language):
    if "cookie" in asking:
        client.cookies.set(COOKIE, asking["cookie"])
    headers = {"Accept-Language": asking["accepted"]} if "accepted" in asking else {}

    page = client.get(path + asking.get("query", ""), headers=headers).text

    assert f'<html lang="{language}">' in page
    assert ("Skip to content" in page) == (language == "en")
    assert ("Aller au contenu" in page) == (language == "fr")


def test_the_language_that_was_asked_for_is_kept(client):
    asked = client.get("/planning/sign-in?lang=en")

    assert "Max-Age=31536000; HttpOnly; Path=/; SameSite=Lax" in asked.headers["set-cookie"]
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="en">' in client.get("/planning/sign-in?lang=xx").text
    assert '<html lang="fr">' in client.get("/?lang=fr").text
    assert '<html lang="fr">' in client.get("/planning/sign-in").text


def test_the_switch_keeps_the_page_and_its_other_arguments(client):
    page = client.get("/planning/sign-in?next=%2Fplanning%2F%3Fterritory%3D93&lang=fr").text

    link = '<a href="/planning/sign-in?next=%2Fplanning%2F%3Fterritory%3D93&amp;lang=en" lang="en" hreflang="en">English</a>'
    assert link in page


def test_the_switch_of_a_refused_form_leads_where_a_link_can(client):
    refused = client.post("/attendance/rolls/00000000-0000-0000-0000-000000000000/marks")

    assert refused.status_code == 401
    assert 'href="/attendance/?lang=en"' in refused.text


def test_a_visitor_comes_back_from_sign_in_to_the_page_without_its_language(client):
    answer = client.get("/planning/imports?territory=93&lang=en")

    assert answer.headers["location"] == "/planning/sign-in?next=/planning/imports%3Fterritory%3D93"


def test_programs_get_the_same_problem_in_any_language(client):
    answers = [client.get(f"/planning/api/v1/needs?lang={lang}") for lang in ("fr", "en")]

    assert [answer.json()["code"] for answer in answers] == ["not_signed_in"] * 2
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert not any("set-cookie" in answer.headers for answer in answers)


@cache
def extracted():
    mapping, options = parse_mapping_cfg(io.StringIO((ROOT / "babel.cfg").read_text()))
    found = extract_from_dir(ROOT, mapping, options, keywords=DEFAULT_KEYWORDS, directory_filter=is_ours)
    return {message for _, _, message, _, _ in found}


def is_ours(folder):
    inside = Path(folder).relative_to(ROOT).parts
    return not inside or inside[0] in {"shared", "services", "parcours"}


def english():
    return read_po(io.BytesIO(CATALOG.read_bytes()), locale="en")


def texts(message):
    return [message] if isinstance(message, str) else list(message)


def parse(source):
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.newstyle_gettext = True
    return environment.parse(source)


def is_marked(call):
    return isinstance(call.node, nodes.Name) and call.node.name in MARKED


def has_letters(text):
    return not set(re.findall(r"[^\W\d_]+", text)) <= SAME_IN_BOTH


def unmarked(source):
    """Return what people read in a template that is in no catalog: its text, its attributes, its strings."""
    tree = parse(source)
    html = Text()
    html.feed("".join(pieces(tree)))
    html.close()
    return html.found + [text for text in dict.fromkeys(strings(tree)) if has_letters(text)]


def pieces(node):
    """The HTML of a template in its order; what an expression says becomes a mark that is no letter."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Expr):
        yield "·"
    else:
        for child in node.iter_child_nodes():
            yield from pieces(child)


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.code = [], 0

    def handle_starttag(self, tag, attributes):
        self.code += tag == "code"
        self.found += [value for name, value in attributes if name in READ_ALOUD and value and has_letters(value)]

    def handle_endtag(self, tag):
        self.code -= tag == "code"

    def handle_data(self, text):
        for piece in text.split("·"):
            if not self.code and has_letters(piece):
                self.found.append(piece.strip())


def strings(tree):
    for output in tree.find_all(nodes.Output):
        for one in output.nodes:
            if not isinstance(one, nodes.TemplateData):
                yield from sentences(one) if in_a_tag(output, one) else shown(one)
    for loop in tree.find_all(nodes.For):
        yield from sentences(loop.iter)
    for assigned in tree.find_all(nodes.Assign):
        yield from sentences(assigned.node)
    for call in tree.find_all(nodes.Call):
        yield from sentences(call)


def in_a_tag(output, one):
    """Say whether an expression stands inside a tag: what is before it opened one and did not close it."""
    before = "".join(
        node.data for node in output.nodes[: output.nodes.index(one)] if isinstance(node, nodes.TemplateData)
    )
    return before.rfind("<") > before.rfind(">")


def shown(node):
    """The strings that an expression may write into the page."""
    if isinstance(node, nodes.Const):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, nodes.CondExpr):
        yield from shown(node.expr1)
        if node.expr2 is not None:
            yield from shown(node.expr2)
    elif isinstance(node, (nodes.Or, nodes.And, nodes.Add)):
        yield from [*shown(node.left), *shown(node.right)]
    elif isinstance(node, nodes.Concat):
        for one in node.nodes:
            yield from shown(one)
    elif isinstance(node, nodes.Filter):
        yield from sentences(node.node) if node.name == "format" else shown(node.node)
    elif isinstance(node, nodes.Getitem):
        yield from shown(node.node)
    elif isinstance(node, nodes.Dict):
        for pair in node.items:
            yield from shown(pair.value)
    elif isinstance(node, (nodes.List, nodes.Tuple)):
        for one in node.items:
            yield from shown(one)
    elif isinstance(node, nodes.Call) and not is_marked(node):
        yield from shown_by(node)


def shown_by(call):
    name = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
    if name == "get":  # a table of labels, and what stands for an unknown one
        yield from shown(call.node.node)
        for one in call.args[1:]:
            yield from shown(one)
    for place in SHOWN.get(name, []):
        if place < len(call.args):
            yield from shown(call.args[place])
    for given in call.kwargs:
        if given.key in SHOWN_BY_NAME:
            yield from shown(given.value)


def sentences(node):
    """The strings anywhere in an expression that look like words for people: an accent, a capital, two words."""
    if isinstance(node, nodes.Call) and is_marked(node):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        if re.search(r"[À-ÿ]|^[A-Z][a-z]|^\S+ [A-Za-z]", node.value):
            yield node.value
        return
    for child in node.iter_child_nodes():
        yield from sentences(child)
