"""Pieces of a mail that are rendered and encoded once, with holes for what differs from reader to reader.

A fragment is one part (a card, a heading, the shell) as HTML and as text. Both are kept in quoted-printable
(RFC 2045, 6.7), cut at the holes, and every piece ends its last line with a soft line break. So a hole's filling,
encoded on its own, begins on a fresh encoded line, and the pieces of a whole message can be joined as bytes: nothing
is encoded or wrapped again, and decoding gives exactly the joined text.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

HOLE = "\x1f"
"""Stands on both sides of a hole's name; :func:`digest.editions.clean.clean` keeps it out of every value."""
_SECTION = b"\x1e"
_SOFT_BREAK = b"=\r\n"


def encode(text: str) -> bytes:
    """Quoted-printable of ``text`` with CRLF line ends, safe to be followed by more.

    Its last line ends in CRLF, or in a soft break if ``text`` does not end a line. No line is over 76 bytes, none
    begins with "." (dot-stuffing, RFC 5321 4.5.2) or "From " (mbox).
    """
    if not text:
        return b""
    if len(text) < 72 and text.isascii() and text.isprintable() and "=" not in text and text[0] not in ".F":
        return text.encode() + _SOFT_BREAK
    # A stand-in for the soft break makes the encoder leave room for its "=", and keeps trailing blanks literal.
    if text[-1] == "\n":
        encoded = binascii.b2a_qp(text.encode(), istext=True)
    else:
        encoded = binascii.b2a_qp(text.encode() + b"x", istext=True)[:-1]
        if b"\n" not in encoded and encoded[0] not in b".F":  # one line, as most fillings are
            return encoded + _SOFT_BREAK
        encoded += b"=\n"
    if b"\n." in encoded or b"\nFrom " in encoded or encoded.startswith((b".", b"From ")):
        encoded = b"\n".join(_guarded(line) for line in encoded.split(b"\n"))
    return encoded.replace(b"\n", b"\r\n")


def _guarded(line: bytes) -> bytes:
    """``line`` with a first character that mail programs act on escaped, and broken if that made it too long."""
    if not line.startswith((b".", b"From ")):
        return line
    line = b"=%02X%s" % (line[0], line[1:])
    if len(line) <= 76:
        return line
    at = next(n for n in range(72, 68, -1) if b"=" not in line[n - 2 : n])  # not inside an escape
    return line[:at] + b"=\n" + _guarded(line[at:])


def decode(encoded: bytes) -> str:
    """The text that :func:`encode` was given, of one piece or of many joined."""
    return binascii.a2b_qp(encoded.replace(b"\r\n", b"\n")).decode()


@dataclass(frozen=True, slots=True)
class Pieces:
    """Encoded text around holes: ``segments[0], names[0], segments[1], …``; one segment more than names."""

    segments: tuple[bytes, ...]
    names: tuple[str, ...]
    columns: tuple[int, ...] = ()
    """For text: the column at which each hole starts, so that a long filling can hang from it."""
    size: int = 0
    """Bytes of the decoded segments in UTF-8; known where the pieces were cut, 0 where they were loaded."""

    @classmethod
    def cut(cls, text: str) -> Pieces:
        """Cut rendered ``text`` at ``HOLE name HOLE`` and encode what is between."""
        bits = text.split(HOLE)
        outer = bits[0::2]
        columns = tuple(len(before) - before.rfind("\n") - 1 for before in outer[:-1])
        size = sum(len(bit.encode()) for bit in outer)
        return cls(tuple(encode(bit) for bit in outer), tuple(bits[1::2]), columns, size)

    def fill(self, fillings: Mapping[str, bytes]) -> list[bytes]:
        """The pieces in order, each hole with its encoded filling. Raises KeyError for a hole that is left open."""
        joined = [self.segments[0]]
        for name, segment in zip(self.names, self.segments[1:], strict=True):
            joined.append(fillings[name])
            joined.append(segment)
        return joined


@dataclass(frozen=True, slots=True)
class Fragment:
    """One part, twice, with its bytes as the store keeps them and the hash that names these bytes there."""

    html: Pieces
    text: Pieces
    data: bytes
    hash: str

    @classmethod
    def render(cls, html: str, text: str) -> Fragment:
        """From rendered templates, in which the holes are still marked."""
        pieces = Pieces.cut(html), Pieces.cut(text)
        hole = HOLE.encode()
        both = [
            hole.join(
                bit for pair in zip(p.segments, [*(n.encode() for n in p.names), b""], strict=True) for bit in pair
            )
            for p in pieces
        ]
        data = _SECTION.join(both)
        return cls(*pieces, data, hashlib.blake2b(data, digest_size=16).hexdigest())

    @classmethod
    def load(cls, data: bytes, name: str) -> Fragment:
        """From the bytes that the store keeps as ``name``. Raises ValueError if they are not a fragment's."""
        both = []
        for section in data.split(_SECTION):
            bits = section.split(HOLE.encode())
            if len(bits) % 2:
                raise ValueError("not a rendered fragment")
            both.append(Pieces(tuple(bits[0::2]), tuple(bit.decode() for bit in bits[1:-1:2])))
        html, text = both  # another number is a ValueError too
        return cls(html, text, data, name)
