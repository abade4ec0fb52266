"""The section ``mail``: how mails leave, and what does not fit together in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from digest.settings.addresses import EmailAddress, Mailbox, parse_mailbox
from digest.settings.places import FilePath, is_loopback, read_secret
from digest.settings.reading import reading
from digest.settings.servers import MailServer, parse_server
from digest.settings.times import Duration, between
from digest.settings.validation import Section
from digest.settings.words import PlainText


class TransportKind(StrEnum):
    FILES = "files"
    SMTP = "smtp"


class TlsMode(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


def _password(value: object, info: ValidationInfo) -> object:
    if reading(info) and isinstance(value, dict) and info.data.get("transport") is TransportKind.FILES:
        return None  # a trial needs no secrets, so it runs where they are not set
    return read_secret(value, info)


class MailConfig(Section):
    transport: TransportKind = TransportKind.FILES
    preset: Literal["gmail", "outlook", "fastmail", "local"] | None = None
    server: MailServer | None = None
    """smtp://user@host:587 (STARTTLS, plain on this machine) or smtps://user@host:465 (TLS from the start)."""
    tls: TlsMode | None = None
    """None = by scheme: smtps → tls, smtp → starttls; loopback → none."""
    username: PlainText | None = None
    """Default: the user in `server`; with a preset, the address in `from`."""
    password: Annotated[str | None, BeforeValidator(_password)] = Field(default=None, repr=False)
    """{env: NAME} or {file: PATH}; resolved while loading, never printed."""
    ca_file: FilePath | None = None
    sender: Mailbox = Field(default="Paper digest <digest@localhost>", alias="from")
    reply_to: EmailAddress | None = None
    report_to: EmailAddress | None = None
    """The operator: gets a report of every press day."""
    welcome: bool = False
    """A reader's first edition opens with a welcome."""
    connections: int = Field(default=4, ge=1, le=64)
    window: int = Field(default=8, ge=1, le=64)
    """Deliveries marked `sending` at once per connection: the bound on what a crash leaves uncertain."""
    timeout_s: Annotated[float, Duration, between("1s", "10m")] = Field(default=60.0, alias="timeout")
    per_second: float | None = Field(default=None, gt=0)
    on_uncertain: Literal["hold", "retry"] = "hold"
    files_dir: FilePath = Field(default=Path("outbox"), validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _preset_user(cls, data: object, info: ValidationInfo) -> object:
        """Mail providers log in with the address itself."""
        if not reading(info) or not isinstance(data, dict) or "username" in data:
            return data
        sender = data.get("from")
        if data.get("preset") in {"gmail", "outlook", "fastmail"} and isinstance(sender, str):
            with contextlib.suppress(ValueError):  # a bad address is the problem of `from`
                return {**data, "username": parseaddr(parse_mailbox(sender))[1]}
        return data

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> MailConfig:
        if around := reading(info):
            around.complaints.extend((("mail", key), clause) for key, clause in _conflicts(self))
        return self


def _conflicts(mail: MailConfig) -> list[tuple[str, str]]:
    """(key, clause) of what is right by itself but not together."""
    found: list[tuple[str, str]] = []
    server = parse_server(mail.server) if mail.server else None
    if mail.preset and server:
        found.append(("preset", "stands beside server; keep one of them"))
    if server and server.username and mail.username and server.username != mail.username:
        found.append(("username", "is another user than the one in server; keep one of them"))
    if server and server.scheme == "smtps" and mail.tls not in {None, TlsMode.TLS}:
        found.append(("tls", f"is {mail.tls}, but smtps:// is TLS from the start; write smtp:// or leave tls out"))
    if mail.ca_file and not mail.ca_file.is_file():
        found.append(("ca_file", f"there is no file {mail.ca_file}"))
    if mail.transport is TransportKind.SMTP:
        user = mail.username or (server.username if server else None)
        host = server.host if server else "localhost" if mail.preset == "local" else mail.preset
        found += _smtp_conflicts(mail, user=user, host=host)
    return found


def _smtp_conflicts(mail: MailConfig, *, user: str | None, host: str | None) -> Iterator[tuple[str, str]]:
    """What sending needs: a server, a user and a password or neither, an encrypted login, a sender of one's own."""
    if host is None:
        yield "server", "is needed to send: server: smtp://user@host:587, or preset: gmail"
        return
    if user and mail.password is None:
        yield "password", f"is needed to log in as {user}: password: {{env: DIGEST_SMTP_PASSWORD}}"
    if mail.password is not None and not user:
        yield "username", "is needed with a password: write it here or in server"
    if is_loopback(host):
        return
    if user and mail.tls is TlsMode.NONE:
        yield "tls", "is none: the password would cross the network in the clear; leave tls out"
    if parseaddr(mail.sender)[1].endswith("@localhost"):
        yield "from", "must be an address that the mail server lets you send from: Name <you@uni.example>"
