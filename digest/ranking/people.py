"""Following and muting people: which name on a paper is the person that a reader named?

:func:`digest.catalog.names.author_key` (``baker d``) is made to lose nobody, and joins every W. Zhang there is. To
follow somebody takes more: two full given names must be the same. A paper that gives initials only is *perhaps* by the
person, and the reason then says "perhaps". A reader who writes initials means everyone whom they fit.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from digest.catalog.names import author_key, display_name


@dataclass(frozen=True, slots=True)
class Person:
    """Hashes to look for among papers' authors; ``perhaps`` is None where there is nothing uncertain."""

    name: str
    certain: int
    perhaps: int | None


def person(name: str) -> Person:
    """Whom a reader means by ``name``."""
    loose, given = _parts(name)
    if not given:
        return Person(name.strip(), _hash(loose), None)
    return Person(name.strip(), _hash(f"{loose}|{given}"), _hash(f"{loose}|"))


@lru_cache(maxsize=1 << 16)
def author_hashes(name: str) -> tuple[int, int]:
    """What is kept of one author of a paper: the loose key's hash, and the hash with the given name or its absence."""
    loose, given = _parts(name)
    return _hash(loose), _hash(f"{loose}|{given}")


def _parts(name: str) -> tuple[str, str]:
    """(loose key, folded first given name or ``""`` where there are only initials or one word)."""
    loose = author_key(name)
    first, *others = display_name(name).split() or [""]
    letters = "".join(c for c in unicodedata.normalize("NFKD", first.casefold()) if c.isalnum())
    # "J.", "J.-P." and "JP" are initials; "Jo" and "Al" are names.
    initials = "." in first or len(letters) < 2 or (len(letters) == 2 and first.isupper())
    return loose, "" if initials or not others else letters


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
