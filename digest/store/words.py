"""Last words: what each reader and each address said last of being written to, kept under keyed hashes.

A backup that is restored has forgotten the unsubscribes, pauses, erasures and dead addresses since. So each of them is
also a line of the accepted journal, and this table holds the last line about each subject:

    the verb says a word ──▶ last_words, unsaid ──▶ the journal, synced ──▶ said ──▶ commit     one transaction
    the journal is read  ──▶ a word later than the last one is news, and is done here (digest.store.hearing)

The line comes before the commit: after a crash between them the next start does what somebody asked for anyway; in the
other order a "no" could be lost. Where the journal can't be written the act is committed all the same, the word stays
``unsaid``, and the next pass writes it. Times of words about one subject only grow, whatever the clock does.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select, update

from digest.store.database import TOLD, Database, chunks, dialect_insert
from digest.store.keys import keyed_hashes
from digest.store.schema import last_words

READER_ID = "reader"
"""Kinds of subjects, and of the keyed hashes that are left of an erased reader's id and address."""
ADDRESS = "address"
MEMBER = "member"
"""An address as a reader's: that they left is known even if their id is lost with the database."""
_HASHED = re.compile(r"#[0-9a-f]{64}")
"""A subject of whom only the hash is known, as an operator finds them in a list."""
_TICK = dt.timedelta(microseconds=1)


class Said(StrEnum):
    LEFT = "left"
    PAUSED = "paused"
    BACK = "back"
    """They came back, resumed, or confirmed anew."""
    ERASED = "erased"
    SUPPRESSED = "suppressed"
    FORGOTTEN = "forgotten"
    """The address of a reader who was erased."""
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A line of the journal about somebody; who it is, only the database can tell."""

    subject: str
    """``#`` and 64 hexadecimal digits; the kind of subject is part of what is hashed."""
    said: Said
    at: dt.datetime
    until: dt.datetime | None = None
    """When a pause or a suppression ends; None: not by itself."""

    def to_json(self) -> dict[str, object]:
        until = {"until": self.until.astimezone(dt.UTC).isoformat()} if self.until else {}
        return {
            "subject": self.subject,
            "said": str(self.said),
            "at": self.at.astimezone(dt.UTC).isoformat(),
            **until,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, object]) -> Word:
        """Raises KeyError, ValueError or TypeError for what :meth:`to_json` did not make."""
        subject = str(told["subject"])
        if not _HASHED.fullmatch(subject):
            raise ValueError("no subject")
        until = told.get("until")
        return cls(
            subject=subject,
            said=Said(str(told["said"])),
            at=_instant(told["at"]),
            until=_instant(until) if until is not None else None,
        )


Witness = Callable[[Sequence[Word]], bool]
"""Writes words to the journal and syncs it; False: it could not, and has complained."""


def say(
    connection: Connection,
    kind: str,
    text: str,
    said: Said,
    *,
    now: dt.datetime,
    until: dt.datetime | None = None,
) -> None:
    """Part of the act that it tells of, in its transaction; first in it, where rows are locked one after another."""
    subject = text if _HASHED.fullmatch(text) else keyed_hashes(connection, kind, [text]).get(text)
    if subject is None:
        return
    query = select(last_words.c.at).where(last_words.c.subject == subject).with_for_update()
    before: dt.datetime | None = connection.execute(query).scalar_one_or_none()
    word = Word(subject=subject, said=said, at=now if before is None else max(now, before + _TICK), until=until)
    values = {"said": word.said, "at": word.at, "until": until, "unsaid": True}
    upsert = dialect_insert(connection.dialect.name)(last_words).values(subject=subject, **values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["subject"], set_=values))
    connection.info.setdefault(TOLD, []).append(word)


def say_of_reader(connection: Connection, reader_id: str, address: str, said: Said, *, now: dt.datetime) -> None:
    """That a reader left or came back: of their id, and of the canonical address that they read at."""
    say(connection, READER_ID, reader_id, said, now=now)
    if address:
        say(connection, MEMBER, address, said, now=now)


def witnessed(witness: Witness) -> Callable[[Connection], None]:
    """For :attr:`digest.store.database.Database.before_commit`: what a transaction said is in the journal first."""

    def settle(connection: Connection) -> None:
        words: list[Word] = connection.info.pop(TOLD, [])
        if words and witness(words):
            mark_said(connection, words)

    return settle


def mark_said(connection: Connection, words: Iterable[Word]) -> None:
    """These are in the journal."""
    for word in words:
        same = (last_words.c.subject == word.subject, last_words.c.at == word.at)
        connection.execute(update(last_words).where(*same).values(unsaid=False))


def last_said(connection: Connection, kind: str, texts: Collection[str]) -> dict[str, Word]:
    """The last word on each of these, where there is any."""
    found: dict[str, Word] = {}
    for chunk in chunks(sorted(set(texts))):
        hashes = keyed_hashes(connection, kind, chunk)
        query = select(last_words).where(last_words.c.subject.in_(sorted(hashes.values())))
        known = {row.subject: row for row in connection.execute(query)}
        for text, subject in hashes.items():
            if (row := known.get(subject)) is not None:
                found[text] = Word(subject=subject, said=Said(row.said), at=row.at, until=row.until)
    return found


def unsaid(db: Database, *, limit: int = 1000) -> list[Word]:
    """Words that the journal lacks, the oldest first."""
    query = select(last_words).where(last_words.c.unsaid).order_by(last_words.c.at, last_words.c.subject).limit(limit)
    with db.read() as connection:
        return [
            Word(subject=row.subject, said=Said(row.said), at=row.at, until=row.until)
            for row in connection.execute(query)
        ]


def unsaid_since(db: Database) -> dt.datetime | None:
    """Since when the journal has lacked a word; None if it is complete."""
    words = unsaid(db, limit=1)
    return words[0].at if words else None


def _instant(text: object) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text)).astimezone(dt.UTC)
