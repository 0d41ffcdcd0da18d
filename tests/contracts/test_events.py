"""The wire: golden JSON per version, everybody heard, nobody listening in vain, AsyncAPI up to date."""

import importlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.asyncapi import document
from shared.envelope import EnvelopeError, decode, encode
from shared.events import ALL_EVENTS
from shared.seal import KeyRing, SealBrokenError
from tests.contracts.samples import EXAMPLES, uid

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2025, 7, 3, 8, 30, tzinfo=UTC)
KEYS = {name: bytes([number]) * 32 for number, name in enumerate(("scheduler", "attendance", "notifications"), 1)}


def wire(event):
    return encode(event, event_id=uid(99), at=AT, cause_id=uid(98), actor="planner:amal", seal_keys=KEYS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type_name())
def test_an_event_is_written_as_its_golden_file_says_and_read_back_the_same(event):
    text = wire(event)

    golden = json.loads((GOLDEN / f"{event.type_name()}.json").read_text())
    assert json.loads(text) == golden
    assert decode(json.dumps(golden)).event == event


def test_every_event_has_an_example():
    assert {type(example) for example in EXAMPLES} == set(ALL_EVENTS)


def test_each_event_told_is_heard_and_each_handler_is_fed():
    handlers = {
        name: set(importlib.import_module(f"services.{name}.consumers").HANDLERS)
        for name in ("scheduler", "attendance", "notifications")
    }
    for event in ALL_EVENTS:
        assert event.hearers, f"nobody hears {event.type_name()}"
        assert event.teller() not in event.hearers
        assert {name for name, heard in handlers.items() if event in heard} == set(event.hearers), event.type_name()


def test_a_name_travels_only_sealed_and_only_for_its_recipient():
    from dataclasses import replace

    (person,) = [one for one in EXAMPLES if one.name == "scheduler.signatory"]
    text = wire(replace(person, private={"attendance": {"name": "Amina DIALLO", "alias": "Étoile"}}))

    assert "Amina" not in text
    opened = decode(text, recipient="attendance", ring=KeyRing(KEYS["attendance"]))
    assert opened.event.private["attendance"]["name"] == "Amina DIALLO"
    assert decode(text, recipient="notifications", ring=KeyRing(KEYS["notifications"])).event.private == {}
    with pytest.raises(SealBrokenError):
        decode(text, recipient="attendance", ring=KeyRing(KEYS["notifications"]))
    with pytest.raises(SealBrokenError):  # the block was moved to another event
        decode(text.replace(str(uid(99)), str(uid(97))), recipient="attendance", ring=KeyRing(KEYS["attendance"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "scheduler.unknown.v1"}, "not an event"),
        ({"data": {"meeting_id": "no"}}, "schema"),
        ({"id": "no"}, "not an event"),
    ],
)
def test_a_message_that_is_no_event_of_ours_is_refused_in_words(change, words):
    (event,) = [one for one in EXAMPLES if one.name == "attendance.roll_signed"]
    message = json.loads(wire(event)) | change

    with pytest.raises(EnvelopeError, match=words):
        decode(json.dumps(message))


def test_an_unknown_field_is_refused_because_fields_never_change_within_a_version():
    (event,) = [one for one in EXAMPLES if one.name == "attendance.roll_signed"]
    message = json.loads(wire(event))
    message["data"]["late"] = 1

    with pytest.raises(EnvelopeError, match="late"):
        decode(json.dumps(message))


def test_the_asyncapi_document_in_docs_is_what_the_code_says():
    kept = json.loads((ROOT / "docs" / "asyncapi.json").read_text())

    assert kept == json.loads(json.dumps(document())), "run: parcours events asyncapi > docs/asyncapi.json"
