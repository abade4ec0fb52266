"""What the journal says of readers and addresses, and this database, an older one, does not know, is done here again.

Only a word later than the last one about the same subject is news (digest.store.words), so hearing all of it again
changes nothing, and a database that was never restored hears only itself. ``back`` and ``allowed`` are words too:
whoever left and returned since the backup is a reader. What is not in the backup at all needs no more than the table
of last words: a file that brings the reader, or a list with their address, is held against it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select

from digest.model import Act, Evidence
from digest.store.database import Database, chunks
from digest.store.erasure import close_id, forget
from digest.store.keys import keyed_hashes
from digest.store.outbox.suppression import ERASED, hide_address
from digest.store.schema import last_words, subscribers, suppressions
from digest.store.subscribers import FILE
from digest.store.wishes import MEMBERS, S, note, put, revive
from digest.store.words import ADDRESS, READER_ID, Said, Word

WORDS = "the journal says so; this database did not know"
OF_ADDRESSES = frozenset({Said.SUPPRESSED, Said.FORGOTTEN, Said.ALLOWED})


class Hearing:
    def __init__(self, db: Database) -> None:
        self._db = db

    def hear(self, words: Sequence[Word], *, now: dt.datetime) -> int:
        """Do what these words ask for and nobody here knows; returns how many readers and addresses changed."""
        latest: dict[str, Word] = {}
        for word in words:
            if word.subject not in latest or word.at > latest[word.subject].at:
                latest[word.subject] = word
        if not latest:
            return 0
        with self._db.read() as connection:  # in all ordinary passes there is nothing to do
            if not _news(connection, latest):
                return 0
        with self._db.write() as connection:
            news = _news(connection, latest)
            readers = _locked(connection, news)
            news = _remembered(self._db, connection, news)
            changed = 0
            for subject, word in news.items():
                if word.said in OF_ADDRESSES:
                    changed += _apply_to_address(connection, word, now)
                elif word.said is Said.ERASED:
                    changed += _erase(connection, readers.get(subject), word, now)
                elif (row := readers.get(subject)) is not None:
                    changed += _apply_to_reader(connection, row, word, now)
        return changed


def _news(connection: Connection, latest: Mapping[str, Word]) -> dict[str, Word]:
    """Words that are later than what is known of their subject."""
    known: dict[str, dt.datetime] = {}
    for chunk in chunks(sorted(latest)):
        query = select(last_words.c.subject, last_words.c.at).where(last_words.c.subject.in_(chunk))
        known |= {row.subject: row.at for row in connection.execute(query)}
    return {key: word for key, word in latest.items() if key not in known or word.at > known[key]}


def _locked(connection: Connection, subjects: Collection[str]) -> dict[str, Row[Any]]:
    """The readers among the subjects, locked in the order of their ids, and before their words, as the verbs do."""
    ids = list(connection.scalars(select(subscribers.c.id).where(subscribers.c.state != S.ERASED)))
    hashes = keyed_hashes(connection, READER_ID, ids)
    theirs = {reader: subject for reader, subject in hashes.items() if subject in subjects}
    found = {}
    for chunk in chunks(sorted(theirs)):
        query = select(subscribers).where(subscribers.c.id.in_(chunk), subscribers.c.state != S.ERASED)
        for row in connection.execute(query.order_by(subscribers.c.id).with_for_update()):
            found[theirs[row.id]] = row
    return found


def _remembered(db: Database, connection: Connection, news: Mapping[str, Word]) -> dict[str, Word]:
    """Write down what is still news once the rows are ours: somebody may have said more meanwhile (PostgreSQL)."""
    kept: set[str] = set()
    for chunk in chunks(sorted(news)):
        rows = [
            {"subject": key, "said": news[key].said, "at": news[key].at, "until": news[key].until, "unsaid": False}
            for key in chunk
        ]
        upsert = db.insert(last_words).values(rows)
        fresh = {name: upsert.excluded[name] for name in ("said", "at", "until", "unsaid")}
        upsert = upsert.on_conflict_do_update(
            index_elements=["subject"], set_=fresh, where=last_words.c.at < upsert.excluded.at
        )
        kept |= set(connection.scalars(upsert.returning(last_words.c.subject)))
    return {key: word for key, word in news.items() if key in kept}


def _apply_to_reader(connection: Connection, row: Row[Any], word: Word, now: dt.datetime) -> bool:
    evidence = Evidence(text=WORDS)
    if word.said is Said.LEFT and row.state != S.LEFT:
        values = {"state": S.LEFT, "paused_until": None, "wanted": None, "updated_at": now}
        put(connection, row.id, values)
        note(connection, row.id, Act.LEFT, evidence, word.at)
        return True
    by_file = row.origin == FILE and row.state == S.PAUSED and row.paused_until is None
    if word.said is Said.PAUSED and not by_file and (*MEMBERS, S.LEFT).count(row.state):
        put(connection, row.id, {"state": S.PAUSED, "paused_until": word.until, "updated_at": now})
        note(connection, row.id, Act.PAUSED, evidence, word.at)
        return True
    if word.said is Said.BACK and not by_file and row.state in (S.LEFT, S.PAUSED):
        revive(connection, row, Act.RETURNED if row.state == S.LEFT else Act.RESUMED, evidence, now)
        return True
    return False


def _erase(connection: Connection, row: Row[Any] | None, word: Word, now: dt.datetime) -> bool:
    """A reader who is not here stays away for good: their file may still lie where it was."""
    if row is None:
        close_id(connection, word.subject, now)
        return False
    hashed = keyed_hashes(connection, ADDRESS, [row.address])[row.address]
    connection.execute(delete(suppressions).where(suppressions.c.address == row.address))
    hide_address(connection, hashed, ERASED, now)  # theirs by now may be another one, of which there is a word as well
    forget(connection, row, word.subject, now)
    return True


def _apply_to_address(connection: Connection, word: Word, now: dt.datetime) -> bool:
    if word.said is Said.FORGOTTEN:
        _drop(connection, word.subject)
        hide_address(connection, word.subject, ERASED, now)
        return True
    if word.said is Said.SUPPRESSED:
        if word.until is not None and word.until <= now:
            return False
        hide_address(connection, word.subject, WORDS, word.at, word.until)
        return True
    return _drop(connection, word.subject)


def _drop(connection: Connection, subject: str) -> bool:
    """Take an address off the list of those that are not written to, be it there by name or by hash."""
    names = list(connection.scalars(select(suppressions.c.address).where(suppressions.c.address.not_like("#%"))))
    hashes = keyed_hashes(connection, ADDRESS, names)
    spelled = [name for name, hashed in hashes.items() if hashed == subject]
    same = or_(suppressions.c.address == subject, suppressions.c.address.in_(spelled))
    return connection.execute(delete(suppressions).where(same)).rowcount > 0
