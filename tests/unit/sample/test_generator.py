from collections import Counter
from datetime import date
from pathlib import Path

import phonenumbers
import pytest
from openpyxl import load_workbook

from parcours.sample.files import write_month
from parcours.sample.generator import SampleMonth, generate_month, generate_nation, people_by_department
from parcours.sample.people import Cell, Row
from services.scheduler.domain.cells import Cells, check_headers
from services.scheduler.domain.intake import COLUMNS, SHEET, read_signatory
from services.scheduler.domain.offer import SHEETS, code_references, read_item
from services.scheduler.programmes import SignatureOutsideError, rule_book
from shared.calendar import is_working_day
from shared.communes import UnknownTerritoryError, commune
from shared.staging import read_file

SAMPLES = Path(__file__).parents[3] / "samples"
SHIPPED = {"93-2025-03-cir-2019": (date(2025, 3, 1), "cir-2019"), "93-2026-01-cir-2025": (date(2026, 1, 1), "cir-2025")}
ELIPA = ("13", "59", "69", "75", "78", "91", "92", "93", "94", "95")


@pytest.fixture(scope="module")
def march() -> SampleMonth:
    return generate_month("93", 900, date(2025, 3, 1), 1, "cir-2019")


@pytest.fixture(scope="module")
def nation() -> list[SampleMonth]:
    return list(generate_nation(date(2025, 3, 1), 9_500, 1, "cir-2019"))


def as_read(row: Row) -> dict[str, str]:
    """Return the cells as shared.staging hands them on from a workbook."""

    def text(cell: Cell) -> str:
        return cell.isoformat() if isinstance(cell, date) else str(cell)

    return {column: text(cell) for column, cell in row.items()}


def refused(sample: SampleMonth) -> list[object]:
    """Return the faults that the importer finds, references included."""
    faults: list[object] = []
    for row in sample.signatories:
        cells = Cells(as_read(row))
        if read_signatory(cells, sample.territory, rule_book, test_numbers=True) is None:
            faults.append((row["reference"], cells.faults))
    items, facts = [], {}
    for sheet, rows in sample.offer.items():
        for row in rows:
            cells = Cells(as_read(row))
            item = read_item(sheet, cells)
            if item is None:
                faults.append((sheet, row, cells.faults))
            else:
                items.append(item)
                facts[item.kind, item.code] = item.facts
    assert len(facts) == len(items)
    return faults + [found for item in items for found in code_references(facts, item)]


def test_every_row_of_a_department_is_accepted_and_every_reference_resolves(march: SampleMonth) -> None:
    check_headers(SHEET, march.signatories[0], COLUMNS)
    for sheet, rows in march.offer.items():
        check_headers(sheet, rows[0], SHEETS[sheet])

    assert refused(march) == []
    assert len({row["reference"] for row in march.signatories}) == 900


@pytest.mark.parametrize("territory", ["2A", "75", "976"])
@pytest.mark.parametrize(("month", "programme"), [(date(2025, 6, 1), "cir-2019"), (date(2026, 1, 1), "cir-2025")])
def test_other_departments_and_programmes_are_accepted_too(territory: str, month: date, programme: str) -> None:
    assert refused(generate_month(territory, 40, month, 3, programme)) == []


def test_every_row_of_the_nation_is_accepted(nation: list[SampleMonth]) -> None:
    assert [fault for sample in nation for fault in refused(sample)] == []
    assert all(len(sample.offer["sites"]) >= 2 for sample in nation)


def test_a_month_is_the_same_each_time_and_another_seed_is_another_month(march: SampleMonth) -> None:
    again = generate_month("93", 900, date(2025, 3, 17), 1, "cir-2019")
    other = generate_month("93", 900, date(2025, 3, 1), 2, "cir-2019")

    assert again == march
    assert other.signatories != march.signatories


@pytest.mark.parametrize("folder", SHIPPED)
def test_the_shipped_months_are_what_the_command_writes_today(folder: str, tmp_path: Path) -> None:
    month, programme = SHIPPED[folder]

    write_month(generate_month("93", 900, month, 1, programme), tmp_path)

    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    assert written == sorted(path.relative_to(SAMPLES / folder) for path in (SAMPLES / folder).rglob("*.*"))
    for path in written:
        new, shipped = (tmp_path / path).read_bytes(), (SAMPLES / folder / path).read_bytes()
        if path.suffix == ".csv":
            assert new == shipped
        else:
            assert read_file(path.name, new) == read_file(path.name, shipped)


def test_the_workbook_and_the_csv_say_the_same_and_dates_are_dates(march: SampleMonth, tmp_path: Path) -> None:
    write_month(march, tmp_path)

    page = load_workbook(tmp_path / "signataires.xlsx").worksheets[0]
    (book,) = read_file("signataires.xlsx", (tmp_path / "signataires.xlsx").read_bytes())
    (table,) = read_file("signataires.csv", (tmp_path / "signataires.csv").read_bytes())

    assert isinstance(page.cell(row=2, column=COLUMNS.index("date_signature") + 1).value, date)
    assert (tmp_path / "signataires.csv").read_bytes().startswith(b"\xef\xbb\xbfreference;nom;")
    for row, line in zip(book.rows, table.rows, strict=True):
        for sheet in (row, line):
            assert read_signatory(Cells(sheet.cells), "93", rule_book, test_numbers=True) is not None
        french = date.fromisoformat(row.cells["date_signature"]).strftime("%d/%m/%Y")
        assert dict(line.cells) == dict(row.cells) | {"date_signature": french}


def test_the_same_month_is_written_to_the_byte(march: SampleMonth, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_month(march, tmp_path / "a")]
    second = [path.read_bytes() for path in write_month(march, tmp_path / "b")]

    assert first == second


def test_no_invented_contact_point_can_reach_anybody(nation: list[SampleMonth]) -> None:
    for sample in nation:
        for row in [*sample.signatories, *sample.offer["organismes"]]:
            email, phone = str(row["courriel"]), str(row["telephone"])
            assert not email or email.endswith("@example.org")
            assert phone.startswith("+999")
            try:
                valid = phonenumbers.is_valid_number(phonenumbers.parse(phone, "FR"))
            except phonenumbers.NumberParseException:
                valid = False
            assert not valid


def test_people_live_in_the_department_and_sign_on_its_working_days(march: SampleMonth) -> None:
    for row in march.signatories:
        signed_on = row["date_signature"]
        assert isinstance(signed_on, date)
        assert (signed_on.year, signed_on.month) == (2025, 3)
        assert is_working_day("93", signed_on)
        assert commune(str(row["code_commune"])).department == "93"


def test_language_share_and_long_packages_are_those_of_the_nation(nation: list[SampleMonth]) -> None:
    courses = Counter(row["formation_linguistique"] for sample in nation for row in sample.signatories)
    prescribed = courses.total() - courses["aucune"]

    assert 0.43 <= prescribed / courses.total() <= 0.48
    assert 0.49 <= (courses["400"] + courses["600"]) / prescribed <= 0.53


def test_since_july_2025_only_people_who_cannot_read_have_hours_in_person() -> None:
    month = generate_month("93", 900, date(2026, 1, 1), 1, "cir-2025")

    by_level = Counter((row["niveau"], row["formation_linguistique"]) for row in month.signatories)

    assert {course for level, course in by_level if level == "NLNS"} == {"600"}
    assert {course for level, course in by_level if level in {"infra-A1", "A1"}} == {"plateforme"}
    assert {course for level, course in by_level if level in {"A2", "B1+"}} == {"aucune"}


def test_ten_departments_of_the_survey_have_half_of_the_contracts(nation: list[SampleMonth]) -> None:
    signed = {sample.territory: len(sample.signatories) for sample in nation}

    assert sum(signed.values()) == 9_500
    assert 0.48 <= sum(signed[code] for code in ELIPA) / 9_500 <= 0.51
    assert sum(people_by_department(114_443).values()) == 114_443


def test_availability_and_contact_follow_their_shares(nation: list[SampleMonth]) -> None:
    rows = [row for sample in nation for row in sample.signatories]
    weekdays = ("lundi", "mardi", "mercredi", "jeudi", "vendredi")

    in_the_day = sum(sum("MA" in str(row[day]) for day in weekdays) >= 4 for row in rows)
    off_hours = sum(not any(set(str(row[day])) & {"M", "A"} for day in weekdays) for row in rows)

    assert in_the_day / len(rows) == pytest.approx(0.55, abs=0.02)
    assert off_hours / len(rows) == pytest.approx(0.27, abs=0.02)
    assert sum(not row["courriel"] for row in rows) / len(rows) == pytest.approx(0.20, abs=0.02)
    assert sum(row["telephone_partage"] == "oui" for row in rows) / len(rows) == pytest.approx(0.07, abs=0.01)
    assert sum(len(str(row["telephone"])) < 13 for row in rows) / len(rows) == pytest.approx(0.06, abs=0.01)
    french = sum(str(row["langues_parlees"]).split(";")[0] == "fr" for row in rows)
    assert french / len(rows) == pytest.approx(0.36, abs=0.02)


def test_the_offer_is_a_little_scarce_and_lets_each_rhythm_run(march: SampleMonth) -> None:
    left: Counter[Cell] = Counter()
    for lot in march.offer["lots"]:
        left[lot["formation"]] += int(str(lot["quantite_commandee"])) - int(str(lot["quantite_consommee"]))
    hours = sum(
        int(str(r["formation_linguistique"])) for r in march.signatories if r["formation_linguistique"] != "aucune"
    )
    weeks = {tuple(r[day] for day in ("lundi", "vendredi", "samedi")) for r in march.offer["formateurs"]}

    assert left["civique"] == pytest.approx(1.05 * 900 * 4, abs=10)
    assert left["linguistique"] == pytest.approx(hours, abs=10)
    assert {("MA", "MA", ""), ("S", "S", "MA"), ("MA", "", "MA")} <= weeks
    assert len(march.offer["sites"]) == 8 + 15


def test_impossible_months_are_refused_by_name() -> None:
    with pytest.raises(SignatureOutsideError):
        generate_month("93", 10, date(2025, 7, 1), 1, "cir-2019")
    with pytest.raises(UnknownTerritoryError):
        generate_month("99", 10, date(2025, 3, 1), 1, "cir-2019")
    with pytest.raises(ValueError, match="9999"):
        generate_month("93", 10_000, date(2025, 3, 1), 1, "cir-2019")
