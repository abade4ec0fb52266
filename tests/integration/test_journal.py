"""The accepted journal: an old backup, a crash between two writes, a full disk, two senders; nobody is mailed twice."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from digest.delivery.journal import Journal
from digest.errors import StoreError
from digest.model import DeliveryState as S
from digest.pipeline.chronicle import Reconciled, reconcile
from digest.store.database import Database
from digest.store.outbox import Outbox, SentFact
from digest.store.schema import attempts, deliveries, identifiers, journal_files, sent_papers, subscribers
from tests.support.outbox_rows import (
    DAY,
    EDITION,
    HOUR,
    NOW,
    add_papers,
    add_readers,
    make_outbox,
    make_ready,
    plan_of,
    states,
)
from tests.support.senders import Senders

KEY = b"k" * 32


@pytest.fixture
def outbox(database_url: str) -> Iterator[Outbox]:
    made = make_outbox(database_url)
    yield made
    made._db.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "digest-journal", key=KEY)


def forget(db: Database) -> None:
    """What an older backup does not have: the deliveries, and how far the journal was read."""
    with db.write() as connection:
        for table in (sent_papers, attempts, deliveries, journal_files):
            connection.execute(delete(table))
        connection.execute(update(subscribers).values(last_edition=None, next_due_at=NOW, next_edition=EDITION))


def name_papers(db: Database, ids: Sequence[int]) -> None:
    with db.write() as connection:
        rows = [{"scheme": "arxiv", "value": f"2511.{paper:05}", "paper_id": paper} for paper in ids]
        connection.execute(insert(identifiers), rows)


def test_a_restored_backup_mails_nobody_twice(outbox: Outbox, journal: Journal) -> None:
    """The database is as it was before the editions: it learns of them, with their papers, and plans none again."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada", "bob")
    papers = add_papers(outbox._db, 3)
    name_papers(outbox._db, papers)
    make_ready(outbox, ["ada", "bob"], paper_ids=papers)
    senders.send(journal, papers=papers)
    forget(outbox._db)
    senders.now = NOW + HOUR
    assert reconcile(senders.rooms, journal) == Reconciled(learnt=2)
    assert set(states(outbox).values()) == {"accepted"}
    assert outbox.sent_paper_ids(["ada", "bob"]) == {"ada": set(papers), "bob": set(papers)}
    assert outbox.books(EDITION).balanced
    with outbox._db.read() as connection:
        assert set(connection.scalars(select(subscribers.c.last_edition))) == {EDITION}
    assert outbox.plan([plan_of("ada"), plan_of("bob")], trial=False, now=senders.now) == 0
    assert reconcile(senders.rooms, journal) == Reconciled()


def test_two_processes_learn_at_once(outbox: Outbox, journal: Journal) -> None:
    """After a restore several passes begin together: each mail is learnt once, and none of them fails."""
    senders = Senders(outbox)
    names = [f"r{number}" for number in range(60)]
    add_readers(outbox._db, *names)
    make_ready(outbox, names)
    senders.send(journal)
    forget(outbox._db)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: reconcile(senders.rooms, journal).learnt, range(3)))
    assert sum(found) == 60
    assert list(states(outbox).values()) == ["accepted"] * 60


def test_what_was_ready_in_the_backup_is_not_sent(outbox: Outbox, journal: Journal) -> None:
    """A backup of the moment before sending holds finished mails: they are known to have gone before any is claimed."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada")
    (delivery,) = make_ready(outbox, ["ada"])
    senders.send(journal)
    with outbox._db.write() as connection:
        connection.execute(update(deliveries).values(state=S.READY, lease_token=None, updated_at=NOW - HOUR))
        connection.execute(delete(attempts))
    assert reconcile(senders.rooms, journal).learnt == 1
    assert outbox.claim_ready(10, now=NOW, lease_s=60, trial=False) == []
    assert states(outbox) == {delivery: "accepted"}


def test_another_mail_under_the_same_number_is_not_mistaken(outbox: Outbox, journal: Journal) -> None:
    """A restored database gives its numbers again: a number alone proves nothing."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada", "bob")
    (number,) = make_ready(outbox, ["ada"])
    senders.send(journal)
    forget(outbox._db)
    other = make_ready(outbox, ["bob"])
    with outbox._db.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == other[0]).values(id=number, state=S.ACCEPTED))
    assert reconcile(senders.rooms, journal).learnt == 1
    assert {row.subscriber_id: row.state for row in outbox.listing()} == {"ada": S.ACCEPTED, "bob": S.ACCEPTED}


def test_a_crash_between_journal_and_commit_leaves_nothing_uncertain(outbox: Outbox, journal: Journal) -> None:
    """The reply is in the journal and not in the database: the next start knows that the mail was taken."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada", "bob")
    make_ready(outbox, ["ada", "bob"])
    senders.send(journal, commit=False)
    assert set(states(outbox).values()) == {"sending"}
    reconcile(senders.rooms, journal)
    assert outbox.reap(NOW + HOUR).uncertain == 0
    assert set(states(outbox).values()) == {"accepted"}


def test_an_uncertain_mail_stays_uncertain_after_a_restore(outbox: Outbox, journal: Journal) -> None:
    """It may have arrived, so it is not sent again by itself; and what the operator decided since is not undone."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada")
    (delivery,) = make_ready(outbox, ["ada"])
    senders.send(journal, state=S.UNCERTAIN)
    senders.now = NOW + HOUR
    outbox.retry([delivery], now=senders.now)
    assert reconcile(senders.rooms, journal).learnt == 0
    assert states(outbox) == {delivery: "ready"}
    forget(outbox._db)
    assert reconcile(senders.rooms, journal).learnt == 1
    assert set(states(outbox).values()) == {"uncertain"}


def test_readers_and_papers_that_come_back_later_are_known_then(outbox: Outbox, journal: Journal) -> None:
    """The backup is older than the reader and the paper: files and sources bring both, and the journal holds."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada")
    papers = add_papers(outbox._db, 1)
    name_papers(outbox._db, papers)
    make_ready(outbox, ["ada"], paper_ids=papers)
    senders.send(journal, papers=papers)
    forget(outbox._db)
    with outbox._db.write() as connection:
        connection.execute(delete(identifiers))
        connection.execute(delete(subscribers))
    assert reconcile(senders.rooms, journal) == Reconciled(waiting=1)
    add_readers(outbox._db, "ada")
    assert reconcile(senders.rooms, journal) == Reconciled(learnt=1)
    assert outbox.sent_paper_ids(["ada"]) == {"ada": set()}
    (newer,) = add_papers(outbox._db, 1)
    with outbox._db.write() as connection:
        connection.execute(insert(identifiers).values(scheme="arxiv", value=f"2511.{papers[0]:05}", paper_id=newer))
    assert outbox.sent_paper_ids(["ada"]) == {"ada": {newer}}
    assert outbox.sent_paper_ids(["ada"], before=EDITION) == {"ada": set()}


def test_what_is_settled_without_a_sender_is_written_later(outbox: Outbox, journal: Journal) -> None:
    """A mail that the operator confirms and one that a dead sender left are in the journal with the next pass."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada", "bob")
    first, second = make_ready(outbox, ["ada", "bob"])
    claimed = outbox.claim_ready(2, now=NOW, lease_s=1, trial=False)
    outbox.mark_sending([first, second], claimed[0].lease_token, now=NOW)
    outbox.reap(NOW + HOUR)
    outbox.confirm([first], now=NOW + HOUR)
    assert reconcile(senders.rooms, journal).mended == 2
    assert outbox.gaps_since() is None
    forget(outbox._db)
    reconcile(senders.rooms, journal)
    assert {row.subscriber_id: row.state for row in outbox.listing()} == {"ada": S.ACCEPTED, "bob": S.UNCERTAIN}


def test_a_journal_that_takes_nothing_stops_no_mail(
    outbox: Outbox, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """Results reach the database, the log says what is at stake, and the journal is completed when it can be."""
    senders = Senders(outbox)
    add_readers(outbox._db, "ada")
    make_ready(outbox, ["ada"])
    journal.folder.write_text("a file where the folder should be")
    senders.send(journal)
    assert set(states(outbox).values()) == {"accepted"}
    assert "would mail their readers again" in caplog.text
    assert outbox.gaps_since() == NOW
    journal.folder.unlink()
    assert reconcile(senders.rooms, journal).mended == 1
    forget(outbox._db)
    assert reconcile(senders.rooms, journal).learnt == 1


def fact(number: int = 1, **changes: object) -> SentFact:
    said: dict[str, object] = {
        "reader": "a" * 32, "edition": EDITION.isoformat(), "state": "accepted", "at": NOW.isoformat(),
        "delivery_id": number, "message_id": f"<{number}@x>", "relay": "r", "papers": [["arxiv:2511.00001", "doi:1"]],
    }  # fmt: skip
    return SentFact.from_json(said | changes)


def facts_in(journal: Journal) -> list[int]:
    return [fact.delivery_id for file in journal.files() for batch in journal.read(file, 0) for fact in batch.facts]


def test_what_is_written_is_read(journal: Journal) -> None:
    """Facts come back as they were, from any position on, and the files are for their owner alone."""
    journal.append([fact(1), fact(2)], now=NOW)
    (file,) = journal.files()
    (first,) = journal.read(file, 0)
    journal.append([fact(3)], now=NOW)
    (file,) = journal.files()
    (second,) = journal.read(file, first.position)
    assert (first.facts, second.facts) == ((fact(1), fact(2)), (fact(3),))
    assert second.position == file.size
    assert file.path.stat().st_mode & 0o077 == 0
    assert list(journal.read(file, file.size)) == []


TEARS: dict[str, Callable[[bytes], bytes]] = {
    "a torn last line": lambda data: data[:-20],
    "zeros after a power cut": lambda data: data + bytes(4096),
    "half a line, then nothing": lambda data: data + b'deadbeef {"reader"',
    "somebody's letter": lambda data: data + b"Dear Ada,\n\xff\xfe\x00 all the best\n",
    "a flipped bit": lambda data: data[:-30] + bytes([data[-30] ^ 1]) + data[-29:],
    "a line without an end": lambda data: data + b"x" * 2_500_000 + b"\n",
    "a fact of a later version": lambda data: data + b'30a0ab9c {"surprise":1}\n',
}


@pytest.mark.parametrize("tear", TEARS.values(), ids=TEARS)
def test_garbage_costs_only_its_own_line(journal: Journal, tear: Callable[[bytes], bytes]) -> None:
    """Whatever became of the end of a file, what stood before is read, and so is what is written after."""
    journal.append([fact(1)], now=NOW)
    journal.append([fact(2)], now=NOW)
    (file,) = journal.files()
    file.path.write_bytes(tear(file.path.read_bytes()))
    journal.append([fact(3)], now=NOW)
    assert [number for number in facts_in(journal) if number != 2] == [1, 3]


def test_the_journal_of_another_database_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    """Two databases may keep their journals in one folder: each reads its own."""
    other = Journal(journal.folder, key=b"another" * 5)
    journal.append([fact(1)], now=NOW)
    other.append([fact(2)], now=NOW)
    (journal.folder / "notes.txt").write_text("mine")
    (journal.folder / f"2025-11-24-{journal.reader('')[:8]}.journal.bak").write_text("not a journal")
    assert (facts_in(journal), facts_in(other)) == ([1], [2])


def test_a_journal_that_was_put_back_itself_is_read_from_its_beginning(journal: Journal) -> None:
    """A file that is shorter than what was read of it is another one than it was."""
    journal.append([fact(1)], now=NOW)
    (file,) = journal.files()
    assert [batch.facts for batch in journal.read(file, file.size + 1000)] == [(fact(1),)]


def test_old_days_are_removed(journal: Journal) -> None:
    """By whole days, counted before anything is removed."""
    journal.append([fact(1)], now=NOW - 100 * DAY)
    journal.append([fact(2)], now=NOW)
    before = (NOW - 90 * DAY).date()
    assert journal.prune(before, dry_run=True)[0] == 1
    assert facts_in(journal) == [1, 2]
    assert journal.prune(before)[0] == 1
    assert facts_in(journal) == [2]


def _write_many(folder: Path, start: int) -> None:
    journal = Journal(folder, key=KEY)
    for number in range(start, start + 40):
        journal.append([fact(number)], now=NOW)


def test_two_senders_share_a_file(journal: Journal) -> None:
    """No line of one is torn by the other, and there is one head."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(journal.folder, start)) for start in (0, 1000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert sorted(facts_in(journal)) == [*range(40), *range(1000, 1040)]
    (file,) = journal.files()
    assert sum(batch.garbled for batch in journal.read(file, 0)) == 0


def test_a_folder_that_cannot_be_listed_stops_the_pass(journal: Journal) -> None:
    """Sending might repeat what the journal would have told."""
    journal.folder.write_text("no folder")
    with pytest.raises(StoreError, match="digest-journal"):
        journal.files()


def _write_to_a_full_disk(folder: Path) -> None:
    """No file of this process may grow beyond 5 KB: what a full disk does to a write in its middle."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    journal, written = Journal(folder, key=KEY), 0
    try:
        while True:
            journal.append([fact(written)], now=NOW)
            written += 1
    except OSError:
        assert written > 10
    assert facts_in(journal) == list(range(written)), "nothing is half written"


def test_a_full_disk_leaves_no_half_lines(journal: Journal) -> None:
    """What did not fit is not there at all, and what was there before still is."""
    writer = multiprocessing.get_context("spawn").Process(target=_write_to_a_full_disk, args=(journal.folder,))
    writer.start()
    writer.join(60)
    assert writer.exitcode == 0
    journal.append([fact(9999)], now=NOW)
    assert facts_in(journal)[-1] == 9999
    (file,) = journal.files()
    assert sum(batch.garbled for batch in journal.read(file, 0)) == 0


def test_nobody_can_tell_from_the_journal_who_had_what(journal: Journal) -> None:
    """No id and no address is in it, and another database calls the same reader otherwise."""
    assert journal.reader("ada@example.org") != Journal(journal.folder, key=b"other").reader("ada@example.org")
