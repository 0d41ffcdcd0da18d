from pathlib import Path

from click.testing import CliRunner

from parcours.sample_cli import sample


def test_the_command_writes_both_kinds_of_files_and_says_what_is_in_them(tmp_path: Path) -> None:
    arguments = ["intake", "--territory", "2B", "--people", "30", "--month", "2025-03", "--out", str(tmp_path)]

    done = CliRunner().invoke(sample, arguments)

    assert done.exit_code == 0, done.output
    assert "30 signataires" in done.output
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert {"signataires.xlsx", "signataires.csv", "offre.xlsx", "offre/lots.csv", "offre/fermetures.csv"} <= names


def test_the_nation_is_one_folder_a_department(tmp_path: Path) -> None:
    arguments = ["intake", "--territory", "FR", "--people", "60", "--month", "2026-01", "--programme", "cir-2025"]

    done = CliRunner().invoke(sample, [*arguments, "--out", str(tmp_path)])

    assert done.exit_code == 0, done.output
    assert (tmp_path / "75" / "signataires.csv").exists()
    assert len(list(tmp_path.iterdir())) == len(done.output.splitlines())


def test_a_month_outside_the_programme_is_an_error_in_words(tmp_path: Path) -> None:
    arguments = ["intake", "--territory", "93", "--people", "5", "--month", "2026-01", "--out", str(tmp_path / "x")]

    done = CliRunner().invoke(sample, arguments)

    assert done.exit_code == 1
    assert "cir-2019" in done.output
    assert not (tmp_path / "x").exists()
