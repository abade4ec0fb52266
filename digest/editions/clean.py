"""Feeds are hostile: what may pass from a title or a URL into a mail.

Markup is no concern here (Jinja escapes it); this is about what escaping cannot mend: line ends that would start a
header, control characters, bidirectional overrides that make text read as something else, endless length, and links
that are not https.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: line ends among them
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"  # zero width, bidirectional marks, overrides and isolates
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"  # BOM, interlinear, lone surrogates, tags
    "\ufdd0-\ufdef\ufffe\uffff]"  # noncharacters; the last two may not be in XML
)
_BLANKS = re.compile("[^\\S\u00a0\u202f]+")
"""No-break spaces are none: French has them before its colons and inside its quotes."""
_LINE_END = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]")


def clean(text: str, limit: int = 400) -> str:
    """``text`` on one line, without invisible characters, at most ``limit`` characters (cut at a word, with "…").

    Joiners (U+200C, U+200D) stay: Persian and emoji need them.
    """
    if len(text) > 4 * limit:
        text = text[: 4 * limit]
    if not text.isprintable():  # false for every control, format, separator and surrogate character
        text = _INVISIBLE.sub("", _LINE_END.sub(" ", text))
    if "  " in text or text[:1] == " " or text[-1:] == " " or not text.isprintable():
        text = _BLANKS.sub(" ", text).strip()
    return text if len(text) <= limit else cut(text, limit)


def cut(text: str, limit: int) -> str:
    """``text`` shortened to ``limit`` characters at a word boundary (inside a word if it has none), ending in "…"."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at_word = head.rsplit(" ", 1)[0]
    if len(at_word) < limit // 2:  # one endless word, or a script without spaces
        at_word = head
    return at_word.rstrip(" ,;:.–—-(") + "…"


_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}|\[[0-9a-f:]+\]|localhost", re.IGNORECASE)
_SAFE = "!#$&'()*+,/:;=?@[]~%-._"


@lru_cache(maxsize=2048)
def safe_url(url: str | None, *, ours: bool = False) -> str | None:
    """``url`` if it may stand in a mail, percent-encoded to ASCII; plain http is raised to https; None for the rest.

    Refused: every other scheme (``javascript:``, ``data:``), no or odd hosts, user names (``https://arxiv.org@evil``),
    white space, control characters and backslashes, more than 2,000 characters.

    Args:
        ours: below ``site.public_url``: any host that the operator chose, by number too, and http where that is this
            machine's.
    """
    if not url or len(url) > 2000 or not url.isprintable() or any(character in url for character in ' "<>\\^`{|}'):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return None
    if not ours and not _HOST.fullmatch(parts.hostname or ""):
        return None
    host = parts.netloc if parts.netloc.isascii() else _ascii_host(parts.netloc)
    if host is None:
        return None
    rest = url.split("//", 1)[1][len(parts.netloc) :]
    scheme = parts.scheme if ours else "https"
    return f"{scheme}://{host}{quote(rest, safe=_SAFE)}"


def _ascii_host(netloc: str) -> str | None:
    import idna  # about 10 ms, needed by hardly any link

    host, colon, port = netloc.partition(":")
    try:
        return idna.encode(host, uts46=True).decode("ascii") + colon + port
    except idna.IDNAError:
        return None
