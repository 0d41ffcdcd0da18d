"""A person's link: one, reusable, revoked by making another; what it opens and until when."""

from datetime import timedelta

import pytest

from services.notifications.usecases import links
from services.notifications.usecases.links import LinkRefusedError
from shared.errors import ForbiddenError
from shared.events import PersonMerged, PersonUnmerged
from shared.ids import derived_id
from shared.rights import LINKED, Principal
from shared.work import Work
from tests.integration.notifications.office import DAYS, MONDAY, PERSON, an_office

HERE = "https://parcours.example"
OTHER = derived_id("person", 2)


@pytest.fixture
def office(tmp_path):
    with an_office(tmp_path) as office:
        office.place()
        yield office


def renew(office, territory):
    who = Principal("person", "amal", "planner", territory)
    with office.service.database.begin() as db:
        work = Work(db=db, who=who, now=office.clock.now(), voice=office.service.voice)
        links.renew_link(work, PERSON)


def told(office, person=PERSON):
    with office.service.database.begin() as db:
        return links.link_of(office.service.work(db), HERE, person)


def opened(office, address):
    with office.service.database.read() as db:
        return links.open_link(office.service.work(db), address.rpartition("/")[2])


def test_a_person_has_one_link_which_opens_their_days_again_and_again(office):
    address = told(office)

    assert address.startswith("https://parcours.example/notices/m/")
    assert told(office) == address
    for typed in (address, address.lower()):
        found = opened(office, typed)
        assert (found.who.id, found.who.role, found.who.scope) == (str(PERSON), LINKED, str(PERSON))
    assert found.language == "ar"


def test_another_persons_link_is_another_one(office):
    office.hear(office.person(OTHER, alias="Lune"))

    assert told(office, OTHER) != told(office)
    assert opened(office, told(office, OTHER)).who.scope == str(OTHER)


@pytest.mark.parametrize("said", ["", "x", "K7Q2M4XW9PTC2A", "K7Q2M4XW9PTC2A" * 2, "../mine", "K7Q2M4XW9PTC2Å"])
def test_a_secret_that_nobody_was_told_opens_nothing(office, said):
    told(office)

    with pytest.raises(LinkRefusedError), office.service.database.read() as db:
        links.open_link(office.service.work(db), said)


def test_a_new_link_closes_the_one_before(office):
    before = told(office)

    renew(office, "93")

    with pytest.raises(LinkRefusedError):
        opened(office, before)
    assert told(office) != before
    assert opened(office, told(office)).who.scope == str(PERSON)


def test_only_the_persons_own_directorate_renews_a_link(office):
    told(office)

    with pytest.raises(ForbiddenError):
        renew(office, "75")


def test_the_link_is_good_for_two_weeks_after_the_last_day_and_no_longer(office):
    address = told(office)
    last = DAYS["S2"]

    at = MONDAY.replace(day=last.day)

    office.clock.set(at + timedelta(days=14))
    assert opened(office, address)
    office.clock.set(at + timedelta(days=15))
    with pytest.raises(LinkRefusedError):
        opened(office, address)


def test_a_link_told_again_after_the_last_day_is_good_again(office):
    told(office)
    office.clock.set(MONDAY + timedelta(days=60))

    assert opened(office, told(office))


def test_who_stands_for_a_minor_sees_the_minors_days(office):
    office.hear(office.person(OTHER, alias="Lune"))
    minor = derived_id("person", 3)
    event = office.person(minor, alias="Ciel")
    event.private["notifications"]["representative_phone"] = "+999000000009"
    office.hear(event)
    behind = derived_id("representative", minor)

    found = opened(office, told(office, behind))

    assert (found.who.id, found.who.scope) == (str(behind), str(minor))


def test_who_stands_for_nobody_any_more_is_told_and_shown_nothing(office):
    def minor(**representative):
        event = office.person(minor_id, reference="93-3", phone="+999000000008")
        event.private["notifications"] |= representative
        return event

    def reached():
        return sorted(sms["to"][-1] for sms in office.sms() if sms["to"][-1] in "89")

    minor_id = derived_id("person", 3)
    office.hear(office.site(), office.session(), minor(representative_phone="+999000000009"))
    office.hear(office.seat(person=minor_id))
    office.run()
    behind = derived_id("representative", minor_id)
    address = told(office, behind)
    office.hear(minor(), office.session(days={"S1": DAYS["S1"] + timedelta(days=7)}))
    office.run()

    assert reached() == ["8", "8", "9"]
    assert opened(office, address).who.scope == str(behind)  # themselves, who has no days
    office.hear(minor(representative_phone="+999000000009"))  # and again
    office.run()
    assert reached() == ["8", "8", "9", "9"]


def test_the_link_of_a_record_that_was_merged_opens_the_days_of_the_one_that_was_kept(office):
    office.hear(office.person(OTHER, alias="Lune"))
    address = told(office, OTHER)
    office.hear(PersonMerged(kept_id=PERSON, other_id=OTHER))

    assert opened(office, address).who.scope == str(PERSON)

    office.hear(PersonUnmerged(kept_id=PERSON, other_id=OTHER))
    assert opened(office, address).who.scope == str(OTHER)


def test_the_secret_itself_is_kept_nowhere(office):
    secret = told(office).rpartition("/")[2]

    kept = b"".join(path.read_bytes() for path in office.var.glob("notifications.db*"))
    assert secret.encode() not in kept
