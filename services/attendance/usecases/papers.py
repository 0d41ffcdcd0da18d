"""Papers about half-days: whose they are, by which number they are found, and a log of who read the sealed ones."""

__all__ = [
    "blank_sheets",
    "bodies",
    "body_of",
    "find_sheet",
    "group_code",
    "local_day",
    "log_reads",
    "meeting_of",
    "month_sheets",
    "reads_of",
    "sheet",
    "sheet_paper",
]

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.documents import words
from services.attendance.documents.sheets import Seal, SheetPaper, SheetPerson, sheet_pdf
from services.attendance.domain.marks import in_force
from services.attendance.domain.sheet_numbers import day_of, sheet_number
from services.attendance.usecases import presence, seeing, sheets
from services.attendance.usecases.seeing import meetings
from services.attendance.usecases.sheets import SIGNED
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.work import Work

DAYS_AT_ONCE = 7  # of blank sheets, as of rolls with their people
MOST_BLANK = 150  # [A] made while somebody waits: some five seconds


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
    alive = sa.or_(storage.session.c.state == "open", storage.roll.c.state.in_(SIGNED))
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
    return sheet_pdf(paper, blank=blank, made_on=local_day(work, meeting["zone"]))


def blank_sheets(work: Work, provider_id: UUID, first: date, last: date) -> bytes:
    """
    Return the sheets to be signed by hand of a week at most as one ZIP, as rolls are read.

    Raises NotFoundError, InvalidInputError (`range`, `too_many`), DocumentError.
    """
    body_of(work, provider_id)
    if not timedelta(0) <= last - first < timedelta(days=DAYS_AT_ONCE):
        fault = FieldFault("last", "range", f"at most {DAYS_AT_ONCE - 1} days after the first")
        raise InvalidInputError("refused", [fault])
    listed = [one for one in month_sheets(work, provider_id, first, last) if one["state"] not in SIGNED]
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
                archive.writestr(entry, sheet_pdf(paper, blank=True, made_on=local_day(work, one["zone"])))
    return packed.getvalue()


def sheet_paper(work: Work, meeting: Mapping[str, Any], *, blank: bool = False, named: bool = True) -> SheetPaper:
    """Return what stands on a sheet; without names where `named` is false. Raises ConflictError (`sheet_not_taken`)."""
    if not blank and meeting["state"] not in SIGNED:
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


def _numbered(meeting: dict[str, Any]) -> dict[str, Any]:
    return meeting | {"number": sheet_number(meeting["id"], meeting["held_on"], meeting["slot"])}


def local_day(work: Work, zone: str) -> date:
    """Return the day that it is at a site."""
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
        why = words.CORRECTIONS.get(one["reason"])  # why an absence was justified is no business of a training body
        because = f" ({why})" if why else ""
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
