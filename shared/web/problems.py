"""Errors as problem+json (RFC 9457) for programs, as a page for people. One table turns a code into a status."""

__all__ = ["ProblemSchema", "install_problems", "problem"]

from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from shared.documents import DocumentError
from shared.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ParcoursError,
    TooManyError,
    TransientError,
)
from shared.logs import cause, log
from shared.rights import OWN_ROLES, Principal
from shared.web.own import OWN_DOORS, OWN_HOME, own_page
from shared.web.tokens import TokenError

MEDIA_TYPE = "application/problem+json"
STATUS: tuple[tuple[type[ParcoursError], HTTPStatus], ...] = (
    (TokenError, HTTPStatus.UNAUTHORIZED),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
    (DocumentError, HTTPStatus.UNPROCESSABLE_ENTITY),
)
WORDS = {  # lazy: read in the language of the request that failed
    401: _("Connectez-vous pour continuer."),
    403: _("Votre rôle ne permet pas cette action."),
    404: _("Cette page ou cette donnée n’existe pas."),
    409: _("La situation a changé entre-temps : rechargez la page avant de décider."),
    413: _("Le fichier est trop volumineux."),
    422: _("La demande contient des erreurs."),
    429: _("Trop de demandes depuis cette adresse : réessayez dans une heure."),
    503: _("Le service est occupé : réessayez dans un instant."),
}


class FaultSchema(ma.Schema):
    """One thing wrong with one field."""

    field = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class ProblemSchema(ma.Schema):
    """RFC 9457, with a stable code and the faults by field."""

    type = ma.fields.String()
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True)
    detail = ma.fields.String()
    errors = ma.fields.List(ma.fields.Nested(FaultSchema))
    cause = ma.fields.String(metadata={"description": "Id to quote: the logs of this request carry it."})


def problem(status: int, code: str, detail: str, errors: Any = ()) -> Response:
    """Return an answer in problem+json."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(errors),
        "cause": str(cause()),
    }
    answer = jsonify(body)
    answer.status_code = status
    answer.content_type = MEDIA_TYPE
    return answer


def install_problems(app: Flask) -> None:
    """Make every error of this application a problem or, for a browser outside the API, a plain page."""

    def on_ours(error: ParcoursError) -> Any:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        faults = [
            {"field": fault.field, "rule": fault.rule, "message": fault.message}
            for fault in getattr(error, "faults", ())
        ]
        return _answer(int(status), error.code, str(error), faults)

    def on_http(error: HTTPException) -> Any:
        if error.response is not None:
            return error.response
        status = error.code or 500
        faults = _webargs_faults(error)
        code = "invalid_input" if faults else HTTPStatus(status).name.lower()
        answer = _answer(status, code, error.description or "", faults)
        for name, value in error.get_headers():
            if name.lower() in {"allow", "retry-after", "www-authenticate"}:
                answer.headers[name] = value
        return answer

    def on_busy(error: OperationalError) -> Any:
        log.warning("database unavailable", error=type(error.orig).__name__, route=_route())
        return _answer(503, "try_later", "the database does not answer", [])

    def on_kept_before(_error: IntegrityError) -> Any:
        log.exception("a row was refused", route=_route())
        return _answer(409, "conflict", f"this contradicts what is kept; read again, or quote {cause()}", [])

    def on_unfit(_error: DataError) -> Any:
        log.exception("a value was refused", route=_route())
        return _answer(422, "invalid_input", f"a value is too long or too large to be kept; quote {cause()}", [])

    def on_any(_error: Exception) -> Any:
        log.exception("unexpected error", route=_route())
        return _answer(500, "internal", f"an unexpected error; quote {cause()}", [])

    app.register_error_handler(ParcoursError, on_ours)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(OperationalError, on_busy)
    app.register_error_handler(IntegrityError, on_kept_before)
    app.register_error_handler(DataError, on_unfit)
    app.register_error_handler(Exception, on_any)


def _route() -> str:
    """Return what was asked for, without what the address itself says: a reference, the secret of a link."""
    return f"{request.method} {request.url_rule.rule if request.url_rule else '?'}"


def _answer(status: int, code: str, detail: str, faults: list[dict[str, str]]) -> Response:
    if request.path.startswith("/api/"):
        return problem(status, code, detail, faults)
    who = g.get("principal", Principal.visitor())
    if who.role in OWN_ROLES or (who.kind == "visitor" and request.path.startswith(OWN_DOORS)):
        return own_page("own/said.html", status=status, said="failed", bad=True, back=OWN_HOME)
    words = WORDS.get(status) or _("Une erreur est survenue.")
    page = render_template("theme/error.html", status=status, words=words, detail=detail, faults=faults, cause=cause())
    return Response(page, status=status, mimetype="text/html")


def _webargs_faults(error: HTTPException) -> list[dict[str, str]]:
    messages = getattr(error, "data", {}).get("messages", {}) if isinstance(getattr(error, "data", None), dict) else {}
    faults: list[dict[str, str]] = []

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{path}.{key}" if path else str(key), inner)
        elif isinstance(value, list):
            for one in value:
                walk(path, one) if isinstance(one, dict) else faults.append(
                    {"field": path.partition(".")[2] or path, "rule": "schema", "message": str(one)}
                )

    walk("", messages)
    return faults
