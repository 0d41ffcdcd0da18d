"""What attendance keeps of what the others tell."""

__all__ = [
    "keep_carried",
    "keep_contract",
    "keep_deliveries",
    "keep_failure",
    "keep_placements",
    "keep_prescription",
    "keep_provider",
    "keep_session",
    "keep_signatories",
    "keep_site",
    "merge",
    "unmerge",
]

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from shared.database import insert_new, upsert
from shared.errors import TransientError
from shared.events import (
    CarriedState,
    ContractState,
    NoticeDelivered,
    NoticeFailed,
    OrderState,
    PersonMerged,
    PersonUnmerged,
    PlacementState,
    PlacementTakenState,
    PrescriptionState,
    ProviderState,
    SessionState,
    SignatoryState,
    SiteState,
    TrainerState,
)
from shared.work import Work


def keep_provider(work: Work, event: ProviderState) -> None:
    """Keep a training body."""
    upsert(work.db, storage.provider, [{"id": event.provider_id, "code": event.code, "label": event.label}])


def keep_site(work: Work, event: SiteState) -> None:
    """Keep a place of training."""
    row = {"id": event.site_id, "label": event.label, "commune": event.commune, "zone": event.zone}
    upsert(work.db, storage.site, [row])


def keep_order(work: Work, event: OrderState) -> None:
    """Keep what OFII pays a training body."""
    names = ("provider_id", "code", "training", "unit", "first_on", "last_on", "unit_price_cents")
    upsert(work.db, storage.order, [{"id": event.order_id} | {name: getattr(event, name) for name in names}])


def keep_trainer(work: Work, event: TrainerState) -> None:
    """Keep a trainer's name, for the sheets that they hold."""
    name = event.private.get("attendance", {}).get("name", event.code)
    row = {"id": event.trainer_id, "provider_id": event.provider_id, "code": event.code, "name": name}
    upsert(work.db, storage.trainer, [row])


def keep_signatories(work: Work, events: Sequence[SignatoryState]) -> None:
    """Keep people under the name that a trainer calls."""
    found = []
    for event in events:
        private = event.private.get("attendance", {})
        row = {"id": event.signatory_id, "reference": event.reference, "territory": event.territory}
        found.append(row | {"name": private.get("name", event.reference), "alias": private.get("alias", "")})
    upsert(work.db, storage.signatory, found)


def keep_contract(work: Work, event: ContractState) -> None:
    """Keep a contract with the numbers of its rule-book."""
    rules = {
        "civic_days_required": event.civic_days_required,
        "assiduity_percent": event.assiduity_percent,
        "review_lead_days": event.review_lead_days,
        "unexplained_in_a_row": event.unexplained_in_a_row,
    }
    row = {
        "id": event.contract_id,
        "signatory_id": event.signatory_id,
        "territory": event.territory,
        "state": event.state,
        "signed_on": event.signed_on,
        "term_on": event.term_on,
        "rules": rules,
        "stale": True,
    }
    known = work.db.scalar(sa.select(storage.contract.c.id).where(storage.contract.c.id == event.contract_id))
    if known is None:
        insert_new(work.db, storage.contract, [row | {"owed": []}])
    else:
        work.db.execute(storage.contract.update().where(storage.contract.c.id == known).values(**row))


def keep_prescription(work: Work, event: PrescriptionState) -> None:
    """Keep what a contract prescribes. Raises TransientError while the contract is not known here yet."""
    owed = [
        {"training": one.training, "part": one.part, "minutes": one.minutes, "quickest_days": one.quickest_days}
        for one in event.owed
    ]
    mine = storage.contract.c.id == event.contract_id
    if not _changed(work, storage.contract.update().where(mine).values(owed=owed, stale=True)):
        raise TransientError(f"contract {event.contract_id} is not known here yet")


def keep_session(work: Work, event: SessionState) -> None:
    """Keep a session and its meetings; a meeting that is no more in it goes, unless somebody was marked there."""
    row = {
        "id": event.session_id,
        "provider_id": event.provider_id,
        "site_id": event.site_id,
        "training": event.training,
        "package": event.package,
        "trainer": event.trainer,
        "state": event.state,
        "ends_on": max(one.held_on for one in event.meetings),
    }
    upsert(work.db, storage.session, [row])
    ours = sa.select(storage.meeting.c.id).where(storage.meeting.c.session_id == event.session_id)
    # Whoever takes one of these rolls is waited for: their marks are seen by what follows, which is another statement.
    work.db.execute(ours.order_by(storage.meeting.c.id).with_for_update())
    marked = sa.select(storage.mark.c.meeting_id).where(storage.mark.c.meeting_id.in_(ours))
    gone = sa.and_(storage.meeting.c.session_id == event.session_id, storage.meeting.c.id.not_in(marked))
    work.db.execute(storage.meeting.delete().where(gone))
    upsert(
        work.db,
        storage.meeting,
        [
            {
                "id": one.meeting_id,
                "session_id": event.session_id,
                "held_on": one.held_on,
                "slot": one.slot,
                "starts_at": one.starts_at,
                "minutes": one.minutes,
                "part": one.part,
            }
            for one in event.meetings
        ],
    )
    seated = sa.select(storage.placement.c.contract_id).where(storage.placement.c.session_id == event.session_id)
    work.db.execute(storage.contract.update().where(storage.contract.c.id.in_(seated)).values(stale=True))


def keep_carried(work: Work, event: CarriedState) -> None:
    """Keep what a contract brings along; hours followed elsewhere count as those followed here."""
    table = storage.carried
    work.db.execute(table.delete().where(table.c.contract_id == event.contract_id))
    rows = [
        {"contract_id": event.contract_id, "until": event.until, "training": one.training, "part": one.part}
        | {"followed": one.followed, "offered": one.offered}
        for one in event.carried
    ]
    upsert(work.db, table, rows)
    touch(work, [event.contract_id])


def merge(work: Work, event: PersonMerged) -> None:
    """Count the hours of two records as one person's."""
    upsert(work.db, storage.same_person, [{"other_id": event.other_id, "kept_id": event.kept_id}])
    _touch_people(work, event.kept_id, event.other_id)


def unmerge(work: Work, event: PersonUnmerged) -> None:
    """Count them apart again."""
    work.db.execute(storage.same_person.delete().where(storage.same_person.c.other_id == event.other_id))
    _touch_people(work, event.kept_id, event.other_id)


def _touch_people(work: Work, *people: UUID) -> None:
    touch(work, work.db.scalars(sa.select(storage.contract.c.id).where(storage.contract.c.signatory_id.in_(people))))


def keep_placements(work: Work, events: Sequence[PlacementState | PlacementTakenState]) -> None:
    """Keep seats."""
    names = ("contract_id", "signatory_id", "session_id", "part", "joins_on", "state")
    seats = [{"id": one.placement_id} | {name: getattr(one, name) for name in names} for one in events]
    upsert(work.db, storage.placement, seats)
    touch(work, {one.contract_id for one in events})


def keep_deliveries(work: Work, events: Sequence[NoticeDelivered]) -> None:
    """Keep the proofs that notices about sessions arrived; one sent while the meeting was on invites nobody."""
    proofs = [
        _about(one) | {"delivered": True, "usable": one.usable, "channel": one.channel, "proof": one.proof}
        for one in events
        if one.kind != "expected"
    ]
    upsert(work.db, storage.notice_proof, proofs)


def keep_failure(work: Work, event: NoticeFailed) -> None:
    """Keep that a notice about a session did not arrive: a mail that was taken may have come back since."""
    proof = {"delivered": False, "usable": False, "channel": "none", "proof": ""}
    upsert(work.db, storage.notice_proof, [_about(event) | proof])


TOUCH = storage.contract.update().where(storage.contract.c.id == sa.bindparam("key")).values(stale=True)


def touch(work: Work, contract_ids: Iterable[UUID]) -> None:
    """Mark contracts whose hours, forecast or flags must be computed again."""
    keys = [{"key": key} for key in sorted(contract_ids)]  # one order of locks for everybody
    if keys:
        work.db.connection().execute(TOUCH, keys)


def _about(event: NoticeDelivered | NoticeFailed) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("notice_id", "signatory_id", "session_id", "kind")}


def _changed(work: Work, statement: sa.Update) -> bool:
    return bool(work.db.execute(statement).rowcount)  # type: ignore[attr-defined]
