"""Day one: the running contracts of an older system are taken over, nobody is told twice, and planning goes on."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.attendance import storage as attended
from services.notifications import storage as told
from services.scheduler import storage
from shared.ids import new_id
from tests.doors import HEADERS, OFFER, a_house, person, xlsx_of
from tests.forms import Visitor

TODAY = datetime(2025, 6, 2, 9, tzinfo=UTC)
PEOPLE, GROUPS, A_GROUP = 2000, 40, 20
CONTRACTS = [*HEADERS, "etat", "mois_accordes", "terme"]
SHEETS = {
    "groupes": ["code", "programme", "formation", "parties", "site", "salle", "formateur", "places"],
    "seances": ["groupe", "date", "demi_journee", "minutes", "partie"],
    "places": ["reference", "groupe", "partie", "debut", "convocation_envoyee_le", "canal"],
    "heures": ["reference", "formation", "partie", "minutes_suivies", "minutes_offertes", "jusqu_au"],
    "tests": ["reference", "date", "niveau", "oral", "ecrit"],
}


def reference(number):
    return f"93-2025-{number:06d}"


def offer():
    rooms = [[f"G{n}", "S1", f"Salle {n}", 25, "oui"] for n in range(GROUPS)]
    trainers = [[f"T{n}", "ORG", f"Formatrice {n}", "200", "", *["MA"] * 5, "", 10, ""] for n in range(GROUPS)]
    lots = [[*lot[:6], 900_000, *lot[7:]] for lot in OFFER["lots"][1:]]
    return {
        **OFFER,
        "salles": [*OFFER["salles"], *rooms],
        "formateurs": [*OFFER["formateurs"], *trainers],
        "lots": [OFFER["lots"][0], *lots],
        "suivi": OFFER["suivi"][:2],
    }


def mondays(first, count):
    return [first + timedelta(weeks=week) for week in range(count)]


def stock(people=PEOPLE, groups=GROUPS):
    """Return the sheets: each group has 20 people who were convoked, the others wait; everybody followed two civic days."""
    seated = groups * A_GROUP
    rows = [
        [
            (person(n, date_signature="2025-02-10") | {"etat": "", "mois_accordes": "", "terme": ""})[name]
            for name in CONTRACTS
        ]
        for n in range(people)
    ]
    held = [[f"L{g}", str(day), "matin", 180, "200"] for g in range(groups) for day in mondays(date(2025, 5, 5), 30)]
    return {
        "contrats": [CONTRACTS, *rows],
        "groupes": [
            SHEETS["groupes"],
            *([f"L{g}", "cir-2019", "linguistique", "200", "S1", f"G{g}", f"T{g}", A_GROUP] for g in range(groups)),
        ],
        "seances": [SHEETS["seances"], *held],
        "places": [
            SHEETS["places"],
            *([reference(n), f"L{n % groups}", "200", "2025-05-05", "2025-04-20", "courrier"] for n in range(seated)),
        ],
        "heures": [
            SHEETS["heures"],
            *(
                [reference(n), training, part, minutes, 360, "2025-05-30"]
                for n in range(people)
                for training, part, minutes in (("civique", "S1", 360), ("civique", "S2", 360))
            ),
            *([reference(n), "linguistique", "200", 1440, 1800, "2025-05-30"] for n in range(seated)),
        ],
        "tests": [SHEETS["tests"], [reference(0), "2025-05-20", "A1", "A1", "infra-A1"]],
    }


def count(service, table, *conditions):
    with service.database.read() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions))


@pytest.fixture
def house(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.clock.set(TODAY)
        assert house.send("offre.xlsx", xlsx_of(offer()), kind="offer").json()["refused"] == 0
        house.drain()
        yield house


def test_two_thousand_running_contracts_are_taken_over_nobody_is_told_again_and_planning_goes_on(house):
    scheduler, attendance, notifications = (
        house.house.services[name] for name in ("scheduler", "attendance", "notifications")
    )
    content = xlsx_of(stock())

    report = house.send("reprise.xlsx", content, kind="stock").json()
    house.drain()

    assert (report["refused"], report["faults"]) == (0, [])
    seated = GROUPS * A_GROUP
    assert count(scheduler, storage.contract) == PEOPLE
    assert count(notifications, told.attempt) == 0, "no message leaves"
    assert count(notifications, told.notice, told.notice.c.state == "due") == 0
    assert count(notifications, told.notice, told.notice.c.reason == "taken_over") == seated
    assert count(scheduler, storage.need, storage.need.c.state == "followed") == 2 * PEOPLE
    with attendance.database.read() as db:
        total = sa.select(sa.func.sum(attended.progress.c.followed_minutes))
        assert db.scalar(total) == 2 * PEOPLE * 360 + seated * 1440

    again = house.send("reprise.xlsx", content, kind="stock").json()
    house.drain()
    assert (again["refused"], again["changed"]) == (0, 0)
    assert count(notifications, told.attempt) == 0

    run = "01900000-0000-7000-8000-00000000abcd"
    house.planner.put(f"/planning/api/v1/runs/{run}", {"territory": "93", "programme": "cir-2019", "seconds": 3})
    house.stage.run_jobs()
    house.planner.post(f"/planning/api/v1/runs/{run}/publication")
    house.drain()
    placed = storage.need.c.state == "placed"
    assert count(scheduler, storage.need, placed) > seated, "those who waited get seats, those who had one keep it"
    taken = sa.and_(storage.placement.c.told_on.is_not(None), storage.placement.c.state == "active")
    assert count(scheduler, storage.placement, taken) == seated
    with notifications.database.read() as db:
        convoked = sa.select(told.notice.c.session_id).where(told.notice.c.attempts > 0)
        fresh = set(db.scalars(convoked))
    with scheduler.database.read() as db:
        old = set(
            db.scalars(
                sa.select(storage.session.c.id).join(storage.plan_run).where(storage.plan_run.c.state == "taken_over")
            )
        )
    assert fresh
    assert not fresh & old


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "field", "rule"),
    [
        ("contrats", 1, "terme", "2025-01-01", "terme", "before_signature"),
        ("contrats", 1, "terme", "2026-03-20", "terme", "term"),
        ("contrats", 1, "mois_accordes", "13", "mois_accordes", "range"),
        ("contrats", 1, "date_signature", "31/02/2025", "date_signature", "date"),
        ("contrats", 1, "niveau", "C3", "niveau", "choice"),
        ("contrats", 1, "etat", "perdu", "etat", "choice"),
        ("groupes", 1, "salle", "NULLE", "salle", "unknown_reference"),
        ("groupes", 1, "programme", "cir-1900", "programme", "unknown_programme"),
        ("groupes", 2, "salle", "G0", "salle", "taken"),
        ("seances", 1, "partie", "400", "partie", "part_of_group"),
        ("seances", 1, "date", "2025-13-01", "date", "date"),
        ("places", 1, "groupe", "L9", "groupe", "unknown_reference"),
        ("places", 1, "reference", "93-NONE", "reference", "unknown_reference"),
        ("places", 1, "convocation_envoyee_le", "2025-07-01", "convocation_envoyee_le", "range"),
        ("heures", 1, "minutes_suivies", "400", "minutes_suivies", "order"),
        ("tests", 1, "niveau", "Z", "niveau", "choice"),
    ],
)
def test_a_wrong_row_is_refused_by_name_and_the_good_ones_stay(house, sheet, row, column, value, field, rule):  # noqa: PLR0917
    sheets = stock(people=2 * A_GROUP, groups=2)
    sheets[sheet][row][sheets[sheet][0].index(column)] = value

    report = house.send("reprise.xlsx", xlsx_of(sheets), kind="stock").json()

    own = [fault for fault in report["faults"] if fault["sheet"] == sheet]
    assert {"sheet": sheet, "row": row + 1, "field": field, "rule": rule}.items() <= own[0].items(), report["faults"][
        :3
    ]
    assert report["accepted"] >= 40
    house.drain()
    assert house.admin.get("/notices/api/v1/backlog")["quarantine"] == 0


def test_a_refused_row_is_mended_and_what_hung_on_it_comes_along(house):
    sheets = stock(people=2 * A_GROUP, groups=2)
    sheets["groupes"][1][5] = "NULLE"
    report = house.send("reprise.xlsx", xlsx_of(sheets), kind="stock").json()
    assert report["refused"] > 20, "the group, its half-days and its seats"
    path = f"/imports/{report['batch_id']}/rows/groupes/2"

    mended = house.ask("planner", "PATCH", path, {"cells": {"salle": "G0"}}).json()

    assert (mended["refused"], mended["faults"]) == (0, [])
    house.drain()
    assert count(house.house.services["notifications"], told.attempt) == 0


@pytest.mark.parametrize("state", ["terme_depasse", "formation_reportee"])
def test_a_contract_taken_over_in_a_state_of_its_own_can_be_opened_and_extended(house, state):
    number = {"terme_depasse": 7001, "formation_reportee": 7002}[state]
    signed = "2024-05-20" if state == "terme_depasse" else "2025-02-10"
    row = person(number, date_signature=signed, nom=f"Repris{number}") | {
        "etat": state, "mois_accordes": "", "terme": "",
    }  # fmt: skip
    sheets = {"contrats": [CONTRACTS, [row[name] for name in CONTRACTS]]}

    assert house.send("reprise.xlsx", xlsx_of(sheets), kind="stock").json()["faults"] == []

    contract = contract_of(house, number)
    draft = house.ask("planner", "GET", f"/contracts/{contract}/proposal-draft").json()
    assert draft["evidence"]
    proposal = {"reason": "illness", "stated_by": "person", "months": 3, "opinion": "Assidue."}
    house.ask("planner", "PUT", f"/contracts/{contract}/proposals/{new_id()}", proposal).raise_for_status()
    assert Visitor(house, "planner").open(f"/planning/contracts/{contract}").status_code == 200
    with house.house.services["scheduler"].database.read() as db:
        states = set(db.scalars(sa.select(storage.need.c.state).where(storage.need.c.contract_id == contract)))
    assert states == ({"held"} if state == "formation_reportee" else {"open"})


def test_a_contract_sent_again_otherwise_than_it_was_taken_over_is_named_and_stays(house):
    def send(**changed):
        row = person(7003, date_signature="2025-02-10", nom="Repris7003")
        row |= {"etat": "", "mois_accordes": "2", "terme": ""} | changed
        sheets = {"contrats": [CONTRACTS, [row[name] for name in CONTRACTS]]}
        faults = house.send("reprise.xlsx", xlsx_of(sheets), kind="stock").json()["faults"]
        return [(fault["field"], fault["rule"]) for fault in faults]

    assert send() == []
    contract = contract_of(house, 7003)
    before = kept(house, contract)

    assert send(mois_accordes="3", nom="Autrement") == [("mois_accordes", "known_otherwise")]
    assert send(etat="formation_reportee", alias="Autrement") == [("etat", "known_otherwise")]
    assert kept(house, contract) == before

    postponed = {"move": "postpone", "on": str(TODAY.date()), "reason": "illness"}
    house.ask("planner", "PUT", f"/contracts/{contract}/moves/{new_id()}", postponed).raise_for_status()
    assert send(alias="Rep") == [], "what happened here since is no difference"


def kept(house, contract):
    """Return the contract and the person, as they stand."""
    with house.house.services["scheduler"].database.read() as db:
        one = db.execute(sa.select(storage.contract).where(storage.contract.c.id == contract)).mappings().one()
        person = storage.signatory.c.id == one["signatory_id"]
        return dict(one), dict(db.execute(sa.select(storage.signatory).where(person)).mappings().one())


def contract_of(house, number):
    with house.house.services["scheduler"].database.read() as db:
        query = sa.select(storage.contract.c.id).join(
            storage.signatory, storage.signatory.c.id == storage.contract.c.signatory_id
        )
        return db.scalar(query.where(storage.signatory.c.reference == reference(number)))
