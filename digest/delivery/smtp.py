"""The SMTP transport: connect, secure as configured and never less, log in. What is sent then is in smtp_session.py.

aiosmtplib owns the wire: replies, TLS, AUTH mechanisms with passwords; those with tokens are in sasl.py.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException, SMTPTimeoutError

from digest.delivery.advice import advice
from digest.delivery.base import RelayError
from digest.delivery.replies import Phase, Reply
from digest.delivery.sasl import MECHANISMS, log_in_by_token
from digest.delivery.settings import SmtpSettings
from digest.delivery.smtp_session import Riding, SmtpSession, cause_of
from digest.delivery.tokens import Tokens
from digest.errors import TransportError
from digest.refusals import legible
from digest.settings.mail import TlsMode

ANOTHER_MECHANISM = (501, 504, 534)
"""AUTH replies that are about the mechanism, not about the password."""


class SmtpTransport:
    trial = False

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings
        self.name = settings.relay
        self._context: ssl.SSLContext | None = None
        self._riding = Riding()

    async def open(self) -> SmtpSession:
        """Connect, secure as configured and never less, log in. Raises RelayError."""
        settings = self.settings
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeouts.connect_s,
            use_tls=settings.tls is TlsMode.TLS,
            start_tls=False,
            tls_context=self._tls_context(),
            local_hostname=settings.local_name,
        )
        try:
            with self._explained(Phase.CONNECT):
                await client.connect()
            client.timeout = settings.timeouts.command_s
            with self._explained(Phase.EHLO):
                await _greet(client)
            if settings.tls is TlsMode.STARTTLS:
                with self._explained(Phase.TLS):
                    await self._start_tls(client)
                with self._explained(Phase.EHLO):
                    await _greet(client)
            if settings.username:
                with self._explained(Phase.AUTH):
                    if settings.tokens is not None:
                        await self._log_in_by_token(client, settings.username, settings.tokens)
                    else:
                        await self._log_in(client, settings.username, settings.password or "")
        except BaseException:
            client.close()
            raise
        if not client.is_connected:
            phase = Phase.AUTH if settings.username else Phase.EHLO
            raise self._unusable(Reply(phase=phase, code=None, text="connection lost: closed by the server"))
        return SmtpSession(client, settings.timeouts, self._riding)

    async def _start_tls(self, client: SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise self._unusable(Reply(phase=Phase.TLS, code=None, text="STARTTLS is not offered"))
        await client.starttls()

    async def _log_in(self, client: SMTP, username: str, password: str) -> None:
        """One attempt with the first mechanism both sides know: each wrong one counts towards a lockout."""
        offered = set(client.server_auth_methods)
        methods = [
            (name, method)
            for name, method in (
                ("plain", client.auth_plain),
                ("login", client.auth_login),
                ("cram-md5", client.auth_crammd5),
            )
            if name in offered
        ]
        if not methods:
            text = f"AUTH offers only {', '.join(sorted(offered))}" if offered else "AUTH is not offered"
            raise self._unusable(Reply(phase=Phase.AUTH, code=None, text=text))
        for number, (_, method) in enumerate(methods, start=1):
            try:
                await method(username, password)
            except SMTPResponseException as error:
                if error.code in ANOTHER_MECHANISM and number < len(methods) and client.is_connected:
                    continue
                raise
            return

    async def _log_in_by_token(self, client: SMTP, username: str, tokens: Tokens) -> None:
        """One attempt; a second one with a fresh token if the first one may have been revoked or expired meanwhile."""
        offered = set(client.server_auth_methods)
        mechanism = next((name for name in MECHANISMS if name in offered), None)
        if mechanism is None:
            known = f"AUTH offers only {', '.join(sorted(offered))}, no OAuth2" if offered else "AUTH is not offered"
            raise self._unusable(Reply(phase=Phase.AUTH, code=None, text=known))
        host, port = self.settings.host, self.settings.port
        token = await self._token(tokens)
        try:
            await log_in_by_token(client, mechanism, username=username, token=token, host=host, port=port)
        except SMTPAuthenticationError as error:
            if error.code != 535 or not client.is_connected:
                raise
            if (other := await self._token(tokens, instead_of=token)) == token:
                raise
            await log_in_by_token(client, mechanism, username=username, token=other, host=host, port=port)

    async def _token(self, tokens: Tokens, *, instead_of: str | None = None) -> str:
        try:
            return await tokens.get(instead_of=instead_of)
        except TransportError as error:
            reply = Reply(phase=Phase.AUTH, code=None, text=str(error))
            raise RelayError(self.name, reply, error.advice) from error

    def _tls_context(self) -> ssl.SSLContext | None:
        if self.settings.tls is TlsMode.NONE:
            return None
        if self._context is None:
            self._context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996: older ones are not to be used
            if self.settings.ca_file is not None:
                try:
                    self._context.load_verify_locations(self.settings.ca_file)
                except OSError as error:
                    raise TransportError(
                        f"mail.ca_file {self.settings.ca_file}: {error.strerror or error}",
                        "name a readable file with certificates in PEM",
                    ) from error
        return self._context

    @contextlib.contextmanager
    def _explained(self, phase: Phase) -> Iterator[None]:
        try:
            yield
        except SMTPTimeoutError as error:
            raise self._unusable(Reply(phase=phase, code=None, text="no answer in time")) from error
        except SMTPResponseException as error:
            code = error.code if error.code > 0 else None
            raise self._unusable(Reply(phase=phase, code=code, text=legible(str(error.message)))) from error
        except (SMTPException, OSError) as error:
            cause = error.__cause__ or error
            secure = isinstance(cause, ssl.SSLError)
            raise self._unusable(
                Reply(phase=Phase.TLS if secure else phase, code=None, text=cause_of(cause))
            ) from error

    def _unusable(self, reply: Reply) -> RelayError:
        by_token = self.settings.tokens is not None
        return RelayError(self.name, reply, advice(reply, self.settings.preset, by_token=by_token))


async def _greet(client: SMTP) -> None:
    """EHLO, or HELO for a server that knows nothing newer."""
    try:
        await client.ehlo()
    except SMTPResponseException as error:
        if error.code not in (500, 501, 502, 504) or not client.is_connected:
            raise
        await client.helo()
