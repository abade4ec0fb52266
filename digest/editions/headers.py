"""The header lines of a message, per profile.

RFC 5322 (fields, folding), 2047 (encoded words), 2369 and 8058 (List-Unsubscribe), 2919 (List-Id), 3834
(Auto-Submitted).
``email.header.Header`` encodes the same subject in twenty times the time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator
from email.utils import format_datetime, getaddresses
from functools import lru_cache
from urllib.parse import quote, urlsplit

from digest.editions.clean import clean
from digest.editions.content import SiteInfo
from digest.errors import RenderError
from digest.model import EditionKey

_LINE = 78
_WORD = 66
"""RFC 2047, 2 allows an encoded word 75 characters; this leaves room for the header's name on the first line."""
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_Q = tuple(
    "_"
    if octet == 0x20
    else chr(octet)
    if (chr(octet).isalnum() and octet < 128) or octet in b"!*+-/"
    else f"={octet:02X}"
    for octet in range(256)
)


def encoded(name: str, value: str) -> str:
    """``Name: value`` with CRLF, folded; words beyond ASCII as encoded words, the others as they are.

    ``value`` is unstructured text (Subject) or a phrase; line ends in it are gone, so no second header can begin.
    """
    atoms: list[str] = []
    pending: list[str] = []
    for word in clean(value, 900).split(" "):
        if word.isascii() and "=?" not in word:
            if pending:
                atoms.extend(encoded_words(" ".join(pending)))
                pending = []
            atoms.append(word)
        else:  # neighbours go into one encoded word: between two, white space is not shown (RFC 2047, 6.2)
            pending.append(word)
    if pending:
        atoms.extend(encoded_words(" ".join(pending)))
    return f"{_folded(name, atoms)}\r\n"


def encoded_words(text: str) -> list[str]:
    """``text`` as RFC 2047 "Q" words, each as long as may be; no character is split between two."""
    words = []
    word = ""
    for character in text:
        octets = "".join([_Q[octet] for octet in character.encode()])
        if len(word) + len(octets) > _WORD - 12:  # =?utf-8?q?…?=
            words.append(word)
            word = ""
        word += octets
    words.append(word)
    return [f"=?utf-8?q?{word}?=" for word in words]


def _folded(name: str, atoms: list[str]) -> str:
    """``name: atoms`` with line ends before atoms so that no line is over 78 characters, as far as there are spaces."""
    lines = [f"{name}:"]
    for atom in atoms:
        if len(lines[-1]) + 1 + len(atom) > _LINE and len(lines[-1]) > len(name) + 1:
            lines.append("")
        lines[-1] += f" {atom}"
    return "\r\n".join(lines)


def address(text: str) -> tuple[str, str]:
    """(display name, bare address) of ``Ada <ada@uni.example>``; the domain in its ASCII form (IDNA 2008).

    Raises RenderError if there is not exactly one usable address.
    """
    if len(text) < 300 and _PLAIN_ADDRESS.fullmatch(text):  # nearly every reader's; the whole of RFC 5322 takes 10 µs
        return "", text
    found = getaddresses([clean(text, 500)])
    name, bare = found[0] if len(found) == 1 else ("", "")
    local, at, domain = bare.rpartition("@")
    if not at or not local or not domain or any(character in bare for character in ' <>(),;:"\\'):
        raise RenderError("mail", f"{clean(text, 80)!r} is not an e-mail address")
    if not domain.isascii():
        import idna  # 25 ms, and most domains are ASCII

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise RenderError("mail", f"the domain of {clean(text, 80)!r} is not valid: {error}") from error
    return clean(name, 80), f"{local}@{domain}"


def mailbox(header: str, name: str, bare: str) -> str:
    """``To: Ada <ada@uni.example>`` with CRLF, the name quoted or encoded as it needs."""
    if not name:
        return f"{header}: {bare}\r\n"
    if not name.isascii() or "=?" in name:
        atoms = encoded_words(name)
    elif all(character.isalnum() or character in " !#$%&'*+-/=?^_`{|}~" for character in name):
        atoms = name.split(" ")
    else:
        atoms = ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"']
    return f"{_folded(header, [*atoms, f'<{bare}>'])}\r\n"


def message_id(key: EditionKey, domain: str, secret: bytes = b"") -> str:
    """``<2026-11-22.hash@domain>``, the same for every attempt to deliver this edition.

    With a secret (its first 64 bytes count) nobody can guess it who was not sent the mail: a reply proves itself.
    """
    return _identifier(f"{key.subscriber_id}\0{key.date}", str(key.date), domain, secret)


def letter_id(mail: str, recipient: str, sent_at: dt.datetime, domain: str, secret: bytes = b"") -> str:
    """``<confirm.hash@domain>`` for a mail that is no edition; the moment tells two to one person apart."""
    return _identifier(f"{mail}\0{recipient}\0{sent_at.isoformat()}", mail, domain, secret)


def _identifier(seed: str, begins: str, domain: str, secret: bytes) -> str:
    return f"<{begins}.{hashlib.blake2b(seed.encode(), digest_size=12, key=secret[:64]).hexdigest()}@{domain}>"


def mailto(bare: str, subject: str) -> str:
    """A ``mailto:`` URL (RFC 6068)."""
    return f"mailto:{quote(bare, safe='@')}?subject={quote(subject, safe='')}"


def list_headers(site: SiteInfo, key: EditionKey, unsubscribe_mail: str, unsubscribe_url: str | None) -> Iterator[str]:
    """How a program leaves the list: ``mailto:`` alone without a public address, one click with it (RFC 8058)."""
    yield "Precedence: bulk\r\n"
    if unsubscribe_url is not None:
        yield f"List-Unsubscribe: <{unsubscribe_url}>,\r\n <{unsubscribe_mail}>\r\n"
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    else:
        yield f"List-Unsubscribe: <{unsubscribe_mail}>\r\n"
    if site.public_url is not None:
        host = urlsplit(site.public_url).hostname or "localhost"
        yield mailbox("List-Id", clean(site.name, 60), f"digest.{host}")
        yield f"Feedback-ID: {key.date}:digest:edition:paperdigest\r\n"


@lru_cache(maxsize=16)
def _date(moment: dt.datetime) -> str:
    return format_datetime(moment.astimezone(dt.UTC))


def head(
    *, site: SiteInfo, sent_at: dt.datetime, sender: tuple[str, str], recipient: tuple[str, str],
    subject: str, language: str, message_id: str, leaving: Iterable[str] = (),
) -> str:  # fmt: skip
    """Every header line but those of MIME, in the order people read them.

    Args:
        language: of the mail's words (Content-Language, RFC 3282).
        leaving: what :func:`list_headers` says of a mail that goes to a list; nothing for a letter to one person.
    """
    lines = [
        mailbox("From", *sender),
        mailbox("To", *recipient),
        encoded("Subject", subject),
        f"Date: {_date(sent_at)}\r\n",
        f"Message-ID: {message_id}\r\n",
        f"Content-Language: {language}\r\n",
    ]
    if site.reply_to:
        lines.append(mailbox("Reply-To", *address(site.reply_to)))
    lines.append("Auto-Submitted: auto-generated\r\n")
    lines.extend(leaving)
    return "".join(lines)
