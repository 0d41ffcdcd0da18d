"""Who is who: records that are one person, merged as an alias that can be undone."""

__all__ = [
    "Reach",
    "aliases",
    "change_contact",
    "change_representative",
    "merge",
    "merged",
    "merges",
    "refuse_alias",
    "suspects",
    "unmerge",
]

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.domain.cells import Cells
from services.scheduler.domain.intake import read_email, read_phone
from services.scheduler.domain.reception import why_alike
from services.scheduler.usecases import dossier, leaving, telling
from services.scheduler.usecases.intake import changed_by_hand
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.events import PersonMerged, PersonUnmerged
from shared.scope import check_territory
from shared.work import Work

MERGED: Mapping[str, str] = {
    "code": "merged",
    "fr": "même personne qu’un autre dossier, qui porte ses formations",
    "en": "the same person as another record, which carries their trainings",
}


def aliases() -> sa.Select[Any]:
    """Return the query for the records that are another name of a record that is kept."""
    same = storage.same_person
    return sa.select(same.c.other_id).where(same.c.undone_at.is_(None))


def refuse_alias(work: Work, signatory_id: UUID) -> None:
    """Raise ConflictError (`merged`) for a record that is another name of somebody: act on the one that is kept."""
    if work.db.scalar(aliases().where(storage.same_person.c.other_id == signatory_id).limit(1)) is not None:
        raise ConflictError("this record is merged into another: act on that one, or undo the merge", "merged")


def suspects(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return pairs of signatories of a territory that may be one person, each with the reasons in French."""
    check_territory(work.who, territory)
    person = storage.signatory
    query = sa.select(person.c.id, person.c.reference, person.c.private)
    rows = storage.rows(work.db, query.where(person.c.territory == territory, person.c.id.not_in(aliases())))
    # Two reasons are needed, and one of them is a contact point or a whole name: only such pairs are compared.
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        private = row["private"]
        for key in (("phone", private["phone"]), ("email", private["email"].casefold())):
            if key[1]:
                groups.setdefault(key, []).append(row)
    found: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    for alike in groups.values():
        for at, one in enumerate(alike):
            for other in alike[at + 1 :]:
                reasons = why_alike(one["private"], other["private"])
                first, second = sorted((one, other), key=lambda row: str(row["reference"]))
                if reasons:
                    found[first["id"], second["id"]] = {
                        "kept_id": first["id"],
                        "kept": first["reference"],
                        "other_id": second["id"],
                        "other": second["reference"],
                        "why": reasons,
                    }
    return sorted(found.values(), key=lambda pair: (str(pair["kept"]), str(pair["other"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How somebody can be reached: phone as it is dialled, e-mail address, channel (sms, courriel, courrier)."""

    phone: str
    email: str
    channel: str
    shared_phone: bool


def change_contact(work: Work, signatory_id: UUID, reach: Reach, *, test_numbers: bool) -> dict[str, Any]:
    """
    Change how a signatory is reached; whoever tells them is told. A file sent again does not take it back.

    Raises NotFoundError, ForbiddenError, InvalidInputError naming field and rule.
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory", lock=True)
    check_territory(work.who, person["territory"])
    cells = Cells({"phone": reach.phone, "email": reach.email})
    points = {
        "phone": read_phone(cells, person["territory"], "phone", test_numbers=test_numbers),
        "email": read_email(cells, "email"),
    }
    needed = {"sms": "phone", "courriel": "email"}.get(reach.channel)
    if needed and not points[needed] and not cells.faults:
        cells.fault(needed, "required", "this channel needs it")
    if cells.faults:
        raise InvalidInputError("refused", cells.faults)
    changed = {"channel": reach.channel, "shared_phone": reach.shared_phone}
    facts = changed_by_hand(person["facts"], changed, also=tuple(points))
    fresh = person | {"facts": facts, "private": person["private"] | points}
    if (fresh["facts"], fresh["private"]) == (person["facts"], person["private"]):
        return person
    return _keep_contact(work, fresh)


def change_representative(work: Work, signatory_id: UUID, phone: str, *, test_numbers: bool) -> None:
    """Change the phone of who stands for a minor. Raises NotFoundError, InvalidInputError for what is no phone."""
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory", lock=True)
    cells = Cells({"phone": phone})
    read = read_phone(cells, person["territory"], "phone", test_numbers=test_numbers)
    if cells.faults:
        raise InvalidInputError("refused", cells.faults)
    if person["private"].get("representative_phone") != read:
        facts = changed_by_hand(person["facts"], {}, also=("representative_phone",))
        _keep_contact(work, person | {"facts": facts, "private": person["private"] | {"representative_phone": read}})


def merge(work: Work, merge_id: UUID, kept_id: UUID, other_id: UUID) -> dict[str, Any]:
    """
    Say that two records are one person: the other's coming seats are given back and its needs rest.

    The same again changes nothing. Raises NotFoundError, ForbiddenError, ConflictError (`merged_before`),
    InvalidInputError.
    """
    kept = storage.one(work.db, storage.signatory, kept_id, "signatory", lock=True)
    other = storage.one(work.db, storage.signatory, other_id, "signatory", lock=True)
    check_territory(work.who, kept["territory"])
    check_territory(work.who, other["territory"])
    table = storage.same_person
    before = storage.first(work.db, sa.select(table).where(table.c.id == merge_id))
    if before is not None:
        if (before["kept_id"], before["other_id"]) != (kept_id, other_id):
            raise ConflictError(f"merge {merge_id} was made with other people", "id_reused")
        return before
    if kept_id == other_id:
        raise InvalidInputError("refused", [FieldFault("other_id", "another", "a record is not merged with itself")])
    involved = sa.or_(table.c.other_id.in_((kept_id, other_id)), table.c.kept_id == other_id)
    if work.db.scalar(sa.select(table.c.id).where(involved, table.c.undone_at.is_(None)).limit(1)) is not None:
        raise ConflictError("one of them is merged already: undo that first", "merged_before")
    contract, proposal = storage.contract, storage.proposal
    undecided = sa.select(proposal.c.id).join(contract, contract.c.id == proposal.c.contract_id)
    undecided = undecided.where(contract.c.signatory_id == other_id, proposal.c.state == "pending")
    if work.db.scalar(undecided.limit(1)) is not None:
        raise ConflictError("a proposal for the other record waits for its decision", "proposal_pending")
    row: dict[str, Any] = {"id": merge_id, "kept_id": kept_id, "other_id": other_id}
    row |= {"why": why_alike(kept["private"], other["private"]), "undone_at": None, "undone_by": None}
    row |= {"actor": work.who.actor, "at": work.now}
    work.db.execute(table.insert(), [row])
    today = telling.today(work, other["territory"])
    for contract_id in _contracts(work, other_id):
        leaving.give_back_seats(work, contract_id, today)
        leaving.hold_needs(work, contract_id, MERGED)
    _tell(work, row, "merged")
    work.tell(PersonMerged(kept_id=kept_id, other_id=other_id))
    return row


def unmerge(work: Work, merge_id: UUID) -> dict[str, Any]:
    """Undo a merge: the two are told apart again and the other's needs are planned again."""
    row = storage.one(work.db, storage.same_person, merge_id, "merge", lock=True)
    other = storage.one(work.db, storage.signatory, row["other_id"], "signatory")
    check_territory(work.who, other["territory"])
    if row["undone_at"] is not None:
        return row
    undone = {"undone_at": work.now, "undone_by": work.who.actor}
    work.db.execute(storage.same_person.update().where(storage.same_person.c.id == merge_id).values(**undone))
    for contract_id in _contracts(work, row["other_id"]):
        leaving.reopen_needs(work, contract_id, code=MERGED["code"])
    _tell(work, row, "unmerged")
    work.tell(PersonUnmerged(kept_id=row["kept_id"], other_id=row["other_id"]))
    return row | undone


def merged(work: Work, signatory_id: UUID) -> list[dict[str, Any]]:
    """Return the merges of a person, undone ones too."""
    table = storage.same_person
    either = sa.or_(table.c.kept_id == signatory_id, table.c.other_id == signatory_id)
    found = storage.rows(work.db, sa.select(table).where(either).order_by(table.c.at))
    if not found and storage.first(work.db, sa.select(storage.signatory).where(storage.signatory.c.id == signatory_id)):
        return []
    if not found:
        raise NotFoundError("signatory", signatory_id)
    return found


def merges(work: Work, territory: str) -> list[dict[str, Any]]:
    """Return the merges of a territory that stand, the last one first, with both references."""
    check_territory(work.who, territory)
    table, kept, other = storage.same_person, storage.signatory.alias(), storage.signatory.alias()
    query = (
        sa.select(table, kept.c.reference.label("kept"), other.c.reference.label("other"))
        .join(kept, kept.c.id == table.c.kept_id)
        .join(other, other.c.id == table.c.other_id)
        .where(other.c.territory == territory, table.c.undone_at.is_(None))
    )
    return storage.rows(work.db, query.order_by(table.c.at.desc()).limit(200))


def _keep_contact(work: Work, person: dict[str, Any]) -> dict[str, Any]:
    """Keep a person who is reached in another way by now, and tell it."""
    fresh = person | {"version": person["version"] + 1, "actor": work.who.actor, "changed_at": work.now}
    table = storage.signatory
    work.db.execute(table.update().where(table.c.id == person["id"]).values(**fresh))
    work.tell(telling.signatory_state(fresh))
    dossier.note(work, [dossier.Entry(person_id=person["id"], at=work.now, code="contact_changed")])
    return fresh


def _contracts(work: Work, signatory_id: UUID) -> list[UUID]:
    contract = storage.contract
    return list(work.db.scalars(sa.select(contract.c.id).where(contract.c.signatory_id == signatory_id)))


def _tell(work: Work, row: Mapping[str, Any], code: str) -> None:
    both = (row["kept_id"], row["other_id"])
    dossier.note(work, [dossier.Entry(person_id=one, at=work.now, code=code, link=str(row["id"])) for one in both])
