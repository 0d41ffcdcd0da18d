"""Attendance's Celery workers: `celery -A services.attendance.worker worker`. A task is a job id."""

__all__ = ["app"]

import os
from uuid import UUID

from services.attendance.app import build_service
from services.attendance.settings import Settings
from shared.jobs import run_job
from shared.logs import configure_logs
from shared.messaging import celery_app

configure_logs("attendance")
_settings = Settings.from_env(os.environ)
_service = build_service(_settings)
app = celery_app(_service.name, _settings.common.amqp_url)


@app.task(name="run_job")  # type: ignore[untyped-decorator]
def run(job_id: str) -> None:
    """Take the job's lease and run it to its end; a job that somebody else holds or has ended is left alone."""
    run_job(_service.job_kinds, _service.database, _service.clock, _service.voice, UUID(job_id))
