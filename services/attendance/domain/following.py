"""
What a contract owes, what was followed, when it will end, and which flags follow: arithmetic, not a score.

Everything is recomputed from marks and timetables, so that the same facts give the same answer in any order.
Minutes are whole minutes; days are local days at the site.
"""

__all__ = [
    "BEARABLE",
    "LADDER",
    "Ahead",
    "ContractFacts",
    "FlagDraft",
    "Following",
    "OwedTraining",
    "Pattern",
    "Seat",
    "Tally",
    "Unjustified",
    "by_training",
    "flags_of",
    "follow",
    "outcome",
]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

# States of a contract as scheduler tells them. Running: trainings go on. Ended: only absences may still have a say.
RUNNING = frozenset({"running", "extension_proposed", "extension_refused", "term_passed_decision_pending"})
ENDED = frozenset({"ended_incomplete", "termination_under_review"})
CIVIC, LANGUAGE = "civic", "language"
OVERRUN, EXTENSION, NO_SEAT, TERMINATION, IMPOSSIBLE, DIFFICULTY = (
    "overrun_forecast",
    "extension_review_due",
    "no_seat_before_term",
    "termination_risk_raised",
    "impossible_before_term",
    "difficulty_raised",
)
# What an agent looks at first: who can finish no more by arithmetic, then whom the administration left without a seat,
# then patterns of absence. A missing roll is the training body's, see usecases/missing.py.
LADDER = (IMPOSSIBLE, NO_SEAT, EXTENSION, TERMINATION, DIFFICULTY, OVERRUN)
BEARABLE = 30  # [A] minutes of a civic day that may be missed by coming late or leaving early
REVIEW_DAYS = 14  # [A] how long the owner of a flag has


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedTraining:
    """One training owed: S1…S4, or a course; `quickest_days` the fewest days in which it can be followed."""

    training: str
    part: str
    minutes: int
    quickest_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFacts:
    """The contract and the numbers of its rule-book; null means that the rule is not known."""

    id: UUID
    signatory_id: UUID
    signed_on: date
    term_on: date
    state: str
    civic_days_required: int | None
    assiduity_percent: int | None
    review_lead_days: int
    unexplained_in_a_row: int
    owed: tuple[OwedTraining, ...]


class Tally(NamedTuple):
    """Over all signed half-days of one training: minutes attended and offered since entry, absences unjustified."""

    followed: int = 0
    offered: int = 0  # cancelled, missing and justified count neither for nor against
    unjustified: int = 0  # half-days
    unexplained: int = 0  # half-days


class Ahead(NamedTuple):
    """One coming half-day of a seat, without a mark so far; `rank` orders half-days within the day."""

    held_on: date
    rank: int
    minutes: int


class Unjustified(NamedTuple):
    """One absence that a named agent found unjustified, and the proofs that belong to it."""

    ordinal: int  # which of the person's half-days it was, counting those with a presence or an absence
    held_on: date
    mark_id: UUID
    delivered_notice: UUID | None = None  # proof that the convocation arrived in a usable form
    attempt_id: UUID | None = None  # a human attempt to reach the person after the absence


class Pattern(NamedTuple):
    """Unexplained absences since a person was last there, or away with a reason: days and marks."""

    marks: tuple[tuple[date, UUID], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """An active placement, its first day and the last day of its session."""

    placement_id: UUID
    session_id: UUID
    training: str
    part: str
    joins_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Where one training stands for a person."""

    owed: OwedTraining
    followed: int
    offered: int  # since entry; cancelled, missing and justified count neither for nor against
    planned: int  # minutes still in the timetable
    untold: int  # minutes of meetings that were held, or not, and whose roll is missing
    unjustified: int
    unexplained: int
    seats: tuple[Seat, ...]
    ends_first: date | None
    ends_last: date | None
    reachable: int  # minutes followed by the term at best: what is planned until then, or a new seat found today
    ratio_reachable: int  # whole percent of what will have been offered at the end of the present seats, at best
    ended_early: bool = False  # the target was reached at the intermediate test: assiduity is met, no hour is added

    @property
    def begun(self) -> bool:
        return self.followed > 0

    @property
    def done(self) -> bool:
        """Say whether this training is behind the person: its hours, a civic day but for minutes, or the target."""
        bearable = BEARABLE if self.owed.training == CIVIC else 0
        return self.ended_early or self.followed >= self.owed.minutes - bearable


class _Enough(NamedTuple):
    """When a course is complete before its hours: at its end, with this percentage of what it offered."""

    ratio: int | None
    over: date | None  # its last day


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagDraft:
    """A flag that the facts ask for. `evidence` names what it stands on, as kind:id."""

    kind: str
    owner: str
    due_on: date
    evidence: tuple[str, ...] = field(default=())


def follow(
    owed: OwedTraining,
    tally: Tally,
    ahead: Sequence[Ahead],
    seats: Sequence[Seat],
    *,
    today: date,
    term_on: date,
    assiduity_percent: int | None = None,
    untold: int = 0,
) -> Following:
    """
    Return where one training stands: hours followed and offered, what is planned, what is reachable, when it may end.

    It ends when the hours owed are followed, or with the course where `assiduity_percent` of what it offered was: not
    while rolls of it are missing (`untold` minutes), which count neither for nor against the person.

    A new seat takes at least its share of the owed training's quickest days: whoever has no seat, or too few hours in
    it, could still follow that much by the term.
    """
    planned = sum(one.minutes for one in ahead)
    in_seats = tally.followed + sum(one.minutes for one in ahead if one.held_on <= term_on)
    days_left = max(0, (term_on - today).days)
    anew = tally.followed + owed.minutes * days_left // max(1, owed.quickest_days)
    ratio = assiduity_percent if owed.training == LANGUAGE and not untold else None
    enough = _Enough(ratio, max((seat.ends_on for seat in seats), default=None))
    pace = 100 if not tally.offered else max(1, tally.followed * 100 // tally.offered)  # the own one so far
    first, last = (_ends(owed, tally, sorted(ahead), enough, percent) for percent in (100, pace))
    return Following(
        owed=owed,
        followed=min(tally.followed, owed.minutes),
        offered=tally.offered,
        planned=planned,
        untold=untold,
        unjustified=tally.unjustified,
        unexplained=tally.unexplained,
        seats=tuple(seats),
        ends_first=first,
        ends_last=last,
        reachable=min(owed.minutes, max(in_seats, anew)),
        ratio_reachable=100 * (tally.followed + planned) // max(1, tally.offered + planned),
    )


def outcome(contract: ContractFacts, training: str, parts: Sequence[Following], *, ended: bool) -> str:
    """
    Return not_started, running, completed or ended_incomplete for one training of a contract.

    Civic: the required days attended (every day owed where the rule is not known). Language: target proven, or course
    ended with hours followed ÷ hours offered since entry at least the rule's ratio; where the ratio is not known, the
    hours owed must be followed. Source: DESIGN §3; Interior ministry instruction of February 2021.
    """
    if training == CIVIC:
        days = sum(one.done for one in parts)
        required = min(contract.civic_days_required or len(parts), len(parts))
        if days >= required:
            return "completed"
    else:
        course = parts[0]
        if course.done:
            return "completed"
        if ended and contract.assiduity_percent is not None:
            enough = course.followed * 100 >= contract.assiduity_percent * course.offered
            return "completed" if course.offered and enough else "ended_incomplete"
    if ended:
        return "ended_incomplete"
    return "running" if any(one.begun for one in parts) else "not_started"


def flags_of(
    contract: ContractFacts,
    followings: Sequence[Following],
    absences: Sequence[Unjustified],
    today: date,
    *,
    pattern: Pattern | None = None,
    silence_days: int = 28,
) -> list[FlagDraft]:
    """
    Return every flag that the facts ask for today; a flag that is no more asked for is withdrawn by the caller.

    `impossible_before_term`: by the timetable it cannot be finished any more, whatever the person does; a seat and a
    pace are not enough. `difficulty_raised`: so many unexplained absences in a row as the rule-book names, or a long
    silence; an agent looks at it with the orientation that the rule-book suggests.

    `overrun_forecast`: a placement ends after the term. `extension_review_due`: in progress, duly attended, will not
    end in time, inside the review delay (CESEDA R. 413-4). `no_seat_before_term`: no seat, and too few days left: the
    administration's failure. `termination_risk_raised`: absences that a named agent found unjustified, each with proof
    that the convocation arrived in a usable form and a human attempt to reach the person.
    """
    if contract.state not in RUNNING | ENDED:
        return []
    due = today + timedelta(days=REVIEW_DAYS)
    found = _termination(contract, absences, due)
    if contract.state in ENDED:
        return found  # nothing can be seated or extended any more
    for one in followings:
        late = [seat for seat in one.seats if seat.ends_on > contract.term_on]
        if late and not one.done:
            ends = [f"placement:{seat.placement_id} ends {seat.ends_on}" for seat in late]
            found.append(_draft(OVERRUN, "planner", due, [*ends, f"term:{contract.term_on}"]))
        days_left = (contract.term_on - today).days
        over = not one.planned and all(seat.ends_on < today for seat in one.seats)  # or no seat at all
        unseated = over and not one.done and not one.ends_last
        if unseated and days_left < one.owed.quickest_days:
            owed = f"owed:{one.owed.training} {one.owed.part} takes at least {one.owed.quickest_days} days, no seat"
            found.append(
                _draft(NO_SEAT, "planner", due, [owed, f"signed:{contract.signed_on}", f"term:{contract.term_on}"])
            )
    found += _extension(contract, followings, today)
    found += _impossible(contract, followings, due)
    found += _difficulty(contract, followings, pattern, today, silence_days)
    merged: dict[str, FlagDraft] = {}
    for draft in found:
        before = merged.get(draft.kind)
        union = tuple(dict.fromkeys((before.evidence if before else ()) + draft.evidence))
        merged[draft.kind] = FlagDraft(kind=draft.kind, owner=draft.owner, due_on=draft.due_on, evidence=union)
    return list(merged.values())


def _impossible(contract: ContractFacts, followings: Sequence[Following], due: date) -> list[FlagDraft]:
    """Ask of each training that was seated or begun: is what it takes still within reach by the term."""
    evidence = []
    for training, parts in by_training(followings).items():
        required = min(contract.civic_days_required or len(parts), len(parts)) if training == CIVIC else len(parts)
        out_of_reach = [one for one in parts if not _within_reach(contract, one)]
        if len(parts) - len(out_of_reach) >= required:
            continue
        evidence += [
            f"owed:{one.owed.training} {one.owed.part} followed {one.followed} of {one.owed.minutes} min, "
            f"at most {one.reachable} min by the term"
            for one in out_of_reach
            if one.seats or one.begun
        ]
    return [_draft(IMPOSSIBLE, "planner", due, [*evidence, f"term:{contract.term_on}"])] if evidence else []


def _within_reach(contract: ContractFacts, one: Following) -> bool:
    if one.done or one.reachable >= one.owed.minutes:
        return True
    if one.owed.training == CIVIC or contract.assiduity_percent is None or not one.seats:
        return False
    ends_in_time = all(seat.ends_on <= contract.term_on for seat in one.seats)
    return ends_in_time and one.ratio_reachable >= contract.assiduity_percent  # a course duly attended to its end


def _difficulty(
    contract: ContractFacts, followings: Sequence[Following], pattern: Pattern | None, today: date, silence_days: int
) -> list[FlagDraft]:
    """Look at unexplained absences since the person was last there, and near the term at a pace that is not enough."""
    evidence = []
    if pattern is not None and pattern.marks:
        marks = [f"mark:{mark_id} absent {held_on}" for held_on, mark_id in pattern.marks]
        since = pattern.marks[0][0]
        if (today - since).days >= silence_days:
            evidence += [*marks, f"silence:since {since}"]
        elif len(pattern.marks) >= contract.unexplained_in_a_row:
            evidence += marks
    if (contract.term_on - today).days <= contract.review_lead_days:
        evidence += [
            f"pace:{one.owed.training} {one.owed.part} followed {one.followed} of {one.offered} min offered, "
            f"{contract.assiduity_percent} % needed"
            for one in followings
            if one.begun and not one.done and not _duly(contract, one)
            if one.ends_last is None or one.ends_last > contract.term_on
        ]
    if not evidence:
        return []
    return [_draft(DIFFICULTY, "auditor", today + timedelta(days=REVIEW_DAYS), evidence)]


def _extension(contract: ContractFacts, followings: Sequence[Following], today: date) -> list[FlagDraft]:
    days_left = (contract.term_on - today).days
    if days_left > contract.review_lead_days:
        return []  # after the term the flag stays: only a recorded decision moves the term
    unfinished = [one for one in followings if not one.done]
    late = [one for one in unfinished if one.begun and (one.ends_last is None or one.ends_last > contract.term_on)]
    if not late or not all(_duly(contract, one) for one in late):
        return []
    evidence = []
    for one in late:
        ends = f"forecast {one.ends_first} to {one.ends_last}" if one.ends_last else "no end in the timetable"
        evidence.append(
            f"owed:{one.owed.training} {one.owed.part} followed {one.followed} of {one.owed.minutes} min, "
            f"offered {one.offered} min, {ends}" + (f", {one.untold} min of missing rolls" if one.untold else "")
        )
    return [_draft(EXTENSION, "planner", contract.term_on, [*evidence, f"term:{contract.term_on}"])]


def _termination(contract: ContractFacts, absences: Sequence[Unjustified], due: date) -> list[FlagDraft]:
    row: list[Unjustified] = []
    for one in sorted(absences):
        if one.delivered_notice is None or one.attempt_id is None:
            row = []
            continue
        row = [*row, one] if row and one.ordinal == row[-1].ordinal + 1 else [one]
        if len(row) >= contract.unexplained_in_a_row:
            evidence = []
            for absence in row:
                evidence += [
                    f"mark:{absence.mark_id} absent {absence.held_on}",
                    f"notice:{absence.delivered_notice} delivered",
                    f"attempt:{absence.attempt_id}",
                ]
            return [_draft(TERMINATION, "planner", due, evidence)]
    return []


def _duly(contract: ContractFacts, one: Following) -> bool:
    """Say whether a training in progress was duly attended so far; null in the rule-book: nobody can say no."""
    if contract.assiduity_percent is None or one.owed.training == CIVIC or not one.offered:
        return True
    return one.followed * 100 >= contract.assiduity_percent * one.offered


def _ends(owed: OwedTraining, tally: Tally, ahead: Sequence[Ahead], enough: _Enough, percent: int) -> date | None:
    """Return the day on which the hours owed are reached at this pace, or the course's last if that is enough then."""
    missing, gained = owed.minutes - tally.followed, 0
    for one in ahead:
        gained += one.minutes * percent
        if gained >= missing * 100:
            return one.held_on
    offered = tally.offered + sum(one.minutes for one in ahead)
    if enough.ratio is not None and offered and tally.followed * 100 + gained >= enough.ratio * offered:
        return ahead[-1].held_on if ahead else enough.over
    return None


def _draft(kind: str, owner: str, due_on: date, evidence: Iterable[str]) -> FlagDraft:
    return FlagDraft(kind=kind, owner=owner, due_on=due_on, evidence=tuple(evidence))


def by_training(followings: Iterable[Following]) -> Mapping[str, list[Following]]:
    """Return the followings of each training, in the order of their parts."""
    found: dict[str, list[Following]] = {}
    for one in sorted(followings, key=lambda one: (one.owed.training, one.owed.part)):
        found.setdefault(one.owed.training, []).append(one)
    return found
