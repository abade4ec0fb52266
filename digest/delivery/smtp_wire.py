"""A logged-in connection as bytes and replies: who has sent what, what has left this process, and when it is over.

aiosmtplib opens the connection, encrypts and logs in; then the wire takes its place as the transport's protocol,
because aiosmtplib pairs one reply with one command and discards what arrives beside it. No command is outstanding at
that moment, so no reply can be lost.
"""

from __future__ import annotations

import asyncio

from digest.delivery.smtp_replies import RawReply, ReplyReader


class GarbledError(Exception):
    """The server said something that is no SMTP reply; the text is what it said."""


class Wire(asyncio.Protocol):
    """Used by one task at a time, except ``abort``."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self.ended = False
        """The server has ended the connection, or it broke."""
        self._cut = False
        self._cause: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        transport.set_protocol(self)
        # Told as soon as the buffer is empty, and not before. Over TLS asyncio compares with >= instead of >.
        over_tls = transport.get_extra_info("sslcontext") is not None
        transport.set_write_buffer_limits(high=1 if over_tls else 0, low=0)

    @property
    def open(self) -> bool:
        """False once the connection is known to be gone, or was cut."""
        return not self.ended and not self._transport.is_closing()

    @property
    def unread(self) -> bool:
        """The server has said something that nobody has asked for yet."""
        return bool(self._reader.replies) or self._reader.garbled is not None

    @property
    def waiting_to_leave(self) -> int:
        """Octets written that this process still holds. 0: the kernel has taken all, or the connection is gone.

        Over TLS these are the octets before encryption; asyncio does not tell what waits in the socket beneath.
        """
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Hand over for sending; it leaves at once as far as the kernel takes it.

        Raises:
            ConnectionError: the connection is gone; on a plain socket it is certain that nothing of this has left.
        """
        if self.open:
            self._transport.write(data)
        if not self.open:
            raise self._gone()

    async def reply(self, timeout_s: float) -> RawReply:
        """The next reply.

        Raises:
            ConnectionError: the connection ended before a whole reply.
            GarbledError: what arrived is none.
            TimeoutError: nothing whole within the time.
        """
        if not self._reader.replies:
            deadline = self._loop.time() + timeout_s
            while not self._reader.replies:
                if self._reader.garbled is not None:
                    raise GarbledError(self._reader.garbled.decode("utf-8", "surrogateescape"))
                if self.ended:
                    raise self._gone()
                await self._news(deadline - self._loop.time())
        return self._reader.replies.popleft()

    async def drained(self, stall_s: float) -> bool:
        """Wait until all that was written has left; False as soon as the server speaks or the connection ends.

        Raises:
            TimeoutError: not an octet was taken for that long (noticed after at most twice the time).
        """
        while left := self.waiting_to_leave:
            if self.unread or self.ended:
                return False
            try:
                await self._news(stall_s)
            except TimeoutError:
                if self.waiting_to_leave >= left:
                    raise
        return not self.unread and not self.ended

    def abort(self) -> None:
        """Cut the connection now."""
        self._cut = True
        self._transport.abort()

    async def _news(self, timeout_s: float) -> None:
        """Until something arrives, everything has left, or the connection ends. Raises TimeoutError."""
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, _time_is_up, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _gone(self) -> ConnectionError:
        error = ConnectionError("cut by us" if self._cut else "closed by the server")
        error.__cause__ = self._cause
        return error

    # ── asyncio's side ──────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        self._wake()

    def resume_writing(self) -> None:
        self._wake()

    def eof_received(self) -> bool:
        self._end(None)
        return False  # the transport closes itself

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def _end(self, cause: Exception | None) -> None:
        self.ended = True
        self._cause = self._cause or cause
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _time_is_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
