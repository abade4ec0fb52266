"""Mail transactions over one SMTP connection, as many commands in one flight as the server allows.

This module owns the order of commands, the content, and the one question that matters when the line goes dead: had the
final dot left? Where the server offers PIPELINING (RFC 2920), a message costs one round trip:

    → MAIL RCPT DATA                                 ← 250 250 354
    → content of 1 · dot, MAIL RCPT DATA of 2        ← 250 (1 is accepted) 250 250 354
    → content of 2 · dot, MAIL RCPT DATA of 3        ← …

Without it the same commands leave one by one. What travels ahead is never content, so what a crash or a lost connection
leaves uncertain does not grow: it is still the one message whose dot has left and whose reply has not come.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Container
from dataclasses import dataclass
from typing import cast

from aiosmtplib import SMTP

from digest.delivery.mailbox import UnsendableError
from digest.delivery.replies import Phase, Reply
from digest.delivery.settings import Timeouts
from digest.delivery.smtp_content import stuffed
from digest.delivery.smtp_opening import Opening, opening_of
from digest.delivery.smtp_wire import GarbledError, Wire
from digest.model import Envelope
from digest.refusals import legible

logger = logging.getLogger(__name__)

GOOD = {Phase.MAIL: (250,), Phase.RCPT: (250, 251), Phase.DATA: (354,), Phase.DOT: range(200, 300)}
"""The replies that let a transaction go on, RFC 5321 §4.3.2."""
CLOSING = 421


@dataclass(slots=True)
class Riding:
    """Whether envelopes may travel with the dot before them; shared by the sessions of one relay.

    RFC 2920 §3.1 allows it. Where it seems to fail (a server, or a box before it, that drops or forbids what follows a
    dot) it is given up for the life of the transport.
    """

    allowed: bool = True


class SmtpSession:
    """One logged-in connection; see ``digest.delivery.base.Session``."""

    def __init__(self, client: SMTP, times: Timeouts, riding: Riding | None = None) -> None:
        """Take the connection over from aiosmtplib, which must not have a command outstanding."""
        self.extensions: dict[str, str] = dict(client.esmtp_extensions)
        """What the server offers, in lower case, with parameters."""
        self._wire = Wire(cast("asyncio.Transport", client.transport))
        self._times = times
        self._pipelining = "pipelining" in self.extensions
        self._riding = riding or Riding()
        self._ahead: Envelope | None = None
        """Whose MAIL, RCPT and DATA have been sent with the last dot, and whose replies are still to be read."""
        self._reset_due = False
        self._broken = False

    @property
    def usable(self) -> bool:
        # Who speaks unasked says goodbye (421), or is out of step with us: either way nothing more is sent here.
        return self._wire.open and not self._broken and (self._ahead is not None or not self._wire.unread)

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            refused = await self._introduced_ahead(ahead, envelope)
        else:
            refused = await self._introduced(envelope)
        return refused or await self._content(stuffed(envelope.data), following)

    # ── sender, recipient, DATA ─────────────────────────────────────────────────────────────────────────────

    async def _introduced(self, envelope: Envelope) -> Reply | None:
        """Have the server wait for the content; else the reply that refuses the message."""
        try:
            opening = opening_of(envelope, self.extensions)
        except UnsendableError as error:
            return Reply(phase=Phase.CHECK, code=553, text=str(error))
        return await self._begin(opening) or await self._answered(None if self._pipelining else opening)

    async def _introduced_ahead(self, ahead: Envelope, envelope: Envelope) -> Reply | None:
        """The same for an envelope that has been sent with the last dot."""
        if ahead is not envelope:
            return self._lost(Phase.MAIL, "the server waits for another message")
        refused = await self._answered(None)
        if refused is None or refused.phase is not Phase.MAIL or refused.code == CLOSING or self._wire.ended:
            return refused
        # This message, or that it came with a dot? A reply without a code has it tried again on another connection.
        self._riding.allowed = False
        return self._lost(Phase.MAIL, f"an envelope sent ahead was not taken: {refused}")

    async def _answered(self, unsaid: Opening | None) -> Reply | None:
        """Read the replies to MAIL, RCPT and DATA; None if content may follow.

        ``unsaid`` are the lines to send one by one; None if all are on their way. Then every one of them is answered,
        and all replies are read whatever the first one says (RFC 2920 §3.1).
        """
        refused: Reply | None = None
        waits_for: set[Phase] = set()
        for phase in (Phase.MAIL, Phase.RCPT, Phase.DATA):
            reply = await self._answer(phase, line=unsaid.line(phase) if unsaid else None)
            if reply is None:
                waits_for.add(phase)
                continue
            refused = refused or reply
            if self._broken:
                return refused
            if unsaid:
                break
        if refused is None:
            return None
        self._reset_due = True
        if Phase.DATA in waits_for:
            await self._call_off(recipient=Phase.RCPT in waits_for)
        return refused

    async def _begin(self, opening: Opening) -> Reply | None:
        """Clear what a refusal has left, and send the flight where there is one."""
        if self._wire.unread:
            return await self._answer(Phase.MAIL) or self._lost(Phase.MAIL, "the server speaks unasked")
        reset, self._reset_due = self._reset_due, False
        flight = (b"RSET\r\n" if reset else b"") + (opening.flight() if self._pipelining else b"")
        try:
            if flight:
                self._wire.write(flight)
        except ConnectionError as error:
            return self._lost(Phase.MAIL, error)
        if reset and (failed := await self._answer(Phase.MAIL)):
            return self._lost(Phase.MAIL, f"RSET: {failed}")
        return None

    async def _call_off(self, *, recipient: bool) -> None:
        """The server waits for the content of a message that it has refused.

        A lone dot ends that (RFC 2920 §3.1), and whatever the server answers, nothing was accepted. But if it has taken
        the recipient all the same, the dot would send him an empty mail: then the connection is cut.
        """
        if recipient:
            self._cut()
            return
        await self._answer(Phase.DATA, line=b".\r\n", good=range(200, 600))

    async def _answer(
        self, phase: Phase, *, line: bytes | None = None, good: Container[int] | None = None
    ) -> Reply | None:
        """Read the reply to a command, after sending its ``line`` if it is not on its way; None if all is well."""
        try:
            if line is not None:
                self._wire.write(line)
            code, text = await self._wire.reply(self._times.command_s)
        except (OSError, GarbledError) as error:
            return self._lost(phase, error)
        if code in (GOOD[phase] if good is None else good) and code != CLOSING:
            return None
        if code == CLOSING:
            self._broken = True
        elif code < 400:  # neither what must come nor a refusal: an answer to something else
            self._cut()
        return Reply(phase=phase, code=code, text=_decoded(text))

    # ── content ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _content(self, body: bytes, following: Envelope | None) -> Reply:
        """Send the content, then the dot with the next envelope, and wait for the verdict.

        The dot is written only after the whole body has left this process, so everything that goes wrong before that is
        certainly undelivered. A server that speaks before the dot refuses; the connection is cut without one.
        """
        try:
            if self._wire.unread:
                return await self._refused_early()
            self._wire.write(body)
            if self._wire.waiting_to_leave and not await self._wire.drained(self._times.stall_s):
                return await self._refused_early()
            self._wire.write(b".\r\n" + self._envelope_of(following))
        except OSError as error:
            return self._lost(Phase.DATA, error)
        try:
            code, text = await self._wire.reply(self._times.dot_s)
        except (OSError, GarbledError) as error:
            return self._lost(Phase.DOT, error)
        reply = Reply(phase=Phase.DOT, code=code, text=_decoded(text))
        if code == CLOSING:
            self._broken = True
        elif 300 <= code < 400:
            return self._lost(Phase.DOT, f"no answer to the end of a message: {reply}")
        return reply

    def _envelope_of(self, following: Envelope | None) -> bytes:
        """The next envelope, if it can travel with the dot. One that is unsendable is told so when its turn comes."""
        if following is None or not self._pipelining or not self._riding.allowed:
            return b""
        try:
            flight = opening_of(following, self.extensions).flight()
        except UnsendableError:
            return b""
        self._ahead = following
        return flight

    async def _refused_early(self) -> Reply:
        """The server has spoken, or gone, before the dot: it gets none."""
        reply = await self._answer(Phase.DATA, good=())
        assert reply is not None
        self._cut()
        return reply

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

    def _lost(self, phase: Phase, why: Exception | str) -> Reply:
        """No reply, or none that can be understood: the connection is of no use any more."""
        self._cut()
        if isinstance(why, TimeoutError):
            text = "no answer in time"
        elif isinstance(why, GarbledError):
            text = f"not an SMTP reply: {legible(str(why))}"
        else:
            text = f"connection lost: {cause_of(why.__cause__ or why) if isinstance(why, Exception) else why}"
        return Reply(phase=phase, code=None, text=text)

    def _cut(self) -> None:
        self._broken = True
        self._ahead = None
        self._wire.abort()

    async def close(self) -> None:
        if self._ahead is not None and self._wire.open:
            # It may be waiting for the content by now, when only a dot would end the transaction: with an empty mail.
            logger.info("a connection is cut: a message was named to the server and is not sent")
        elif self.usable:
            with contextlib.suppress(OSError, GarbledError):
                self._wire.write(b"QUIT\r\n")
                await self._wire.reply(self._times.quit_s)
        self.abort()
        await asyncio.sleep(0)  # lets the loop run the transport's own farewell

    def abort(self) -> None:
        self._wire.abort()


def _decoded(text: bytes) -> str:
    return legible(text.decode("utf-8", "surrogateescape"))


def cause_of(error: BaseException) -> str:
    """An exception's reason in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return f"no address: {error.strerror}"
    return legible(str(error)) or type(error).__name__
