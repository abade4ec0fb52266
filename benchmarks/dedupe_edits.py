"""The same paper as another source would tell it: seeded, realistic edits of a real record's title, authors, abstract.

What sources were seen to do, and nothing stronger: a journal changes a title's case and some of its words, drops its
acronym or its subtitle; an index writes *Family, Given*, initials or plain ASCII and cuts long lists; an abstract is
cut after some characters or sentences, gets headings, loses its TeX, is edited word by word, or is not there at all.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

_SWAPS: Final = (
    ("large language models", "LLMs"), ("llms", "large language models"), ("via", "using"), ("using", "with"),
    ("based on", "using"), ("approach", "method"), ("method", "approach"), ("framework", "system"),
    ("a study of", "on"), ("an empirical study of", "evaluating"), ("analysis of", "analyzing"), ("efficient", "fast"),
    ("improving", "enhancing"), ("enhancing", "improving"), ("leveraging", "using"), ("through", "by"),
    ("neural networks", "deep networks"), ("deep neural networks", "DNNs"), ("toward", "towards"), ("for", "in"),
    ("reinforcement learning", "RL"), ("modeling", "modelling"), ("and", "&"), ("novel", "new"), ("estimating",
    "estimation of"), ("learning to", "on learning to"), ("optimization", "optimisation"), ("behavior", "behaviour"),
)  # fmt: skip
_SYNONYMS: Final = {
    "propose": "present", "proposed": "presented", "show": "demonstrate", "shows": "demonstrates", "novel": "new",
    "however": "yet", "significantly": "substantially", "existing": "current", "approach": "method", "paper": "work",
    "method": "approach", "introduce": "present", "achieves": "attains", "improves": "enhances", "using": "with",
    "demonstrate": "show", "results": "findings", "which": "that", "also": "further", "while": "whereas", "use":
    "employ", "framework": "system", "furthermore": "moreover", "moreover": "in addition", "challenging": "difficult",
    "recent": "latest", "model": "network", "many": "numerous", "various": "several", "important": "key", "large":
    "big", "find": "observe", "thus": "hence", "provide": "give", "we": "the authors", "our": "the", "study": "work",
}  # fmt: skip
LEAST_LEFT: Final = 4
"""Words of a title that nobody cuts further."""
_SMALL: Final = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "via", "with")
)
_PARTICLES: Final = frozenset(("da", "de", "del", "der", "di", "dos", "du", "el", "la", "le", "van", "von", "zu"))
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_PREFIXES: Final = ("Towards ", "On ", "A Study of ", "Rethinking ")
_SUFFIXES: Final = (
    ": A Case Study",
    " (Extended Abstract)",
    ": An Empirical Study",
    " [Preprint]",
    ": Theory and Practice",
)


def other_case(title: str, rng: random.Random) -> str:
    """Sentence case, title case or capitals, and another dash or no final full stop."""
    words = title.split()
    style = rng.randrange(3)
    if style == 0:
        words = [words[0], *(word.lower() if word[1:].islower() else word for word in words[1:])]
    elif style == 1:
        words = [word if word.lower() in _SMALL else word[:1].upper() + word[1:] for word in words]
    else:
        words = [word.upper() for word in words]
    return " ".join(words).replace("-", rng.choice(("-", "\u2010", "\u2013", " ")))


def other_words(title: str, rng: random.Random) -> str:
    """One or two changes of wording: a phrase swapped, the acronym or the subtitle dropped, a prefix, a word less."""
    changes: list[Callable[[str], str]] = []
    swaps = [(old, new) for old, new in _SWAPS if re.search(rf"\b{old}\b", title, re.IGNORECASE)]
    if swaps:
        old, new = rng.choice(swaps)
        changes.append(lambda text: re.sub(rf"\b{old}\b", new, text, count=1, flags=re.IGNORECASE))
    head, colon, tail = title.partition(": ")
    parts = (len(head.split()), len(tail.split())) if colon else (0, 0)
    if parts[1] >= LEAST_LEFT:
        changes.append(lambda text: text.partition(": ")[2] or text)
    if min(parts) >= LEAST_LEFT:
        changes.append(lambda text: text.partition(": ")[0])
    changes.append(lambda text: _without_a_word(text, rng))
    changes.append(lambda text: rng.choice(_PREFIXES) + text)
    changes.append(lambda text: text + rng.choice(_SUFFIXES))
    for change in rng.sample(changes, min(len(changes), rng.choice((1, 1, 2)))):
        title = change(title)
    return title


def _without_a_word(title: str, rng: random.Random) -> str:
    words = title.split()
    if len(words) > LEAST_LEFT:
        del words[rng.randrange(len(words))]
    return " ".join(words)


def other_authors(authors: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """*Family, Given*, initials, plain ASCII, the first few only; each with its own chance."""
    style, plain, cut = rng.randrange(3), rng.random() < 0.5, rng.random() < 0.3
    kept = authors[: rng.choice((1, 3, 5))] if cut else authors
    names = (_without_accents(name) if plain else name for name in kept)
    return tuple(_spelled(name, style) for name in names)


def _spelled(name: str, style: int) -> str:
    name = re.sub(r"\s*\([^)]*\)?", "", name)
    words = name.split()
    at = next((i for i, word in enumerate(words) if i and word.lower() in _PARTICLES), len(words) - 1)
    given, family = " ".join(words[:at]), " ".join(words[at:])
    if not given or style == 0 or "\\" in name or ")" in name:
        return name
    initials = " ".join(f"{part[0]}." for part in given.split())
    return f"{family}, {given}" if style == 1 else f"{family}, {initials}"


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def truncated(abstract: str, rng: random.Random) -> str:
    """The opening only: some sentences, or some characters and an ellipsis."""
    if rng.random() < 0.5:
        sentences = _SENTENCE.split(abstract)
        return " ".join(sentences[: max(1, round(len(sentences) * rng.uniform(0.3, 0.8)))])
    return abstract[: max(200, round(len(abstract) * rng.uniform(0.3, 0.8)))].rsplit(" ", 1)[0] + "\u2026"


def rewritten(abstract: str, rng: random.Random) -> str:
    """Edited for a journal: synonyms, a sentence less, two exchanged, words dropped, headings, no TeX."""
    sentences = _SENTENCE.split(re.sub(r"[$\\{}]", "", abstract))
    for _ in range(len(sentences) // 4):
        del sentences[rng.randrange(len(sentences))]
    if len(sentences) > 1 and rng.random() < 0.5:
        at = rng.randrange(len(sentences) - 1)
        sentences[at], sentences[at + 1] = sentences[at + 1], sentences[at]
    words = " ".join(sentences).split()
    kept = [_synonym(word, rng) for word in words if rng.random() > 0.05]
    return (rng.choice(("", "", "Abstract. ", "BACKGROUND: ")) + " ".join(kept)).strip()


def _synonym(word: str, rng: random.Random) -> str:
    other = _SYNONYMS.get(word.lower())
    if other is None or rng.random() < 0.2:
        return word
    return other.capitalize() if word[0].isupper() else other
