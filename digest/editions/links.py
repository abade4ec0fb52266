"""Links that carry a reader's right to act: one HMAC per delivery, then a path (``/f/<token>/<pick>/<verb>``).

The personal profile has none of them; the public one signs with the ring of keys. An unsubscribe link never expires,
so neither does a token; a GET on any of them changes nothing, that is the web's part of the promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

from digest.editions.headers import mailto
from digest.keyring import KeyRing
from digest.model import EditionKey


class Links(Protocol):
    """The web addresses in one mail; None for what does not exist, and then the mail does not show it."""

    def read_online(self, key: EditionKey) -> str | None: ...

    def preferences(self, key: EditionKey) -> str | None: ...

    def pause(self, key: EditionKey) -> str | None: ...

    def unsubscribe(self, key: EditionKey) -> str | None: ...

    def tune(self, key: EditionKey, position: int) -> str | None:
        """A page for the pick at ``position`` (1 = first in the mail)."""

    def answers(self, key: EditionKey, position: int) -> tuple[str, str] | None:
        """``mailto:`` URLs that ask for more and for less like the pick, where answers by mail are read."""


class NoLinks:
    """No web, and nobody reads answers."""

    def read_online(self, key: EditionKey) -> str | None:
        return None

    preferences = pause = unsubscribe = read_online

    def tune(self, key: EditionKey, position: int) -> str | None:
        return None

    def answers(self, key: EditionKey, position: int) -> tuple[str, str] | None:
        return None


class SignedLinks:
    """Links below ``public_url`` for a site that serves them."""

    def __init__(self, *, public_url: str, ring: KeyRing, mail: Links | None = None) -> None:
        """
        Args:
            mail: answers by mail beside them.
        """
        self._mail = mail or NoLinks()
        self._public_url = public_url.rstrip("/")
        self._ring = ring
        self._base = lru_cache(maxsize=1)(self._base_of)
        """Every link of a mail starts with its token, and signing it takes longer than the rest of the card."""

    def _base_of(self, key: EditionKey) -> str:
        return f"{self._public_url}/f/{quote(self._ring.sign(key))}/"

    def _at(self, key: EditionKey, rest: str) -> str:
        return self._base(key) + rest

    def read_online(self, key: EditionKey) -> str | None:
        return self._at(key, "0/read")

    def preferences(self, key: EditionKey) -> str | None:
        return self._at(key, "0/preferences")

    def pause(self, key: EditionKey) -> str | None:
        return self._at(key, "0/pause")

    def unsubscribe(self, key: EditionKey) -> str | None:
        return self._at(key, "0/unsubscribe")

    def tune(self, key: EditionKey, position: int) -> str | None:
        return self._at(key, f"{position}/tune")

    def answers(self, key: EditionKey, position: int) -> tuple[str, str] | None:
        return self._mail.answers(key, position)


def archived_at(ring: KeyRing, key: EditionKey) -> str:
    """Where the page of an edition is in a public archive, below ``site.archive_url``."""
    return f"e/{ring.token('edition', key.subscriber_id, key.date.isoformat())}.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLinks:
    """Other links, and beside them the page that `digest archive` writes of each edition."""

    links: Links
    archive_url: str
    ring: KeyRing

    def read_online(self, key: EditionKey) -> str | None:
        return f"{self.archive_url.rstrip('/')}/{archived_at(self.ring, key)}"

    def preferences(self, key: EditionKey) -> str | None:
        return self.links.preferences(key)

    def pause(self, key: EditionKey) -> str | None:
        return self.links.pause(key)

    def unsubscribe(self, key: EditionKey) -> str | None:
        return self.links.unsubscribe(key)

    def tune(self, key: EditionKey, position: int) -> str | None:
        return self.links.tune(key, position)

    def answers(self, key: EditionKey, position: int) -> tuple[str, str] | None:
        return self.links.answers(key, position)


class MailLinks(NoLinks):
    """The personal profile where answers by mail are read: every link is a mail, its subject says it all."""

    def __init__(self, address: str, ring: KeyRing) -> None:
        self._address = address
        self._ring = ring
        self._start = lru_cache(maxsize=1)(self._start_of)

    def _start_of(self, key: EditionKey) -> tuple[str, str]:
        """The two links but for the position: digits are the same in every part of a URL."""
        place = f"{self._ring.sign(key)}/"
        return mailto(self._address, f"more {place}"), mailto(self._address, f"less {place}")

    def answers(self, key: EditionKey, position: int) -> tuple[str, str] | None:
        more, less = self._start(key)
        return f"{more}{position}", f"{less}{position}"
