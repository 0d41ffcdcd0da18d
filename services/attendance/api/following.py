"""Hours, absences, attempts, levels, flags."""

__all__ = ["PageQuery", "following_routes", "page_of"]

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask_smorest import Blueprint

from services.attendance.usecases import absences, levels, overview
from services.attendance.usecases.outlook import outlook
from shared.scope import own_territory
from shared.service import Service
from shared.web.frame import acting


class PageQuery(ma.Schema):
    """A keyset page of one territory."""

    territory = ma.fields.String(load_default=None, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))
    after = ma.fields.UUID(load_default=None)
    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class FlagQuery(PageQuery):
    """Flags, by state."""

    state = ma.fields.String(load_default=None, validate=ma.validate.OneOf(["open", "withdrawn"]))


class FlagView(ma.Schema):
    """A flag with its evidence."""

    id = ma.fields.UUID(required=True)
    contract_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    owner = ma.fields.String(required=True)
    due_on = ma.fields.Date(required=True)
    evidence = ma.fields.List(ma.fields.String(), required=True)


class FlagPage(ma.Schema):
    """A page of flags."""

    items = ma.fields.List(ma.fields.Nested(FlagView), required=True)
    next = ma.fields.UUID(required=True, allow_none=True)


class AbsenceView(ma.Schema):
    """An absence that nobody has qualified yet."""

    id = ma.fields.UUID(required=True, metadata={"description": "Id of the mark."})
    meeting_id = ma.fields.UUID(required=True)
    signatory_id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    held_on = ma.fields.Date(required=True)
    training = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    proof = ma.fields.Boolean(required=True, metadata={"description": "The convocation arrived in a usable form."})
    attempts = ma.fields.Integer(required=True, metadata={"description": "To reach the person, since the absence."})
    answer = ma.fields.String(required=True, allow_none=True, metadata={"description": "What the person said of it."})
    paper_id = ma.fields.UUID(required=True, allow_none=True, metadata={"description": "A photo that they sent."})


class AbsencePage(ma.Schema):
    """A page of absences."""

    items = ma.fields.List(ma.fields.Nested(AbsenceView), required=True)
    next = ma.fields.UUID(required=True, allow_none=True)


class QualificationBody(ma.Schema):
    """An agent's word on an absence; a justified one names its reason."""

    id = ma.fields.UUID(required=True, metadata={"description": "Client's id of the new mark."})
    justified = ma.fields.Boolean(required=True)
    reason = ma.fields.String(load_default="", validate=ma.validate.OneOf(("", *absences.JUSTIFICATIONS)))
    ground = ma.fields.String(
        load_default="",
        validate=ma.validate.OneOf(("", *absences.GROUNDS)),
        metadata={"description": "On what the agent relies; of a paper that was seen nothing is kept."},
    )


class AttemptBody(ma.Schema):
    """Somebody tried to reach a person."""

    signatory_id = ma.fields.UUID(required=True)
    method = ma.fields.String(required=True, validate=ma.validate.OneOf(["call", "visit", "relay"]))
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(["reached", "no_answer", "wrong_contact"]))


class LevelBody(ma.Schema):
    """What a test of the course showed."""

    level = ma.fields.String(required=True, validate=ma.validate.OneOf(levels.LEVELS))
    test = ma.fields.String(required=True, validate=ma.validate.OneOf(levels.TESTS))
    reached_on = ma.fields.Date(required=True)
    target_reached = ma.fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"description": "Unless said, true for an intermediate or final test, false for an initial one."},
    )


class LevelView(ma.Schema):
    """A test of the course and what it showed."""

    test = ma.fields.String(required=True)
    level = ma.fields.String(required=True)
    target_reached = ma.fields.Boolean(required=True)
    reached_on = ma.fields.Date(required=True)


class TrainingView(ma.Schema):
    """One training owed: minutes, and a forecast as a range."""

    training = ma.fields.String(required=True)
    part = ma.fields.String(required=True)
    owed = ma.fields.Integer(required=True)
    followed = ma.fields.Integer(required=True)
    offered = ma.fields.Integer(required=True)
    planned = ma.fields.Integer(required=True)
    untold = ma.fields.Integer(required=True, metadata={"description": "Minutes of meetings whose roll is missing."})
    reachable = ma.fields.Integer(required=True, metadata={"description": "Minutes followed by the term, at best."})
    ends_first = ma.fields.Date(required=True, allow_none=True)
    ends_last = ma.fields.Date(required=True, allow_none=True)


class ContractView(ma.Schema):
    """Where a contract stands."""

    id = ma.fields.UUID(required=True)
    reference = ma.fields.String(required=True)
    signed_on = ma.fields.Date(required=True)
    term_on = ma.fields.Date(required=True)
    trainings = ma.fields.List(ma.fields.Nested(TrainingView), required=True)
    tests = ma.fields.List(ma.fields.Nested(LevelView), required=True)


class ExpectedView(ma.Schema):
    """A count of people or seats with an interval that holds nine times in ten; null: too few to say."""

    people = ma.fields.Integer(required=True)
    unfinished = ma.fields.Float(required=True, allow_none=True)
    low = ma.fields.Integer(required=True, allow_none=True)
    high = ma.fields.Integer(required=True, allow_none=True)


class Outlook(ma.Schema):
    """What is ahead, in aggregate: for capacity, never about one person."""

    territory = ma.fields.String(required=True)
    half_days = ma.fields.Integer(required=True, metadata={"description": "Signed half-days that it was learnt from."})
    language = ma.fields.Nested(
        ExpectedView,
        required=True,
        metadata={"description": "Courses that will miss their hours by the term."},
    )
    civic_seats = ma.fields.Nested(
        ExpectedView,
        required=True,
        metadata={"description": "Civic seats of four weeks to be found again."},
    )


class OutlookQuery(ma.Schema):
    """Of which territory."""

    territory = ma.fields.String(required=True, validate=ma.validate.Regexp(r"^(\d{2,3}|2[AB])$"))


class Summary(ma.Schema):
    """Counts over everything."""

    rolls_signed = ma.fields.Integer(required=True)
    marks = ma.fields.Dict(required=True)
    acts = ma.fields.Dict(required=True)
    trainings = ma.fields.Dict(required=True)
    contracts = ma.fields.Dict(required=True)
    flags = ma.fields.Dict(required=True)
    flags_without_evidence = ma.fields.Integer(required=True)


class Digests(ma.Schema):
    """SHA-256 of what each table says."""

    tables = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)


def following_routes(service: Service) -> Blueprint:
    """Return the routes for what follows from attendance."""
    routes = Blueprint("following", __name__, description="Hours, absences, flags")

    @routes.get("/flags")
    @routes.arguments(FlagQuery, location="query")
    @routes.response(200, FlagPage)
    def list_flags(query: dict[str, Any]) -> dict[str, Any]:
        """Return flags with their evidence."""
        with acting(service, reading=True) as work:
            territory = own_territory(work.who, query["territory"])
            found = overview.flags(work, territory, query["state"], query["after"], query["limit"] + 1)
        return page_of(found, query["limit"])

    @routes.get("/absences")
    @routes.arguments(PageQuery, location="query")
    @routes.response(200, AbsencePage)
    def list_absences(query: dict[str, Any]) -> dict[str, Any]:
        """Return absences that nobody has qualified yet."""
        with acting(service, reading=True) as work:
            territory = own_territory(work.who, query["territory"])
            found = overview.absences(work, territory, query["after"], query["limit"] + 1)
        return page_of(found, query["limit"])

    @routes.post("/absences/<uuid:mark_id>/qualification")
    @routes.arguments(QualificationBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="No absence, superseded, or the id is another mark's.")
    def qualify_absence(body: dict[str, Any], mark_id: UUID) -> None:
        """Say whether an absence is justified; the mark before stays visible."""
        with acting(service) as work:
            named = {name: body[name] for name in ("justified", "reason", "ground")}
            absences.qualify_absence(work, mark_id, body["id"], **named)

    @routes.put("/attempts/<uuid:attempt_id>")
    @routes.arguments(AttemptBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    @routes.alt_response(409, success=False, description="The id is another attempt's.")
    def keep_attempt(body: dict[str, Any], attempt_id: UUID) -> None:
        """Keep that somebody tried to reach a person."""
        with acting(service) as work:
            absences.keep_attempt(
                work, attempt_id, body["signatory_id"], method=body["method"], outcome=body["outcome"]
            )

    @routes.put("/contracts/<uuid:contract_id>/level")
    @routes.arguments(LevelBody)
    @routes.response(204)
    @routes.alt_response(404, success=False)
    def keep_level(body: dict[str, Any], contract_id: UUID) -> None:
        """Keep what a test of the course showed; a target that was reached ends the course early."""
        with acting(service) as work:
            levels.keep_level(work, contract_id, **body)

    @routes.get("/contracts/<uuid:contract_id>")
    @routes.response(200, ContractView)
    @routes.alt_response(404, success=False)
    def read_contract(contract_id: UUID) -> dict[str, Any]:
        """Return where a contract stands: hours followed, offered, planned, and when it may end."""
        with acting(service, reading=True) as work:
            return overview.contract_detail(work, contract_id)

    @routes.get("/outlook")
    @routes.arguments(OutlookQuery, location="query")
    @routes.response(200, Outlook)
    def read_outlook(query: dict[str, Any]) -> dict[str, Any]:
        """Return how many courses will miss their hours and how many civic seats will be needed again, in aggregate."""
        with acting(service, reading=True) as work:
            return outlook(work, query["territory"])

    @routes.get("/summary")
    @routes.response(200, Summary)
    def read_summary() -> dict[str, Any]:
        """Return counts over everything that who asks may see."""
        with acting(service, reading=True) as work:
            return overview.summary(work, own_territory(work.who, None))

    @routes.get("/digests")
    @routes.response(200, Digests)
    def read_digests() -> dict[str, Any]:
        """Return a digest of each table: equal digests mean that nothing changed in between."""
        with acting(service, reading=True) as work:
            return {"tables": overview.digests(work)}

    return routes


def page_of(found: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Return a page of what was found, one more than the limit, by id."""
    items = found[:limit]
    return {"items": items, "next": items[-1]["id"] if len(found) > limit else None}
