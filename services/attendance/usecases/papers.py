"""Papers about half-days and people: sheets, with a log of who read the sealed ones; presence certificates."""

__all__ = [
    "TAKEN",
    "Certificate",
    "blank_sheets",
    "bodies",
    "body_of",
    "certificate",
    "certificate_of",
    "contract_by_reference",
    "find_sheet",
    "group_code",
    "log_reads",
    "meeting_of",
    "month_sheets",
    "reads_of",
    "seen_contract",
    "sheet",
    "sheet_paper",
]

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.documents import (
    CertificatePaper,
    Followed,
    Seal,
    SheetPaper,
    SheetPerson,
    certificate_pdf,
    sheet_pdf,
    words,
)
from services.attendance.domain.marks import in_force
from services.attendance.domain.sheet_numbers import day_of, sheet_number
from services.attendance.usecases import presence, seeing, sheets
from services.attendance.usecases.seeing import OF_A_BODY, meetings
from shared.communes import department_of
from shared.errors import ConflictError, FieldFault, ForbiddenError, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.scope import check_territory
from shared.work import Work

DAYS_AT_ONCE = 7  # of blank sheets, as of rolls with their people
MOST_BLANK = 150  # [A] made while somebody waits: some five seconds
TAKEN = ("signed", "sealed", "corrected")  # states of a roll that its trainer signed off
OFII = "Office français de l’immigration et de l’intégration"


def bodies(work: Work) -> list[dict[str, Any]]:
    """Return the training bodies whose groups somebody may see, by label."""
    seen = meetings(work).with_only_columns(storage.session.c.provider_id).order_by(None).distinct()
    provider = storage.provider
    query = sa.select(provider).where(provider.c.id.in_(seen)).order_by(provider.c.label, provider.c.id)
    return storage.rows(work.db, query)


def body_of(work: Work, provider_id: UUID) -> dict[str, Any]:
    """Return a training body whose groups somebody may see. Raises NotFoundError for any other."""
    mine = meetings(work, storage.session.c.provider_id == provider_id).limit(1)
    if not storage.rows(work.db, mine):
        raise NotFoundError("provider", provider_id)
    return storage.one(work.db, storage.provider, provider_id, "provider")


def meeting_of(work: Work, meeting_id: UUID) -> dict[str, Any]:
    """Return a meeting that somebody may see, with its roll's state and its sheet's number. Raises NotFoundError."""
    found = storage.rows(work.db, meetings(work, storage.meeting.c.id == meeting_id))
    if not found:
        raise NotFoundError("meeting", meeting_id)
    return _numbered(found[0])


def find_sheet(work: Work, number: str) -> dict[str, Any]:
    """Return the meeting whose sheet bears this number. Raises InvalidInputError for no such number, NotFoundError."""
    day = day_of(number)
    if day is None:
        raise InvalidInputError("refused", [FieldFault("number", "sheet_number", "as printed: 250407-M-7K3QX9")])
    wanted = number.strip().upper()
    listed = storage.rows(work.db, meetings(work, storage.meeting.c.held_on == day))
    found = [one for one in map(_numbered, listed) if one["number"] == wanted]
    if not found:
        raise NotFoundError("sheet", wanted)
    return found[0]


def month_sheets(work: Work, provider_id: UUID, first: date, last: date) -> list[dict[str, Any]]:
    """Return a body's meetings between two days with their sheets' numbers and versions, in order of time."""
    within = storage.meeting.c.held_on.between(first, last)
    alive = sa.or_(storage.session.c.state == "open", storage.roll.c.state.in_(TAKEN))
    ours = (storage.session.c.provider_id == provider_id, within, alive)
    listed = [_numbered(one) for one in storage.rows(work.db, meetings(work, *ours))]
    return sorted(listed, key=lambda one: (one["held_on"], one["starts_at"], one["number"]))


def sheet(work: Work, meeting_id: UUID, *, blank: bool = False) -> bytes:
    """
    Return the sheet of a half-day: `blank` to be signed by hand; else as it was taken, and the reading is logged.

    Raises NotFoundError, ConflictError (`sheet_not_taken`), DocumentError.
    """
    meeting = meeting_of(work, meeting_id)
    paper = sheet_paper(work, meeting, blank=blank)
    if not blank:
        log_reads(work, [(meeting_id, paper.version)])
    return sheet_pdf(paper, blank=blank, made_on=_today(work, meeting["zone"]))


def blank_sheets(work: Work, provider_id: UUID, first: date, last: date) -> bytes:
    """
    Return the sheets to be signed by hand of a week at most as one ZIP, as rolls are read.

    Raises NotFoundError, InvalidInputError (`range`, `too_many`), DocumentError.
    """
    body_of(work, provider_id)
    if not timedelta(0) <= last - first < timedelta(days=DAYS_AT_ONCE):
        fault = FieldFault("last", "range", f"at most {DAYS_AT_ONCE - 1} days after the first")
        raise InvalidInputError("refused", [fault])
    listed = [one for one in month_sheets(work, provider_id, first, last) if one["state"] not in TAKEN]
    if len(listed) > MOST_BLANK:
        fault = FieldFault("last", "too_many", f"{len(listed)} sheets; at most {MOST_BLANK} at once: take fewer days")
        raise InvalidInputError("refused", [fault])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in listed:
            paper = sheet_paper(work, one, blank=True)
            if paper.people:
                day = one["held_on"]
                entry = zipfile.ZipInfo(f"a-signer-{one['number']}.pdf", (day.year, day.month, day.day, 0, 0, 0))
                archive.writestr(entry, sheet_pdf(paper, blank=True, made_on=_today(work, one["zone"])))
    return packed.getvalue()


def sheet_paper(work: Work, meeting: Mapping[str, Any], *, blank: bool = False, named: bool = True) -> SheetPaper:
    """Return what stands on a sheet; without names where `named` is false. Raises ConflictError (`sheet_not_taken`)."""
    if not blank and meeting["state"] not in TAKEN:
        raise ConflictError(f"the roll of meeting {meeting['id']} is not signed yet", "sheet_not_taken")
    trainer = _trainers(work, meeting["provider_id"])
    body = storage.one(work.db, storage.provider, meeting["provider_id"], "provider")
    held_by = meeting["held_by"]
    common: dict[str, Any] = {
        **{name: meeting[name] for name in ("number", "site", "commune", "zone", "training", "part", "slot")},
        **{name: meeting[name] for name in ("held_on", "starts_at", "minutes")},
        "body": body["label"],
        "group": group_code(meeting["session_id"]),
        "trainer": trainer.get(meeting["trainer"], meeting["trainer"]),
        "held_by": trainer.get(held_by, held_by),
        "named": named,
    }
    if blank:
        seated = sheets.load(work, [dict(meeting)])[meeting["id"]].people.values()
        listed = tuple(SheetPerson(name=one["name"], reference=one["reference"]) for one in seated)
        return SheetPaper(**common, people=listed)
    marks = _marks(work, meeting["id"])
    named_people = _people(work, [one["signatory_id"] for one in marks])
    shown = [one for one in marks if one["signatory_id"] in named_people]
    current = in_force(shown)
    acts = _acts(work, [one["act_id"] for one in current.values() if one["act_id"]])
    people = [_line(named_people[key], one, acts.get(one["act_id"]), named=named) for key, one in current.items()]
    version = meeting["version"]
    return SheetPaper(
        **common,
        people=tuple(sorted(people, key=lambda one: (one.name, one.reference))),
        hidden=len({one["signatory_id"] for one in marks}) - len(current),
        version=version,
        corrections=tuple(_corrections(shown, named_people, meeting["signed_at"], meeting["zone"])),
        signed_by=meeting["signed_by"] or "",
        signed_at=meeting["signed_at"],
        seal=_seal(work, meeting, version),
        day_head=_day_head(work, meeting["provider_id"]),
    )


def log_reads(work: Work, read: Iterable[tuple[UUID, int]]) -> None:
    """Keep that somebody took these sheets, with their names, out of the house."""
    rows = [
        {"id": new_id(), "meeting_id": key, "version": version, "actor": work.who.actor, "read_at": work.now}
        for key, version in read
    ]
    if rows:
        work.db.execute(storage.sheet_read.insert(), rows)


def reads_of(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    """Return who took a sheet out of the house, and when, newest first. Raises NotFoundError."""
    meeting_of(work, meeting_id)
    table = storage.sheet_read
    query = sa.select(table).where(table.c.meeting_id == meeting_id).order_by(table.c.read_at.desc(), table.c.id.desc())
    return storage.rows(work.db, query.limit(500))


def group_code(session_id: UUID) -> str:
    """Return a short name of a group, the same on every paper."""
    return f"G-{session_id.hex[-6:].upper()}"


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
    today = _today(work, department_of(contract["territory"]).time_zone)
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


def _numbered(meeting: dict[str, Any]) -> dict[str, Any]:
    return meeting | {"number": sheet_number(meeting["id"], meeting["held_on"], meeting["slot"])}


def _today(work: Work, zone: str) -> date:
    return work.now.astimezone(ZoneInfo(zone)).date()


def _trainers(work: Work, provider_id: UUID) -> dict[str, str]:
    trainer = storage.trainer
    query = sa.select(trainer.c.code, trainer.c.name).where(trainer.c.provider_id == provider_id)
    return dict(work.db.execute(query).all())


def _marks(work: Work, meeting_id: UUID) -> list[dict[str, Any]]:
    query = sa.select(storage.mark).where(storage.mark.c.meeting_id == meeting_id).order_by(storage.mark.c.seq)
    return storage.rows(work.db, query)


def _acts(work: Work, act_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    query = sa.select(storage.act).where(storage.act.c.id.in_(act_ids))
    return {row["id"]: row for row in storage.rows(work.db, query)}


def _people(work: Work, keys: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Return names and references of the people whom somebody may see, people not on the list included."""
    person, guest = storage.signatory, storage.provisional
    known = sa.select(person.c.id, person.c.name, person.c.reference)
    if seeing.territory_of(work):
        known = known.where(person.c.territory == work.who.scope)
    unknown = sa.select(guest.c.id, guest.c.name, guest.c.reference).where(guest.c.id.in_(keys))
    identified = presence.identified(work, keys)
    rows = work.db.execute(known.where(person.c.id.in_([*keys, *identified.values()]))).all()
    people = {key: {"name": name, "reference": reference} for key, name, reference in rows}
    found = {key: people[key] for key in keys if key in people}
    for key, name, reference in work.db.execute(unknown):
        who = people.get(identified.get(key, key))
        if who is not None:
            found[key] = who | {"name": f"{name} (ajouté sur place)"}
        elif key not in identified:
            found[key] = {"name": f"{name} (hors liste)", "reference": reference or "–"}
    return found


def _line(
    person: Mapping[str, str], mark: Mapping[str, Any], act: Mapping[str, Any] | None, *, named: bool
) -> SheetPerson:
    """Return one line of a sheet; a drawn sign is somebody's hand: it stands with the name only."""
    drawn = act["content"] if named and act and act["kind"] == "drawn" else None
    at = act["made_at"] if act else mark["effective_at"] if mark["act"] in {"qr", "code", "drawn"} else None
    copied = ("status", "minutes_lost", "act", "act_reason", "arrived", "left", "proof_ref")
    return SheetPerson(
        name=person["name"],
        reference=person["reference"],
        act_at=at,
        drawn=drawn,
        **{name: mark[name] for name in copied},
    )


def _corrections(
    marks: Sequence[Mapping[str, Any]], people: Mapping[UUID, Mapping[str, str]], signed_at: Any, zone: str
) -> Iterable[tuple[str, str, str, str]]:
    """Yield what was changed after the sign-off: reference, change, who, when."""
    by_id = {one["id"]: one for one in marks}
    for one in marks:
        before = by_id.get(one["supersedes"])
        if before is None or signed_at is None or one["recorded_at"] <= signed_at:
            continue
        because = f" ({words.said(words.CORRECTIONS, one['reason'])})" if one["reason"] else ""
        was, now = (words.said(words.STATUSES, two["status"]) for two in (before, one))
        change = f"{was} puis {now}{because}"
        who = words.actor(one["actor"])
        yield people[one["signatory_id"]]["reference"], change, who, words.instant(one["recorded_at"], zone)


def _seal(work: Work, meeting: Mapping[str, Any], version: int) -> Seal | None:
    table = storage.seal
    mine = (table.c.meeting_id == meeting["id"], table.c.version == version)
    query = sa.select(table.c.position, table.c.head).where(*mine).order_by(table.c.position.desc()).limit(1)
    row = work.db.execute(query).first()
    return Seal(position=row.position, head=row.head) if row else None


def _day_head(work: Work, provider_id: UUID) -> Seal | None:
    table = storage.chain_head
    query = sa.select(table).where(table.c.provider_id == provider_id).order_by(table.c.day.desc()).limit(1)
    found = storage.rows(work.db, query)
    return Seal(position=found[0]["position"], head=found[0]["head"], day=found[0]["day"]) if found else None


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
