"""Waivers: those that hold and those that ended, and the forms to give and to end one."""

__all__ = ["waiver_pages"]

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask_babel import get_locale
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler import storage
from services.scheduler.bodies.waivers import WaiverBody
from services.scheduler.domain.waivers import AGREED_BY, GROUP_RULES, PERSON_RULES, REASONS
from services.scheduler.pages.forms import Form, submit
from services.scheduler.pages.planner import territory_of
from services.scheduler.usecases import overview, waivers
from services.scheduler.usecases.waivers import Wanted
from shared.errors import NotFoundError
from shared.scope import check_territory
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work

ROWS = 200  # of one page
RULES = {"person": PERSON_RULES, "group": GROUP_RULES}
SUBJECT = {"person": "signatory_id", "group": "session_id"}


def waiver_pages(service: Service) -> Blueprint:
    """Return the pages of waivers."""
    pages = Blueprint("waiver_pages", __name__, template_folder="templates")

    def waivers_page(sent: Form | None = None) -> str:
        """Show a territory's waivers; with a person or group in the address, the form to give them one."""
        with acting(service, reading=True) as work:
            code = territory_of(work)
            person_id = request.args.get("person", type=UUID)
            group_id = request.args.get("group", type=UUID)
            table = storage.waiver
            query = waivers.listed(code, person_id).order_by(table.c.ended_on.is_not(None), table.c.at.desc())
            if group_id:
                query = query.where(table.c.session_id == group_id)
            found = storage.rows(work.db, query.limit(ROWS))
            person = _person(work, person_id) if person_id else None
            group = _group(work, group_id) if group_id and not person_id else None
            groups = _groups(work, {row["session_id"] for row in found} - {None})
            names = overview.offer_names(work, code)
        form = sent or (_form("person", person_id) if person_id else _form("group", group_id) if group_id else None)
        shown = {"person": person, "group": group, "groups": groups, "names": names, "form": form}
        return render_template("scheduler/waivers.html", code=code, found=found, **shown)

    @pages.get("/waivers")
    def list_waivers() -> str:
        return waivers_page()

    @pages.post("/waivers/<string:kind>")
    def give(kind: str) -> Any:
        subject = request.args.get(kind, type=UUID)
        if kind not in SUBJECT or subject is None:
            raise NotFound

        def act(wanted: Wanted, key: UUID) -> str:
            with acting(service) as work:
                row = waivers.give(work, key, wanted)
            return f"/planning/waivers?territory={row['territory']}&{kind}={subject}"

        return submit(_form(kind, subject), act, waivers_page)

    @pages.post("/waivers/<uuid:waiver_id>/ending")
    def end(waiver_id: UUID) -> BaseResponse:
        with acting(service) as work:
            row = waivers.end(work, waiver_id)
        subject = f"person={row['signatory_id']}" if row["signatory_id"] else f"group={row['session_id']}"
        return redirect(f"/planning/waivers?territory={row['territory']}&{subject}", 303)

    return pages


def _person(work: Work, signatory_id: UUID) -> dict[str, Any]:
    found = overview.person(work, signatory_id)
    check_territory(work.who, found["territory"])
    return found


def _group(work: Work, session_id: UUID) -> dict[str, Any]:
    found = waivers.group_of(work, session_id)
    check_territory(work.who, found["territory"])
    return found


def _groups(work: Work, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return what is known of groups that have a waiver; one that no plan has any more is left out."""
    found = {}
    for one in ids:
        with suppress(NotFoundError):
            found[one] = waivers.group_of(work, one)
    return found


def _form(kind: str, subject: UUID | None) -> Form:
    language = get_locale().language
    return Form.of(
        f"waiver-{kind}",
        WaiverBody(),
        fixed={SUBJECT[kind]: str(subject)},
        only=("rule", "reason", "agreed_by", "agreed_on"),
        choices={
            "rule": [(one, "") for one in RULES[kind]],
            "reason": [(one, format(said, language)) for one, said in REASONS.items()],
            "agreed_by": [(one, "") for one in AGREED_BY[kind]],
        },
    )
