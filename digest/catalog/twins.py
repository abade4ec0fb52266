"""Which arXiv ids are one paper submitted twice? Two ids are two papers unless the whole record says otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from digest.catalog.likeness import near_twins
from digest.catalog.names import author_keys
from digest.catalog.near_text import near_keys
from digest.catalog.tex import readable
from digest.catalog.titles import title_key
from digest.model import Entry, Scheme

_Submission = tuple[str, Entry]
"""An arXiv id and what one provider says of it."""


def arxiv_twins(entries: Sequence[Entry]) -> Mapping[str, str]:
    """arXiv ids that are one paper submitted twice → the smallest of them.

    Twins have the same title, the same authors, and the same abstract or a DOI in common; or texts that are nearly
    equal in all three (likeness.near_twins). Only what shares a key is compared, so the answer depends on no order.
    """
    submissions: list[_Submission] = []
    for entry in entries:
        ids = [identifier.value for identifier in entry.identifiers if identifier.scheme is Scheme.ARXIV]
        if len(ids) == 1:
            submissions.append((ids[0], entry))
    parent: dict[str, str] = {}

    def root(value: str) -> str:
        while parent.get(value, value) != value:
            value = parent[value]
        return value

    for one, other in (*_equal(submissions), *_nearly_equal(submissions)):
        least, most = sorted((root(one), root(other)))
        parent[most] = least
    return {value: root(value) for value in parent}


def _equal(submissions: Iterable[_Submission]) -> Iterator[tuple[str, str]]:
    first: dict[tuple[str, frozenset[str], str], str] = {}
    for namesakes in _sharing(submissions, lambda entry: (title_key(entry.title),)):
        for arxiv_id, entry in namesakes:
            if (title := title_key(entry.title)) and (authors := author_keys(entry.authors)):
                for proof in _proofs(entry):
                    yield first.setdefault((title, authors, proof), arxiv_id), arxiv_id


def _nearly_equal(submissions: Iterable[_Submission]) -> Iterator[tuple[str, str]]:
    for neighbours in _sharing(submissions, near_keys):
        for (arxiv_id, entry), (other_id, other) in combinations(neighbours, 2):
            if arxiv_id != other_id and near_twins(entry, other):
                yield arxiv_id, other_id


def _sharing(
    submissions: Iterable[_Submission], keys: Callable[[Entry], Iterable[Hashable]]
) -> Iterator[list[_Submission]]:
    """The submissions of each key that two arXiv ids have."""
    buckets: dict[Hashable, list[_Submission]] = defaultdict(list)
    for submission in submissions:
        for key in keys(submission[1]):
            buckets[key].append(submission)
    return (found for found in buckets.values() if len({arxiv_id for arxiv_id, _ in found}) > 1)


def _proofs(entry: Entry) -> list[str]:
    dois = [str(identifier) for identifier in entry.identifiers if identifier.scheme is Scheme.DOI]
    return [readable(entry.abstract).casefold(), *dois] if entry.abstract else dois
