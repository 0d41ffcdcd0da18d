"""
Scenarios: a territory's situation with changes to the offer, solved beside its base and compared part by part.

A scenario is a draft until it is solved. Only the comparison is kept, no plan: nothing of a scenario can be published.
"""

__all__ = [
    "SCENARIO_KIND",
    "add_change",
    "ask",
    "bases",
    "choices",
    "copy",
    "create",
    "drop_change",
    "find",
    "listed",
    "scenario_job",
    "stop",
]

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.comparison import compare
from services.scheduler.domain.judge import breaches
from services.scheduler.domain.plan import Plan, plan_from_json
from services.scheduler.domain.problem import Problem, problem_from_json
from services.scheduler.domain.scenario import OfferChange, change_from_json, change_to_json, changed
from services.scheduler.programmes import RuleBook, rule_book
from services.scheduler.usecases import planning, telling
from services.scheduler.usecases.solving import PlanRefusedError, solve_apart
from shared import jobs
from shared.communes import department_of
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.jobs import JobContext
from shared.scope import check_territory
from shared.tables import job
from shared.work import Work

SCENARIO_KIND = "scenario"
PLANNED = ("ready", "published")
MOST_LISTED = 100


def create(
    work: Work,
    scenario_id: UUID,
    *,
    territory: str,
    programme: str,
    name: str,
    publish_on: date | None = None,
    base_run_id: UUID | None = None,
    changes: Sequence[OfferChange] = (),
) -> dict[str, Any]:
    """
    Make a draft; the same id and body again give the same scenario, as it is by now.

    `base_run_id` is a run of this territory and programme that has a plan; without it the base is solved as well.
    Raises ForbiddenError, ConflictError (`id_reused`), InvalidInputError.
    """
    check_territory(work.who, territory)
    department_of(territory)
    given = {
        "territory": territory,
        "programme": programme,
        "name": name,
        "publish_on": str(publish_on) if publish_on else None,
        "base_run_id": str(base_run_id) if base_run_id else None,
        "changes": [change_to_json(one) for one in changes],
    }
    before = _same(work, scenario_id, given)
    if before is not None:
        return before
    today = telling.today(work, territory)
    planning.check_day(today, publish_on)
    row: dict[str, Any] = {
        "id": scenario_id,
        "territory": territory,
        "programme": rule_book(programme).code,
        "name": name,
        "publish_on": publish_on or today,
        "base_run_id": base_run_id,
        "given": given,
        "changes": [
            {"id": str(derived_id("change", scenario_id, number)), "change": change_to_json(one)}
            for number, one in enumerate(changes)
        ],
        "state": "draft",
        "limits": None,
        "result": None,
        "solved_at": None,
        "actor": work.who.actor,
        "at": work.now,
    }
    problem, _ = _base(work, row)
    if changes:
        changed(problem, changes, _books(row))
    insert_new(work.db, storage.scenario, [row])
    return _same(work, scenario_id, given) or row  # somebody may have been quicker with the same id


def find(work: Work, scenario_id: UUID) -> dict[str, Any]:
    """Return a scenario with its job's state and progress. Raises NotFoundError, ForbiddenError."""
    row = storage.one(work.db, storage.scenario, scenario_id, "scenario")
    check_territory(work.who, row["territory"])
    if row["state"] == "asked":
        asked = jobs.find(work.db, scenario_id)
        return row | {"job": asked["state"], "progress": asked["progress"], "error": asked["error"]}
    return row | {"job": "none" if row["state"] == "draft" else "done", "progress": {}, "error": None}


def listed(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return a territory's scenarios, the newest first, each with the state of its job. Raises ForbiddenError."""
    check_territory(work.who, territory)
    table = storage.scenario
    query = sa.select(table, job.c.state.label("job")).join(job, job.c.id == table.c.id, isouter=True)
    query = query.where(table.c.territory == territory).order_by(table.c.at.desc(), table.c.id)
    return storage.rows(work.db, query.limit(MOST_LISTED))


def bases(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return the runs of a territory that a scenario may be compared with, the newest first."""
    check_territory(work.who, territory)
    run = storage.plan_run
    query = sa.select(run.c.id, run.c.programme, run.c.asked_at, run.c.state).where(
        run.c.territory == territory, run.c.state.in_(PLANNED), run.c.plan.is_not(None)
    )
    return storage.rows(work.db, query.order_by(run.c.asked_at.desc()).limit(20))


def add_change(work: Work, scenario_id: UUID, change_id: UUID, change: OfferChange) -> dict[str, Any]:
    """
    Add a change to a draft; the same id and change again add nothing.

    Raises NotFoundError, ForbiddenError, InvalidInputError naming field and rule, ConflictError (`id_reused`,
    `scenario_solved`).
    """
    row = _draft(work, scenario_id)
    written = change_to_json(change)
    before = next((one for one in row["changes"] if one["id"] == str(change_id)), None)
    if before is not None:
        if before["change"] != written:
            raise ConflictError(f"change {change_id} is another one", "id_reused")
        return row
    _still_draft(row)
    changes = [*row["changes"], {"id": str(change_id), "change": written}]
    _check_changes(work, row, changes)
    return _keep(work, row, changes=changes)


def drop_change(work: Work, scenario_id: UUID, change_id: UUID) -> dict[str, Any]:
    """
    Take a change out of a draft; one that is not there changes nothing.

    What is left must hold without it. Raises NotFoundError, ForbiddenError, InvalidInputError, ConflictError.
    """
    row = _draft(work, scenario_id)
    left = [one for one in row["changes"] if one["id"] != str(change_id)]
    if len(left) == len(row["changes"]):
        return row
    _still_draft(row)
    if left:
        _check_changes(work, row, left)
    return _keep(work, row, changes=left)


def copy(work: Work, scenario_id: UUID, copy_id: UUID, name: str) -> dict[str, Any]:
    """Make a draft with the same base and changes under another name. Raises as `create`."""
    row = find(work, scenario_id)
    return create(
        work,
        copy_id,
        territory=row["territory"],
        programme=row["programme"],
        name=name,
        publish_on=row["publish_on"],
        base_run_id=row["base_run_id"],
        changes=[change_from_json(one["change"]) for one in row["changes"]],
    )


def ask(work: Work, scenario_id: UUID, *, seconds: int, work_limit: int | None = None) -> dict[str, Any]:
    """
    Solve a scenario in the background; asked again with the same limits, it is solved once.

    Each solve (base and scenario) has the whole limit. Raises NotFoundError, ForbiddenError, InvalidInputError,
    ConflictError (`scenario_solved`).
    """
    row = _draft(work, scenario_id)
    limits = {"seconds": seconds, "work_limit": work_limit}
    if row["state"] != "draft":
        if row["limits"] != limits:
            raise ConflictError(f"scenario {scenario_id} was solved with other limits: copy it", "scenario_solved")
        return find(work, scenario_id)
    _check_changes(work, row, row["changes"])
    _keep(work, row, state="asked", limits=limits)
    jobs.ask(work, scenario_id, SCENARIO_KIND, limits)
    return find(work, scenario_id)


def stop(work: Work, scenario_id: UUID) -> dict[str, Any]:
    """Stop a scenario that is being solved; a draft and one that is ready stay as they are."""
    row = find(work, scenario_id)
    if row["state"] == "asked":
        jobs.cancel(work, scenario_id)
    return find(work, scenario_id)


def scenario_job(context: JobContext) -> dict[str, Any]:
    """Solve the base, unless a run is the base, and the scenario; judge both; keep the comparison alone."""
    with context.database.begin() as db:
        work = context.work(db)
        row = storage.one(db, storage.scenario, context.id, "scenario")
        problem, plan = _base(work, row)
        other = changed(problem, _changes(row["changes"]), _books(row))
    if plan is None:
        plan = _judged(problem, solve_apart(context, problem, step="base"))
    found = compare((problem, plan), (other, _judged(other, solve_apart(context, other, step="scenario"))))
    with context.database.begin() as db:
        context.still_mine(db)
        _keep(context.work(db), row, state="ready", result=found, solved_at=context.clock.now())
    return {"placed": [found["base"]["placed"], found["scenario"]["placed"]]}


def choices(work: Work, territory: str) -> dict[str, list[tuple[str, str]]]:
    """Return what the offer of a territory has to choose from: (code, what planners call it), by kind."""
    offer: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (kind, code), row in storage.offer(work.db, territory).items():
        offer.setdefault(kind, {})[code] = row["facts"]
    sites = {code: facts["name"] for code, facts in offer.get("sites", {}).items()}
    people = sa.select(storage.signatory.c.facts).where(storage.signatory.c.territory == territory)
    spoken = {one for facts in work.db.scalars(people) for one in facts["spoken"]}
    spoken |= {facts["language"] for facts in offer.get("interpretes", {}).values()}
    return {
        "site": [(code, f"{name} ({code})") for code, name in sites.items()],
        "room": [
            (code, f"{sites.get(facts['site'], facts['site'])}, {facts['name']} ({code})")
            for code, facts in offer.get("salles", {}).items()
        ],
        "trainer": [
            (code, f"{facts['name']}, {', '.join(map(_sheet_word, facts['qualifications']))} ({code})")
            for code, facts in offer.get("formateurs", {}).items()
        ],
        "lot": [
            (code, f"{code} ({facts['first']} – {facts['last']})") for code, facts in offer.get("lots", {}).items()
        ],
        "language": [(one, one) for one in sorted(spoken - {"fr"})],
    }


def _sheet_word(qualification: str) -> str:
    """Return a qualification as the offer's sheet writes it."""
    return "civique" if qualification == "civic" else qualification


def _same(work: Work, scenario_id: UUID, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the scenario of this id, if there is one. Raises ConflictError where it was made from something else."""
    known = storage.first(work.db, sa.select(storage.scenario).where(storage.scenario.c.id == scenario_id))
    if known is not None and known["given"] != given:
        raise ConflictError(f"scenario {scenario_id} was made from something else", "id_reused")
    return known


def _base(work: Work, row: Mapping[str, Any]) -> tuple[Problem, Plan | None]:
    """Return what a scenario changes, with the plan of its run; without one, the territory as it stands."""
    if row["base_run_id"] is None:
        try:
            return planning.build(work, row), None
        except NotFoundError as nothing:
            raise InvalidInputError("refused", [FieldFault("programme", "nothing_owed", str(nothing))]) from nothing
    run = _check_base(work, row)
    return problem_from_json(run["problem"]), plan_from_json(run["plan"])


def _check_base(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base's run; a run of another territory or programme is as good as none."""
    run = storage.plan_run
    query = sa.select(run).where(
        run.c.id == row["base_run_id"],
        run.c.territory == row["territory"],
        run.c.programme == row["programme"],
        run.c.state.in_(PLANNED),
    )
    found = storage.first(work.db, query)
    if found is None or found["plan"] is None:
        words = "no run of this territory and programme with a plan has this id"
        raise InvalidInputError("refused", [FieldFault("base_run_id", "unknown", words)])
    return found


def _check_changes(work: Work, row: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> None:
    changed(_base(work, row)[0], _changes(changes), _books(row))


def _changes(changes: Sequence[Mapping[str, Any]]) -> list[OfferChange]:
    return [change_from_json(one["change"]) for one in changes]


def _books(row: Mapping[str, Any]) -> Any:
    def book(code: str) -> RuleBook:
        return rule_book(code).at(row["territory"], row["publish_on"])

    return book


def _judged(problem: Problem, plan: Plan) -> Plan:
    broken = breaches(problem, plan)
    if broken:
        raise PlanRefusedError(f"the plan breaks {len(broken)} rules, first: {broken[0].words}")
    return plan


def _draft(work: Work, scenario_id: UUID) -> dict[str, Any]:
    row = storage.one(work.db, storage.scenario, scenario_id, "scenario", lock=True)
    check_territory(work.who, row["territory"])
    return row


def _still_draft(row: Mapping[str, Any]) -> None:
    if row["state"] != "draft":
        raise ConflictError(f"scenario {row['id']} is solved: copy it, and change the copy", "scenario_solved")


def _keep(work: Work, row: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    values |= {"actor": work.who.actor, "at": work.now} if row["state"] == "draft" else {}
    work.db.execute(storage.scenario.update().where(storage.scenario.c.id == row["id"]).values(**values))
    return dict(row) | values
