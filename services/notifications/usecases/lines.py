"""The lines of this deployment as all its processes see them: one row a gateway."""

__all__ = ["Lines", "note_outcomes"]

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.lines import WHOLE, Line, after, choose, refilled, spent
from services.notifications.domain.messages import TEMPORARY, UNKNOWN
from services.notifications.usecases.post import Post
from shared.clock import real_now
from shared.database import upsert
from shared.work import Work

KEPT = ("name", "failures", "closed_until", "allowance", "counted_at")


class Lines:
    """The lines of each channel for one batch; `keep` writes what was used. Rows with a rate are locked until then."""

    def __init__(self, post: Post, work: Work) -> None:
        self._now = real_now()
        self._db = work.db
        rates = post.rates
        known = {row["name"]: row for row in _rows(work, list(rates), lock=any(rates.values()))}
        self._lines = {
            name: refilled(_line(known.get(name), name, rate, self._now), self._now) for name, rate in rates.items()
        }
        self._channels = {channel: [one.name for one in gateways] for channel, gateways in post.gateways.items()}
        self._used: set[str] = set()

    def take(self, channel: str, *, avoid: str = "", only: str = "") -> tuple[str | None, datetime]:
        """Return the gateway that the next message takes, or None and when (real time) to ask again."""
        lines = [self._lines[name] for name in self._channels[channel] if only in {"", name}]
        name, opens = choose(lines or [self._lines[name] for name in self._channels[channel]], self._now, avoid)
        if name is not None:
            line = self._lines[name]
            self._lines[name] = spent(line, self._now)
            if self._lines[name] != line:
                self._used.add(name)
        return name, opens

    def keep(self) -> None:
        """Write the lines whose allowance or trial was used."""
        _keep(self._db, [self._lines[name] for name in self._used])


def note_outcomes(post: Post, work: Work, outcomes: Iterable[tuple[str, str]]) -> None:
    """Keep how gateways did: pairs of a gateway's name and the state of one attempt, in their order."""
    met = list(outcomes)
    names = {name for name, _state in met}
    known = {row["name"]: row for row in _rows(work, sorted(names), lock=True)}
    if not known and not any(state in {TEMPORARY, UNKNOWN} for _name, state in met):
        return  # all is well and always was: nothing to write for every batch
    now = real_now()
    lines = {name: _line(known.get(name), name, post.rates.get(name, 0), now) for name in names}
    before = dict(lines)
    for name, state in met:
        lines[name] = after(lines[name], now, failed=state in {TEMPORARY, UNKNOWN})
    _keep(work.db, [line for name, line in lines.items() if line != before[name]])


def _line(row: sa.RowMapping | None, name: str, rate: int, now: datetime) -> Line:
    if row is None:
        return Line(name=name, rate=rate, allowance=rate * WHOLE, counted_at=now)
    return Line(rate=rate, **{key: row[key] for key in KEPT})


def _rows(work: Work, names: list[str], *, lock: bool) -> list[sa.RowMapping]:
    table = storage.gateway
    query = sa.select(table).where(table.c.name.in_(names)).order_by(table.c.name)
    return list(work.db.execute(query.with_for_update() if lock else query).mappings())


def _keep(db: object, lines: list[Line]) -> None:
    rows = [{key: value for key, value in asdict(line).items() if key in KEPT} for line in lines]
    upsert(db, storage.gateway, sorted(rows, key=lambda row: str(row["name"])))  # type: ignore[arg-type]
