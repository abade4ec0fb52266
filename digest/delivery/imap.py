"""An IMAP folder as an inbox (RFC 9051; what is used of it is in RFC 3501 as well).

A mail is looked at without being marked (BODY.PEEK), and marked only after what it says is committed: as seen where
nobody needs to look at it any more, with the keyword ``DigestRead`` where people should. A server without keywords
shows the latter again at the next look, which costs a little and changes nothing.
"""

from __future__ import annotations

import contextlib
import imaplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from digest.delivery.inbox import MOST_BYTES, MOST_MAILS
from digest.errors import TransportError

KEYWORD = "DigestRead"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """``tls``: from the start (993); otherwise STARTTLS, and none of it on this machine only."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    tls: bool = True
    starttls: bool = False
    ca_file: Path | None = None
    timeout_s: float = 30.0


class ImapInbox:
    """One connection, until it is closed."""

    def __init__(self, settings: ImapSettings) -> None:
        """Connect, log in and open the folder.

        Raises:
            TransportError: it does not work; says where.
        """
        self._settings = settings
        self._place = f"imap{'s' if settings.tls else ''}://{settings.username}@{settings.host}:{settings.port}"
        self._connection = self._said("no connection", self._connect)
        try:
            self._open()
        except TransportError:
            self.close()
            raise

    def _open(self) -> None:
        settings = self._settings
        self._said("the login was refused", lambda: self._connection.login(settings.username, settings.password))
        answer, told = self._said("no folder", lambda: self._connection.select(_quoted(settings.folder)))
        if answer != "OK":
            raise TransportError(f"{self._place}: there is no folder {settings.folder}", _text(told))

    def _connect(self) -> imaplib.IMAP4:
        settings = self._settings
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.tls:
            return imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=settings.timeout_s)
        connection = imaplib.IMAP4(settings.host, settings.port, timeout=settings.timeout_s)
        if settings.starttls:
            connection.starttls(ssl_context=context)
        return connection

    def unread(self) -> Iterator[tuple[str, bytes]]:
        answer, found = self._uid("SEARCH", "UNSEEN", "UNKEYWORD", KEYWORD)
        if answer != "OK":
            raise TransportError(f"{self._place}: the search was refused", _text(found))
        uids = [uid.decode() for uid in (found[0] or b"").split()] if found and isinstance(found[0], bytes) else []
        for uid in uids[:MOST_MAILS]:
            answer, told = self._uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES + 1}>)")
            mail = next((part[1] for part in told or () if isinstance(part, tuple) and len(part) > 1), None)
            if answer == "OK" and isinstance(mail, bytes):  # else somebody else has moved it meanwhile
                yield uid, mail

    def file_away(self, key: str, *, done: bool) -> None:
        flag = r"(\Seen)" if done else f"({KEYWORD})"
        answer, told = self._uid("STORE", key, "+FLAGS.SILENT", flag)
        if answer != "OK" and done:
            raise TransportError(f"{self._place}: a mail cannot be marked as seen", _text(told))

    def close(self) -> None:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._connection.logout()
        with contextlib.suppress(OSError):  # a connection that broke is not closed by that
            self._connection.shutdown()

    def _uid(self, *words: str) -> tuple[str, list[object]]:
        answer, told = self._said(f"{words[0]} failed", lambda: self._connection.uid(*words))
        return answer, list(told)

    def _said(self, what: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise TransportError(f"{self._place}: {what}", str(error)[:200] or type(error).__name__) from error


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(told: object) -> str:
    first = told[0] if isinstance(told, list | tuple) and told else told
    return first.decode("utf-8", "replace")[:200] if isinstance(first, bytes) else str(first)[:200]
