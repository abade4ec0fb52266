"""Kinds of settings: the keys that mails are signed with (DKIM)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, InstanceOf, ValidationInfo

from digest.settings.reading import reading
from digest.settings.validation import Section

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+", re.ASCII)
_SELECTOR = re.compile(r"(?=.{1,190}$)\w([\w-]{0,61}\w)?(\.\w([\w-]{0,61}\w)?)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a private key is: a file, or the environment, which was read; then empty if the variable is not set."""

    name: str
    """As it was written."""
    file: Path | None = None
    pem: bytes = field(default=b"", repr=False)


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


def _key(value: object, info: ValidationInfo) -> object:
    """``{file: PATH}`` or ``{env: NAME}``. The file is read when something is to be signed: a trial needs no keys."""
    around = reading(info)
    if around is None:
        return value
    advice = "write {file: PATH}, the file that `digest dkim new` made"
    if not isinstance(value, dict) or len(value) != 1 or not isinstance(name := next(iter(value.values())), str):
        raise ValueError(f"keys are not kept in this file; {advice}")
    if "env" in value:
        return KeyPlace(name, pem=around.env.get(name, "").encode())
    if "file" in value:
        return KeyPlace(name, file=around.resolve(Path(name)))
    raise ValueError(advice)


class DkimConfig(Section):
    """One key. Several sign one after the other: RSA and Ed25519, say."""

    domain: Annotated[str, AfterValidator(parse_domain)] | None = None
    """By default that of `from`."""
    selector: Annotated[str, AfterValidator(parse_selector)]
    key: Annotated[InstanceOf[KeyPlace], BeforeValidator(_key)]
    """{file: PATH} or {env: NAME}; never printed."""
