"""What happens in the room around a roll: the code that turns, photos, who is not on the list, calls, contacts."""

__all__ = ["room_pages"]

from uuid import UUID

import segno
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.attendance.domain.media import PAPERS, begins_as
from services.attendance.domain.meeting_code import QR_SECONDS
from services.attendance.settings import Settings
from services.attendance.usecases import acts, contacts, provisional, relays
from services.attendance.usecases.acts import ActCommand
from services.attendance.usecases.contacts import ContactCommand
from services.attendance.usecases.provisional import ProvisionalCommand
from services.attendance.usecases.sheets import visible_sheet
from shared.errors import FieldFault, InvalidInputError
from shared.ids import new_id
from shared.service import Service
from shared.web.frame import acting


def room_pages(service: Service, settings: Settings) -> Blueprint:
    """Return the pages around a roll."""
    pages = Blueprint("room_pages", __name__, template_folder="templates")

    def address(path: str) -> str:
        """Return the address of a page for somebody else's phone; embedded, where this page was asked for."""
        common = settings.common
        base = request.host_url if common.mode == "embedded" else common.public_url
        return f"{base.rstrip('/')}/attendance/{path}"

    @pages.get("/rolls/<uuid:meeting_id>/code")
    def code(meeting_id: UUID) -> str:
        with acting(service, reading=True) as work:
            roll = visible_sheet(work, meeting_id).meeting
            shown = acts.code_of(work, meeting_id, settings.early)
            early = work.now < shown["opens_at"]
        door = address("here").partition("://")[2]
        return render_template(
            "attendance/code.html", roll=roll, code=shown, early=early, door=door, seconds=QR_SECONDS
        )

    @pages.get("/rolls/<uuid:meeting_id>/code.svg")
    def code_picture(meeting_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            shown = acts.code_of(work, meeting_id, settings.early)
        return _picture(address(f"here/{meeting_id}/{shown['scanned']}"))

    @pages.post("/rolls/<uuid:meeting_id>/sheet")
    def keep_photo(meeting_id: UUID) -> BaseResponse:
        """Keep the photo of the sheet that people signed."""
        upload = request.files.get("photo")
        content = upload.read() if upload else b""
        if not upload or not content:
            fault = FieldFault("photo", "required", _("une photo de la feuille"))
            raise InvalidInputError(_("rien n’a été gardé"), [fault])
        command = ActCommand(kind="signed_sheet", subject_id=None, media_type=_media(content), content=content)
        with acting(service) as work:
            acts.keep_act(work, meeting_id, _key(), command)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    @pages.post("/rolls/<uuid:meeting_id>/people")
    def add_person(meeting_id: UUID) -> BaseResponse:
        name, reference = (request.form.get(field, "") for field in ("name", "reference"))
        command = ProvisionalCommand(id=_key(), name=name, reference=reference[:40])
        with acting(service) as work:
            provisional.add_provisional(work, meeting_id, command, settings.early)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    @pages.post("/rolls/<uuid:meeting_id>/people/<uuid:provisional_id>")
    def identify(meeting_id: UUID, provisional_id: UUID) -> BaseResponse:
        """Say who somebody is whom the list does not name, or take it back."""
        reference = request.form.get("reference", "").strip() or None
        with acting(service) as work:
            provisional.identify(work, provisional_id, _key(), reference)
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    @pages.post("/rolls/<uuid:meeting_id>/relays")
    def call_absentees(meeting_id: UUID) -> BaseResponse:
        with acting(service) as work:
            asked = relays.call_absentees(work, meeting_id, settings.early)
        return redirect(f"/attendance/rolls/{meeting_id}?called={asked}", 303)

    @pages.get("/rolls/<uuid:meeting_id>/contact/<uuid:signatory_id>")
    def ask_contact(meeting_id: UUID, signatory_id: UUID) -> str:
        with acting(service, reading=True) as work:
            person, _ticket = contacts.ticket_for(work, meeting_id, signatory_id)
        return render_template(
            "attendance/contact.html", person=person, meeting_id=meeting_id, signatory_id=signatory_id, key=new_id()
        )

    @pages.get("/rolls/<uuid:meeting_id>/contact/<uuid:signatory_id>/picture.svg")
    def contact_picture(meeting_id: UUID, signatory_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            _person, ticket = contacts.ticket_for(work, meeting_id, signatory_id)
        return _picture(address(f"contact/{meeting_id}/{signatory_id}/{ticket}"))

    @pages.post("/rolls/<uuid:meeting_id>/contact/<uuid:signatory_id>")
    def give_contact(meeting_id: UUID, signatory_id: UUID) -> BaseResponse:
        phone = request.form.get("phone", "").strip() if request.form.get("what") == "changed" else ""
        if request.form.get("what") == "changed" and not phone:
            fault = FieldFault("phone", "required", _("un numéro de téléphone"))
            raise InvalidInputError(_("rien n’a été gardé"), [fault])
        with acting(service) as work:
            contacts.ticket_for(work, meeting_id, signatory_id)  # who has a seat here
            contacts.give_contact(work, _key(), ContactCommand(signatory_id=signatory_id, phone=phone))
        return redirect(f"/attendance/rolls/{meeting_id}", 303)

    return pages


def _picture(address: str) -> Response:
    drawn = segno.make_qr(address, error="m").svg_inline(scale=8, border=4, light="#fff")
    head = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return Response(head, mimetype="image/svg+xml")


def _media(content: bytes) -> str:
    """Return what a file begins like; what is none of ours is refused by the use case as no JPEG."""
    return next((kind for kind in PAPERS if begins_as(kind, content)), "image/jpeg")


def _key() -> UUID:
    """Return the id that the form brings, so that a button pressed twice does one thing."""
    try:
        return UUID(request.form.get("key", ""))
    except ValueError as error:
        fault = FieldFault("key", "uuid", _("rechargez la page"))
        raise InvalidInputError(_("rien n’a été gardé"), [fault]) from error
