"""Flags with their evidence, absences to qualify, where a contract stands."""

__all__ = ["following_pages"]

from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.usecases import absences as looked_at
from services.attendance.usecases import overview
from services.attendance.usecases.outlook import outlook
from shared.communes import departments
from shared.errors import FieldFault, InvalidInputError
from shared.ids import new_id
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting

PAGE = 50
UNJUSTIFIED = "unjustified"  # chosen by name, never by leaving a field empty
METHODS = [(method, outcome) for method in ("call", "visit", "relay") for outcome in ("reached", "no_answer")]
METHODS += [("call", "wrong_contact")]


def following_pages(service: Service) -> Blueprint:
    """Return the pages of what follows from attendance."""
    pages = Blueprint("following_pages", __name__, template_folder="templates")

    @pages.get("/flags")
    def flags() -> str:
        state = request.args.get("state", "open")
        with acting(service, reading=True) as work:
            listed = overview.flags(work, own_territory(work.who, None), state, None, 500)
        return render_template("attendance/flags.html", flags=listed, state=state)

    @pages.get("/outlook")
    def ahead() -> str:
        asked = request.args.get("territory", "").strip()
        with acting(service, reading=True) as work:
            territory = own_territory(work.who, asked if asked in departments() else None)
            found = outlook(work, territory) if territory else None
        return render_template("attendance/outlook.html", outlook=found, asked=asked)

    @pages.get("/absences")
    def absences() -> str:
        after = request.args.get("after", type=UUID)
        with acting(service, reading=True) as work:
            listed = overview.absences(work, own_territory(work.who, None), after, PAGE + 1)
        keyed = [one | {"key": new_id()} for one in listed[:PAGE]]
        more = keyed[-1]["id"] if len(listed) > PAGE else None
        return render_template(
            "attendance/absences.html",
            absences=keyed,
            after=more,
            reasons=looked_at.JUSTIFICATIONS,
            grounds=looked_at.GROUNDS,
            methods=METHODS,
        )

    @pages.post("/absences/<uuid:mark_id>")
    def qualify(mark_id: UUID) -> BaseResponse:
        chosen = request.form.get("reason", "")
        if chosen not in {UNJUSTIFIED, *looked_at.JUSTIFICATIONS}:
            fault = FieldFault("reason", "choice", _("choisissez un motif, ou « injustifiée »"))
            raise InvalidInputError(_("l’absence n’a pas été qualifiée"), [fault])
        justified = chosen != UNJUSTIFIED
        with acting(service) as work:
            reason, ground = chosen if justified else "", request.form.get("ground", "")
            looked_at.qualify_absence(work, mark_id, _key(), justified=justified, reason=reason, ground=ground)
        return redirect("/attendance/absences", 303)

    @pages.post("/attempts")
    def attempt() -> BaseResponse:
        tried = tuple(request.form.get("attempt", "").split(":"))
        if tried not in METHODS:
            fault = FieldFault("attempt", "choice", _("choisissez ce qui a été tenté"))
            raise InvalidInputError(_("rien n’a été noté"), [fault])
        with acting(service) as work:
            person = request.form.get("signatory_id", type=UUID) or new_id()
            looked_at.keep_attempt(work, _key(), person, method=tried[0], outcome=tried[1])
        return redirect("/attendance/absences", 303)

    @pages.get("/papers/<uuid:paper_id>")
    def paper(paper_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            media_type, content = looked_at.read_paper(work, paper_id)
        return Response(content, mimetype=media_type, headers={"Content-Disposition": "attachment"})

    @pages.get("/contracts/<uuid:contract_id>")
    def contract(contract_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = overview.contract_detail(work, contract_id)
        return render_template("attendance/contract.html", contract=found)

    return pages


def _key() -> UUID:
    """Return the id that the form gave to what it makes: sent twice, it is made once."""
    return request.form.get("key", type=UUID) or new_id()
