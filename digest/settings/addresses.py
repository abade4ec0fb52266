"""Kinds of settings: e-mail addresses, alone or with a name."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from digest.settings.words import is_control_free

_LOCAL_DOMAINS = ("localhost", "local", "test", "invalid", "internal", "lan")
PLAIN = re.compile(
    r"[A-Za-z0-9_-]{1,30}([.+][A-Za-z0-9_-]{1,30})?@([a-z0-9]{1,25}(-[a-z0-9]{1,25})?\.){1,4}"
    rf"(?!({'|'.join((*_LOCAL_DOMAINS, 'arpa', 'onion'))})$)[a-z]{{2,20}}"
)
"""What most addresses look like. email-validator accepts these as they stand, and takes 50 ms to import."""


def parse_address(text: str) -> str:
    """An e-mail address in its normal form, checked by its syntax alone (no DNS).

    ``me@localhost`` and the private top-level domains are good: a relay of one's own takes them.

    Raises:
        ValueError: with what is wrong with it.
    """
    address = text.strip()
    local, _, domain = address.rpartition("@")
    top = domain.rpartition(".")[2].lower()
    if PLAIN.fullmatch(address):
        return address
    from email_validator import EmailNotValidError, validate_email

    try:
        if top in _LOCAL_DOMAINS and re.fullmatch(r"[A-Za-z0-9.-]+", domain):
            # email-validator refuses reserved names, so only the rest of the address is given to it.
            valid = validate_email(f"{local}@{domain}.example.org", check_deliverability=False, strict=True)
            return valid.normalized.removesuffix(".example.org")
        valid = validate_email(address, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError as error:
        if not local and "@" not in address:
            raise ValueError(f"{text!r} is no e-mail address: it has no @") from error
        raise ValueError(f"{text!r} is no e-mail address: {error}") from error
    if "." not in valid.domain:
        raise ValueError(f"{text!r} is no e-mail address: its domain {valid.domain!r} has no dot")
    return valid.normalized


EmailAddress = Annotated[str, AfterValidator(parse_address)]


def parse_mailbox(text: str) -> str:
    """``Name <address>`` or an address alone (RFC 5322 §3.4), with the address in its normal form.

    Raises:
        ValueError: with what is wrong with it.
    """
    if not is_control_free(text):
        raise ValueError("holds a control character; remove it")
    bare = re.fullmatch(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>\s*", text)
    if bare is None:
        if "<" in text or ">" in text:
            raise ValueError("is not written as Name <address@domain>")
        return parse_address(text)
    name = bare["name"].strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return format_mailbox(name, parse_address(bare["address"]))


def format_mailbox(name: str, address: str) -> str:
    """``Name <address>``; the name is quoted only where RFC 5322 asks for it, and without one the address is alone."""
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{address}>" if name else address


Mailbox = Annotated[str, AfterValidator(parse_mailbox)]
