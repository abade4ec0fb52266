"""The DKIM signature of a message (RFC 6376), with RSA and beside it Ed25519 (RFC 8463). Pure: bytes in, a header out.

Headers are canonicalised "relaxed", so a relay may fold them anew; the body "simple", since nobody changes lines of
quoted-printable, and then no byte of it is looked at but to be hashed, once for all keys. The arithmetic is OpenSSL's.

What is signed: RFC 6376 §5.4 asks for From, and for whatever tells the reader what the mail is and where answers go;
§5.4.1 lists them, and says to leave out what is changed on the way (Return-Path, Received). RFC 8058 §4 asks for both
headers of one-click unsubscribing. §5.4.2 lets a header be named once more than it occurs: then a second one that
somebody adds breaks the signature (§8.15). That is done for those that a mail program shows or obeys, and not for those
of which a relay may add one of its own (Feedback-ID, List-Id).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import datetime as dt

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

OVERSIGNED: Final = ("from", "to", "cc", "reply-to", "subject", "date", "mime-version", "content-type")
"""Named once more than they occur."""
SIGNED: Final = (
    *OVERSIGNED,
    "message-id",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
    "auto-submitted",
    "precedence",
)
"""Named as often as they occur."""
_WANTED: Final = frozenset(SIGNED)
_FOLD: Final = 72
_BLANKS = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key and where its public half is in DNS: ``<selector>._domainkey.<domain>``, both in ASCII."""

    domain: str
    selector: str
    private: PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r}, {self.algorithm})"

    @property
    def name(self) -> str:
        """The name of its DNS record, without a dot at the end."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def algorithm(self) -> str:
        """The value of ``a=``."""
        return "rsa-sha256" if is_rsa(self.private) else "ed25519-sha256"


class Signer:
    """Puts one ``DKIM-Signature`` for each of its keys before a message. May be used by several threads at once.

    OpenSSL lets go of Python's lock while it works on RSA, so other threads go on meanwhile.
    """

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        if not keys:
            raise ValueError("a signer needs a key")
        self._keys = tuple((key, _signing(key.private)) for key in keys)

    def sign(self, message: bytes, *, now: dt.datetime) -> bytes:
        """``message`` with its signatures before it, those of later keys above (RFC 8463, 3 asks for no order).

        Args:
            message: RFC 5322 with CRLF at the end of every line.
            now: the time that the signature tells (``t=``), in whole seconds.
        """
        return self.headers(message, now=now) + message

    def headers(self, message: bytes, *, now: dt.datetime) -> bytes:
        """The ``DKIM-Signature`` lines alone, each with CRLF."""
        end = message.find(b"\r\n\r\n")
        named, canonical = canonical_headers(message[: end + 2] if end >= 0 else message)
        body_hash = base64.b64encode(hashlib.sha256(canonical_body(message, end)).digest()).decode()
        folded_names, plain_names = _folded(named)
        at = int(now.timestamp())
        signatures = ""
        for key, sign in self._keys:
            first = f"v=1; a={key.algorithm}; c=relaxed/simple; d={key.domain};"
            second = f"s={key.selector}; t={at}; bh={body_hash};"
            # Its own header is signed too, in the relaxed form, without the signature and the last line end.
            data = canonical + f"dkim-signature:{first} {second} h={plain_names}; b=".encode("ascii")
            value = base64.b64encode(sign(data)).decode()
            lines = "\r\n ".join([value[start : start + _FOLD] for start in range(0, len(value), _FOLD)])
            header = f"DKIM-Signature: {first}\r\n {second}\r\n h={folded_names};\r\n b={lines}\r\n"
            signatures = header + signatures
        return signatures.encode("ascii")


def canonical_body(message: bytes, end: int) -> bytes | memoryview:
    """The body in the "simple" form (RFC 6376 §3.4.3): empty lines at its end are one line's end, as is no body.

    Args:
        end: where the empty line begins that the body follows; -1 without one.
    """
    if end < 0 or end + 4 >= len(message):
        return b"\r\n"
    if message.endswith(b"\r\n") and not message.endswith(b"\r\n\r\n"):
        return memoryview(message)[end + 4 :]  # as all of ours: nothing is copied
    stop = len(message)
    while stop > end + 4 and message[stop - 2 : stop] == b"\r\n":
        stop -= 2
    return message[end + 4 : stop] + b"\r\n"


def canonical_headers(head: bytes) -> tuple[str, bytes]:
    """(the value of ``h=``, the named headers in the "relaxed" form, in that order; of several, the last comes first).

    Relaxed (RFC 6376 §3.4.2): unfolded, blanks and tabs in a row made one blank, none at the ends of a value.

    Args:
        head: whole header lines, each with CRLF.
    """
    flat = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    if b"  " in flat or b"\t" in flat:
        flat = _BLANKS.sub(b" ", flat)
    found: dict[str, list[bytes]] = {}
    for line in flat.split(b"\r\n"):
        before, colon, value = line.partition(b":")
        if colon and (name := _known(before)):
            found.setdefault(name, []).append(b"%b:%b\r\n" % (name.encode("ascii"), value.strip(b" ")))
    named: list[str] = []
    chosen: list[bytes] = []
    for name in SIGNED:
        fields = found.get(name, ())
        named += [name] * (len(fields) + (name in OVERSIGNED))
        chosen += reversed(fields)
    return ":".join(named), b"".join(chosen)


@lru_cache(maxsize=256)
def _known(before: bytes) -> str | None:
    """Which header it is that we sign, from what stands before its colon; None for all others."""
    name = before.rstrip(b" ").lower().decode("latin-1")
    return name if name in _WANTED else None


@lru_cache(maxsize=32)
def _folded(named: str) -> tuple[str, str]:
    """``h=`` with line ends after colons (RFC 6376 §3.5 allows white space there), and that in the relaxed form."""
    lines = [""]
    for name in named.split(":"):
        if len(lines[-1]) + len(name) > _FOLD:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n  ".join(lines).removesuffix(":"), " ".join(lines).removesuffix(":")


def is_rsa(key: object) -> bool:
    """Of the two kinds of keys, told without importing either."""
    return hasattr(key, "key_size")


def _signing(private: PrivateKey) -> Callable[[bytes], bytes]:
    """What makes the value of ``b=`` from the canonical headers."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(private, RSAPrivateKey):
        rsa, padding, algorithm = private, PKCS1v15(), SHA256()
        return lambda data: rsa.sign(data, padding, algorithm)
    ed25519 = private
    return lambda data: ed25519.sign(hashlib.sha256(data).digest())  # RFC 8463, 3: of the hash, by PureEdDSA
