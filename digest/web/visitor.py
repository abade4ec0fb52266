"""Whose pages are asked for, and how much the link that leads there may do.

    /f/TOKEN/0/…   from any of a reader's mails: it never ends, and goes wherever the mail is forwarded to
    /me/SEAL/…     from a link that was mailed to the reader's address less than an hour ago

Both show the same pages. Whoever holds a mail may do what its reader sees and can take back: lanes, times, feedback, a
pause, leaving. What tells everything (export), cannot be undone (erase), or would hand the subscription to somebody
else (another address) needs the second kind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from digest.errors import NotFound, TokenError
from digest.model import EditionKey
from digest.seals import FRESH
from digest.store.subscribers import FILE, KnownReader
from digest.web.routes import Asked, Route
from digest.web.site import Site
from digest.web.urls import segment

BASES: Final = ("/f/{token}/0", "/me/{seal}")
"""What stands before the pages of a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The reader whose link was used."""

    reader: KnownReader
    base: str
    """Of their pages, below the site's prefix: ``/f/TOKEN/0`` or ``/me/SEAL``."""
    fresh: bool
    """They read mail at the address now, so they may do what cannot be taken back."""
    edition: EditionKey | None
    """The mail that the link was in; None for a fresh link."""

    @property
    def id(self) -> str:
        return self.reader.subscriber.id

    @property
    def declared(self) -> bool:
        """Their settings live in a file of the operator's, and are changed there alone."""
        return self.reader.origin == FILE

    @property
    def address(self) -> str:
        """Where their mail goes; who has but a mail's link is shown enough to know it again: ``a…@uni.example``."""
        email = self.reader.subscriber.email
        local, at, domain = email.rpartition("@")
        return email if self.fresh else f"{local[:1]}…{at}{domain}"

    def place(self, name: str) -> str:
        """One of their pages, for ``url(…)``: ``place("preferences")``."""
        return f"{self.base}/{name}"


def visitor(asked: Asked) -> Visitor:
    """The reader of the token or seal in the path.

    Raises:
        TokenError: it is torn, forged or too old.
        NotFound: the reader was erased, or the link was in a test mail.
    """
    site, seal = asked.site, asked.path.get("seal")
    if seal is not None:
        reader_id, edition = site.seals.open(FRESH, seal, now=asked.now), None
        base = f"/me/{segment(seal)}"
    else:
        token = asked.path["token"]
        edition = site.ring.verify(token)
        if edition is None:
            raise TokenError("this link is not one of ours")
        reader_id, base = edition.subscriber_id, f"/f/{segment(token)}/0"
    # By id alone: an id may look like the address of somebody else.
    reader = asked.rooms.subscribers.many([reader_id]).get(reader_id)
    if reader is None:
        raise NotFound("the reader of this link is gone")
    return Visitor(reader=reader, base=base, fresh=seal is not None, edition=edition)


def fresh_place(site: Site, reader_id: str, *, now: dt.datetime, page: str = "preferences") -> str:
    """The path of a link that is good for FRESH_FOR. It may go to the reader's own address and nowhere else."""
    return f"/me/{segment(site.seals.fresh(reader_id, now=now))}/{page}"


def for_readers(name: str, made: Callable[[str], Route]) -> tuple[Route, ...]:
    """The routes of one page of a reader's, under both kinds of link; ``made`` is given the path of each."""
    return tuple(made(f"{base}/{name}") for base in BASES)
