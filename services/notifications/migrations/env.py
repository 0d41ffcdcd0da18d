"""Alembic's door to the notifications service's own database."""

from services.notifications.storage import METADATA
from shared.migrations import run_environment
from shared.tables import KERNEL

run_environment([METADATA, KERNEL])
