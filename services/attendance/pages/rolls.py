"""Today's rolls, and one roll to take and sign."""

__all__ = ["roll_pages"]

import re
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.domain.marks import DECLARED_REASONS
from services.attendance.usecases import overview, rolls
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import new_id
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting

MINUTES = re.compile(r"\d{1,4}")


def roll_pages(service: Service) -> Blueprint:
    """Return the pages of rolls."""
    pages = Blueprint("roll_pages", __name__, template_folder="templates")

    @pages.get("/")
    def index() -> str:
        with acting(service, reading=True) as work:
            day = _day(request.args.get("day", "")) or work.now.date()
            listed = rolls.rolls_between(work, day, day)
            of_a_body = work.who.role in {"trainer", "provider_manager"}
            counts = None if of_a_body else overview.summary(work, own_territory(work.who, None))
        return render_template("attendance/index.html", day=day, rolls=listed, counts=counts)

    @pages.get("/rolls/<uuid:meeting_id>")
    def roll(meeting_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = rolls.read_roll(work, meeting_id)
            open_now = found["held_on"] <= work.now.date() and found["version"] == 0
        return render_template("attendance/roll.html", roll=found, open_now=open_now, reasons=DECLARED_REASONS)

    @pages.post("/rolls/<uuid:meeting_id>/marks")
    def mark(meeting_id: UUID) -> BaseResponse:
        with acting(service) as work:
            found = rolls.read_roll(work, meeting_id)
            commands = [command for person in found["people"] if (command := _command(person)) is not None]
            (kept,) = rolls.mark_rolls(work, [RollCommand(meeting_id=meeting_id, marks=commands)])
            if kept.code:
                raise ConflictError(kept.message, kept.code)
            for result in kept.results:
                if result.state == "refused":
                    raise InvalidInputError(result.message)
            if request.form.get("sign"):
                rolls.sign_roll(work, meeting_id)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    return pages


def _command(person: dict[str, Any]) -> MarkCommand | None:
    """Return the mark that the form asks for, or None when nothing was chosen or nothing changes."""
    key = str(person["signatory_id"])
    status = request.form.get(f"status:{key}", "")
    before = person["mark"]
    if not status:
        return None
    came = status in {"present", "late", "left_early"}
    act = request.form.get(f"act:{key}", "trainer_declared") if came else ""
    reason = request.form.get(f"reason:{key}", "") or DECLARED_REASONS[0] if act == "trainer_declared" else ""
    minutes = request.form.get(f"minutes:{key}", "") or "0"
    if not MINUTES.fullmatch(minutes):
        fault = FieldFault(f"minutes:{person['reference']}", "number", _("un nombre de minutes est attendu"))
        raise InvalidInputError(_("la feuille n’a pas été gardée"), [fault])
    lost = int(minutes) if status in {"late", "left_early"} else 0
    if before is not None and (before["status"], before["minutes_lost"], before["act"]) == (status, lost, act):
        return None
    return MarkCommand(
        id=new_id(), signatory_id=person["signatory_id"], status=status, minutes_lost=lost, act=act, act_reason=reason
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        fault = FieldFault("day", "date", _("« %(text)s » n’est pas une date", text=text))
        raise InvalidInputError(_("le jour"), [fault]) from error
