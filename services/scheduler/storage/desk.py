"""
Tables of the desk: what was shown to whom, and the seats held for it, until an instant of real time (a lease); and
what was offered to somebody who chooses at home, until an instant of business time.
"""

__all__ = ["desk_showing", "seat_hold", "slot_offer"]

import sqlalchemy as sa

from services.scheduler.storage.base import METADATA, stamp
from shared.database import JsonValue, UtcDateTime

desk_showing = sa.Table(
    "desk_showing",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("itineraries", JsonValue, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # shown, taken, released
    *stamp(),
)

seat_hold = sa.Table(
    "seat_hold",
    METADATA,
    sa.Column("showing_id", sa.Uuid, sa.ForeignKey("desk_showing.id"), primary_key=True),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey("session.id"), primary_key=True, index=True),
    sa.Column("part", sa.String(8), primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
)

slot_offer = sa.Table(
    "slot_offer",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("signatory_id", sa.Uuid, sa.ForeignKey("signatory.id"), nullable=False, index=True),
    sa.Column("territory", sa.String(8), nullable=False),
    sa.Column("itineraries", JsonValue, nullable=False),  # what is left of them; nothing is held
    sa.Column("until", UtcDateTime, nullable=False, index=True),
    sa.Column("state", sa.String(12), nullable=False),  # open, taken, expired, withdrawn
    sa.Column("version", sa.Integer, nullable=False),
    *stamp(),
)
