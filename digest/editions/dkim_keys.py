"""Keys of DKIM: made, read, and as the DNS record that a receiver asks for (RFC 6376 §3.6.1, RFC 8463, 4). Pure.

RSA of 2048 bits unless told otherwise: RFC 8301 asks for 1024 at least and wants 2048, and a receiver need not verify
more. Ed25519 is for a second signature beside it, since many receivers do not verify it yet.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from digest.editions.dkim import SigningKey

if TYPE_CHECKING:
    from digest.editions.dkim import PrivateKey

DEFAULT_BITS: Final = 2048
LEAST_BITS: Final = 1024
"""RFC 8301, 3.2: verifiers reject what is shorter."""
MOST_BITS: Final = 4096
"""RFC 6376 §3.3.3 with RFC 8301: nobody has to verify longer ones."""
_STRING: Final = 255
"""Bytes of one string of a TXT record (RFC 1035 §3.3)."""

# ── private keys ────────────────────────────────────────────────────────────────────────────────────────────


def new_rsa(bits: int = DEFAULT_BITS) -> bytes:
    """A new key as PEM (PKCS #8, not encrypted)."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=bits))


def new_ed25519() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _pem(Ed25519PrivateKey.generate())


def _pem(key: PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load(pem: bytes, *, domain: str, selector: str) -> SigningKey:
    """A key from PEM, PKCS #8 or OpenSSL's older form, as OpenDKIM's tools write it.

    Raises:
        ValueError: it is no private key, is encrypted, or is of a kind or length that DKIM does not take; the message
            holds nothing of it.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"PRIVATE KEY-----" not in pem:
        raise ValueError("is no private key in PEM (-----BEGIN PRIVATE KEY-----); `digest dkim new` makes one")
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("is encrypted; the service cannot ask for its password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is a damaged private key, or one of an unknown kind") from None
    if isinstance(key, RSAPrivateKey):
        if not LEAST_BITS <= key.key_size <= MOST_BITS:
            raise ValueError(f"is an RSA key of {key.key_size} bits; receivers take {LEAST_BITS} to {MOST_BITS}")
    elif not isinstance(key, Ed25519PrivateKey):
        raise ValueError("is neither an RSA nor an Ed25519 key: DKIM knows no other")  # noqa: TRY004 - of the file
    return SigningKey(domain=domain.lower(), selector=selector, private=key)


# ── records ─────────────────────────────────────────────────────────────────────────────────────────────────


def public_half(key: SigningKey) -> bytes:
    """What ``p=`` holds, before base64: SubjectPublicKeyInfo for RSA, the bare 32 bytes for Ed25519."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key.private, RSAPrivateKey):
        return key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.private.public_key().public_bytes_raw()


def record(key: SigningKey) -> str:
    """The text of the DNS record."""
    kind = key.algorithm.partition("-")[0]
    return f"v=DKIM1; k={kind}; p={base64.b64encode(public_half(key)).decode()}"


def zone_line(key: SigningKey) -> str:
    """The record as a line of a zone file (RFC 1035 §5.1), in strings of at most 255 bytes."""
    text = record(key)
    strings = " ".join(f'"{text[at : at + _STRING]}"' for at in range(0, len(text), _STRING))
    return f"{key.name}. IN TXT ( {strings} )"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A record that was found in DNS."""

    kind: str = "rsa"
    public: bytes = field(repr=False)
    """Empty: the key was revoked."""
    testing: bool = False
    """``t=y``: receivers should treat the mails as if they were not signed."""
    hashes: tuple[str, ...] = ()
    """``h=``; empty: all."""

    @classmethod
    def parse(cls, text: str) -> Published:
        """Raises ValueError, with what is wrong with the record."""
        tags = parse_tags(text)
        if tags.get("v", "DKIM1") != "DKIM1":
            raise ValueError(f"is not of version DKIM1 but {tags['v'][:20]!r}")
        if "p" not in tags:
            raise ValueError("holds no key: p= is missing")
        try:
            public = base64.b64decode(re.sub(r"\s", "", tags["p"]), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("holds a damaged key: p= is not base64; was a part of it lost in pasting?") from None
        return cls(
            kind=tags.get("k", "rsa"),
            public=public,
            testing="y" in tags.get("t", "").replace(" ", "").split(":"),
            hashes=tuple(name for name in tags.get("h", "").replace(" ", "").split(":") if name),
        )


def parse_tags(text: str) -> Mapping[str, str]:
    """``tag=value; tag=value`` (RFC 6376 §3.2, and DMARC's records). Raises ValueError."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        if not name and not equals:
            continue
        if not equals or not re.fullmatch(r"[A-Za-z]\w*\s*", name, re.ASCII):
            raise ValueError(f"is no list of tags: {part.strip()[:40]!r}")
        if (name := name.strip()) in tags:
            raise ValueError(f"says {name}= twice")
        tags[name] = value.strip()
    return tags


def mismatch(key: SigningKey, texts: tuple[str, ...]) -> str | None:
    """Why mails signed by ``key`` do not verify with these TXT records of its name; None if they do."""
    if not texts:
        return "is not in DNS"
    if len(texts) > 1:
        return f"is there {len(texts)} times, and receivers may take either or none"
    try:
        found = Published.parse(texts[0])
    except ValueError as error:
        return str(error)
    if not found.public:
        return "was revoked (p= is empty)"
    if found.kind != key.algorithm.partition("-")[0]:
        return f"is of the kind {found.kind[:20]}, and our key is {key.algorithm.partition('-')[0]}"
    if found.public != public_half(key):
        return "holds another key"
    if found.hashes and "sha256" not in found.hashes:
        return f"allows only {', '.join(found.hashes)}, and we sign with sha256"
    if found.testing:
        return "says t=y, testing: receivers take the mails for unsigned"
    return None
