"""Which transports there are. A registry on purpose: adding one is one line here and one in ``TransportKind``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from digest.delivery.base import Transport
from digest.delivery.presets import preset_of
from digest.delivery.relays import Relay
from digest.errors import TransportError
from digest.settings.mail import MailConfig, RelayConfig, TransportKind


def _files(relay: RelayConfig) -> Transport:
    from digest.delivery.files import FilesTransport

    if not isinstance(relay, MailConfig):
        raise TransportError("mail.fallback cannot be of the transport files", "leave its transport out")
    return FilesTransport(relay.files_dir)


def _smtp(relay: RelayConfig) -> Transport:
    from digest.delivery.settings import smtp_settings
    from digest.delivery.smtp import SmtpTransport

    return SmtpTransport(smtp_settings(relay))


def _sendmail(relay: RelayConfig) -> Transport:
    from digest.delivery.sendmail import SendmailTransport
    from digest.delivery.settings import SendmailSettings, Timeouts

    timeout_s = Timeouts.scaled(relay.timeout_s).dot_s
    return SendmailTransport(SendmailSettings(command=relay.sendmail, timeout_s=timeout_s))


TRANSPORTS: Mapping[TransportKind, Callable[[RelayConfig], Transport]] = {
    TransportKind.FILES: _files,
    TransportKind.SMTP: _smtp,
    TransportKind.SENDMAIL: _sendmail,
}


def transport_of(relay: RelayConfig) -> Transport:
    """The configured transport, not yet connected.

    Raises:
        TransportError: its options do not make sense.
    """
    return TRANSPORTS[relay.transport](relay)


def relays_of(mail: MailConfig) -> tuple[Relay, ...]:
    """The relays of a configuration with their limits, in the order in which they are used; a trial has no others.

    Raises:
        TransportError: the options of one do not make sense.
    """
    configured = (mail,) if mail.transport is TransportKind.FILES else mail.relays
    return tuple(Relay.of(transport_of(each), each, preset_of(each)) for each in configured)
