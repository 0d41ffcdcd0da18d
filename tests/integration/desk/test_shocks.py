"""After a shock only those move who must, started groups stay, and whoever moves is listed with the reason."""

from datetime import timedelta

import pytest

from services.scheduler import storage
from services.scheduler.usecases import hearing, shocks
from shared.errors import ConflictError, ForbiddenError
from shared.events import MeetingMissed
from shared.ids import new_id
from shared.rights import Principal
from tests.doors import OFFER, xlsx_of


def shaken(counter):
    return counter.do(shocks.no_longer_hold, "93", "cir-2019")


def offer(counter, sheet, rows):
    counter.send("offer", "offre.xlsx", xlsx_of({**OFFER, sheet: [OFFER[sheet][0], *rows]}))


def seated(counter, session_id):
    active = storage.placement.c.state == "active"
    return {
        row["need_id"] for row in counter.rows(storage.placement, storage.placement.c.session_id == session_id, active)
    }


def test_what_is_published_holds_until_the_offer_changes(counter):
    assert shaken(counter) == []


def test_a_closed_day_moves_the_people_of_its_group_and_nobody_else(counter):
    sessions = counter.rows(storage.session)
    hit = min((row for row in sessions if row["training"] == "civic"), key=lambda row: row["starts_on"])
    others = {row["id"]: seated(counter, row["id"]) for row in sessions if row["id"] != hit["id"]}
    day = str(hit["starts_on"])
    offer(counter, "fermetures", [["*", day, day, "panne"]])
    (found,) = [one for one in shaken(counter) if one["id"] == hit["id"]]
    assert found["reasons"][0]["rule"] == "calendar"
    told = seated(counter, hit["id"])
    assert found["people"] > 0

    counter.do(shocks.cancel, hit["id"], "calendar")
    for one in shaken(counter):
        others.pop(one["id"], None)
    run = counter.plan()
    counter.publish(run)

    for key, before in others.items():
        assert before <= seated(counter, key), "who was told of another group stays there"
    moved = counter.do(shocks.moved, run)
    assert moved
    assert {one["why"] for one in moved} == {shocks.REASONS["calendar"]}
    after = counter.rows(storage.placement, storage.placement.c.state == "active")
    again = {row["need_id"] for row in after} & told
    assert len(moved) == len(again), "everybody who moved is listed, once for each seat"
    meetings = counter.rows(storage.meeting, storage.meeting.c.day == hit["starts_on"])
    assert meetings == [], "nothing is taught on the closed day"


def test_a_trainer_who_leaves_and_an_order_that_is_cut_are_seen(counter):
    civic = [row for row in counter.rows(storage.session) if row["training"] == "civic"]
    gone = [row if row[0] != "F1" else [*row[:-1], "2025-04-01/2026-12-31"] for row in OFFER["formateurs"][1:]]
    offer(counter, "formateurs", gone)
    found = {one["id"]: one["reasons"][0]["rule"] for one in shaken(counter)}
    assert {found[row["id"]] for row in civic} == {"trainer"}

    offer(counter, "formateurs", OFFER["formateurs"][1:])
    cut = [[*row[:6], 14, *row[7:]] if row[0] == "L1" else row for row in OFFER["lots"][1:]]
    offer(counter, "lots", cut)
    named = [one for one in shaken(counter) if one["reasons"][0]["rule"] == "lot"]
    assert named
    assert named[-1]["starts_on"] == max(row["starts_on"] for row in civic), "those that start last go first"


def test_a_group_that_has_begun_or_is_somebody_elses_is_not_cancelled(counter):
    session = counter.rows(storage.session)[0]
    other = Principal(kind="person", id="x", role="planner", scope="75")
    with pytest.raises(ForbiddenError):
        counter.do(shocks.cancel, session["id"], "room", who=other)
    counter.clock.set(counter.clock.now() + timedelta(days=(session["starts_on"] - counter.clock.now().date()).days))

    with pytest.raises(ConflictError) as refused:
        counter.do(shocks.cancel, session["id"], "room")

    assert refused.value.code == "session_started"
    assert seated(counter, session["id"])


def offers(counter, **sheets):
    """Send an offer in which these sheets have these rows besides their own."""
    own = {name: [*OFFER[name], *rows] for name, rows in sheets.items()}
    counter.send("offer", "offre.xlsx", xlsx_of({**OFFER, **own}))


def told(counter):
    """Return who sits where now: (need, session)."""
    active = storage.placement.c.state == "active"
    return {(row["need_id"], row["session_id"]) for row in counter.rows(storage.placement, active)}


def recover(counter, reason):
    """Cancel what no longer holds, plan again and publish: (run, ids of the cancelled, seats before)."""
    gone = [one["id"] for one in shaken(counter)]
    before = told(counter)
    for key in gone:
        counter.do(shocks.cancel, key, reason)
    run = counter.plan()
    counter.publish(run)
    assert shaken(counter) == [], "what is published now holds"
    return run, set(gone), before


def check_moves(counter, run, gone, before, reason):
    """Nobody moves but the people of cancelled groups; whoever moved is listed once, with where from and why."""
    after = told(counter)
    assert {seat for seat in before if seat[1] not in gone} <= after, "who holds a seat that stands keeps it"
    again = {need for need, _ in after} & {need for need, session in before if session in gone}
    moves = counter.do(shocks.moved, run)
    assert len(moves) == len(again)
    assert {one["why"] for one in moves} <= {shocks.REASONS[reason]}
    return moves


def test_a_site_that_closes_for_good_moves_its_people_to_another_one(counter):
    offers(
        counter,
        sites=[["S2", "ORG", "Pantin", "93055", 48.895, 2.409, "oui", "non", "MA", "MA", "MA", "MA", "MA", ""]],
        salles=[["R9", "S2", "Salle 9", 25, "oui"]],
        fermetures=[["S1", "2025-04-02", "2027-12-31", "sinistre"]],
    )

    run, gone, before = recover(counter, "room")

    assert gone == {session for _, session in before}, "every group was at this site"
    moves = check_moves(counter, run, gone, before, "room")
    assert moves
    assert {(one["from_site"], one["to_site"]) for one in moves} == {("S1", "S2")}


def test_a_trainer_who_leaves_moves_only_the_people_of_their_groups(counter):
    second = ["F9", "ORG", "Formatrice 9", "civique", "", "MA", "MA", "MA", "MA", "MA", "", 10, ""]
    leaving = [row if row[0] != "F1" else [*row[:-1], "2025-04-01/2026-12-31"] for row in OFFER["formateurs"][1:]]
    counter.send("offer", "offre.xlsx", xlsx_of({**OFFER, "formateurs": [OFFER["formateurs"][0], *leaving, second]}))

    run, gone, before = recover(counter, "trainer")

    civic = {row["id"] for row in counter.rows(storage.session) if row["training"] == "civic"}
    assert gone == civic & {session for _, session in before}
    assert check_moves(counter, run, gone, before, "trainer")


def test_an_order_cut_by_sixty_per_cent_moves_the_fewest_people_and_leaves_the_others(counter):
    rows = counter.rows(storage.session)
    civic = {row["id"] for row in rows if row["training"] == "civic"}
    seats = {key: sum(session == key for _, session in told(counter)) for key in civic}
    left = 2 * sum(seats.values()) // 5
    cut = [[*row[:6], left, *row[7:]] if row[0] == "L1" else row for row in OFFER["lots"][1:]]
    offer(counter, "lots", cut)

    run, gone, before = recover(counter, "lot")

    sums = {0}
    for number in seats.values():
        sums |= {one + number for one in sums}
    short = sum(seats.values()) - left
    assert sum(seats[key] for key in gone) == min(one for one in sums if one >= short), "counted by hand"
    check_moves(counter, run, gone, before, "lot")
    kept = {session for _, session in told(counter)} & civic
    assert sum(session in kept | civic for _, session in told(counter)) <= left


def test_a_provider_that_is_changed_hands_its_groups_to_the_next_one(counter):
    """The body's order ends in April and another one's begins: groups of May on are told anew, those of April stay."""
    ends = [[*row[:4], "2025-04-30", *row[5:]] if row[0] == "L1" else row for row in OFFER["lots"]]
    new = {
        "organismes": [["NEW", "Relais", "association", "", ""]],
        "sites": [["S2", "NEW", "Pantin", "93055", 48.895, 2.409, "oui", "non", "MA", "MA", "MA", "MA", "MA", ""]],
        "salles": [["R9", "S2", "Salle 9", 25, "oui"]],
        "formateurs": [["F9", "NEW", "Formatrice 9", "civique", "", "MA", "MA", "MA", "MA", "MA", "", 10, ""]],
    }
    lots = [*ends, ["L9", "NEW", "civique", "2025-05-01", "2026-12-31", "jour", 200, 0, 60.0]]
    sheets = {name: [*OFFER[name], *rows] for name, rows in new.items()}
    counter.send("offer", "offre.xlsx", xlsx_of({**OFFER, **sheets, "lots": lots}))
    civic = [row for row in counter.rows(storage.session) if row["training"] == "civic"]
    late = {row["id"] for row in civic if str(row["starts_on"]) > "2025-04-30"}

    run, gone, before = recover(counter, "lot")

    assert gone == late
    moves = check_moves(counter, run, gone, before, "lot")
    assert all(one["to_site"] == "S2" or str(one["to_on"]) <= "2025-04-30" for one in moves)


def test_a_missed_civic_day_is_placed_again_and_moves_nobody(counter):
    civic = sorted(
        (row for row in counter.rows(storage.session) if row["training"] == "civic"), key=lambda row: row["starts_on"]
    )
    seat = next(
        row
        for row in counter.rows(storage.placement, storage.placement.c.session_id == civic[0]["id"])
        if row["part"] == civic[0]["parts"].split("+")[-1]
    )
    counter.clock.set(counter.clock.now() + timedelta(days=(civic[0]["ends_on"] - counter.clock.now().date()).days + 1))
    before = told(counter)
    missed = MeetingMissed(
        contract_id=seat["contract_id"],
        signatory_id=seat["signatory_id"],
        meeting_id=new_id(),
        session_id=seat["session_id"],
        placement_id=seat["id"],
        part=seat["part"],
        missed_on=civic[0]["ends_on"],
    )
    counter.do(hearing.reopen_need, missed)
    (fresh,) = counter.rows(
        storage.need, storage.need.c.signatory_id == seat["signatory_id"], storage.need.c.again == 1
    )

    run = counter.plan()
    counter.publish(run)

    assert counter.do(shocks.moved, run) == []
    assert before <= told(counter), "the groups that began and those that are told stay whole"
    (again,) = counter.rows(storage.need, storage.need.c.id == fresh["id"])
    if again["state"] == "placed":
        (now,) = counter.rows(storage.placement, storage.placement.c.need_id == fresh["id"])
        assert now["session_id"] != seat["session_id"]
    else:
        assert (again["state"], bool(again["reason"]["fr"])) == ("unplaced", True)


def test_who_is_moved_twice_is_listed_with_the_last_seat_before(counter):
    """Two shocks one after the other: the second list names each person once, from where they sat just before."""
    for day_of in range(2):
        hit = min(
            (
                row
                for row in counter.rows(storage.session, storage.session.c.state == "open")
                if row["training"] == "civic"
            ),
            key=lambda row: (row["starts_on"], str(row["id"])),
        )
        counter.clock.set(counter.clock.now() + timedelta(hours=1 + day_of))
        counter.do(shocks.cancel, hit["id"], "other")
        held = counter.rows(storage.placement, storage.placement.c.session_id == hit["id"])
        run = counter.plan()
        counter.clock.set(counter.clock.now() + timedelta(hours=1))
        counter.publish(run)
        moves = counter.do(shocks.moved, run)
        assert len(moves) == len({(one["signatory_id"], one["training"], one["part"]) for one in moves})
        assert {one["from_on"] for one in moves} <= {row["joins_on"] for row in held}
