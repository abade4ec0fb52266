"""Bytes and markup from strangers → plain text: readable, on one line, without anything invisible.

Escaping is the templates' work, not ours: a title may say ``a < b``. What goes is what no reader could see or would
want: control characters, direction overrides that can make a title read backwards, HTML tags in plain fields.
"""

from __future__ import annotations

import codecs
import datetime as dt
import email.utils
import re
import unicodedata
from functools import lru_cache

from lxml import etree, html

# ── bytes → text ────────────────────────────────────────────────────────────────────────────────────────────

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSET = re.compile(
    r"(iso-?8859-?\d{1,2}|latin-?\d|windows-?\d{3,4}|cp\d{3,4}|koi8-[ru]|gbk?|gb2312|gb18030|big5|euc-\w{2}|shift_?jis|utf-16(le|be)?)",
    re.ASCII,
)
_WESTERN = {"iso8859-1", "cp1252", "ascii"}


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("digest.windows-1252", _as_windows_1252)


def decode(data: bytes, charset: str | None = None) -> str:
    """Text from bytes, whatever they claim to be; never raises.

    Order (RFC 7303 section 3): byte order mark, ``charset`` of the HTTP header, XML declaration, UTF-8. Bytes that are
    not valid in UTF-8 are read one by one as Windows-1252, so that Latin-1 declared as UTF-8 stays readable even when
    only some of it is. Text that claims to be Western European but is valid UTF-8 is UTF-8: servers add that label
    unasked.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            skip = len(mark) if encoding == "utf-8" else 0
            return data[skip:].decode(encoding, "digest.windows-1252" if encoding == "utf-8" else "replace")
    declared = _XML_ENCODING.match(data[:300])
    name = (charset or (declared[1].decode("ascii") if declared else "")).strip().lower()
    if _CHARSET.fullmatch(name):
        try:
            codec = codecs.lookup(name).name
            if codec not in _WESTERN:
                return data.decode(codec)
        except (LookupError, UnicodeDecodeError):
            pass
    return data.decode("utf-8", "digest.windows-1252")


# ── text → plain text ───────────────────────────────────────────────────────────────────────────────────────

_SUSPECT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)
_REPLACED: dict[int, str] = {
    **dict.fromkeys([*range(0x20), 0x7F], " "),
    # HTML 5 reads C1 controls as Windows-1252, because that is what people who write &#146; mean.
    **{code: bytes([code]).decode("cp1252", "ignore") or " " for code in range(0x80, 0xA0)},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys([0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF], ""),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFFF9, 0xFFFC)], ""),
    **dict.fromkeys(range(0xE0000, 0xE0080), ""),
}

_TAG_NAMES = "b|i|em|strong|sub|sup|p|br|hr|a|span|div|img|font|tt|code|pre|h[1-6]|ul|ol|li|blockquote|mark|small"
_ACTIVE_NAMES = "script|style|iframe|object|embed|svg|form|input|link|meta|base"
_ATTRIBUTE = r"""\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_TAG = re.compile(
    rf"</?(?:{_TAG_NAMES})\s*/?>|<(?:{_TAG_NAMES})(?:{_ATTRIBUTE})+\s*/?>|</?(?:{_ACTIVE_NAMES})(?:[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_CODE_END = re.compile(r"</(?:script|style)\s*>", re.IGNORECASE)
_CODE = re.compile(r"<(script|style)(?:\s[^<>]*)?>.*?</(?:script|style)\s*>", re.IGNORECASE | re.DOTALL)


def visible(text: str) -> str:
    """The text without control characters, direction overrides, lone surrogates and invisible tags; lines stay."""
    return text.translate(_REPLACED_BUT_LINES) if _SUSPECT.search(text) else text


_REPLACED_BUT_LINES = {code: to for code, to in _REPLACED.items() if code not in (0x09, 0x0A, 0x0D)}


def plain(text: str) -> str:
    """One line of visible text in Unicode normal form C: white space folded, HTML tags gone, TeX untouched.

    Only what is certainly HTML is a tag here: ``<s>`` and ``<think>`` are words in papers about language models, and
    ``$a <b and c> d$`` is mathematics.
    """
    if not text.isprintable():
        text = text.replace("\n", " ")  # mostly all that there is, and then the far dearer look can be spared
        text = " ".join((text if text.isprintable() else visible(text)).split())
    elif "  " in text or text[:1] == " " or text[-1:] == " ":  # the only printable white space is U+0020
        text = " ".join(text.split())
    if "<" in text:
        ends = [found.end() for found in _CODE_END.finditer(text)]
        if ends:  # looked at only up to the last closing tag, so that unclosed ones cannot cost quadratic time
            text = _CODE.sub(" ", text[: ends[-1]]) + text[ends[-1] :]
        text = " ".join(_TAG.sub(" ", text).split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_BLOCKS = ("p", "br", "div", "li", "ul", "ol", "tr", "td", "th", "hr", "pre", "blockquote", "section", "article", "img")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def from_html(markup: str) -> str:
    """Plain text of an HTML fragment: scripts and styles dropped, blocks set apart by a space."""
    markup = visible(markup)
    if "<" not in markup and "&" not in markup:
        return plain(markup)
    try:
        parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
        root = html.document_fromstring(f"<div>{markup}</div>".encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return ""
    etree.strip_elements(root, "script", "style", "template", "noscript", with_tail=False)
    for block in root.iter(*_BLOCKS, *_HEADINGS):
        block.tail = " " + (block.tail or "")
    return unicodedata.normalize("NFC", " ".join(visible("".join(root.itertext(with_tail=True))).split()))


# ── dates ───────────────────────────────────────────────────────────────────────────────────────────────────


def instant(text: str | None) -> dt.datetime | None:
    """An aware UTC datetime from ISO 8601 or RFC 5322 text (a date alone is its midnight UTC), or None."""
    text = (text or "").strip()
    return _instant(text) if text and len(text) <= 60 else None


@lru_cache(maxsize=1024)
def _instant(text: str) -> dt.datetime | None:
    for read in (dt.datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            value = read(text)
            value = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return value if 1900 <= value.year <= 2200 else None
    return None
