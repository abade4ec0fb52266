"""Addresses as they stand in reports and texts, made plain."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"[^\s<>\[\](),;:\"'@|]{1,64}@(?:[\w-]{1,63}\.){0,10}[\w-]{1,63}")
"""An address in running text: bounded, so that no text takes long. Quoted local parts are not seen."""


def address_in(text: str) -> str | None:
    """The first address in a text (``rfc822; <ada@uni.example>`` and the like); None if there is none."""
    text = re.sub(r"(?i)^\s*(rfc-?822|utf-?8|smtp|mailto|internet|x-\w+)\s*[;:]\s*", "", text[:1_000])
    found = ADDRESS.search(text)
    return plain(found[0]) if found else None


def addresses_in(text: str) -> list[str]:
    """All addresses of a text in their order, each once."""
    return list(dict.fromkeys(plain(found[0]) for found in ADDRESS.finditer(text)))


def plain(address: str) -> str:
    return address.strip().strip("<>'\"`").rstrip(".,:;")


def same(one: str, other: str) -> bool:
    return plain(one).casefold() == plain(other).casefold()
