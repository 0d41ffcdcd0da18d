"""An attendance service of its own with one course and three people, fed with events as the wire brings them."""

from datetime import UTC, date, datetime, time
from uuid import uuid4

from services.attendance.app import build_service
from services.attendance.settings import Settings
from services.attendance.usecases import overview, rolls
from services.attendance.usecases.clock import follow_contracts
from services.attendance.usecases.rolls import MarkCommand, RollCommand
from shared.clock import FileClock
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
from shared.rights import Principal
from shared.work import Work
from tests.doors import SCANNED

DAY = date(2025, 4, 7)
BODY, SITE, COURSE, OTHER = (derived_id("thing", name) for name in ("body", "site", "course", "other course"))
MEETINGS = [derived_id("meeting", COURSE, n) for n in range(3)]
PEOPLE = [derived_id("person", n) for n in range(3)]
PROVIDER = Principal(kind="person", id="body-ORG", role="provider_manager", scope="ORG")
PLANNER = Principal(kind="person", id="planner", role="planner", scope="93")


class Room:
    """An attendance service of its own, fed with events as the wire brings them."""

    def __init__(self, var, database_url=None):
        self.clock = FileClock(var / "clock")
        self.clock.set(datetime(2025, 4, 7, 20, tzinfo=UTC))
        environ = {"PARCOURS_VAR": str(var), "PARCOURS_CLOCK_FILE": str(var / "clock"), "PARCOURS_DEMO": "yes"}
        if database_url:
            environ["PARCOURS_ATTENDANCE_DATABASE_URL"] = database_url
        self.settings = Settings.from_env(environ)
        self.service = build_service(self.settings)
        self.service.upgrade()
        self.version = 0

    def hear(self, *events):
        bodies = [
            encode(
                event, event_id=new_id(), at=self.clock.now(), cause_id=new_id(), actor="planner:t",
                seal_keys=self.settings.common.seal_keys,
            )
            for event in events
        ]  # fmt: skip
        hear(self.service.hearer, bodies)

    def furnish(self):
        self.hear(
            ProviderState(subject_version=1, provider_id=BODY, code="ORG", label="Organisme"),
            SiteState(
                subject_version=1, site_id=SITE, provider_id=BODY, label="Centre", commune="Bobigny",
                zone="Europe/Paris", step_free=True,
            ),
            *(self.course(key) for key in (COURSE, OTHER)),
            *(event for n in range(len(PEOPLE)) for event in self.person(n)),
            *(self.seat(n) for n in range(len(PEOPLE))),
        )  # fmt: skip

    def course(self, key):
        meetings = tuple(
            Meeting(
                meeting_id=derived_id("meeting", key, n), held_on=DAY.replace(day=7 + n), slot="morning",
                starts_at=time(9), minutes=180, part="100",
            )
            for n in range(3)
        )  # fmt: skip
        return SessionState(
            subject_version=1, session_id=key, provider_id=BODY, site_id=SITE, training="language", package="100",
            trainer="T1", state="open", meetings=meetings,
        )  # fmt: skip

    def person(self, n):
        contract = derived_id("contract", n)
        yield SignatoryState(
            subject_version=1, signatory_id=PEOPLE[n], reference=f"93-{n}", territory="93", spoken=("ar",),
            reads="yes", reading_language="ar", channel="sms", shared_phone=False, private={},
        )  # fmt: skip
        yield ContractState(
            subject_version=1, contract_id=contract, signatory_id=PEOPLE[n], territory="93", programme="cir-2019",
            regime="obligatoire", state="running", signed_on=date(2025, 3, 3), term_on=date(2026, 3, 2),
            civic_days_required=3, assiduity_percent=80, review_lead_days=60, unexplained_in_a_row=2,
        )  # fmt: skip
        yield PrescriptionState(
            subject_version=1, prescription_id=derived_id("prescription", n), contract_id=contract,
            signatory_id=PEOPLE[n], owed=(Owed(training="language", part="100", minutes=6000, quickest_days=28),),
        )  # fmt: skip

    def seat(self, n, session=COURSE):
        self.version += 1
        return PlacementState(
            subject_version=self.version, placement_id=derived_id("seat", n), contract_id=derived_id("contract", n),
            signatory_id=PEOPLE[n], session_id=session, part="100", joins_on=DAY, state="active",
        )  # fmt: skip

    def do(self, use_case, *args, who=PROVIDER, **named):
        with self.service.database.begin() as db:
            work = Work(db=db, who=who, now=self.clock.now(), voice=self.service.voice)
            return use_case(work, *args, **named)

    def mark(self, commands, meeting=MEETINGS[0], *, sign=False, who=PROVIDER):
        (result,) = self.do(
            rolls.mark_rolls, [RollCommand(meeting_id=meeting, marks=commands, sign=sign)], who=who
        )  # fmt: skip
        return result

    def hours(self, n=0):
        while follow_contracts(self.service):
            pass
        found = self.do(overview.contract_detail, derived_id("contract", n), who=PLANNER)["trainings"][0]
        return found["followed"], found["offered"]


def present(n, **other):
    return MarkCommand(id=uuid4(), signatory_id=PEOPLE[n], **{"status": "present", **SCANNED, **other})


def absent(n):
    return MarkCommand(id=uuid4(), signatory_id=PEOPLE[n], status="absent_unexplained")
