"""The solver in a process of its own: its memory and time are limited from outside, a crash costs only the job."""

__all__ = ["MEMORY_MB", "PlanRefusedError", "ask_apart", "solve_apart"]

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.scheduler.domain.plan import Plan, plan_from_json
from services.scheduler.domain.problem import Problem, problem_to_json
from shared import jobs
from shared.errors import ParcoursError
from shared.jobs import JobContext
from shared.logs import log

MEMORY_MB = 4096  # [A] a department of 900 people needs some 600
LATE_SECONDS = 60  # how long after its limit a solver may still run before it is killed


class PlanRefusedError(ParcoursError):
    """Raised when the judge finds a broken rule in a plan, or the solver ends without one. Nothing is kept."""

    code = "plan_refused"


def solve_apart(context: JobContext, problem: Problem, **told: Any) -> Plan:
    """
    Solve a problem under the job's own limits (`seconds`, `work_limit`); `told` goes with each report of progress.

    Raises PlanRefusedError, JobLostError.
    """
    seconds = int(context.params["seconds"])
    options = ["--time-limit", str(seconds)]
    if context.params.get("work_limit"):
        options += ["--work-limit", str(context.params["work_limit"])]
    given = {"problem": problem_to_json(problem)}
    return plan_from_json(ask_apart(context, "services.scheduler.solver", given, options, seconds, **told))


def ask_apart(
    context: JobContext, module: str, given: Mapping[str, Any], options: Sequence[str], seconds: int, **told: Any
) -> Any:
    """
    Run one of the solver's modules on JSON files, in their order, and return the JSON that it answers.

    Each line of JSON that it prints is reported as the job's progress. Raises PlanRefusedError, JobLostError.
    """
    with tempfile.TemporaryDirectory(prefix="parcours-plan-") as folder:
        answered = Path(folder) / "answer.json"
        files = [Path(folder) / f"{name}.json" for name in given]
        for path, data in zip(files, given.values(), strict=True):
            path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        command = [sys.executable, "-m", module, *map(str, files), str(answered)]
        command += [*options, "--memory-mb", str(MEMORY_MB)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with (
            (Path(folder) / "log").open("w+") as errors,
            subprocess.Popen(  # noqa: S603 - our own module, arguments made here
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=_root()
            ) as solver,
        ):
            watchdog = threading.Timer(seconds + LATE_SECONDS, solver.kill)
            watchdog.daemon = True
            watchdog.start()
            try:
                _follow(context, solver, told)
                code = solver.wait()
            finally:
                watchdog.cancel()
                if solver.poll() is None:
                    solver.kill()
            errors.seek(0)
            tail = errors.read()[-2000:]
        if not answered.exists():
            log.error("solver ended without an answer", module=module, code=code, tail=tail)
            raise PlanRefusedError(f"the solver ended with code {code} and without a plan")
        return json.loads(answered.read_text(encoding="utf-8"))


def _follow(context: JobContext, solver: subprocess.Popen[str], told: Mapping[str, Any]) -> None:
    assert solver.stdout is not None  # noqa: S101 - opened with a pipe above
    try:
        for line in solver.stdout:
            if line.startswith("{"):
                context.report(dict(told) | json.loads(line))
    except jobs.JobLostError:
        solver.terminate()
        raise


def _root() -> Path:
    return Path(__file__).resolve().parents[3]
