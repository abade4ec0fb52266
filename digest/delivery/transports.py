"""Which transports there are. A registry on purpose: adding one is one line here and one in ``TransportKind``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from digest.delivery.base import Transport
from digest.settings.mail import MailConfig, TransportKind


def _files(mail: MailConfig) -> Transport:
    from digest.delivery.files import FilesTransport

    return FilesTransport(mail.files_dir)


def _smtp(mail: MailConfig) -> Transport:
    from digest.delivery.settings import smtp_settings
    from digest.delivery.smtp import SmtpTransport

    return SmtpTransport(smtp_settings(mail))


TRANSPORTS: Mapping[TransportKind, Callable[[MailConfig], Transport]] = {
    TransportKind.FILES: _files,
    TransportKind.SMTP: _smtp,
}


def from_config(mail: MailConfig) -> Transport:
    """The configured transport, not yet connected.

    Raises:
        TransportError: its options do not make sense.
    """
    return TRANSPORTS[mail.transport](mail)
