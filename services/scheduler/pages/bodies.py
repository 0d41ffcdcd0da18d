"""What a training body's manager looks at: the groups of a plan that wait for a yes, something else, or a no."""

__all__ = ["body_pages"]

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.consultation import GroupAnswerBody
from services.scheduler.domain.consultation import ANSWERS, REFUSALS
from services.scheduler.pages.forms import Form, submit
from services.scheduler.usecases.consultation import answering
from services.scheduler.usecases.consultation.answering import Answer
from shared.ids import derived_id, new_id
from shared.service import Service
from shared.web.frame import acting

OFFERED = ("room", "trainer", "starts_on")


def body_pages(service: Service) -> Blueprint:
    """Return the pages of a training body."""
    pages = Blueprint("body_pages", __name__, template_folder="templates")

    @pages.get("/to-confirm")
    def list_groups() -> str:
        with acting(service, reading=True) as work:
            found = answering.of_body(work)
        awaited = sum(one["state"] == "waiting" for one in found)
        keys = {one["id"]: new_id() for one in found}
        return render_template("scheduler/to_confirm.html", found=found, awaited=awaited, keys=keys, key=new_id())

    @pages.post("/to-confirm")
    def confirm_shown() -> BaseResponse:
        """Confirm every group that the page showed as waiting, or none where one of them has changed."""
        key = request.form.get("key", type=UUID) or new_id()
        with acting(service) as work:
            for group_id in sorted(request.form.getlist("group", type=UUID)):
                answering.answer(work, group_id, derived_id("confirmed", key, group_id), Answer(answer="confirm"))
        return redirect("/planning/to-confirm", 303)

    def group_page(consulted_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            group = answering.for_body(work, consulted_id)
        forms = {kind: sent if sent and sent.name == kind else _form(kind, group) for kind in ANSWERS}
        return render_template("scheduler/group.html", group=group, forms=forms)

    @pages.get("/to-confirm/<uuid:consulted_id>")
    def read_group(consulted_id: UUID) -> str:
        return group_page(consulted_id)

    @pages.post("/to-confirm/<uuid:consulted_id>/<string:answer>")
    def say(consulted_id: UUID, answer: str) -> Any:
        if answer not in ANSWERS:
            raise NotFound
        with acting(service, reading=True) as work:
            group = answering.for_body(work, consulted_id)

        def act(said: Answer, key: UUID) -> str:
            with acting(service) as work:
                answering.answer(work, consulted_id, key, said)
            return "/planning/to-confirm"

        return submit(_form(answer, group), act, lambda form: group_page(consulted_id, form))

    return pages


def _form(kind: str, group: Mapping[str, Any]) -> Form:
    """Return the form of one answer: what it asks for, among what the body has."""
    asked = {"confirm": (), "counter": OFFERED, "refuse": ("reason",)}[kind]
    choices = {
        "room": [
            (one["id"], _("%(room)s (%(seats)s places)", room=one["name"], seats=one["seats"]))
            for one in group["rooms"]
        ],
        "trainer": [
            (
                one["id"],
                one["name"] if one["qualified"] else _("%(trainer)s (sans la qualification)", trainer=one["name"]),
            )
            for one in group["trainers"]
        ],
        "reason": [(code, format(said, get_locale().language)) for code, said in REFUSALS.items()],
    }
    return Form.of(kind, GroupAnswerBody(), only=asked, fixed={"answer": kind}, choices=choices)
