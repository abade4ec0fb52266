"""The section ``mail.inbox``: the mailbox where bounces, answers and goodbyes arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from digest.settings.places import FilePath, is_loopback, read_secret
from digest.settings.reading import reading
from digest.settings.times import Duration, between
from digest.settings.validation import Section

_ADVICE = "write imaps://user@host/INBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapUrl:
    """The parts of ``mail.inbox.imap``, decoded."""

    host: str
    port: int
    username: str
    folder: str
    tls: bool
    """From the start; else STARTTLS, but on this machine."""

    @property
    def starttls(self) -> bool:
        return not self.tls and not is_loopback(self.host)


def parse_imap(text: str) -> ImapUrl:
    """Take ``imap[s]://user@host[:port][/FOLDER]`` apart (RFC 5092). A user with an @ may be written plain or ``%40``.

    Raises:
        ValueError: it is no such URL, or holds a password.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator or scheme.lower() not in {"imap", "imaps"}:
        raise ValueError(f"is no IMAP folder's URL; {_ADVICE}")
    place, _, folder = rest.partition("/")
    userinfo, at, host = place.rpartition("@")
    if not at or not userinfo:
        raise ValueError(f"names no user; {_ADVICE}")
    if ":" in userinfo:
        raise ValueError("holds a password; take it out of the URL and write `password: {env: NAME}` beside it")
    try:
        url = urlsplit(f"{scheme}://{host}")
        name, port = url.hostname, url.port
    except ValueError as error:
        raise ValueError(f"{error}; {_ADVICE}") from error
    if not name or not re.fullmatch(r"[\w.:-]+", name):
        raise ValueError(f"names no host; {_ADVICE}")
    tls = scheme.lower() == "imaps"
    return ImapUrl(
        host=name,
        port=port or (993 if tls else 143),
        username=unquote(userinfo),
        folder=unquote(folder) or "INBOX",
        tls=tls,
    )


def _imap(text: str) -> str:
    parse_imap(text)
    return text.strip()


class InboxConfig(Section):
    imap: Annotated[str, AfterValidator(_imap)] | None = None
    """imaps://user@host/INBOX."""
    maildir: FilePath | None = None
    password: Annotated[str | None, BeforeValidator(read_secret)] = Field(default=None, repr=False)
    ca_file: FilePath | None = None
    every_s: Annotated[int, Duration, between("1m", "1d")] = Field(default=300, alias="every")

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> InboxConfig:
        if around := reading(info):
            around.complaints.extend((("mail", "inbox", key), clause) for key, clause in self._conflicts())
        return self

    def _conflicts(self) -> Iterator[tuple[str, str]]:
        if (self.imap is None) == (self.maildir is None):
            yield "imap", "or maildir: one of them is needed, and only one"
        if self.imap is not None and self.password is None:
            yield "password", "is needed to log in: password: {env: DIGEST_IMAP_PASSWORD}"
        if self.ca_file and not self.ca_file.is_file():
            yield "ca_file", f"there is no file {self.ca_file}"
