"""The papers that a task asks for: the letter with its address, the slip of pictograms, and who may have them."""

import json
from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest

from services.notifications import storage
from services.notifications.app import open_post
from services.notifications.usecases import papers, tasks
from services.notifications.usecases.seats import fresh_notice
from shared.database import insert_new
from shared.errors import ForbiddenError, NotFoundError
from shared.events import AppointmentState, ProviderState
from shared.ids import derived_id, new_id
from shared.rights import Principal
from shared.seal import seal_for
from shared.work import Work
from tests.doors import a_house
from tests.forms import Visitor
from tests.integration.notifications.office import MONDAY, PARTS, PERSON, SITE, an_office

BODY = new_id()
WHERE = {
    "address": "Chez M. Haddad\n12, rue des Lilas, 93000 Bobigny",
    "helper": {"name": "Mme Roy", "phone": "", "relation": ""},
}
PLANNER = Principal(kind="person", id="p", role="planner", scope="93")


@pytest.fixture
def office(tmp_path):
    with an_office(tmp_path) as office:
        office.hear(ProviderState(subject_version=1, provider_id=BODY, code="ORG", label="Horizon"))
        yield office


def told(office, where=WHERE, name="Amina HADDAD", key=None, **person):
    """Hear of a person with their name and, sealed once more, where letters go."""
    state = office.person(reading_language="fr", spoken=("fr",), **person)
    key = key or office.settings.common.seal_keys["notifications"]
    private = {"name": name}
    if where:
        private["letter"] = seal_for(key, {"letter": json.dumps(where)}, PERSON)
    state.private["notifications"].update(private)
    return state


def place(office, state):
    session = replace(office.session(), provider_id=BODY, trainer="F1")
    office.hear(office.site(), session, state, *[office.seat(part) for part in PARTS])
    office.run()
    (task,) = office.rows(storage.task, storage.task.c.id)
    return task


def paper(office, make, task, who=PLANNER):
    with office.service.database.begin() as db:
        work = Work(db=db, who=who, now=office.clock.now(), voice=office.service.voice)
        return make(open_post(office.settings), work, task["id"])


def lines(content):
    return pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range().splitlines()


def test_who_has_neither_number_nor_address_of_mail_gets_a_letter_in_an_envelope(office):
    task = place(office, told(office, phone="", email=""))

    read = lines(paper(office, papers.letter_of, task))

    assert task["kind"] == "letter"
    assert read[:4] == ["Amina HADDAD", "Chez M. Haddad", "12, rue des Lilas", "93000 Bobigny"]
    assert any("jeudi 13 mars 2025" in line for line in read)


def test_a_letter_without_an_address_is_handed_over(office):
    task = place(office, told(office, where=None, phone="", email=""))

    assert lines(paper(office, papers.letter_of, task))[:2] == ["Amina HADDAD", "(à remettre en main propre)"]


def test_an_address_sealed_with_a_key_that_is_gone_keeps_no_notice_back(office):
    task = place(office, told(office, phone="", email="", key=b"x" * 32))

    assert lines(paper(office, papers.letter_of, task))[1] == "(à remettre en main propre)"


def test_an_appointment_says_nothing_of_an_address_and_takes_none_away(office):
    office.hear(office.site(), told(office))
    office.hear(
        AppointmentState(
            subject_version=1, appointment_id=derived_id("appointment", 1), person_id=PERSON, reference="93-1",
            territory="93", kind="closing", state="booked", site_id=SITE, held_on=MONDAY.date(),
            starts_at=MONDAY.time(), minutes=30, spoken=("fr",), reads="yes", reading_language="fr", channel="sms",
            shared_phone=False, private={"notifications": {"alias": "Rose", "phone": "+999000000001"}},
        )
    )  # fmt: skip

    (person,) = office.rows(storage.person, storage.person.c.id)
    assert (person["name"], person["address"]) == ("Amina HADDAD", WHERE["address"])


def test_the_letter_of_a_minor_goes_to_who_stands_for_them(office):
    state = told(office, phone="", email="")
    state.private["notifications"]["representative_email"] = "no address"
    session = replace(office.session(), provider_id=BODY, trainer="F1")
    office.hear(office.site(), session, state, *[office.seat(part) for part in PARTS])
    office.run()
    behind = derived_id("representative", PERSON)
    (task,) = [one for one in office.rows(storage.task, storage.task.c.id) if one["person_id"] == behind]

    assert lines(paper(office, papers.letter_of, task))[0] == "Représentant légal de Amina HADDAD"


def test_a_slip_is_for_who_tells_it_and_a_letter_for_planners(office):
    task = place(office, told(office, reads="no"))
    of_body = Principal(kind="person", id="t", role="trainer", scope="ORG/F1")
    of_another = Principal(kind="person", id="t", role="trainer", scope="ORG/F2")
    elsewhere = Principal(kind="person", id="p", role="planner", scope="75")

    for who in (PLANNER, of_body):
        read = lines(paper(office, papers.slip_of, task, who))
        assert "01 99 00 12 34" in read
        assert not any("HADDAD" in line or "Lilas" in line for line in read)
    with pytest.raises(NotFoundError):
        paper(office, papers.slip_of, task, of_another)
    with pytest.raises(ForbiddenError):
        paper(office, papers.slip_of, task, elsewhere)
    with pytest.raises(NotFoundError):  # nobody posts anything here
        paper(office, papers.letter_of, task)


def test_there_is_a_slip_for_who_neither_reads_nor_has_a_phone(office):
    session = replace(office.session(), provider_id=BODY, trainer="F1")
    state = told(office, reads="no", phone="", email="")
    office.hear(office.site(), session, state, *[office.seat(part) for part in PARTS])
    office.run()
    made = {one["kind"]: one for one in office.rows(storage.task, storage.task.c.id)}

    assert set(made) == {"letter", "relay"}
    assert "01 99 00 12 34" in lines(paper(office, papers.slip_of, made["relay"]))


def keep_tasks(work):
    """A person with a seat in a group of trainer F1 of body ORG, and one task of each kind about it."""
    body, session = new_id(), new_id()
    person = {
        "id": PERSON, "reference": "93-1", "territory": "93", "spoken": ["ar"], "reads": "no", "reading_language": "ar",
        "channel": "sms", "shared_phone": False, "alias": "Rose", "phone": "", "email": "", "name": "Amina HADDAD",
        "address": "12, rue des Lilas, 93000 Bobigny", "helper": WHERE["helper"], "refused": [], "failing": {},
        "muted": False, "stale": False,
    }  # fmt: skip
    notice = fresh_notice(new_id(), "convocation", person, work.now) | {
        "session_id": session, "site": str(SITE), "days": ["2025-03-13 09:00-16:30"], "languages": ["ar"],
        "useless_after": MONDAY + timedelta(days=30),
    }  # fmt: skip
    insert_new(work.db, storage.provider, [{"id": body, "code": "ORG"}])
    insert_new(work.db, storage.site, [{"id": SITE, "label": "Centre", "commune": "Bobigny", "zone": "Europe/Paris"}])
    group = {"id": session, "site_id": SITE, "provider_id": body, "trainer": "F1", "training": "civic", "state": "open"}
    insert_new(work.db, storage.session, [group | {"meetings": []}])
    insert_new(work.db, storage.person, [person])
    insert_new(work.db, storage.notice, [notice])
    rows = {
        kind: tasks.task_row(kind, person, work.now, about=notice["id"], notice=notice, provider_id=body)
        for kind in ("letter", "relay")
    }
    tasks.open_tasks(work, rows.values())
    return {kind: row["id"] for kind, row in rows.items()}


def test_the_page_of_tasks_leads_each_to_the_papers_that_they_may_have(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.clock.set(MONDAY)
        house.account("a-trainer", "trainer", "ORG/F1")
        house.account("a-controller", "controller", "93")
        service = house.house.services["notifications"]
        with service.database.begin() as db:
            made = keep_tasks(service.work(db))
        visitors = {login: Visitor(house, login) for login in ("planner", "a-trainer", "a-controller")}

        seen = {login: visitors[login].open("/notices/tasks").text for login in ("planner", "a-trainer")}
        for login, kind, file, status in (
            ("planner", "letter", "letter", 200),
            ("planner", "relay", "slip", 200),
            ("a-trainer", "relay", "slip", 200),
            ("a-trainer", "letter", "letter", 403),
            ("a-controller", "relay", "slip", 403),
            ("planner", "relay", "letter", 404),
        ):
            address = f"/notices/tasks/{made[kind]}/{file}.pdf"
            answer = visitors[login].open(address)
            assert answer.status_code == status, (login, address)
            if status == 200:
                assert address in seen[login]
                assert answer.content.startswith(b"%PDF")
                assert answer.headers["cache-control"] == "no-store"
        assert "Mme Roy" in seen["planner"]
        assert "Mme Roy" not in seen["a-trainer"]
        assert "letter.pdf" not in seen["a-trainer"]


def test_who_ends_one_of_many_tasks_of_a_kind_is_led_back_to_that_kind(tmp_path):
    with a_house(tmp_path / "var") as house:
        house.clock.set(MONDAY)
        service = house.house.services["notifications"]
        with service.database.begin() as db:
            made = keep_tasks(service.work(db))
        planner = Visitor(house, "planner")
        planner.open("/notices/tasks?kind=relay")
        answer = planner.send(f"/notices/tasks/{made['relay']}", outcome="told")

        assert answer.url.query == b"kind=relay"
