"""Kinds of settings: the keys that mails are signed with (DKIM)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, InstanceOf, ValidationInfo

from digest.errors import ConfigError
from digest.settings.document import read_text
from digest.settings.reading import reading
from digest.settings.validation import Section

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+", re.ASCII)
_SELECTOR = re.compile(r"(?=.{1,190}$)\w([\w-]{0,61}\w)?(\.\w([\w-]{0,61}\w)?)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A private key as it was read, and from where; None when it came from the environment."""

    pem: bytes = field(repr=False)
    file: Path | None


def parse_domain(text: str) -> str:
    """A domain in its ASCII form, in lower case. Raises ValueError."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"{text!r} is no domain: {error}") from error
    if not _DOMAIN.fullmatch(name):
        raise ValueError(f"{text!r} is no domain, such as uni.example")
    return name


def parse_selector(text: str) -> str:
    """The name of a key below ``_domainkey`` (RFC 6376 §3.1). Raises ValueError."""
    name = text.strip()
    if not _SELECTOR.fullmatch(name):
        raise ValueError(f"{text!r} is no selector: letters, digits and hyphens, such as d202611")
    return name


def _read_key(value: object, info: ValidationInfo) -> object:
    """``{file: PATH}`` or ``{env: NAME}`` → KeyText. No message here holds a part of the key."""
    around = reading(info)
    if around is None:
        return value
    advice = "write {file: PATH}, the file that `digest dkim new` made"
    if not isinstance(value, dict) or len(value) != 1 or not isinstance(name := next(iter(value.values())), str):
        raise ValueError(f"keys are not kept in this file; {advice}")
    if "env" in value:
        if not (text := around.env.get(name, "")):
            raise ValueError(f"the environment variable {name} is not set")
        return KeyText(text.encode(), None)
    if "file" not in value:
        raise ValueError(advice)
    path = around.resolve(Path(name))
    try:
        return KeyText(read_text(path).encode(), path)
    except ConfigError as error:
        raise ValueError(f"the file {name} {error.problems[0].message}") from error


class DkimConfig(Section):
    """One key. Several sign one after the other: RSA and Ed25519, say."""

    domain: Annotated[str, AfterValidator(parse_domain)] | None = None
    """By default that of `from`."""
    selector: Annotated[str, AfterValidator(parse_selector)]
    key: Annotated[InstanceOf[KeyText], BeforeValidator(_read_key)]
    """{file: PATH} or {env: NAME}; read while loading, never printed."""
