"""The parts of a mail that a bounce can be read from: headers, text for people, reports for machines, what came back.

Nothing here trusts the mail: sizes, depths and numbers are bounded, charsets may lie, headers may be missing. The
standard parser turns a delivery report into an odd tree of messages, and does not know its UTF-8 twin (RFC 6533), so
both are renamed to plain text before it sees them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from html import unescape
from typing import TypeAlias

Headers: TypeAlias = "Message[str, str]"

MOST_BYTES = 1_000_000
"""Of a mail are read. What happened stands in front; what came back, attachments and all, stands behind it."""
MOST_PARTS = 100
MOST_CHARACTERS = 30_000
"""Of a text for people."""
MOST_LINES, LONGEST_LINE = 600, 1_000

_REPORT_TYPE = re.compile(
    rb"^(content-type:\s*)message/(?:global-)?(delivery-status|feedback-report|disposition-notification)",
    re.IGNORECASE | re.MULTILINE,
)
_DELIVERY, _FEEDBACK, _DISPOSITION = (
    f"text/x-report-{name}" for name in ("delivery-status", "feedback-report", "disposition-notification")
)
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in the parts that matter."""

    headers: Headers
    text: str = ""
    """Everything written for people, part after part."""
    reports: tuple[str, ...] = ()
    """``message/delivery-status`` parts (RFC 3464) and their UTF-8 twins, decoded."""
    notification: str = ""
    """A text that is JSON, as it came."""
    feedback: str | None = None
    """The ``message/feedback-report`` (RFC 5965)."""
    is_receipt: bool = False
    """A disposition notification (RFC 8098): somebody read, or deleted it."""
    returned: tuple[Headers, ...] = ()
    """The headers of mails that came back as a part of their own."""

    def header(self, name: str) -> str:
        return header(self.headers, name)


def split_mbox(data: bytes) -> list[bytes]:
    """The mails of an mbox (RFC 4155); anything else is one mail. Where nobody escaped a line, a mail falls in two."""
    if not data.startswith(b"From "):
        return [data]
    return [mail for mail in re.split(rb"(?:\r?\n){2}(?=From \S{1,400} .{0,40}\d{4}\r?\n)", data) if mail.strip()]


def parse(data: bytes) -> Mail | None:
    """Take a mail apart; None for one that is nested beyond reason."""
    data = data[:MOST_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"")
    if data.startswith((b"From ", b">From ")):  # the line that mbox puts before each mail
        data = data.partition(b"\n")[2]
    data = _REPORT_TYPE.sub(rb"\1text/x-report-\2", data.lstrip(b"\n"))
    try:
        return _apart(message_from_bytes(data))
    except RecursionError:
        return None


def subject_of(data: bytes) -> str:
    """Only the subject, of the first bytes; empty where there is none."""
    head = data[:100_000].replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[0]
    return header(message_from_bytes(head + b"\n\n"), "Subject")


def _apart(message: Headers) -> Mail:
    parts = _told(message)
    kinds = [part.get_content_type() for part in parts]

    def of(*wanted: str) -> list[Headers]:
        return [part for part, kind in zip(parts, kinds, strict=True) if kind in wanted]

    plain = [_text(part) for part in parts if _is_for_people(part) and part.get_content_type() != "text/html"]
    if not any(text.strip() for text in plain):
        plain = [_without_tags(_text(part)) for part in of("text/html")]
    return Mail(
        headers=message,
        text=tidy("\n".join(plain)),
        notification=next((text for text in plain if text.lstrip()[:1] == "{"), ""),
        reports=tuple(_text(part) for part in of(_DELIVERY)),
        feedback=next((_text(part) for part in of(_FEEDBACK)), None),
        is_receipt=bool(of(_DISPOSITION)),
        returned=tuple(_returned(part) for part in of(*_RETURNED)),
    )


def tidy(text: str) -> str:
    """A text of bounded length, lines and gaps: no pattern over it can take long."""
    text = re.sub(r"[ \t]{40,}", " " * 8, text[: 4 * MOST_CHARACTERS])
    text = re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text)[:MOST_CHARACTERS]
    return "\n".join(line[:LONGEST_LINE] for line in text.split("\n")[:MOST_LINES])


def _told(message: Headers) -> list[Headers]:
    """The mail's own parts; those of a report too that somebody forwarded whole, where it has no report of its own."""
    parts = list(_parts(message))
    if any(part.get_content_type() in {_DELIVERY, _FEEDBACK} for part in parts):
        return parts
    inner = [_returned(part) for part in parts if part.get_content_type() == "message/rfc822"]
    return parts + [part for one in inner if one.get_content_type() == "multipart/report" for part in _parts(one)]


def _is_for_people(part: Headers) -> bool:
    return part.get_content_maintype() == "text" and part.get_content_type() not in {
        *_RETURNED,
        _DELIVERY,
        _FEEDBACK,
        _DISPOSITION,
    }


def _parts(message: Headers) -> Iterator[Headers]:
    """The leaves, and returned mails unopened, in their order; some of them, where there are too many."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop()
        seen += 1
        children = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(children, list):
            waiting.extend(child for child in reversed(children[:MOST_PARTS]) if isinstance(child, Message))
        else:
            yield part


def _returned(part: Headers) -> Headers:
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        return inner[0]
    return headers_of(_text(part))


def headers_of(text: str) -> Headers:
    """The header block that a text begins with."""
    block = text.lstrip("\n").partition("\n\n")[0][:MOST_CHARACTERS]
    return message_from_bytes(block.encode("utf-8", "surrogateescape"))


def _text(part: Headers) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    raw = raw[: 4 * MOST_CHARACTERS]
    charset = part.get_content_charset() or "utf-8"
    if b"\x1b$" in raw:  # Japanese of the old kind, often without a word in the headers
        charset = "iso-2022-jp"
    return decoded(raw, charset)


def decoded(raw: bytes, charset: str) -> str:
    """Text in whatever charset it claims; in UTF-8, then Latin-1, where the claim is nonsense."""
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name, "strict" if name != charset else "replace")
        except (LookupError, UnicodeError, ValueError):
            continue
    return raw.decode("latin-1")


def _without_tags(markup: str) -> str:
    markup = re.sub(r"(?is)<(style|script|head)\b.*?</\1\s*>", " ", markup)
    markup = re.sub(r"(?i)<(br|/p|/div|/li|/tr|/h\d|/td)\b[^<>]*>", "\n", markup)
    markup = re.sub(r"<(?=[a-zA-Z/!])(?![^<>@]*@[^<>@]*>)[^<>]*>", " ", markup)
    markup = re.sub(r"(?i)<a\b[^<>]*>", " ", markup)
    return unescape(markup).replace("\xa0", " ")


def header(headers: Headers, name: str) -> str:
    """A header's text, its encoded words decoded as far as they can be; empty if there is none."""
    value = headers.get(name)
    if value is None:
        return ""
    text = str(value)[:4_000]
    if "=?" not in text:
        return " ".join(text.split())
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError, UnicodeError):
        return " ".join(text.split())
    words = [piece if isinstance(piece, str) else decoded(piece, charset or "ascii") for piece, charset in pieces]
    return " ".join("".join(words).split())
