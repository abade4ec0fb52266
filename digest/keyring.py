"""The ring of secrets that links, Message-IDs and return paths are signed with, and the tokens made with it.

Every use has a purpose of its own in what is signed, so a token of one kind is never one of another. A new key may be
put beside the old ones: the newest signs, all of them verify, so mails that went out keep working.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from digest.model import EditionKey

MAC_BYTES = 16
_LINKS = "digest links 1"
_NAMES = "digest names 1"
_UNSUBSCRIBE = re.compile(r"\s*unsubscribe\s+<?([\w.-]{20,600})>?\s*", re.ASCII | re.IGNORECASE)


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

    def mac(self, purpose: str, payload: bytes, *, size: int = MAC_BYTES) -> bytes:
        """The current key's proof for ``payload``: HMAC-SHA-256 (RFC 2104), cut to its first ``size`` bytes.

        Args:
            purpose: says what the payload means; without a NUL.
        """
        return _mac(self.keys[self.current], purpose, payload)[:size]

    def proves(self, purpose: str, payload: bytes, mac: bytes) -> bool:
        """True if some key of the ring made ``mac`` for it. 10 bytes at least: RFC 2104, 5 asks for 80 bits."""
        if len(mac) < 10:
            return False
        made = [hmac.compare_digest(_mac(key, purpose, payload)[: len(mac)], mac) for key in self.keys.values()]
        return any(made)

    def sign(self, key: EditionKey) -> str:
        """The delivery's token: ``<key id>.<subscriber and date>.<MAC>``, safe in a URL path."""
        payload = f"{key.date.toordinal():x}.{key.subscriber_id}".encode()
        return f"{self.current}.{_encode(payload)}.{_encode(self.mac(_LINKS, payload))}"

    def verify(self, token: str) -> EditionKey | None:
        """The delivery that ``token`` was signed for; None if it is forged, torn or of a key that is gone."""
        if len(token) > 600:
            return None
        try:
            name, body, mac = token.split(".")
            payload, given = _decode(body), _decode(mac)
        except (ValueError, binascii.Error):
            return None
        if name not in self.keys:
            return None
        if not hmac.compare_digest(given, _mac(self.keys[name], _LINKS, payload)[:MAC_BYTES]):
            return None
        ordinal, _, subscriber_id = payload.decode().partition(".")
        return EditionKey(subscriber_id, dt.date.fromordinal(int(ordinal, 16)))

    def unsubscribe_subject(self, key: EditionKey) -> str:
        """The subject of a mail that ends a subscription: ``unsubscribe <token>``. It never expires."""
        return f"unsubscribe {self.sign(key)}"

    def unsubscribed_by(self, subject: str) -> EditionKey | None:
        """The delivery whose reader asks to leave with a mail of this subject; None if no mail of ours said so.

        Who holds the token was sent the mail (or had it forwarded): nobody can unsubscribe a stranger.
        """
        found = _UNSUBSCRIBE.fullmatch(subject)
        return self.verify(found[1]) if found else None

    def token(self, *words: str) -> str:
        """A name that stays the same and that nobody can guess: 26 lower-case letters and digits (RFC 4648 base32).

        Made with the oldest key, so a new one beside it changes nothing.
        """
        oldest = next(iter(self.keys.values()))
        digest = _mac(oldest, _NAMES, "\0".join(words).encode())
        return base64.b32encode(digest[:MAC_BYTES]).decode().rstrip("=").lower()


def _mac(key: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + payload, hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:  # base64 leaves bits over: one token has one spelling
        raise ValueError("not canonical")
    return data
