"""Bounces in the database, on SQLite and PostgreSQL: each counts once, whoever takes it, and suppresses at once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from digest.store.bounces import MOST_SOFT, BounceStore, Sent, Verdict, mail_hash
from digest.store.database import Database
from tests.support.outbox_rows import NOW, add_readers, make_outbox, make_ready

HARD = Verdict(
    kind="hard", reason="user-unknown", status="5.1.1", diagnostic="no", counts=True, suppress="bounce: dead"
)
SOFT = Verdict(kind="soft", reason="mailbox-full", status="5.2.2", diagnostic="full", counts=True)


def delivered(database_url: str) -> Sent:
    outbox = make_outbox(database_url)
    add_readers(outbox._db, "ada")
    (number,) = make_ready(outbox, ["ada"])
    sent = BounceStore(outbox._db).sent(delivery_id=number)
    assert sent is not None
    outbox._db.close()
    return sent


def test_one_mail_taken_by_several_counts_once(database_url: str) -> None:
    """Eight processes read the same mailbox: one of them notes it."""
    sent = delivered(database_url)
    stores = [BounceStore(Database(database_url)) for _ in range(8)]

    def take(store: BounceStore) -> bool:
        return store.take(sent, HARD, mail=mail_hash(b"<1@mx>"), now=NOW).new

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(take, stores)) == [False] * 7 + [True]
    for store in stores:
        store._db.close()


def test_several_bounces_of_one_address_at_once_all_count(database_url: str) -> None:
    """Eight mails, eight processes, one address: nobody is in another's way."""
    sent = delivered(database_url)
    stores = [BounceStore(Database(database_url)) for _ in range(8)]

    def take(number: int) -> bool:
        return stores[number].take(sent, HARD, mail=mail_hash(b"<%d@mx>" % number), now=NOW).new

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(take, range(8)))
    for store in stores:
        store._db.close()


def test_a_rest_never_shortens_what_is_for_good(database_url: str) -> None:
    """Soft bounces after a hard one leave the address given up; the score says how many days."""
    sent = delivered(database_url)
    store = BounceStore(Database(database_url))
    for day in range(MOST_SOFT):
        now = NOW + dt.timedelta(days=day)
        noted = store.take(sent, SOFT, mail=mail_hash(b"%d" % day), now=now)
        assert noted.score == day + 1
        if day == 0:
            store.take(sent, HARD, mail=mail_hash(b"hard"), now=now)
    far = NOW + dt.timedelta(days=400)
    outbox = make_outbox(database_url)
    assert outbox.is_suppressed(sent.recipient, now=far) == "bounce: dead"
    outbox._db.close()
    store._db.close()


def test_a_mail_is_found_by_its_message_id(database_url: str) -> None:
    """And one that nobody sent is not."""
    sent = delivered(database_url)
    store = BounceStore(Database(database_url))
    assert store.sent(message_id=f"<{sent.edition}.ada@digest.test>") == sent
    assert store.sent(message_id="<other@digest.test>") is None
    assert store.sent(delivery_id=sent.id + 1) is None
    store._db.close()
