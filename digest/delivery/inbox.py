"""Where mails come back to: files, Maildirs, an IMAP folder. Read, and filed away only once what they say is committed.

Maildir (cr.yp.to/proto/maildir.html): what is in ``new`` was never looked at. What needs nobody any more goes to
``cur`` as seen, what is for people goes there as unseen; nothing is deleted.
"""

from __future__ import annotations

import mailbox
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from digest.errors import TransportError

MOST_BYTES = 1_000_000
"""Of a mail are read; what is said stands in front."""
MOST_MAILS = 1_000
"""Of one folder at a time."""


class Inbox(Protocol):
    """A folder that mails arrive in."""

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """(key, the mail's first bytes) of those that nobody has looked at. Raises TransportError."""

    def file_away(self, key: str, *, done: bool) -> None:
        """Never to be given again; ``done`` means that people need not look at it either. Raises TransportError."""

    def close(self) -> None: ...


class Maildir:
    def __init__(self, folder: Path) -> None:
        """Raises TransportError: it is no Maildir."""
        if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
            raise TransportError(f"{folder} is no Maildir", "it has no new and cur; give a folder that mails arrive in")
        self._folder = folder

    def unread(self) -> Iterator[tuple[str, bytes]]:
        try:
            names = sorted(path.name for path in (self._folder / "new").iterdir() if not path.name.startswith("."))
        except OSError as error:
            raise TransportError(f"{self._folder}: {error.strerror}") from error
        for name in names[:MOST_MAILS]:
            with suppress(FileNotFoundError):  # somebody else was quicker
                yield name, read_file(self._folder / "new" / name)

    def file_away(self, key: str, *, done: bool) -> None:
        with suppress(FileNotFoundError):
            (self._folder / "new" / key).rename(self._folder / "cur" / f"{key}:2,{'S' if done else ''}")

    def close(self) -> None:
        pass


def read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def mails_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the mails in a file, a Maildir (new and seen), an mbox or, for ``-``, standard input.

    Raises:
        TransportError: a folder that is no Maildir.
        OSError: it cannot be read.
    """
    if str(path) == "-":
        yield "-", sys.stdin.buffer.read(MOST_BYTES + 1)
    elif path.is_dir():
        Maildir(path)
        for file in sorted(file for name in ("new", "cur") for file in (path / name).iterdir() if file.is_file()):
            yield str(file), read_file(file)
    elif _is_mbox(path):
        box = mailbox.mbox(path, create=False)
        try:
            for key in box.iterkeys():
                yield str(path), box.get_bytes(key)[: MOST_BYTES + 1]
        finally:
            box.close()
    else:
        yield str(path), read_file(path)


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "
