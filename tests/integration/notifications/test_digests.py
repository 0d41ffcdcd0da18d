"""What a training body is told in the evening: once a working day, by group, with references alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from threading import Barrier

import pytest

from services.notifications import storage
from services.notifications.domain.messages import TEMPORARY, UNKNOWN, Outcome
from services.notifications.usecases.digests import send_digests
from services.notifications.usecases.post import open_post
from shared.events import ProviderState
from shared.ids import derived_id
from tests.integration.notifications.office import PARTS, PERSON, an_office

BODY, OTHER = derived_id("body", 1), derived_id("body", 2)
EVENING = datetime(2025, 3, 3, 17, 5, tzinfo=UTC)  # 18:05 in Paris, a Monday
SECOND = derived_id("person", 2)


class Pillar:
    """A mail gateway that answers as told."""

    name, batch, rate, idempotent = "pillar", 25, 0, False

    def __init__(self, *states):
        self.states, self.sent = list(states), []

    def send(self, messages):
        for message in messages:
            self.sent.append(message)
            yield Outcome(self.states.pop(0))


@pytest.fixture
def office(tmp_path):
    with an_office(tmp_path) as office:
        gather(office)
        yield office


def gather(office):
    """Two people in a group of the body: one does not read, one can be reached by nothing."""
    office.hear(office.site(), replace(office.session(), provider_id=BODY, trainer="F1"), a_body(office))
    office.hear(office.person(reads="no"), office.person(SECOND, reference="93-2", phone="", email=""))
    office.hear(*[office.seat(part, person=key) for part in PARTS for key in (PERSON, SECOND)])
    office.run()


def a_body(office, key=BODY, email="accueil@horizon.example"):
    private = {"notifications": {"territory": "93", "email": email}}
    return ProviderState(
        subject_version=office.version(("body", key)), provider_id=key, code="ORG", label="Horizon", private=private
    )


def digests(office):
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in office.mails()]
    return [mail for mail in mails if "Vos groupes" in mail["Subject"]]


def states(office):
    return [(row["state"], row["text"] != "") for row in office.rows(storage.digest, storage.digest.c.day)]


def test_two_processes_send_one_digest(new_database, tmp_path):
    url = new_database("notifications").url.render_as_string(hide_password=False)
    with an_office(tmp_path, url) as office, an_office(tmp_path, url) as another:
        gather(office)
        office.clock.set(EVENING)
        ready, gateway = Barrier(2), Pillar("accepted", "accepted")

        def evening(one):
            ready.wait()
            return send_digests(replace(open_post(one.settings), mail=gateway), one.service)

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(evening, (office, another)))

        assert len(gateway.sent) == 1
        assert states(office) == [("accepted", False)]


def test_in_the_evening_a_body_is_told_by_group_and_by_reference(office):
    assert digests(office) == []  # it is morning

    office.clock.set(EVENING)
    office.run()

    (mail,) = digests(office)
    assert mail["To"] == "accueil@horizon.example"
    assert mail.get_body(("plain",)).get_content().strip().splitlines() == [
        "Formation civique, groupe du jeudi 13 mars 2025, Centre Jaurès, Bobigny",
        "- Pas jointes : 93-2",
        "- À prévenir de vive voix : 93-1",
        "- 2 personnes invitées",
        "",
        "Pour dire ce qu’il en est : http://127.0.0.1:8000/notices/tasks",
        "",
        "Message automatique, au plus un par jour ouvré. Les personnes y sont désignées par leur seule référence.",
    ]
    assert not any(word in mail.as_string() for word in ("Rose", "+999", "rose@"))
    assert states(office) == [("accepted", False)]


def test_one_a_day_whatever_comes_later_and_another_the_next_evening(office):
    office.clock.set(EVENING)
    office.run()
    office.hear(office.session(state="cancelled"))
    office.run()
    assert len(digests(office)) == 1

    office.clock.set(EVENING + timedelta(days=1))
    office.hear(replace(office.session(), provider_id=BODY, state="open"))
    office.run()

    assert len(digests(office)) == 2


def test_an_evening_with_nothing_to_say_sends_nothing_and_is_not_looked_at_again(office):
    office.clock.set(EVENING + timedelta(days=1))
    with office.service.database.begin() as db:
        db.execute(storage.task.update().values(outcome="told"))
    office.run()

    assert digests(office) == []
    assert states(office) == [("nothing", False)]
    assert send_digests(open_post(office.settings), office.service) == 0


@pytest.mark.parametrize("day", [datetime(2025, 3, 9, 18, tzinfo=UTC), datetime(2025, 5, 1, 18, tzinfo=UTC)])
def test_no_body_is_written_to_on_a_sunday_or_a_holiday(office, day):
    office.clock.set(day)
    office.run()

    assert states(office) == []


def test_a_body_without_an_address_and_one_without_news_get_none(office):
    office.hear(a_body(office, email=""), a_body(office, key=OTHER, email="autre@example.org"))
    office.clock.set(EVENING)
    office.run()

    assert digests(office) == []


@pytest.mark.parametrize(("answer", "times", "ends"), [(TEMPORARY, 2, "accepted"), (UNKNOWN, 1, "unknown")])
def test_what_surely_did_not_leave_goes_again_and_what_may_have_left_does_not(office, answer, times, ends):
    office.clock.set(EVENING)
    post = replace(open_post(office.settings), mail=(gateway := Pillar(answer, "accepted")))

    for _time in range(3):
        send_digests(post, office.service)
        with office.service.database.begin() as db:
            db.execute(storage.digest.update().values(ready_at=datetime(2020, 1, 1, tzinfo=UTC)))

    assert len(gateway.sent) == times
    assert states(office) == [(ends, False)]


class Falling(Pillar):
    """A mail gateway with which the process dies."""

    def send(self, messages):
        self.sent.append(messages[0])
        raise KeyboardInterrupt


def test_what_a_process_was_sending_when_it_died_does_not_leave_again_and_says_that_nobody_knows(office):
    office.clock.set(EVENING)
    falling, pillar = Falling(), Pillar()
    with pytest.raises(KeyboardInterrupt):
        send_digests(replace(open_post(office.settings), mail=falling), office.service)
    assert states(office) == [("sending", True)]

    with office.service.database.begin() as db:
        db.execute(storage.digest.update().values(ready_at=datetime.now(UTC) - timedelta(seconds=1)))
    for _twice in range(2):
        send_digests(replace(open_post(office.settings), mail=pillar), office.service)

    assert states(office) == [("unknown", False)]
    assert (len(falling.sent), pillar.sent) == (1, [])


def test_the_table_has_room_for_one_a_day(office):
    from sqlalchemy.exc import IntegrityError

    office.clock.set(EVENING)
    office.run()
    (row,) = office.rows(storage.digest, storage.digest.c.day)

    with pytest.raises(IntegrityError), office.service.database.begin() as db:
        db.execute(storage.digest.insert(), [row])


def test_a_group_of_another_body_is_not_told_of(office):
    office.hear(a_body(office, key=OTHER, email="autre@example.org"))
    elsewhere = derived_id("session", 2)
    office.hear(replace(office.another_session(), provider_id=OTHER, trainer="F9"))
    third = derived_id("person", 3)
    office.hear(office.person(third, reference="93-3", phone="+999000000003", email=""))
    office.hear(*[office.seat(part, person=third, session=elsewhere) for part in PARTS])
    office.run()
    office.clock.set(EVENING)
    office.run()

    found = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in digests(office)}
    assert set(found) == {"accueil@horizon.example", "autre@example.org"}
    assert "1 personne invitée" in found["autre@example.org"]
    assert "93-" not in found["autre@example.org"]
    assert "93-3" not in found["accueil@horizon.example"]
