"""Lists and single things to read, by keyset page."""

__all__ = ["reading_routes"]

from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from flask_smorest import Blueprint

from services.scheduler import storage
from services.scheduler.api.paging import PageQuery, page_of
from services.scheduler.usecases import overview
from shared.scope import check_territory, own_territory
from shared.service import Service
from shared.web.frame import acting


class NeedQuery(PageQuery):
    """Needs, by state."""

    state = ma.fields.String(
        load_default=None,
        validate=ma.validate.OneOf(["open", "placed", "unplaced", "not_owed", "followed", "replaced"]),
    )


class NeedView(ma.Schema):
    """One thing that a person is owed, and where it stands."""

    id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    minutes = ma.fields.Integer(required=True)
    deadline = ma.fields.Date(required=True, allow_none=True)
    again = ma.fields.Integer(required=True)
    state = ma.fields.String(required=True)
    reason = ma.fields.Dict(required=True, allow_none=True)


class SessionView(ma.Schema):
    """One group of one training."""

    id = ma.fields.UUID(required=True)
    territory = ma.fields.String(required=True)
    training = ma.fields.String(required=True)
    parts = ma.fields.String(required=True)
    site = ma.fields.String(required=True)
    starts_on = ma.fields.Date(required=True)
    ends_on = ma.fields.Date(required=True)
    seats = ma.fields.Integer(required=True)
    taken = ma.fields.Integer(required=True)
    state = ma.fields.String(required=True)


class FlagView(ma.Schema):
    """A flag raised by attendance, with its evidence."""

    id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    owner = ma.fields.String(required=True)
    due_on = ma.fields.Date(required=True)
    evidence = ma.fields.List(ma.fields.String(), required=True)


class SignatoryView(ma.Schema):
    """A person: their needs and contract, without name or contact point."""

    id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    territory = ma.fields.String(required=True)
    facts = ma.fields.Dict(required=True)
    contracts = ma.fields.List(ma.fields.Dict(), required=True)
    needs = ma.fields.List(ma.fields.Nested(NeedView), required=True)


class Digests(ma.Schema):
    """SHA-256 of what each table says, for comparing two states."""

    tables = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)


def reading_routes(service: Service) -> Blueprint:
    """Return the routes that only read."""
    routes = Blueprint("reading", __name__, description="Reading what is planned")

    @routes.get("/needs")
    @routes.arguments(NeedQuery, location="query")
    @routes.response(200, page_of(NeedView))
    def list_needs(query: dict[str, Any]) -> dict[str, Any]:
        """Return needs with their state and, where they are left out, the reason."""
        with acting(service, reading=True) as work:
            found = _of_territory(storage.need, own_territory(work.who, query["territory"]))
            if query["state"]:
                found = found.where(storage.need.c.state == query["state"])
            return storage.page(work.db, found, storage.need.c.id, query["after"], query["limit"])

    @routes.get("/sessions")
    @routes.arguments(PageQuery, location="query")
    @routes.response(200, page_of(SessionView))
    def list_sessions(query: dict[str, Any]) -> dict[str, Any]:
        """Return sessions with their seats and how many are taken."""
        with acting(service, reading=True) as work:
            found = _of_territory(storage.session, own_territory(work.who, query["territory"]))
            page = storage.page(work.db, found, storage.session.c.id, query["after"], query["limit"])
            taken = storage.seats_taken(work.db, [row["id"] for row in page["items"]])
            return page | {"items": [row | {"taken": taken.get(row["id"], 0)} for row in page["items"]]}

    @routes.get("/flags")
    @routes.arguments(PageQuery, location="query")
    @routes.response(200, page_of(FlagView))
    def list_flags(query: dict[str, Any]) -> dict[str, Any]:
        """Return the flags that attendance raised, with their evidence."""
        with acting(service, reading=True) as work:
            found = sa.select(storage.flag)
            territory = own_territory(work.who, query["territory"])
            if territory:
                found = found.join(storage.contract, storage.contract.c.id == storage.flag.c.contract_id)
                found = found.where(storage.contract.c.territory == territory)
            return storage.page(work.db, found, storage.flag.c.id, query["after"], query["limit"])

    @routes.get("/signatories/<uuid:signatory_id>")
    @routes.response(200, SignatoryView)
    @routes.alt_response(404, success=False)
    def read_signatory(signatory_id: UUID) -> dict[str, Any]:
        """Return what a person is owed and where each need stands."""
        with acting(service, reading=True) as work:
            person = overview.person(work, signatory_id)
            check_territory(work.who, person["territory"])
            return person

    @routes.get("/digests")
    @routes.response(200, Digests)
    def read_digests() -> dict[str, Any]:
        """Return a digest of each table: equal digests mean that nothing changed in between."""
        with acting(service, reading=True) as work:
            return {"tables": overview.digests(work)}

    return routes


def _of_territory(table: sa.Table, territory: str | None) -> sa.Select[Any]:
    query = sa.select(table)
    return query.where(table.c.territory == territory) if territory else query
