"""Alembic's door to the scheduler service's own database."""

from services.scheduler.storage import METADATA
from shared.migrations import run_environment
from shared.tables import KERNEL

run_environment([METADATA, KERNEL])
