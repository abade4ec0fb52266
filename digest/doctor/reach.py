"""The looking beyond names: the relays' certificates, and whether one-click unsubscribing gets through to our pages."""

from __future__ import annotations

import datetime as dt
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor

from digest.config import Config
from digest.delivery.settings import SmtpSettings, smtp_settings
from digest.doctor.patient import Certificate, OneClick
from digest.errors import TransportError
from digest.settings.mail import TlsMode, TransportKind

FORGED = "1.ZG9jdG9y.ZG9jdG9yLWlzLWFza2luZw"
"""A token that nobody signed: asking with it can change nothing."""


def certificates(config: Config, *, patience_s: float) -> tuple[Certificate, ...]:
    """Until when the certificate of each relay is good; none for relays without TLS."""
    if config.mail.transport is not TransportKind.SMTP:
        return ()
    found = []
    for relay in config.mail.relays:
        try:
            settings = smtp_settings(relay)
        except TransportError:
            continue  # the check of the mail account tells
        if settings.tls is not TlsMode.NONE:
            found.append(settings)
    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(lambda settings: _certificate(settings, patience_s), found))


def _certificate(settings: SmtpSettings, patience_s: float) -> Certificate:
    context = ssl.create_default_context(cafile=settings.ca_file)
    try:
        if settings.tls is TlsMode.TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, settings.local_name, timeout=patience_s, context=context
            )
        else:
            client = smtplib.SMTP(settings.host, settings.port, settings.local_name, timeout=patience_s)
        with client:
            if settings.tls is TlsMode.STARTTLS:
                client.starttls(context=context)
            assert isinstance(client.sock, ssl.SSLSocket)
            told = client.sock.getpeercert() or {}
    except (OSError, smtplib.SMTPException) as error:
        return Certificate(relay=settings.relay, failure=str(error))
    ends = str(told.get("notAfter", ""))
    if not ends:
        return Certificate(relay=settings.relay, failure="it shows no certificate")
    return Certificate(relay=settings.relay, until=dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), dt.UTC))


def one_click(public_url: str, *, patience_s: float) -> OneClick:
    """Ask as a mail provider does (RFC 8058 §3.1), and as a link scanner does, with a token that is nobody's."""
    import httpx2

    url = f"{public_url.rstrip('/')}/f/{FORGED}/0/unsubscribe"
    try:
        with httpx2.Client(timeout=patience_s, follow_redirects=False) as client:
            get = client.get(url)
            post = client.post(url, data={"List-Unsubscribe": "One-Click"})
    except httpx2.HTTPError as error:
        return OneClick(url=url, failure=f"{type(error).__name__}: {error}".rstrip(": "))
    return OneClick(url=url, get=get.status_code, post=post.status_code)
