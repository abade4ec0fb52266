"""Kinds of settings: web addresses, paths relative to the settings file, and secrets kept elsewhere."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo

from digest.errors import ConfigError
from digest.settings.document import read_text
from digest.settings.reading import reading
from digest.settings.words import is_control_free


def is_loopback(host: str) -> bool:
    """True for this machine itself: 127.0.0.0/8, ::1, localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def parse_web_address(text: str) -> str:
    """An absolute http(s) address without a fragment; raises ValueError with advice. Never echoes a password."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{_named(url)} is no web address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host or re.search(r"[\s\x00-\x1f]", url):
        raise ValueError(f"{_named(url)} is no web address; write https://…")
    return url


def _named(url: str) -> str:
    """An address for a message; what stands before an @ may be a password, so it is left out."""
    scheme, slashes, _ = url.rpartition("@")[0].partition("://")
    before = f"{scheme}://…@" if slashes else "…@"
    shown = f"{before}{url.rpartition('@')[2]}" if "@" in url else url
    return repr(shown if len(shown) <= 80 else f"{shown[:79]}…")


WebAddress = Annotated[str, AfterValidator(parse_web_address)]


def _public_address(text: str) -> str:
    url = parse_web_address(text).rstrip("/")
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must be a plain address without user, ? and #, such as https://papers.uni.example")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"must be https, because it carries personal links: https://{url.partition('://')[2]}")
    return url


PublicAddress = Annotated[str, AfterValidator(_public_address)]


def _resolved(path: Path, info: ValidationInfo) -> Path:
    around = reading(info)
    return around.resolve(path) if around else path


FilePath = Annotated[Path, AfterValidator(_resolved)]
"""A path relative to the settings file."""


def read_secret(value: object, info: ValidationInfo) -> object:
    """``{env: NAME}`` or ``{file: PATH}`` → the secret. Raises ValueError; no message here holds a value."""
    around = reading(info)
    if around is None:
        return value
    advice = "write {env: NAME} for an environment variable or {file: PATH} for a file"
    if not isinstance(value, dict):
        raise ValueError(f"secrets are not kept in this file; {advice}")  # noqa: TRY004 - pydantic collects ValueError
    if len(value) != 1 or not isinstance(name := next(iter(value.values())), str):
        raise ValueError(advice)
    if "env" in value:
        secret = around.env.get(name, "")
        if not secret:
            raise ValueError(f"the environment variable {name} is not set")
    elif "file" in value:
        try:
            secret = read_text(around.resolve(Path(name))).rstrip("\r\n")
        except ConfigError as error:
            raise ValueError(f"the file {name} {error.problems[0].message}") from error
        if not secret:
            raise ValueError(f"the file {name} is empty")
    else:
        raise ValueError(advice)
    if not is_control_free(secret):
        raise ValueError(f"what {name} holds is more than one line, or holds control characters")
    return secret
