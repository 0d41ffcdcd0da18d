"""What people tell, hand over or post in place of a machine: it makes the notice arrive, and proves it to the others."""

from datetime import date, timedelta

import pytest

from services.notifications import storage
from shared.errors import ConflictError, InvalidInputError
from tests.integration.notifications.office import MONDAY

TODAY = MONDAY.date()


def asked(office, **person):
    """Place a person whom a machine does not tell enough; return what somebody has to do."""
    office.place(**person)
    office.run()
    return {task["kind"]: task["id"] for task in office.open_tasks()}


def proofs(office):
    return [(one.channel, one.usable, one.proof) for one in office.told("NoticeDelivered")]


def test_who_does_not_read_and_was_told_has_been_told_in_a_form_that_they_understand(office):
    tasks = asked(office, reads="no")
    (before,) = office.notices()
    assert proofs(office) == [("sms", False, "accepted")]

    office.end(tasks["relay"], "told")

    (notice,) = office.notices()
    assert (notice["state"], notice["usable"]) == ("delivered", True)
    assert (notice["channel"], notice["text"]) == ("sms", before["text"])  # it stays told what the message said
    assert proofs(office)[1:] == [("spoken", True, "told")]


def test_a_receipt_that_comes_after_does_not_take_it_back(office):
    tasks = asked(office, reads="no")
    (notice,) = office.notices()

    office.end(tasks["relay"], "told_by_helper")
    for state in ("delivered", "failed"):
        office.receipt(notice["id"], state)

    assert [(one["state"], one["usable"]) for one in office.notices()] == [("delivered", True)]
    assert all(usable for _channel, usable, _proof in proofs(office)[1:])


@pytest.mark.parametrize(
    ("outcome", "proof", "state"),
    [("handed_over", "", "delivered"), ("registered", "1A 234", "delivered"), ("posted", "", "accepted")],
)
def test_a_letter_is_what_was_told_once_somebody_brought_it(office, outcome, proof, state):
    tasks = asked(office, channel="courrier")
    (before,) = office.notices()
    assert (before["state"], before["text"]) == ("failed", "")

    office.end(tasks["letter"], outcome, proof=proof)

    (notice,) = office.notices()
    assert (notice["state"], notice["channel"], notice["reason"]) == (state, "letter", "")
    assert notice["languages"] == ["ar", "fr"]
    assert notice["wording"] == ["convocation/ar@1", "phrases/ar@1", "convocation/fr@1", "phrases/fr@1"]
    assert "13 mars" in notice["text"]
    assert proofs(office) == [("letter", True, outcome)]


def test_a_letter_tells_nothing_to_who_does_not_read_until_somebody_says_it(office):
    tasks = asked(office, reads="no", phone="", email="")

    office.end(tasks["letter"], "handed_over")
    assert [one["kind"] for one in office.open_tasks()] == ["relay"]
    office.end(tasks["relay"], "told")

    assert proofs(office) == [("letter", False, "handed_over"), ("spoken", True, "told")]


def test_whoever_was_reached_one_way_need_not_be_reached_another(office):
    tasks = asked(office, reads="no", phone="", email="")

    office.end(tasks["relay"], "told")

    assert office.open_tasks() == []
    assert {row["kind"]: row["outcome"] for row in office.rows(storage.task, storage.task.c.kind)} == {
        "letter": "overtaken", "relay": "told",
    }  # fmt: skip


def test_who_could_not_be_reached_has_not_been_told(office):
    tasks = asked(office, channel="courrier")

    office.end(tasks["letter"], "not_reached")

    assert [one["state"] for one in office.notices()] == ["failed"]
    assert proofs(office) == []


def test_a_day_that_went_by_can_still_be_told_of_and_then_ends_without_a_word(office):
    tasks = asked(office, reads="no")
    last = office.notices()[0]["useless_after"]
    office.clock.set(last + timedelta(days=1))
    office.run()
    assert [one["id"] for one in office.open_tasks()] == [tasks["relay"]]

    office.clock.set(last + timedelta(days=2))
    office.run()

    assert office.open_tasks() == []
    (task,) = office.rows(storage.task, storage.task.c.id)
    assert (task["outcome"], task["actor"], task["ended_at"]) == ("lapsed", "service:notifications", office.clock.now())
    office.end(tasks["relay"], "told", on=TODAY)
    assert proofs(office)[1:] == [("spoken", True, "told")]


def test_what_was_told_after_the_day_proves_nothing(office):
    tasks = asked(office, reads="no")
    last = office.notices()[0]["useless_after"]
    office.clock.set(last + timedelta(days=1))

    office.end(tasks["relay"], "told")

    assert [(one["state"], one["usable"]) for one in office.notices()] == [("accepted", False)]
    assert len(proofs(office)) == 1


@pytest.mark.parametrize("on", [TODAY + timedelta(days=1), TODAY - timedelta(days=1)])
def test_the_day_is_neither_to_come_nor_before_there_was_anything_to_tell(office, on):
    tasks = asked(office, reads="no")

    with pytest.raises(InvalidInputError) as refused:
        office.end(tasks["relay"], "told", on=on)

    assert [(fault.field, fault.rule) for fault in refused.value.faults] == [("on", "range")]


def test_the_same_word_twice_is_one_and_another_is_refused(office):
    tasks = asked(office, reads="no")

    for _twice in range(2):
        office.end(tasks["relay"], "told", on=date(2025, 3, 3))
    with pytest.raises(ConflictError, match="ended before"):
        office.end(tasks["relay"], "told_by_helper")

    assert len(proofs(office)) == 2  # of the message, and of who told it
