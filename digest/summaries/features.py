"""An abstract as numbers: what the model sees of each sentence and of each word.

Of a *sentence*: measures (its place, length, words shared with the title and with the other sentences) and cues, short
word sequences such as "we propose", "^ however" and the word that opens the next sentence. Of a *word*: in how many
sentences it stands, and in which of them. Everything is counted or looked up, nothing is searched for: that is what
makes a paper cost a fraction of a millisecond.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

_SIGNS = """!"#$%&'()*+,-./:;<=>?@[]^_`{|}~\\“”‘’„«»‐‑‒–—―…·•×±−→↑↓≤≥≈∼°′\u00a0\u2009\u202f"""
_FOLDED = str.maketrans({**dict.fromkeys(_SIGNS, " "), **dict.fromkeys("0123456789", "0")})
_DULL_STEMS = """
    a an the and or of in on for to with from by as at is are be been was were this that these those it its we our
    their they which can has have had not but also into via using use used than more most such between over under
    through both while when where how what new based show propos paper method approa result model models howeve
    i e g et al 0
"""
DULL = frozenset(_DULL_STEMS.split())
"""Stems that say nothing of what a text is about."""

TRAITS = 2 * 4 * 2 * 2 * 2 * 2 * 3
"""How many combinations of traits a word can have: see :meth:`Abstract.traits`."""


def stems(text: str) -> list[str]:
    """Folded words cut to six letters ("compressing" meets "compression"); what starts with a digit is ``0``."""
    return ["0" if word[0] == "0" else word[:6] for word in text.lower().translate(_FOLDED).split()]


@dataclass(frozen=True, slots=True)
class Abstract:
    """The sentences of one abstract, counted."""

    parts: tuple[list[str], ...]
    """The stems of each sentence."""
    sets: tuple[frozenset[str], ...]
    title: frozenset[str]
    topic: frozenset[str]
    """The title's stems that say what it is about."""
    name: str
    """What the title calls the thing before its colon: a stem, or empty."""
    spread: Counter[str]
    """In how many sentences each stem stands."""
    own: int
    """The first sentence that speaks of "we" or "this paper"; their number if none does."""

    @classmethod
    def of(cls, title: str, sentences: Sequence[str]) -> Abstract:
        parts = tuple(stems(sentence) for sentence in sentences)
        sets = tuple(frozenset(part) for part in parts)
        spread: Counter[str] = Counter()
        for words in sets:
            spread.update(words)
        in_title = stems(title)
        named = stems(title.partition(":")[0]) if 0 < title.find(":") < 40 else []
        return cls(
            parts=parts,
            sets=sets,
            title=frozenset(in_title),
            topic=frozenset(in_title) - DULL,
            name=named[0] if named else "",
            spread=spread,
            own=next((index for index, words in enumerate(parts) if _speaks_of_itself(words)), len(parts)),
        )

    def traits(self) -> dict[str, int]:
        """By stem, the number of its combination of traits, 0 … ``TRAITS`` - 1."""
        count = len(self.parts)
        of_size = 128 * (0 if count < 5 else 1 if count < 8 else 2)
        found = {stem: of_size + 32 * (spread - 1 if spread < 4 else 3) for stem, spread in self.spread.items()}
        nothing: frozenset[str] = frozenset()
        own = self.sets[self.own] if self.own < count else nothing
        after = self.sets[self.own + 1] if self.own + 1 < count else nothing
        for words, worth in (
            (self.title & found.keys(), 16),
            (own, 8),
            (after, 4),
            (self.sets[0], 2),
            (self.sets[-1], 1),
        ):
            for stem in words:
                found[stem] += worth
        return found

    def cues(self, index: int) -> set[str]:
        """Stems and pairs of stems of a sentence, ``^`` before the first; ``<``, ``>`` with its neighbours' first."""
        words = self.parts[index]
        found = {f"{one} {two}" for one, two in zip(["^", *words], words, strict=False)}
        found |= self.sets[index]
        if index:
            found.add("<" + "".join(self.parts[index - 1][:1]))
        if index + 1 < len(self.parts):
            found.add(">" + "".join(self.parts[index + 1][:1]))
        return found

    def measures(self, index: int) -> list[float]:
        """The numbers of one sentence, each of the order of one."""
        words, known = self.parts[index], self.sets[index]
        topic = known - DULL
        count, size = len(self.parts), len(words)
        others = max(count - 1, 1)
        shared = len(topic & self.topic)
        covered = shared / max(len(self.topic), 1)
        central = [self.spread[stem] - 1 for stem in topic]
        from_end, after_own = count - 1 - index, index - self.own
        return [
            1.0,
            index == 0,
            index == 1,
            index == 2,
            index == 3,
            from_end == 0,
            from_end == 1,
            from_end == 2,
            index / others,
            min(index, 8) / 8,
            log(count),
            after_own < 0,
            after_own == 0,
            after_own == 1,
            min(max(after_own, 0), 6) / 6,
            self.own / count,
            log(size + 1),
            size / 20,
            max(0, 8 - size) / 8,
            max(0, size - 14) / 10,
            max(0, size - 22) / 10,
            max(0, size - 30) / 10,
            max(0, size - 40) / 10,
            covered,
            covered**2,
            shared / max(len(topic), 1),
            min(shared, 6) / 6,
            self.name in known,
            sum(central) / max(len(central), 1) / others,
            sum(map(bool, central)) / max(len(central), 1),
            sum(central) / others / 5,
            len(topic) / max(size, 1),
            min(words.count("0"), 4) / 4,
            "http" in known,
        ]


def _speaks_of_itself(words: Sequence[str]) -> bool:
    if "we" in words or "our" in words:
        return True
    return "this" in words and any(
        first == "this" and second in {"paper", "work", "articl", "study"} for first, second in pairwise(words)
    )
