"""What is taken of an entry, whatever format it stood in, and where its identifiers are found.

Reference managers put them into ``eprint`` (arXiv's export), ``doi``, ``url``, ``arxivid`` (Mendeley), ``extra``
(Zotero), ``pmid``, or into a journal called "arXiv preprint arXiv:1512.03385" (Scholar).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from digest.catalog.identifiers import parse
from digest.errors import DigestError
from digest.model import Identifier, Scheme


class BibliographyError(DigestError):
    """A file cannot be read at all; the message continues "the file NAME …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BibEntry:
    """One entry. ``line`` counts from 1, 0 where there are none; ``title`` is without braces, its TeX untouched."""

    key: str
    title: str
    line: int
    identifier: Identifier | None
    category: str | None = None
    """arXiv's primary class, as its own BibTeX export gives it."""
    abstract: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bibliography:
    """The entries in the file's order, and the lines at which broken ones begin."""

    entries: tuple[BibEntry, ...]
    broken_lines: tuple[int, ...] = ()

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Each paper once, in the file's order."""
        return tuple(dict.fromkeys(entry.identifier for entry in self.entries if entry.identifier is not None))

    @property
    def nameless(self) -> tuple[BibEntry, ...]:
        """Entries that name no arXiv id, DOI or other identifier."""
        return tuple(entry for entry in self.entries if entry.identifier is None)


_ORDER = (Scheme.ARXIV, Scheme.DOI, Scheme.PMID, Scheme.PMCID, Scheme.OPENREVIEW, Scheme.ACL, Scheme.S2)
"""Which name of a paper is the easiest to find it by. A bare URL is no name: it may be any page."""

_ARXIV = re.compile(r"arxiv\s*[:.\s]\s*([a-z-]+/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)


def best_identifier(names: Iterable[str], prose: Iterable[str] = ()) -> Identifier | None:
    """The name by which a paper is found best.

    Args:
        names: texts that are identifiers or addresses as a whole, if anything.
        prose: texts that may hold an arXiv id somewhere ("arXiv preprint arXiv:1512.03385").
    """
    found = [parse(name.strip()) for name in names if name.strip()]
    found += [parse(told[1]) for text in prose if (told := _ARXIV.search(text))]
    registered = [identifier for identifier in found if identifier is not None and identifier.scheme is not Scheme.URL]
    return min(registered, key=_preference, default=None)


def _preference(identifier: Identifier) -> int:
    return _ORDER.index(identifier.scheme) if identifier.scheme in _ORDER else len(_ORDER)
