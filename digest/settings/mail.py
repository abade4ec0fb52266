"""The section ``mail``: how mails leave, and what does not fit together in it."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from digest.settings.addresses import EmailAddress, Mailbox, parse_address, parse_mailbox
from digest.settings.document import Location
from digest.settings.inbox import InboxConfig
from digest.settings.oauth import PROVIDERS, OauthConfig, ProviderName
from digest.settings.places import FilePath, is_loopback, read_secret
from digest.settings.reading import reading
from digest.settings.servers import MailServer, parse_server
from digest.settings.signing import DkimConfig
from digest.settings.times import Duration, between
from digest.settings.validation import Section
from digest.settings.words import PlainText


class TransportKind(StrEnum):
    FILES = "files"
    SMTP = "smtp"
    SENDMAIL = "sendmail"


class TlsMode(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


MOST_BOUNCES = 34
"""Octets before the @ of `bounces`: RFC 5321 §4.5.3.1.1 allows 64, of which a tag takes 30."""


def _listed(value: object) -> object:
    """One mapping may stand without a list around it."""
    return [value] if isinstance(value, dict) else value


def _password(value: object, info: ValidationInfo) -> object:
    if reading(info) and isinstance(value, dict) and info.data.get("transport") is TransportKind.FILES:
        return None  # a trial needs no secrets, so it runs where they are not set
    return read_secret(value, info)


def _oauth(value: object, info: ValidationInfo) -> object:
    return None if reading(info) and info.data.get("transport") is TransportKind.FILES else value  # as with passwords


def _split(value: object) -> object:
    """A command line → its arguments; raises ValueError. No shell ever reads it."""
    return shlex.split(value) if isinstance(value, str) else value


def _command(arguments: tuple[str, ...]) -> tuple[str, ...]:
    if not arguments or not arguments[0].startswith("/"):
        raise ValueError("must begin with the full path of a command, such as /usr/sbin/sendmail")
    if not any("{recipient}" in each for each in arguments[1:]):
        raise ValueError("names no {recipient}: /usr/sbin/sendmail -i -f {sender} -- {recipient}")
    return arguments


Command = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_command)]
"""A command and its arguments, as one line or as a list."""


class RelayConfig(Section):
    """One way for mails to leave: how a relay is reached, and how much it may be given."""

    transport: TransportKind = TransportKind.SMTP
    preset: Literal["gmail", "outlook", "microsoft365", "fastmail", "local"] | None = None
    server: MailServer | None = None
    """smtp://user@host:587 (STARTTLS, plain on this machine) or smtps://user@host:465 (TLS from the start)."""
    tls: TlsMode | None = None
    """None = by scheme: smtps → tls, smtp → starttls; loopback → none."""
    username: PlainText | None = None
    """Default: the user in `server`; with a preset in `mail` itself, the address in `from`."""
    password: Annotated[str | None, BeforeValidator(_password)] = Field(default=None, repr=False)
    """{env: NAME} or {file: PATH}; resolved while loading, never printed."""
    oauth: Annotated[OauthConfig | None, BeforeValidator(_oauth)] = None
    """Instead of a password: logs in with an access token (XOAUTH2, OAUTHBEARER)."""
    ca_file: FilePath | None = None
    sendmail: Command = ("/usr/sbin/sendmail", "-i", "-f", "{sender}", "--", "{recipient}")
    """What the transport `sendmail` runs for every message, which is its standard input."""
    connections: int = Field(default=4, ge=1, le=64)
    timeout_s: Annotated[float, Duration, between("1s", "10m")] = Field(default=60.0, alias="timeout")
    per_second: float | None = Field(default=None, gt=0)
    """This and the next two: where they are left out, the preset's."""
    per_hour: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    """In any 24 hours, by all senders on the database."""


class DomainConfig(Section):
    """How much one recipient domain may be given by this process."""

    connections: int | None = Field(default=None, ge=1, le=64)
    per_second: float | None = Field(default=None, gt=0)


def _domain(text: str) -> str:
    """A domain in lower case, or ``*``; raises ValueError."""
    return text if text == "*" else parse_address(f"somebody@{text.lstrip('@')}").rpartition("@")[2].lower()


Domain = Annotated[str, AfterValidator(_domain)]

SECRETS = frozenset({"password", "oauth"})


def _fallbacks(value: object, info: ValidationInfo) -> object:
    """One relay may stand without a list around it. A trial needs no secrets, so theirs are not read."""
    relays = _listed(value)
    if reading(info) and isinstance(relays, list) and info.data.get("transport") is TransportKind.FILES:
        return [
            {key: each for key, each in relay.items() if key not in SECRETS} if isinstance(relay, dict) else relay
            for relay in relays
        ]
    return relays


class MailConfig(RelayConfig):
    """The first relay, those that stand in for it, and what holds for all of them."""

    transport: TransportKind = TransportKind.FILES
    fallback: Annotated[tuple[RelayConfig, ...], BeforeValidator(_fallbacks)] = ()
    """Used in this order while those before them are in trouble or over their limits."""
    domains: dict[Domain, DomainConfig] = Field(default={})
    """By recipient domain; `*` stands for each one that is not named."""
    sender: Mailbox = Field(default="Paper digest <digest@localhost>", alias="from")
    reply_to: EmailAddress | None = None
    bounces: EmailAddress | None = None
    """Where bounces go, each to an address of its own: the mailbox must take ``+anything`` as well (RFC 5233)."""
    dkim: Annotated[tuple[DkimConfig, ...], BeforeValidator(_listed)] = ()
    """The keys that mails are signed with; none where the relay signs."""
    inbox: InboxConfig | None = None
    """The mailbox where bounces, answers and goodbyes arrive; nobody reads it where it is left out."""
    report_to: EmailAddress | None = None
    """The operator: gets a report of every press day."""
    welcome: bool | None = None
    """A reader's first edition opens with a welcome; by default where strangers may subscribe."""
    window: int = Field(default=8, ge=1, le=64)
    """Deliveries marked `sending` at once per connection: the bound on what a crash leaves uncertain."""
    on_uncertain: Literal["hold", "retry"] = "hold"
    files_dir: FilePath = Field(default=Path("outbox"), validate_default=True)

    @property
    def relays(self) -> tuple[RelayConfig, ...]:
        """All of them, in the order in which they are used."""
        return (self, *self.fallback)

    @model_validator(mode="before")
    @classmethod
    def _preset_user(cls, data: object, info: ValidationInfo) -> object:
        """Mail providers log in with the address itself."""
        if not reading(info) or not isinstance(data, dict) or "username" in data:
            return data
        sender = data.get("from")
        if data.get("preset") in {"gmail", "outlook", "microsoft365", "fastmail"} and isinstance(sender, str):
            with contextlib.suppress(ValueError):  # a bad address is the problem of `from`
                return {**data, "username": parseaddr(parse_mailbox(sender))[1]}
        return data

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> MailConfig:
        if around := reading(info):
            around.complaints.extend((("mail", *where), clause) for where, clause in _conflicts(self))
        return self


def _conflicts(mail: MailConfig) -> Iterator[tuple[Location, str]]:
    """(where in the section, clause) of what is right by itself but not together."""
    for key, clause in _relay_conflicts(mail, trial=mail.transport is TransportKind.FILES):
        yield (key,), clause
    abroad = mail.transport is TransportKind.SMTP and (host := _host(mail)) is not None and not is_loopback(host)
    if abroad and parseaddr(mail.sender)[1].endswith("@localhost"):
        yield ("from",), "must be an address that the mail server lets you send from: Name <you@uni.example>"
    if mail.dkim and all(relay.preset not in {None, "local"} for relay in mail.relays):
        yield ("dkim",), f"signs for a domain of yours, and {mail.preset} signs for its own; leave it out"
    if mail.bounces and len(mail.bounces.rpartition("@")[0].encode()) > MOST_BOUNCES:
        yield ("bounces",), f"has more than {MOST_BOUNCES} characters before the @: no tag has room after them"
    for number, relay in enumerate(mail.fallback):
        if relay.transport is TransportKind.FILES:
            yield ("fallback", number, "transport"), "is files, which sends nothing; leave it out"
            continue
        if _identity(relay) in [_identity(other) for other in mail.relays[: number + 1]]:
            yield ("fallback", number, "server"), "is the same account again, which will not help when that one fails"
        for key, clause in _relay_conflicts(relay, trial=mail.transport is TransportKind.FILES):
            yield ("fallback", number, key), clause


def _identity(relay: RelayConfig) -> tuple[object, ...]:
    if relay.transport is TransportKind.SENDMAIL:
        return relay.transport, relay.sendmail
    return relay.transport, relay.server, relay.preset, relay.username


def _host(relay: RelayConfig) -> str | None:
    """Where it connects to; a preset that is not this machine stands for its own host."""
    if relay.server:
        return parse_server(relay.server).host
    return "localhost" if relay.preset == "local" else relay.preset


def _relay_conflicts(relay: RelayConfig, *, trial: bool) -> Iterator[tuple[str, str]]:
    server = parse_server(relay.server) if relay.server else None
    if relay.transport is TransportKind.SENDMAIL:
        for key in ("server", "preset"):
            if getattr(relay, key) is not None:
                yield key, "means nothing to the transport sendmail; write transport: smtp, or leave it out"
    if relay.preset and server:
        yield "preset", "stands beside server; keep one of them"
    if server and server.username and relay.username and server.username != relay.username:
        yield "username", "is another user than the one in server; keep one of them"
    if server and server.scheme == "smtps" and relay.tls not in {None, TlsMode.TLS}:
        yield "tls", f"is {relay.tls}, but smtps:// is TLS from the start; write smtp:// or leave tls out"
    if relay.ca_file and not relay.ca_file.is_file():
        yield "ca_file", f"there is no file {relay.ca_file}"
    if relay.transport is TransportKind.SMTP and not trial:
        yield from _smtp_conflicts(relay, user=relay.username or (server.username if server else None))


PROVIDER_OF_PRESET: Mapping[str | None, ProviderName] = {
    "gmail": "google",
    "outlook": "microsoft",
    "microsoft365": "microsoft",
}


def _smtp_conflicts(relay: RelayConfig, *, user: str | None) -> Iterator[tuple[str, str]]:
    """What sending needs: a server, a user and a password or neither, an encrypted login."""
    host = _host(relay)
    if host is None:
        yield "server", "is needed to send: server: smtp://user@host:587, or preset: gmail"
        return
    if relay.password is not None and relay.oauth is not None:
        yield "password", "stands beside oauth; keep one of them"
    if user and relay.password is None and relay.oauth is None:
        yield "password", f"is needed to log in as {user}: password: {{env: DIGEST_SMTP_PASSWORD}}, or oauth"
    login = relay.password is not None or relay.oauth is not None
    if (login or relay.preset not in {None, "local"}) and not user:
        yield "username", "is needed with a password: write it here or in server"
    if (oauth := relay.oauth) and not (oauth.placed or relay.preset in PROVIDER_OF_PRESET):
        yield "oauth", f"needs provider: {', '.join(PROVIDERS)}; or token_url, where tokens are fetched"
    if user and relay.tls is TlsMode.NONE and not is_loopback(host):
        yield "tls", "is none: the password would cross the network in the clear; leave tls out"
