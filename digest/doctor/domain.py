"""The looking of a mail domain: SPF, DKIM, DMARC, where bounces go, and the name of the address that we send from.

Only what this installation answers for is looked at: in the personal profile somebody else's server signs and sends,
so there is nothing to ask, unless keys of our own are configured.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from digest.config import Config
from digest.dns import Dns, DnsError
from digest.doctor import spf
from digest.doctor.patient import DomainState, KeyState, Own, Told
from digest.editions.dkim import SigningKey
from digest.editions.dkim_keys import mismatch
from digest.settings.mail import TransportKind
from digest.settings.places import is_loopback
from digest.settings.servers import parse_server
from digest.signing import sender_domain, signing_keys

T = TypeVar("T")


def concerned(config: Config) -> bool:
    """Is there a domain to look at? Not where nothing is sent in the name of one that we answer for."""
    named = "." in sender_domain(config.mail)
    return named and bool(config.site.public_url or config.mail.dkim)


def look_at_domain(config: Config, dns: Dns, *, own_address: Callable[[], str | None]) -> DomainState:
    """Ask everything at once; each question that nobody answers says so by itself."""
    mail = config.mail
    sender = sender_domain(mail)
    envelope = _envelope(config)
    own = own_address() if delivers_itself(config) else None
    keys, _ = signing_keys(mail)
    with ThreadPoolExecutor(max_workers=8) as pool:
        spf_of = pool.submit(_told, lambda: spf.read(envelope, dns, own))
        dmarc = pool.submit(_dmarc, sender, dns)
        mx = pool.submit(_told, lambda: dns.mx(envelope))
        named = pool.submit(_own, own, dns)
        asked = [pool.submit(_key, key, dns) for key in keys]
        addresses = pool.submit(_told, lambda: dns.addresses(envelope))
        return DomainState(
            sender=sender,
            envelope=envelope,
            spf=spf_of.result(),
            dmarc=dmarc.result(),
            mx=mx.result(),
            addresses=addresses.result(),
            keys=tuple(each.result() for each in asked),
            own=named.result(),
        )


def nothing_seen(config: Config, why: str) -> DomainState:
    """Where there is nobody to ask: every question has the same answer."""
    sender = sender_domain(config.mail)
    keys, _ = signing_keys(config.mail)
    return DomainState(
        sender=sender,
        envelope=_envelope(config),
        spf=Told(failure=why),
        dmarc=Told(failure=why),
        mx=Told(failure=why),
        addresses=Told(failure=why),
        keys=tuple(KeyState(name=key.name, domain=key.domain, failure=why) for key in keys),
    )


def _envelope(config: Config) -> str:
    bounces = config.mail.bounces
    return bounces.rpartition("@")[2].lower() if bounces else sender_domain(config.mail)


def delivers_itself(config: Config) -> bool:
    """True where the relay is on this machine, so that receivers see this machine's address."""
    if config.mail.transport is not TransportKind.SMTP:
        return False
    if config.mail.server is None:
        return config.mail.preset == "local"
    return is_loopback(parse_server(config.mail.server).host)


def outward_address() -> str | None:
    """The address that this machine sends from, if it is a public one. Nothing is sent to find out."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: nobody's; the system only chooses a route
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return address if ipaddress.ip_address(address).is_global else None


def _told(ask: Callable[[], T]) -> Told[T]:
    try:
        return Told(answer=ask())
    except DnsError as error:
        return Told(failure=str(error))


def _dmarc(domain: str, dns: Dns) -> Told[tuple[str, str] | None]:
    """(where, record), of the domain or the nearest one above it that has one (RFC 7489 §6.6.3, by walking up)."""

    def walk() -> tuple[str, str] | None:
        labels = domain.split(".")
        for start in range(len(labels) - 1):
            name = ".".join(labels[start:])
            found = [text for text in dns.txt(f"_dmarc.{name}") if text.lower().startswith("v=dmarc1")]
            if found:
                return name, found[0] if len(found) == 1 else ""
        return None

    return _told(walk)


def _key(key: SigningKey, dns: Dns) -> KeyState:
    asked = _told(lambda: mismatch(key, dns.txt(key.name)))
    return KeyState(name=key.name, domain=key.domain, trouble=asked.answer, failure=asked.failure)


def _own(address: str | None, dns: Dns) -> Own | None:
    if address is None:
        return None
    names = _told(lambda: dns.names(address))
    confirmed = _told(lambda: tuple(name for name in names.answer or () if address in dns.addresses(name)))
    return Own(address=address, names=names.answer or (), confirmed=confirmed.answer or (), failure=names.failure)
