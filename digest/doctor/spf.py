"""Who may send for a domain (SPF, RFC 7208): its record, what it takes to read it, and whether it lets an address in.

Macros (``%{i}``) are not expanded: nobody writes them by hand, and where one stands the verdict is left open.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final, Protocol

MOST_LOOKUPS: Final = 10
"""RFC 7208 §4.6.4: beyond it receivers give up, with an error that counts as a failure."""
_LOOKS_UP: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_TERM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:](.+?))?(/\d{1,2})?(//\d{1,3})?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][\w.-]*)=(.*)", re.IGNORECASE | re.ASCII)
_VERDICTS: Final = {"+": "pass", "": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Asked(Protocol):
    """DNS, as :class:`digest.dns.Dns` answers."""

    def txt(self, name: str) -> tuple[str, ...]: ...

    def mx(self, name: str) -> tuple[str, ...]: ...

    def addresses(self, name: str) -> tuple[str, ...]: ...


@dataclass(slots=True, kw_only=True)
class Spf:
    """What was found; it grows while the record is read."""

    records: tuple[str, ...] = ()
    faults: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    lookups: int = 0
    ending: str = ""
    """``-all``, ``~all``, ``?all``, ``+all`` of the record itself, or of where it redirects to; empty: none."""
    verdict: str | None = None
    """For the address that was asked about: pass, fail, softfail, neutral; None where nothing can be said."""


def read(domain: str, dns: Asked, address: str | None = None) -> Spf:
    """The SPF record of a domain, with all that it includes; would mail from ``address`` be let in?

    Raises:
        DnsError: nobody answers for it or for a name in it; receivers would try again later (RFC 7208 §2.6.6).
    """
    found = Spf(records=_records(dns.txt(domain)))
    if len(found.records) == 1:
        asked = ipaddress.ip_address(address) if address else None
        verdict = _walk(domain, found.records[0], dns, asked, found, depth=0)
        found.verdict = (verdict or "neutral") if asked is not None and not found.faults else None
    return found


def _records(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 "))


def _walk(domain: str, record: str, dns: Asked, address: Address | None, found: Spf, *, depth: int) -> str | None:
    """The verdict of one record; None if no term of it fits the address. Terms after a fit are read all the same."""
    verdict, redirect, has_all = None, None, False
    for term in record.split()[1:]:
        if told := _TERM.fullmatch(term):
            sign, name, value, *prefixes = told.groups()
            name = name.lower()
            if name == "all":
                has_all = True
                if depth == 0:
                    found.ending = f"{sign or '+'}all"
            fits = _fits(name, value, prefixes, domain, dns, address, found, depth)
            if fits and verdict is None:
                verdict = _VERDICTS[sign]
        elif modifier := _MODIFIER.fullmatch(term):
            if modifier[1].lower() == "redirect":
                redirect = modifier[2]
        else:
            found.faults.append(f"of {domain} holds {term[:40]!r}, which means nothing")
    if redirect and not has_all and _counted(found):
        inner = _included(redirect, dns, address, found, depth)
        verdict = verdict or inner[0]
        if depth == 0:
            found.ending = inner[1]
    return verdict


def _fits(
    name: str, value: str | None, prefixes: list[str | None], domain: str, dns: Asked, address: Address | None,
    found: Spf, depth: int,
) -> bool:  # fmt: skip
    if name in _LOOKS_UP and not _counted(found):
        return False
    if value and "%" in value:
        return False
    if name == "all":
        return True
    if name in ("ip4", "ip6"):
        return _in_network(f"{value or ''}{prefixes[0] or ''}", address, domain, found)
    if name == "include":
        if not value:
            found.faults.append(f"of {domain} includes nothing")
            return False
        if depth == 0:
            found.includes.append(value)
        return _included(value, dns, address, found, depth)[0] == "pass"
    if address is None or name not in ("a", "mx"):
        return False
    hosts = dns.mx(value or domain)[:10] if name == "mx" else (value or domain,)
    prefix = prefixes[0] if address.version == 4 else (prefixes[1] or "").removeprefix("/")
    return any(
        address in ipaddress.ip_network(f"{each}{prefix or ''}", strict=False)
        for host in hosts
        for each in dns.addresses(host)
        if ipaddress.ip_address(each).version == address.version
    )


def _counted(found: Spf) -> bool:
    """Count one look-up; False when there were too many."""
    found.lookups += 1
    if found.lookups == MOST_LOOKUPS + 1:
        found.faults.append(f"takes more than {MOST_LOOKUPS} look-ups, where receivers give up")
    return found.lookups <= MOST_LOOKUPS


def _included(name: str, dns: Asked, address: Address | None, found: Spf, depth: int) -> tuple[str | None, str]:
    """(verdict, ending) of another domain's record, which must be there (RFC 7208 §5.2)."""
    if "%" in name:
        return None, ""
    records = _records(dns.txt(name))
    if len(records) != 1:
        found.faults.append(f"includes {name}, which has {len(records) or 'no'} SPF record{'s' if records else ''}")
        return None, ""
    ends = next((term for term in records[0].lower().split() if term.endswith("all")), "")
    return _walk(name, records[0], dns, address, found, depth=depth + 1), ends if ends[:1] in "+-~?" else f"+{ends}"


def _in_network(text: str, address: Address | None, domain: str, found: Spf) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        found.faults.append(f"of {domain} holds {text[:40]!r}, which is no network")
        return False
    return address is not None and address in network
