"""Which arXiv ids are one paper submitted twice? Two ids are two papers unless the whole record says otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from digest.catalog.likeness import near_twins
from digest.catalog.names import author_keys
from digest.catalog.near_text import near_keys
from digest.catalog.tex import readable
from digest.catalog.titles import title_key
from digest.model import Entry, Scheme

_Submission = tuple[str, Entry]
"""An arXiv id and what one provider says of it."""
_Thing = TypeVar("_Thing")

MOST_COMPARED: Final = 16
"""Submissions of a key that a further one is compared with: a bucket of thousands stays linear."""


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
    for namesakes in _sharing(submissions, lambda told: (title_key(told[1].title),)):
        for arxiv_id, entry in namesakes:
            if (title := title_key(entry.title)) and (authors := author_keys(entry.authors)):
                for proof in _proofs(entry):
                    yield first.setdefault((title, authors, proof), arxiv_id), arxiv_id


def _nearly_equal(submissions: Iterable[_Submission]) -> Iterator[tuple[str, str]]:
    judged: set[tuple[int, int]] = set()
    ordered = sorted(submissions, key=lambda told: (told[0], told[1].source, told[1].key))
    for neighbours in _sharing(enumerate(ordered), lambda told: near_keys(told[1][1])):
        for place, (index, (arxiv_id, entry)) in enumerate(neighbours):
            for other_index, (other_id, other) in neighbours[: min(place, MOST_COMPARED)]:
                if arxiv_id != other_id and (other_index, index) not in judged:
                    judged.add((other_index, index))
                    if near_twins(entry, other):
                        yield arxiv_id, other_id


def _sharing(things: Iterable[_Thing], keys: Callable[[_Thing], Iterable[Hashable]]) -> Iterator[list[_Thing]]:
    """What shares a key, in the order it came in."""
    buckets: dict[Hashable, list[_Thing]] = defaultdict(list)
    for thing in things:
        for key in keys(thing):
            buckets[key].append(thing)
    return (found for found in buckets.values() if len(found) > 1)


def _proofs(entry: Entry) -> list[str]:
    dois = [str(identifier) for identifier in entry.identifiers if identifier.scheme is Scheme.DOI]
    return [readable(entry.abstract).casefold(), *dois] if entry.abstract else dois
