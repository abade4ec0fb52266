"""The commands that name one message to a server: MAIL, RCPT, DATA, with the parameters that it offers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from digest.delivery.mailbox import UnsendableError, wire_address
from digest.delivery.replies import Phase
from digest.model import Envelope

DATA = b"DATA\r\n"
SIZE_LIMIT = re.compile(r"[0-9]{1,20}")
"""RFC 1870 §3; whatever else a server writes there limits nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The lines that bring one message to the point where its content may follow."""

    mail: bytes
    rcpt: bytes

    def line(self, phase: Phase) -> bytes:
        return {Phase.MAIL: self.mail, Phase.RCPT: self.rcpt}.get(phase, DATA)

    def flight(self) -> bytes:
        """All of them; DATA is the last, as RFC 2920 §3.1 demands."""
        return self.mail + self.rcpt + DATA


def opening_of(envelope: Envelope, offered: Mapping[str, str]) -> Opening:
    """With SIZE (RFC 1870), 8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531) where needed and offered.

    ``offered``: the server's extensions, in lower case, with their parameters.

    Raises:
        UnsendableError: this server cannot take this message; the text says why, with a status code.
    """
    sender, sender_utf8 = wire_address(envelope.sender, empty_ok=True)
    recipient, recipient_utf8 = wire_address(envelope.recipient)
    mail = b"MAIL FROM:<" + sender + b">"
    if "size" in offered:
        limit = int(offered["size"]) if SIZE_LIMIT.fullmatch(offered["size"]) else 0
        if 0 < limit < len(envelope.data):
            raise UnsendableError(f"5.3.4 the message has {len(envelope.data)} bytes, the server takes {limit}")
        mail += b" SIZE=%d" % len(envelope.data)
    utf8 = sender_utf8 or recipient_utf8
    if not envelope.data.isascii():
        if "8bitmime" not in offered:
            raise UnsendableError("5.6.3 the message has 8-bit text and the server does not offer 8BITMIME")
        mail += b" BODY=8BITMIME"
        utf8 = utf8 or not envelope.data.partition(b"\r\n\r\n")[0].isascii()
    if utf8:
        if "smtputf8" not in offered:
            raise UnsendableError("5.6.7 the address is not ASCII and the server does not offer SMTPUTF8")
        mail += b" SMTPUTF8"
    return Opening(mail=mail + b"\r\n", rcpt=b"RCPT TO:<" + recipient + b">\r\n")
