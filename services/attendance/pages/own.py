"""What a signatory sees of their own hours and absences, and can answer: "I was there", "I had a reason"."""

__all__ = ["own_pages"]

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.settings import Settings
from services.attendance.usecases import absences, overview
from shared.ids import new_id
from shared.service import Service
from shared.web.frame import acting
from shared.web.own import own_page


def own_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of a signatory."""
    pages = Blueprint("own_pages", __name__, template_folder="templates")
    pages.add_app_template_filter(_as_hours, "as_hours")

    def page(*, status: HTTPStatus = HTTPStatus.OK, said: str = "", bad: bool = False) -> BaseResponse:
        with acting(service, reading=True) as work:
            me = UUID(work.who.scope)
            missed = absences.own_absences(work, me)
            contracts = overview.own_contracts(work, me)
        keyed = [one | {"key": new_id(), "paper_key": new_id()} for one in missed]
        shown = {"absences": keyed, "contracts": contracts, "reasons": absences.JUSTIFICATIONS}
        return own_page("own/hours.html", status=status, said=said, bad=bad, **shown)

    @pages.get("/mine")
    def mine() -> BaseResponse:
        return page(said="done" if request.args.get("said") == "done" else "")

    @pages.post("/mine/absences/<uuid:mark_id>")
    def answer(mark_id: UUID) -> BaseResponse:
        chosen = request.form.get("answer", "")
        photo = request.files.get("paper")
        content = photo.stream.read(absences.MOST_BYTES + 1) if photo is not None and photo.filename else None
        wrong_photo = photo is not None and content is not None and not absences.is_paper(photo.mimetype, content)
        if chosen not in {"was_there", *absences.JUSTIFICATIONS} or wrong_photo:
            return page(status=HTTPStatus.UNPROCESSABLE_ENTITY, said="answer_refused", bad=True)
        kind = chosen if chosen == "was_there" else "had_reason"
        with acting(service) as work:
            key = request.form.get("key", type=UUID) or new_id()
            absences.answer_absence(work, key, mark_id, kind=kind, reason="" if kind == chosen else chosen)
            if photo is not None and content is not None:
                paper = request.form.get("paper_key", type=UUID) or new_id()
                absences.send_paper(
                    work, paper, mark_id, media_type=photo.mimetype, content=content, delays=settings.delays
                )
        return redirect("/attendance/mine?said=done", HTTPStatus.SEE_OTHER)

    return pages


def _as_hours(minutes: int) -> str:
    """Return minutes as hours, with decimals only where there are some."""
    return f"{minutes / 60:g}"
