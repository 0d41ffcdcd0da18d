"""Alembic's door to the attendance service's own database."""

from services.attendance.storage import METADATA
from shared.migrations import run_environment
from shared.tables import KERNEL

run_environment([METADATA, KERNEL])
