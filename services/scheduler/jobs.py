"""The scheduler's heavy work by job kind."""

__all__ = ["JOB_KINDS"]

from collections.abc import Mapping

from services.scheduler.usecases.advising import ADVICE_KIND, advice_job
from services.scheduler.usecases.planning import RUN_KIND, plan_job
from services.scheduler.usecases.rescue_groups import RESCUE_KIND, rescue_job
from services.scheduler.usecases.scenarios import SCENARIO_KIND, scenario_job
from shared.jobs import JobKind

JOB_KINDS: Mapping[str, JobKind] = {
    RUN_KIND: plan_job,
    SCENARIO_KIND: scenario_job,
    ADVICE_KIND: advice_job,
    RESCUE_KIND: rescue_job,
}
