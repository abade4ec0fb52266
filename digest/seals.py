"""Short-lived signed tokens for links and forms: what they are for, what they say, and until when.

``<expiry and text>.<proof>``: the ring's proof also covers the purpose, so a token that was made for one thing is
worthless for another. Unsubscribe links are none of these: they never expire (:mod:`digest.keyring`).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt

from digest.errors import TokenError
from digest.keyring import MAC_BYTES, KeyRing

FRESH_FOR = dt.timedelta(hours=1)
"""How long the link to a reader's own page works that was mailed to them because they asked."""
FRESH = "me"
_LONGEST = 2_000
_PURPOSE = "digest seals 1 "


class Seals:
    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, purpose: str, text: str, *, until: dt.datetime) -> str:
        """A token that says ``text``, for a ``purpose``, until an instant; safe in a URL path, readable by anyone."""
        payload = f"{int(until.timestamp()):x}.{text}".encode()
        return f"{_encode(payload)}.{_encode(self._ring.mac(_PURPOSE + purpose, payload))}"

    def fresh(self, reader_id: str, *, now: dt.datetime) -> str:
        """The seal of a link that may go to the reader's own address and nowhere else."""
        return self.seal(FRESH, reader_id, until=now + FRESH_FOR)

    def open(self, purpose: str, token: str, *, now: dt.datetime) -> str:
        """What a token says.

        Raises:
            TokenError: it is torn, forged, was made for another purpose, or its time is over (``expired``).
        """
        try:
            body, proof = token.split(".") if len(token) <= _LONGEST else []
            payload, given = _decode(body), _decode(proof)
        except (ValueError, binascii.Error) as error:
            raise TokenError("this link is not complete") from error
        if len(given) != MAC_BYTES or not self._ring.proves(_PURPOSE + purpose, payload, given):
            raise TokenError("this link is not one of ours")
        expiry, _, text = payload.decode().partition(".")
        if int(expiry, 16) < now.timestamp():
            raise TokenError("this link is too old", expired=True)
        return text


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:  # base64 leaves bits over: one token has one spelling
        raise ValueError("not canonical")
    return data
