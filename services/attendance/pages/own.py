"""What a signatory sees of their own attendance, and can answer: "I was there", "I had a reason"."""

__all__ = ["own_pages"]

from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.settings import Settings
from services.attendance.usecases import absences, overview
from shared.errors import FieldFault, InvalidInputError
from shared.ids import new_id
from shared.service import Service
from shared.web.frame import acting


def own_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of a signatory."""
    pages = Blueprint("own_pages", __name__, template_folder="templates")

    @pages.get("/mine")
    def mine() -> str:
        with acting(service, reading=True) as work:
            me = UUID(work.who.scope)
            missed = absences.own_absences(work, me)
            contracts = overview.own_contracts(work, me)
        keyed = [one | {"key": new_id(), "paper_key": new_id()} for one in missed]
        return render_template(
            "attendance/mine.html", absences=keyed, contracts=contracts, reasons=absences.JUSTIFICATIONS
        )

    @pages.post("/mine/absences/<uuid:mark_id>")
    def answer(mark_id: UUID) -> BaseResponse:
        chosen = request.form.get("answer", "")
        if chosen not in {"was_there", *absences.JUSTIFICATIONS}:
            fault = FieldFault("answer", "choice", _("choisissez une réponse"))
            raise InvalidInputError(_("votre réponse n’a pas été gardée"), [fault])
        kind = chosen if chosen == "was_there" else "had_reason"
        photo = request.files.get("paper")
        content = photo.stream.read(absences.MOST_BYTES + 1) if photo is not None and photo.filename else None
        if photo is not None and content is not None and not absences.is_paper(photo.mimetype, content):
            fault = FieldFault("paper", "file", _("une photo JPEG ou PNG, ou un PDF, de 5 Mo au plus"))
            raise InvalidInputError(_("votre réponse n’a pas été gardée"), [fault])
        with acting(service) as work:
            key = request.form.get("key", type=UUID) or new_id()
            absences.answer_absence(work, key, mark_id, kind=kind, reason="" if kind == chosen else chosen)
            if photo is not None and content is not None:
                paper = request.form.get("paper_key", type=UUID) or new_id()
                absences.send_paper(
                    work, paper, mark_id, media_type=photo.mimetype, content=content, delays=settings.delays
                )
        return redirect("/attendance/mine", 303)

    return pages
