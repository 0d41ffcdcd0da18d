"""Plan runs: ask for one, follow it, put it to the training bodies, decide on what they offer instead, publish."""

__all__ = ["run_pages"]

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler import storage
from services.scheduler.bodies.consultation import ConsultationBody, GroupDecisionBody
from services.scheduler.domain.consultation import DECISIONS
from services.scheduler.pages.forms import Form, submit
from services.scheduler.pages.planner import territory_of
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import overview, planning, publication, shocks, telling
from services.scheduler.usecases.consultation import asking, deciding
from services.scheduler.usecases.consultation.deciding import Decision
from services.scheduler.usecases.transparency import CONFIRMED
from shared.errors import FieldFault, InvalidInputError
from shared.ids import new_id
from shared.scope import check_territory
from shared.service import Service
from shared.web.frame import acting

SHOWN = 100  # needs without a seat that the page of a run lists
RUN_SECONDS = 30  # [A] what a planner waits for at most


def run_pages(service: Service) -> Blueprint:
    """Return the pages of plan runs."""
    pages = Blueprint("run_pages", __name__, template_folder="templates")

    @pages.post("/runs")
    def ask_run() -> BaseResponse:
        run_id = request.form.get("key", type=UUID) or new_id()
        with acting(service) as work:
            code = territory_of(work)
            planning.ask_run(
                work,
                run_id,
                territory=code,
                programme=request.form.get("programme", ""),
                publish_on=_day(request.form.get("publish_on", "")),
                seconds=RUN_SECONDS,
            )
        return redirect(f"/planning/runs/{run_id}", 303)

    def run_page(run_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            run = planning.view_run(work, run_id)
            check_territory(work.who, run["territory"])
            stale = run["state"] == "ready" and run["base_version"] != storage.territory_version(
                work.db, run["territory"]
            )
            moves = shocks.moved(work, run_id)
            asked = asking.of_run(work, run_id)
            names = overview.offer_names(work, run["territory"]) if asked else {}
            left = [] if run["plan"] is None else run["plan"]["unplaced"][:SHOWN]
            waiting = storage.by_id(work.db, storage.need, [UUID(one["need"]) for one in left])
            used = {row["signatory_id"] for row in waiting.values()} | {
                UUID(one["person"]) for one in (run["summary"] or {}).get("waivers", ()) if one["person"]
            }
            people = storage.by_id(work.db, storage.signatory, used)
            last_day = asking.last_day(run, telling.today(work, run["territory"]))
        book = rule_book(run["programme"]).at(run["territory"], run["publish_on"])
        return render_template(
            "scheduler/run.html",
            run=run,
            code=run["territory"],
            left=left,
            all_left=0 if run["plan"] is None else len(run["plan"]["unplaced"]),
            owed={str(key): row for key, row in waiting.items()},
            confirmed=CONFIRMED,
            stale=stale,
            moves=moves,
            asked=asked,
            names=names,
            references={str(key): row["reference"] for key, row in people.items()},
            keys={one["id"]: new_id() for one in asked["sessions"]} if asked else {},
            form=sent or Form.of("consultation", ConsultationBody()),
            two_steps=book["publication.two_steps"],
            answer_days=book["publication.answer_days"],
            last_day=last_day,
        )

    @pages.get("/runs/<uuid:run_id>")
    def read_run(run_id: UUID) -> str:
        return run_page(run_id)

    @pages.post("/runs/<uuid:run_id>/publication")
    def publish(run_id: UUID) -> BaseResponse:
        with acting(service) as work:
            check_territory(work.who, planning.view_run(work, run_id)["territory"])
            publication.publish(work, run_id, one_step=request.form.get("one_step") == "yes")
        return redirect(f"/planning/runs/{run_id}", 303)

    @pages.post("/runs/<uuid:run_id>/consultation")
    def propose(run_id: UUID) -> Any:
        def act(body: dict[str, Any], _key: UUID) -> str:
            with acting(service) as work:
                asking.propose(work, run_id, body["answer_by"])
            return f"/planning/runs/{run_id}"

        return submit(Form.of("consultation", ConsultationBody()), act, lambda form: run_page(run_id, form))

    @pages.post("/runs/<uuid:run_id>/consultation/withdrawal")
    def withdraw(run_id: UUID) -> BaseResponse:
        with acting(service) as work:
            asking.withdraw(work, run_id)
        return redirect(f"/planning/runs/{run_id}", 303)

    def effect_page(consulted_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            seen = deciding.effect(work, consulted_id)
            run = planning.view_run(work, seen["run_id"])
            names = overview.offer_names(work, run["territory"])
        return render_template(
            "scheduler/counter.html",
            seen=seen,
            code=run["territory"],
            names=names,
            problem=sent.problem if sent else None,
            key=new_id(),
        )

    @pages.get("/counter-proposals/<uuid:consulted_id>")
    def read_effect(consulted_id: UUID) -> str:
        return effect_page(consulted_id)

    @pages.post("/counter-proposals/<uuid:consulted_id>/<string:decision>")
    def decide(consulted_id: UUID, decision: str) -> Any:
        if decision not in DECISIONS:
            raise NotFound

        def act(decided: Decision, key: UUID) -> str:
            with acting(service) as work:
                row = deciding.decide(work, consulted_id, key, decided)
            return f"/planning/runs/{row['run_id']}#bodies"

        form = Form.of("decision", GroupDecisionBody(), fixed={"decision": decision})
        if decision in {"keep", "leave_out"}:
            form = Form.of("decision", GroupDecisionBody(), only=(), fixed={"decision": decision})
        return submit(form, act, lambda refused: effect_page(consulted_id, refused))

    return pages


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        fault = FieldFault("publish_on", "date", _("« %(text)s » n’est pas une date", text=text))
        raise InvalidInputError(_("la date de publication"), [fault]) from error
