"""The header lines of a message, per profile.

RFC 5322 (fields, folding), 2047 (encoded words), 2369 and 8058 (List-Unsubscribe), 2919 (List-Id), 3834
(Auto-Submitted).
``email.header.Header`` encodes the same subject in twenty times the time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from email.utils import format_datetime, parseaddr
from urllib.parse import quote, urlsplit

from digest.editions.clean import clean
from digest.editions.content import SiteInfo
from digest.errors import RenderError
from digest.model import EditionKey

_LINE = 78
_WORD = 75
"""RFC 2047, 2: no encoded word is longer."""
_Q = tuple(
    "_"
    if octet == 0x20
    else chr(octet)
    if (chr(octet).isalnum() and octet < 128) or octet in b"!*+-/"
    else f"={octet:02X}"
    for octet in range(256)
)


def encoded(name: str, value: str) -> str:
    """``Name: value`` with CRLF: as it is if it is short ASCII, folded if long, as encoded words otherwise.

    ``value`` is unstructured text or a display phrase; line ends in it are gone, so no second header can begin.
    """
    value = clean(value, 900)
    if value.isascii() and "=?" not in value:
        return f"{_folded(f'{name}: {value}')}\r\n"
    return f"{name}: {encoded_words(value, _LINE - len(name) - 2)}\r\n"


def encoded_words(text: str, room: int = _WORD) -> str:
    """``text`` as RFC 2047 "Q" words, one a line; ``room`` is what the first line leaves. No character is split."""
    words = []
    word = ""
    limit = min(room, _WORD) - 12  # =?utf-8?q?…?=
    for character in text:
        octets = "".join(_Q[octet] for octet in character.encode())
        if len(word) + len(octets) > limit:
            words.append(word)
            word, limit = "", _WORD - 12
        word += octets
    words.append(word)
    return "\r\n ".join(f"=?utf-8?q?{word}?=" for word in words)


def _folded(line: str) -> str:
    """``line`` folded before spaces so that no line is over 78 characters, as far as there are spaces."""
    if len(line) <= _LINE:
        return line
    lines = [""]
    for word in line.split(" "):
        if len(lines[-1]) + 1 + len(word) > _LINE and lines[-1].strip() and not lines[-1].endswith(":"):
            lines.append("")
        lines[-1] += (" " if len(lines) > 1 or lines[-1] else "") + word
    return "\r\n".join(lines)


def address(text: str) -> tuple[str, str]:
    """(display name, bare address) of ``Ada <ada@uni.example>``; the domain in its ASCII form (IDNA 2008).

    Raises RenderError if there is not exactly one usable address.
    """
    name, bare = parseaddr(clean(text, 500))
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
        shown = encoded_words(name, _LINE - len(header) - 2)
    elif all(character.isalnum() or character in " !#$%&'*+-/=?^_`{|}~" for character in name):
        shown = name
    else:
        shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    last = shown.rsplit("\n", 1)[-1]
    prefix = len(header) + 2 if "\n" not in shown else 0
    gap = " " if prefix + len(last) + len(bare) + 3 <= _LINE else "\r\n "
    return f"{header}: {shown}{gap}<{bare}>\r\n"


def message_id(key: EditionKey, domain: str) -> str:
    """``<2026-11-22.hash@domain>``, the same for every attempt to deliver this edition."""
    digest = hashlib.blake2b(f"{key.subscriber_id}\0{key.date}".encode(), digest_size=12).hexdigest()
    return f"<{key.date}.{digest}@{domain}>"


def mailto(bare: str, subject: str) -> str:
    """A ``mailto:`` URL (RFC 6068)."""
    return f"mailto:{quote(bare, safe='@')}?subject={quote(subject, safe='')}"


def list_headers(site: SiteInfo, key: EditionKey, unsubscribe_mail: str, unsubscribe_url: str | None) -> Iterator[str]:
    """How a program leaves the list: ``mailto:`` alone without a public address, one click with it (RFC 8058)."""
    if unsubscribe_url is not None:
        yield f"List-Unsubscribe: <{unsubscribe_url}>,\r\n <{unsubscribe_mail}>\r\n"
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    else:
        yield f"List-Unsubscribe: <{unsubscribe_mail}>\r\n"
    if site.public_url is not None:
        host = urlsplit(site.public_url).hostname or "localhost"
        yield (
            encoded("List-Id", clean(site.name, 60).replace("<", "").replace(">", "")).rstrip()
            + f"\r\n <digest.{host}>\r\n"
        )
        yield f"Feedback-ID: {key.date}:digest:edition:paperdigest\r\n"


def head(
    *, site: SiteInfo, key: EditionKey, sent_at: dt.datetime, sender: tuple[str, str], recipient: tuple[str, str],
    subject: str, message_id: str, unsubscribe_mail: str, unsubscribe_url: str | None,
) -> str:  # fmt: skip
    """Every header line but those of MIME, in the order people read them."""
    lines = [
        mailbox("From", *sender),
        mailbox("To", *recipient),
        encoded("Subject", subject),
        f"Date: {format_datetime(sent_at.astimezone(dt.UTC))}\r\n",
        f"Message-ID: {message_id}\r\n",
    ]
    if site.reply_to:
        lines.append(mailbox("Reply-To", *address(site.reply_to)))
    lines.extend(("Auto-Submitted: auto-generated\r\n", "Precedence: bulk\r\n"))
    lines.extend(list_headers(site, key, unsubscribe_mail, unsubscribe_url))
    return "".join(lines)
