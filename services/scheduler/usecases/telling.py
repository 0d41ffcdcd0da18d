"""From rows to the states that are told: used when something changes, and to tell everything again."""

__all__ = [
    "contract_state",
    "offer_states",
    "placement_state",
    "prescription_state",
    "retell",
    "session_state",
    "signatory_state",
]

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.scheduler import storage
from services.scheduler.programmes import rule_book
from shared.communes import commune, department_of, local_time
from shared.events import (
    AppointmentState,
    Carried,
    CarriedState,
    ContractState,
    Meeting,
    OrderState,
    Owed,
    PlacementState,
    PlacementTakenState,
    PrescriptionState,
    ProviderState,
    SessionState,
    SignatoryState,
    SiteState,
    State,
    TrainerState,
)
from shared.ids import derived_id
from shared.work import Work

Row = Mapping[str, Any]
NOT_OWED = frozenset({"not_owed", "replaced"})  # a replaced civic day is owed by its successor
REACHED_BY = ("alias", "phone", "email", "representative_phone", "representative_email", "code", "letter")


def signatory_state(row: Row) -> SignatoryState:
    """Return what attendance and notifications must know about a person; names and contacts go sealed."""
    facts, private = row["facts"], row["private"]
    name = f"{private['given_name']} {private['family_name'].upper()}"
    return SignatoryState(
        subject_version=row["version"],
        signatory_id=row["id"],
        reference=row["reference"],
        territory=row["territory"],
        spoken=tuple(facts["spoken"]),
        reads=facts["reads"],
        reading_language=facts["reading_language"],
        channel=facts["channel"],
        shared_phone=facts["shared_phone"],
        private={
            "attendance": {"name": name, "alias": private["alias"]},
            "notifications": {"name": name} | {key: private[key] for key in REACHED_BY if key in private},
        },
    )


def contract_state(row: Row) -> ContractState:
    """Return a contract with the numbers of its rule-book that attendance needs."""
    book = rule_book(row["programme"]).at(row["territory"], row["signed_on"])
    return ContractState(
        subject_version=row["version"],
        contract_id=row["id"],
        signatory_id=row["signatory_id"],
        territory=row["territory"],
        programme=row["programme"],
        regime=row["regime"],
        state=row["state"],
        signed_on=row["signed_on"],
        term_on=row["term_on"],
        civic_days_required=book["attendance.civic_days_required"],
        assiduity_percent=book["attendance.assiduity_percent"],
        review_lead_days=book["extension.review_lead_days"],
        unexplained_in_a_row=book["attendance.unexplained_in_a_row"],
    )


def prescription_state(row: Row, needs: Iterable[Row]) -> PrescriptionState:
    """Return what the contract prescribes: each training once, whatever became of its needs."""
    book = rule_book(row["programme"])
    owed = {(need["training"], need["part"]): need for need in needs if need["state"] not in NOT_OWED}
    return PrescriptionState(
        subject_version=row["version"],
        prescription_id=derived_id("prescription", row["id"]),
        contract_id=row["id"],
        signatory_id=row["signatory_id"],
        owed=tuple(
            Owed(
                training=training,
                part=part,
                minutes=need["minutes"],
                quickest_days=1 if training == "civic" else book.quickest_days(need["minutes"]),
            )
            for (training, part), need in sorted(owed.items())
        ),
    )


def provider_state(row: Row) -> ProviderState:
    """Return a training body."""
    return ProviderState(
        subject_version=row["version"],
        provider_id=row["id"],
        code=row["code"],
        label=row["facts"]["name"],
        private={"notifications": {"territory": row["territory"], "email": row["facts"]["email"]}},
    )


def site_state(row: Row) -> SiteState:
    """Return a place of training."""
    facts = row["facts"]
    return SiteState(
        subject_version=row["version"],
        site_id=row["id"],
        provider_id=derived_id("offer", row["territory"], "organismes", facts["body"]),
        label=facts["name"],
        commune=commune(facts["commune"]).name,
        zone=department_of(row["territory"]).time_zone,
        step_free=facts["step_free"],
    )


def platform_state(row: Row) -> SiteState:
    """Return a place where OFII receives people; its provider is the directorate itself."""
    facts = row["facts"]
    return SiteState(
        subject_version=row["version"],
        site_id=row["id"],
        provider_id=derived_id("directorate", row["territory"]),
        label=f"{facts['name']}, {facts['address']}",
        commune=commune(facts["commune"]).name,
        zone=department_of(row["territory"]).time_zone,
        step_free=True,
    )


def order_state(row: Row) -> OrderState:
    """Return what was ordered of a training body, and its price."""
    facts = row["facts"]
    return OrderState(
        subject_version=row["version"],
        order_id=row["id"],
        provider_id=derived_id("offer", row["territory"], "organismes", facts["body"]),
        code=row["code"],
        training=facts["training"],
        unit=facts["unit"],
        first_on=date.fromisoformat(facts["first"]),
        last_on=date.fromisoformat(facts["last"]),
        unit_price_cents=facts["unit_price_cents"],
    )


def trainer_state(row: Row) -> TrainerState:
    """Return a trainer; the name goes sealed."""
    facts = row["facts"]
    return TrainerState(
        subject_version=row["version"],
        trainer_id=row["id"],
        provider_id=derived_id("offer", row["territory"], "organismes", facts["body"]),
        code=row["code"],
        private={"attendance": {"name": facts["name"]}},
    )


_OF_OFFER: Mapping[str, Callable[[Row], State]] = {  # by kind, in the order in which they are told
    "organismes": provider_state,
    "sites": site_state,
    "plateformes": platform_state,
    "lots": order_state,
    "formateurs": trainer_state,
}


def offer_states(rows: Sequence[Row]) -> list[State]:
    """Return what the others must know of the offer, bodies first."""
    return [state(row) for kind, state in _OF_OFFER.items() for row in rows if row["kind"] == kind]


def appointment_state(row: Row, slot: Row, person: Row) -> AppointmentState:
    """Return an appointment with what a message to this person needs; `person` is a candidate or a signatory."""
    facts, private = person["facts"], person["private"]
    return AppointmentState(
        subject_version=row["version"],
        appointment_id=row["id"],
        person_id=row["person_id"],
        reference=person["reference"],
        territory=row["territory"],
        kind=row["kind"],
        state=row["state"],
        site_id=derived_id("offer", row["territory"], "plateformes", slot["platform"]),
        held_on=slot["day"],
        starts_at=time.fromisoformat(slot["starts_at"]),
        minutes=slot["minutes"],
        spoken=tuple(facts["spoken"]),
        reads=facts["reads"],
        reading_language=facts["reading_language"],
        channel=facts["channel"],
        shared_phone=facts["shared_phone"],
        private={"notifications": {key: private[key] for key in REACHED_BY if key in private}},
    )


def session_state(row: Row, meetings: Iterable[Row], body: str) -> SessionState:
    """Return a session with its meetings; times are local at the site."""
    book = rule_book(row["facts"]["programme"])
    code = row["territory"]
    return SessionState(
        subject_version=row["version"],
        session_id=row["id"],
        provider_id=derived_id("offer", code, "organismes", body),
        site_id=derived_id("offer", code, "sites", row["site"]),
        training=row["training"],
        package=row["parts"],
        trainer=row["facts"]["trainer"],
        state=row["state"],
        meetings=tuple(
            Meeting(
                meeting_id=one["id"],
                held_on=one["day"],
                slot=one["slot"],
                starts_at=book.starts_at(one["slot"]),
                minutes=one["minutes"],
                part=one["part"],
            )
            for one in meetings
        ),
    )


def carried_state(row: Row, signatory_id: UUID) -> CarriedState:
    """Return what a contract brought along from an older system."""
    names = ("training", "part", "followed", "offered")
    return CarriedState(
        subject_version=row["version"],
        contract_id=row["contract_id"],
        signatory_id=signatory_id,
        until=row["until"],
        carried=tuple(Carried(**dict(zip(names, one, strict=True))) for one in row["minutes"]),
    )


def placement_state(row: Row) -> PlacementState | PlacementTakenState:
    """Return a seat; one whose convocation an older system sent is told as such, always."""
    taken = row.get("told_on") is not None
    said = {"told_on": row["told_on"], "channel": row["told_by"]} if taken else {}
    kind: Any = PlacementTakenState if taken else PlacementState
    found: PlacementState | PlacementTakenState = kind(
        subject_version=row["version"],
        placement_id=row["id"],
        contract_id=row["contract_id"],
        signatory_id=row["signatory_id"],
        session_id=row["session_id"],
        part=row["part"],
        joins_on=row["joins_on"],
        state=row["state"],
        **said,
    )
    return found


def meetings_of(work: Work, session_ids: Iterable[UUID]) -> dict[UUID, list[Row]]:
    """Return the meetings of sessions in order of time."""
    wanted = list(session_ids)
    found: dict[UUID, list[Row]] = {}
    rank = {"morning": 0, "afternoon": 1, "evening": 2}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        found |= {key: [] for key in some}
        for row in storage.rows(work.db, sa.select(storage.meeting).where(storage.meeting.c.session_id.in_(some))):
            found[row["session_id"]].append(row)
    for listed in found.values():
        listed.sort(key=lambda row: (row["day"], rank[row["slot"]]))
    return found


def retell(work: Work) -> int:
    """Tell the present state of everything again; hearers keep only what they did not know."""
    told = 0
    everyone = storage.rows(work.db, sa.select(storage.signatory).order_by(storage.signatory.c.id))
    contracts = storage.rows(work.db, sa.select(storage.contract).order_by(storage.contract.c.id))
    needs: dict[UUID, list[Row]] = {}
    for need in storage.rows(work.db, sa.select(storage.need)):
        needs.setdefault(need["contract_id"], []).append(need)
    offered = storage.rows(work.db, sa.select(storage.offer_item).order_by(storage.offer_item.c.id))
    bodies = {(row["territory"], row["code"]): row["facts"]["body"] for row in offered if row["kind"] == "sites"}
    sessions = storage.rows(work.db, sa.select(storage.session).order_by(storage.session.c.id))
    meetings = meetings_of(work, [row["id"] for row in sessions])
    carried = storage.rows(work.db, sa.select(storage.carried))
    signatories = {row["id"]: row["signatory_id"] for row in contracts}
    for events in (
        offer_states(offered),
        [signatory_state(row) for row in everyone],
        [contract_state(row) for row in contracts],
        [prescription_state(row, needs.get(row["id"], [])) for row in contracts],
        [session_state(row, meetings[row["id"]], bodies[row["territory"], row["site"]]) for row in sessions],
        [placement_state(row) for row in storage.rows(work.db, sa.select(storage.placement))],
        [carried_state(row, signatories[row["contract_id"]]) for row in carried],
    ):
        work.tell(*events)
        told += len(events)
    return told


def today(work: Work, territory: str) -> date:
    """Return the local day of a territory."""
    return local_time(work.now, territory).date()
