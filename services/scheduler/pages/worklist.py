"""What waits for an agent, and people who may be one person."""

__all__ = ["worklist_pages"]

from collections import Counter
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.prescriptions import MergeBody
from services.scheduler.pages.forms import Form, submit
from services.scheduler.pages.planner import territory_of
from services.scheduler.usecases import people, worklist
from shared.ids import new_id
from shared.service import Service
from shared.web.frame import acting

ROWS = 100  # of one page


def worklist_pages(service: Service) -> Blueprint:
    """Return the pages of the worklist and of duplicates."""
    pages = Blueprint("worklist_pages", __name__, template_folder="templates")

    @pages.get("/worklist")
    def read_worklist() -> str:
        asked = request.args.get("owner")
        with acting(service, reading=True) as work:
            code = territory_of(work)
            own = work.who.role if work.who.role in worklist.OWNERS else None
            owner = own if asked is None else asked if asked in worklist.OWNERS else None
            found = worklist.of_territory(work, code, owner)
        kinds = Counter(row["kind"] for row in found)
        kind = asked_kind if (asked_kind := request.args.get("kind")) in kinds else None
        page = max(1, request.args.get("page", 1, type=int))
        kept = [row for row in found if kind is None or row["kind"] == kind]
        return render_template(
            "scheduler/worklist.html",
            code=code,
            found=kept[(page - 1) * ROWS : page * ROWS],
            total=len(kept),
            more=len(kept) > page * ROWS,
            page=page,
            kind=kind,
            kinds=kinds,
            owner=owner,
            owners=worklist.OWNERS,
        )

    def alike_page(code: str, refused: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            pairs = people.suspects(work, code)
            merged = people.merges(work, code)
        keyed = [pair | {"key": new_id()} for pair in pairs]
        return render_template("scheduler/alike.html", code=code, pairs=keyed, merged=merged, refused=refused)

    @pages.get("/duplicates")
    def read_duplicates() -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
        return alike_page(code)

    @pages.post("/merges")
    def merge() -> BaseResponse | tuple[str, HTTPStatus]:
        with acting(service, reading=True) as work:
            code = territory_of(work)

        def act(body: dict[str, Any], key: UUID) -> str:
            with acting(service) as work:
                people.merge(work, key, **body)
            return f"/planning/duplicates?territory={code}"

        return submit(Form.of("merge", MergeBody()), act, lambda form: alike_page(code, form))

    @pages.post("/merges/<uuid:merge_id>/undoing")
    def unmerge(merge_id: UUID) -> BaseResponse:
        with acting(service) as work:
            code = territory_of(work)
            people.unmerge(work, merge_id)
        return redirect(f"/planning/duplicates?territory={code}", HTTPStatus.SEE_OTHER)

    return pages
