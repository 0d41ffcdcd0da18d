"""
Every operation of the three APIs under schemathesis: no server error, only documented answers, and a 2xx at least once.

Ids come from a seeded house, so that operations on one thing meet a thing.
"""

import base64
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.attendance import storage as rolls
from services.attendance.domain.sheet_numbers import sheet_number
from services.scheduler import storage
from services.scheduler.domain.codec import to_json
from services.scheduler.usecases import life
from services.scheduler.usecases.planning import session_value
from shared.envelope import encode
from shared.events import Meeting, PlacementState, SessionState
from shared.ids import new_id
from shared.inbox import hear
from tests.doors import OFFER, SCANNED, a_house, csv_of, person, xlsx_of

PREFIXES = {"scheduler": "/planning", "attendance": "/attendance", "notifications": "/notices"}
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
EXAMPLES = 12


CONTACT = {
    "family_name": "Noori", "given_name": "Zahra", "alias": "Tulipe", "phone": "+999000000901", "commune": "93008",
    "spoken": ["ps"], "reads": "with_help", "reading_language": "ps", "channel": "sms", "programme": "cir-2025",
}  # fmt: skip
INTEREST = {
    "called": "Zahra", "commune": "Bobigny", "language": "prs", "permit_kind": "multi_year", "phone": "+999000000777",
}  # fmt: skip
PROPOSAL = {"reason": "illness", "stated_by": "person", "months": 6, "opinion": "Assidue, en cours de formation."}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A house with a published plan, a marked roll, flags and notices; and the ids to use in paths."""
    with a_house(tmp_path_factory.mktemp("api") / "var") as house:
        rows = [person(n, langues_parlees="fr;ar", lecture="non") for n in range(1, 25)]
        batch = house.send("mois.csv", csv_of([*rows, person(99, niveau="C3")])).json()["batch_id"]
        house.send("offre.xlsx", xlsx_of(OFFER), kind="offer")
        run_id = str(new_id())
        body = {"territory": "93", "programme": "cir-2019", "seconds": 3}
        house.planner.put(f"/planning/api/v1/runs/{run_id}", body)
        house.stage.run_jobs()
        house.planner.post(f"/planning/api/v1/runs/{run_id}/publication")
        house.drain()
        sessions = house.planner.items("/planning/api/v1/sessions", territory="93")
        assert sessions, house.planner.get(f"/planning/api/v1/runs/{run_id}")
        showing = _at_the_desk(house)
        chooser, offer = _at_home(house)
        house.cancelled = max(sessions, key=lambda one: one["starts_on"])["id"]
        house.ask("planner", "POST", f"/sessions/{house.cancelled}/cancellation", {"reason": "room"}).raise_for_status()
        house.drain()
        needs = house.planner.items("/planning/api/v1/needs", territory="93")
        body_door = house.door("body-ORG")
        first, roll = _first_roll_with_people(house, body_door, sorted({session["starts_on"] for session in sessions}))
        absent, away = (one["signatory_id"] for one in roll["people"][:2])
        marks = [
            {"id": str(new_id()), "signatory_id": one["signatory_id"], "status": "present", **SCANNED}
            if one["signatory_id"] not in {absent, away}
            else {"id": str(new_id()), "signatory_id": one["signatory_id"], "status": "absent_unexplained"}
            for one in roll["people"]
        ]
        sheet = {"meeting_id": roll["id"], "marks": marks}
        body_door.post("/attendance/api/v1/rolls/marks", {"rolls": [sheet | {"sign": True}]})
        house.drain()
        told = house.admin.get("/notices/api/v1/notices", state="accepted", limit=50)["items"]
        # one that was a message of its own: what rides on another has no attempts
        details = (house.admin.get(f"/notices/api/v1/notices/{one['id']}") for one in told)
        sent = next(one for one in details if one["channel"] == "sms" and one["segments"])
        task = house.planner.items("/notices/api/v1/tasks")[0]["id"]
        listed = house.planner.items("/attendance/api/v1/absences", territory="93")
        (absence,) = [one for one in listed if one["signatory_id"] == absent]
        (other,) = [one for one in listed if one["signatory_id"] == away]
        contract, proposal = _proposal(house)
        house.ids = {
            "batch_id": batch, "sheet": "signataires", "number": 26, "run_id": run_id,
            "signatory_id": needs[0]["signatory_id"], "contract_id": contract, "proposal_id": proposal,
            "meeting_id": roll["id"], "mark_id": absence["id"], "notice_id": sent["id"],
            "task_id": task,
            "attempt_id": str(new_id()), "showing_id": showing, "session_id": sessions[0]["id"],
            "offer_id": offer,
        }  # fmt: skip
        house.bodies = {
            "POST /api/v1/sessions": {"login": "admin", "password": house.passwords["admin"]},
            "PUT /api/v1/runs/{run_id}": body,
            "PATCH /api/v1/imports/{batch_id}/rows/{sheet}/{number}": {"cells": {"niveau": "B9"}},
            "PUT /api/v1/contracts/{contract_id}/proposals/{proposal_id}": PROPOSAL,
            "POST /api/v1/proposals/{proposal_id}/decision": {
                "accepted": True,
                "reference": "93-2026-12",
                "decided_on": "2026-01-20",
                "months": 6,
                "lawful_stay": True,
                "notified_on": "2026-01-20",
            },
            "POST /api/v1/eligibility": {"programme": "cir-2025", "facts": {"citizenship": "other", "age": 33}},
            "POST /api/v1/rolls/marks": {"rolls": [sheet]},
            "POST /api/v1/absences/{mark_id}/qualification": {"id": str(new_id()), "justified": False},
            "PUT /api/v1/attempts/{attempt_id}": {"signatory_id": absent, "method": "call", "outcome": "reached"},
            "PUT /api/v1/contracts/{contract_id}/level": {"level": "A1", "test": "final", "reached_on": first},
            "POST /api/v1/notices/{notice_id}/receipts": {"id": str(new_id()), "state": "delivered"},
            "PUT /api/v1/slot-offers/{offer_id}": {"signatory_id": chooser},
            "POST /api/v1/tasks/{task_id}/outcome": {"outcome": "not_reached"},
        }
        house.queries = {
            "GET /api/v1/rolls": {"day": first},
            "POST /api/v1/imports": {"territory": "93", "kind": "intake"},
        }
        house.upload = csv_of([person(77)])
        _contract_life(house, contract)
        _what_if(house, run_id)
        _two_steps(house, body)
        _papers(house, roll, roll["people"][0]["contract_id"])
        _after_the_roll(house, roll, away, other["id"])
        _in_the_room(house)
        yield house


def _at_the_desk(house):
    """Give somebody new a seat at the desk; return the id of what they were shown."""
    house.send("un.csv", csv_of([person(82, langues_parlees="fr;ar")])).raise_for_status()
    with house.house.services["scheduler"].database.read() as db:
        key = db.scalar(sa.select(storage.signatory.c.id).where(storage.signatory.c.reference == "93-2025-000082"))
    showing = str(new_id())
    shown = house.ask("auditor", "PUT", f"/showings/{showing}", {"signatory_id": str(key)}).json()
    assert shown["itineraries"], shown
    house.ask("auditor", "POST", f"/showings/{showing}/choice", {"number": 1}).raise_for_status()
    house.drain()
    return showing


def _at_home(house):
    """Let somebody new choose at home; return them and the id of the offer."""
    house.send("un.csv", csv_of([person(83, langues_parlees="fr;ar")])).raise_for_status()
    with house.house.services["scheduler"].database.read() as db:
        key = db.scalar(sa.select(storage.signatory.c.id).where(storage.signatory.c.reference == "93-2025-000083"))
    offer = str(new_id())
    house.ask("planner", "PUT", f"/slot-offers/{offer}", {"signatory_id": str(key)}).raise_for_status()
    house.drain()
    return str(key), offer


def _proposal(house):
    """Near the term somebody who came once has a flag: propose an extension; return (contract, proposal)."""
    house.clock.set(datetime(2026, 1, 20, 9, tzinfo=UTC))
    house.drain()
    flags = house.planner.items("/attendance/api/v1/flags", territory="93", state="open")
    contract = next(flag["contract_id"] for flag in flags if flag["kind"] == "extension_review_due")
    proposal = str(new_id())
    house.planner.put(f"/planning/api/v1/contracts/{contract}/proposals/{proposal}", PROPOSAL)
    return contract, proposal


def _contract_life(house, proposed):
    """Add what the operations on candidates, interviews and the life of contracts need to meet a thing."""
    today, known = "2026-01-20", {"permit_kind": "multi_year", "permit_motive": "family", "citizenship": "other"}
    facts = known | {"family_of_eu_citizen": False, "age": 29, "first_admission": True, "came_by_own_wish": False}
    facts |= {"secondary_school_years": 0, "university_years": 0}
    offered = person(
        78, programme="cir-2025", date_signature="2025-09-01", niveau="A1", formation_linguistique="plateforme"
    )
    house.send("trois.csv", csv_of([offered, person(79), person(80), person(81)])).raise_for_status()
    with house.house.services["scheduler"].database.read() as db:
        person_of = storage.signatory.c
        by_reference = dict(db.execute(sa.select(person_of.reference, person_of.id)).all())
        contract_of = dict(db.execute(sa.select(storage.contract.c.signatory_id, storage.contract.c.id)).all())
    apart = [by_reference[f"93-2025-{number:06d}"] for number in (78, 79, 80, 81)]
    service = house.house.services["scheduler"]
    ended = contract_of[apart[2]]
    with service.database.begin() as db:
        for training in ("civic", "language"):
            life.settle(service.work(db), ended, training, "completed", house.clock.now().date())
    candidate = house.ask("auditor", "PUT", "/territories/93/candidates/93-2026-A", CONTACT).json()["id"]
    slots = {"platform": "PF93", "days": ["2026-01-26"], "halves": ["morning"]}
    house.ask("planner", "POST", "/territories/93/interview-slots", slots).raise_for_status()
    (slot,) = house.ask("planner", "GET", "/interview-slots?territory=93&since=2026-01-26").json()
    travel = house.ask("planner", "POST", f"/contracts/{proposed}/difficulties", {"why": "travel"}).json()
    duties = house.ask("planner", "GET", f"/contracts/{ended}").json()["duties"]
    flags = house.planner.items("/planning/api/v1/flags", territory="93")
    house.ids |= {
        "territory": "93", "reference": "93-2026-B", "candidate_id": candidate, "appointment_id": str(new_id()),
        "move_id": str(new_id()), "dismissal_id": str(new_id()), "party": "prefect", "offer": "AT1",
        "flag_id": next(one["id"] for one in flags if one["state"] == "open"),
        "duty_id": next(one["id"] for one in duties if one["kind"] == "certification_offer"),
        "orientation_id": travel[0]["id"], "merge_id": str(new_id()), "interest_id": str(new_id()),
    }  # fmt: skip
    house.special = {
        "PUT /api/v1/showings/{showing_id}": {"showing_id": str(new_id())},
        "POST /api/v1/interests/{interest_id}/dropping": {"interest_id": _interest(house)},
        "PUT /api/v1/contracts/{contract_id}/moves/{move_id}": {"contract_id": contract_of[apart[1]]},
        "POST /api/v1/contracts/{contract_id}/platform": {"contract_id": contract_of[apart[0]]},
        "PUT /api/v1/contracts/{contract_id}/language-offer": {"contract_id": contract_of[apart[0]]},
    }
    level = {"level": "A1", "oral": "A1", "written": "A1", "confidence": "high"}
    row = {"niveau": "NLNS", "formation_linguistique": "600", "lundi": "MA", "semaines": "toutes", "acces_pmr": "non"}
    row |= {"deplacement": "transport", "trajet_max_min": "60", "garde_enfants": "non"}
    record = {"oral": "infra-A1", "written": "NLNS", "confidence": "low", "institutions": "none", "row": row}
    house.bodies |= {
        "PUT /api/v1/contracts/{contract_id}/moves/{move_id}": {"move": "postpone", "on": today, "reason": "illness"},
        "PUT /api/v1/contracts/{contract_id}/signatures/{party}": {"on": today},
        "POST /api/v1/duties/{duty_id}/booking": {"on": "2026-02-20"},
        "POST /api/v1/duties/{duty_id}/record": {"outcome": "declined", "on": today},
        "PUT /api/v1/flags/{flag_id}/dismissals/{dismissal_id}": {"reason": "seat_found"},
        "PUT /api/v1/territories/{territory}/candidates/{reference}": CONTACT | {"family_name": "Autre"},
        "POST /api/v1/candidates/{candidate_id}/answers": {"programme": "cir-2025", "facts": facts},
        "POST /api/v1/territories/{territory}/interview-slots": slots | {"days": ["2026-01-27"]},
        "PUT /api/v1/appointments/{appointment_id}": {"person_id": candidate, "slot_id": slot["id"]},
        "POST /api/v1/appointments/{appointment_id}/outcome": {"state": "cancelled"},
        "PUT /api/v1/candidates/{candidate_id}/record": record,
        "POST /api/v1/candidates/{candidate_id}/signature": {"signed_on": today},
        "PUT /api/v1/contracts/{contract_id}/follow-ups/{offer}": {"state": "prescribed"},
        "POST /api/v1/contracts/{contract_id}/platform": {"reported_on": today, "minutes": 30},
        "PUT /api/v1/contracts/{contract_id}/language-offer": {"answer": "accepted"},
        "POST /api/v1/contracts/{contract_id}/difficulties": {"why": "travel"},
        "POST /api/v1/orientations/{orientation_id}/outcome": {"state": "accepted"},
        "POST /api/v1/signatories/{signatory_id}/levels": level | {"on": today},
        "PUT /api/v1/signatories/{signatory_id}/contact": {"email": "autre@example.org", "channel": "courriel"},
        "PUT /api/v1/showings/{showing_id}": {"signatory_id": str(apart[3])},
        "POST /api/v1/showings/{showing_id}/choice": {"number": 1},
        "PUT /api/v1/merges/{merge_id}": {"kept_id": str(apart[1]), "other_id": str(apart[2])},
        "PUT /api/v1/interests/{interest_id}": INTEREST,
    }
    waiver = {"rule": "reach", "reason": "own_wish", "agreed_by": "person", "agreed_on": today}
    house.ids["waiver_id"] = str(new_id())
    house.bodies["PUT /api/v1/waivers/{waiver_id}"] = waiver | {"signatory_id": str(apart[3])}
    house.queries |= {"GET /api/v1/waivers": {"territory": "93"}}
    house.queries |= {"GET /api/v1/travel-times": {"territory": "93", "commune": "93008"}}
    house.bodies["POST /api/v1/sessions/{session_id}/cancellation"] = {"reason": "room"}
    house.special["POST /api/v1/sessions/{session_id}/cancellation"] = {"session_id": house.cancelled}
    house.queries["GET /api/v1/shaken-sessions"] = {"territory": "93", "programme": "cir-2019"}
    house.queries |= {"GET /api/v1/interview-slots": {"territory": "93", "since": today}}
    house.queries |= {f"GET /api/v1/{one}": {"territory": "93"} for one in ("worklist", "duplicates", "merges")}


def _what_if(house, run_id):
    """Add a scenario with a change, advice on the run, and somebody who has moved from one group to another."""
    change = {"kind": "room_more", "like": "R1"}
    asked = {"territory": "93", "programme": "cir-2019", "name": "Essai", "changes": [change]}
    scenario, advice = str(new_id()), str(new_id())
    made = house.planner.put(f"/planning/api/v1/scenarios/{scenario}", asked)
    house.planner.put(f"/planning/api/v1/runs/{run_id}/advice/{advice}", {"top": 1, "seconds": 1})
    search = str(new_id())
    house.planner.put(f"/planning/api/v1/rescue-searches/{search}", {"territory": "93", "programme": "cir-2019"})
    house.stage.run_jobs()
    table, service = storage.placement, house.house.services["scheduler"]
    with service.database.begin() as db:
        seat = storage.rows(
            db, sa.select(table).where(table.c.state == "active", table.c.part == "200").order_by(table.c.id)
        )[0]
        other = db.scalar(sa.select(storage.session.c.id).where(storage.session.c.id != seat["session_id"]))
        left = seat | {"id": new_id(), "session_id": other, "state": "withdrawn"}
        db.execute(table.insert().values(**left))
        group = session_value(storage.one(db, storage.session, seat["session_id"], "session"), started=False)
        found = {"groups": [{"session": to_json(group), "seats": []}]}  # opened before: opening it again is the same
        db.execute(storage.rescue_search.update().where(storage.rescue_search.c.id == UUID(search)).values(**found))
    house.ids |= {
        "scenario_id": scenario, "change_id": made["changes"][0]["id"], "copy_id": str(new_id()),
        "advice_id": advice, "search_id": search, "placement_id": str(left["id"]),
    }  # fmt: skip
    house.special |= {
        "PUT /api/v1/scenarios/{scenario_id}/changes/{change_id}": {"change_id": str(new_id())},
        "PUT /api/v1/runs/{run_id}/advice/{advice_id}": {"advice_id": str(new_id())},
        "POST /api/v1/rescue-searches/{search_id}/groups/{session_id}/opening": {"session_id": str(seat["session_id"])},
    }
    house.bodies |= {
        "PUT /api/v1/scenarios/{scenario_id}": asked,
        "PUT /api/v1/scenarios/{scenario_id}/changes/{change_id}": change,
        "POST /api/v1/scenarios/{scenario_id}/solving": {"seconds": 1, "work_limit": 1},
        "PUT /api/v1/scenarios/{scenario_id}/copies/{copy_id}": {"name": "Suite"},
        "PUT /api/v1/runs/{run_id}/advice/{advice_id}": {"top": 1, "seconds": 1},
        "PUT /api/v1/rescue-searches/{search_id}": {"territory": "93", "programme": "cir-2019"},
        "POST /api/v1/placements/{placement_id}/rescue": {"session_id": str(seat["session_id"])},
    }
    house.queries |= {f"GET /api/v1/{one}": {"territory": "93"} for one in ("scenarios", "rescues")}


def _two_steps(house, body):
    """Put two plans to the training bodies, the second instead of the first; let two groups be offered otherwise."""
    house.send("mois.csv", csv_of([person(n, langues_parlees="fr;ar") for n in range(200, 214)])).raise_for_status()
    runs = [str(new_id()), str(new_id())]
    for run in runs:
        house.planner.put(f"/planning/api/v1/runs/{run}", body | {"work_limit": 2})
        house.stage.run_jobs()
        house.ask("planner", "PUT", f"/runs/{run}/consultation", {}).raise_for_status()
    first, second, third = house.ask("body-ORG", "GET", "/sessions-to-confirm").json()[:3]
    counter = str(new_id())
    later = str(house.clock.now().date() + timedelta(days=60))
    for group, key in ((second, str(new_id())), (third, counter)):
        path = f"/sessions-to-confirm/{group['id']}/answers/{key}"
        house.ask("body-ORG", "PUT", path, {"answer": "counter", "starts_on": later}).raise_for_status()
    group = "/api/v1/sessions-to-confirm/{consulted_id}"
    house.ids |= {"consulted_id": first["id"], "answer_id": str(new_id()), "decision_id": str(new_id())}
    house.bodies |= {
        "PUT /api/v1/runs/{run_id}/consultation": {},
        f"PUT {group}/answers/{{answer_id}}": {"answer": "confirm"},
        f"PUT {group}/decisions/{{decision_id}}": {"decision": "turn_down", "answer_id": counter},
    }
    house.special |= {
        "PUT /api/v1/runs/{run_id}/consultation": {"run_id": runs[1]},
        "GET /api/v1/runs/{run_id}/consultation": {"run_id": runs[1]},
        "POST /api/v1/runs/{run_id}/consultation/withdrawal": {"run_id": runs[0]},
        f"GET {group}/effect": {"consulted_id": second["id"]},
        f"PUT {group}/decisions/{{decision_id}}": {"consulted_id": third["id"]},
    }


def _in_the_room(house):
    """Let a meeting be on now, with somebody in it, somebody beside the list, and a drawn act."""
    attendance = house.house.services["attendance"]
    now = house.clock.now()
    with attendance.database.read() as db:
        first = {
            name: rolls.rows(db, getattr(rolls, name).select().limit(1))[0] for name in ("provider", "site", "contract")
        }
    session, room, guest, act = (str(new_id()) for _ in range(4))
    local = now.astimezone(ZoneInfo(first["site"]["zone"]))
    meeting = Meeting(
        meeting_id=UUID(room), held_on=local.date(), slot="morning", starts_at=local.time().replace(minute=0, second=0),
        minutes=180, part="S1",
    )  # fmt: skip
    told = (
        SessionState(
            subject_version=1, session_id=UUID(session), provider_id=first["provider"]["id"],
            site_id=first["site"]["id"], training="civic", package="S1", trainer="F1", state="open", meetings=(meeting,),
        ),
        PlacementState(
            subject_version=1, placement_id=new_id(), contract_id=first["contract"]["id"],
            signatory_id=first["contract"]["signatory_id"], session_id=UUID(session), part="S1", joins_on=local.date(),
            state="active",
        ),
    )  # fmt: skip
    keys = attendance.voice.seal_keys
    bodies = [
        encode(one, event_id=new_id(), at=now, cause_id=new_id(), actor="planner:t", seal_keys=keys) for one in told
    ]
    hear(attendance.hearer, bodies)
    strokes = base64.b64encode(json.dumps([[[n, n] for n in range(20)]]).encode()).decode()
    seated = str(first["contract"]["signatory_id"])
    drawn = {"kind": "drawn", "subject_id": seated, "media_type": "application/json", "content": strokes}
    door, rules = house.door("body-ORG"), "/api/v1/rolls/{meeting_id}"
    door.put(f"/attendance/api/v1/rolls/{room}/acts/{act}", drawn)
    door.put(f"/attendance/api/v1/rolls/{room}/provisional/{guest}", {"name": "Maya ROY"})
    house.ids |= {
        "act_id": act, "provisional_id": guest, "identification_id": str(new_id()), "word_id": str(new_id()),
    }  # fmt: skip
    house.special |= {
        f"GET {rules}/acts/{{act_id}}/content": {"meeting_id": room},
        f"PUT {rules}/acts/{{act_id}}": {"meeting_id": room, "act_id": str(new_id())},
        f"PUT {rules}/provisional/{{provisional_id}}": {"meeting_id": room, "provisional_id": str(new_id())},
        f"POST {rules}/relays": {"meeting_id": room},
    }
    house.bodies |= {
        f"PUT {rules}/acts/{{act_id}}": drawn,
        f"PUT {rules}/provisional/{{provisional_id}}": {"name": "Maya ROY"},
        "PUT /api/v1/provisional/{provisional_id}/identifications/{identification_id}": {"reference": None},
        "PUT /api/v1/contacts/{word_id}": {"meeting_id": room, "signatory_id": seated},
    }


def _after_the_roll(house, roll, absent, mark):
    """Let the absent person answer and send a photo, a correction be asked for, and three meetings wait for a word."""
    house.account("absent", "signatory", absent)
    attendance, now = house.house.services["attendance"], house.clock.now()
    with attendance.database.read() as db:
        held, seat, session = rolls.meeting, rolls.placement, rolls.session
        taken = sa.select(rolls.roll.c.meeting_id)
        over = sa.and_(held.c.held_on < now.date(), held.c.id.not_in(taken), session.c.state == "open")
        query = sa.select(held.c.id).join(session, session.c.id == held.c.session_id).where(over)
        waiting = [str(key) for key in db.scalars(query.order_by(held.c.held_on))]
        mine = sa.and_(seat.c.signatory_id == UUID(absent), seat.c.state == "active", seat.c.joins_on <= held.c.held_on)
        own = sa.and_(seat.c.session_id == held.c.session_id, seat.c.part == held.c.part)
        seated = sa.select(held.c.id, held.c.held_on).join(seat, own).where(mine, held.c.id.not_in(taken))
        (coming, _), *_, (late, on) = db.execute(seated.order_by(held.c.held_on.desc())).all()
    waiting = [key for key in waiting if key != str(late)]
    sheet = house.door("body-ORG").get(f"/attendance/api/v1/rolls/{late}")
    seen = [
        {"id": str(new_id()), "signatory_id": one["signatory_id"], "status": "present", **SCANNED}
        for one in sheet["people"]
    ]
    signed = {"rolls": [{"meeting_id": str(late), "marks": seen, "sign": True}]}
    (answer,) = house.door("body-ORG").post("/attendance/api/v1/rolls/marks", signed)["rolls"]
    assert answer["code"] == "", (answer, on)
    paper, request, announced = (str(new_id()) for _ in range(3))
    door = house.client
    person = {"Authorization": f"Bearer {house.token('absent')}"}
    path = f"/attendance/api/v1/absences/{mark}/papers/{paper}"
    jpeg = {"content-type": "image/jpeg"}
    door.put(path, content=b"\xff\xd8\xff\xe0", headers=person | jpeg).raise_for_status()
    will = {"signatory_id": absent, "meeting_id": str(coming), "kind": "absent", "reason": "work"}
    door.put(f"/attendance/api/v1/announcements/{announced}", json=will, headers=person).raise_for_status()
    fixed = {"id": str(new_id()), "signatory_id": absent, "status": "present", **SCANNED}
    asked = {"mark": fixed, "reason": "sheet_found"}
    rules = "/api/v1/rolls/{meeting_id}"
    house.door("body-ORG").put(f"/attendance/api/v1/rolls/{roll['id']}/correction-requests/{request}", asked)
    house.ids |= {"paper_id": paper, "announcement_id": announced, "answer_id": str(new_id()), "request_id": request}
    house.photo = {"content": b"\xff\xd8\xff\xe0", "headers": jpeg}
    house.special |= {
        "PUT /api/v1/absences/{mark_id}/answers/{answer_id}": {"answer_id": str(new_id())},
        "PUT /api/v1/absences/{mark_id}/papers/{paper_id}": {"mark_id": mark, "paper_id": str(new_id())},
        "GET /api/v1/signatories/{signatory_id}/absences": {"signatory_id": absent},
        f"PUT {rules}/correction-requests/{{request_id}}": {"request_id": str(new_id())},
        f"PUT {rules}/substitute": {"meeting_id": waiting[0]},
        f"POST {rules}/cancellation": {"meeting_id": waiting[1]},
        f"POST {rules}/loss": {"meeting_id": waiting[2]},
        f"POST {rules}/submission": {"meeting_id": str(late)},
        f"POST {rules}/corrections": {"meeting_id": str(late)},
    }
    house.bodies |= {
        "PUT /api/v1/announcements/{announcement_id}": will,
        f"POST {rules}/corrections": {"mark": fixed | {"id": str(new_id())}, "reason": "sheet_found"},
        "PUT /api/v1/absences/{mark_id}/answers/{answer_id}": {"kind": "was_there"},
        f"PUT {rules}/correction-requests/{{request_id}}": asked,
        "POST /api/v1/correction-requests/{request_id}/decision": {"accepted": False, "refused_because": "no_evidence"},
        f"PUT {rules}/substitute": {"trainer": "F2"},
        f"POST {rules}/cancellation": {"reason": "weather"},
        f"POST {rules}/signature": {},
    }
    house.queries |= {"GET /api/v1/outlook": {"territory": "93"}}


def _papers(house, roll, contract):
    """Add a body's statement, binder and file with a row to mend, an opinion, and the number of a sheet."""
    body_door, root = house.door("body-ORG"), "/attendance/api/v1"
    (body,) = body_door.get(f"{root}/providers")["items"]
    month, asked, opinion = roll["held_on"][:7], str(new_id()), str(new_id())
    body_door.post(f"{root}/providers/{body['id']}/statements", {"month": month})
    house.planner.put(f"{root}/binders/{asked}", {"provider_id": body["id"], "month": month})
    house.stage.run_jobs()
    house.planner.put(f"{root}/opinions/{opinion}", {"contract_id": contract})
    house.attendance_file = b"reference;date;demi_journee;statut\n93-0;2025-04-08;matin;la\n"
    batch = body_door.post(f"{root}/attendance-files", files={"file": ("a.csv", house.attendance_file)})["batch_id"]
    house.ids |= {"provider_id": body["id"], "month": month, "version": 1, "opinion_id": opinion}
    rows = "/api/v1/attendance-files/{batch_id}"
    house.special |= {
        "PUT /api/v1/binders/{binder_id}": {"binder_id": str(new_id())},
        "GET /api/v1/binders/{binder_id}": {"binder_id": asked},
        "GET /api/v1/binders/{binder_id}/content": {"binder_id": asked},
        f"GET {rows}": {"batch_id": batch},
        f"PATCH {rows}/rows/{{number}}": {"batch_id": batch, "number": 2},
        "GET /api/v1/contracts/{contract_id}/certificate": {"contract_id": contract},
    }
    house.bodies |= {
        f"PATCH {rows}/rows/{{number}}": {"cells": {"statut": "absent"}},
        "POST /api/v1/providers/{provider_id}/statements": {"month": month},
        "PUT /api/v1/binders/{binder_id}": {"provider_id": body["id"], "month": month},
        "PUT /api/v1/opinions/{opinion_id}": {"contract_id": contract},
        "POST /api/v1/opinions/{opinion_id}/signature": {"verdict": "assiduous"},
    }
    number = sheet_number(UUID(roll["id"]), date.fromisoformat(roll["held_on"]), roll["slot"])
    house.queries |= {
        "GET /api/v1/sheets": {"number": number},
        "GET /api/v1/providers/{provider_id}/blank-sheets": {"first": roll["held_on"], "last": roll["held_on"]},
        "GET /api/v1/attendance-export": {"first": roll["held_on"], "last": roll["held_on"]},
    }


def _interest(house):
    """Let somebody say that they would like to be received; return the id of it."""
    key = str(new_id())
    house.client.put(f"/planning/api/v1/interests/{key}", json=INTEREST).raise_for_status()
    return key


def _first_roll_with_people(house, door, days):
    for day in days:
        house.clock.set(datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=20))
        for roll in door.items("/attendance/api/v1/rolls", day=day, people="true"):
            if roll["people"]:
                return day, roll
    raise AssertionError("nobody sits in any session")


def logins(service, route):
    from shared.rights import RightsTable

    roles = RightsTable.load().roles(service, route)
    by_role = {
        "prefecture": "prefecture",
        "auditor": "auditor",
        "planner": "planner",
        "admin": "admin",
        "provider_manager": "body-ORG",
        "signatory": "absent",
    }
    order = ("planner", "auditor", "provider_manager", "admin", "prefecture", "signatory")
    return next(
        (by_role[role] for role in order if role in roles),
        "admin",
    )


@pytest.mark.parametrize("service", list(PREFIXES))
def test_every_operation_keeps_its_contract_and_answers_2xx_at_least_once(seeded, service):
    prefix = PREFIXES[service]
    spec = seeded.client.get(f"{prefix}/api/v1/openapi.json").json()
    schema = schemathesis.openapi.from_dict(spec)
    succeeded = Counter()
    tokens = {}

    def token(login):
        tokens.setdefault(login, seeded.token(login))
        return {"Authorization": f"Bearer {tokens[login]}"}

    flask_rules = {
        f"{method} {_braces(rule.rule)}": f"{method} {rule.rule}"
        for rule in seeded.house.apps[prefix].url_map.iter_rules()
        for method in rule.methods
    }
    for operation in (result.ok() for result in schema.get_all_operations()):
        name = f"{operation.method.upper()} {operation.path}"
        headers = token(logins(service, flask_rules[name]))
        path = prefix + operation.path.format(**seeded.ids | seeded.special.get(name, {}))
        seeded_call = {"params": seeded.queries.get(name), "json": seeded.bodies.get(name)}
        if name == "POST /api/v1/imports":
            seeded_call = {"params": seeded.queries[name], "files": {"file": ("un.csv", seeded.upload)}}
        if name == "PUT /api/v1/absences/{mark_id}/papers/{paper_id}":
            seeded_call, headers = {"content": seeded.photo["content"]}, headers | seeded.photo["headers"]
        if name == "POST /api/v1/attendance-files":
            seeded_call = {"files": {"file": ("a.csv", seeded.attendance_file)}}
        answer = seeded.client.request(operation.method.upper(), path, headers=headers, **seeded_call)
        assert answer.status_code < 500, (name, answer.text)
        succeeded[name] += answer.is_success

        _fuzz(operation, f"http://127.0.0.1:8000{prefix}", seeded.client, headers, succeeded)
    never = sorted(name for name in succeeded if not succeeded[name])
    assert never == [], f"never answered 2xx: {never}"
    assert len(succeeded) == sum(1 for _ in schema.get_all_operations())


def _braces(rule):
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def _fuzz(operation, base_url, client, headers, succeeded):
    """Send generated calls of one operation and check each answer against the document."""
    name = f"{operation.method.upper()} {operation.path}"

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy())
    def one(case):
        sent = {key: value for key, value in case.as_transport_kwargs(base_url=base_url).items() if value is not None}
        sent["headers"] = {**dict(sent.get("headers") or {}), **headers}
        sent.pop("cookies", None)
        answer = client.request(**sent)
        succeeded[name] += answer.is_success
        case.validate_response(answer, checks=list(CHECKS))

    one()


def test_problems_have_one_shape_everywhere(seeded):
    for prefix in PREFIXES.values():
        answer = seeded.client.get(f"{prefix}/api/v1/no-such-thing")
        body = json.loads(answer.text)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert {"title", "status", "code", "detail", "cause"} <= set(body)
