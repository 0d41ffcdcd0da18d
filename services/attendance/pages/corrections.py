"""Corrections: made or asked for by a training body, decided by OFII; versions of a roll; missing rolls."""

__all__ = ["correction_pages"]

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.domain.marks import CAME, DECLARED, DECLARED_REASONS, Status
from services.attendance.settings import Settings
from services.attendance.usecases import corrections, rolls
from services.attendance.usecases.corrections import CORRECTIONS, REFUSALS, Request
from services.attendance.usecases.missing import missing_rolls
from services.attendance.usecases.rolls import MarkCommand
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import derived_id, new_id
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work

MOST = 200
CHOICES = ("present", "late", "left_early", "absent_announced", "absent_unexplained")


def correction_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of corrections."""
    pages = Blueprint("correction_pages", __name__, template_folder="templates")

    @pages.get("/rolls/<uuid:meeting_id>/versions")
    def versions(meeting_id: UUID) -> str:
        with acting(service, reading=True) as work:
            roll = rolls.read_roll(work, meeting_id)
            marks = corrections.versions(work, meeting_id)
            corrects = bool(roll["signed_at"]) and corrections.window_open(work, roll, settings.delays)
        return render_template(
            "attendance/versions.html",
            roll=roll,
            marks=marks,
            days=settings.delays.correction_days,
            corrects=corrects,
            reasons=CORRECTIONS,
            statuses=CHOICES,
            declared=DECLARED_REASONS,
            key=new_id(),
        )

    @pages.post("/rolls/<uuid:meeting_id>/corrections")
    def correct(meeting_id: UUID) -> BaseResponse:
        command, reason = _command(), request.form.get("reason", "")
        with acting(service) as work:
            if request.form.get("ask"):
                corrections.ask_correction(
                    work,
                    Request(id=derived_id("asked correction", command.id), mark=command, reason=reason),
                    meeting_id,
                )
            else:
                _correct(work, command, meeting_id, reason, settings)
        return redirect(f"/attendance/rolls/{meeting_id}/versions", 303)

    @pages.get("/corrections")
    def asked() -> str:
        with acting(service, reading=True) as work:
            listed = corrections.requests(work, own_territory(work.who, None), None, None, MOST)
        return render_template("attendance/corrections.html", requests=listed, refusals=REFUSALS)

    @pages.post("/corrections/<uuid:request_id>")
    def decide(request_id: UUID) -> BaseResponse:
        chosen = request.form.get("decision", "")
        if chosen not in {"accepted", *REFUSALS}:
            fault = FieldFault("decision", "choice", _("choisissez d’accepter, ou un motif de refus"))
            raise InvalidInputError(_("rien n’a été décidé"), [fault])
        accepted = chosen == "accepted"
        with acting(service) as work:
            because = "" if accepted else chosen
            corrections.decide_correction(work, request_id, accepted=accepted, refused_because=because)
        return redirect("/attendance/corrections", 303)

    @pages.get("/missing")
    def missing() -> str:
        with acting(service, reading=True) as work:
            listed = missing_rolls(work)
        return render_template("attendance/missing.html", rolls=listed)

    return pages


def _correct(work: Work, command: MarkCommand, meeting_id: UUID, reason: str, settings: Settings) -> None:
    """Correct a mark. Raises ConflictError in the words of the page where OFII has to be asked."""
    try:
        corrections.correct_mark(work, command, meeting_id, reason, settings.delays)
    except ConflictError as error:
        said = {
            "qualified": _("L’OFII a qualifié cette absence : revenez en arrière et demandez-lui la correction."),
            "correction_window_closed": _("Le délai de correction est passé : demandez la correction à l’OFII."),
        }
        raise ConflictError(said.get(error.code, str(error)), error.code) from error


def _command() -> MarkCommand:
    """Return the mark that should stand. Raises InvalidInputError."""
    person, status = request.form.get("person", type=UUID), request.form.get("status", "")
    minutes: Any = request.form.get("minutes", "") or "0"
    faults = []
    if person is None:
        faults.append(FieldFault("person", "choice", _("choisissez la personne")))
    if status not in CHOICES:
        faults.append(FieldFault("status", "choice", _("choisissez ce qui est vrai")))
    if not minutes.isdecimal() or len(minutes) > 3:
        faults.append(FieldFault("minutes", "number", _("un nombre de minutes est attendu")))
    elif status in {"late", "left_early"} and not int(minutes):
        faults.append(FieldFault("minutes", "number", _("combien de minutes ont été perdues ?")))
    sheet, declared = request.form.get("sheet", "").strip()[:64], request.form.get("declared", "")
    if status in CAME and not sheet and declared not in DECLARED_REASONS:
        words = _("donnez le numéro de la feuille signée, ou dites pourquoi la présence est déclarée")
        faults.append(FieldFault("sheet", "act_required", words))
    if faults or person is None:
        raise InvalidInputError(_("la correction n’a pas été gardée"), faults)
    came = Status(status) in CAME
    proof: dict[str, Any] = {"act": "signed_sheet", "proof_ref": sheet} if sheet else {"act": DECLARED}
    if not sheet:
        proof["act_reason"] = declared
    lost = int(minutes) if status in {"late", "left_early"} else 0
    key = request.form.get("key", type=UUID) or new_id()
    return MarkCommand(id=key, signatory_id=person, status=status, minutes_lost=lost, **(proof if came else {}))
