"""The section ``mail.oauth``: where the access token for a login with OAuth2 comes from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from digest.settings.places import WebAddress, is_loopback, read_secret
from digest.settings.providers import Key
from digest.settings.reading import reading
from digest.settings.validation import Section
from digest.settings.words import PlainText

ProviderName = Literal["google", "microsoft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Where a well-known provider exchanges refresh tokens, and what has to be asked for."""

    url: str
    scope: str | None = None


PROVIDERS: Mapping[ProviderName, Provider] = MappingProxyType(
    {
        "google": Provider(url="https://oauth2.googleapis.com/token"),
        "microsoft": Provider(
            url="https://login.microsoftonline.com/common/oauth2/v2.0/token",
            scope="https://outlook.office.com/SMTP.Send offline_access",
        ),
    }
)
"""developers.google.com "OAuth 2.0 for Mobile & Desktop Apps"; learn.microsoft.com "Authenticate an IMAP, POP or SMTP
connection using OAuth". Google's refresh tokens carry their scope (https://mail.google.com/)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """An access token that something else keeps fresh: its text, a file that holds it, or a command that prints it."""

    text: str | None = field(default=None, repr=False)
    file: Path | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """``file``: where it was read, and where the next one goes when the provider gives out a new one."""

    text: str = field(repr=False)
    file: Path | None = None


def _token(value: object, info: ValidationInfo) -> object:
    """``{env: NAME}``, ``{file: PATH}`` or ``{command: LINE}``; raises ValueError, without any secret in it."""
    if (around := reading(info)) is None:
        return value
    if isinstance(value, dict) and set(value) == {"command"}:
        line = value["command"]
        command = tuple(shlex.split(line) if isinstance(line, str) else line)
        if not command or not command[0].startswith(("/", "~")):
            raise ValueError("the command must begin with a full path: {command: /usr/bin/oama access ada@uni.example}")
        return TokenPlace(command=(str(around.resolve(Path(command[0]))), *command[1:]))
    if isinstance(value, dict) and set(value) == {"file"} and isinstance(value["file"], str):
        return TokenPlace(file=around.resolve(Path(value["file"])))
    if isinstance(value, dict) and set(value) == {"env"}:
        return TokenPlace(text=str(read_secret(value, info)))
    raise ValueError("write {command: …}, {file: PATH} or {env: NAME}")


def _refresh_token(value: object, info: ValidationInfo) -> object:
    if (around := reading(info)) is None:
        return value
    secret = str(read_secret(value, info))
    file = value.get("file") if isinstance(value, dict) else None
    return RefreshToken(text=secret, file=around.resolve(Path(file)) if isinstance(file, str) else None)


class OauthConfig(Section):
    """Either a ``token`` that something else keeps fresh, or what is needed to fetch one."""

    token: Annotated[TokenPlace | None, BeforeValidator(_token)] = Field(default=None, repr=False)
    """{command: …}, {file: PATH} or {env: NAME}: an access token; asked for again at each login."""
    provider: ProviderName | None = None
    """Default: the preset's."""
    client_id: PlainText | None = None
    client_secret: Key = Field(default=None, repr=False)
    refresh_token: Annotated[RefreshToken | None, BeforeValidator(_refresh_token)] = Field(default=None, repr=False)
    """{file: PATH} or {env: NAME}; a file is rewritten when the provider gives out a new one."""
    token_url: WebAddress | None = None
    """Default: the provider's."""
    scope: PlainText | None = None

    @property
    def placed(self) -> bool:
        """Whether it says by itself where tokens come from."""
        return self.token is not None or self.provider is not None or self.token_url is not None

    @model_validator(mode="after")
    def _whole(self) -> OauthConfig:
        if (self.token is None) == (self.refresh_token is None):
            raise ValueError("needs either token: {command: …}, or client_id and refresh_token: {file: PATH}")
        if self.refresh_token is not None and self.client_id is None:
            raise ValueError("needs client_id beside refresh_token")
        url = urlsplit(self.token_url or "https:")
        if url.scheme != "https" and not is_loopback(url.hostname or ""):
            raise ValueError("token_url must be https: secrets would cross the network in the clear")
        return self
