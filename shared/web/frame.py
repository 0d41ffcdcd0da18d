"""The frame of a service's web application: sign-in, rights by `docs/rights.yaml`, headers, the theme, health."""

__all__ = ["Doors", "acting", "api", "current_principal", "local_path", "make_app", "mount", "route_keys"]

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, jsonify, redirect, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_smorest import Api
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response as BaseResponse

from shared.errors import ForbiddenError
from shared.ids import new_id
from shared.logs import bind_cause
from shared.rights import LINKED, OWN_ROLES, SIGNATORY, Principal, RightsTable
from shared.service import Service, backlog
from shared.web.own import OWN_HOME, own_page
from shared.web.problems import ProblemSchema, install_problems
from shared.web.texts import check_texts
from shared.web.tokens import COOKIE, Session, TokenError, TokenVerifier
from shared.web.words import here, install_words
from shared.work import Work

MOST_BYTES = 20 * 1024 * 1024  # of any request; imports have a smaller limit of their own
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ELSEWHERE = re.compile(r"[\x00-\x20\x7f\\]|//")  # browsers and libraries drop or bend these into another host
READING = {"GET", "HEAD", "OPTIONS"}
# Service, where it is mounted, label, the pages of which the first one that somebody may open is their way in.
MENU = (
    ("scheduler", "/planning", _("Planification"), ("/", "/worklist", "/to-confirm")),
    ("attendance", "/attendance", _("Émargement"), ("/",)),
    ("notifications", "/notices", _("Messages"), ("/", "/tasks")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the frame needs to know about this deployment."""

    verifier: TokenVerifier
    rights: RightsTable
    secure_cookie: bool = False
    behind_proxy: bool = False
    demo: bool = False
    call_back: str = ""
    banner: str = ""


def make_app(service: Service, prefix: str, label: str, doors: Doors, import_name: str) -> Flask:
    """Return a Flask application with nothing in it but the frame; `prefix` is where it will be mounted."""
    app = Flask(import_name, template_folder="templates", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        API_TITLE=f"Parcours – {label}",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        PROPAGATE_EXCEPTIONS=False,
        JSON_SORT_KEYS=False,
        UNSIGNED_WORDS=doors.demo,
        CALL_BACK=doors.call_back,
    )
    theme = Flask("shared.web").create_jinja_environment().loader
    app.url_map.converters["int"] = _Number
    app.jinja_loader = _Chain(app.jinja_loader, theme)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if doors.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    install_words(app)
    install_problems(app)
    _guard(app, service, doors)
    _common_routes(app, service)

    @app.context_processor
    def frame_values() -> dict[str, Any]:
        clock = service.clock
        simulated = getattr(clock, "simulated", False)
        return {
            "who": current_principal(),
            "menu": _menu(doors.rights, current_principal()),
            "service_label": gettext(label),
            "service_prefix": prefix,
            "simulated_now": clock.now() if simulated else None,
            "banner": doors.banner,
            "may": lambda route: doors.rights.allows(service.name, route, current_principal()),
        }

    return app


def api(app: Flask, service: Service) -> Api:
    """Return the flask-smorest API of an application, with problems as its errors, and its OpenAPI and docs page."""
    built = _ProblemApi(app, spec_kwargs={"info": {"description": f"The {service.name} service of Parcours."}})

    @app.get("/api/v1/openapi.json")
    def openapi() -> Response:
        return jsonify(_completed(app, built.spec.to_dict(), request.script_root))

    @app.get("/api/v1/docs")
    def docs() -> str:
        return render_template("theme/api.html", spec=_completed(app, built.spec.to_dict(), request.script_root))

    return built


def current_principal() -> Principal:
    """Return who makes this request."""
    found: Principal = g.get("principal", Principal.visitor())
    return found


@contextmanager
def acting(service: Service, *, reading: bool = False) -> Iterator[Work]:
    """Open a unit of work as who makes this request: what every view does before it calls a use case."""
    with service.database.read() if reading else service.database.begin() as db:
        yield Work(db=db, who=current_principal(), now=service.clock.now(), voice=service.voice)


def local_path(target: str | None) -> str:
    """Return a path on this site only, or nothing: never a redirect to somewhere else."""
    return target if target and target.startswith("/") and not ELSEWHERE.search(target) else ""


def mount(front: Flask | None, apps: Mapping[str, Flask]) -> Any:
    """Return one WSGI application with each service under its prefix."""
    return DispatcherMiddleware(front or BaseResponse("Not found", status=404), dict(apps))


def route_keys(app: Flask) -> set[str]:
    """Return `METHOD /rule` for each route of an application, as `docs/rights.yaml` writes them."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    }


class _ProblemApi(Api):  # type: ignore[misc]
    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Leave errors to shared.web.problems."""


class _Number(IntegerConverter):
    """A whole number in an address that fits a column; more digits are no address."""

    regex = r"\d{1,9}"


class _Chain:
    def __new__(cls, *loaders: Any) -> Any:
        from jinja2 import ChoiceLoader

        return ChoiceLoader([loader for loader in loaders if loader is not None])


def _menu(rights: RightsTable, who: Principal) -> list[tuple[str, str, Any]]:
    """Return the services that somebody may enter: where each is mounted, the address of their way in, its label."""
    ways = [
        (prefix, label, [page for page in pages if rights.allows(service, f"GET {page}", who)])
        for service, prefix, label, pages in MENU
    ]
    return [(prefix, prefix + found[0], label) for prefix, label, found in ways if found]


def _guard(app: Flask, service: Service, doors: Doors) -> None:
    @app.before_request
    def check() -> Any:
        g.cause = bind_cause(new_id())
        g.cause.__enter__()
        g.principal = Principal.visitor()
        expired = _sign_in(doors)
        if request.url_rule is None or request.method == "OPTIONS":
            return None
        method = "GET" if request.method == "HEAD" else request.method
        route = f"{method} {request.url_rule.rule}"
        if request.method not in READING:
            _refuse_foreign_origin()
        if doors.rights.allows(service.name, route, g.principal):
            check_texts(request)
            return None
        own = _own_door(doors.rights.roles(service.name, route), expired)
        if own is not None:
            return own
        if g.principal.kind != "visitor":
            raise ForbiddenError(f"{g.principal.role} may not {route}")
        if request.path.startswith("/api/") or request.method not in READING:
            raise TokenError("sign in first" if not expired else "the session token has expired")
        door = "session" if expired else "sign-in"
        return redirect(f"/planning/{door}?next={quote(here())}")

    @app.after_request
    def seal(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.teardown_request
    def unbind(_error: BaseException | None) -> None:
        held = g.pop("cause", None)
        if held is not None:
            held.__exit__(None, None, None)


def _own_door(roles: Collection[str], expired: Session | None) -> BaseResponse | None:
    """Return what somebody sees first who must give the code of the desk, or open their link again; else nothing."""
    if request.path.startswith("/api/"):
        return None
    if g.principal.role == LINKED and SIGNATORY in roles:
        target = here() if request.method in READING else OWN_HOME
        return redirect(f"/notices/code?next={quote(target)}", HTTPStatus.SEE_OTHER)
    renewable = expired is not None and expired.renewable
    if g.principal.kind == "visitor" and set(OWN_ROLES).issuperset(roles) and roles and not renewable:
        return own_page("own/again.html", status=HTTPStatus.UNAUTHORIZED)
    return None


def _sign_in(doors: Doors) -> Session | None:
    """Set the principal from the token; return what one says that has expired."""
    bearer = request.headers.get("Authorization", "")
    token = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else request.cookies.get(COOKIE)
    if not token:
        return None
    try:
        session = doors.verifier.read(token)
    except TokenError:
        return None
    if session.fresh:
        g.principal = session.who
        g.session_id, g.session_until = session.session_id, session.until
        return None
    g.expired_session_id = session.session_id
    return session


def _refuse_foreign_origin() -> None:
    """Refuse a form that another site sends: the cookie is SameSite=Lax, this is the second lock."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site == "cross-site" or (origin and origin != "null" and urlsplit(origin).netloc != request.host):
        raise ForbiddenError("a form from another site is refused")


def _common_routes(app: Flask, service: Service) -> None:
    static = Flask("shared.web", static_folder="static")

    @app.get("/theme/<path:name>")
    def theme(name: str) -> Response:
        answer = static.send_static_file(name)
        answer.headers["Cache-Control"] = "public, max-age=3600"
        return answer

    @app.get("/health")
    def health() -> Any:
        """Answer 200 when the database does too."""
        with service.database.read():
            return jsonify({"service": service.name, "status": "ok"})

    @app.route("/away", methods=["GET", "POST"])
    def away() -> BaseResponse:
        """Speak for a service that does not answer to who came to their own page, whatever they sent."""
        return own_page("own/said.html", status=HTTPStatus.SERVICE_UNAVAILABLE, said="failed", bad=True, back=OWN_HOME)

    @app.get("/api/v1/backlog")
    def what_is_left() -> Any:
        return jsonify(backlog(service))


def _completed(app: Flask, spec: dict[str, Any], root: str) -> dict[str, Any]:
    """Say in the OpenAPI document that errors are problem+json, where it is mounted, what each route is called."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in spec["paths"].get(path, {}).keys() & {one.lower() for one in rule.methods or ()}:
            spec["paths"][path][method]["operationId"] = rule.endpoint.rpartition(".")[2].replace("_", "-")
    spec["servers"] = [{"url": root or "/"}]
    for response in spec.get("components", {}).get("responses", {}).values():
        content = response.get("content", {})
        if "application/json" in content:
            response["content"] = {"application/problem+json": content["application/json"]}
    spec.setdefault("components", {})["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    spec["security"] = [{"bearer": []}]
    return spec
