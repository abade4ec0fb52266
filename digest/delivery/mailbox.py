"""Addresses as they go over the wire. Pure."""

from __future__ import annotations

import re

import idna

PLAUSIBLE = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+")
LONGEST = 254
"""Octets of a forward path without its brackets (RFC 5321 §4.5.3.1.3, erratum 1690)."""


class UnsendableError(Exception):
    """This address or message cannot be handed to this server; the text starts with an enhanced status code."""


def wire_address(address: str, *, empty_ok: bool = False) -> tuple[bytes, bool]:
    """The bytes for MAIL FROM or RCPT TO, and whether they need SMTPUTF8 (RFC 6531).

    The domain is always written in ASCII (IDNA 2008), so only a local part beyond ASCII needs the extension.

    Raises:
        UnsendableError: not an address, or one that no command line can carry.
    """
    if not address and empty_ok:
        return b"", False
    if not PLAUSIBLE.fullmatch(address):
        raise UnsendableError(f"5.1.3 {address!r} is not an address")
    local, _, domain = address.rpartition("@")
    if not (domain.startswith("[") and domain.endswith("]")):
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii") if not domain.isascii() else domain
        except (idna.IDNAError, UnicodeError) as error:
            raise UnsendableError(f"5.1.2 {domain!r} is not a domain: {error}") from error
    try:
        wire = f"{local}@{domain}".encode()
    except UnicodeEncodeError as error:
        raise UnsendableError(f"5.1.3 {address!r} is not text") from error
    if len(wire) > LONGEST:
        raise UnsendableError(f"5.1.3 an address of {len(wire)} bytes is too long, at most {LONGEST}")
    return wire, not wire.isascii()
