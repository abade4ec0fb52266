"""A mail that a reader wrote to us → what they mean by it. Pure: bytes in, an Answer out.

    Subject: more 1.bGV0.c2ln/3                    from a link in the mail: the delivery's token, and the pick's place
    Subject: Re: 4-bit sparse attention …          a reply, which names our mail in its header
      more 3, 5                                    and says, a line each, what is wanted
      mute word: survey

Only what the reader wrote counts: quoted text and signatures are cut off, and answers of machines (RFC 3834) say
nothing. Whether the sender may say it is for :mod:`digest.pipeline.answers` to find out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Final

from digest.feedback import Verb

MOST_BYTES: Final = 1_000_000
"""Of a whole mail; the quoted digest in a reply is the most of it."""
MOST_COMMANDS: Final = 50
MOST_CHARACTERS: Final = 100
"""Of a muted word or name."""

_SUBJECT = re.compile(r"\s*(more|less|save)\s+([\w.-]{20,600})/(\d{1,3})\s*", re.ASCII | re.IGNORECASE)
_PLACES = re.compile(r"(more|less|save)[\s:#]+((?:\d{1,3}[\s,;#]*|and\s+)+)\.?", re.ASCII | re.IGNORECASE)
_MUTE = re.compile(r"mute\s+(author|word)s?\s*[: ]\s*(\S.*)", re.IGNORECASE)
_QUOTE_BEGINS = re.compile(
    r"-{2,}\s*(original message|forwarded message|ursprüngliche nachricht|message d'origine)\s*-{2,}"
    r"|_{20,}"
    r"|(on|am|le|el|em)\b.{0,200}\b(wrote|schrieb|a écrit|escribió|escreveu)\b.{0,40}:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that is wanted: about the pick at a ``place`` (1 = first in the mail), or a mute with its subject."""

    verb: Verb
    place: int | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a mail says. Either ``token`` or ``in_reply_to`` tells which edition it is about, if anything does."""

    sender: str
    """The bare address in From; empty if there is none."""
    token: str | None = None
    in_reply_to: tuple[str, ...] = ()
    """Message-IDs, angle brackets included, the nearest first."""
    commands: tuple[Command, ...] = ()
    by_machine: bool = False
    subject: str = ""
    first_line: str = ""
    """Of the reader's own words."""


def read_answer(data: bytes) -> Answer:
    """
    Raises:
        ValueError: larger than MOST_BYTES. Whatever else is wrong with it only says nothing.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"a mail of more than {MOST_BYTES // 1_000_000} MB is no answer")
    message = message_from_bytes(data, policy=policy.default)
    addresses = getaddresses([str(value) for value in message.get_all("From", [])])
    sender = addresses[0][1] if len(addresses) == 1 else ""
    if _is_by_machine(message):
        return Answer(sender=sender, by_machine=True)
    told = _SUBJECT.fullmatch(str(message.get("Subject", "")))
    if told:
        command = Command(Verb(told[1].lower()), place=int(told[3]))
        return Answer(sender=sender, token=told[2], commands=(command,))
    own = list(_own_words(_text(message)))
    commands = tuple(dict.fromkeys(_commands(iter(own))))
    return Answer(
        sender=sender,
        in_reply_to=_thread(message),
        commands=commands[:MOST_COMMANDS],
        subject=str(message.get("Subject", ""))[:200],
        first_line=own[0][:200] if own else "",
    )


def _is_by_machine(message: EmailMessage) -> bool:
    """RFC 3834, 2 and 5; list software and delivery reports besides."""
    automatic = str(message.get("Auto-Submitted", "no")).strip().lower()
    return (
        not automatic.startswith("no")
        or str(message.get("Precedence", "")).strip().lower() in {"bulk", "junk", "list", "auto_reply"}
        or "X-Autoreply" in message
        or message.get_content_type() == "multipart/report"
    )


def _thread(message: EmailMessage) -> tuple[str, ...]:
    """The mails that this one answers, the nearest first (RFC 5322, 3.6.4)."""
    found: list[str] = []
    for header in ("In-Reply-To", "References"):
        ids = re.findall(r"<[^<>\s]{1,300}>", str(message.get(header, "")))
        found += reversed(ids)
    return tuple(dict.fromkeys(found))[:20]


def _text(message: EmailMessage) -> str:
    """The plain text of a mail, made of its HTML where there is nothing else."""
    try:
        part = message.get_body(preferencelist=("plain", "html"))
        content = part.get_content() if part is not None else ""
    except (LookupError, ValueError, AttributeError, KeyError):  # an unknown charset or encoding, torn parts
        return ""
    if not isinstance(content, str):
        return ""
    if part is not None and part.get_content_type() == "text/html":
        content = re.sub(r"(?is)<(style|script|blockquote)\b.*?</\1\s*>", " ", content)
        content = re.sub(r"(?i)<(br|/p|/div|/li|/tr)\b[^>]*>", "\n", content)
        content = re.sub(r"<[^>]*>", " ", content)
    return content


def _own_words(text: str) -> Iterator[str]:
    """The reader's own lines: up to the quoted mail or the signature."""
    for line in text.splitlines():
        stripped = line.strip()
        if line.rstrip("\r\n") in {"--", "-- "} or _QUOTE_BEGINS.match(stripped):
            return
        if stripped and not stripped.startswith((">", "|")):
            yield stripped


def _commands(lines: Iterator[str]) -> Iterator[Command]:
    for line in lines:
        if told := _PLACES.fullmatch(line):
            for place in re.findall(r"\d+", told[2]):
                yield Command(Verb(told[1].lower()), place=int(place))
        elif told := _MUTE.fullmatch(line):
            subject = " ".join(told[2].split()).strip(" \"'“”.")[:MOST_CHARACTERS]
            if subject:
                yield Command(Verb.MUTE_AUTHOR if told[1].lower() == "author" else Verb.MUTE_WORD, subject=subject)
