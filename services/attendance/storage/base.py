"""The metadata under which attendance's tables stand."""

__all__ = ["METADATA"]

from shared.database import new_metadata

METADATA = new_metadata()
