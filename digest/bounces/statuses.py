"""Delivery reports for machines: the fields of ``message/delivery-status`` (RFC 3464), per recipient.

Many programs write it carelessly: an empty line within a recipient's fields, comments behind a status, several
recipients in one block, no type before an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from digest.bounces.addresses import address_in

MOST_RECIPIENTS = 50
"""Of one mail: ours go to one recipient each; more is somebody else's, or an attack."""

_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{1,60})\s*:[ \t]*(.*)")
_RECIPIENT = ("original-recipient", "final-recipient", "x-actual-recipient")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a report says of one recipient."""

    recipient: str | None
    final_recipient: str | None = None
    action: str = ""
    """Lower case: ``failed``, ``delayed``, ``delivered``, ``relayed``, ``expanded``."""
    status: str | None = None
    diagnostic: str = ""
    """Without its type (``smtp;``)."""
    category: str = ""
    """PowerMTA's own opinion, such as ``bad-mailbox``."""


def read_status(text: str) -> tuple[Fields, ...]:
    """The recipients of one report, in their order."""
    return tuple(_fields(group) for group in islice(_groups(text), MOST_RECIPIENTS))


def status_in(text: str) -> str | None:
    """The first enhanced status code in a text."""
    found = _STATUS.search(text)
    return found[0] if found else None


def code_in(text: str) -> int | None:
    """The reply code that a diagnostic begins with."""
    found = re.match(r"\W{0,6}([245]\d\d)\b", text)
    return int(found[1]) if found else None


def _groups(text: str) -> Iterator[Mapping[str, str]]:
    """One mapping of lower-case names a recipient: a block each, by the standard; what is left of one joins it."""
    group: dict[str, str] = {}
    for block in re.split(r"\n(?:[ \t]*\n)+", text):
        fields = list(_unfolded(block))
        if any(name in _RECIPIENT for name, _ in fields) and any(name in _RECIPIENT for name in group):
            yield group
            group = {}
        for name, value in fields:
            if name == "final-recipient" and name in group:  # several recipients in one block
                yield group
                group = {}
            group.setdefault(name, value)
    if any(name in _RECIPIENT for name in group):
        yield group


def _unfolded(text: str) -> Iterator[tuple[str, str]]:
    name, value = "", ""
    for line in text.split("\n"):
        if line[:1] in {" ", "\t"} and name:
            value += " " + line.strip()
        elif found := _FIELD.fullmatch(line.rstrip()):
            if name:
                yield name, value
            name, value = found[1].lower(), found[2]
        elif name:
            yield name, value
            name = ""
    if name:
        yield name, value


def _fields(group: Mapping[str, str]) -> Fields:
    final = address_in(group.get("final-recipient", ""))
    original = address_in(group.get("original-recipient", ""))
    diagnostic = re.sub(r"^\s*[\w-]{1,30}\s*;\s*", "", group.get("diagnostic-code", ""))
    return Fields(
        recipient=original or final or address_in(group.get("x-actual-recipient", "")),
        final_recipient=final,
        action=group.get("action", "").strip().lower(),
        status=status_in(group.get("status", "")),
        diagnostic=diagnostic or _comment(group.get("status", "")),
        category=group.get("x-powermta-bouncecategory", "").strip().lower(),
    )


def _comment(status: str) -> str:
    """``5.1.1 (Remote SMTP server has rejected address)``: better than nothing."""
    found = re.search(r"\((.{3,300})\)", status)
    return found[1] if found else ""
