"""Questions to DNS, as a receiver of our mails would ask them. An empty answer is a value; no answer is an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.errors import DigestError

if TYPE_CHECKING:
    from dns.resolver import Answer, Resolver

PATIENCE_S = 5.0


class DnsError(DigestError):
    """Nobody answered, or only to say that they could not: nothing is known of the name."""


class Dns:
    """The system's resolvers, or given ones. May be asked by several threads at once."""

    def __init__(self, servers: Sequence[tuple[str, int]] = (), *, patience_s: float = PATIENCE_S) -> None:
        """
        Args:
            servers: (IP address, port) of whom to ask instead of the system's.
            patience_s: seconds for one answer, all servers together.

        Raises:
            DnsError: the system names no resolver.
        """
        import dns.nameserver
        import dns.resolver

        try:
            self._resolver: Resolver = dns.resolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsError("this machine has no DNS resolver: /etc/resolv.conf names none") from error
        if servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._resolver.lifetime = patience_s
        self._resolver.timeout = min(2.0, patience_s)

    def txt(self, name: str) -> tuple[str, ...]:
        """The texts at a name, the strings of each joined (RFC 7208 §3.3, RFC 6376 §3.6.2.2); empty if there are none.

        Raises:
            DnsError: nobody could say.
        """
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT"))

    def mx(self, name: str) -> tuple[str, ...]:
        """The mail servers of a domain, the preferred first; ``.`` is the null MX (RFC 7505). Raises DnsError."""
        records = sorted(self._ask(name, "MX"), key=lambda record: (record.preference, str(record.exchange)))
        return tuple(_plain(str(record.exchange)) for record in records)

    def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 and IPv6 addresses of a host. Raises DnsError."""
        return tuple(str(record.address) for kind in ("A", "AAAA") for record in self._ask(name, kind))

    def names(self, address: str) -> tuple[str, ...]:
        """What an IP address is called (PTR). Raises DnsError."""
        import dns.reversename

        return tuple(
            _plain(str(record.target)) for record in self._ask(str(dns.reversename.from_address(address)), "PTR")
        )

    def _ask(self, name: str, kind: str) -> Answer | tuple[()]:
        import dns.exception
        import dns.resolver

        try:
            return self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise DnsError(f"DNS does not answer for {name}: {type(error).__name__}") from error


def _plain(name: str) -> str:
    return name.rstrip(".").lower() or "."
