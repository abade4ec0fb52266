"""Whether a text about a paper says only what the paper's abstract says, as far as looking at words can tell.

    figures     every figure stands in the abstract, with the same unit behind it; numbers in words too
    degrees     so does every word of degree or direction: "outperforms", "significantly", "increases", "first"
    negations   what the text denies the abstract denies, and what the abstract only denies the text does not claim
    words       most of its words are the title's or the abstract's: another subject or another language is refused

Made for texts of language models, which read well also where they are wrong. It is strict on purpose: what is refused
costs nothing but the fall back to the abstract's own sentence. What it can't see is a true word at a wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from digest.summaries.features import DULL, stems
from digest.summaries.sentences import sentences

FEWEST_WORDS, MOST_WORDS, MOST_CHARS, MOST_SENTENCES = 5, 60, 420, 2
_OWN_WORDS = 0.6
"""The least share of a text's telling words that title or abstract must have."""
_SCOPE = 4
"""Words behind a negation that it is taken to deny."""

_PIECES = re.compile(r"[\s/]+|(?<=\w)[-‐‑–—](?=\w)|[—–]")
_EDGES = "()[]{}\"'“”‘’„«».,;:!?…*"
_LOOSE_UNIT = re.compile(r"(?<=\d)\s+(?=[%×°])")
_BARE = re.compile(r"[+−-]?\d[\d.,]*")
_NUMBER_WORDS = """
    zero two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy
    eighty ninety hundred hundreds thousand thousands million millions billion billions trillion half third quarter
    twice thrice double doubles doubled triple triples tripled dozen dozens
"""
_NUMBERS = frozenset(_NUMBER_WORDS.split())
_DEGREES = frozenset(
    stem
    for stem in stems(
        """increases decreases reduces lowers higher lower raises improves worse worst better faster slower fewer less
        larger smaller greater best least always all every never significant significantly substantially dramatically
        considerably markedly drastically consistently state outperforms surpasses exceeds matches beats first proves
        guarantees superior inferior halves eliminates causes unprecedented robust optimal novel safe cheaper"""
    )
)
_DENIAL_WORDS = """
    not no nor none never neither without cannot hardly barely unless except fails fail failed lacks lack lacking
"""
_DENIES = frozenset(_DENIAL_WORDS.split())
_CLAUSES = frozenset(("and", "but", "while", "yet", "which", "wherea", "althou", "thereb"))
_MARKUP = re.compile(r"https?:|www\.|\*\*|[<>`#{}\\|]|[\x00-\x1f\x7f]")


def objections(text: str, *, title: str, abstract: str) -> tuple[str, ...]:
    """Why ``text`` must not stand for the abstract, each reason in a few words; none if it may."""
    if len(text) > MOST_CHARS:
        return (f"{len(text)} characters",)
    return tuple(
        dict.fromkeys(
            [
                *_of_form(text),
                *_of_figures(text, f"{title}. {abstract}"),
                *_of_degrees(text, f"{title} {abstract}"),
                *_of_negations(text, abstract),
                *_of_words(text, f"{title} {abstract}"),
            ]
        )
    )


def _of_form(text: str) -> Iterator[str]:
    words = len(text.split())
    if not FEWEST_WORDS <= words <= MOST_WORDS:
        yield f"{words} words"
    if len(sentences(text)) > MOST_SENTENCES:
        yield "more than two sentences"
    if not text.rstrip("\"'”’)").endswith((".", "!", "?", "。")):
        yield "no whole sentence"
    if _MARKUP.search(text):
        yield "markup or a link"


def _pieces(text: str) -> list[str]:
    """Words without the punctuation around them; ``4-bit`` is two, and ``4 %`` is one."""
    pieces = (piece.strip(_EDGES) for piece in _PIECES.split(_LOOSE_UNIT.sub("", text.lower())))
    return [piece for piece in pieces if piece]


def _of_figures(text: str, told: str) -> Iterator[str]:
    source = [*_pieces(told), ""]
    known, pairs = set(source), set(pairwise(source))
    for sentence in sentences(text):
        for piece, unit in pairwise([*_pieces(sentence), ""]):
            if not any(sign.isdigit() for sign in piece) and piece not in _NUMBERS:
                continue
            if piece not in known:
                yield f"{piece!r} is not in the abstract"
            elif unit and (_BARE.fullmatch(piece) or piece in _NUMBERS) and (piece, unit) not in pairs:
                yield f"{piece} {unit!r} is not in the abstract"


def _of_degrees(text: str, told: str) -> Iterator[str]:
    for stem in sorted((set(stems(text)) & _DEGREES) - set(stems(told))):
        yield f"says {stem!r}, which the abstract does not"


def _of_negations(text: str, abstract: str) -> Iterator[str]:
    claimed, denied = _polarity(abstract)
    says, refuses = _polarity(text)
    for stem in sorted(says & (denied - claimed)):
        yield f"claims {stem!r}, which the abstract denies"
    for scope in _denials(text):
        if not denied.intersection(scope):
            yield f"denies {' '.join(scope) or 'something'!r}, which the abstract does not"
    for stem in sorted((refuses - says) & (claimed - denied)):
        yield f"denies {stem!r}, which the abstract claims"


def _polarity(text: str) -> tuple[set[str], set[str]]:
    """The telling stems that a text claims, and those that it denies; one may be both."""
    denied = {word.place: word.stem for scope in _scopes(text) for word in scope}
    claimed = {word.stem for word in _marked(text) if word.place not in denied and not word.denies}
    return claimed - DULL, set(denied.values()) - DULL


def _denials(text: str) -> Iterator[tuple[str, ...]]:
    """What each negation of a text denies."""
    for scope in _scopes(text):
        yield tuple(word.stem for word in scope if word.stem not in DULL)


@dataclass(frozen=True, slots=True)
class _Word:
    place: int
    stem: str
    denies: bool
    ends: bool
    """Whether no denial reaches beyond it: the end of a clause."""


def _scopes(text: str) -> Iterator[list[_Word]]:
    """The words that each negation reaches: some few, and not beyond its clause."""
    marked = _marked(text)
    for word in marked:
        if not word.denies:
            continue
        scope: list[_Word] = []
        for other in marked[word.place + 1 : word.place + 1 + _SCOPE]:
            if other.denies or other.stem in _CLAUSES:
                break
            scope.append(other)
            if other.ends:
                break
        yield scope


def _marked(text: str) -> list[_Word]:
    """The stems of a text; "not only" denies nothing."""
    words = text.lower().replace("n't", " not").replace("n’t", " not").replace("not only", "only").split()
    found: list[_Word] = []
    for word in words:
        for stem in stems(word):
            denies = word.strip(_EDGES) in _DENIES
            found.append(_Word(len(found), stem, denies, word.endswith((",", ".", ";", ":", "!", "?"))))
    return found


def _of_words(text: str, told: str) -> Iterator[str]:
    telling = set(stems(text)) - DULL
    if len(telling & set(stems(told))) < _OWN_WORDS * len(telling) or not telling:
        yield "most of its words are not the abstract's"
