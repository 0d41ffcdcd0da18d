"""Ids, clock, seal, settings, staging: the small things that everything stands on."""

from datetime import UTC, datetime

import pytest

from shared import staging
from shared.clock import FileClock, SystemClock, clock_from
from shared.errors import SettingsError
from shared.ids import derived_id, new_id
from shared.settings import Environment, common_from
from shared.staging import BadFileError


def test_new_ids_sort_by_birth_and_say_that_they_are_version_7():
    ids = [new_id() for _ in range(200)]

    assert len(set(ids)) == 200
    assert {one.version for one in ids} == {7}
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)


def test_a_derived_id_is_the_same_for_the_same_key_and_parts_do_not_run_together():
    assert derived_id("need", "a", "bc") == derived_id("need", "a", "bc")
    assert derived_id("need", "ab", "c") != derived_id("need", "a", "bc")


def test_a_clock_file_is_read_at_each_call_and_refused_in_production(tmp_path):
    clock = FileClock(tmp_path / "clock")
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    clock.set(datetime(2025, 3, 30, 1, 30, tzinfo=UTC))

    assert clock.now() == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert isinstance(clock_from(None, production=True), SystemClock)
    with pytest.raises(SettingsError, match="refused in production"):
        clock_from(tmp_path / "clock", production=True)


def test_one_settings_error_names_all_that_lacks():
    environment = Environment({"PARCOURS_MODE": "production"})
    common_from(environment, "attendance")

    with pytest.raises(SettingsError) as raised:
        environment.check()

    for name in (
        "PARCOURS_TOKEN_PUBLIC",
        "PARCOURS_LINK_PUBLIC",
        "PARCOURS_PUBLIC_URL",
        "PARCOURS_SEAL_ATTENDANCE",
        "PARCOURS_ATTENDANCE_DATABASE_URL",
        "PARCOURS_AMQP_URL",
    ):
        assert name in str(raised.value)


def test_secrets_stay_out_of_repr_and_embedded_keys_are_private(tmp_path):
    environment = Environment({"PARCOURS_VAR": str(tmp_path)})
    common = common_from(environment, "scheduler")
    environment.check()

    assert common.token_key.hex() not in repr(common)
    assert "seal_keys" not in repr(common)
    assert (tmp_path / "keys" / "token").stat().st_mode & 0o077 == 0
    assert (
        common_from(Environment({"PARCOURS_VAR": str(tmp_path)}), "notifications").token_public == common.token_public
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("vide.xlsx", b"", "vide"),
        ("gros.csv", b"a" * (staging.MOST_BYTES + 1), "MB"),
        ("faux.xlsx", b"PK\x03\x04 nothing", "damaged"),
        ("vieux.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
        ("image.csv", b"\x89PNG\x00\x00", "neither"),
        ("blanc.csv", b"\n\n", "headers"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(name, content, words):
    with pytest.raises(BadFileError, match=words.replace(".", r"\.") if words != "vide" else "empty"):
        staging.read_file(name, content)


@pytest.mark.parametrize("text", ["a;b\n1;é\n", "a,b\n1,é\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_is_read_as_spreadsheets_write_it(text, encoding):
    (sheet,) = staging.read_file("Liste.CSV", text.encode(encoding))

    assert sheet.name == "liste"
    assert [(row.number, dict(row.cells)) for row in sheet.rows] == [(2, {"a": "1", "b": "é"})]
