"""The keys of ``web``: where the pages are served, and whom to believe about who is asking."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from digest.settings.validation import Section
from digest.settings.words import OneOrMore, PlainText


def parse_listen(text: str) -> tuple[str, int]:
    """``127.0.0.1:8080``, ``[::1]:8080`` or ``:8080`` (this machine alone) → host and port; raises ValueError."""
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not colon or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise ValueError(f"{text!r} is no place to listen; write HOST:PORT, such as 127.0.0.1:8080")
    return host, int(port)


def _listen(text: str) -> str:
    parse_listen(text)
    return text.strip()


def _proxy(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise ValueError(f"{text!r} is no address or network; write 127.0.0.1 or 10.0.0.0/8") from error


_DOMAIN = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]")


def _domain(text: str) -> str:
    domain = text.strip().removeprefix("@").lower()
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{text!r} is no domain; write uni.example, or *.uni.example for all below it")
    return domain


class WebConfig(Section):
    listen: Annotated[PlainText, AfterValidator(_listen)] = "127.0.0.1:8080"
    trusted_proxies: Annotated[tuple[Annotated[PlainText, AfterValidator(_proxy)], ...], OneOrMore] = ()
    """Whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    open: bool | None = None
    """Strangers may subscribe; by default where site.public_url is set."""
    allowed_domains: Annotated[tuple[Annotated[PlainText, AfterValidator(_domain)], ...], OneOrMore] = ()
    """Of the addresses that may; empty for all."""

    def allows(self, address: str) -> bool:
        """Whether an address (in its ASCII form) is of one of these domains."""
        domain = address.rpartition("@")[2].lower()
        return not self.allowed_domains or any(
            domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed
            for allowed in self.allowed_domains
        )
