"""Labelled questions for benchmarks/dedupe.py: which stored paper, if any, is this text?

Answers come from how a question was made (an edit of a stored record), or from the data: pairs of records with other
ids that have an author in common and titles or abstracts that are alike, judged by other measures than the program's.

    resubmission   the same words in the title, or the very same abstract under a title half the same; the same authors
    hard negative  under half of the shorter abstract's runs of five words stand in the other one; or titles that
                   differ in their numbers; or one of the two is a correction or reply
    version        the rest, half of whose shorter abstract stands word for word in the other: mostly an early and a
                   late version (workshop and journal, preliminary and full); reported, but neither right nor wrong
"""

from __future__ import annotations

import dataclasses
import io
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import zstandard

from benchmarks.dedupe_edits import other_authors, other_case, other_words, rewritten, truncated
from digest.catalog.identifiers import parse
from digest.model import Entry

KINDS: Final = (
    "copy", "title case", "title wording", "authors", "abstract cut", "abstract rewritten",
    "title and abstract cut", "title and abstract rewritten", "no abstract",
)  # fmt: skip
MOST_SHARING: Final = 40
"""Records that share an author and a word of the title before the word says nothing."""
RUN: Final = 5
NEAR_TITLES, NEAR_ABSTRACTS, SAME_ABSTRACTS, MOST_AUTHORS = 0.5, 0.2, 0.5, 0.75

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\b(?:\d+\w*|[ivx]+|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|part)\b")
_NOTICE = re.compile(
    r"(?:author |publisher )?(?:correction|corrigendum|erratum|errata|addendum|comments?|reply|response)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``entry`` is ``answer`` (the key of a stored record) told again; None if its paper is not stored."""

    kind: str
    entry: Entry
    answer: str | None
    absent: str | None = None
    """The record that must not be stored for this question to be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    same: tuple[tuple[int, int], ...]
    hard: tuple[tuple[int, int], ...]
    versions: tuple[tuple[int, int], ...]


def read(path: Path) -> Iterator[Entry]:
    """The records of one file of arXiv metadata."""
    with path.open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
            record = json.loads(line)
            name = parse(_mended(record["id"]))
            yield Entry(
                source="arxiv",
                key=_mended(record["id"]),
                identifiers=(name,) if name else (),
                title=record["title"],
                abstract=record["abstract"],
                authors=tuple(record["authors"]),
            )


def _mended(arxiv_id: str) -> str:
    """Some ids of the 2019 sample were read as numbers: 1905.0261699999999 is 1905.02617, 710.5301 is 0710.5301."""
    month, dot, number = arxiv_id.partition(".")
    if not dot or not month.isdigit():
        return arxiv_id
    digits = 5 if int(month) >= 1501 else 4
    return f"{month.zfill(4)}.{round(float(f'0.{number}') * 10**digits):0{digits}d}"


def mine(entries: Sequence[Entry]) -> Pairs:
    """Pairs of different records with an author in common whose titles or abstracts are alike, labelled."""
    words = [frozenset(_WORD.findall(entry.title.lower())) for entry in entries]
    authors = [frozenset(map(_family, entry.authors)) for entry in entries]
    found: dict[str, list[tuple[int, int]]] = {"same": [], "hard": [], "version": []}
    for one, other in sorted(_alike_by_title(words, authors) | _alike_by_abstract(entries)):
        label = _label(entries[one], entries[other], words, authors, (one, other))
        if label and not authors[one].isdisjoint(authors[other]):
            found[label].append((one, other))
    return Pairs(same=tuple(found["same"]), hard=tuple(found["hard"]), versions=tuple(found["version"]))


def _alike_by_title(words: Sequence[frozenset[str]], authors: Sequence[frozenset[str]]) -> set[tuple[int, int]]:
    common = {word for word, count in Counter(w for each in words for w in each).items() if count > len(words) / 50}
    sharing: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, people in enumerate(authors):
        for word in words[index] - common:
            for author in people:
                sharing[(author, word)].append(index)
    pairs = {pair for members in sharing.values() if len(members) <= MOST_SHARING for pair in combinations(members, 2)}
    return {(one, other) for one, other in pairs if _jaccard(words[one], words[other]) >= NEAR_TITLES}


def _alike_by_abstract(entries: Sequence[Entry]) -> set[tuple[int, int]]:
    """By every sixteenth run of five words, chosen by its checksum."""
    sharing: dict[int, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        for run in _runs(entry.abstract):
            if (checksum := crc32(" ".join(run).encode())) % 16 == 0:
                sharing[checksum].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for members in sharing.values():
        if len(members) <= MOST_SHARING // 4:
            shared.update(combinations(members, 2))
    return {pair for pair, count in shared.items() if count > 1}


def _label(
    one: Entry,
    other: Entry,
    words: Sequence[frozenset[str]],
    authors: Sequence[frozenset[str]],
    pair: tuple[int, int],
) -> str | None:
    titles = _jaccard(words[pair[0]], words[pair[1]])
    people = len(authors[pair[0]] & authors[pair[1]]) / max(1, min(len(authors[pair[0]]), len(authors[pair[1]])))
    runs, other_runs = _runs(one.abstract), _runs(other.abstract)
    abstracts = _jaccard(runs, other_runs)
    contained = len(runs & other_runs) / max(1, min(len(runs), len(other_runs)))
    if titles < NEAR_TITLES and abstracts < NEAR_ABSTRACTS:
        return None
    notices = [bool(_NOTICE.match(entry.title.lower())) for entry in (one, other)]
    numbers = [frozenset(_NUMBER.findall(entry.title.lower())) for entry in (one, other)]
    if notices[0] != notices[1] or (numbers[0] != numbers[1] and all(numbers)):
        return "hard"
    equal = titles == 1 or (titles >= NEAR_TITLES and _plain(one.abstract) == _plain(other.abstract))
    if equal and people >= MOST_AUTHORS:
        return "same"
    return "hard" if contained < SAME_ABSTRACTS else "version"


def _family(name: str) -> str:
    return re.sub(r"\s*\(.*", "", name).rpartition(" ")[2].lower()


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return frozenset(zip(*(words[at:] for at in range(RUN)), strict=False))


def _jaccard(one: frozenset[Any], other: frozenset[Any]) -> float:
    return len(one & other) / max(1, len(one | other))


def edits(entries: Sequence[Entry], pairs: Pairs, *, each: int, rng: random.Random) -> list[Question]:
    """``each`` questions of every kind of edit, and twice as many about papers that are not stored."""
    paired = {index for pair in (*pairs.same, *pairs.hard, *pairs.versions) for index in pair}
    single = [index for index in range(len(entries)) if index not in paired]
    rng.shuffle(single)
    each = min(each, len(single) // (len(KINDS) + 2))
    asked = [
        Question(kind=kind, entry=_disguised(entry, kind, rng), answer=entry.key)
        for kind in KINDS
        for entry in (entries[single.pop()] for _ in range(each))
    ]
    absent = [entries[single.pop()] for _ in range(2 * each)]
    return [*asked, *(Question(kind="new", entry=_renamed(entry), answer=None, absent=entry.key) for entry in absent)]


def found(entries: Sequence[Entry], pairs: Pairs, *, domain: str = "") -> list[Question]:
    """The mined pairs as questions: resubmissions under their own ids, hard negatives and versions without."""
    stored = {one for one, _ in (*pairs.same, *pairs.hard, *pairs.versions)}
    asked = []
    for one, other in pairs.same:
        if other not in stored:
            entry = entries[other]
            asked.append(Question(kind=f"resubmission{domain}", entry=entry, answer=entries[one].key, absent=entry.key))
    for kind, mined in (("version", pairs.versions), ("hard negative", pairs.hard)):
        for one, other in mined:
            if other not in stored:
                entry = _renamed(entries[other])
                answer = entries[one].key if kind == "version" else None
                asked.append(Question(kind=f"{kind}{domain}", entry=entry, answer=answer, absent=entries[other].key))
    return list({question.absent: question for question in asked}.values())


def _renamed(entry: Entry) -> Entry:
    """The same words from a source that does not know the arXiv id."""
    return dataclasses.replace(entry, source="journal", key=f"again {entry.key}", identifiers=())


def _disguised(entry: Entry, kind: str, rng: random.Random) -> Entry:
    title, abstract = entry.title, entry.abstract
    retitle: Callable[[str, random.Random], str] = other_case if kind == "title case" else other_words
    if kind.startswith("title") or kind == "no abstract":
        title = retitle(title, rng)
    if kind.endswith("cut"):
        abstract = truncated(abstract, rng)
    elif kind.endswith("rewritten"):
        abstract = rewritten(abstract, rng)
    elif kind == "no abstract":
        abstract = ""
    authors = entry.authors if kind == "copy" else other_authors(entry.authors, rng)
    return dataclasses.replace(_renamed(entry), title=title, abstract=abstract, authors=authors)
