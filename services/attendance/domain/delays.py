"""How long things may take: every number is our assumption, and a setting of the service."""

__all__ = ["Delays"]

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """
    Delays in whole days or hours.

    `correction_days`: so long a training body corrects a sealed roll itself; later it asks OFII. `paper_days`: so long
    a photo about an absence is kept at most. `missing_hours` after a meeting its roll counts as missing, for the
    training body; `missing_days` after that, for OFII. `silence_days` without a sign of somebody who is expected.
    """

    correction_days: int = 7
    paper_days: int = 15  # DESIGN: no health document is stored; a photo goes at the decision, within 15 days
    missing_hours: int = 1
    missing_days: int = 3
    silence_days: int = 28
