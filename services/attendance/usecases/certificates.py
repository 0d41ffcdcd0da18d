"""Presence certificates: what somebody followed, with one training body or with all of them, and nothing else."""

__all__ = ["Certificate", "certificate", "certificate_of", "contract_by_reference", "seen_contract"]

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.documents.people import CertificatePaper, Followed, certificate_pdf
from services.attendance.usecases.papers import local_day
from services.attendance.usecases.seeing import OF_A_BODY, meetings
from shared.communes import department_of
from shared.errors import FieldFault, ForbiddenError, InvalidInputError, NotFoundError
from shared.scope import check_territory
from shared.work import Work

OFII = "Office français de l’immigration et de l’intégration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A presence certificate and what its file is called."""

    reference: str
    content: bytes


def certificate(work: Work, contract_id: UUID, first: date | None = None, last: date | None = None) -> Certificate:
    """
    Return a presence certificate: for a training body, of what was followed with it; for OFII, of everything.

    Without days, from the first presence to today. Raises NotFoundError, ForbiddenError, InvalidInputError.
    """
    contract = seen_contract(work, contract_id)
    today = local_day(work, department_of(contract["territory"]).time_zone)
    first, last = first or contract["signed_on"], last or today
    if not first <= last <= today:
        fault = FieldFault("last", "range", f"from {first} to {today}")
        raise InvalidInputError("the certificate is refused", [fault])
    own = work.who.scope.partition("/")[0] if work.who.role in OF_A_BODY else ""
    label = sa.select(storage.provider.c.label).where(storage.provider.c.code == own).limit(1)
    issuer = (work.db.scalars(label).first() or own) if own else OFII
    made = certificate_of(work, contract, (own, issuer), (first, last), today)
    return Certificate(reference=made.reference, content=certificate_pdf(made))


def certificate_of(
    work: Work, contract: Mapping[str, Any], body: tuple[str, str], days: tuple[date, date], today: date
) -> CertificatePaper:
    """
    Return what a presence certificate says, by a body as (code, label) of what was followed with it.

    Without a code, of what was followed with all of them.
    """
    person = storage.one(work.db, storage.signatory, contract["signatory_id"], "signatory")
    return CertificatePaper(
        number=f"AP-{person['reference']}",
        name=person["name"],
        reference=person["reference"],
        issuer=body[1],
        first_on=days[0],
        last_on=days[1],
        rows=_followed(work, contract["id"], *days, body[0]),
        made_on=today,
    )


def contract_by_reference(work: Work, reference: str) -> dict[str, Any]:
    """Return the last contract of a person by reference, if it is somebody's business. Raises NotFoundError."""
    contract, person = storage.contract, storage.signatory
    query = sa.select(contract.c.id).join(person, person.c.id == contract.c.signatory_id)
    query = query.where(person.c.reference == reference).order_by(contract.c.signed_on.desc()).limit(1)
    found = work.db.scalar(query)
    if found is None:
        raise NotFoundError("contract", reference)
    try:
        return seen_contract(work, found)
    except (ForbiddenError, NotFoundError) as error:
        raise NotFoundError("contract", reference) from error


def seen_contract(work: Work, contract_id: UUID) -> dict[str, Any]:
    """
    Return a contract that is somebody's business: OFII's of its territory, a body's that taught the person.

    Raises NotFoundError, ForbiddenError.
    """
    contract = storage.one(work.db, storage.contract, contract_id, "contract")
    if work.who.role not in OF_A_BODY:
        check_territory(work.who, contract["territory"])
        return contract
    taught = sa.select(storage.presence.c.session_id).where(storage.presence.c.contract_id == contract_id)
    sits = sa.select(storage.placement.c.session_id).where(storage.placement.c.contract_id == contract_id)
    session = storage.meeting.c.session_id
    ours = meetings(work, sa.or_(session.in_(taught), session.in_(sits))).limit(1)
    if not storage.rows(work.db, ours):
        raise NotFoundError("contract", contract_id)
    return contract


def _followed(work: Work, contract_id: UUID, first: date, last: date, body: str) -> tuple[Followed, ...]:
    """Return what was followed under a contract, records of the same person included, with one body or with all."""
    held, contract, alias = storage.presence, storage.contract, storage.same_person
    others = (
        sa.select(contract.c.id)
        .join(alias, alias.c.other_id == contract.c.signatory_id)
        .where(
            alias.c.kept_id
            == sa.select(contract.c.signatory_id).where(contract.c.id == contract_id).correlate(None).scalar_subquery()
        )
    )
    mine = sa.or_(held.c.contract_id == contract_id, held.c.contract_id.in_(others))
    key = (held.c.training, held.c.part)
    sums = (sa.func.min(held.c.held_on), sa.func.max(held.c.held_on), sa.func.count(), sa.func.sum(held.c.followed))
    query = sa.select(*key, *sums).where(mine, held.c.followed > 0, held.c.held_on.between(first, last))
    if body:
        session, provider = storage.session, storage.provider
        query = query.join(session, session.c.id == held.c.session_id)
        query = query.join(provider, provider.c.id == session.c.provider_id).where(provider.c.code == body)
    return tuple(
        Followed(training=training, part=part, first_on=begin, last_on=end, half_days=count, minutes=minutes)
        for training, part, begin, end, count, minutes in work.db.execute(query.group_by(*key).order_by(*key))
    )
