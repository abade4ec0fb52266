"""What is put on a message as it leaves: the return path that names its delivery, and the signature.

Neither is part of what is stored: a message that is sent again, shown or archived is made of the same bytes, and gets a
new signature with the time of its leaving only when it leaves.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from digest.delivery.tags import ReturnPath
from digest.editions.dkim import Signer
from digest.editions.recipe import Message
from digest.model import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmark:
    """Nothing by default: the relay signs, and bounces go to From."""

    signer: Signer | None = None
    return_path: ReturnPath | None = None

    def sign(self, message: bytes, *, now: dt.datetime) -> bytes:
        """``message`` (CRLF lines) with the signatures before it, if there are any."""
        return self.signer.sign(message, now=now) if self.signer else message

    def envelope(
        self, message: Message, data: bytes, *, now: dt.datetime, delivery_id: int = 0, recipient: str | None = None
    ) -> Envelope:
        """A message, assembled as ``data``, ready to leave.

        Args:
            delivery_id: 0 for a letter, which has no delivery that a bounce could be held against.
            recipient: where it goes, if that is not what the message says.
        """
        tagged = self.return_path.sign(delivery_id) if self.return_path and delivery_id else None
        return Envelope(
            delivery_id=delivery_id,
            sender=tagged or message.sender,
            recipient=recipient or message.recipient,
            message_id=message.message_id,
            data=self.sign(data, now=now),
        )
