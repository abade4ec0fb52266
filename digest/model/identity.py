"""Names of papers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    """Kinds of identifier that a paper can be known by."""

    ARXIV = "arxiv"
    DOI = "doi"
    PMID = "pmid"
    PMCID = "pmcid"
    OPENREVIEW = "openreview"
    ACL = "acl"
    S2 = "s2"
    OPENALEX = "openalex"
    URL = "url"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One canonical name of a paper: arXiv without version, DOI in lower case, and so on.

    Build it with :mod:`digest.catalog.identifiers`, which knows the spellings; ``str()`` gives ``arxiv:2305.10430``.
    """

    scheme: Scheme
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"
