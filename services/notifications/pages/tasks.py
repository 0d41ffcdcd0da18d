"""The page of tasks: what is to be told, brought or corrected, and the word of how it ended."""

__all__ = ["task_pages"]

from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from services.notifications.usecases import papers, tasks
from services.notifications.usecases.by_hand import end_by_hand
from services.notifications.usecases.overview import words_of
from services.notifications.usecases.post import Post
from shared.errors import FieldFault, InvalidInputError
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting

A_PAGE = 50


def task_pages(service: Service, post: Post) -> Blueprint:
    """Return the pages about tasks."""
    pages = Blueprint("task_pages", __name__, template_folder="templates")

    @pages.get("/tasks")
    def index() -> str:
        kind = request.args.get("kind", "")
        kind = kind if kind in tasks.KINDS else ""
        after = request.args.get("after", type=UUID)
        with acting(service, reading=True) as work:
            of_a_body = work.who.role in tasks.OF_A_BODY
            territory = None if of_a_body else own_territory(work.who, None)
            found = tasks.tasks_of(work, territory=territory, kind=kind or None, after=after, limit=A_PAGE)
            words = words_of(post, work, [one["notice_id"] for one in found["items"] if one["notice_id"]])
        more = urlencode({"kind": kind, "after": found["next"]}) if found["next"] else ""
        return render_template(
            "notices/tasks.html",
            tasks=found["items"],
            words=words,
            outcomes=tasks.OUTCOMES,
            kind=kind,
            kinds={one: f"/notices/tasks?{urlencode({'kind': one})}" for one in ("", *tasks.KINDS)},
            of_a_body=of_a_body,
            now=service.clock.now(),
            more=f"/notices/tasks?{more}" if more else "",
        )

    @pages.get("/tasks/<uuid:task_id>/letter.pdf")
    def letter(task_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            return _paper(papers.letter_of(post, work, task_id), "lettre")

    @pages.get("/tasks/<uuid:task_id>/slip.pdf")
    def slip(task_id: UUID) -> Response:
        with acting(service, reading=True) as work:
            return _paper(papers.slip_of(post, work, task_id), "fiche")

    @pages.post("/tasks/<uuid:task_id>")
    def end(task_id: UUID) -> Response:
        with acting(service) as work:
            end_by_hand(post, work, task_id, _ending())
        kind = request.form.get("kind", "")
        return redirect(f"/notices/tasks?{urlencode({'kind': kind})}" if kind in tasks.KINDS else "/notices/tasks")

    return pages


def _ending() -> tasks.Ending:
    """Return what the form says. Raises InvalidInputError."""
    form = {name: value.strip() for name, value in request.form.items()}
    try:
        on = date.fromisoformat(form["on"]) if form.get("on") else None
    except ValueError:
        raise InvalidInputError("the outcome is refused", [FieldFault("on", "date", "a day as 2026-11-27")]) from None
    return tasks.Ending(outcome=form.get("outcome", ""), on=on, proof=form.get("proof", ""))


def _paper(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(content, mimetype="application/pdf", headers=headers)
