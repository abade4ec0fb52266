"""Links that carry a reader's right to act: one HMAC per delivery, then a path (``/f/<token>/<pick>/<verb>``).

The personal profile has none of them; the public one signs with a ring of keys, so that a key can be changed while
old mails keep working. An unsubscribe link never expires, so neither does a token; a GET on any of them changes
nothing, that is the web's part of the promise.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote

from digest.editions.headers import mailto
from digest.model import EditionKey

_MAC_BYTES = 16


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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """Signing keys by id. ``current`` signs, all verify; ids are short and without a dot."""

    keys: Mapping[str, bytes] = field(repr=False)
    """The oldest first."""
    current: str

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"no key with the id {self.current!r} in the ring")
        if any(len(key) < 16 for key in self.keys.values()) or any("." in name or not name for name in self.keys):
            raise ValueError("a signing key needs 16 bytes or more, and an id without a dot")

    def sign(self, key: EditionKey) -> str:
        """The delivery's token: ``<key id>.<subscriber and date>.<MAC>``, safe in a URL path."""
        payload = f"{key.date.toordinal():x}.{key.subscriber_id}".encode()
        return f"{self.current}.{_encode(payload)}.{_encode(self._mac(self.current, payload))}"

    def verify(self, token: str) -> EditionKey | None:
        """The delivery that ``token`` was signed for; None if it is forged, torn or of a key that is gone."""
        if len(token) > 600:
            return None
        try:
            name, body, mac = token.split(".")
            payload, given = _decode(body), _decode(mac)
        except (ValueError, binascii.Error):
            return None
        if name not in self.keys or not hmac.compare_digest(given, self._mac(name, payload)):
            return None
        ordinal, _, subscriber_id = payload.decode().partition(".")
        return EditionKey(subscriber_id, dt.date.fromordinal(int(ordinal, 16)))

    def token(self, *words: str) -> str:
        """A name that stays the same and that nobody can guess: 26 lower-case letters and digits (RFC 4648 base32).

        Made with the oldest key, so a new one beside it changes nothing.
        """
        oldest = next(iter(self.keys.values()))
        digest = hmac.digest(oldest, b"digest names 1\0" + "\0".join(words).encode(), hashlib.sha256)
        return base64.b32encode(digest[:_MAC_BYTES]).decode().rstrip("=").lower()

    def _mac(self, name: str, payload: bytes) -> bytes:
        return hmac.digest(self.keys[name], b"digest links 1\0" + payload, hashlib.sha256)[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:  # base64 leaves bits over: one token has one spelling
        raise ValueError("not canonical")
    return data


class SignedLinks:
    """Links below ``public_url`` for a site that serves them."""

    def __init__(self, *, public_url: str, ring: KeyRing) -> None:
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
        return None


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
