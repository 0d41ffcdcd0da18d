"""A telephone that others read: it says when and where to come, and of what somebody did only that a message waits."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

AFTER = datetime(2025, 3, 13, 17, tzinfo=UTC)


def misses_a_day(office, **person):
    office.place(**person)
    office.run()
    office.clock.set(AFTER)
    office.hear(office.miss("morning"), office.miss("afternoon"))
    office.run()
    return office.notices(kind="missed")[0]


def test_on_a_shared_phone_a_convocation_says_all_and_an_absence_only_that_a_message_waits(office):
    missed = misses_a_day(office, shared_phone=True, email="", spoken=("fr",), reading_language="fr")

    convocation, *_reminders, absence = [one["text"] for one in office.sms()]
    assert "13 mars" in convocation
    assert "un message vous attend" in absence
    assert "/notices/m/" in absence
    assert not any(word in absence for word in ("mars", "formation", "vu", "Jaurès"))
    assert (missed["state"], missed["channel"]) == ("accepted", "sms")
    assert missed["wording"] == ["waiting/fr@1", "phrases/fr@1"]


def test_who_shares_a_phone_and_has_mail_reads_of_an_absence_there(office):
    missed = misses_a_day(office, shared_phone=True, spoken=("fr",), reading_language="fr")

    assert (missed["channel"], missed["wording"]) == ("email", ["missed/fr@1", "phrases/fr@1"])
    mail = message_from_bytes(office.mails()[-1].read_bytes(), policy=policy.default)
    assert "journée de formation manquée" in mail["Subject"]
    assert [one["channel"] for one in office.notices(kind="convocation")] == ["sms"]


def test_on_a_phone_of_their_own_it_is_said_at_once(office):
    missed = misses_a_day(office, spoken=("fr",), reading_language="fr")

    assert (missed["channel"], missed["wording"]) == ("sms", ["missed/fr@1", "phrases/fr@1"])
