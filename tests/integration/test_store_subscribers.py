"""Readers in a real database: files are followed, and nobody is lost or mailed by mistake."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from digest.errors import NotFound
from digest.model import Frequency, Lane, SendTimes, Subscriber
from digest.store.database import Database
from digest.store.schema import subscribers
from digest.store.subscribers import SubscriberStore
from digest.store.upgrade import ensure_current

NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
LATENESS = dt.timedelta(hours=18)
ADA = Subscriber(
    id="ada",
    email="ada@uni.example",
    times=SendTimes(timezone="Europe/Berlin", send=dt.time(9, 0), frequency=Frequency.DAILY),
    lanes=(Lane(name="Attention", phrases=("sparse attention",)),),
)
BOB = dataclasses.replace(ADA, id="bob", email="bob@uni.example")


@pytest.fixture
def store() -> Iterator[SubscriberStore]:
    db = Database("sqlite:///:memory:")
    ensure_current(db)
    yield SubscriberStore(db)
    db.close()


def sync(
    store: SubscriberStore, *readers: Subscriber, broken: dict[str, str] | None = None, now: dt.datetime = NOW
) -> None:
    store.sync(readers, broken=broken or {}, max_lateness=LATENESS, now=now)


def test_settings_come_back_as_they_went_in(store: SubscriberStore) -> None:
    """The store keeps every setting."""
    sync(store, ADA)
    assert store.get("ada").subscriber == ADA
    assert store.get("ada@uni.example").subscriber == ADA


def test_a_new_reader_of_this_morning_is_due_at_once(store: SubscriberStore) -> None:
    """As after an outage: a send time that passed within max_lateness is made up for."""
    sync(store, ADA, now=NOW + dt.timedelta(hours=5))  # 13:00 in Berlin
    reader = store.get("ada")
    assert reader.next_edition == dt.date(2026, 5, 20)
    assert reader.next_due_at == dt.datetime(2026, 5, 20, 7, 0, tzinfo=dt.UTC)


def test_a_moved_send_time_does_not_bring_a_second_mail_today(store: SubscriberStore) -> None:
    """The next edition is later than the last one, whatever the clock says."""
    sync(store, ADA)
    with store._db.write() as connection:
        connection.execute(update(subscribers).values(last_edition=dt.date(2026, 5, 20)))
    later = dataclasses.replace(ADA, times=dataclasses.replace(ADA.times, send=dt.time(23, 0)))
    sync(store, later, now=NOW + dt.timedelta(hours=2))
    assert store.get("ada").next_edition == dt.date(2026, 5, 21)


def test_a_deleted_file_pauses_and_a_restored_one_wakes(store: SubscriberStore) -> None:
    """Nobody is due while their file is gone."""
    sync(store, ADA, BOB)
    sync(store, BOB)
    assert store.get("ada").state == "gone"
    assert [r.subscriber.id for r in store.due(NOW + dt.timedelta(days=2), 10)] == ["bob"]
    sync(store, ADA, BOB)
    assert store.get("ada").state == "active"


def test_a_broken_file_keeps_the_last_good_settings(store: SubscriberStore) -> None:
    """The reader stays active, and the problem is on record until it is mended."""
    sync(store, ADA)
    sync(store, broken={"ada": "ada.yaml:3: papers: not a number"})
    reader = store.get("ada")
    assert (reader.state, reader.subscriber) == ("active", ADA)
    assert reader.problem == "ada.yaml:3: papers: not a number"
    sync(store, ADA)
    assert store.get("ada").problem is None


def test_an_erased_reader_stays_erased(store: SubscriberStore) -> None:
    """A file that comes back does not bring back who asked to be forgotten."""
    sync(store, ADA)
    with store._db.write() as connection:
        connection.execute(update(subscribers).values(state="erased"))
    sync(store, ADA)
    assert store.all() == []


def test_the_same_files_again_change_nothing(store: SubscriberStore) -> None:
    """Reading the files every minute writes nothing."""
    sync(store, ADA, BOB)
    report = store.sync((ADA, BOB), broken={}, max_lateness=LATENESS, now=NOW + dt.timedelta(minutes=1))
    assert (report.added, report.changed, report.gone) == ((), (), ())


def test_a_changed_time_zone_database_moves_the_due_time(store: SubscriberStore) -> None:
    """Due times computed under other rules are recomputed."""
    sync(store, ADA)
    with store._db.write() as connection:
        connection.execute(update(subscribers).values(times_hash="of another tzdata", next_due_at=NOW))
    assert store.refresh_stale(now=NOW) == 1
    assert store.get("ada").next_due_at == dt.datetime(2026, 5, 20, 7, 0, tzinfo=dt.UTC)
    assert store.refresh_stale(now=NOW) == 0


def test_an_unknown_reader_gets_the_nearest_name(store: SubscriberStore) -> None:
    """A typing error is met with what was meant."""
    sync(store, ADA, BOB)
    with pytest.raises(NotFound, match="did you mean ada"):
        store.get("adda")
