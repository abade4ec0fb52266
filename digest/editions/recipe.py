"""A message as a recipe: which fragments, what fills their holes, and the finished header lines.

It is small (about 2 KB), frozen, and gives the same bytes whenever it is assembled: for the first attempt, a retry, a
preview of a day that was sent. Nothing in here formats or decides; that was done when the edition was composed.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from digest.editions.fragments import Fragment, decode, encode
from digest.errors import RenderError
from digest.model import Attention, Part, PartKind, Pick, Section

_FORMAT = 1
BODY = "body"
"""The shell's hole that the other parts go into."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One fragment in its place, with the readable filling of each of its holes (already escaped or wrapped)."""

    hash: str
    html: Mapping[str, str]
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """All that the bytes of a message are made from."""

    message_id: str
    sender: str
    """The bare address of From."""
    recipient: str
    """The bare address of To; an international domain is in its ASCII form."""
    head: str
    """The header lines, encoded and folded, with CRLF; MIME headers and body follow from the rest."""
    shell: Placed
    body: tuple[Placed, ...]

    @property
    def hashes(self) -> frozenset[str]:
        """The fragments that must be at hand to assemble it."""
        return frozenset({self.shell.hash, *(placed.hash for placed in self.body)})

    @property
    def needs_smtputf8(self) -> bool:
        """True if the address has a local part beyond ASCII (RFC 6531): without the extension it can't be sent."""
        return not self.recipient.isascii()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(Message):
    """All that a delivery has to remember of its message: also what was chosen for it, and why."""

    edition: dt.date
    subject: str
    picks: tuple[Pick, ...]
    """In mail order, with the parts of each score."""

    def to_bytes(self) -> bytes:
        body = {
            "format": _FORMAT,
            "edition": self.edition.isoformat(),
            "message_id": self.message_id,
            "sender": self.sender,
            "recipient": self.recipient,
            "subject": self.subject,
            "head": self.head,
            "placed": [[p.hash, dict(p.html), dict(p.text)] for p in (self.shell, *self.body)],
            "picks": [_pick_to_json(pick) for pick in self.picks],
        }
        return zlib.compress(orjson.dumps(body), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Recipe:
        """Raises ValueError if ``data`` is damaged or of a newer format."""
        body = _opened(data)
        return cls(
            **_message_in(body),
            edition=dt.date.fromisoformat(body["edition"]),
            subject=body["subject"],
            picks=tuple(_pick_from_json(*pick) for pick in body["picks"]),
        )


class ToSend(NamedTuple):
    """What sending reads of a recipe: the scores and their parts stay packed, which is most of it."""

    message: Message
    paper_ids: tuple[int, ...]
    """Of the picks, in mail order."""

    @classmethod
    def from_bytes(cls, data: bytes) -> ToSend:
        """Raises ValueError if ``data`` is damaged or of a newer format."""
        body = _opened(data)
        return cls(Message(**_message_in(body)), tuple(pick[0] for pick in body["picks"]))


def _opened(data: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = orjson.loads(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError(f"the stored message is damaged: {error}") from error
    if body["format"] != _FORMAT:
        raise ValueError(f"the stored message is of format {body['format']}, this program reads {_FORMAT}")
    return body


def _message_in(body: dict[str, Any]) -> dict[str, Any]:
    shell, *rest = (Placed(*placed) for placed in body["placed"])
    said = {name: body[name] for name in ("message_id", "sender", "recipient", "head")}
    return {**said, "shell": shell, "body": tuple(rest)}


_Json = list[object]


def _pick_to_json(pick: Pick) -> _Json:
    a = pick.attention
    attention = [a.votes, a.hours, a.cohort, a.share_above, a.rising, a.stars]
    parts = [[part.kind, part.value, part.note] for part in pick.parts]
    return [pick.paper_id, pick.section, pick.lane, pick.score, pick.reason, parts, attention]


def _pick_from_json(
    paper_id: int, section: str, lane: str | None, score: float, reason: str,
    parts: list[tuple[str, float, str]],
    attention: tuple[int | None, float | None, str, float | None, bool, int | None],
) -> Pick:  # fmt: skip
    votes, hours, cohort, share_above, rising, stars = attention
    return Pick(
        paper_id=paper_id,
        section=Section(section),
        lane=lane,
        score=score,
        reason=reason,
        parts=tuple(Part(PartKind(kind), value, note) for kind, value, note in parts),
        attention=Attention(
            votes=votes, hours=hours, cohort=cohort, share_above=share_above, rising=rising, stars=stars
        ),
    )


# ── putting it together ─────────────────────────────────────────────────────────────────────────────────────


_encoded = lru_cache(maxsize=2048)(encode)
"""Most words stand in the HTML and in the text alike, and many in the next mail as well."""


def _joined(message: Message, loaded: Mapping[str, Fragment], kind: str) -> list[bytes]:
    """The encoded pieces of one body part, in order: shell, the placed fragments inside it, shell.

    Raises KeyError for a hole that is left open. Written out, since it runs for 80 holes of every mail.
    """
    html = kind == "html"
    inner: list[bytes] = []
    for placed in message.body:
        fragment = loaded[placed.hash]
        pieces, values = (fragment.html, placed.html) if html else (fragment.text, placed.text)
        segments = pieces.segments
        inner.append(segments[0])
        for at, name in enumerate(pieces.names, start=1):
            inner += _encoded(values[name]), segments[at]
    fragment = loaded[message.shell.hash]
    pieces, values = (fragment.html, message.shell.html) if html else (fragment.text, message.shell.text)
    joined = [pieces.segments[0]]
    for name, segment in zip(pieces.names, pieces.segments[1:], strict=True):
        joined += inner if name == BODY else (_encoded(values[name]),)
        joined.append(segment)
    return joined


@lru_cache(maxsize=2048)
def _parsed(name: str, data: bytes) -> Fragment:
    return Fragment.load(data, name)


def _load(message: Message, fragments: Mapping[str, bytes | Fragment]) -> dict[str, Fragment]:
    loaded = {}
    for name in message.hashes:
        try:
            data = fragments[name]
            loaded[name] = data if isinstance(data, Fragment) else _parsed(name, data)
        except (KeyError, ValueError) as error:
            raise RenderError(f"fragment {name}", "is gone or damaged, so this message cannot be made again") from error
    return loaded


def assemble(message: Message, fragments: Mapping[str, bytes | Fragment]) -> bytes:
    """The whole message (RFC 5322, CRLF), without a DKIM signature. The same message gives the same bytes.

    Raises RenderError if a fragment is missing.
    """
    loaded = _load(message, fragments)
    boundary = "=_" + message.message_id.strip("<>").partition("@")[0]  # "=_" can't occur in quoted-printable
    part = "--{}\r\nContent-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    start = (
        f"{message.head}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n{part.format(boundary, "plain")}'
    )
    return b"".join(
        (
            start.encode(),
            *_joined(message, loaded, "text"),
            f"\r\n{part.format(boundary, 'html')}".encode(),
            *_joined(message, loaded, "html"),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def part_html(message: Message, fragments: Mapping[str, bytes | Fragment]) -> str:
    """The HTML body as a browser would show it."""
    return decode(b"".join(_joined(message, _load(message, fragments), "html")))


def part_text(message: Message, fragments: Mapping[str, bytes | Fragment]) -> str:
    """The text body."""
    return decode(b"".join(_joined(message, _load(message, fragments), "text")))


def to_json(recipe: Recipe) -> dict[str, object]:
    """The edition as plain data, for ``preview --format json``: who, what, and the parts that each score sums."""
    return {
        "edition": recipe.edition.isoformat(),
        "message_id": recipe.message_id,
        "from": recipe.sender,
        "to": recipe.recipient,
        "subject": recipe.subject,
        "picks": [
            {
                "position": position,
                "paper_id": pick.paper_id,
                "section": str(pick.section),
                "lane": pick.lane,
                "score": pick.score,
                "reason": pick.reason,
                "parts": [{"kind": str(part.kind), "value": part.value, "note": part.note} for part in pick.parts],
            }
            for position, pick in enumerate(recipe.picks, start=1)
        ],
    }
