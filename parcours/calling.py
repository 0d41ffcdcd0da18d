"""
Every operation of the three APIs as a command, drawn from their OpenAPI documents: same rights, same answers.

A person signs in as on the pages. In this process on what is under var/, or with --url on services that run.
"""

__all__ = ["call"]

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import httpx

from parcours.wire import PREFIXES, in_this_process
from shared.errors import ParcoursError
from shared.ids import new_id
from shared.logs import configure_logs

METHODS = ("get", "put", "post", "patch", "delete")
WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
TYPES: Mapping[str, Any] = {"integer": click.INT, "boolean": click.BOOL}


class CallError(ParcoursError):
    """Raised with what the API refused, each fault with its field and rule."""

    code = "call_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and where: `client` reaches the services, `after` lets what was told be heard."""

    client: httpx.Client
    login: str | None

    def headers(self) -> dict[str, str]:
        """Sign in. Raises CallError."""
        login = self.login or click.prompt("Login")
        password = os.environ.get("PARCOURS_PASSWORD") or click.prompt("Password", hide_input=True)
        body = self.send("POST", "/planning/api/v1/sessions", json={"login": login, "password": password})
        return {"Authorization": f"Bearer {_read(body)['token']}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request. Raises CallError with what was refused, or where nobody answers."""
        try:
            return _accepted(self.client.request(method, path, **options))
        except httpx.HTTPError as error:
            raise CallError(f"nobody answers at {self.client.base_url}: {error}") from error


@click.group()
@click.option("--url", envvar="PARCOURS_URL", help="Services that run, such as http://127.0.0.1:8000.")
@click.option("--as", "login", envvar="PARCOURS_LOGIN", help="Who acts; the password is PARCOURS_PASSWORD, or asked.")
@click.pass_context
def call(ctx: click.Context, url: str | None, login: str | None) -> None:
    """Call any operation of a service's API as somebody with an account."""
    configure_logs("call")
    client = ctx.with_resource(_reached(url))
    ctx.obj = Caller(client=client, login=login)


class _Operations(click.Group):
    """The operations of one service, each a command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._specs(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = self._specs(ctx).get(cmd_name)
        return None if found is None else _command(cmd_name, *found)

    def _specs(self, ctx: click.Context) -> dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]]:
        caller: Caller = ctx.find_object(Caller)  # type: ignore[assignment]
        prefix = PREFIXES[str(self.name)]
        spec = _read(caller.send("GET", f"{prefix}/api/v1/openapi.json"))
        return {
            item[method]["operationId"]: (method, prefix + path, item, spec)
            for path, item in spec["paths"].items()
            for method in METHODS
            if method in item
        }


for _name in PREFIXES:
    call.add_command(_Operations(name=_name, help=f"Operations of {_name}."))


def _command(name: str, method: str, path: str, item: Mapping[str, Any], spec: Mapping[str, Any]) -> click.Command:
    operation = item[method]
    parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
    in_path = [one for one in parameters if one["in"] == "path"]
    own = next((one["name"] for one in in_path if method == "put" and _is_made(one, path)), None)
    content = operation.get("requestBody", {}).get("content", {})
    body = _resolved(content.get("application/json", {}).get("schema", {}), spec)
    params: list[click.Parameter] = [
        click.Argument([one["name"]], required=True) for one in in_path if one["name"] != own
    ]
    if own:
        params.append(click.Option(["--id", own], help="Id of what is made; the same again is made once."))
    queries = {one["name"]: one for one in parameters if one["in"] == "query"}
    asked = [(name, one.get("schema", {}), one.get("required", False)) for name, one in queries.items()]
    needed = body.get("required", ())
    asked += [(field, schema, field in needed) for field, schema in body.get("properties", {}).items()]
    params += [_option(name, schema, required, spec) for name, schema, required in asked]
    if "multipart/form-data" in content:
        path_type = click.Path(exists=True, dir_okay=False, path_type=Path)
        params.append(click.Option(["--file", "file_"], type=path_type, required=True))
    params.append(click.Option(["--out", "out_"], type=click.Path(path_type=Path), help="Where the answer is written."))

    @click.pass_obj
    def act(caller: Caller, /, **given: Any) -> None:
        out, file = given.pop("out_"), given.pop("file_", None)
        if own:
            given[own] = given[own] or str(new_id())
        values = {one["name"]: quote(str(given[one["name"]]), safe="") for one in in_path}
        fields = body.get("properties", {})
        sent = {one: _value(given[one], fields[one], spec) for one in fields if given[one] not in (None, ())}
        options: dict[str, Any] = {"params": {one: given[one] for one in queries if given[one] is not None}}
        if file is not None:
            options["files"] = {"file": (file.name, file.read_bytes())}
        elif body:
            options["json"] = sent
        _show(caller.send(method.upper(), path.format(**values), headers=caller.headers(), **options), out)

    words = operation.get("summary") or operation.get("description")
    return click.Command(name, params=params, callback=act, help=words)


def _option(name: str, schema: Mapping[str, Any], required: bool, spec: Mapping[str, Any]) -> click.Option:
    found = _resolved(schema, spec)
    many = found.get("type") == "array"
    inner = _resolved(found.get("items", {}), spec) if many else found
    pairs, objects = found.get("type") == "object", many and inner.get("type") == "object"
    allowed = [one for one in inner.get("enum", ()) if one not in (None, "")]
    kind = click.Choice([str(one) for one in allowed]) if allowed else TYPES.get(inner.get("type", ""), click.STRING)
    return click.Option(
        [f"--{name.replace('_', '-')}", name],
        type=click.STRING if pairs or objects else kind,
        multiple=many or pairs,
        required=required,
        metavar=_shape(pairs=pairs, objects=objects, day=inner.get("format") == "date"),
        help=found.get("description"),
    )


def _shape(*, pairs: bool, objects: bool, day: bool) -> str | None:
    """Return how a value is written, where its type does not say it."""
    return "KEY=VALUE" if pairs else "JSON" if objects else "YYYY-MM-DD" if day else None


def _value(given: Any, schema: Mapping[str, Any], spec: Mapping[str, Any]) -> Any:
    """Return what was given as its schema has it: KEY=VALUE pairs as one object, objects in a list from JSON."""
    found = _resolved(schema, spec)
    if found.get("type") == "object":
        return dict(_pair(one, found, spec) for one in given)
    if found.get("type") == "array":
        objects = _resolved(found.get("items", {}), spec).get("type") == "object"
        return [_object(one) if objects else one for one in given]
    return given


def _pair(text: str, schema: Mapping[str, Any], spec: Mapping[str, Any]) -> tuple[str, Any]:
    """Return one KEY=VALUE; the value is text unless the schema of this key says otherwise."""
    key, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text}: KEY=VALUE is expected")
    others = schema.get("additionalProperties")
    described = schema.get("properties", {}).get(key) or (others if isinstance(others, Mapping) else {})
    kind = _resolved(described, spec).get("type")
    if kind == "boolean":
        return key, {"true": True, "false": False}.get(value, value)
    return key, int(value) if kind == "integer" and WHOLE_NUMBER.fullmatch(value) else value


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{text}: JSON is expected") from error


def _resolved(schema: Mapping[str, Any], spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema
    for one in schema.get("allOf", ())[:1]:
        found = one
    reference = found.get("$ref")
    return found if reference is None else spec["components"]["schemas"][reference.rpartition("/")[2]]


def _is_made(parameter: Mapping[str, Any], path: str) -> bool:
    """Say whether an id is that of what a PUT makes: it is the end of the address, not somewhere in it."""
    return parameter.get("schema", {}).get("format") == "uuid" and path.endswith(f"{{{parameter['name']}}}")


def _read(answer: httpx.Response) -> Any:
    """Return the JSON of an answer. Raises CallError where it is something else's."""
    try:
        return answer.json()
    except ValueError:
        raise CallError(f"{answer.url} is no service of Parcours") from None


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        raise CallError(f"{answer.status_code} {answer.reason_phrase}") from None
    faults = [f"\n  {one['field']} ({one['rule']}): {one['message']}" for one in problem.get("errors", ())]
    raise CallError(f"{problem.get('code')}: {problem.get('detail')}{''.join(faults)}")


def _show(answer: httpx.Response, out: Path | None) -> None:
    if out is not None:
        out.write_bytes(answer.content)
        click.echo(f"{out}: {len(answer.content)} bytes")
    elif answer.content and "json" in answer.headers.get("content-type", ""):
        click.echo(json.dumps(answer.json(), indent=1, ensure_ascii=False))
    elif answer.content:
        raise CallError("the answer is no text: say where to write it with --out")


@contextmanager
def _reached(url: str | None) -> Iterator[httpx.Client]:
    if url:
        try:
            remote = httpx.Client(base_url=url, timeout=60)
        except httpx.InvalidURL as error:
            raise CallError(f"{url}: {error}") from error
        with remote:
            yield remote
        return
    from parcours.embedded import open_house

    with closing(open_house(os.environ)) as house:
        with in_this_process(house.wsgi) as client:
            yield client
        while house.dispatcher.step():
            pass
