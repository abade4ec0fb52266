"""Turns at a provider in the database: one holder at a time, the pace between two, leases that end, and fairness."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import pytest

from digest.store.database import Database
from digest.store.ledger import LedgerStore
from digest.store.upgrade import ensure_current

NOW = dt.datetime(2026, 8, 20, 8, 0, tzinfo=dt.UTC)
KEY, PACE_S, LEASE_S = "arxiv.org", 3.0, 30.0


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    ensure_current(database)
    yield database
    database.close()


def after(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def take(ledger: LedgerStore, holder: str, at: float) -> float | None:
    """Ask for the turn ``at`` seconds: None if it was given, else the second at which to ask again."""
    refused = ledger.acquire(KEY, holder, now=after(at), pace_s=PACE_S, lease_s=LEASE_S)
    return None if refused is None else (refused.until - NOW).total_seconds()


def test_a_held_turn_is_nobody_else_s_however_long_it_takes(db: Database) -> None:
    """Renewed again and again, it stays with its holder long after the pace; released, it is free a pace after."""
    ledger = LedgerStore(db)
    assert take(ledger, "a", 0) is None
    for second in (10, 20, 30, 40):
        assert take(ledger, "b", second) == second + 0.5
        assert ledger.renew(KEY, "a", now=after(second), lease_s=LEASE_S)
    ledger.release(KEY, "a", next_at=after(45))
    assert take(ledger, "b", 44) == 45
    assert take(ledger, "b", 45) is None


def test_the_turn_of_the_dead_ends_with_its_lease(db: Database) -> None:
    """Nobody renews: free at the end of the lease, and what the dead one says later changes nothing."""
    ledger = LedgerStore(db)
    assert take(ledger, "dead", 0) is None
    assert take(ledger, "b", 29.9) == 30
    assert take(ledger, "b", 30) is None
    assert not ledger.renew(KEY, "dead", now=after(31), lease_s=LEASE_S)
    ledger.release(KEY, "dead", next_at=after(1000))
    ledger.release(KEY, "b", next_at=after(33))
    assert take(ledger, "c", 33) is None


def test_whoever_had_it_last_lets_the_others_through(db: Database) -> None:
    """Refused while the turn was held, b has the first second to itself; if it does not come, a goes on."""
    ledger = LedgerStore(db)
    assert take(ledger, "a", 0) is None
    assert take(ledger, "b", 5) == 5.5
    ledger.release(KEY, "a", next_at=after(6))
    assert take(ledger, "a", 6) == 7
    assert take(ledger, "b", 6.5) is None
    ledger.release(KEY, "b", next_at=after(10))
    assert take(ledger, "b", 10) is None, "nobody has wanted it since"


def test_retry_after_holds_for_everybody(db: Database) -> None:
    """A postponed key is postponed for the next process too, never earlier than before, and a release keeps it so."""
    ledger = LedgerStore(db)
    assert take(ledger, "a", 0) is None
    ledger.postpone(KEY, after(600))
    ledger.postpone(KEY, after(60))
    ledger.release(KEY, "a", next_at=after(3))
    assert take(LedgerStore(db), "b", 4) == 600


def test_of_many_at_once_one_gets_it(database_url: str, db: Database) -> None:
    """Twenty askers on two connections: one turn."""
    databases = [db, Database(database_url)]
    got: list[str] = []

    def ask(number: int) -> None:
        if take(LedgerStore(databases[number % 2]), f"holder {number}", 0) is None:
            got.append(str(number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    databases[1].close()
