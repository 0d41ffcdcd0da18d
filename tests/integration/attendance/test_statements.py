"""A body's month in hours and euros, its versions, and its files in and out. On both databases."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from services.attendance.domain.delays import Delays
from services.attendance.domain.marks import Status
from services.attendance.domain.sheet_numbers import sheet_number
from services.attendance.domain.statements import PayRules
from services.attendance.usecases import absences, binders, corrections, exchange, meetings, papers, rolls, statements
from services.attendance.usecases.rolls import MarkCommand
from shared import jobs
from shared.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from shared.events import OrderState, TrainerState
from shared.ids import derived_id
from shared.rights import Principal
from shared.staging import BadFileError
from tests.integration.attendance.room import (
    BODY,
    DAY,
    MEETINGS,
    PEOPLE,
    PLANNER,
    PROVIDER,
    absent,
    present,
)

APRIL, MAY = date(2025, 4, 1), date(2025, 5, 1)
STRANGER = Principal(kind="person", id="x", role="provider_manager", scope="AUTRE")
RULES = PayRules()
LATER = Delays(correction_days=60)


@pytest.fixture
def priced(room):
    room.hear(
        OrderState(
            subject_version=1, order_id=derived_id("order", 1), provider_id=BODY, code="L2", training="language",
            unit="person_minutes", first_on=date(2025, 1, 1), last_on=date(2025, 12, 31), unit_price_cents=740,
        ),
        TrainerState(
            subject_version=1, trainer_id=derived_id("trainer", 1), provider_id=BODY, code="T1",
            private={"attendance": {"name": "Amal BENALI"}},
        ),
    )  # fmt: skip
    return room


def declared(n):
    return present(n, act="trainer_declared", act_reason="device_failed", source="device", proof_ref="")


def april(room, who=PROVIDER, rules=RULES, month=APRIL):
    return room.do(statements.make, BODY, month, rules, who=who)


def test_a_month_is_hours_and_euros_by_hand_and_every_kind_of_proof_is_counted(priced):
    priced.mark([present(0), present(1, status="late", minutes_lost=30), absent(2)], sign=True)
    priced.clock.set(datetime(2025, 4, 8, 20, tzinfo=UTC))
    priced.mark([declared(0), present(1), present(2)], meeting=MEETINGS[1], sign=True)

    made = april(priced)

    first, second = made["content"]["lines"]
    assert (first["paid_minutes"], first["cents"]) == (180 + 150, 4070)  # 5.5 h of 7.40
    assert (second["paid_minutes"], second["cents"]) == (360, 4440)
    totals = made["content"]["totals"]
    assert totals["cents"] == 8510
    assert totals["proofs"] == {
        "qr": {"half_days": 4, "minutes": 690},
        "trainer_declared": {"half_days": 1, "minutes": 180},
    }
    assert april(priced, rules=PayRules(declared=True))["content"]["totals"]["cents"] == 8510 + 2220


def test_the_same_month_twice_is_one_version_and_a_correction_makes_the_next_which_says_what_changed(priced):
    priced.mark([present(0), absent(1), absent(2)], sign=True)

    first, again = april(priced), april(priced, who=PLANNER)
    priced.clock.set(datetime(2025, 4, 9, 8, tzinfo=UTC))
    fixed = MarkCommand(
        id=uuid4(), signatory_id=PEOPLE[1], status="present", act="signed_sheet", proof_ref="250407-M-ABCDEF"
    )
    priced.do(corrections.correct_mark, fixed, MEETINGS[0], "sheet_found", LATER)
    second = april(priced)

    assert (first["version"], again["version"], second["version"]) == (1, 1, 2)
    (change,) = second["content"]["changes"]
    assert (change["was"]["cents"], change["now"]["cents"]) == (2220, 4440)
    (correction,) = second["content"]["corrections"]
    assert (correction["reference"], correction["was"], correction["now"]) == ("93-1", "absent_unexplained", "present")
    assert correction["reason"] == "sheet_found"
    assert first["content"]["corrections"] == []
    listed = priced.do(statements.statements_of, BODY)
    assert [(one["version"], one["totals"]["cents"]) for one in listed] == [(2, 4440), (1, 2220)]


def test_an_earlier_month_that_was_corrected_is_told_apart_and_never_paid_twice(priced):
    priced.mark([present(0), absent(1), absent(2)], sign=True)
    april(priced)
    priced.clock.set(datetime(2025, 5, 9, 8, tzinfo=UTC))
    fixed = MarkCommand(id=uuid4(), signatory_id=PEOPLE[1], status="present", act="signed_sheet", proof_ref="S-1")
    priced.do(corrections.correct_mark, fixed, MEETINGS[0], "sheet_found", LATER)

    may = april(priced, month=MAY)["content"]

    assert may["totals"]["cents"] == 0
    (earlier,) = may["earlier"]
    assert (earlier["month"], earlier["was_cents"], earlier["now_cents"]) == ("2025-04-01", 2220, 4440)


def test_a_half_day_whose_roll_nobody_signed_is_missing_and_pays_nothing(priced):
    priced.clock.set(datetime(2025, 4, 9, 8, tzinfo=UTC))

    content = april(priced)["content"]

    assert content["lines"] == []
    assert [one["held_on"] for one in content["missing"]] == ["2025-04-07", "2025-04-08"]
    assert content["complete"] is False


def test_without_an_order_hours_are_told_and_the_price_is_unknown(room):
    room.mark([present(0), absent(1), absent(2)], sign=True)

    totals = april(room)["content"]["totals"]

    assert (totals["paid_minutes"], totals["cents"], totals["lines_without_price"]) == (180, 0, 1)


def test_a_qualified_absence_is_a_correction_that_pays_nothing(priced):
    priced.mark([present(0), absent(1), absent(2)], sign=True)
    april(priced)
    mark = priced.do(rolls.read_roll, MEETINGS[0])["people"][1]["mark"]
    priced.clock.set(datetime(2025, 4, 9, 8, tzinfo=UTC))
    priced.do(
        absences.qualify_absence, mark["id"], uuid4(), justified=True, reason="health", ground="paper_seen", who=PLANNER
    )

    second = april(priced)

    assert second["version"] == 2
    assert [one["now"] for one in second["content"]["corrections"]] == ["absent_justified"]
    assert "health" not in str(second["content"])  # why is no business of the body
    sheet = priced.do(lambda work: papers.sheet_paper(work, papers.meeting_of(work, MEETINGS[0])))
    assert [one[1] for one in sheet.corrections] == ["absence non expliquée puis absence justifiée"]
    assert second["content"]["changes"] == []
    assert second["content"]["totals"]["cents"] == 2220
    paid = april(priced, rules=PayRules(absences=frozenset({"absent_justified"})))
    assert paid["content"]["totals"]["cents"] == 4440


def test_a_body_makes_no_statement_of_another_and_nobody_one_of_a_month_to_come(priced):
    with pytest.raises(NotFoundError):
        april(priced, who=STRANGER)
    with pytest.raises(InvalidInputError):
        april(priced, month=MAY)
    with pytest.raises(NotFoundError):
        priced.do(statements.read, BODY, APRIL, 1)
    for text in ("avril", "9999-12", "2025-13", "2025-4", ""):
        with pytest.raises(InvalidInputError):
            statements.month_of(text)


@pytest.mark.parametrize("kind", ["pdf", "xlsx", "csv"])
def test_a_statement_leaves_as_a_file_of_each_kind(priced, kind):
    priced.mark([present(0), absent(1), absent(2)], sign=True)
    made = april(priced)

    content = statements.file_of(made, kind)

    if kind == "pdf":
        assert content.startswith(b"%PDF")
    elif kind == "csv":
        (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
        assert (row["montant_euros"], row["minutes_payables"], row["commande"]) == ("22,20", "180", "L2")
        assert row["numeros_feuilles"] == sheet_number(MEETINGS[0], DAY, "morning")
    else:
        book = load_workbook(io.BytesIO(content))
        assert book.sheetnames == ["lignes", "preuves", "corrections"]
        assert book["lignes"].cell(2, 14).value == 22.2


def test_the_trainer_stands_on_the_sheet_by_name(priced):
    priced.mark([present(0), absent(1), absent(2)], sign=True)

    paper = priced.do(lambda work: papers.sheet_paper(work, papers.meeting_of(work, MEETINGS[0])))

    assert paper.trainer == "Amal BENALI"
    assert paper.version == 1
    assert paper.seal is not None
    assert [one.status for one in paper.people] == ["present", "absent_unexplained", "absent_unexplained"]


def test_a_binder_is_made_by_a_job_that_reports_and_another_request_under_its_id_is_refused(priced):
    priced.mark([present(0), absent(1), absent(2)], sign=True)
    key, service = uuid4(), priced.service
    priced.do(binders.ask, key, BODY, APRIL)
    with pytest.raises(ConflictError):
        priced.do(binders.ask, key, BODY, APRIL, who=PLANNER)

    ran = jobs.run_due(service.job_kinds, service.database, priced.clock, service.voice)

    assert ran == 1
    found = priced.do(binders.find, key)
    assert (found["job_state"], found["done"], found["of"], found["papers"]) == ("done", 4, 4, 4)
    names = zipfile.ZipFile(io.BytesIO(priced.do(binders.content_of, key))).namelist()
    number = sheet_number(MEETINGS[0], DAY, "morning")
    assert names == [*(f"etat-2025-04-v1.{kind}" for kind in ("pdf", "xlsx", "csv")), f"feuilles/{number}-v1.pdf"]
    assert priced.do(papers.reads_of, MEETINGS[0]) == []  # nobody's name was in it
    priced.clock.set(datetime(2025, 4, 30, 8, tzinfo=UTC))
    assert binders.delete_old(service) == 1
    assert binders.delete_old(service) == 0
    with pytest.raises(ConflictError):
        priced.do(binders.content_of, key)


def test_a_binder_whose_name_cannot_be_printed_fails_and_says_whose(priced):
    priced.mark([present(0), absent(1), absent(2)], sign=True)
    person = next(event for event in priced.person(0) if event.name == "scheduler.signatory")
    named = replace(person, subject_version=9, private={"attendance": {"name": "ნინო", "alias": ""}})
    priced.hear(named)
    key, service = uuid4(), priced.service
    priced.do(binders.ask, key, BODY, APRIL, who=PLANNER)

    jobs.run_due(service.job_kinds, service.database, priced.clock, service.voice)

    found = priced.do(binders.find, key, who=PLANNER)
    assert found["job_state"] == "failed"
    assert "93-0" in found["error"]
    assert not found["there"]


def test_a_meeting_that_was_not_held_pays_nothing_and_is_no_missing_roll(priced):
    priced.do(meetings.cancel_meeting, MEETINGS[0], "strike")
    priced.clock.set(datetime(2025, 4, 8, 8, tzinfo=UTC))

    content = april(priced)["content"]

    assert content["missing"] == []
    assert [(one["cents"], one["statuses"]) for one in content["lines"]] == [(0, {"meeting_cancelled": 3})]


# --- files in and out -----------------------------------------------------------------------------------------------

HEAD = "reference;date;demi_journee;statut;minutes_perdues;arrivee;preuve;motif_preuve;numero_preuve;numero_feuille"


def sent(room, *lines, head=HEAD, who=PROVIDER):
    content = "\n".join((head, *lines)).encode()
    return room.do(exchange.import_file, "presences.csv", content, who=who)


def marks(room, meeting=MEETINGS[0]):
    people = room.do(rolls.read_roll, meeting)["people"]
    return {one["reference"]: one["mark"] and one["mark"]["status"] for one in people}


def test_good_rows_become_marks_and_bad_ones_name_row_column_and_rule(room):
    report = sent(
        room,
        "93-0;2025-04-07;matin;present;;;qr;;P-1;",
        "93-1;07/04/2025;matin;retard;;09:20;code;;P-2;",
        "93-2;2025-04-07;matin;absent;;;;;;",
        "93-9;2025-04-07;matin;present;;;qr;;P-3;",
        "93-0;2025-04-08;soir;present;;;qr;;P-4;",
        "93-1;2025-02-30;matin;la;;25:00;empreinte;;;12",
        "93-0;2025-04-07;matin;absent;;;;;;",
    )

    assert (report.accepted, report.refused, report.changed) == (3, 4, 3)
    assert {(one["row"], one["field"], one["rule"]) for one in report.faults} == {
        (5, "reference", "not_enrolled"),
        (6, "reference", "not_enrolled"),
        (7, "date", "date"),
        (7, "statut", "choice"),
        (7, "arrivee", "time"),
        (7, "preuve", "choice"),
        (7, "numero_feuille", "sheet_number"),
        (8, "reference", "duplicate"),
    }
    assert marks(room) == {"93-0": "present", "93-1": "late", "93-2": "absent_unexplained"}
    late = room.do(rolls.read_roll, MEETINGS[0])["people"][1]["mark"]
    assert (late["minutes_lost"], late["source"], late["proof_ref"]) == (20, "import", "P-2")


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ("93-0;2025-04-07;matin;present;;;;;;", "preuve", "act_required"),
        ("93-0;2025-04-07;matin;present;;;qr;;;", "preuve", "act_not_recorded"),
        ("93-0;2025-04-07;matin;absent;;;qr;;P-1;", "preuve", "no_act_for_absent"),
        ("93-0;2025-04-07;matin;present;;;declaree;;;", "motif_preuve", "reason_required"),
        ("93-0;2025-04-07;matin;retard;;;qr;;P-1;", "minutes_perdues", "range"),
        ("93-0;2025-04-07;matin;absent_injustifie;;;;;;", "statut", "ofii_only"),
        ("93-0;2025-04-07;matin;present;;;qr;;P-1;250407-M-000000", "numero_feuille", "other_sheet"),
        (";2025-04-07;matin;present;;;qr;;P-1;", "reference", "required"),
        ("93-0;2025-04-07;matin;present;x;;qr;;P-1;", "minutes_perdues", "number"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_in_french(room, row, field, rule):
    report = sent(room, row)

    assert [(one["field"], one["rule"]) for one in report.faults] == [(field, rule)]
    assert report.changed == 0


def test_the_same_file_twice_changes_nothing_and_a_later_file_replaces_what_a_file_said(room):
    first = sent(room, "93-0;2025-04-07;matin;absent;;;;;;")
    again = sent(room, "93-0;2025-04-07;matin;absent;;;;;;")
    corrected = sent(room, "93-0;2025-04-07;matin;present;;;qr;;P-1;")
    back = sent(room, "93-0;2025-04-07;matin;absent;;;;;;", "93-1;2025-04-07;matin;absent;;;;;;")

    assert (first.changed, again.changed, corrected.changed, back.changed) == (1, 0, 1, 2)
    assert again.batch_id == first.batch_id
    assert marks(room)["93-0"] == "absent_unexplained"


def test_what_was_taken_in_the_room_is_not_replaced_by_a_file(room):
    room.mark([present(0)])

    report = sent(room, "93-0;2025-04-07;matin;absent;;;;;;")

    assert [(one["field"], one["rule"]) for one in report.faults] == [("statut", "conflict")]
    assert marks(room)["93-0"] == "present"


def test_a_signed_roll_takes_no_file_but_one_that_says_the_same(room):
    room.mark([present(0), absent(1), absent(2)], sign=True)

    other = sent(room, "93-1;2025-04-07;matin;present;;;qr;;P-1;")
    same = sent(room, "93-1;2025-04-07;matin;absent;;;;;;")

    assert [one["rule"] for one in other.faults] == ["roll_signed"]
    assert (same.accepted, same.changed, same.faults) == (1, 0, [])


def test_a_refused_row_is_mended_by_itself(room):
    report = sent(room, "93-0;2025-04-07;matin;la;;;qr;;P-1;", "93-1;2025-04-07;matin;absent;;;;;;")

    mended = room.do(exchange.mend_row, report.batch_id, 2, {"statut": "present"})

    assert (mended.accepted, mended.refused, mended.changed) == (2, 0, 1)
    assert marks(room)["93-0"] == "present"
    again = sent(room, "93-0;2025-04-07;matin;la;;;qr;;P-1;", "93-1;2025-04-07;matin;absent;;;;;;")
    assert (again.accepted, again.refused, again.changed) == (2, 0, 0)
    with pytest.raises(ConflictError):
        room.do(exchange.mend_row, report.batch_id, 2, {"statut": "absent"})
    with pytest.raises(NotFoundError):
        room.do(exchange.mend_row, report.batch_id, 9, {"statut": "absent"})
    with pytest.raises(NotFoundError):
        room.do(exchange.report, report.batch_id, who=STRANGER)
    assert [one["accepted"] for one in room.do(exchange.batches)] == [2]
    assert room.do(exchange.batches, who=STRANGER) == []


def test_a_file_of_another_body_finds_nobody_and_ofii_sends_none(room):
    report = sent(room, "93-0;2025-04-07;matin;present;;;qr;;P-1;", who=STRANGER)

    assert [one["rule"] for one in report.faults] == ["not_enrolled"]
    with pytest.raises(ForbiddenError):
        sent(room, "93-0;2025-04-07;matin;present;;;qr;;P-1;", who=PLANNER)


@pytest.mark.parametrize(
    ("head", "words"), [("reference;date", "statut"), (f"{HEAD};statut", "deux fois")], ids=["lacking", "twice"]
)
def test_a_file_without_the_columns_is_refused_as_a_whole(room, head, words):
    with pytest.raises(InvalidInputError, match=words):
        sent(room, "93-0;2025-04-07", head=head)
    with pytest.raises(BadFileError):
        sent(room)
    assert room.do(exchange.batches) == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_leaves_has_no_name_and_comes_in_again_without_changing_anything(room, kind):
    proven = present(0, source="import", proof_ref="P-1")
    room.mark([proven, present(1, status="late", minutes_lost=30), absent(2)])
    room.hear(*(event for event in room.person(0) if event.name == "scheduler.signatory"))

    content = room.do(exchange.exported, APRIL, date(2025, 4, 30), kind)
    again = room.do(exchange.import_file, f"presences.{kind}", content)

    assert (again.accepted, again.refused, again.changed) == (3, 0, 0)
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
        assert [one["reference"] for one in rows] == ["93-0", "93-1", "93-2"]
        assert [one["minutes_suivies"] for one in rows] == ["180", "150", "0"]
        assert {one["numero_feuille"] for one in rows} == {sheet_number(MEETINGS[0], DAY, "morning")}
        assert "nom" not in rows[0]
    assert room.do(exchange.exported, APRIL, date(2025, 4, 30), "csv", who=STRANGER).count(b"\n") == 1


def test_the_sample_file_is_taken_whole(room):
    content = (Path(__file__).resolve().parents[3] / "samples" / "attendance" / "presences.csv").read_bytes()

    report = room.do(exchange.import_file, "presences.csv", content)

    assert (report.accepted, report.refused, report.changed) == (3, 0, 3)


def test_every_status_has_a_word_in_files():
    assert set(exchange.STATUSES.values()) == {one.value for one in Status}
