"""Scenarios: what if there were one more room; a draft with its changes, then the comparison with its base."""

__all__ = ["scenario_pages"]

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.scenarios import FIELDS, ChangeBody, CopyBody, ScenarioBody, SolvingBody
from services.scheduler.domain.scenario import KINDS
from services.scheduler.pages.forms import Choices, Form, submit
from services.scheduler.pages.planner import territory_of
from services.scheduler.programmes import codes
from services.scheduler.usecases import scenarios
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.service import Service
from shared.web.frame import acting
from shared.web.words import language_name

Answer = BaseResponse | tuple[str, HTTPStatus]
NOT_ASKED = frozenset({"slots"})  # a week of half-days: the API takes it, a form copies the trainer's
OPTIONAL = frozenset({"minimum", "maximum"})  # of a change of sizes, one of the two is enough


def scenario_pages(service: Service) -> Blueprint:
    """Return the pages of scenarios."""
    pages = Blueprint("scenario_pages", __name__, template_folder="templates")

    def list_page(sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            listed = scenarios.listed(work, code)
            runs = scenarios.bases(work, code)
        form = sent or _new_form(code, runs)
        return render_template("scheduler/scenarios.html", code=code, scenarios=listed, form=form)

    @pages.get("/scenarios")
    def list_scenarios() -> str:
        return list_page()

    @pages.post("/scenarios")
    def make() -> Answer:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            runs = scenarios.bases(work, code)

        def act(body: dict[str, Any], key: UUID) -> str:
            with acting(service) as work:
                scenarios.create(work, key, **body)
            return f"/planning/scenarios/{key}"

        return submit(_new_form(code, runs), act, list_page)

    def scenario_page(scenario_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            found = scenarios.find(work, scenario_id)
            known = scenarios.choices(work, found["territory"])
        forms = {kind: _change_form(kind, known) for kind in KINDS}
        forms |= {"solve": _solve_form(), "copy": _copy_form(found)}
        if sent is not None:
            forms[sent.name] = sent
        return render_template(
            "scheduler/scenario.html",
            scenario=found,
            code=found["territory"],
            kinds=list(KINDS),
            forms=forms,
            names={name: dict(labels) for name, labels in known.items()},
        )

    @pages.get("/scenarios/<uuid:scenario_id>")
    def read_scenario(scenario_id: UUID) -> str:
        return scenario_page(scenario_id)

    @pages.post("/scenarios/<uuid:scenario_id>/changes/<string:kind>")
    def add_change(scenario_id: UUID, kind: str) -> Answer:
        if kind not in KINDS:
            raise NotFoundError("kind of change", kind)
        with acting(service, reading=True) as work:
            known = scenarios.choices(work, scenarios.find(work, scenario_id)["territory"])

        def act(change: Any, key: UUID) -> str:
            try:
                with acting(service) as work:
                    scenarios.add_change(work, scenario_id, key, change)
            except InvalidInputError as refused:
                raise InvalidInputError("refused", map(_at_its_field, refused.faults)) from refused
            return f"/planning/scenarios/{scenario_id}"

        return submit(_change_form(kind, known), act, lambda form: scenario_page(scenario_id, form))

    @pages.post("/scenarios/<uuid:scenario_id>/changes/<uuid:change_id>/dropping")
    def drop_change(scenario_id: UUID, change_id: UUID) -> BaseResponse:
        with acting(service) as work:
            scenarios.drop_change(work, scenario_id, change_id)
        return redirect(f"/planning/scenarios/{scenario_id}", HTTPStatus.SEE_OTHER)

    @pages.post("/scenarios/<uuid:scenario_id>/solving")
    def solve(scenario_id: UUID) -> Answer:
        def act(limits: dict[str, Any], _key: UUID) -> str:
            with acting(service) as work:
                scenarios.ask(work, scenario_id, **limits)
            return f"/planning/scenarios/{scenario_id}"

        return submit(_solve_form(), act, lambda form: scenario_page(scenario_id, form))

    @pages.post("/scenarios/<uuid:scenario_id>/cancellation")
    def stop(scenario_id: UUID) -> BaseResponse:
        with acting(service) as work:
            scenarios.stop(work, scenario_id)
        return redirect(f"/planning/scenarios/{scenario_id}", HTTPStatus.SEE_OTHER)

    @pages.post("/scenarios/<uuid:scenario_id>/copy")
    def copy(scenario_id: UUID) -> Answer:
        def act(body: dict[str, str], key: UUID) -> str:
            with acting(service) as work:
                scenarios.copy(work, scenario_id, key, body["name"])
            return f"/planning/scenarios/{key}"

        form = Form.of("copy", CopyBody())
        return submit(form, act, lambda form: scenario_page(scenario_id, form))

    return pages


def _new_form(code: str, runs: list[dict[str, Any]]) -> Form:
    labels: Choices = [(str(one["id"]), f"{one['programme']}, {one['asked_at']:%d/%m/%Y %H:%M}") for one in runs]
    return Form.of(
        "scenario",
        ScenarioBody(),
        {"programme": runs[0]["programme"] if runs else codes()[-1]},
        only=("name", "programme", "publish_on", "base_run_id"),
        fixed={"territory": code},
        choices={"base_run_id": labels},
    )


def _change_form(kind: str, known: Mapping[str, Choices]) -> Form:
    offered = {
        **known,
        "language": [(code, language_name(code)) for code, _ in known["language"]],
        "like": known["room" if kind == "room_more" else "trainer"],
        "programme": [(one, one) for one in codes()],
    }
    names = [name for name in FIELDS[kind] if name not in NOT_ASKED]
    form = Form.of(
        kind,
        ChangeBody(),
        only=names,
        fixed={"kind": kind},
        choices={name: labels for name, labels in offered.items() if name in names},
    )
    by_name = {one.name: one for one in form.inputs}
    return replace(form, inputs=tuple(replace(by_name[name], required=name not in OPTIONAL) for name in names))


def _solve_form() -> Form:
    return Form.of("solve", SolvingBody(), {"seconds": 30}, only=("seconds",))


def _copy_form(found: Mapping[str, Any]) -> Form:
    return replace(Form.of("copy", CopyBody(), {"name": found["name"]}), key=new_id())


def _at_its_field(fault: FieldFault) -> FieldFault:
    """Return the fault of a change in the list as that of the form's field."""
    return FieldFault(fault.field.rpartition(".")[2], fault.rule, fault.message)
