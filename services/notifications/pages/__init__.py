"""The pages of notifications: notices with their states, one as sent with every attempt, the words in each language."""

__all__ = ["register"]

from collections.abc import Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Flask, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.notifications.domain.occasions import OCCASIONS
from services.notifications.domain.states import STATES
from services.notifications.pages.tasks import task_pages
from services.notifications.usecases import links, overview
from services.notifications.usecases.post import Post
from services.notifications.usecases.preview import Example, previews
from services.notifications.usecases.tasks import KINDS as TASKS
from services.notifications.wording.files import FIELDS
from shared.errors import FieldFault, InvalidInputError
from shared.languages import LANGUAGES
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting
from shared.web.tokens import OWN_LIFE_SECONDS

A_PAGE = 100


def register(app: Flask, service: Service, post: Post) -> None:
    """Add the pages to the application."""
    app.register_blueprint(_pages(service, post))
    app.register_blueprint(task_pages(service, post))


def _pages(service: Service, post: Post) -> Blueprint:
    pages = Blueprint("notice_pages", __name__, template_folder="templates")
    example = Example(call_back=post.call_back, public_url=post.public_url, sms_price=post.sms_price)

    @pages.get("/")
    def index() -> str:
        chosen = {
            "state": _choice("state", STATES),
            "kind": _choice("kind", tuple(OCCASIONS)),
            "task": _choice("task", TASKS),
            "session_id": _key("session_id"),
            "day": _day("day"),
        }
        before = _before(request.args.get("before", ""))
        with acting(service, reading=True) as work:
            own = own_territory(work.who, None)
            listed = overview.newest(work, chosen | {"territory": own}, before, A_PAGE + 1)
            counts = overview.summary(work, own)
            doubles = overview.doubles(post, work)
        more = ""
        if len(listed) > A_PAGE:
            last = listed[A_PAGE - 1]
            more = _link(chosen | {"before": f"{last['made_at'].isoformat()},{last['id']}"})
        return render_template(
            "notices/index.html",
            notices=listed[:A_PAGE],
            counts=counts,
            doubles=doubles,
            chosen=chosen,
            states={state: _link(chosen | {"state": state}) for state in ("", *STATES)},
            kinds={kind: _link(chosen | {"kind": kind}) for kind in ("", *OCCASIONS)},
            tasks={task: _link(chosen | {"task": task}) for task in ("", *TASKS)},
            more=more,
        )

    @pages.get("/messages/<uuid:notice_id>")
    def notice(notice_id: UUID) -> str:
        with acting(service, reading=True) as work:
            found = overview.notice_detail(work, notice_id)
        renewed, minutes = request.args.get("said") == "renewed", OWN_LIFE_SECONDS // 60
        return render_template("notices/notice.html", notice=found, renewed=renewed, minutes=minutes)

    @pages.post("/messages/<uuid:notice_id>/link/renewal")
    def renew_link(notice_id: UUID) -> BaseResponse:
        with acting(service) as work:
            links.renew_link(work, overview.notice_detail(work, notice_id)["person_id"])
        return redirect(f"/notices/messages/{notice_id}?said=renewed", HTTPStatus.SEE_OTHER)

    @pages.get("/wording")
    def words() -> str:
        chosen = {"kind": _choice("kind", tuple(FIELDS)), "language": _choice("language", LANGUAGES)}
        kinds = (chosen["kind"],) if chosen["kind"] else tuple(FIELDS)
        languages = (chosen["language"],) if chosen["language"] else LANGUAGES
        if chosen["kind"] is None and chosen["language"] is None:  # all of both would be too long for a page
            kinds = kinds[:1]
        return render_template(
            "notices/wording.html",
            texts=list(previews(kinds, languages, example)),
            chosen=chosen | {"kind": kinds[0] if len(kinds) == 1 else None},
            kinds=tuple(FIELDS),
            languages=LANGUAGES,
        )

    return pages


def _key(name: str) -> UUID | None:
    return request.args.get(name, None, type=UUID)


def _day(name: str) -> date | None:
    return request.args.get(name, None, type=date.fromisoformat)


def _choice(name: str, known: tuple[str, ...]) -> str | None:
    value = request.args.get(name, "")
    return value if value in known else None


def _link(arguments: Mapping[str, Any]) -> str:
    query = urlencode({name: value for name, value in arguments.items() if value})
    return f"/notices/?{query}" if query else "/notices/"


def _before(text: str) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    try:
        instant, _comma, key = text.partition(",")
        made_at = datetime.fromisoformat(instant)
        return made_at.replace(tzinfo=made_at.tzinfo or UTC), UUID(key)
    except ValueError as error:
        fault = FieldFault("before", "page", _("« %(text)s » n’est pas une suite de liste", text=text))
        raise InvalidInputError(_("la page demandée"), [fault]) from error
