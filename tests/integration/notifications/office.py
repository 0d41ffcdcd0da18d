"""A notifications service of its own, fed with events as the wire brings them; every person is invented."""

import json
import re
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.app import build_service, open_post
from services.notifications.domain.occasions import REMINDERS
from services.notifications.settings import Settings
from services.notifications.usecases.by_hand import end_by_hand
from services.notifications.usecases.contacts import review_contacts
from services.notifications.usecases.delivery import deliver_due
from services.notifications.usecases.receipts import ReceiptCommand, take_receipt
from services.notifications.usecases.seats import review_seats
from services.notifications.usecases.tasks import Ending
from shared.clock import FileClock
from shared.envelope import decode, encode
from shared.events import (
    AbsenceWithdrawn,
    AppointmentState,
    Meeting,
    MeetingMissed,
    PlacementState,
    SessionState,
    SignatoryState,
    SiteState,
    TrainingCompleted,
)
from shared.ids import derived_id, new_id
from shared.inbox import hear
from shared.rights import Principal
from shared.seal import seal_for
from shared.tables import inbox, outbox, quarantine
from shared.work import Work

MONDAY = datetime(2025, 3, 3, 9, tzinfo=UTC)
SITE, SESSION = derived_id("site", 1), derived_id("session", 1)
PERSON = derived_id("person", 1)
DAYS = {"S1": date(2025, 3, 13), "S2": date(2025, 3, 14)}
PARTS = tuple(DAYS)


class Office:
    """The service, its clock, and what left it."""

    def __init__(self, var: Path, database_url: str | None = None, **environ: str) -> None:
        self.var = var
        environ = {
            "PARCOURS_VAR": str(var),
            "PARCOURS_CLOCK_FILE": str(var / "clock"),
            "PARCOURS_GATHER_SECONDS": "0",
            "PARCOURS_DEMO": "yes",
            **environ,
        }
        if database_url:
            environ["PARCOURS_NOTIFICATIONS_DATABASE_URL"] = database_url
        self.settings = Settings.from_env(environ)
        self.service = build_service(self.settings)
        self.service.upgrade()
        self.clock = FileClock(var / "clock")
        if not self.clock.simulated:
            self.clock.set(MONDAY)
        self.versions: dict = {}

    # --- what arrives

    def hear(self, *events, again=False):
        bodies = [
            encode(
                event, event_id=new_id(), at=self.clock.now(), cause_id=new_id(), actor="planner:t",
                seal_keys=self.settings.common.seal_keys,
            )
            for event in events
        ]  # fmt: skip
        hear(self.service.hearer, bodies, again=again)
        return bodies

    def version(self, key):
        self.versions[key] = self.versions.get(key, 0) + 1
        return self.versions[key]

    def person(self, key=PERSON, **other):
        points = {"alias": "Rose", "phone": "+999000000001", "email": "rose@example.org"}
        points |= {name: other.pop(name) for name in list(other) if name in points}
        if "code" in other:
            points["code"] = self.sealed_code(key, other.pop("code"))
        facts = {
            "reference": "93-1", "territory": "93", "spoken": ("ar",), "reads": "yes", "reading_language": "ar",
            "channel": "sms", "shared_phone": False,
        }  # fmt: skip
        return SignatoryState(
            subject_version=self.version(("person", key)), signatory_id=key, private={"notifications": points},
            **{**facts, **other},
        )  # fmt: skip

    def sealed_code(self, key, digits):
        """Return the digits of the desk as scheduler tells them."""
        return seal_for(self.settings.common.seal_keys["notifications"], {"code": digits}, key)

    def site(self, key=SITE, label="Centre Jaurès", zone="Europe/Paris"):
        return SiteState(
            subject_version=self.version(("site", key)), site_id=key, provider_id=new_id(), label=label,
            commune="Bobigny", zone=zone, step_free=True,
        )  # fmt: skip

    def session(self, key=SESSION, days=None, state="open", site=SITE, starts=None):
        """A session of whole days, or of one half-day each where `starts` says when."""
        halves = (("morning", starts),) if starts else (("morning", time(9)), ("afternoon", time(13, 30)))
        meetings = tuple(
            Meeting(
                meeting_id=derived_id("meeting", key, part, slot), held_on=day, slot=slot, starts_at=at,
                minutes=180, part=part,
            )
            for part, day in (days or DAYS).items()
            for slot, at in halves
        )  # fmt: skip
        return SessionState(
            subject_version=self.version(("session", key)), session_id=key, provider_id=new_id(), site_id=site,
            training="civic", package="S1 S2", trainer="t", state=state, meetings=meetings,
        )  # fmt: skip

    def another_session(self, **other):
        return self.session(derived_id("session", 2), **other)

    def seat(self, part="S1", person=PERSON, session=SESSION, state="active"):
        key = derived_id("placement", person, session, part)
        return PlacementState(
            subject_version=self.version(("seat", key)), placement_id=key, contract_id=derived_id("contract", person),
            signatory_id=person, session_id=session, part=part, joins_on=date(2025, 3, 1), state=state,
        )  # fmt: skip

    def miss(self, slot="morning", part="S1"):
        return MeetingMissed(
            contract_id=derived_id("contract", PERSON), signatory_id=PERSON, session_id=SESSION,
            meeting_id=derived_id("meeting", SESSION, part, slot), part=part, missed_on=DAYS[part],
            placement_id=derived_id("placement", PERSON, SESSION, part),
        )  # fmt: skip

    def no_miss(self, slot="morning", part="S1"):
        miss = self.miss(slot, part)
        return AbsenceWithdrawn(**asdict(miss), mark_id=new_id())

    def appointment(self, state="booked"):
        return AppointmentState(
            subject_version=self.version("appointment"), appointment_id=derived_id("appointment", 1), person_id=PERSON,
            reference="93-1", territory="93", kind="interview", spoken=("ar",), reads="yes", reading_language="ar",
            channel="sms", shared_phone=False, site_id=SITE, held_on=date(2025, 3, 20), starts_at=time(9), minutes=60,
            state=state, private={"notifications": {"alias": "Rose", "phone": "+999000000001"}},
        )  # fmt: skip

    def completion(self, outcome="completed"):
        return TrainingCompleted(
            contract_id=derived_id("contract", PERSON), signatory_id=PERSON, training="civic", outcome=outcome,
            ended_on=date(2025, 3, 14),
        )  # fmt: skip

    def place(self, **person):
        """A person with seats on both days of a session, heard as a publication tells them."""
        self.hear(self.site(), self.session(), self.person(**person), *[self.seat(part) for part in PARTS])

    # --- what happens

    def run(self):
        """Do all that is due now."""
        for _round in range(50):
            if not self.service.tick():
                return
        raise AssertionError("the service never comes to rest")

    def skip_back_off(self):
        """Let the real time of every wait be over."""
        with self.service.database.begin() as db:
            past = datetime.now(UTC) - timedelta(seconds=1)
            db.execute(storage.notice.update().values(ready_at=past))
            db.execute(storage.gateway.update().values(closed_until=past))

    def minutes_pass(self, minutes):
        """Let real time pass for the news that is gathered."""
        with self.service.database.begin() as db:
            for row in storage.rows(db, sa.select(storage.seat_news)):
                then = {name: row[name] - timedelta(minutes=minutes) for name in ("since", "due_at")}
                mine = sa.and_(*[storage.seat_news.c[name] == row[name] for name in ("person_id", "session_id")])
                db.execute(storage.seat_news.update().where(mine).values(**then))

    def deliver_only(self):
        """Deliver what is due, without looking at the news first."""
        return deliver_due(open_post(self.settings), self.service)

    def deliver_with(self, **parts):
        """Deliver once with other gateways, as another process would."""
        from dataclasses import replace

        self.review()
        return deliver_due(replace(open_post(self.settings), **parts), self.service)

    def review(self):
        review_contacts(True, self.service)
        review_seats(timedelta(), self.service)

    def receipt(self, notice_id, state, key=None, attempt=0):
        with self.service.database.begin() as db:
            command = ReceiptCommand(id=key or new_id(), state=state, attempt=attempt, error="")
            return take_receipt(open_post(self.settings), self.service.work(db), notice_id, command)

    def end(self, task_id, outcome, *, who=None, **said):
        """Say how a task ended, as a planner of the department does it unless somebody else is named."""
        who = who or Principal(kind="person", id="p", role="planner", scope="93")
        with self.service.database.begin() as db:
            work = Work(db=db, who=who, now=self.clock.now(), voice=self.service.voice)
            end_by_hand(open_post(self.settings), work, task_id, Ending(outcome=outcome, **said))

    # --- what can be seen

    def notices(self, **wanted):
        """Every notice but the reminders."""
        found = [row for row in self.all_notices() if row["kind"] not in REMINDERS]
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]

    def reminders(self):
        """When each reminder leaves or left, which one it is, and what became of it."""
        found = sorted((row["due_at"], row["moment"], row["state"]) for row in self.all_notices() if row["moment"])
        return [(f"{at:%d %H:%M}", moment, state) for at, moment, state in found]

    def all_notices(self):
        return self.rows(storage.notice, storage.notice.c.number)

    def attempts(self):
        return [(row["channel"], row["outcome"]) for row in self.rows(storage.attempt, storage.attempt.c.n)]

    def open_tasks(self):
        return [row for row in self.rows(storage.task, storage.task.c.kind) if not row["outcome"]]

    def rows(self, table, order):
        with self.service.database.read() as db:
            return storage.rows(db, sa.select(table).order_by(order))

    def told(self, name):
        with self.service.database.read() as db:
            bodies = list(db.scalars(sa.select(outbox.c.body).order_by(outbox.c.seq)))
        events = [decode(body).event for body in bodies]
        return [event for event in events if type(event).__name__ == name]

    def rows_of_proof(self):
        """Of which kinds of notices attendance has a proof."""
        return sorted(one.kind for one in self.told("NoticeDelivered"))

    def left_behind(self):
        """What is quarantined or waits to be heard again."""
        with self.service.database.read() as db:
            waits = sa.select(inbox.c.name).where(inbox.c.state == "retry")
            return [*db.scalars(sa.select(quarantine.c.error)), *db.scalars(waits)]

    def sms(self):
        return [json.loads(path.read_text()) for path in sorted((self.var / "sms").glob("*.json"))]

    def mails(self):
        return sorted((self.var / "mail").glob("*.eml"))


def as_kept(text):
    """Return a text as the service keeps it: without the end of the link, which opens a person's pages."""
    return re.sub(r"(/notices/m/)\w+", r"\1…", text)


@contextmanager
def an_office(var, database_url=None, **environ):
    office = Office(var, database_url, **environ)
    try:
        yield office
    finally:
        office.service.database.dispose()
