"""Which entries are the same paper? Evidence becomes edges, edges become groups, whatever order the entries came in.

    entries ─▶ RULES, strongest first ─▶ buckets of entries that share a key ─▶ edges ─▶ groups
                                                                 └── dropped where two names contradict each other

A rule is two small functions: ``keys`` puts an entry into buckets, ``agree`` says whether two entries of one bucket are
the same paper. Only entries that share a bucket are ever compared, so the work is near-linear.

An edge that would bring two names into one group that exclude each other is dropped (*cannot-link*, exclusion.py):
a DOI that two arXiv records claim joins neither. Two exceptions: an arXiv id is decisive, whatever DOIs its records
name; and two arXiv ids are one paper when title, all authors and the abstract (or a DOI) are equal, or nearly so.
"Part I" and "Part II" have different titles, and corrections, comments and replies have no title key: these never match
by title, nor by near-equal text.
An operator's separation (separation.py) stops every edge, decisive ones too.

Edges are tried in a fixed order (rule, then bucket, then the entries' own names) and never in the order of arrival.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from digest.catalog.exclusion import contradict, contradiction, exclusive_names, united
from digest.catalog.likeness import likeness, near_equal
from digest.catalog.names import author_keys
from digest.catalog.near_text import near_keys
from digest.catalog.separation import Separation, are_apart, sides
from digest.catalog.tex import readable
from digest.catalog.titles import title_key
from digest.catalog.twins import MOST_COMPARED, arxiv_twins
from digest.model import Entry, Scheme


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """Entries ``a`` and ``b`` (indexes) are the same paper by ``rule``; ``evidence`` is what they share."""

    a: int
    b: int
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """Entries ``a`` and ``b`` share ``evidence`` by ``rule``, but their groups stay apart, and why."""

    a: int
    b: int
    rule: str
    evidence: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of evidence. ``decisive`` evidence overrides contradicting names, except two arXiv ids."""

    name: str
    keys: Callable[[Entry], Iterable[str]]
    agree: Callable[[Entry, Entry], bool]
    decisive: bool = False
    evidence: Callable[[Entry, Entry], str] | None = None
    """What two entries share, in words, where the key says nothing to a reader."""


def match(entries: Sequence[Entry], separations: Sequence[Separation] = ()) -> tuple[Edge, ...]:
    """The edges that hold the groups together (a spanning forest, sorted), each with its rule and evidence."""
    return tuple(sorted(_link(entries, separations).edges))


def refusals(entries: Sequence[Entry], separations: Sequence[Separation] = ()) -> tuple[Refusal, ...]:
    """What the evidence would have joined, and names or an operator kept apart; sorted."""
    linked = _link(entries, separations, explaining=True)
    apart = (refusal for refusal in linked.refused if linked.root(refusal.a) != linked.root(refusal.b))
    return tuple(sorted(set(apart)))


def group(entries: Sequence[Entry], separations: Sequence[Separation] = ()) -> tuple[tuple[int, ...], ...]:
    """The indexes of ``entries``, one sorted tuple per paper, sorted; the same partition for every order of entries."""
    linked = _link(entries, separations)
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(entries)):
        groups[linked.root(index)].append(index)
    return tuple(sorted(tuple(members) for members in groups.values()))


# ── rules, strongest first ──────────────────────────────────────────────────────────────────────────────────


def _always(_: Entry, __: Entry) -> bool:
    return True


def _record(entry: Entry) -> Iterable[str]:
    return (f"{entry.source!r} {entry.key!r}",)


def _arxiv_ids(entry: Entry) -> Iterable[str]:
    return (str(identifier) for identifier in entry.identifiers if identifier.scheme is Scheme.ARXIV)


def _registered(entry: Entry) -> Iterable[str]:
    return (str(i) for i in entry.identifiers if i.scheme not in {Scheme.ARXIV, Scheme.URL})


def _addresses(entry: Entry) -> Iterable[str]:
    return (str(identifier) for identifier in entry.identifiers if identifier.scheme is Scheme.URL)


def _title(entry: Entry) -> Iterable[str]:
    key = title_key(entry.title)
    return (key,) if key else ()


def _share_author(one: Entry, other: Entry) -> bool:
    """False also when either names no author: a title alone is not enough."""
    return not author_keys(one.authors).isdisjoint(author_keys(other.authors))


def _same_words(one: Entry, other: Entry) -> bool:
    """A web address that many items carry (a home page) joins only those that say the same."""
    return readable(one.title).casefold() == readable(other.title).casefold() or (
        title_key(one.title) == title_key(other.title) != "" and _share_author(one, other)
    )


def _near(entry: Entry) -> Iterable[str]:
    return map(str, near_keys(entry))


def _likeness(one: Entry, other: Entry) -> str:
    return str(likeness(one, other))


RULES: Final[tuple[Rule, ...]] = (
    Rule(name="arXiv id", keys=_arxiv_ids, agree=_always, decisive=True),
    Rule(name="identifier", keys=_registered, agree=_always),
    Rule(name="web address", keys=_addresses, agree=_same_words),
    Rule(name="title and author", keys=_title, agree=_share_author),
    Rule(name="near-equal text", keys=_near, agree=near_equal, evidence=_likeness),
)
_SAME_RECORD: Final = Rule(name="same record", keys=_record, agree=_always, decisive=True)

# ── linking ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Groups:
    """A union-find over the entries (path halving) that also keeps each group's exclusive names and sides."""

    def __init__(self, entries: Sequence[Entry], separations: Sequence[Separation], *, explaining: bool) -> None:
        twin_of = arxiv_twins(entries)
        self._entries = entries
        self._parent = list(range(len(entries)))
        self._names = [exclusive_names(entry, twin_of) for entry in entries]
        self._sides = sides(entries, separations)
        self._explaining = explaining
        self.edges: list[Edge] = []
        self.refused: list[Refusal] = []
        """Kept only when somebody asks why: a bucket of strangers refuses a great deal."""
        self._unlike: set[tuple[str, int, int]] = set()
        """Two entries may meet in several buckets; their texts are compared once."""
        self._refused_by: dict[tuple[int, int], Rule] = {}
        """The strongest rule that would have joined a pair: weaker ones have nothing to add."""

    def root(self, index: int) -> int:
        parent = self._parent
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(self, one: int, other: int, rule: Rule, evidence: str) -> bool:
        """Join the groups of two entries if the rule agrees and nothing forbids it; True if they are one group now."""
        keep, lose = self.root(one), self.root(other)
        if keep == lose:
            return True
        if (rule.name, one, other) in self._unlike:
            return False
        if not rule.agree(self._entries[one], self._entries[other]):
            self._unlike.add((rule.name, one, other))
            return False
        if rule.evidence is not None:
            evidence = rule.evidence(self._entries[one], self._entries[other])
        if rule is not _SAME_RECORD and (
            are_apart(self._sides[keep], self._sides[lose])
            or contradict(self._names[keep], self._names[lose], decisive=rule.decisive)
        ):
            if self._explaining:
                pair = min(one, other), max(one, other)
                if self._refused_by.setdefault(pair, rule) is rule:
                    self.refused.append(Refusal(*pair, rule.name, evidence, self._why_apart(keep, lose, rule)))
            return False
        self._parent[lose] = keep
        self._names[keep] = united(self._names[keep], self._names[lose])
        self._sides[keep] |= self._sides[lose]
        self.edges.append(Edge(min(one, other), max(one, other), rule.name, evidence))
        return True

    def _why_apart(self, one: int, other: int, rule: Rule) -> str:
        if are_apart(self._sides[one], self._sides[other]):
            return "split by hand"
        return contradiction(self._names[one], self._names[other], decisive=rule.decisive)


def _link(entries: Sequence[Entry], separations: Sequence[Separation], *, explaining: bool = False) -> _Groups:
    groups = _Groups(entries, separations, explaining=explaining)
    order = sorted(range(len(entries)), key=lambda index: _canonical(entries[index]))
    for rule in (_SAME_RECORD, *RULES):
        buckets: dict[str, list[int]] = defaultdict(list)
        for index in order:
            for key in set(rule.keys(entries[index])):
                buckets[key].append(index)
        for key in sorted(key for key, members in buckets.items() if len(members) > 1):
            earlier: list[int] = []
            for index in buckets[key]:
                any(groups.join(other, index, rule, key) for other in earlier)  # up to the first that takes it
                if len(earlier) < MOST_COMPARED:
                    earlier.append(index)
    return groups


def _canonical(entry: Entry) -> tuple[str, ...]:
    """A name for the entry that does not depend on where it stands; equal names mean equal evidence."""
    names = sorted(str(identifier) for identifier in entry.identifiers)
    return (entry.source, entry.key, *names, "\x1f", entry.title, *entry.authors, entry.abstract)
