"""One SMTP connection, command by command: ``sendmail`` would hide in which phase a transaction failed.

This module owns the order of commands, the content, and the one question that matters when the line goes dead: had the
final dot left?
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import SMTPProtocol

from digest.delivery.mailbox import UnsendableError, wire_address
from digest.delivery.replies import Phase, Reply
from digest.delivery.settings import Timeouts
from digest.model import Envelope
from digest.refusals import legible

POLL_S = 0.01
BARE_LINE_END = re.compile(rb"\r\n|\r|\n")


class SmtpSession:
    """One logged-in connection; see ``digest.delivery.base.Session``."""

    def __init__(self, client: SMTP, times: Timeouts) -> None:
        self._client = client
        self._times = times
        self._broken = False

    @property
    def usable(self) -> bool:
        return self._client.is_connected and not self._broken

    @property
    def extensions(self) -> dict[str, str]:
        """What the server offers, in lower case, with parameters."""
        return self._client.esmtp_extensions

    async def send(self, envelope: Envelope, following: Envelope | None = None) -> Reply:
        try:
            sender, recipient, options = self._options(envelope)
        except UnsendableError as error:
            return Reply(phase=Phase.CHECK, code=553, text=str(error))
        reply = await self._command(Phase.MAIL, b"MAIL", b"FROM:<" + sender + b">", *options)
        if reply.code != 250:
            return reply
        reply = await self._command(Phase.RCPT, b"RCPT", b"TO:<" + recipient + b">")
        if reply.code not in (250, 251):
            return await self._give_up(reply)
        reply = await self._command(Phase.DATA, b"DATA")
        if reply.code != 354:
            return await self._give_up(reply)
        return await self._content(_stuffed(envelope.data))

    def _options(self, envelope: Envelope) -> tuple[bytes, bytes, list[bytes]]:
        """Addresses and parameters of MAIL FROM (RFC 1870 SIZE, RFC 6152 8BITMIME, RFC 6531 SMTPUTF8).

        Raises:
            UnsendableError: this server cannot take this message; the text says why, with a status code.
        """
        offered = self.extensions
        sender, sender_utf8 = wire_address(envelope.sender, empty_ok=True)
        recipient, recipient_utf8 = wire_address(envelope.recipient)
        options: list[bytes] = []
        if "size" in offered:
            limit = int(offered["size"]) if offered["size"].isdigit() else 0
            if 0 < limit < len(envelope.data):
                raise UnsendableError(f"5.3.4 the message has {len(envelope.data)} bytes, the server takes {limit}")
            options.append(b"SIZE=%d" % len(envelope.data))
        utf8 = sender_utf8 or recipient_utf8
        if not envelope.data.isascii():
            if "8bitmime" not in offered:
                raise UnsendableError("5.6.3 the message has 8-bit text and the server does not offer 8BITMIME")
            options.append(b"BODY=8BITMIME")
            utf8 = utf8 or not envelope.data.partition(b"\r\n\r\n")[0].isascii()
        if utf8:
            if "smtputf8" not in offered:
                raise UnsendableError("5.6.7 the address is not ASCII and the server does not offer SMTPUTF8")
            options.append(b"SMTPUTF8")
        return sender, recipient, options

    async def _command(self, phase: Phase, *words: bytes) -> Reply:
        try:
            response = await self._client.execute_command(*words, timeout=self._times.command_s)
        except (SMTPException, OSError) as error:
            return self._lost(phase, error)
        return Reply(phase=phase, code=response.code, text=legible(response.message))

    async def _give_up(self, refused: Reply) -> Reply:
        """End a half-finished transaction, so that the next one starts clean."""
        if self.usable and refused.code is not None and refused.code != 421:
            reset = await self._command(refused.phase, b"RSET")
            self._broken = self._broken or reset.code != 250
        return refused

    async def _content(self, body: bytes) -> Reply:
        """Send the content, then the dot, and wait for the verdict.

        The dot is written only after the whole body has left this process, so everything that goes wrong before that is
        certainly undelivered. A server that speaks before the dot refuses; the connection is cut without one.
        """
        protocol, transport = self._client.protocol, self._client.transport
        if protocol is None or not isinstance(transport, asyncio.WriteTransport):
            return self._lost(Phase.DATA, SMTPServerDisconnected("connection lost"))
        try:
            protocol.write(body)
        except SMTPException as error:
            return self._lost(Phase.DATA, error)
        early = asyncio.ensure_future(protocol.read_response()) if transport.get_write_buffer_size() else None
        try:
            if early is not None and (refusal := await self._flushed(transport, early)):
                self.abort()
                return refusal
            return await self._dot(protocol, early)
        finally:
            if early is not None and not early.done():
                early.cancel()

    async def _flushed(self, transport: asyncio.WriteTransport, early: asyncio.Future[SMTPResponse]) -> Reply | None:
        """Wait until the body has left; a reply or the end of the connection before that is returned."""
        clock = asyncio.get_running_loop().time
        left, since = transport.get_write_buffer_size(), clock()
        while left and not early.done():
            await asyncio.wait({early}, timeout=POLL_S)  # asyncio tells a protocol, not its user, when a buffer drains
            now_left = transport.get_write_buffer_size()
            if now_left < left:
                left, since = now_left, clock()
            elif clock() - since > self._times.stall_s:
                return self._lost(Phase.DATA, SMTPTimeoutError("the server stopped reading"))
        if not early.done():
            return None
        try:
            code, text = early.result()
        except (SMTPException, OSError) as error:
            return self._lost(Phase.DATA, error)
        return Reply(phase=Phase.DATA, code=code, text=legible(text))

    async def _dot(self, protocol: SMTPProtocol, early: asyncio.Future[SMTPResponse] | None) -> Reply:
        try:
            protocol.write(b".\r\n")
        except SMTPException as error:
            return self._lost(Phase.DATA, error)
        try:
            if early is None:
                code, text = await protocol.read_response(timeout=self._times.dot_s)
            else:
                code, text = await asyncio.wait_for(early, self._times.dot_s)
        except (SMTPException, OSError) as error:
            return self._lost(Phase.DOT, error)
        if code == 421:
            self._broken = True
        return Reply(phase=Phase.DOT, code=code, text=legible(text))

    def _lost(self, phase: Phase, error: Exception) -> Reply:
        """No reply, or none that can be understood: the connection is of no use any more."""
        self._broken = True
        self.abort()
        if isinstance(error, TimeoutError):
            text = "no answer in time"
        elif isinstance(error, SMTPResponseException):
            text = f"not an SMTP reply: {legible(str(error.message))}"
        else:
            text = f"connection lost: {cause_of(error.__cause__ or error)}"
        return Reply(phase=phase, code=None, text=text)

    async def close(self) -> None:
        if self.usable:
            with contextlib.suppress(SMTPException, OSError):
                await self._client.quit(timeout=self._times.quit_s)
        self.abort()
        await asyncio.sleep(0)  # lets the loop run the transport's own farewell

    def abort(self) -> None:
        transport = self._client.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self._client.close()


def _stuffed(data: bytes) -> bytes:
    """Content as it goes over the wire but for the final dot: CRLF ends every line, a leading dot is doubled.

    RFC 5321 §4.5.2. A bare CR or LF becomes a line end as well: some servers would end the message there.
    """
    crlf = data.count(b"\r\n")
    if data.count(b"\n") != crlf or data.count(b"\r") != crlf:
        data = BARE_LINE_END.sub(b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    data = data.replace(b"\r\n.", b"\r\n..")
    return b"." + data if data.startswith(b".") else data


def cause_of(error: BaseException) -> str:
    """An exception's reason in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return f"no address: {error.strerror}"
    return legible(str(error)) or type(error).__name__
