"""Counting everything again from marks and timetables: the same numbers, or the differences are named."""

__all__ = ["Rebuilt", "rebuild"]

from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.attendance import storage
from services.attendance.usecases import presence
from services.attendance.usecases.clock import follow_contracts, table_of
from shared.service import Service

CHUNK = 200
MOST_NAMED = 20


@dataclass(slots=True)
class Rebuilt:
    """How much was counted again; `differences` are (meeting, person, before, after), the first ones only."""

    half_days: int = 0
    contracts: int = 0
    changed_half_days: int = 0
    changed_contracts: int = 0
    differences: list[tuple[UUID, UUID, str, str]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.changed_half_days and not self.changed_contracts


def rebuild(service: Service) -> Rebuilt:
    """Count every signed roll and follow every contract again; a number that changes was wrong before."""
    report = Rebuilt()
    with service.database.begin() as db:
        gone = storage.presence.c.meeting_id.not_in(sa.select(storage.roll.c.meeting_id).where(_counts()))
        orphans = db.execute(storage.presence.delete().where(gone).returning(storage.presence.c.meeting_id)).all()
        report.changed_half_days += len(orphans)
        ids = list(
            db.scalars(sa.select(storage.roll.c.meeting_id).where(_counts()).order_by(storage.roll.c.meeting_id))
        )
    before = _standing(service)
    for first in range(0, len(ids), CHUNK):
        with service.database.begin() as db:
            _recount(service, db, ids[first : first + CHUNK], report)
    after = _standing(service)
    report.contracts = len(after)
    report.changed_contracts = sum(after[key] != before[key] for key in after)
    with service.database.begin() as db:
        db.execute(storage.contract.update().values(stale=True))
    while follow_contracts(service):
        pass
    return report


def _counts() -> sa.ColumnElement[bool]:
    return storage.roll.c.version > 0


def _recount(service: Service, db: Session, ids: list[UUID], report: Rebuilt) -> None:
    before = _half_days(db, ids)
    presence.recount(service.work(db), ids)
    after = _half_days(db, ids)
    report.half_days += len(after)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            report.changed_half_days += 1
            if len(report.differences) < MOST_NAMED:
                report.differences.append((*key, before.get(key, "nothing"), after.get(key, "nothing")))


def _half_days(db: Session, ids: list[UUID]) -> dict[tuple[UUID, UUID], str]:
    held = storage.presence
    return {
        (row["meeting_id"], row["signatory_id"]): f"{row['status']} {row['followed']}/{row['offered']} min"
        for row in storage.rows(db, sa.select(held).where(held.c.meeting_id.in_(ids)))
    }


def _standing(service: Service) -> dict[UUID, list[tuple[int, int, int]]]:
    """Return, for each contract, the minutes followed and offered and the absences found unjustified, by training."""
    with service.database.read() as db:
        work = service.work(db)
        contracts = storage.rows(db, sa.select(storage.contract).order_by(storage.contract.c.id))
        return {
            facts.id: [(one.followed, one.offered, one.unjustified) for one in followings]
            for first in range(0, len(contracts), CHUNK)
            for facts, followings in table_of(work, contracts[first : first + CHUNK])
        }
