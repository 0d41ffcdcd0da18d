"""Today's rolls, and one roll to take and sign; with a script it goes on without network, without one it is a form."""

__all__ = ["roll_pages"]

import hmac
import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.domain.marks import CAME, DECLARED, DECLARED_REASONS
from services.attendance.domain.opening import ends_at, opens_at
from services.attendance.settings import Settings
from services.attendance.usecases import acts, meetings, overview, rolls
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from services.attendance.usecases.sheets import Sheet, visible_sheet
from shared.clock import real_now
from shared.errors import ConflictError, FieldFault, InvalidInputError
from shared.ids import new_id
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work

MINUTES = re.compile(r"\d{1,4}")
HOURS = re.compile(r"[0-2]\d:[0-5]\d(:[0-5]\d)?")
KEPT_FOR = timedelta(hours=12)  # around a meeting: when a device may keep its page for a time without network
WORKER = Path(__file__).parent / "static" / "worker.js"


def roll_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages of rolls."""
    pages = Blueprint("roll_pages", __name__, template_folder="templates", static_folder="static")

    @pages.get("/worker.js")
    def worker() -> Response:
        """Return the script that shows kept pages; its address decides which pages it may answer for."""
        return Response(WORKER.read_bytes(), mimetype="text/javascript")

    @pages.get("/offline")
    def offline() -> str:
        return render_template("attendance/offline.html")

    @pages.get("/")
    def index() -> str:
        with acting(service, reading=True) as work:
            day = _day(request.args.get("day", "")) or work.now.date()
            listed = sorted(rolls.rolls_between(work, day, day), key=lambda one: (one["starts_at"], one["site"]))
            of_a_body = work.who.role in {"trainer", "provider_manager"}
            counts = None if of_a_body else overview.summary(work, own_territory(work.who, None))
            device = _device(work) | {"keep": [one["id"] for one in listed if of_a_body and _kept_now(work, one)]}
        return render_template("attendance/index.html", day=day, rolls=listed, counts=counts, device=device)

    @pages.get("/rolls/<uuid:meeting_id>")
    def roll(meeting_id: UUID) -> str:
        with acting(service, reading=True) as work:
            sheet = visible_sheet(work, meeting_id)
            found = sheet.view()
            opens = opens_at(found, settings.early)
            local = opens.astimezone(ZoneInfo(found["zone"]))
            shown = {
                "open_now": opens <= work.now and not found["version"],
                "opens": f"{local:%d/%m/%Y %H:%M}",
                "waiting": {act["subject_id"]: act for act in acts.pending(work, sheet)},
                "photos": acts.whole_sheets(work, meeting_id),
                "calling": opens <= work.now < ends_at(found),
                "device": _device(work) | {"keep": [meeting_id] if _kept_now(work, found) else []},
            }
        everybody = request.args.get("all") == "present"
        return render_template(
            "attendance/roll.html",
            roll=found,
            reasons=DECLARED_REASONS,
            everybody=everybody,
            keys=new_id,
            not_held=meetings.NOT_HELD,
            **shown,
        )

    @pages.post("/rolls/<uuid:meeting_id>/marks")
    def mark(meeting_id: UUID) -> BaseResponse:
        with acting(service) as work:
            sheet = visible_sheet(work, meeting_id)
            waiting = {act["subject_id"]: act for act in acts.pending(work, sheet)}
            asked = [_command(person, sheet, waiting.get(key)) for key, person in sheet.people.items()]
            _keep(work, sheet, [command for command in asked if command is not None], settings.early)
            if request.form.get("sign"):
                held_by = " ".join(request.form.get("held_by", "").split())[:80]
                rolls.sign_roll(work, meeting_id, held_by or None, settings.early)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    @pages.post("/rolls/<uuid:meeting_id>/cancelled")
    def cancel(meeting_id: UUID) -> BaseResponse:
        """Sign that a meeting did not take place: it counts for nobody and against nobody."""
        with acting(service) as work:
            meetings.cancel_meeting(work, meeting_id, request.form.get("reason", ""), settings.early)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    @pages.post("/rolls/<uuid:meeting_id>/lost")
    def lose(meeting_id: UUID) -> BaseResponse:
        """Sign that a meeting was held and its roll cannot be had any more: it counts against nobody."""
        with acting(service) as work:
            meetings.declare_roll_lost(work, meeting_id, settings.early)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    @pages.post("/rolls/<uuid:meeting_id>/substitute")
    def substitute(meeting_id: UUID) -> BaseResponse:
        """Name the trainer who holds the meeting in another's place: they see its roll."""
        with acting(service) as work:
            meetings.name_substitute(work, meeting_id, " ".join(request.form.get("trainer", "").split())[:80])
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    return pages


def _keep(work: Work, sheet: Sheet, commands: list[MarkCommand], early: timedelta) -> None:
    """Keep all marks of a form or none. Raises ConflictError, InvalidInputError."""
    (kept,) = rolls.mark_rolls(work, [RollCommand(meeting_id=sheet.meeting["id"], marks=commands)], early)
    if kept.code:
        raise ConflictError(kept.message, kept.code)
    names = {command.id: str(sheet.people[command.signatory_id]["reference"]) for command in commands}
    faults = [
        FieldFault(names[result.id], result.code, result.message) for result in kept.results if result.state != "kept"
    ]
    if any(result.state == "conflict" for result in kept.results):
        raise ConflictError(_("Un autre appareil a répondu autrement entre-temps : rechargez la feuille."))
    if faults:
        raise InvalidInputError(_("la feuille n’a pas été gardée"), faults)


def _command(person: dict[str, Any], sheet: Sheet, waiting: dict[str, Any] | None) -> MarkCommand | None:
    """Return the mark that the form asks for, or None when nothing was chosen or nothing changes."""
    key, subject = str(person["signatory_id"]), person["signatory_id"]
    status = request.form.get(f"status:{key}", "")
    if not status:
        return None
    shown = request.form.get(f"seen:{key}")
    seen = next((mark for mark in sheet.history if str(mark["id"]) == shown), None)
    came = status in CAME
    act, reason = _proof(key, person, seen, waiting) if came else ("", "")
    arrived, left = (_time(name, key, person) if status == wanted else None for name, wanted in TIMES)
    lost = _minutes(key, person) if status in {"late", "left_early"} and not (arrived or left) else 0
    wanted = (status, act, reason, arrived, left)
    before = seen if shown is not None else sheet.current.get(subject)
    said = tuple(before[name] for name in ("status", "act", "act_reason", *ARRIVING)) if before else ()
    if before is not None and wanted == said and lost in {before["minutes_lost"], 0}:
        return None
    return MarkCommand(
        id=new_id(),
        signatory_id=subject,
        status=status,
        minutes_lost=lost,
        act=act,
        act_reason=reason,
        act_id=waiting["id"] if waiting and waiting["kind"] == act else None,
        proof_ref=request.form.get("proof_ref", "").strip()[:64] if act == "signed_sheet" else "",
        arrived=arrived,
        left=left,
        seen=seen["id"] if seen else None,
        checks_seen=shown is not None,
    )


ARRIVING = ("arrived", "left")
TIMES = (("arrived", "late"), ("left", "left_early"))


def _proof(
    key: str, person: dict[str, Any], seen: dict[str, Any] | None, waiting: dict[str, Any] | None
) -> tuple[str, str]:
    """Return act and reason: this person's own choice, their own act, what stood there, or what holds for the roll."""
    own = request.form.get(f"act:{key}", "")
    if not own and waiting:
        return waiting["kind"], ""
    if not own and seen and seen["act"]:
        return seen["act"], seen["act_reason"]
    act, _colon, reason = (own or request.form.get("proof", "")).partition(":")
    if not act:
        words = _("choisissez sur quoi reposent les présences")
        raise InvalidInputError(
            _("la feuille n’a pas été gardée"), [FieldFault(str(person["reference"]), "proof", words)]
        )
    return act, (reason or request.form.get(f"reason:{key}", "")) if act == DECLARED else ""


def _minutes(key: str, person: dict[str, Any]) -> int:
    minutes = request.form.get(f"minutes:{key}", "") or "0"
    if not (MINUTES.fullmatch(minutes) and minutes.isascii()):
        fault = FieldFault(f"minutes:{person['reference']}", "number", _("un nombre de minutes est attendu"))
        raise InvalidInputError(_("la feuille n’a pas été gardée"), [fault])
    return int(minutes)


def _time(name: str, key: str, person: dict[str, Any]) -> time | None:
    said = request.form.get(f"{name}:{key}", "")
    if not said:
        return None
    try:
        if HOURS.fullmatch(said):
            return time.fromisoformat(said)
    except ValueError:
        pass
    fault = FieldFault(f"{name}:{person['reference']}", "time", _("une heure est attendue, comme 09:20"))
    raise InvalidInputError(_("la feuille n’a pas été gardée"), [fault])


def _device(work: Work) -> dict[str, Any]:
    """
    Return what a page tells the device that keeps it.

    Whose it is (a keyed digest), what time it is here, and when it was made: milliseconds of real time.
    """
    key = work.voice.seal_keys[work.voice.service]
    owner = hmac.digest(key, b"device of " + work.who.actor.encode(), "sha256").hex()[:16]
    return {"owner": owner, "now": work.now, "read": int(real_now().timestamp() * 1000)}


def _kept_now(work: Work, meeting: dict[str, Any]) -> bool:
    """Say whether a trainer's device may keep this roll: it is today's and not signed."""
    mine = work.who.role in {"trainer", "provider_manager"} and not meeting["version"]
    return mine and abs(ends_at(meeting) - work.now) < KEPT_FOR


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        fault = FieldFault("day", "date", _("« %(text)s » n’est pas une date", text=text))
        raise InvalidInputError(_("le jour"), [fault]) from error
