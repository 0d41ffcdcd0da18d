"""What needs no sign-in: somebody says that they would like to be received."""

__all__ = ["public_pages"]

from http import HTTPStatus
from typing import Any
from uuid import UUID

from babel import Locale
from flask import Blueprint, render_template
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.reception import LANGUAGES, InterestBody
from services.scheduler.domain.reception import INTEREST_DAYS
from services.scheduler.pages.forms import Form, submit
from services.scheduler.usecases.reception import interest
from shared.service import Service
from shared.web.caller import caller
from shared.web.frame import acting

DIALECTS = {"prs": ("fa", "fa_AF")}  # Dari: CLDR knows it as the Persian of Afghanistan


def public_pages(service: Service, *, demo: bool) -> Blueprint:
    """Return the pages that everybody may open; `demo` accepts invented phones."""
    pages = Blueprint("public_pages", __name__, template_folder="templates")

    def shown(form: Form) -> str:
        return render_template("scheduler/interest.html", form=form, days=INTEREST_DAYS, code="")

    @pages.get("/interest")
    def ask_interest() -> str:
        return shown(_form())

    @pages.post("/interest")
    def declare_interest() -> BaseResponse | tuple[str, HTTPStatus]:
        def act(said: Any, key: UUID) -> str:
            with acting(service) as work:
                interest.declare(work, key, said, caller(), test_numbers=demo)
            return "/planning/interest/thanks"

        return submit(_form(), act, shown)

    @pages.get("/interest/thanks")
    def thank() -> str:
        return render_template("scheduler/interest_thanks.html", days=INTEREST_DAYS, code="")

    return pages


def own_name(language: str) -> str:
    """Return what speakers call a language."""
    spoken_in, code = DIALECTS.get(language, (language, language))
    return str(Locale.parse(spoken_in).languages.get(code, language))


def _form() -> Form:
    return Form.of("interest", InterestBody(), choices={"language": [(one, own_name(one)) for one in LANGUAGES]})
