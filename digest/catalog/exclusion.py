"""Names that exclude each other: when must two entries *not* become one paper, whatever else they share?

A paper has one arXiv id, one publisher's DOI, one ACL id, one PMID. So a DOI that two arXiv records claim joins neither
of them: in arXiv's own metadata nearly all such pairs are typing mistakes or sequels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from digest.model import Entry, Identifier, Scheme

_EXCLUSIVE: Final = frozenset({Scheme.ARXIV, Scheme.DOI, Scheme.ACL, Scheme.PMID, Scheme.PMCID})
_PREPRINT_DOIS: Final = (
    "10.48550/",  # arXiv
    *(f"10.1101/{digit}" for digit in range(10)),  # bioRxiv, medRxiv; Cold Spring Harbor's journals go on with letters
    "10.64898/",  # openRxiv since December 2025
    "10.21203/", "10.26434/", "10.20944/", "10.2139/ssrn", "10.36227/", "10.22541/", "10.31219/", "10.31222/",
    "10.31223/", "10.31224/", "10.31234/", "10.31235/", "10.31236/", "10.35542/", "10.5281/", "10.6084/",
    "10.2196/preprints",
)  # fmt: skip
"""Registrants of preprints and deposits, whose DOI stands beside a publisher's DOI of the same paper."""

Names = Mapping[Scheme, frozenset[str]]
"""The exclusive names of a group of entries, by scheme."""

_NONE: Final[frozenset[str]] = frozenset()


def is_preprint_doi(identifier: Identifier) -> bool:
    """Does the DOI name a preprint or a deposit, so that a publisher's DOI may name the same paper?"""
    return identifier.scheme is Scheme.DOI and identifier.value.startswith(_PREPRINT_DOIS)


def exclusive_names(entry: Entry, twin_of: Mapping[str, str]) -> Names:
    """The names of an entry that exclude others; arXiv twins go by one name."""
    names: dict[Scheme, set[str]] = defaultdict(set)
    for identifier in entry.identifiers:
        if identifier.scheme in _EXCLUSIVE and not is_preprint_doi(identifier):
            names[identifier.scheme].add(twin_of.get(identifier.value, identifier.value))
    return {scheme: frozenset(values) for scheme, values in names.items()}


def united(one: Names, other: Names) -> Names:
    return {scheme: one.get(scheme, _NONE) | other.get(scheme, _NONE) for scheme in (*one, *other)}


def contradict(one: Names, other: Names, *, decisive: bool) -> bool:
    """Do the names of two groups forbid joining them? Decisive evidence is stopped by different arXiv ids only.

    Where a group has gathered two names of a scheme by decisive evidence, sharing one of them is no contradiction.
    """
    if len(one.get(Scheme.ARXIV, _NONE) | other.get(Scheme.ARXIV, _NONE)) > 1:
        return True
    if decisive:
        return False
    return any(_differ(one[scheme], other[scheme]) for scheme in one.keys() & other.keys())


def contradiction(one: Names, other: Names, *, decisive: bool) -> str:
    """What makes :func:`contradict` true, in words: ``different DOIs: 10.1000/x, 10.1001/y``."""
    if len(ids := one.get(Scheme.ARXIV, _NONE) | other.get(Scheme.ARXIV, _NONE)) > 1:
        return f"different arXiv ids: {', '.join(sorted(ids))}"
    differing = [] if decisive else [s for s in _EXCLUSIVE if s in one and s in other and _differ(one[s], other[s])]
    words = (f"{_PLURAL[scheme]}: {', '.join(sorted(one[scheme] | other[scheme]))}" for scheme in sorted(differing))
    return f"different {'; '.join(words)}"


_PLURAL: Final = {
    Scheme.ARXIV: "arXiv ids",
    Scheme.DOI: "DOIs",
    Scheme.ACL: "ACL ids",
    Scheme.PMID: "PMIDs",
    Scheme.PMCID: "PMCIDs",
}


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    return not (one <= other or other <= one)
