"""A house with one meeting this morning: twenty people who are expected, their trainer, and a clock."""

from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta

from parcours.embedded import open_house
from services.attendance import storage
from shared.envelope import encode
from shared.events import (
    ContractState,
    Meeting,
    Owed,
    PlacementState,
    PrescriptionState,
    ProviderState,
    SessionState,
    SignatoryState,
    SiteState,
)
from shared.ids import derived_id, new_id
from shared.inbox import hear
from tests.doors import PASSWORD, TestHouse, a_house

DAY = date(2025, 4, 7)
BODY, SITE, COURSE, OTHER = (derived_id("roomful", name) for name in ("body", "site", "course", "other course"))
MEETING, AFTERNOON, TOMORROW = (derived_id("roomful meeting", n) for n in range(3))
ELSEWHERE = derived_id("roomful meeting", "elsewhere")
NAMES = (
    "Amina DIALLO", "أمينة الحداد", "யாழினி சிவகுமார்", "Bo LI", "Chidi OKAFOR", "Daria KOVALENKO", "Elif YILMAZ",
    "فرهاد رحیمی", "Grace MENSAH", "Hoa NGUYEN", "Inês DA SILVA E SOUSA DE ALMEIDA", "Juan PÉREZ", "Kofi ASANTE",
    "Lina HADDAD", "محمد يوسف", "Nadia BENALI", "Olena SHEVCHENKO", "பிரியா ராஜன்", "Rahul SHARMA", "Zeynep KAYA",
)  # fmt: skip
NINE = datetime(2025, 4, 7, 7, tzinfo=UTC)  # nine o'clock in Bobigny, when the meeting starts


def person_id(n):
    return derived_id("roomful person", n)


def reference(n):
    return f"93-2025-{n:06d}"


ACCOUNTS = (
    ("trainer", "trainer", "ORG/T1"),
    ("other-trainer", "trainer", "ORG/T2"),
    ("boss", "provider_manager", "ORG"),
    ("person-3", "signatory", str(person_id(3))),
    ("person-4", "signatory", str(person_id(4))),
)


class Roomful:
    """The house, seen from the room."""

    def __init__(self, house):
        self.house = house
        self.service = house.house.services["attendance"]
        self.keys = self.service.voice.seal_keys
        self.at("08:40")

    def accounts(self):
        for login, role, scope in ACCOUNTS:
            self.house.account(login, role, scope)

    def at(self, local):
        """Set the clock to a time of that day in Bobigny."""
        hour, minute = map(int, local.split(":"))
        self.house.clock.set(NINE + timedelta(hours=hour - 9, minutes=minute))

    def hear(self, *events):
        bodies = [
            encode(event, event_id=new_id(), at=NINE, cause_id=new_id(), actor="planner:t", seal_keys=self.keys)
            for event in events
        ]
        hear(self.service.hearer, bodies)

    def furnish(self, people):
        self.hear(
            ProviderState(subject_version=1, provider_id=BODY, code="ORG", label="Organisme"),
            SiteState(
                subject_version=1, site_id=SITE, provider_id=BODY, label="Centre Jaurès", commune="Bobigny",
                zone="Europe/Paris", step_free=True,
            ),
            session(COURSE, "T1", ((MEETING, DAY, "morning", time(9)), (AFTERNOON, DAY, "afternoon", time(13, 30)),
                                   (TOMORROW, DAY + timedelta(days=1), "morning", time(9)))),
            session(OTHER, "T2", ((ELSEWHERE, DAY, "morning", time(9)),)),
        )  # fmt: skip
        for n in range(people):
            self.hear(*person(n), seat(n))

    def ask(self, login, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.house.token(login)}"}
        return self.house.client.request(method, f"/attendance/api/v1{path}", json=body, headers=headers)

    def people(self, meeting=MEETING, login="trainer"):
        return {one["reference"]: one for one in self.ask(login, "GET", f"/rolls/{meeting}").json()["people"]}

    def rows(self, table):
        with self.service.database.read() as db:
            return storage.rows(db, getattr(storage, table).select())


def session(key, trainer, meetings):
    return SessionState(
        subject_version=1, session_id=key, provider_id=BODY, site_id=SITE, training="language", package="100",
        trainer=trainer, state="open",
        meetings=tuple(
            Meeting(meeting_id=one, held_on=day, slot=slot, starts_at=starts, minutes=180, part="100")
            for one, day, slot, starts in meetings
        ),
    )  # fmt: skip


def person(n):
    contract = derived_id("roomful contract", n)
    yield SignatoryState(
        subject_version=1, signatory_id=person_id(n), reference=reference(n), territory="93", spoken=("ar",),
        reads="yes", reading_language="ar", channel="sms", shared_phone=False,
        private={"attendance": {"name": NAMES[n % len(NAMES)], "alias": "Rose"}},
    )  # fmt: skip
    yield ContractState(
        subject_version=1, contract_id=contract, signatory_id=person_id(n), territory="93", programme="cir-2019",
        regime="obligatoire", state="running", signed_on=date(2025, 3, 3), term_on=date(2026, 3, 2),
        civic_days_required=3, assiduity_percent=80, review_lead_days=60, unexplained_in_a_row=2,
    )  # fmt: skip
    yield PrescriptionState(
        subject_version=1, prescription_id=derived_id("roomful prescription", n), contract_id=contract,
        signatory_id=person_id(n), owed=(Owed(training="language", part="100", minutes=6000, quickest_days=28),),
    )  # fmt: skip


def seat(n, course=COURSE, joins_on=DAY):
    return PlacementState(
        subject_version=1, placement_id=derived_id("roomful seat", n), contract_id=derived_id("roomful contract", n),
        signatory_id=person_id(n), session_id=course, part="100", joins_on=joins_on, state="active",
    )  # fmt: skip


@contextmanager
def a_roomful(var, people=20):
    with a_house(var) as house:
        room = Roomful(house)
        room.accounts()
        room.furnish(people)
        yield room


@contextmanager
def the_same_room(var):
    """Open a copy of a folder in which such a house was made."""
    with closing(open_house({"PARCOURS_VAR": str(var)})) as opened:
        house = TestHouse(opened, var, accounts=False)
        house.passwords = {login: PASSWORD for login, *_ in ACCOUNTS}
        yield Roomful(house)
