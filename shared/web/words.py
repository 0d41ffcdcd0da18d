"""
The pages in French and English: who reads which, and where the English words are.

French is the source: what stands in templates and Python is what a French reader sees. English is one text catalog
for all services, read and compiled in memory at start-up (some milliseconds): a clone runs with no build step, and a
change of wording is a readable line in a review, which it would not be in a compiled `.mo`.
"""

__all__ = ["CATALOG", "COOKIE", "LANGUAGES", "here", "install_words", "language_name"]

import io
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, current_app, request
from flask_babel import Babel, get_locale

from shared.communes import local_time
from shared.web.evidence import evidence_words

LANGUAGES = {"fr": "Français", "en": "English"}  # each called by its own name; the first when nothing else decides
SOURCE = "fr"
COOKIE = "parcours_lang"
ELSEWHERE = {"prs": "fa_AF"}  # languages whose name the Unicode tables keep under another code
A_YEAR = 365 * 24 * 3600
TRANSLATIONS = Path(__file__).parent / "translations"
CATALOG = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"


def install_words(app: Flask) -> None:
    """Give an application's templates `_()`, `ngettext`, `{% trans %}`, dates by language, and the choice of one."""
    babel = Babel(
        app,
        default_locale=SOURCE,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=_language,
    )
    with app.app_context():
        domain = babel.domain_instance
        domain.cache["en", domain.domain[0]] = _english()  # Flask-Babel itself looks for a compiled file only
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.filters["as_date"] = date.fromisoformat
    app.jinja_env.filters["in_territory"] = _in_territory
    app.jinja_env.filters["language_name"] = language_name
    app.jinja_env.globals.update(language=lambda: get_locale().language, LANGUAGES=LANGUAGES, here=here)
    app.jinja_env.globals.update(evidence=evidence_words)

    @app.after_request
    def keep_language(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.update(("Accept-Language", "Cookie"))
            asked = request.args.get("lang")
            if asked in LANGUAGES:
                response.set_cookie(
                    COOKIE, asked, max_age=A_YEAR, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
                )
        return response


def language_name(code: str) -> str:
    """Return what a language is called in the reader's; a code that has no name there stays."""
    names = get_locale().languages
    return str(names.get(code) or names.get(ELSEWHERE.get(code, ""), code))


def here(language: str = "", otherwise: str = "") -> str:
    """Return the address of this request, asking for a language, or for none; `otherwise` where it takes only forms."""
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    query = urlencode([*arguments, ("lang", language)] if language else arguments)
    path = quote(request.root_path + request.path if _can_be_read() else otherwise or f"{request.root_path}/")
    return f"{path}?{query}" if query else path


def _can_be_read() -> bool:
    """Say whether a link may lead here: what only takes a form answers 405 to one."""
    adapter = current_app.create_url_adapter(request)
    return request.method in {"GET", "HEAD"} or (adapter is not None and adapter.test(request.path, "GET"))


def _in_territory(instant: datetime, territory: str) -> datetime:
    """Return an instant by the clock of a territory; in UTC where none is given."""
    return local_time(instant, territory) if territory else instant.astimezone(UTC)


def _language() -> str:
    best = negotiate_locale(request.accept_languages.values(), LANGUAGES, sep="-")  # en-GB is English
    wanted = (request.args.get("lang"), request.cookies.get(COOKIE), best)
    return next((one for one in wanted if one in LANGUAGES), SOURCE)


@cache
def _english() -> Translations:
    with CATALOG.open("rb") as text:
        catalog = read_po(text, locale="en")
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
