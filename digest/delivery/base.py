"""The port that the sender needs: a transport opens sessions, a session sends one message after the other.

A transport for third parties is any class with these methods. The sender owns the pool: it opens as many sessions as it
may and closes them; a transport never retries and never decides what a reply means.
"""

from __future__ import annotations

from typing import Protocol

from digest.delivery.replies import Reply
from digest.errors import TransportError
from digest.model import Envelope


class Session(Protocol):
    """One connection. Used by one task at a time, except ``abort``."""

    @property
    def usable(self) -> bool:
        """False once the connection is gone or can no longer be trusted."""
        ...

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        """Try one transaction and return its last reply, with the phase it had reached. Expected failures are replies.

        ``following`` is what the caller means to send next, if all goes well. A session may use it to save a round trip
        by naming sender and recipient to the server ahead of time, but sends no content of it: whoever changes his mind
        closes the session, and nothing was delivered. Once named, only that envelope may be sent next.

        Raises:
            TransportError: the relay as a whole is unusable, and not one byte of this message was taken.
        """
        ...

    async def close(self) -> None:
        """End politely; never raises."""
        ...

    def abort(self) -> None:
        """Cut the connection now; a ``send`` under way returns with what it knows."""
        ...


class Transport(Protocol):
    @property
    def name(self) -> str:
        """What the circuit and the attempts call this relay; no secrets."""
        ...

    @property
    def trial(self) -> bool:
        """True when nothing really leaves: its deliveries never count as sent."""
        ...

    async def open(self) -> Session:
        """Connect, secure and log in.

        Raises:
            RelayError: with the reply that says why.
        """
        ...


class RelayError(TransportError):
    """No session can be had: connect, TLS or AUTH failed. No delivery is to blame."""

    def __init__(self, relay: str, reply: Reply, advice: str) -> None:
        self.reply = reply
        super().__init__(f"{relay}: {reply.phase}: {reply}", advice)
