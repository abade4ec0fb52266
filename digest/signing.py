"""``mail.dkim`` → the keys that sign. Read here and not with the configuration: few commands need them, and the library
that knows keys takes longer to import than those commands run."""

from __future__ import annotations

import os
import re
import secrets
import stat
from email.utils import parseaddr
from pathlib import Path

from digest.editions.dkim import Signer, SigningKey
from digest.editions.dkim_keys import DEFAULT_BITS, load
from digest.errors import ConfigError
from digest.settings.document import Location, read_document
from digest.settings.mail import MailConfig, TransportKind
from digest.settings.signing import KeyPlace, parse_domain


def sender_domain(mail: MailConfig) -> str:
    """The domain of From, in ASCII and lower case."""
    domain = parseaddr(mail.sender)[1].rpartition("@")[2]
    return domain.lower() if domain.isascii() else parse_domain(domain)


def signing_keys(mail: MailConfig) -> tuple[tuple[SigningKey, ...], tuple[tuple[Location, str], ...]]:
    """The keys in their order, and what is wrong with those that are none: (where in the file, clause)."""
    keys, problems = [], []
    for number, dkim in enumerate(mail.dkim):
        try:
            keys.append(load(_pem(dkim.key), domain=dkim.domain or sender_domain(mail), selector=dkim.selector))
        except ValueError as error:
            kind = "file" if dkim.key.file else "variable"
            problems.append((("mail", "dkim", number, "key"), f"the {kind} {dkim.key.name} {error}"))
    return tuple(keys), tuple(problems)


def _pem(place: KeyPlace) -> bytes:
    if place.file is None:
        if not place.pem:
            raise ValueError("is not set")
        return place.pem
    try:
        return place.file.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}; `digest dkim new` makes a key") from error


def signer(mail: MailConfig, config_path: Path) -> Signer | None:
    """What signs every message; None where nothing is configured, because the relay signs, and in a trial.

    Raises:
        ConfigError: a key cannot be used.
    """
    if not mail.dkim or mail.transport is TransportKind.FILES:
        return None
    keys, problems = signing_keys(mail)
    if problems:
        document = read_document(config_path)
        raise ConfigError([document.problem(where, clause) for where, clause in problems])
    return Signer(keys)


def aligned(signing: str, sender: str) -> bool:
    """Is the signing domain that of From, or one above or below it, as DMARC's relaxed alignment allows?

    RFC 7489 §3.1.1 compares organisational domains, which needs a list of public suffixes; of two domains where
    neither is within the other none of ours is meant.
    """
    return signing == sender or signing.endswith(f".{sender}") or sender.endswith(f".{signing}")


def is_short(key: SigningKey) -> bool:
    """An RSA key that receivers still take, and should not (RFC 8301, 3.2)."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    return isinstance(key.private, RSAPrivateKey) and key.private.key_size < DEFAULT_BITS


# ── keys in files ───────────────────────────────────────────────────────────────────────────────────────────

FOLDER = "dkim"
"""Beside config.yaml."""
_FILE = re.compile(r"(?P<selector>.+)\._domainkey\.(?P<domain>.+)\.pem")


def file_name(*, domain: str, selector: str) -> str:
    """A key's file is called as its DNS record."""
    return f"{selector}._domainkey.{domain}.pem"


def keys_in(folder: Path) -> tuple[tuple[Path, SigningKey | str], ...]:
    """The keys in a folder by the names that `digest dkim new` gives them, or why a file is none."""
    found: list[tuple[Path, SigningKey | str]] = []
    for path in sorted(folder.glob("*._domainkey.*.pem")):
        told = _FILE.fullmatch(path.name)
        assert told is not None
        try:
            found.append((path, load(path.read_bytes(), domain=told["domain"], selector=told["selector"])))
        except (OSError, ValueError) as error:
            found.append((path, f"{error.strerror}" if isinstance(error, OSError) else str(error)))
    return tuple(found)


def write_new(path: Path, pem: bytes) -> None:
    """Write a key that only its owner can read. It is there whole or not at all, and nothing is ever replaced.

    Raises:
        FileExistsError: something of that name is there.
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, it fails where there is something
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_to_others(path: Path) -> str | None:
    """Who besides the owner can read a file, as ``rw-r-----``; None if nobody."""
    mode = path.stat().st_mode
    return stat.filemode(mode)[1:] if mode & (stat.S_IRWXG | stat.S_IRWXO) else None
