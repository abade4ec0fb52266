"""``mail.dkim`` → the keys that sign. Read here and not with the configuration: few commands need them, and the library
that knows keys takes longer to import than those commands run."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path

from digest.editions.dkim import Signer, SigningKey
from digest.editions.dkim_keys import load
from digest.errors import ConfigError
from digest.settings.document import Location, read_document
from digest.settings.mail import MailConfig
from digest.settings.signing import parse_domain


def sender_domain(mail: MailConfig) -> str:
    """The domain of From, in ASCII and lower case."""
    domain = parseaddr(mail.sender)[1].rpartition("@")[2]
    return domain.lower() if domain.isascii() else parse_domain(domain)


def signing_keys(mail: MailConfig) -> tuple[tuple[SigningKey, ...], tuple[tuple[Location, str], ...]]:
    """The keys in their order, and what is wrong with those that are none: (where in the file, clause)."""
    keys, problems = [], []
    for number, dkim in enumerate(mail.dkim):
        try:
            keys.append(load(dkim.key.pem, domain=dkim.domain or sender_domain(mail), selector=dkim.selector))
        except ValueError as error:
            place = f"the file {dkim.key.file.name} " if dkim.key.file else "what the variable holds "
            problems.append((("mail", "dkim", number, "key"), f"{place}{error}"))
    return tuple(keys), tuple(problems)


def signer(mail: MailConfig, config_path: Path) -> Signer | None:
    """What signs every message; None where nothing is configured, because the relay signs.

    Raises:
        ConfigError: a key cannot be used.
    """
    if not mail.dkim:
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
