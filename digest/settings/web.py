"""The keys of ``web``: where the pages are served, and whom to believe about who is asking."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from digest.settings.document import Location
from digest.settings.places import FilePath, read_secret
from digest.settings.reading import reading
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


SHORTEST_PASSWORD = 12
"""Characters: it may be guessed at from anywhere, if slowly."""
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text.strip()) or text.strip().lower() in _TAKEN_HEADERS:
        raise ValueError(f"{text!r} is no header that names a user; write X-Remote-User")
    return text.strip().lower()


_TAKEN_HEADERS = frozenset({"host", "cookie", "origin", "referer", "user-agent", "accept", "accept-language"})


class AdminConfig(Section):
    """Who may see the operator's pages."""

    password: Annotated[str | None, BeforeValidator(read_secret)] = Field(default=None, repr=False)
    """{env: NAME} or {file: PATH}; resolved while loading, never printed."""
    proxy_header: Annotated[PlainText, AfterValidator(_header)] | None = None
    """In which a trusted proxy names the user whom it knows, in lower case."""
    users: Annotated[tuple[PlainText, ...], OneOrMore] = ()
    """Whom of those that the proxy names."""


class WebConfig(Section):
    listen: Annotated[PlainText, AfterValidator(_listen)] = "127.0.0.1:8080"
    trusted_proxies: Annotated[tuple[Annotated[PlainText, AfterValidator(_proxy)], ...], OneOrMore] = ()
    """Whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that answer."""
    open: bool | None = None
    """Strangers may subscribe; by default where site.public_url is set."""
    allowed_domains: Annotated[tuple[Annotated[PlainText, AfterValidator(_domain)], ...], OneOrMore] = ()
    """Of the addresses that may; empty for all."""

    admin: AdminConfig | None = None
    """None: there are no pages for the operator."""
    privacy: FilePath | None = None
    """Markdown; beside it, privacy.de.md and so on for other languages. None: the text that comes with the program."""
    imprint: FilePath | None = None
    """Likewise; None: there is no such page."""

    def allows(self, address: str) -> bool:
        """Whether an address (in its ASCII form) is of one of these domains."""
        domain = address.rpartition("@")[2].lower()
        return not self.allowed_domains or any(
            domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed
            for allowed in self.allowed_domains
        )

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> WebConfig:
        if around := reading(info):
            around.complaints.extend((("web", *where), clause) for where, clause in _conflicts(self))
        return self


def _conflicts(web: WebConfig) -> Iterator[tuple[Location, str]]:
    """(where in the section, clause) of what is right by itself but not together."""
    for name, path in (("privacy", web.privacy), ("imprint", web.imprint)):
        if path is not None and not path.is_file():
            yield (name,), f"there is no file {path}"
    if (admin := web.admin) is None:
        return
    if admin.password is None and admin.proxy_header is None:
        yield ("admin",), "opens no door: give password: {env: DIGEST_ADMIN_PASSWORD}, or proxy_header and users"
    if admin.password is not None and len(admin.password) < SHORTEST_PASSWORD:
        yield ("admin", "password"), f"is shorter than {SHORTEST_PASSWORD} characters"
    if admin.proxy_header is not None and not web.trusted_proxies:
        yield ("admin", "proxy_header"), "is believed from web.trusted_proxies alone, and there are none"
    if admin.proxy_header is not None and not admin.users:
        yield ("admin", "users"), "is needed: whom of those that the proxy names; users: [ada]"
    if admin.proxy_header is None and admin.users:
        yield ("admin", "users"), "means nothing without proxy_header"
