"""The accepted journal: what went out, and who said no, in files beside the database, for when an old backup returns.

    2026-11-23-5f0c9a1e.journal          one file a day (UTC) and database, in append mode, shared by all its senders
    ──────────────────────────
    7d1c40aa {"journal":"paper-digest","version":1,"id":"…"}
    08fe11d2 {"reader":"…","edition":"2026-11-23","state":"accepted","at":"…","papers":[["arxiv:2511.01234"], …], …}
    5be2c7f0 {"subject":"#…","said":"left","at":"…"}
    └ CRC-32 of the rest of the line, in hexadecimal: a torn or foreign line is known as one

A line is written, and on disk, *before* the transaction that says the same is committed. What ends in between leaves a
fact that the next start reads (digest/pipeline/chronicle.py); in the other order it would leave a mail, or a "no", that
only the database knows of. A line holds no address: readers appear under a hash whose key only the database holds.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import re
import secrets
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from digest.errors import StoreError
from digest.store.outbox import SentFact
from digest.store.words import Word

VERSION = 1
LONGEST_LINE = 1_000_000
"""Bytes; whatever is longer was not written here."""
READ_AT_ONCE = 500
"""Lines that become one transaction."""
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-([0-9a-f]{8})\.journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFile:
    id: str
    """What the file calls itself: copies and files of the same name are told apart by it."""
    path: Path
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines of a file."""

    facts: tuple[SentFact, ...]
    words: tuple[Word, ...]
    """Who left, paused, came back …, in the order in which they said so."""
    position: int
    """Bytes of the file up to the end of the last of them."""
    garbled: int
    """Lines among them that are none of ours, or were torn by a crash."""


class Journal:
    """The journal of one database; any number of processes may hold one."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        """``key`` is a secret of the database that every backup of it has too: its oldest signing key."""
        self.folder = folder
        self._key = key
        self._database = self.reader("")[:8]

    def reader(self, subscriber_id: str) -> str:
        """How the journal calls a reader: 32 hexadecimal digits."""
        digest = hashlib.blake2b(subscriber_id.encode(), key=self._key[:64], person=b"journal", digest_size=16)
        return digest.hexdigest()

    def append(self, facts: Sequence[SentFact | Word], *, now: dt.datetime) -> None:
        """Write facts; they are on disk when this returns. Several processes take turns.

        Raises:
            OSError: they are not; the file is as it was.
        """
        if not facts:
            return
        data = b"".join(_line(fact.to_json()) for fact in facts)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{now.astimezone(dt.UTC):%Y-%m-%d}-{self._database}.journal"
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if not size:
                data = _line({"journal": "paper-digest", "version": VERSION, "id": secrets.token_hex(16)}) + data
            elif os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data  # somebody died in the middle of a line
            try:
                _write(descriptor, data)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if not size:
            _sync_folder(self.folder)

    def files(self) -> list[JournalFile]:
        """The files of this database, the oldest first.

        Raises:
            StoreError: the folder or a file cannot be read.
        """
        found = []
        try:
            for path in sorted(self.folder.iterdir()) if self.folder.exists() else ():
                name = _NAME.fullmatch(path.name)
                if name is not None and name[2] == self._database and (known := _identity(path)) is not None:
                    found.append(JournalFile(id=known, path=path, size=path.stat().st_size))
        except OSError as error:
            raise StoreError(f"journal {error.filename or self.folder}: {error.strerror or error}") from error
        return found

    def read(self, file: JournalFile, position: int) -> Iterator[Batch]:
        """What stands in a file from ``position`` (bytes) on. A last line without its end is left for the next time.

        Raises:
            StoreError: the file cannot be read.
        """
        # A file that is shorter than what was read of it was put back from a backup itself: from its beginning, then.
        start = position if position <= file.size else 0
        facts: list[SentFact] = []
        words: list[Word] = []
        lines = garbled = 0
        try:
            with file.path.open("rb") as opened:
                opened.seek(start)
                while line := opened.readline(LONGEST_LINE):
                    if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                        break
                    start += len(line)
                    lines += 1
                    said = _content(line)
                    fact = _fact(said) if said is not None else None
                    if isinstance(fact, SentFact):
                        facts.append(fact)
                    elif fact is not None:
                        words.append(fact)
                    elif said is None and line.strip():
                        garbled += 1
                    if lines == READ_AT_ONCE:
                        yield Batch(facts=tuple(facts), words=tuple(words), position=start, garbled=garbled)
                        facts, words, lines, garbled = [], [], 0, 0
        except OSError as error:
            raise StoreError(f"journal {file.path}: {error.strerror or error}") from error
        if lines:
            yield Batch(facts=tuple(facts), words=tuple(words), position=start, garbled=garbled)

    def prune(self, before: dt.date, *, dry_run: bool = False) -> tuple[int, int]:
        """Remove the files of days before a date; returns how many and their bytes."""
        old = [file for file in self.files() if dt.date.fromisoformat(file.path.name[:10]) < before]
        if not dry_run:
            for file in old:
                file.path.unlink(missing_ok=True)
        return len(old), sum(file.size for file in old)


def _line(content: dict[str, object]) -> bytes:
    body = orjson.dumps(content)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _content(line: bytes) -> dict[str, object] | None:
    """What a line says; None if it is torn or foreign."""
    check, _, body = line.rstrip(b"\r\n").partition(b" ")
    if len(check) != 8 or check != b"%08x" % zlib.crc32(body):
        return None
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


def _fact(said: dict[str, object]) -> SentFact | Word | None:
    """A fact; None of a head line, and of what a later version may write."""
    try:
        return Word.from_json(said) if "subject" in said else SentFact.from_json(said)
    except (KeyError, ValueError, TypeError):
        return None


def _identity(path: Path) -> str | None:
    """What a file calls itself; one whose first line is torn is known by its name."""
    with path.open("rb") as opened:
        first = opened.readline(LONGEST_LINE)
    if not first.endswith(b"\n"):
        return None  # empty, or being written
    said = _content(first) or {}
    return str(said.get("id", path.stem))[:32]


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
