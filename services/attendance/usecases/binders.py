"""
All papers of a training body and a month as one ZIP, made by a job with progress.

For OFII: sheets and certificates with the names, each sheet logged as read when the ZIP is fetched. For the body: its
sheets by reference, without names or drawn signs: nobody takes a list of people out of the house through a body's door.
"""

__all__ = ["BINDER_KIND", "ask", "binder_job", "binders_of", "content_of", "delete_old", "find"]

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.attendance import storage
from services.attendance.documents.people import certificate_pdf
from services.attendance.documents.sheets import sheet_pdf
from services.attendance.domain.statements import PayRules
from services.attendance.usecases import certificates, papers, statements
from services.attendance.usecases.seeing import OFII
from services.attendance.usecases.sheets import SIGNED
from shared import jobs
from shared.database import insert_new
from shared.errors import ConflictError, FieldFault, InvalidInputError, NotFoundError
from shared.jobs import JobContext
from shared.rights import Principal
from shared.service import Service
from shared.work import Work

BINDER_KIND = "papers"
KEPT_FOR = timedelta(days=7)  # [A] then the ZIP is deleted; it can be made again
MOST_PAPERS = 5000  # [A] of one ZIP: some 200 MB
REPORT_EVERY = 10  # papers
NAMED, BY_REFERENCE = "named", "references"

Paper = tuple[str, Callable[[], bytes]]  # its name in the ZIP, and what makes it


def ask(work: Work, job_id: UUID, provider_id: UUID, month: date) -> dict[str, Any]:
    """
    Ask for the papers of a body and month; the same again changes nothing.

    Raises NotFoundError, ConflictError (`id_reused`), InvalidInputError for a month that has not begun.
    """
    papers.body_of(work, provider_id)
    if month > work.now.date():
        raise InvalidInputError("refused", [FieldFault("month", "range", "this month has not begun")])
    ofii = work.who.role in OFII
    row: dict[str, Any] = {
        "job_id": job_id,
        "provider_id": provider_id,
        "month": month,
        "kind": NAMED if ofii else BY_REFERENCE,
        "territory": work.who.scope if ofii else "",
    }
    params = {name: str(value) for name, value in row.items() if name != "job_id"}
    jobs.ask(work, job_id, BINDER_KIND, params)
    nothing = {"asked_at": work.now, "papers": 0, "sheets": [], "content": None, "delete_at": None}
    insert_new(work.db, storage.binder, [row | nothing])
    return find(work, job_id)


def find(work: Work, job_id: UUID) -> dict[str, Any]:
    """Return a binder with its job's state and progress, without its bytes. Raises NotFoundError."""
    found = storage.rows(work.db, _seen().where(storage.binder.c.job_id == job_id))
    if not found or not _may(work, found[0]):
        raise NotFoundError("binder", job_id)
    return _with_job(work, found[0])


def binders_of(work: Work, provider_id: UUID) -> list[dict[str, Any]]:
    """Return the binders of a body that somebody may fetch, newest first. Raises NotFoundError."""
    papers.body_of(work, provider_id)
    table = storage.binder
    query = _seen().where(table.c.provider_id == provider_id).order_by(table.c.asked_at.desc(), table.c.job_id)
    return [_with_job(work, row) for row in storage.rows(work.db, query.limit(50)) if _may(work, row)][:20]


def content_of(work: Work, job_id: UUID) -> bytes:
    """
    Return the ZIP, and log each sheet with names in it as read.

    Raises NotFoundError, ConflictError (`not_ready`, `binder_deleted`).
    """
    row = find(work, job_id)
    if row["job_state"] != "done":
        raise ConflictError(f"the papers are {row['job_state']}", "not_ready")
    content: bytes | None = work.db.scalar(sa.select(storage.binder.c.content).where(storage.binder.c.job_id == job_id))
    if content is None:
        raise ConflictError("the papers were deleted after some days: ask for them again", "binder_deleted")
    papers.log_reads(work, [(UUID(key), version) for key, version in row["sheets"]])
    return content


def binder_job(context: JobContext, rules: PayRules) -> dict[str, Any]:
    """Make every paper, report how far it is, and keep the ZIP. What a job of this kind runs."""
    provider_id, month = UUID(context.params["provider_id"]), date.fromisoformat(context.params["month"])
    with context.database.begin() as db:
        context.still_mine(db)
        statement = statements.make(context.work(db), provider_id, month, rules)
    packed = io.BytesIO()
    sheets: list[tuple[str, int]] = []
    with context.database.read() as db, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        work = _as_who_asked(context.work(db), context.params)
        made = list(_papers(work, context.params, statement, sheets))
        if len(made) > MOST_PAPERS:
            raise InvalidInputError(f"{len(made)} papers; at most {MOST_PAPERS} go into one file")
        for done, (name, make) in enumerate(made):
            if done % REPORT_EVERY == 0:
                context.report({"done": done, "of": len(made)})
            archive.writestr(zipfile.ZipInfo(name, (month.year, month.month, 1, 0, 0, 0)), make())
    with context.database.begin() as db:
        context.still_mine(db)
        kept = {
            "content": packed.getvalue(),
            "papers": len(made),
            "sheets": sheets,
            "delete_at": context.clock.now() + KEPT_FOR,
        }
        db.execute(storage.binder.update().where(storage.binder.c.job_id == context.id).values(**kept))
    context.report({"done": len(made), "of": len(made)})
    return {"papers": len(made), "bytes": len(packed.getvalue())}


def delete_old(service: Service) -> int:
    """Delete the bytes of binders whose days are over; a tick of the service."""
    table = storage.binder
    with service.database.read() as db:
        now = service.clock.now()
        over = sa.and_(table.c.content.is_not(None), table.c.delete_at <= now)
        old = list(db.scalars(sa.select(table.c.job_id).where(over)))
    if old:
        with service.database.begin() as db:
            db.execute(table.update().where(table.c.job_id.in_(old)).values(content=None))
    return len(old)


def _as_who_asked(work: Work, params: Mapping[str, Any]) -> Work:
    """Return the unit of work with the eyes of who asked: an agent of one territory sees no other's people."""
    role = "planner" if params["kind"] == NAMED else "service"
    who = Principal(kind="service", id=work.who.id, role=role, scope=params["territory"])
    return Work(db=work.db, who=who, now=work.now, voice=work.voice, cause_id=work.cause_id)


def _papers(
    work: Work, params: Mapping[str, Any], statement: Mapping[str, Any], sheets: list[tuple[str, int]]
) -> Iterator[Paper]:
    """Yield each paper by the name of its file; sheets with names are noted in `sheets`."""
    provider_id, month, named = (
        UUID(params["provider_id"]),
        date.fromisoformat(params["month"]),
        params["kind"] == NAMED,
    )
    for kind in ("pdf", "xlsx", "csv"):
        yield f"etat-{month:%Y-%m}-v{statement['version']}.{kind}", _statement(statement, kind)
    last = statements.last_day(month)
    for meeting in papers.month_sheets(work, provider_id, month, last):
        if meeting["state"] not in SIGNED:
            continue
        if named:
            sheets.append((str(meeting["id"]), meeting["version"]))
        yield f"feuilles/{meeting['number']}-v{meeting['version']}.pdf", _sheet(work, meeting, named=named)
    if named:
        body = storage.one(work.db, storage.provider, provider_id, "provider")
        for contract in _taught(work, provider_id, month, last):
            yield f"attestations/{contract['reference']}.pdf", _certificate(work, contract, body, (month, last))


def _statement(statement: Mapping[str, Any], kind: str) -> Callable[[], bytes]:
    return lambda: statements.file_of(statement, kind)


def _sheet(work: Work, meeting: Mapping[str, Any], *, named: bool) -> Callable[[], bytes]:
    made_on = work.now.astimezone(ZoneInfo(meeting["zone"])).date()
    return lambda: sheet_pdf(papers.sheet_paper(work, meeting, named=named), blank=False, made_on=made_on)


def _certificate(
    work: Work, contract: Mapping[str, Any], body: Mapping[str, Any], days: tuple[date, date]
) -> Callable[[], bytes]:
    today = work.now.date()
    issuer = (body["code"], body["label"])
    until = (days[0], min(days[1], today))
    return lambda: certificate_pdf(certificates.certificate_of(work, contract, issuer, until, today))


def _taught(work: Work, provider_id: UUID, first: date, last: date) -> list[dict[str, Any]]:
    """Return the contracts under which somebody followed something with a body in these days."""
    held, session, contract, person = storage.presence, storage.session, storage.contract, storage.signatory
    query = (
        sa.select(contract, person.c.reference)
        .join(person, person.c.id == contract.c.signatory_id)
        .where(
            contract.c.id.in_(
                sa.select(held.c.contract_id)
                .join(session, session.c.id == held.c.session_id)
                .where(session.c.provider_id == provider_id, held.c.followed > 0, held.c.held_on.between(first, last))
            )
        )
    )
    if work.who.scope:
        query = query.where(contract.c.territory == work.who.scope)
    return storage.rows(work.db, query.order_by(person.c.reference, contract.c.id))


def _seen() -> sa.Select[Any]:
    table = storage.binder
    columns = [column for column in table.c if column.name != "content"]
    return sa.select(*columns, table.c.content.is_not(None).label("there"))


def _may(work: Work, row: Mapping[str, Any]) -> bool:
    """Say whether somebody may fetch a binder: with names, only an agent who may see all whom it names."""
    if row["kind"] == NAMED and (work.who.role not in OFII or work.who.scope not in {"", row["territory"]}):
        return False
    try:
        papers.body_of(work, row["provider_id"])
    except NotFoundError:
        return False
    return True


def _with_job(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    job = jobs.find(work.db, row["job_id"])
    return dict(row) | {
        "id": row["job_id"],
        "job_state": job["state"],
        "done": job["progress"].get("done", 0),
        "of": job["progress"].get("of", 0),
        "error": job["error"] or "",
    }
