"""The files of the words: what the reader refuses, and that a text never changes under its version."""

import json
import shutil

import pytest
import yaml
from click.testing import CliRunner

from services.notifications import wording
from services.notifications.cli import notices
from services.notifications.wording import files, ledger
from services.notifications.wording.files import FIELDS, WordingError
from shared.languages import LANGUAGES


@pytest.fixture
def folder(tmp_path):
    """A copy of the files, to change."""
    copy = tmp_path / "wording"
    shutil.copytree(files.FOLDER, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def change(folder, name, **new):
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | new, allow_unicode=True))


def test_each_text_is_the_one_that_its_version_stands_for():
    assert ledger.faults() == [], "raise the version of what you changed, then `parcours notices wording --accept`"


@pytest.mark.parametrize("name", ["moved/ti", "phrases/ru"])
def test_a_text_that_changed_under_its_version_is_found_and_never_accepted(folder, name):
    change(folder, name, **({"sms": "{alias}"} if name == "moved/ti" else {"greeting": "{alias}!"}))
    before = (folder / ledger.LEDGER).read_text()

    assert ledger.faults(folder) == [f"{name} changed: raise its version to 2"]
    with pytest.raises(WordingError, match=name):
        ledger.accept(folder)
    assert (folder / ledger.LEDGER).read_text() == before


def test_a_changed_text_with_the_next_version_is_accepted_once(folder):
    change(folder, "moved/fr", version=2, subject="Autre chose")

    assert ledger.accept(folder) == ["moved/fr changed: version 2, and still says that a translator signed it"]
    assert ledger.faults(folder) == []
    assert ledger.accept(folder) == []


def test_a_version_is_not_raised_for_nothing_nor_by_two(folder):
    change(folder, "moved/fr", version=2)
    change(folder, "moved/en", version=3, subject="Something else")

    assert [words.partition(" ")[0] for words in ledger.faults(folder)] == ["moved/fr", "moved/en"]
    with pytest.raises(WordingError, match=r"moved/fr .*moved/en"):
        ledger.accept(folder)


def test_a_signature_changes_no_text(folder):
    change(folder, "moved/ar", reviewed=True)

    assert ledger.faults(folder) == []


@pytest.mark.parametrize(
    ("name", "new", "words"),
    [
        ("moved/fr", {"sms": "{alias} {when} {place} {call}"}, "must have the placeholders"),
        ("moved/fr", {"sms": "{alias} {when} {place} {call} {link} !"}, "nothing may follow"),
        ("moved/fr", {"sms": "{alias} {when} {place} {call} STOP 36111 {link}"}, "advertising"),
        ("moved/fr", {"subject": "Votre contrat"}, "names a status or an authority"),
        ("moved/fr", {"subject": "{alias}"}, "must have the placeholders"),
        ("moved/fr", {"footer": "Merci"}, "must have"),
        ("moved/fr", {"version": "1"}, "must begin with"),
        ("moved/fr", {"reviewed": "yes"}, "must begin with"),
        ("phrases/ru", {"wait": {"one": "{n}", "other": "{n}"}}, "must have the forms"),
        ("phrases/ru", {"wait": dict.fromkeys(("one", "few", "many", "other"), "скоро")}, "wait.few"),
        ("phrases/ru", {"until": "{date}"}, "must have the placeholders"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(folder, name, new, words):
    change(folder, name, **new)
    check = files.read_template if name == "moved/fr" else files.read_phrases

    with pytest.raises(WordingError, match=words):
        check(folder, name)


def test_a_missing_file_is_named(folder):
    (folder / "moved/ti.yaml").unlink()

    with pytest.raises(WordingError, match=r"moved/ti\.yaml is missing"):
        ledger.faults(folder)


def test_the_command_shows_each_text_with_its_version_and_what_it_costs():
    answer = CliRunner().invoke(notices, ["preview", "--json", "--price", "500"])
    found = json.loads(answer.output)

    assert answer.exit_code == 0
    assert {(one["kind"], one["language"]) for one in found} == {
        (kind, language) for kind in FIELDS for language in LANGUAGES
    }
    for one in found:
        assert one["cost"] == one["segments"] * 500
        assert one["version"] == wording.templates()[one["kind"]][one["language"]].version


def test_the_command_shows_one_text_in_words():
    answer = CliRunner().invoke(notices, ["preview", "--kind", "missed", "--language", "sq", "--call-back", "0102"])

    assert "== missed/sq@1, not signed: 4 of 5 segments (ucs2), 0.180 EUR, dear: ë\n" in answer.output
    assert "0102" in answer.output
    assert answer.output.count("==") == 1


def test_the_command_that_compares_texts_with_their_versions_is_content():
    assert CliRunner().invoke(notices, ["wording"]).exit_code == 0
