"""
One contract: its life and everything that an agent may do about it now, each as a form on the contract's own page.

Which forms are there follows from the state, the role and the rules; a form that is not there is not possible.
"""

__all__ = ["contract_pages"]

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from services.scheduler.bodies.life import (
    ActBody,
    DecisionBody,
    DismissalBody,
    DutyBookingBody,
    DutyRecordBody,
    ProposalBody,
    SignatureBody,
)
from services.scheduler.bodies.prescriptions import (
    DifficultyBody,
    FollowUpBody,
    LevelBody,
    LogBody,
    OfferAnswerBody,
    OrientationBody,
    PaperQuery,
)
from services.scheduler.domain.duties import BOOKED_ELSEWHERE, CLOSING, CONVENED, OUTCOMES
from services.scheduler.domain.life import MOVES, PLANNED, REASONS, UNDERWAY, moves_from
from services.scheduler.pages.forms import Form, submit
from services.scheduler.pages.reception import booking_form
from services.scheduler.programmes import rule_book
from services.scheduler.usecases import contracts, duties, extensions, life, prescriptions, telling
from services.scheduler.usecases.reception import interviews
from shared.errors import ConflictError
from shared.service import Service
from shared.web.frame import acting
from shared.work import Work

OFFICE = ("planner", "auditor")
SIGNERS = (*OFFICE, "prefecture")
Acts = Callable[[Work, "Asked"], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One form as it was sent: about which contract, which part of it, with what, under which id."""

    contract: Mapping[str, Any]
    target: str
    body: Any
    key: UUID

    @property
    def id(self) -> UUID:
        return UUID(self.target)


# path after the contract -> what its form does. A form is called `path` or `path-target`.
DOORS: Mapping[str, Acts] = {
    "move": lambda work, it: life.act(work, it.key, it.contract["id"], it.body),
    "sign": lambda work, it: contracts.sign(work, it.contract["id"], it.target, it.body["on"]),
    "propose": lambda work, it: extensions.propose(work, it.key, it.contract["id"], it.body),
    "decide": lambda work, it: extensions.decide(work, it.id, it.body),
    "duty": lambda work, it: duties.record(work, it.id, it.body["outcome"], it.body["on"], it.body["words"]),
    "booking": lambda work, it: duties.book(work, it.id, it.body["on"]),
    "appointment": lambda work, it: interviews.book(work, it.key, **it.body),
    "dismiss": lambda work, it: extensions.dismiss(work, it.key, it.id, it.body["reason"], it.body["words"]),
    "follow-up": lambda work, it: prescriptions.follow_up(
        work, it.contract["id"], it.target, it.body["state"], it.body["on"]
    ),
    "platform": lambda work, it: prescriptions.report(work, it.contract["id"], it.body),
    "language-offer": lambda work, it: prescriptions.answer_offer(work, it.contract["id"], it.body["answer"]),
    "difficulty": lambda work, it: prescriptions.orient(work, it.contract["id"], it.body["why"]),
    "orientation": lambda work, it: prescriptions.answer_orientation(work, it.id, it.body["state"]),
    "level": lambda work, it: prescriptions.place_again(
        work,
        it.contract["signatory_id"],
        {name: value for name, value in it.body.items() if name != "on"},
        it.body["on"],
    ),
}
WITH_TARGET = DOORS.keys() - {"propose", "platform", "language-offer", "difficulty", "level"}


def contract_pages(service: Service, legal_texts: Path | None) -> Blueprint:
    """Return the contract's page, its forms and its paper."""
    pages = Blueprint("contract_pages", __name__, template_folder="templates")

    def seen(contract_id: UUID) -> tuple[dict[str, Any], dict[str, Form]]:
        with acting(service, reading=True) as work:
            found = contracts.page_of(work, contract_id)
            return found, _forms(work, found)

    def shown(contract_id: UUID, sent: Form | None = None) -> str:
        found, forms = seen(contract_id)
        forms |= {sent.name: sent} if sent else {}
        return render_template("scheduler/contract.html", code=found["territory"], one=found, forms=forms, sent=sent)

    @pages.get("/contracts/<uuid:contract_id>")
    def read_contract(contract_id: UUID) -> str:
        return shown(contract_id)

    @pages.get("/contracts/<uuid:contract_id>/paper")
    def paper(contract_id: UUID) -> Response:
        asked = Form.of("paper", PaperQuery()).load(request.args)
        with acting(service, reading=True) as work:
            content = contracts.paper(work, contract_id, asked["language"], legal_texts)
        name = {"Content-Disposition": f'inline; filename="{contract_id}.pdf"'}
        return Response(content, mimetype="application/pdf", headers=name)

    def door(path: str, act: Acts) -> Callable[..., BaseResponse | tuple[str, HTTPStatus]]:
        def take(contract_id: UUID, target: str = "") -> BaseResponse | tuple[str, HTTPStatus]:
            found, forms = seen(contract_id)
            name = f"{path}-{target}" if target else path
            if name not in forms:
                raise ConflictError(_("le contrat n’en est plus là : relisez sa page"), "not_possible_now")

            def done(body: Any, key: UUID) -> str:
                with acting(service) as work:
                    act(work, Asked(contract=found, target=target, body=body, key=key))
                return f"/planning/contracts/{contract_id}"

            return submit(forms[name], done, lambda form: shown(contract_id, form))

        return take

    for path, act in DOORS.items():
        rule = f"/contracts/<uuid:contract_id>/{path}" + ("/<string:target>" if path in WITH_TARGET else "")
        pages.add_url_rule(rule, f"contract_{path}", door(path, act), methods=["POST"])
    return pages


def _forms(work: Work, found: Mapping[str, Any]) -> dict[str, Form]:
    """Return the forms of what this person may do about this contract as it stands."""
    role, forms = work.who.role, []
    forms += _moves(found, role)
    if role in SIGNERS:
        forms += [
            Form.of(f"sign-{party}", SignatureBody()) for party in found["parties"] if party not in found["signatures"]
        ]
    if role == "prefecture":
        pending = [one for one in found["proposals"] if one["state"] == "pending"]
        forms += [Form.of(f"decide-{one['id']}", DecisionBody(), {"months": one["months"]}) for one in pending]
    if role in OFFICE:
        forms += _proposal(work, found, role)
        forms += [Form.of(f"dismiss-{one['id']}", DismissalBody()) for one in found["flags"]]
        forms += [form for one in found["duties"] if one["state"] != "done" for form in _duty(work, found, one)]
        forms += _prescriptions(work, found)
    return {form.name: form for form in forms}


def _moves(found: Mapping[str, Any], role: str) -> list[Form]:
    forms = []
    for move in moves_from(found["state"], role):
        if move.name in life.BY_PROPOSAL:
            continue
        choices = {"reason": [(one, "") for one in REASONS[move.name]]} if move.name in REASONS else {}
        fixed = {"move": move.name}
        forms.append(Form.of(f"move-{move.name}", ActBody(), only=("on", *move.needs), fixed=fixed, choices=choices))
    return forms


def _proposal(work: Work, found: Mapping[str, Any], role: str) -> list[Form]:
    """Return the form of a proposal, filled with the drafted opinion, where a flag or the state gives its evidence."""
    possible = found["state"] in MOVES["propose_extension"].goes and role in MOVES["propose_extension"].by
    if not possible or any(one["state"] == "pending" for one in found["proposals"]):
        return []
    draft = extensions.draft(work, found["id"])
    return [Form.of("propose", ProposalBody(), {"opinion": draft["opinion"]})] if draft["evidence"] else []


def _duty(work: Work, found: Mapping[str, Any], one: Mapping[str, Any]) -> list[Form]:
    outcomes = [(code, "") for code in OUTCOMES[one["kind"]] if one["kind"] != CLOSING or code == "not_owed"]
    forms = [Form.of(f"duty-{one['id']}", DutyRecordBody(), choices={"outcome": outcomes})]
    if one["kind"] in BOOKED_ELSEWHERE:
        forms.append(Form.of(f"booking-{one['id']}", DutyBookingBody(), {"on": one["booked_on"]}))
    if one["kind"] in CONVENED:
        name = f"appointment-{one['kind']}"
        forms.append(booking_form(work, name, found["signatory_id"], found["territory"], one["kind"]))
    return forms


def _prescriptions(work: Work, found: Mapping[str, Any]) -> list[Form]:
    forms = [Form.of(f"orientation-{one['id']}", OrientationBody()) for one in found["orientations"]]
    running = found["state"] in UNDERWAY
    known = {one["offer"] for one in found["follow_ups"]}
    forms += [Form.of(f"follow-up-{code}", FollowUpBody()) for code in found["offers"] if running or code in known]
    if running:
        forms.append(Form.of("difficulty", DifficultyBody()))
    if running and found["language_offer"]:
        forms.append(Form.of("language-offer", OfferAnswerBody(), {"answer": found["language_offer"]}))
    if found["on_platform"]:
        forms.append(Form.of("platform", LogBody(), {"reported_on": telling.today(work, found["territory"])}))
    if found["state"] in PLANNED:
        book = rule_book(found["programme"]).at(found["territory"], found["signed_on"])
        scale = [(one, one) for one in book["levels"]]
        courses = dict.fromkeys(hours for level in book["levels"] for hours in book.packages(level))
        named = {"level": scale, "oral": scale, "written": scale, "course": [(one, f"{one} h") for one in courses]}
        forms.append(Form.of("level", LevelBody(), choices=named))
    return forms
