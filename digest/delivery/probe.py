"""Try a mail account with one small message, outside the outbox: what the server said, and what to do about it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

from digest.delivery.advice import advice
from digest.delivery.base import RelayError
from digest.delivery.presets import preset_of
from digest.delivery.replies import Phase, Reply, classify
from digest.delivery.settings import smtp_settings
from digest.delivery.single import send_through
from digest.delivery.tags import trial_path
from digest.delivery.transports import transport_of
from digest.errors import TransportError
from digest.model import DeliveryState, Envelope
from digest.settings.mail import MailConfig, RelayConfig, TlsMode, TransportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    relay: str
    reply: Reply
    """The last one; its phase says how far it went."""
    advice: str
    accepted: bool


def chosen(mail: MailConfig, name: str | None = None) -> Sequence[RelayConfig]:
    """The relays to try, also of a configuration that is still a trial: all, or the one that is named.

    ``name``: ``main``, ``fallback``, ``fallback 2`` …, or a part of what the relay is called in reports.

    Raises:
        TransportError: there is none of that name, or the options of one do not make sense.
    """
    first = mail.model_copy(update={"transport": TransportKind.SMTP}) if _is_trial(mail) else mail
    labels = ["main", *("fallback" if number == 1 else f"fallback {number}" for number in range(1, len(mail.relays)))]
    named = dict(zip(labels, (first, *mail.fallback), strict=True))
    if name is None:
        return tuple(named.values())
    if name in named:
        return (named[name],)
    found = [relay for relay in named.values() if name in transport_of(relay).name]
    if not found:
        raise TransportError(f"there is no relay {name!r}", f"there are: {', '.join(named)}")
    return found


def _is_trial(mail: MailConfig) -> bool:
    return mail.transport is TransportKind.FILES


def probe(
    mail: MailConfig,
    relay: RelayConfig,
    recipient: str,
    *,
    now: dt.datetime,
    sign: Callable[[bytes], bytes] = lambda data: data,
) -> ProbeReport:
    """Connect, secure, log in and send over one relay; whatever goes wrong on the way is in the report.

    Args:
        sign: puts the signatures before a message.

    Raises:
        TransportError: ``relay`` names no server, or the addresses cannot be put into a message.
    """
    transport, preset = transport_of(relay), preset_of(relay)
    envelope = _message(mail, recipient, now, sign)
    try:
        reply = asyncio.run(send_through(transport, envelope))
    except RelayError as error:
        return ProbeReport(relay=transport.name, reply=error.reply, advice=error.advice, accepted=False)
    return ProbeReport(
        relay=transport.name,
        reply=reply,
        advice=advice(reply, preset),
        accepted=classify(reply).state is DeliveryState.ACCEPTED,
    )


def greet(relays: Sequence[RelayConfig], *, timeout_s: float) -> tuple[ProbeReport, ...]:
    """Connect, secure and log in to each, all at once, and go away again: nothing is sent.

    Raises:
        TransportError: the options of one do not make sense.
    """
    quick = [relay.model_copy(update={"timeout_s": timeout_s}) for relay in relays]
    return asyncio.run(_greet(quick))


async def _greet(relays: Sequence[RelayConfig]) -> tuple[ProbeReport, ...]:
    return tuple(await asyncio.gather(*(_come_and_go(relay) for relay in relays)))


async def _come_and_go(relay: RelayConfig) -> ProbeReport:
    transport = transport_of(relay)
    try:
        session = await transport.open()
    except RelayError as error:
        return ProbeReport(relay=transport.name, reply=error.reply, advice=error.advice, accepted=False)
    await session.close()
    return ProbeReport(
        relay=transport.name, reply=Reply(phase=_reached(relay), code=250, text=""), advice="", accepted=True
    )


def _reached(relay: RelayConfig) -> Phase:
    """How far a greeting goes when all is well."""
    if relay.transport is TransportKind.SENDMAIL:
        return Phase.CONNECT
    settings = smtp_settings(relay)
    if settings.username:
        return Phase.AUTH
    return Phase.EHLO if settings.tls is TlsMode.NONE else Phase.TLS


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
