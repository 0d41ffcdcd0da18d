"""What somebody has to do because no machine can, and how it ended."""

__all__ = ["task_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.notifications.api.notices import TerritoryQuery
from services.notifications.usecases import tasks
from services.notifications.usecases.by_hand import end_by_hand
from services.notifications.usecases.post import Post
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting


class TaskQuery(TerritoryQuery):
    """A keyset page of open tasks."""

    kind = ma.fields.String(load_default=None, validate=ma.validate.OneOf(tasks.KINDS))
    after = ma.fields.UUID(load_default=None, metadata={"description": "`next` of the page before."})
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class TaskView(ma.Schema):
    """An open task. `about` is the kind of the notice, null where it is about a contact point or an answer."""

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    person_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    notice_id = ma.fields.UUID(required=True, allow_none=True)
    about = ma.fields.String(required=True, allow_none=True)
    territory = ma.fields.String(required=True)
    note = ma.fields.String(required=True)
    made_at = ma.fields.AwareDateTime(required=True)
    due_by = ma.fields.AwareDateTime(required=True, allow_none=True)


class TaskPage(ma.Schema):
    """A page of tasks."""

    items = ma.fields.List(ma.fields.Nested(TaskView), required=True)
    next = ma.fields.UUID(required=True, allow_none=True)


class OutcomeBody(ma.Schema):
    """How a task ended; a registered letter needs its number as proof."""

    outcome = ma.fields.String(required=True)
    on = ma.fields.Date(load_default=None, metadata={"description": "The day it was done; today where it is left out."})
    proof = ma.fields.String(load_default="", validate=ma.validate.Length(max=tasks.PROOF_LENGTH))

    @ma.post_load
    def to_ending(self, data: dict[str, Any], **_: object) -> tasks.Ending:
        return tasks.Ending(**data)


def task_routes(service: Service, post: Post) -> Blueprint:
    """Return the routes about tasks."""
    routes = Blueprint("tasks", __name__, description="What somebody has to do because no machine can")

    @routes.get("/tasks")
    @routes.arguments(TaskQuery, location="query")
    @routes.response(200, TaskPage)
    def list_tasks(query: dict[str, Any]) -> dict[str, Any]:
        """Return open tasks: OFII's by territory, a training body's own."""
        with acting(service, reading=True) as work:
            territory = None if work.who.role in tasks.OF_A_BODY else own_territory(work.who, query["territory"])
            return tasks.tasks_of(
                work, territory=territory, kind=query["kind"], after=query["after"], limit=query["limit"]
            )

    @routes.post("/tasks/<uuid:task_id>/outcome")
    @routes.arguments(OutcomeBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False)
    @routes.alt_response(422, success=False)
    def end_task(ending: tasks.Ending, task_id: UUID) -> None:
        """Say how a task ended: what was told or brought in time is proof that the person was told."""
        with acting(service) as work:
            end_by_hand(post, work, task_id, ending)

    return routes
