"""The outbox's rules, on SQLite and on PostgreSQL: nothing lost, nothing twice, and the books balance."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from digest.model import DeliveryState as S
from digest.store.outbox import AttemptResult, Books, Built, ClaimedDelivery, Filters, Outbox, RelayState
from digest.store.schema import deliveries, events, metadata, papers, sent_papers, subscribers
from tests.support.outbox_rows import (
    DAY,
    EDITION,
    HOUR,
    NOW,
    add_papers,
    add_readers,
    attempts_of,
    make_outbox,
    make_ready,
    plan_of,
    set_reader,
    states,
)
from tests.support.postgres import fresh_database

LEASE_S = 600.0
LATER = NOW + dt.timedelta(seconds=LEASE_S + 1)


@pytest.fixture(scope="module")
def postgres(postgres_host: str | None) -> Iterator[Outbox | None]:
    """One database for the module; each test starts from empty tables."""
    if postgres_host is None:
        yield None
        return
    with fresh_database(postgres_host) as url:
        made = make_outbox(url)
        yield made
        made._db.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outbox]:
    if request.param == "sqlite":
        made = make_outbox(f"sqlite:///{tmp_path}/digest.db")
        yield made
        made._db.close()
        return
    made = request.getfixturevalue("postgres")
    if made is None:
        pytest.skip("no PostgreSQL server to be had")
    with made._db.write() as connection:
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield made


def claim(outbox: Outbox, limit: int = 10, *, now: dt.datetime = NOW, trial: bool = False) -> list[ClaimedDelivery]:
    return outbox.claim_ready(limit, now=now, lease_s=LEASE_S, trial=trial)


def result(
    delivery: ClaimedDelivery,
    state: S = S.ACCEPTED,
    *,
    outcome: str | None = None,
    next_attempt_at: dt.datetime | None = None,
    suppress: bool = False,
    charged: bool = True,
) -> AttemptResult:
    return AttemptResult(
        delivery_id=delivery.id,
        lease_token=delivery.lease_token,
        at=NOW,
        relay="smtp://test",
        phase="dot",
        outcome=outcome or str(state),
        code=250 if state is S.ACCEPTED else 550,
        text="words",
        state=state,
        reason=None if state is S.ACCEPTED else "words",
        next_attempt_at=next_attempt_at,
        charged=charged,
        suppress=suppress,
    )


def sending(outbox: Outbox, *readers: str) -> list[ClaimedDelivery]:
    """Readers' deliveries, claimed and marked."""
    add_readers(outbox._db, *readers)
    make_ready(outbox, readers)
    claimed = claim(outbox)
    assert outbox.mark_sending([one.id for one in claimed], claimed[0].lease_token, now=NOW) == {
        one.id for one in claimed
    }
    return claimed


# ── planning and building ───────────────────────────────────────────────────────────────────────────────────


def test_an_edition_is_planned_once(outbox: Outbox) -> None:
    """The unique key decides, and the reader's due time moves on even when nothing new was planned."""
    add_readers(outbox._db, "ada", "bob")
    assert outbox.plan([plan_of("ada"), plan_of("bob")], trial=False, now=NOW) == 2
    assert outbox.plan([plan_of("ada"), plan_of("bob")], trial=False, now=NOW) == 0
    assert outbox.plan([plan_of("ada", EDITION - DAY)], trial=False, now=NOW) == 0, "a journey west repeats no date"
    with outbox._db.read() as connection:
        rows = connection.execute(select(subscribers).order_by(subscribers.c.id)).all()
    assert [(row.last_edition, row.next_edition) for row in rows] == [(EDITION, EDITION), (EDITION, EDITION + DAY)]


def test_planning_and_cursor_are_one_transaction(outbox: Outbox) -> None:
    """If the delivery cannot be inserted, the reader stays due."""
    add_readers(outbox._db, "ada", "bob")
    unsound = dataclasses.replace(plan_of("bob"), expires_at=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)null"):
        outbox.plan([plan_of("ada"), unsound], trial=False, now=NOW)
    assert states(outbox) == {}
    with outbox._db.read() as connection:
        assert list(connection.scalars(select(subscribers.c.next_due_at))) == [NOW, NOW]


def test_a_reader_who_was_erased_meanwhile_holds_nobody_up(outbox: Outbox) -> None:
    """Whoever is gone between being due and being planned is passed over."""
    add_readers(outbox._db, "ada")
    assert outbox.plan([plan_of("ada"), plan_of("nobody")], trial=False, now=NOW) == 1


def test_a_trial_does_not_use_up_the_day(outbox: Outbox) -> None:
    """What went to files can still be sent for real, and its papers do not count as gone."""
    add_readers(outbox._db, "ada")
    ids = add_papers(outbox._db, 2)
    make_ready(outbox, ["ada"], trial=True, paper_ids=ids)
    assert outbox.sent_paper_ids(["ada"]) == {"ada": set()}
    assert outbox.plan([plan_of("ada")], trial=False, now=NOW) == 1
    assert claim(outbox) == []
    assert len(claim(outbox, trial=True)) == 1


def test_building_takes_each_delivery_once_and_its_papers_are_gone(outbox: Outbox) -> None:
    """A built delivery is ready, its papers count as gone, and a second result of a dead builder changes nothing."""
    add_readers(outbox._db, "ada", "bob")
    ids = add_papers(outbox._db, 3)
    outbox.plan([plan_of("ada"), plan_of("bob")], trial=False, now=NOW)
    ada, bob = outbox.claim_for_building(9, now=NOW, trial=False)
    assert outbox.claim_for_building(9, now=NOW, trial=False) == []
    built = Built(
        delivery_id=ada.id, lease_token=ada.lease_token, recipe=b"\0r", message_id="<m>", paper_ids=(ids[1], ids[0])
    )
    assert outbox.built([built], now=NOW) == 1
    assert outbox.built([built], now=NOW) == 0
    assert outbox.skipped(bob.id, bob.lease_token, "nothing above the threshold", now=NOW)
    assert not outbox.build_failed(bob.id, bob.lease_token, "zombie", now=NOW)
    assert states(outbox) == {ada.id: "ready", bob.id: "skipped"}
    assert outbox.sent_paper_ids(["ada", "bob"]) == {"ada": {ids[0], ids[1]}, "bob": set()}
    assert outbox.sent_paper_ids(["ada"], before=EDITION) == {"ada": set()}


def test_a_builder_that_died_is_replaced(outbox: Outbox) -> None:
    """When a building lease ends, the delivery is planned again and the old builder's result is refused."""
    add_readers(outbox._db, "ada")
    outbox.plan([plan_of("ada")], trial=False, now=NOW)
    (first,) = outbox.claim_for_building(1, now=NOW, trial=False, lease_s=LEASE_S)
    assert outbox.reap(NOW).planned == 0
    assert outbox.reap(LATER).planned == 1
    (second,) = outbox.claim_for_building(1, now=LATER, trial=False)
    late = Built(delivery_id=first.id, lease_token=first.lease_token, recipe=b"1", message_id="<1>", paper_ids=())
    assert outbox.built([late], now=LATER) == 0
    assert second.id == first.id


def test_building_may_run_ahead_but_sending_may_not(outbox: Outbox) -> None:
    """A mail for 07:00 can be built before, and leaves at 07:00."""
    add_readers(outbox._db, "ada")
    outbox.plan([plan_of("ada", due_at=NOW + HOUR)], trial=False, now=NOW)
    assert outbox.claim_for_building(1, now=NOW, trial=False) == []
    (planned,) = outbox.claim_for_building(1, now=NOW, trial=False, ahead=HOUR)
    outbox.built(
        [Built(delivery_id=planned.id, lease_token=planned.lease_token, recipe=b"r", message_id="<m>", paper_ids=())],
        now=NOW,
    )
    assert claim(outbox) == []
    assert outbox.next_attempt_at(trial=False) == NOW + HOUR
    assert len(claim(outbox, now=NOW + HOUR)) == 1


def test_merged_papers_stay_gone_under_every_name(outbox: Outbox) -> None:
    """A paper that was merged into another, twice, is gone under all its ids."""
    add_readers(outbox._db, "ada")
    first, second, third = add_papers(outbox._db, 3)
    make_ready(outbox, ["ada"], paper_ids=[first])
    with outbox._db.write() as connection:
        connection.execute(update(papers).where(papers.c.id == first).values(redirect_to=second))
        connection.execute(update(papers).where(papers.c.id == second).values(redirect_to=third))
        connection.execute(update(papers).where(papers.c.id == third).values(redirect_to=first))  # garbage: a circle
    assert outbox.sent_paper_ids(["ada"]) == {"ada": {first, second, third}}


# ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_way_of_a_good_delivery(outbox: Outbox) -> None:
    """ready → leased → sending → accepted, with one attempt on record."""
    (one,) = sending(outbox, "ada")
    assert (one.recipient, one.recipe, one.attempt_count) == ("ada@example.org", b"ada", 0)
    assert outbox.record([result(one)], now=NOW) == 1
    assert states(outbox) == {one.id: "accepted"}
    assert attempts_of(outbox, one.id) == [("dot", "accepted", 250)]
    replay = outbox.replay("ada", EDITION)
    assert replay is not None
    assert tuple(replay) == (b"ada", S.ACCEPTED, NOW, False)
    assert outbox.replay("ada", EDITION + DAY) is None


@pytest.mark.parametrize(
    ("spoil", "state"),
    [
        (lambda outbox: set_reader(outbox._db, "ada", "gone"), "cancelled"),
        (lambda outbox: outbox.suppress("ADA@example.org", "complaint", now=NOW), "suppressed"),
        (lambda outbox: outbox.cancel([1], now=NOW), "cancelled"),
        (lambda outbox: outbox.hold([1], now=NOW), "held"),
    ],
    ids=["unsubscribed", "suppressed", "cancelled", "held"],
)
@pytest.mark.parametrize("moment", ["before the claim", "after the claim"])
def test_what_was_said_since_the_build_wins(outbox: Outbox, spoil: object, state: str, moment: str) -> None:
    """Unsubscribe, suppression, cancel and hold stop a mail until the moment it is marked as being sent."""
    assert callable(spoil)
    add_readers(outbox._db, "ada")
    make_ready(outbox, ["ada"])
    if moment == "before the claim":
        spoil(outbox)
        assert claim(outbox) == []
    else:
        (one,) = claim(outbox)
        spoil(outbox)
        assert outbox.mark_sending([one.id], one.lease_token, now=NOW) == frozenset()
    assert set(states(outbox).values()) == {state}


def test_a_suppression_can_end(outbox: Outbox) -> None:
    """A suppression with an end date, or one that was lifted, no longer stops mail."""
    outbox.suppress("ada@example.org", "soft bounces", now=NOW, expires_at=NOW + HOUR)
    assert outbox.is_suppressed("Ada@Example.org", now=NOW) == "soft bounces"
    assert outbox.is_suppressed("ada@example.org", now=NOW + HOUR) is None
    outbox.suppress("ada@example.org", "dead", now=NOW)
    assert outbox.is_suppressed("ada@example.org", now=NOW + HOUR) == "dead"
    assert outbox.unsuppress("ADA@example.org", now=NOW)
    assert not outbox.unsuppress("ada@example.org", now=NOW)


def test_late_news_is_not_sent(outbox: Outbox) -> None:
    """A claim after the expiry expires the delivery, as the sweep does for those nobody claims."""
    add_readers(outbox._db, "ada", "bob")
    make_ready(outbox, ["ada"])
    assert claim(outbox, now=NOW + 18 * HOUR) == []
    outbox.plan([plan_of("bob")], trial=False, now=NOW)
    assert outbox.expire_overdue(NOW + 18 * HOUR) == 1
    assert set(states(outbox).values()) == {"expired"}


def test_a_claim_looks_past_what_may_not_go_out(outbox: Outbox) -> None:
    """A batch of unsubscribed readers at the head of the queue does not look like an empty queue."""
    add_readers(outbox._db, *(f"gone{index}" for index in range(5)), "ada")
    make_ready(outbox, [*(f"gone{index}" for index in range(5)), "ada"])
    with outbox._db.write() as connection:
        connection.execute(update(subscribers).where(subscribers.c.id != "ada").values(state="gone"))
    assert [one.subscriber_id for one in claim(outbox, 2)] == ["ada"]


def test_a_deferred_delivery_waits_and_comes_first(outbox: Outbox) -> None:
    """It is not claimed before its time, and then before what was never tried."""
    (one,) = sending(outbox, "ada")
    outbox.record([result(one, S.DEFERRED, next_attempt_at=NOW + HOUR)], now=NOW)
    add_readers(outbox._db, "bob")
    make_ready(outbox, ["bob"])
    assert [again.subscriber_id for again in claim(outbox, 1)] == ["bob"]
    outbox.reap(LATER)
    first, second = claim(outbox, now=NOW + HOUR)
    assert (first.subscriber_id, first.attempt_count) == ("ada", 1)
    assert (second.subscriber_id, second.attempt_count) == ("bob", 0)


def test_the_relays_fault_costs_the_delivery_nothing(outbox: Outbox) -> None:
    """A refusal of the relay is on record, but the delivery is ready as before."""
    (one,) = sending(outbox, "ada")
    outbox.record([result(one, S.READY, outcome="lost", charged=False)], now=NOW)
    (again,) = claim(outbox)
    assert again.attempt_count == 0
    assert attempts_of(outbox, one.id) == [("dot", "lost", 550)]


def test_results_are_written_in_groups(outbox: Outbox) -> None:
    """Any mixture of results goes into one transaction."""
    first, second, third, fourth = sending(outbox, "ada", "bob", "eve", "kim")
    mixture = [result(first), result(second, S.FAILED), result(third, S.FAILED), result(fourth)]
    assert outbox.record(mixture, now=NOW) == 4
    assert list(states(outbox).values()) == ["accepted", "failed", "failed", "accepted"]


def test_a_dead_address_is_suppressed_with_the_result(outbox: Outbox) -> None:
    """The result that says so and the suppression are one transaction."""
    (one,) = sending(outbox, "ada")
    outbox.record([result(one, S.SUPPRESSED, suppress=True)], now=NOW)
    assert outbox.is_suppressed("ada@example.org", now=NOW) == "words"


def test_release_gives_back_unstarted_ones(outbox: Outbox) -> None:
    """A clean stop returns what it did not start; others' deliveries are not touched."""
    first, second = sending(outbox, "ada", "bob")
    assert outbox.release([first.id], "not the token", now=NOW) == 0
    assert outbox.release([first.id], first.lease_token, now=NOW) == 1
    assert states(outbox) == {first.id: "ready", second.id: "sending"}


# ── crashes ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_reaping_by_what_had_been_committed(outbox: Outbox) -> None:
    """leased → ready, sending → uncertain; a lease that was renewed stays."""
    first, second, third = sending(outbox, "ada", "bob", "eve")
    outbox.release([second.id], second.lease_token, now=NOW)
    (leased,) = claim(outbox)
    outbox.release([third.id], third.lease_token, now=NOW)
    (alive,) = claim(outbox)
    assert outbox.renew(alive.lease_token, until=NOW + DAY) == 1
    reaped = outbox.reap(LATER)
    assert (reaped.ready, reaped.uncertain) == (1, 1)
    assert states(outbox) == {first.id: "uncertain", leased.id: "ready", alive.id: "leased"}
    assert attempts_of(outbox, first.id) == [("lost", "uncertain", None)]


def test_a_late_250_settles_an_uncertain_delivery(outbox: Outbox) -> None:
    """A sender that only slept brings its reply after all: accepted."""
    (one,) = sending(outbox, "ada")
    outbox.reap(LATER)
    assert outbox.record([result(one)], now=LATER) == 1
    assert states(outbox) == {one.id: "accepted"}


def test_a_late_550_settles_it_too(outbox: Outbox) -> None:
    """A definite refusal under the old token is as good as an acceptance."""
    (one,) = sending(outbox, "ada")
    outbox.reap(LATER)
    assert outbox.record([result(one, S.FAILED)], now=LATER) == 1
    assert states(outbox) == {one.id: "failed"}


def test_a_250_is_a_fact_and_a_zombies_550_is_not(outbox: Outbox) -> None:
    """With on_uncertain: retry a second sender has it; an old 250 still ends it, an old 550 changes nothing."""
    (old,) = sending(outbox, "ada")
    assert outbox.reap(LATER, on_uncertain="retry").ready == 1
    (new,) = claim(outbox, now=LATER)
    assert new.message_id == old.message_id
    assert attempts_of(outbox, old.id) == [("lost", "uncertain", None)], "what may arrive twice is on record"
    assert outbox.record([result(old, S.FAILED)], now=LATER) == 0
    assert states(outbox) == {old.id: "leased"}
    assert outbox.record([result(old)], now=LATER) == 1
    assert outbox.mark_sending([new.id], new.lease_token, now=LATER) == frozenset()
    assert outbox.record([result(new, S.FAILED)], now=LATER) == 0
    assert states(outbox) == {old.id: "accepted"}


def test_uncertain_is_retried_only_while_it_is_news(outbox: Outbox) -> None:
    """on_uncertain: retry does not send yesterday's edition."""
    (one,) = sending(outbox, "ada")
    assert outbox.reap(NOW + 18 * HOUR, on_uncertain="retry").uncertain == 1
    assert states(outbox) == {one.id: "uncertain"}


def test_a_trial_is_simply_written_again(outbox: Outbox) -> None:
    """Writing a file twice hurts nobody, so a crash leaves no uncertain trials."""
    add_readers(outbox._db, "ada")
    make_ready(outbox, ["ada"], trial=True)
    (one,) = claim(outbox, trial=True)
    outbox.mark_sending([one.id], one.lease_token, now=NOW)
    assert outbox.reap(LATER).ready == 1


def test_a_zombie_cannot_start_what_was_taken_from_it(outbox: Outbox) -> None:
    """A sender whose lease ended finds that nothing of it may be sent."""
    add_readers(outbox._db, "ada")
    make_ready(outbox, ["ada"])
    (old,) = claim(outbox)
    outbox.reap(LATER)
    (new,) = claim(outbox, now=LATER)
    assert outbox.mark_sending([old.id], old.lease_token, now=LATER) == frozenset()
    assert outbox.renew(old.lease_token, until=LATER + DAY) == 0
    assert outbox.mark_sending([new.id], new.lease_token, now=LATER) == {new.id}


def test_two_claimers_never_get_the_same_delivery(outbox: Outbox) -> None:
    """Four threads claim from one queue of a hundred: every delivery once."""
    readers = [f"r{index}" for index in range(100)]
    add_readers(outbox._db, *readers)
    make_ready(outbox, readers)
    got: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while claimed := claim(outbox, 7):
            with lock:
                got.extend(one.id for one in claimed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(states(outbox))


# ── the operator ────────────────────────────────────────────────────────────────────────────────────────────


def test_hold_and_release(outbox: Outbox) -> None:
    """Held stays until released: to be sent if built, else to be built."""
    add_readers(outbox._db, "ada", "bob")
    (built,) = make_ready(outbox, ["ada"])
    outbox.plan([plan_of("bob")], trial=False, now=NOW)
    (planned,) = set(states(outbox)) - {built}
    assert outbox.hold([built, planned, 999], now=NOW) == sorted([built, planned])
    assert claim(outbox) == []
    assert outbox.expire_overdue(NOW + 18 * HOUR) == 0
    assert outbox.release_held([built, planned], now=NOW) == sorted([built, planned])
    assert states(outbox) == {built: "ready", planned: "planned"}
    with outbox._db.read() as connection:
        kinds = connection.execute(select(events.c.kind).order_by(events.c.id)).scalars().all()
    assert kinds == ["queue.hold", "queue.release"]


def test_what_is_being_sent_cannot_be_called_back(outbox: Outbox) -> None:
    """Cancel and hold leave a delivery in flight alone."""
    (one,) = sending(outbox, "ada")
    assert outbox.cancel([one.id], now=NOW) == []
    assert outbox.hold([one.id], now=NOW) == []


def test_an_uncertain_delivery_is_settled_by_hand(outbox: Outbox) -> None:
    """Confirm: it arrived. Cancel: it did not, and its papers are free. Retry: the same bytes again."""
    first, second, third = sending(outbox, "ada", "bob", "eve")
    outbox.reap(LATER)
    assert outbox.confirm([first.id], now=LATER) == [first.id]
    assert outbox.cancel([second.id], now=LATER) == [second.id]
    assert outbox.retry([third.id], now=LATER) == [third.id]
    assert states(outbox) == {first.id: "accepted", second.id: "cancelled", third.id: "ready"}
    (again,) = claim(outbox, now=LATER)
    assert (again.message_id, again.recipe) == (third.message_id, b"eve")
    assert outbox.books(EDITION).replies == 1


def test_a_retry_is_built_anew_when_its_papers_went_out_since(outbox: Outbox) -> None:
    """A failed delivery gave its papers back; sending its old bytes could send one of them twice."""
    (one,) = sending(outbox, "ada")
    ids = add_papers(outbox._db, 1)
    outbox.record([result(one, S.FAILED)], now=NOW)
    assert outbox.retry([one.id], now=NOW) == [one.id]
    assert states(outbox) == {one.id: "ready"}, "nothing overtook it: the same bytes"
    outbox.cancel([one.id], now=NOW)
    with outbox._db.write() as connection:
        connection.execute(
            insert(sent_papers).values(delivery_id=one.id, paper_id=ids[0], subscriber_id="ada", position=1)
        )
    make_ready(outbox, ["ada"], plans=[plan_of("ada", EDITION + DAY)], paper_ids=ids)
    assert outbox.retry([one.id], now=NOW) == [one.id]
    assert states(outbox)[one.id] == "planned"


def test_listing_filters(outbox: Outbox) -> None:
    """The queue can be asked by state, reader, day and trial."""
    add_readers(outbox._db, "ada", "bob")
    make_ready(outbox, ["ada", "bob"])
    make_ready(outbox, ["ada"], trial=True)
    assert [row.subscriber_id for row in outbox.listing(Filters(trial=False))] == ["bob", "ada"]
    assert [row.trial for row in outbox.listing(Filters(subscriber_id="ada"))] == [True, False]
    assert outbox.listing(Filters(states=frozenset({S.SENDING}))) == []
    assert outbox.listing(Filters(edition=EDITION + DAY)) == []
    assert len(outbox.listing(Filters(limit=1))) == 1
    assert outbox.counts() == {S.READY: 3}
    assert outbox.counts(trial=True, edition=EDITION) == {S.READY: 1}


# ── books ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_books_balance_and_close_once(outbox: Outbox) -> None:
    """A day closes when it is over in UTC−12 and the lateness is past, once."""
    first, second = sending(outbox, "ada", "bob")
    outbox.record([result(first), result(second, S.FAILED)], now=NOW)
    lateness = 18 * HOUR
    over = dt.datetime(2025, 11, 25, 12, 0, tzinfo=dt.UTC) + lateness
    assert outbox.close_press_days(over - dt.timedelta(seconds=1), max_lateness=lateness) == []
    (account,) = outbox.close_press_days(over, max_lateness=lateness)
    assert account == Books(edition=EDITION, counts={S.ACCEPTED: 1, S.FAILED: 1}, replies=1)
    assert account.balanced
    assert str(account) == "2025-11-24: 2 planned = 1 accepted + 1 failed"
    assert outbox.close_press_days(over + DAY, max_lateness=lateness) == []


@pytest.mark.parametrize("damage", ["still open", "no reply for it"])
def test_books_that_do_not_balance_are_an_event(outbox: Outbox, damage: str) -> None:
    """A delivery that ended nowhere, or was accepted without a reply, is named in an error event."""
    (one,) = sending(outbox, "ada")
    if damage == "no reply for it":
        with outbox._db.write() as connection:
            connection.execute(update(deliveries).values(state=S.ACCEPTED))
    (account,) = outbox.close_press_days(NOW + 4 * DAY, max_lateness=18 * HOUR)
    assert not account.balanced
    with outbox._db.read() as connection:
        row = connection.execute(select(events)).one()
    assert row.kind == "books.mismatch"
    assert row.detail["deliveries"] == [one.id]


def test_the_circuit_is_kept(outbox: Outbox) -> None:
    """A pause holds for every process until it is over or lifted."""
    assert outbox.relay("smtp://test") == RelayState(relay="smtp://test")
    outbox.pause_relay("smtp://test", until=NOW + HOUR, failures=2, reason="535", now=NOW)
    state = outbox.relay("smtp://test")
    assert state.paused(NOW)
    assert not state.paused(NOW + HOUR)
    assert (state.failures, state.reason) == (2, "535")
    assert outbox.resume_relay("smtp://test", now=NOW)
    assert not outbox.resume_relay("smtp://test", now=NOW)
