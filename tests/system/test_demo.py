"""
The demonstration as a stranger runs it, and killed at several moments: nothing lost, nothing doubled.

One short demonstration (a few weeks of the simulated year) is shared by the tests that only read.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from parcours.parts import parts
from shared.service import backlog
from tests.servers import free_port

SERVICES = ("scheduler", "attendance", "notifications")
WEEKS = "7"
PARCOURS = [sys.executable, "-c", "from parcours.cli import main; main()"]


def environment(var):
    return {**os.environ, "PARCOURS_VAR": str(var), "PARCOURS_LOG": "error"}


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return (var folder, summary) of one finished demonstration."""
    var = tmp_path_factory.mktemp("demo") / "var"
    command = [*PARCOURS, "demo", "--no-serve", "--json", "--weeks", WEEKS]
    done = subprocess.run(command, env=environment(var), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return var, json.loads(done.stdout.strip().splitlines()[-1])


def rows(var, service, query):
    with closing(sqlite3.connect(var / f"{service}.db")) as connection:
        return connection.execute(query).fetchall()


def test_each_need_is_placed_or_has_a_reason_and_no_rule_is_broken(demo):
    _, found = demo

    assert found["people"] == 900
    assert found["refused_rows"] == 0
    assert found["needs"] == found["placed"] + found["unplaced"] + found["not_owed"]
    assert found["unanswered"] == 0
    assert found["broken_rules"] == 0
    assert sum(found["reasons"].values()) == found["unplaced"]
    assert found["placed"] > 0.8 * (found["placed"] + found["unplaced"])
    for tier in found["tiers"].values():
        assert tier["bound"] is not None
        assert tier["bound"] <= tier["value"]


def test_every_placed_person_was_told_or_the_failure_is_recorded(demo):
    _, found = demo

    assert found["placed_people_without_notice"] == 0
    assert sum(sum(states.values()) for states in found["notices"].values()) > 0


def test_the_year_goes_on_and_each_flag_has_its_evidence(demo):
    _, found = demo

    assert found["rolls_signed"] > 100
    assert found["presences"] > 1000
    assert found["flags"]
    assert found["flags_without_evidence"] == 0
    assert found["quarantine"] == 0


def test_the_same_files_a_second_time_change_no_table_and_tell_nobody(demo):
    _, found = demo

    assert found["second_pass_equal"], found.get("second_pass_differs")


def test_the_judge_finds_no_broken_rule_in_the_plan_that_was_published(demo):
    from services.scheduler.domain.judge import breaches
    from services.scheduler.domain.plan import plan_from_json
    from services.scheduler.domain.problem import problem_from_json

    var, _ = demo
    published = rows(var, "scheduler", "SELECT problem, plan FROM plan_run WHERE state = 'published'")
    assert published
    for problem, plan in published:
        assert breaches(problem_from_json(json.loads(problem)), plan_from_json(json.loads(plan))) == []


def check_nothing_lost_or_doubled(var):
    """Each event told is in the inbox of each of its hearers, once; each notice has at most one file."""
    told = {}
    for service in SERVICES:
        for event_id, kind, hearers, sent in rows(var, service, "SELECT id, kind, hearers, sent_at FROM outbox"):
            assert sent is not None, f"{service} still has an unsent {kind}"
            if kind == "event":
                for hearer in hearers.split():
                    told.setdefault(hearer, set()).add(event_id)
    for service in SERVICES:
        heard = rows(var, service, "SELECT event_id, state FROM inbox")
        assert {event_id for event_id, _ in heard} == told.get(service, set())
        assert {state for _, state in heard} <= {"done", "stale"}
        assert rows(var, service, "SELECT count(*) FROM quarantine") == [(0,)]
    accepted = Counter(
        key for (key,) in rows(var, "notifications", "SELECT notice_id FROM attempt WHERE outcome = 'accepted'")
    )
    assert [key for key, count in accepted.items() if count > 1] == []
    sent = rows(
        var,
        "notifications",
        "SELECT count(*) FROM notice WHERE rides_on IS NULL AND state IN ('accepted', 'delivered')",
    )[0][0]
    files = [
        path.stem for folder in ("sms", "mail") for path in (var / folder).glob("*") if not path.name.startswith(".")
    ]
    assert len(files) == len(set(files)) == sent
    states = rows(
        var,
        "scheduler",
        "SELECT need_id, count(*) FROM placement WHERE state = 'active' GROUP BY need_id HAVING count(*) > 1",
    )
    assert states == []


def test_nothing_is_lost_or_doubled_in_an_undisturbed_run(demo):
    check_nothing_lost_or_doubled(demo[0])


@pytest.mark.parametrize("moment", ["importing", "telling", "attending"])
def test_killed_in_the_middle_the_chain_completes_after_a_new_start(tmp_path, moment):
    var = tmp_path / "var"
    command = [*PARCOURS, "demo", "--no-serve", "--json", "--weeks", WEEKS]
    with (tmp_path / "log").open("w") as output:
        running = subprocess.Popen(command, env=environment(var), stdout=output, stderr=output)
        try:
            wait_for(lambda: reached(var, moment), 300, lambda: running.poll() is None)
        finally:
            running.send_signal(signal.SIGKILL)
            running.wait()

    port = free_port()
    with (tmp_path / "serve.log").open("w") as output:
        serving = subprocess.Popen(
            [*PARCOURS, "serve", "--port", str(port)], env=environment(var), stdout=output, stderr=output
        )
        try:
            wait_for(lambda: answers(port), 60, lambda: serving.poll() is None)
            wait_for(lambda: at_rest(var), 120, lambda: serving.poll() is None)
        finally:
            serving.terminate()
            serving.wait(timeout=40)

    check_nothing_lost_or_doubled(var)


def reached(var, moment):
    """Say whether the demonstration is in the middle of what the moment names."""
    queries = {
        "importing": ("attendance", "SELECT count(*) FROM contract", 100),
        "telling": ("notifications", "SELECT count(*) FROM notice", 50),
        "attending": ("attendance", "SELECT count(*) FROM roll", 40),
    }
    service, query, least = queries[moment]
    if not Path(var / f"{service}.db").exists():
        return False
    try:
        return rows(var, service, query)[0][0] >= least
    except sqlite3.OperationalError:
        return False


def at_rest(var):
    """Nothing to send, to try again or due in any service, as each counts it itself; twice in a row."""
    services = parts({"PARCOURS_VAR": str(var)})
    try:
        for _ in range(2):
            states = [backlog(service) for service in services.values()]
            if any(state["outbox"] or state["inbox"] or state["due"] or state["jobs"] for state in states):
                return False
            time.sleep(1.0)
        return True
    finally:
        for service in services.values():
            service.database.dispose()


def answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/planning/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(true, seconds, alive):
    deadline = time.monotonic() + seconds
    while not true():
        assert alive(), "the process ended too early"
        assert time.monotonic() < deadline, f"not reached after {seconds} s"
        time.sleep(0.05)
