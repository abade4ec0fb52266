"""Short-lived signed tokens for links and forms: what they are for, what they say, and until when.

``<key id>.<expiry and text>.<MAC>``: the MAC (HMAC-SHA-256, cut to 128 bits) also covers the purpose, so a token that
was made for one thing is worthless for another. Unsubscribe links are none of these: they never expire
(:mod:`digest.editions.links`).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac

from digest.errors import TokenError
from digest.keyring import KeyRing

_MAC_BYTES = 16
_LONGEST = 2_000
_PREFIX = b"digest seals 1\0"


class Seals:
    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, purpose: str, text: str, *, until: dt.datetime) -> str:
        """A token that says ``text``, for a ``purpose``, until an instant; safe in a URL path, readable by anyone."""
        payload = f"{int(until.timestamp()):x}.{text}".encode()
        key = self._ring.current
        return f"{key}.{_encode(payload)}.{_encode(self._mac(key, purpose, payload))}"

    def open(self, purpose: str, token: str, *, now: dt.datetime) -> str:
        """What a token says.

        Raises:
            TokenError: it is torn, forged, was made for another purpose, or its time is over (``expired``).
        """
        try:
            key, body, mac = token.split(".") if len(token) <= _LONGEST else []
            payload, given = _decode(body), _decode(mac)
        except (ValueError, binascii.Error) as error:
            raise TokenError("this link is not complete") from error
        if key not in self._ring.keys or not hmac.compare_digest(given, self._mac(key, purpose, payload)):
            raise TokenError("this link is not one of ours")
        expiry, _, text = payload.decode().partition(".")
        if int(expiry, 16) < now.timestamp():
            raise TokenError("this link is too old", expired=True)
        return text

    def _mac(self, key: str, purpose: str, payload: bytes) -> bytes:
        message = _PREFIX + purpose.encode() + b"\0" + payload
        return hmac.digest(self._ring.keys[key], message, hashlib.sha256)[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:  # base64 leaves bits over: one token has one spelling
        raise ValueError("not canonical")
    return data
