"""Try a mail account with one small message, outside the outbox: what the server said, and what to do about it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

from digest.delivery.advice import advice
from digest.delivery.base import RelayError
from digest.delivery.replies import Phase, Reply, classify
from digest.delivery.settings import Timeouts, smtp_settings
from digest.delivery.single import send_through
from digest.delivery.smtp import SmtpTransport
from digest.delivery.tags import trial_path
from digest.errors import TransportError
from digest.model import DeliveryState, Envelope
from digest.settings.mail import MailConfig, TlsMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    relay: str
    reply: Reply
    """The last one; its phase says how far it went."""
    advice: str
    accepted: bool


def probe(
    mail: MailConfig, recipient: str, *, now: dt.datetime, sign: Callable[[bytes], bytes] = lambda data: data
) -> ProbeReport:
    """Connect, secure, log in and send; whatever goes wrong on the way is in the report.

    Args:
        sign: puts the signatures before a message.

    Raises:
        TransportError: ``mail`` names no server, or the addresses cannot be put into a message.
    """
    settings = smtp_settings(mail)
    transport = SmtpTransport(settings)
    envelope = _message(mail, recipient, now, sign)
    try:
        reply = asyncio.run(send_through(transport, envelope))
    except RelayError as error:
        reply = error.reply
    return ProbeReport(
        relay=settings.relay,
        reply=reply,
        advice=advice(reply, settings.preset),
        accepted=classify(reply).state is DeliveryState.ACCEPTED,
    )


def greet(mail: MailConfig, *, timeout_s: float) -> ProbeReport:
    """Connect, secure and log in, and go away again: nothing is sent.

    Raises:
        TransportError: ``mail`` names no server.
    """
    settings = replace(smtp_settings(mail), timeouts=Timeouts.scaled(timeout_s))
    try:
        asyncio.run(_come_and_go(SmtpTransport(settings)))
    except RelayError as error:
        reply = error.reply
        return ProbeReport(relay=settings.relay, reply=reply, advice=advice(reply, settings.preset), accepted=False)
    phase = Phase.AUTH if settings.username else Phase.EHLO if settings.tls is TlsMode.NONE else Phase.TLS
    return ProbeReport(relay=settings.relay, reply=Reply(phase=phase, code=250, text=""), advice="", accepted=True)


async def _come_and_go(transport: SmtpTransport) -> None:
    session = await transport.open()
    await session.close()


def _message(mail: MailConfig, recipient: str, now: dt.datetime, sign: Callable[[bytes], bytes]) -> Envelope:
    name, sender = parseaddr(mail.sender)
    local, _, domain = sender.rpartition("@")
    message_id = make_msgid(domain=domain or "localhost")
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address(display_name=name, username=local, domain=domain)
        message["To"] = recipient
    except (ValueError, MessageError) as error:
        raise TransportError(f"no message can be made from {mail.sender!r} to {recipient!r}: {error}") from error
    message["Subject"] = "Paper digest: this account can send"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("This is the test message of `digest send-test`. Your digest can be sent with this account.\n")
    return Envelope(
        delivery_id=0,
        # As editions have it: a relay that lets nobody else's address be the sender says so now.
        sender=trial_path(mail.bounces) if mail.bounces else sender,
        recipient=recipient,
        message_id=message_id,
        data=sign(message.as_bytes()),
    )
