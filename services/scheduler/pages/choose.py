"""Where somebody chooses their dates themselves, by the link that they got."""

__all__ = ["choose_pages"]

from datetime import date
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.usecases import choosing
from services.scheduler.usecases.choosing import Outcome
from shared.errors import NotFoundError
from shared.service import Service
from shared.web.frame import acting
from shared.web.own import OWN_HOME, own_page

HERE = "/planning/choose"


def choose_pages(service: Service) -> Blueprint:
    """Return the page of who chooses."""
    pages = Blueprint("choose_pages", __name__, template_folder="templates")
    pages.add_app_template_filter(date.fromisoformat, "as_day")

    @pages.get("/choose")
    def choose() -> BaseResponse:
        with acting(service, reading=True) as work:
            offer = choosing.open_offer(work)
        asked = request.args.get("said", "")
        said = Outcome(asked) if asked in set(Outcome) else None
        until = choosing.ends_at(offer) if offer else None
        bad = said is not None and said is not Outcome.TAKEN
        return own_page("own/choose.html", offer=offer, until=until, said=said, bad=bad, back=OWN_HOME)

    @pages.post("/choose/<uuid:offer_id>/<int:number>")
    def take(offer_id: UUID, number: int) -> BaseResponse:
        try:
            with acting(service) as work:
                outcome = choosing.choose(work, offer_id, number)
        except NotFoundError:
            outcome = Outcome.OVER
        return redirect(f"{HERE}?said={outcome.value}", HTTPStatus.SEE_OTHER)

    return pages
