"""The desk before a contract: who waits, who signs, interviews, the record, the signature."""

__all__ = ["booking_form", "reception_pages"]

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler import storage
from services.scheduler.bodies.reception import (
    READS,
    AppointmentOutcomeBody,
    AskFormBody,
    BookingBody,
    CandidateFormBody,
    InterviewRecordBody,
    SignBody,
    SlotsFormBody,
)
from services.scheduler.domain.cells import DAYS
from services.scheduler.domain.intake import DESK_COLUMNS, OFFERS, PARITIES
from services.scheduler.domain.reception import Assessment
from services.scheduler.pages.forms import Choices, Form, submit
from services.scheduler.pages.planner import territory_of
from services.scheduler.pages.public import own_name
from services.scheduler.programmes import codes, rule_book
from services.scheduler.usecases import telling
from services.scheduler.usecases.reception import candidates, interest, interviews
from shared.communes import commune
from shared.errors import ConflictError
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work

Answer = BaseResponse | tuple[str, HTTPStatus]
HALF_DAYS: Choices = [("M", ""), ("A", ""), ("S", "")]
YES_NO: Choices = [("oui", ""), ("non", "")]
ROW = tuple(one for one in DESK_COLUMNS if one not in {"langues_parlees", "lecture", "langue_lecture"})  # known before
KNOWN_AT_SIGNATURE = (
    "date_naissance", "representant_nom", "representant_telephone", "representant_courriel", "offre_linguistique",
)  # fmt: skip
ROWS = 100  # of one page
MOST_PAGES = 100_000
HELPER = ("name", "phone", "relation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One page of a list: its rows, how many there are in all, the number of the next page (0: none)."""

    rows: list[dict[str, Any]]
    total: int
    next: int


def reception_pages(service: Service, *, demo: bool) -> Blueprint:
    """Return the pages of the desk; `demo` accepts invented phones."""
    pages = Blueprint("reception_pages", __name__, template_folder="templates")

    @pages.get("/reception")
    def desk() -> str:
        with acting(service, reading=True) as work:
            code, state = territory_of(work), request.args.get("state") or None
            candidate, declared = storage.candidate, storage.interest
            latest = candidates.listed(code, state).order_by(candidate.c.at.desc(), candidate.c.id)
            people = _part(work, latest, "page")
            waiting = None
            if work.who.role in interest.READERS:
                query = interest.waiting(work, code).order_by(declared.c.declared_at, declared.c.id)
                waiting = _part(work, query, "waiting")
        for one in waiting.rows if waiting else ():
            one |= {"language_name": own_name(one["language"]), "commune_name": commune(one["commune"]).name}
        return render_template("scheduler/reception.html", code=code, people=people, waiting=waiting, state=state)

    @pages.post("/reception/interests/<uuid:interest_id>/dropping")
    def drop_interest(interest_id: UUID) -> BaseResponse:
        with acting(service) as work:
            code = interest.find(work, interest_id)["territory"]
            interest.drop(work, interest_id)
        return redirect(f"/planning/reception?territory={code}", HTTPStatus.SEE_OTHER)

    @pages.route("/reception/candidates/new", methods=["GET", "POST"])
    def enter() -> Any:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            form, declared = _new_candidate(work)

        def shown(form: Form) -> str:
            return render_template("scheduler/candidate_new.html", code=code, form=form, declared=declared)

        def act(contact: Any, _key: UUID) -> str:
            with acting(service) as work:
                row = candidates.enter(work, code, contact, test_numbers=demo)
                if declared is not None:
                    interest.drop(work, declared["id"])
            return f"/planning/reception/candidates/{row['id']}"

        return submit(form, act, shown) if request.method == "POST" else shown(form)

    def candidate_page(candidate_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            row = candidates.find(work, candidate_id)
            seen: dict[str, Any] = {
                "similar": candidates.similar(work, row),
                "answers": candidates.answers(work, candidate_id),
                "appointments": interviews.of_person(work, candidate_id),
                "contract_id": candidates.contract_of(work, candidate_id),
                "commune_name": commune(row["facts"]["commune"]).name,
            }
            forms = _candidate_forms(work, row)
        forms |= {sent.name: sent} if sent else {}
        return render_template("scheduler/candidate.html", code=row["territory"], one=row, forms=forms, **seen)

    def answered(candidate_id: UUID, name: str, act: Any) -> Answer:
        with acting(service, reading=True) as work:
            row = candidates.find(work, candidate_id)
            forms = _candidate_forms(work, row)
        if name not in forms:
            raise ConflictError(_("cette personne n’en est plus là"), "signed")
        back = f"/planning/reception/candidates/{candidate_id}"

        def done(body: Any, key: UUID) -> str:
            with acting(service) as work:
                act(work, body, key)
            return back

        return submit(forms[name], done, lambda form: candidate_page(candidate_id, form))

    @pages.get("/reception/candidates/<uuid:candidate_id>")
    def candidate(candidate_id: UUID) -> str:
        return candidate_page(candidate_id)

    @pages.post("/reception/candidates/<uuid:candidate_id>/answers")
    def ask(candidate_id: UUID) -> Answer:
        return answered(candidate_id, "ask", lambda work, body, _key: candidates.ask(work, candidate_id, *body))

    @pages.post("/reception/candidates/<uuid:candidate_id>/appointment")
    def book(candidate_id: UUID) -> Answer:
        return answered(candidate_id, "book", lambda work, body, key: interviews.book(work, key, **body))

    @pages.post("/reception/candidates/<uuid:candidate_id>/record")
    def record(candidate_id: UUID) -> Answer:
        def act(work: Work, body: dict[str, Any], _key: UUID) -> None:
            row = body.pop("row")
            found = Assessment(**body | {"needs": tuple(body["needs"])})
            interviews.record(work, candidate_id, found, row, test_numbers=demo)

        return answered(candidate_id, "record", act)

    @pages.post("/reception/candidates/<uuid:candidate_id>/signature")
    def sign(candidate_id: UUID) -> Answer:
        def act(work: Work, body: dict[str, Any], _key: UUID) -> None:
            candidates.sign(work, candidate_id, body["signed_on"], body["columns"], test_numbers=demo)

        return answered(candidate_id, "sign", act)

    def slots_page(code: str, form: Form) -> str:
        with acting(service, reading=True) as work:
            since = request.args.get("since", telling.today(work, code), type=date.fromisoformat)
            listed, more = _whole_days(interviews.slots(work, code, since))
            names = interviews.platforms(work, code)
        return render_template(
            "scheduler/slots.html", code=code, slots=listed, more=more, names=names, form=form, may_open=bool(names)
        )

    @pages.route("/reception/slots", methods=["GET", "POST"])
    def slots() -> Any:
        with acting(service, reading=True) as work:
            code = territory_of(work)
            named = list(interviews.platforms(work, code).items())
        form = Form.of("slots", SlotsFormBody(), {"halves": interviews.HALVES}, choices={"platform": named})
        if request.method == "GET":
            return slots_page(code, form)

        def act(body: Mapping[str, Any], _key: UUID) -> str:
            days = interviews.working_days(code, body["first"], body["last"])
            with acting(service) as work:
                interviews.open_slots(work, code, body["platform"], days, body["halves"])
            return f"/planning/reception/slots?territory={code}"

        return submit(form, act, lambda form: slots_page(code, form))

    def slot_page(slot_id: UUID, sent: Form | None = None) -> str:
        with acting(service, reading=True) as work:
            slot = interviews.find_slot(work, slot_id)
            booked = interviews.appointments(work, slot_id)
            names = interviews.platforms(work, slot["territory"])
        forms = {one["id"]: _outcome_form(one["id"]) for one in booked if one["state"] == "booked"}
        forms |= {UUID(sent.name.removeprefix("outcome-")): sent} if sent else {}
        return render_template(
            "scheduler/slot.html", code=slot["territory"], slot=slot, booked=booked, names=names, forms=forms
        )

    @pages.get("/reception/slots/<uuid:slot_id>")
    def slot(slot_id: UUID) -> str:
        return slot_page(slot_id)

    @pages.post("/reception/slots/<uuid:slot_id>/appointments/<uuid:appointment_id>/outcome")
    def outcome(slot_id: UUID, appointment_id: UUID) -> Answer:
        def act(body: dict[str, Any], _key: UUID) -> str:
            with acting(service) as work:
                interviews.outcome(work, appointment_id, **body)
            return f"/planning/reception/slots/{slot_id}"

        return submit(_outcome_form(appointment_id), act, lambda form: slot_page(slot_id, form))

    return pages


def _part(work: Work, query: sa.Select[Any], name: str) -> Part:
    """Return the page of a list for which the address asks under this name."""
    number = min(max(1, request.args.get(name, 1, type=int)), MOST_PAGES)
    rows = storage.rows(work.db, query.offset((number - 1) * ROWS).limit(ROWS))
    total = work.db.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())) or 0
    return Part(rows=rows, total=total, next=number + 1 if total > number * ROWS else 0)


def _whole_days(slots: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], date | None]:
    """Return the half-days of one page, never part of a day, and the day on which the next page begins."""
    if len(slots) <= ROWS:
        return slots, None
    following: date = slots[ROWS]["day"]
    whole = [slot for slot in slots if slot["day"] < following]
    return (whole, following) if whole else (slots, following + timedelta(days=1))


def _new_candidate(work: Work) -> tuple[Form, dict[str, Any] | None]:
    """Return the form for somebody new, filled from a declared interest where the address names one."""
    asked = request.args.get("interest", type=UUID)
    declared = interest.find(work, asked) if asked else None
    known: dict[str, Any] = {"channel": "sms", "programme": codes()[-1]}
    if declared is not None:
        private, language = declared["private"], declared["language"]
        known |= {"entry": "self_declared", "alias": private["called"][:30], "commune": declared["commune"]}
        known |= {"spoken": [language], "reading_language": language}
        known |= {"phone": private["phone"], "email": private["email"]}
        known |= {"channel": "sms" if private["phone"] else "courriel"}
    return Form.of("enter", CandidateFormBody(), known, choices=_programmes()), declared


def _candidate_forms(work: Work, row: Mapping[str, Any]) -> dict[str, Form]:
    """Return the forms that make sense for a candidate as they stand."""
    if row["state"] == "signed":
        return {}
    programme = {"programme": row["programme"]}
    found = [Form.of("ask", AskFormBody(), programme, choices=_programmes())]
    if row["state"] != "not_eligible":
        found += [booking_form(work, "book", row["id"], row["territory"], "interview"), _record_form(row)]
    if row["verdict"] == "yes" and row["record"] is not None:
        found.append(
            Form.of(
                "sign",
                SignBody(),
                cells={"columns": KNOWN_AT_SIGNATURE},
                choices={"offre_linguistique": [(one, "") for one in OFFERS if one]},
            )
        )
    return {form.name: form for form in found}


def _record_form(row: Mapping[str, Any]) -> Form:
    book = rule_book(row["programme"])
    levels = [(one, one) for one in book["levels"]]
    kept = row["record"] or {"row": {}, "assessed": {}}
    named: dict[str, Choices] = {
        "oral": levels,
        "written": levels,
        "niveau": levels,
        "semaines": [(one, "") for one in PARITIES],
        "deplacement": [(one, "") for one in ("transport", "voiture", "velo", "marche")],
        "acces_pmr": YES_NO,
        "garde_enfants": YES_NO,
        **dict.fromkeys(DAYS, HALF_DAYS),
    }
    known = kept["assessed"] | {"row": kept["row"]}
    return Form.of("record", InterviewRecordBody(), known, choices=named, cells={"row": ROW, "helper": HELPER})


def _outcome_form(appointment_id: UUID) -> Form:
    return Form.of(f"outcome-{appointment_id}", AppointmentOutcomeBody())


def _programmes() -> dict[str, Choices]:
    return {"programme": [(code, rule_book(code).label) for code in codes()], "reads": [(one, "") for one in READS]}


def booking_form(work: Work, name: str, person_id: UUID, territory: str, kind: str) -> Form:
    """Return the form that books somebody into a half-day, or moves the appointment they have."""
    booked = interviews.booked(work, person_id, kind)
    form = Form.of(
        name,
        BookingBody(),
        {"slot_id": booked["slot_id"]} if booked else {},
        fixed={"person_id": str(person_id), "kind": kind},
        choices={"slot_id": _free_slots(work, territory)},
    )
    return replace(form, key=booked["id"]) if booked else form


def _free_slots(work: Work, territory: str) -> Choices:
    """Return the half-days that have a place, in words."""
    halves = {"morning": _("matin"), "afternoon": _("après-midi")}
    names = interviews.platforms(work, territory)
    return [
        (
            str(one["id"]),
            _(
                "%(day)s, %(half)s, %(platform)s – places libres : %(free)s",
                day=format_date(one["day"], "full"),
                half=halves[one["half"]],
                platform=names.get(one["platform"], one["platform"]),
                free=one["free"],
            ),
        )
        for one in interviews.slots(work, territory, telling.today(work, territory))
        if one["free"] > 0
    ]
