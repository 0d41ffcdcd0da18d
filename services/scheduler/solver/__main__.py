"""
The door for a process of its own: `python -m services.scheduler.solver PROBLEM PLAN --time-limit S`.

Prints one JSON object a second to standard output and keeps the best plan of some seconds ago in PLAN, replaced as a
whole. On SIGTERM it stops and leaves the best plan. Exit codes: 0 a judged plan is in PLAN; 2 the problem cannot be
read or contradicts itself; 3 memory ran out (PLAN may hold an earlier plan); 4 the judge refused the plan (a defect).
"""

import argparse
import json
import os
import resource
import signal
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic

from services.scheduler.domain.plan import Plan, plan_from_json, plan_to_json
from services.scheduler.domain.problem import FormatError, problem_from_json
from services.scheduler.solver.engine import ContradictoryPinsError, Progress, UnsoundPlanError, solve

__all__ = ["main", "write_plan"]

EXIT_BAD_INPUT = 2
EXIT_NO_MEMORY = 3
EXIT_UNSOUND = 4
_EVERY_SECONDS = 1.0
_KEEP_SECONDS = 4.0  # a plan takes a moment to write out; one that is stopped, not killed, leaves its best anyway


class _Reporter:
    """Prints progress once a second and keeps the best plan on disk every few seconds."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._last = float("-inf")
        self._phase = ""
        self._kept = float("-inf")
        self._written: tuple[tuple[str, int], ...] = ()

    def __call__(self, now: Progress) -> None:
        if monotonic() - self._last < _EVERY_SECONDS and now.phase == self._phase:
            return
        values = tuple(now.values.items())
        if now.best is not None and values != self._written and monotonic() - self._kept >= _KEEP_SECONDS:
            write_plan(self._out, now.best())
            self._written, self._kept = values, monotonic()
        self._last, self._phase = monotonic(), now.phase
        line = {
            "phase": now.phase,
            "seconds": now.milliseconds / 1000,
            "work": now.work,
            "needs": now.needs,
            "placed": now.placed,
            "value": dict(now.values),
            "bound": dict(now.bounds),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def write_plan(out: Path, plan: Plan) -> None:
    """Write a plan so that a reader sees the old one or the new one, never half of it."""
    half = out.with_name(f".{out.name}.{os.getpid()}")
    half.write_text(json.dumps(plan_to_json(plan), ensure_ascii=False, indent=1), encoding="utf-8")
    half.replace(out)


def main(arguments: list[str] | None = None) -> int:
    """Run one solve; see the module for exit codes."""
    parser = argparse.ArgumentParser(prog="python -m services.scheduler.solver")
    parser.add_argument("problem", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--time-limit", type=float, default=None, help="seconds of wall time")
    parser.add_argument("--work-limit", type=int, default=None, help="neighbourhoods; no clock is read")
    parser.add_argument("--memory-mb", type=int, default=None, help="most address space, MB")
    parser.add_argument("--start", type=Path, default=None, help="a plan to begin from")
    asked = parser.parse_args(arguments)
    if asked.memory_mb:
        most = asked.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    try:
        problem = problem_from_json(json.loads(asked.problem.read_text(encoding="utf-8")))
        start = plan_from_json(json.loads(asked.start.read_text(encoding="utf-8"))) if asked.start else None
    except (OSError, ValueError, FormatError) as error:
        sys.stderr.write(f"{asked.problem}: {error}\n")
        return EXIT_BAD_INPUT
    seconds = asked.time_limit if asked.work_limit is None else None
    try:
        plan = solve(
            problem,
            limit=None if seconds is None else timedelta(seconds=seconds),
            work_limit=asked.work_limit,
            progress=_Reporter(asked.plan),
            should_stop=lambda: bool(stopped),
            start=start,
        )
        write_plan(asked.plan, plan)
    except ContradictoryPinsError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_INPUT
    except MemoryError:
        sys.stderr.write("the memory limit was reached\n")
        return EXIT_NO_MEMORY
    except UnsoundPlanError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_UNSOUND
    return 0


if __name__ == "__main__":
    sys.exit(main())
