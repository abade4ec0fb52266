"""Which entries are the same paper? Evidence becomes edges, edges become groups, whatever order the entries came in.

    entries ─▶ RULES, strongest first ─▶ buckets of entries that share a key ─▶ edges ─▶ groups
                                                                 └── dropped where two names contradict each other

A rule is two small functions: ``keys`` puts an entry into buckets, ``agree`` says whether two entries of one bucket are
the same paper. Only entries that share a bucket are ever compared, so the work is near-linear; a further rule (near-equal
text by its hash bands, say) is one more line in RULES.

Some names exclude each other: a paper has one arXiv id, one publisher's DOI, one ACL id, one PMID. An edge that would bring
two of these into one group is dropped (*cannot-link*). So a DOI that two arXiv records claim joins neither: in arXiv's own
metadata nearly all such pairs are typing mistakes or sequels. The exceptions: an arXiv id itself is decisive, whatever DOIs
its records name; and two arXiv ids are one paper when title, all authors and (the abstract or a DOI) are equal. "Part I" and
"Part II" have different titles, and corrections, comments and replies have no title key, so they never match by title.

Edges are tried in a fixed order (rule, then bucket, then the entries' own names) and never in the order of arrival.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from digest.catalog.names import author_key
from digest.catalog.tex import readable
from digest.catalog.titles import title_key
from digest.model import Entry, Identifier, Scheme

MOST_HEADS: Final = 16
"""How many mutually unlinkable groups of one bucket an entry is compared with; keeps hostile buckets linear."""


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """Entries ``a`` and ``b`` (indexes) are the same paper by ``rule``; ``evidence`` is what they share."""

    a: int
    b: int
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of evidence. ``decisive`` evidence overrides contradicting names, except two arXiv ids."""

    name: str
    keys: Callable[[Entry], Iterable[str]]
    agree: Callable[[Entry, Entry], bool]
    decisive: bool = False


def match(entries: Sequence[Entry]) -> tuple[Edge, ...]:
    """The edges that hold the groups together (a spanning forest, sorted), each with its rule and evidence."""
    return _link(entries)[0]


def group(entries: Sequence[Entry]) -> tuple[tuple[int, ...], ...]:
    """The indexes of ``entries``, one sorted tuple per paper, sorted; the same partition for every order of entries."""
    _, root_of = _link(entries)
    groups: dict[int, list[int]] = defaultdict(list)
    for index, root in enumerate(root_of):
        groups[root].append(index)
    return tuple(sorted(tuple(members) for members in groups.values()))


# ── rules, strongest first ──────────────────────────────────────────────────────────────────────────────────


def _always(_: Entry, __: Entry) -> bool:
    return True


def _record(entry: Entry) -> Iterable[str]:
    return (f"{entry.source}\x1f{entry.key}",)


def _arxiv_ids(entry: Entry) -> Iterable[str]:
    return (str(identifier) for identifier in entry.identifiers if identifier.scheme is Scheme.ARXIV)


def _registered(entry: Entry) -> Iterable[str]:
    return (str(i) for i in entry.identifiers if i.scheme not in {Scheme.ARXIV, Scheme.URL})


def _addresses(entry: Entry) -> Iterable[str]:
    return (str(identifier) for identifier in entry.identifiers if identifier.scheme is Scheme.URL)


def _title(entry: Entry) -> Iterable[str]:
    key = title_key(entry.title)
    return (key,) if key else ()


def _authors(entry: Entry) -> frozenset[str]:
    return frozenset(key for name in entry.authors if (key := author_key(name)))


def _share_author(one: Entry, other: Entry) -> bool:
    """False also when either names no author: a title alone is not enough."""
    return not _authors(one).isdisjoint(_authors(other))


def _same_words(one: Entry, other: Entry) -> bool:
    """A web address that many items carry (a home page) joins only those that say the same."""
    return readable(one.title).casefold() == readable(other.title).casefold() or (
        title_key(one.title) == title_key(other.title) != "" and _share_author(one, other)
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(name="arXiv id", keys=_arxiv_ids, agree=_always, decisive=True),
    Rule(name="identifier", keys=_registered, agree=_always),
    Rule(name="web address", keys=_addresses, agree=_same_words),
    Rule(name="title and author", keys=_title, agree=_share_author),
)
_SAME_RECORD: Final = Rule(name="same record", keys=_record, agree=_always, decisive=True)

# ── names that exclude each other ───────────────────────────────────────────────────────────────────────────

_EXCLUSIVE: Final = frozenset({Scheme.ARXIV, Scheme.DOI, Scheme.ACL, Scheme.PMID, Scheme.PMCID})
_PREPRINT_DOIS: Final = (
    "10.48550/",  # arXiv
    "10.1101/0", "10.1101/1", "10.1101/2", "10.1101/3", "10.1101/4", "10.1101/5", "10.1101/6", "10.1101/7", "10.1101/8",
    "10.1101/9", "10.64898/",  # bioRxiv and medRxiv (digits; Cold Spring Harbor's journals go on with letters)
    "10.21203/", "10.26434/", "10.20944/", "10.2139/ssrn", "10.36227/", "10.22541/", "10.31219/", "10.31222/",
    "10.31223/", "10.31224/", "10.31234/", "10.31235/", "10.31236/", "10.35542/", "10.5281/", "10.6084/", "10.2196/preprints",
)  # fmt: skip
"""Registrants of preprints and deposits, whose DOI stands beside a publisher's DOI of the same paper."""

Names = dict[Scheme, frozenset[str]]


def is_preprint_doi(identifier: Identifier) -> bool:
    """Does the DOI name a preprint or a deposit, so that a publisher's DOI may name the same paper?"""
    return identifier.scheme is Scheme.DOI and identifier.value.startswith(_PREPRINT_DOIS)


def _exclusive_names(entry: Entry, twin_of: dict[str, str]) -> Names:
    names: dict[Scheme, set[str]] = defaultdict(set)
    for identifier in entry.identifiers:
        if identifier.scheme in _EXCLUSIVE and not is_preprint_doi(identifier):
            names[identifier.scheme].add(twin_of.get(identifier.value, identifier.value))
    return {scheme: frozenset(values) for scheme, values in names.items()}


def _contradict(one: Names, other: Names, *, decisive: bool) -> bool:
    if len(one.get(Scheme.ARXIV, frozenset()) | other.get(Scheme.ARXIV, frozenset())) > 1:
        return True
    if decisive:
        return False
    shared_schemes = one.keys() & other.keys()
    return any(not (one[scheme] <= other[scheme] or other[scheme] <= one[scheme]) for scheme in shared_schemes)


def _arxiv_twins(entries: Sequence[Entry]) -> dict[str, str]:
    """arXiv ids that are one paper announced twice → the smallest of them: same title, same authors, and the same abstract
    or DOI. Both are equivalences of equal keys, so the answer can't depend on an order."""
    by_title: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if len(list(_arxiv_ids(entry))) == 1 and (key := title_key(entry.title)):
            by_title[key].append(entry)
    parent: dict[str, str] = {}

    def root(value: str) -> str:
        while parent.get(value, value) != value:
            value = parent[value]
        return value

    for namesakes in by_title.values():
        if len({next(iter(_arxiv_ids(entry))) for entry in namesakes}) < 2:
            continue
        first: dict[tuple[frozenset[str], str], str] = {}
        for entry in namesakes:
            authors = _authors(entry)
            if not authors:
                continue
            abstract = " ".join(readable(entry.abstract).casefold().split())
            dois = [str(i) for i in entry.identifiers if i.scheme is Scheme.DOI]
            own = next(i.value for i in entry.identifiers if i.scheme is Scheme.ARXIV)
            for proof in [abstract, *dois] if abstract else dois:
                one, other = sorted((root(own), root(first.setdefault((authors, proof), own))))
                parent[other] = one
    return {value: root(value) for value in parent}


# ── linking ─────────────────────────────────────────────────────────────────────────────────────────────────


def _canonical(entry: Entry) -> tuple[str, ...]:
    """A name for the entry that does not depend on where it stands; equal names mean equal evidence."""
    names = sorted(str(identifier) for identifier in entry.identifiers)
    return (entry.source, entry.key, *names, "\x1f", entry.title, *entry.authors, entry.abstract)


def _link(entries: Sequence[Entry]) -> tuple[tuple[Edge, ...], list[int]]:
    """(edges, the root of each entry's group)."""
    order = sorted(range(len(entries)), key=lambda index: _canonical(entries[index]))
    twin_of = _arxiv_twins(entries)
    root_of = list(range(len(entries)))
    names = [_exclusive_names(entry, twin_of) for entry in entries]
    edges: list[Edge] = []

    def root(index: int) -> int:
        while root_of[index] != index:
            root_of[index] = root_of[root_of[index]]
            index = root_of[index]
        return index

    def join(one: int, other: int, rule: Rule, evidence: str) -> bool:
        """True if the two are in one group afterwards."""
        keep, lose = root(one), root(other)
        if keep == lose:
            return True
        if not rule.agree(entries[one], entries[other]):
            return False
        if rule is not _SAME_RECORD and _contradict(names[keep], names[lose], decisive=rule.decisive):
            return False
        root_of[lose] = keep
        none: frozenset[str] = frozenset()
        schemes = names[keep].keys() | names[lose].keys()
        names[keep] = {scheme: names[keep].get(scheme, none) | names[lose].get(scheme, none) for scheme in schemes}
        edges.append(Edge(min(one, other), max(one, other), rule.name, evidence))
        return True

    for rule in (_SAME_RECORD, *RULES):
        buckets: dict[str, list[int]] = defaultdict(list)
        for index in order:
            for key in sorted(set(rule.keys(entries[index]))):
                buckets[key].append(index)
        for key in sorted(key for key, members in buckets.items() if len(members) > 1):
            heads: list[int] = []
            for index in buckets[key]:
                if not any(join(head, index, rule, _legible(key)) for head in heads[:MOST_HEADS]):
                    heads.append(index)
    return tuple(sorted(edges)), [root(index) for index in range(len(entries))]


def _legible(key: str) -> str:
    return key.replace("\x1f", " ")
