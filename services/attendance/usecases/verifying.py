"""
Is everything sealed still what was sealed? Marks against commitments, the chain against itself, and against witnesses.

Whoever alters a mark breaks its commitment. Whoever writes commitments and chain anew to their end breaks the heads
that the other services, and printed papers, hold.
"""

__all__ = ["Finding", "Head", "SealedRoll", "Verdict", "Witness", "verify"]

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.attendance import storage
from services.attendance.domain.sealing import GENESIS, PRINT, commitment, head_of, marked

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain stood, as somebody else holds it; `since` is the day, or what it was printed on."""

    position: int
    head: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRoll:
    """One roll as a witness heard it: its head and the first digits of its marks' commitments."""

    position: int
    meeting_id: UUID
    head: str
    prints: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What one holder knows of one provider's chain."""

    name: str
    heads: Sequence[Head] = ()
    rolls: Mapping[int, SealedRoll] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that is not as it was sealed.

    `what`: mark_altered, mark_deleted, mark_added, roll_altered, chain_broken, chain_rewritten, chain_cut.
    """

    what: str
    provider: str  # code of the training body
    position: int
    meeting_id: UUID | None
    mark_id: UUID | None
    words: str


@dataclass(slots=True)
class Verdict:
    """What was looked at and what was found; `erased` marks are of people whose secret was erased by rule."""

    rolls: int = 0
    marks: int = 0
    erased: int = 0
    heads: int = 0
    findings: list[Finding] = field(default_factory=list)


def verify(db: Session, witnesses: Mapping[UUID, Sequence[Witness]]) -> Verdict:
    """Return the verdict on every provider's chain; `witnesses` are by provider."""
    verdict = Verdict()
    chained = set(db.scalars(sa.select(storage.seal.c.provider_id).distinct()))
    codes = dict(db.execute(sa.select(storage.provider.c.id, storage.provider.c.code)).all())
    for provider_id in sorted(chained | witnesses.keys()):
        chain = _Chain(db, provider_id, codes.get(provider_id, str(provider_id)), verdict)
        chain.check(witnesses.get(provider_id, ()))
    _added(db, codes, verdict)
    return verdict


class _Chain:
    """One provider's chain, read once from its beginning to its end."""

    def __init__(self, db: Session, provider_id: UUID, code: str, verdict: Verdict) -> None:
        self._db, self._provider_id, self._code, self._verdict = db, provider_id, code, verdict

    def check(self, witnesses: Sequence[Witness]) -> None:
        held = {(witness.name, head.position): head for witness in witnesses for head in witness.heads}
        suspects = {witness.name for witness in witnesses}  # those whose word was not contradicted so far
        previous, position = GENESIS, 0
        for page in self._pages():
            marks, keys, digests = self._marks(page)
            rolls = self._rolls(page)
            for row in page:
                self._verdict.rolls += 1
                position += 1
                if row["position"] != position:
                    self._find("chain_broken", row, None, f"position {position} is missing")
                    position = row["position"]
                self._check_marks(row, marks, keys, digests)
                self._check_links(row, previous)
                self._check_roll(row, rolls.get(row["meeting_id"]))
                previous = row["head"]
                for witness in witnesses:
                    if witness.name in suspects and self._contradicted(row, witness, held):
                        suspects.discard(witness.name)
        for witness in witnesses:
            last = max([head.position for head in witness.heads] + list(witness.rolls), default=0)
            if last > position:
                words = f"{witness.name} holds position {last}, the chain ends at {position}"
                self._found("chain_cut", position, None, None, words)

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        table, after = storage.seal, 0
        while True:
            query = sa.select(table).where(table.c.provider_id == self._provider_id, table.c.position > after)
            page = storage.rows(self._db, query.order_by(table.c.position).limit(PAGE))
            if not page:
                return
            yield page
            after = page[-1]["position"]

    def _marks(
        self, page: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, dict[str, Any]], dict[UUID, bytes], dict[UUID, str]]:
        mark, person, act = storage.mark, storage.person_key, storage.act
        meetings = [row["meeting_id"] for row in page]
        found = storage.rows(self._db, sa.select(mark).where(mark.c.meeting_id.in_(meetings)))
        subjects = {row["signatory_id"] for row in found}
        keys = sa.select(person.c.subject_id, person.c.key).where(person.c.subject_id.in_(subjects))
        digests = sa.select(act.c.id, act.c.digest).where(act.c.id.in_({row["act_id"] for row in found}))
        by_id = {str(row["id"]): row for row in found}
        return by_id, dict(self._db.execute(keys).all()), dict(self._db.execute(digests).all())

    def _check_marks(
        self,
        row: Mapping[str, Any],
        marks: Mapping[str, Mapping[str, Any]],
        keys: Mapping[UUID, bytes],
        digests: Mapping[UUID, str],
    ) -> None:
        for mark_id, sealed in row["commitments"]:
            self._verdict.marks += 1
            mark = marks.get(mark_id)
            if mark is None:
                self._find("mark_deleted", row, mark_id, "the mark is not there any more")
            elif mark["signatory_id"] not in keys:
                self._verdict.erased += 1
            elif commitment(keys[mark["signatory_id"]], marked(mark, digests.get(mark["act_id"], ""))) != sealed:
                self._find("mark_altered", row, mark_id, "the mark does not say what was sealed")

    def _check_links(self, row: Mapping[str, Any], previous: str) -> None:
        if row["previous"] != previous:
            self._find("chain_broken", row, None, "it does not follow from the roll before")
        if head_of(row["previous"], row["statement"], row["commitments"]) != row["head"]:
            self._find("chain_broken", row, None, "its head does not follow from what it says")

    def _rolls(self, page: Sequence[Mapping[str, Any]]) -> dict[UUID, dict[str, Any]]:
        roll = storage.roll
        meetings = [row["meeting_id"] for row in page]
        found = storage.rows(self._db, sa.select(roll).where(roll.c.meeting_id.in_(meetings)))
        return {row["meeting_id"]: row for row in found}

    def _check_roll(self, row: Mapping[str, Any], said: Mapping[str, Any] | None) -> None:
        """Compare what the roll says of itself with its last seal."""
        sealed = row["statement"]
        if said is None:
            self._find("roll_altered", row, None, "the roll is not there any more")
        elif said["version"] < row["version"]:
            self._find("roll_altered", row, None, f"the roll says version {said['version']}")
        elif said["version"] == row["version"] and (said["signed_by"] or "") != sealed["signed_by"]:
            self._find("roll_altered", row, None, "somebody else stands as who signed it")

    def _contradicted(self, row: Mapping[str, Any], witness: Witness, held: Mapping[tuple[str, int], Head]) -> bool:
        """Say whether a witness holds another head here; what follows on this roll is named once."""
        roll = witness.rolls.get(row["position"])
        if roll is not None:
            self._verdict.heads += 1
            if roll.head != row["head"]:
                self._name_rewritten(row, witness.name, roll)
                return True
        head = held.get((witness.name, row["position"]))
        if head is not None:
            self._verdict.heads += 1
            if head.head != row["head"]:
                words = f"{witness.name} holds another head ({head.since}): this roll or one before it was written anew"
                self._find("chain_rewritten", row, None, words)
                return True
        return False

    def _name_rewritten(self, row: Mapping[str, Any], name: str, roll: SealedRoll) -> None:
        now = {mark_id: sealed[:PRINT] for mark_id, sealed in row["commitments"]}
        named = [mark_id for mark_id, digits in now.items() if digits not in roll.prints]
        for mark_id in named:
            words = f"{name} heard another commitment, or none: the mark was altered and the chain written anew"
            self._find("mark_altered", row, mark_id, words)
        gone = len(roll.prints - set(now.values())) - len(named)
        if gone > 0:
            words = f"{name} heard of {gone} more marks of this roll: they were removed and the chain written anew"
            self._find("mark_deleted", row, None, words)
        elif not named:
            self._find("chain_rewritten", row, None, f"{name} heard another head of this roll: it was written anew")

    def _find(self, what: str, row: Mapping[str, Any], mark_id: str | None, words: str) -> None:
        self._found(what, row["position"], row["meeting_id"], UUID(mark_id) if mark_id else None, words)

    def _found(self, what: str, position: int, meeting_id: UUID | None, mark_id: UUID | None, words: str) -> None:
        finding = Finding(
            what=what, provider=self._code, position=position, meeting_id=meeting_id, mark_id=mark_id, words=words
        )
        self._verdict.findings.append(finding)


def _added(db: Session, codes: Mapping[UUID, str], verdict: Verdict) -> None:
    """Find marks of sealed rolls that no seal knows: they came past the door."""
    mark, seal, roll = storage.mark, storage.seal, storage.roll
    counted = sa.select(mark.c.meeting_id, sa.func.count().label("marks")).group_by(mark.c.meeting_id).subquery()
    sealed = sa.select(roll.c.meeting_id, counted.c.marks).join(counted, counted.c.meeting_id == roll.c.meeting_id)
    there = dict(db.execute(sealed.where(roll.c.version > 0)).all())
    known: dict[UUID, set[str]] = {}
    about: dict[UUID, tuple[UUID, int]] = {}
    query = sa.select(seal.c.meeting_id, seal.c.provider_id, seal.c.position, seal.c.commitments)
    for meeting_id, provider_id, position, commitments in db.execute(query.execution_options(yield_per=PAGE)):
        known.setdefault(meeting_id, set()).update(mark_id for mark_id, _ in commitments)
        about[meeting_id] = (provider_id, position)
    for meeting_id, ids in known.items():
        if there.get(meeting_id, 0) <= len(ids):
            continue
        for mark_id in db.scalars(sa.select(mark.c.id).where(mark.c.meeting_id == meeting_id)):
            if str(mark_id) not in ids:
                provider_id, position = about[meeting_id]
                verdict.findings.append(
                    Finding(
                        what="mark_added",
                        provider=codes.get(provider_id, str(provider_id)),
                        position=position,
                        meeting_id=meeting_id,
                        mark_id=mark_id,
                        words="no seal knows this mark: it was added past the door",
                    )
                )
