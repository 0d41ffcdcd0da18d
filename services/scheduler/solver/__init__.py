"""The planning engine: a Problem in, a judged Plan out. OR-Tools is imported here only, when a run needs it."""

from services.scheduler.solver.engine import DEFAULT_LIMIT, ContradictoryPinsError, Progress, UnsoundPlanError, solve

__all__ = ["DEFAULT_LIMIT", "ContradictoryPinsError", "Progress", "UnsoundPlanError", "solve"]
