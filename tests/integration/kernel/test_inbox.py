"""Hearing: each event once, each effect once, bad ones put aside, states only forward."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from shared import inbox as ear
from shared.errors import TransientError
from shared.events import FlagState, RollSigned
from shared.ids import new_id
from shared.tables import inbox
from tests.integration.kernel.ears import a_roll_signed, body_of, hearer_of, inbox_states, quarantined

EFFECT = sa.Table("effect", sa.MetaData(), sa.Column("n", sa.Integer))


def keep(work, event):
    work.db.execute(EFFECT.insert().values(n=event.present))


def effects(database):
    with database.read() as db:
        return sorted(db.scalars(sa.select(EFFECT.c.n)))


def ready(new_database):
    database = new_database("scheduler")
    with database.begin() as db:
        EFFECT.create(db.connection())
    return database


def make_due(database):
    with database.begin() as db:
        db.execute(
            inbox.update().where(inbox.c.state == "retry").values(due_at=datetime.now(UTC) - timedelta(seconds=1))
        )


def test_the_same_event_ten_times_has_one_effect(new_database):
    database = ready(new_database)
    hearer = hearer_of(database, {RollSigned: keep})
    body = body_of(a_roll_signed(7))

    for _ in range(5):
        ear.hear(hearer, [body, body])

    assert effects(database) == [7]
    assert inbox_states(database) == {"done": 1}


def test_a_poison_event_goes_to_quarantine_and_spares_its_batch(new_database):
    database = ready(new_database)

    def refuse_three(work, event):
        keep(work, event)
        if event.present == 3:
            raise ValueError("three is too many")

    ear.hear(hearer_of(database, {RollSigned: refuse_three}), [body_of(a_roll_signed(n)) for n in range(6)])

    assert effects(database) == [0, 1, 2, 4, 5]
    assert quarantined(database) == ["ValueError: three is too many"]


def test_a_transient_failure_is_kept_and_tried_again_until_it_succeeds(new_database):
    database = ready(new_database)
    failures = [True, True]

    def fail_twice(work, event):
        if failures:
            failures.pop()
            raise TransientError("not yet")
        keep(work, event)

    hearer = hearer_of(database, {RollSigned: fail_twice})
    ear.hear(hearer, [body_of(a_roll_signed(4))])
    assert inbox_states(database) == {"retry": 1}
    for _ in range(2):
        make_due(database)
        assert ear.retry_due(hearer) == 1

    assert effects(database) == [4]
    assert inbox_states(database) == {"done": 1}


def test_a_transient_failure_that_never_ends_is_put_aside_and_can_be_released(new_database):
    database = ready(new_database)
    healed = []

    def until_healed(work, event):
        if not healed:
            raise TransientError("never")
        keep(work, event)

    hearer = hearer_of(database, {RollSigned: until_healed})
    event_id = new_id()
    ear.hear(hearer, [body_of(a_roll_signed(5), event_id)])
    for _ in range(ear.MOST_ATTEMPTS):
        make_due(database)
        ear.retry_due(hearer)
    assert inbox_states(database) == {"quarantine": 1}

    healed.append(True)
    with database.begin() as db:
        ear.release(db, event_id, datetime.now(UTC))
    ear.retry_due(hearer)

    assert effects(database) == [5]
    assert quarantined(database) == []


def test_an_event_that_kills_the_process_each_time_ends_in_quarantine(new_database):
    database = ready(new_database)
    body = body_of(a_roll_signed())

    class Killed(BaseException):
        """Stands for the death of the process: no handler of ours sees it."""

    def die(_work, _event):
        raise Killed

    for _ in range(ear.MOST_ATTEMPTS + 3):
        try:
            ear.hear(hearer_of(database, {RollSigned: die}), [body], again=True)
        except Killed:
            continue

    assert quarantined(database) == ["the process died at each attempt"]


def test_an_older_state_that_comes_later_changes_nothing(new_database):
    database = ready(new_database)
    seen = []
    flag = {
        "flag_id": new_id(), "contract_id": new_id(), "signatory_id": new_id(), "kind": "overrun_forecast",
        "state": "open", "owner": "planner", "due_on": datetime(2025, 4, 1, tzinfo=UTC).date(), "evidence": (),
    }  # fmt: skip
    hearer = hearer_of(database, {FlagState: lambda _work, event: seen.append(event.subject_version)})

    for version in (2, 1, 2, 3):
        ear.hear(hearer, [body_of(FlagState(subject_version=version, **flag))])

    assert seen == [2, 3]
    assert inbox_states(database) == {"done": 2, "stale": 2}


def test_what_is_no_event_at_all_is_put_aside_not_lost(new_database):
    database = ready(new_database)

    ear.hear(hearer_of(database, {RollSigned: keep}), ["not json at all"])

    (error,) = quarantined(database)
    assert "not an event of ours" in error
