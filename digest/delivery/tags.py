"""Return paths that name their delivery: ``bounces+TAG@example.org`` (VERP), with a proof that we wrote the tag.

A bounce is addressed to the envelope's sender and may say nothing else that can be trusted: who it was for, when, and
whether there was a mail at all can be forged. The tag can't: it is the delivery's number and an HMAC of it, in base32,
which has no upper and lower case for a mail system to confuse. 18 to 29 characters, where RFC 5321 §4.5.3.1.1 leaves
a local part 64.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from digest.keyring import KeyRing

_PURPOSE: Final = "digest return path 1"
_MAC_BYTES: Final = 10
"""80 bits, the least that RFC 2104, 5 lets an HMAC be cut to; nobody can try out forgeries but by sending mails."""
LONGEST_TAG: Final = 29
"""Characters: a delivery's number takes up to 8 bytes."""
MOST_LOCAL: Final = 64
"""Octets before the @: RFC 5321 §4.5.3.1.1."""
_TAGGED = re.compile(r"\s*<?[^<>\s]{0,300}\+([a-z2-7]{18,29})@[^<>@\s]{1,300}>?\s*", re.ASCII | re.IGNORECASE)


def trial_path(mailbox: str) -> str:
    """An address like those of deliveries that names none: does the relay take such senders?"""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{'test':a<18}@{domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """Where the bounces of a site go. ``mailbox`` is the bare address that takes ``+anything`` (RFC 5233) as well."""

    mailbox: str
    ring: KeyRing

    def sign(self, delivery_id: int) -> str:
        """The envelope sender of a delivery, whose number is 1 or more."""
        number = delivery_id.to_bytes(-(-delivery_id.bit_length() // 8), "big")
        tag = number + self.ring.mac(_PURPOSE, number, size=_MAC_BYTES)
        local, _, domain = self.mailbox.rpartition("@")
        return f"{local}+{base64.b32encode(tag).decode().rstrip('=').lower()}@{domain}"

    def verify(self, address: str) -> int | None:
        """The delivery that ``address`` was signed for; None for anything else, be it forged, torn or another's.

        The tag alone proves: a mailbox that was forwarded may have another name before it, and another domain.
        """
        found = _TAGGED.fullmatch(address)
        if found is None:
            return None
        text = found[1].upper()
        try:
            tag = base64.b32decode(text + "=" * (-len(text) % 8))
        except binascii.Error:
            return None
        number, mac = tag[:-_MAC_BYTES], tag[-_MAC_BYTES:]
        if base64.b32encode(tag).decode().rstrip("=") != text or not number or number[0] == 0:
            return None  # base32 leaves bits over, and numbers may have zeros before them: one tag has one spelling
        return int.from_bytes(number, "big") if self.ring.proves(_PURPOSE, number, mac) else None
