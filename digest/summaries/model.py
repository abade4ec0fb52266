"""The learnt numbers, and how they rate words and sentences.

    P(a person's summary uses this word)   = logistic(word's own weight + weight of its combination of traits)
    how good a sentence is to quote        = weights · measures + the weights of its cues
    how good a text of some sentences is   = expected F1 of its words + SENTENCE × how good its sentences are

The expected F1 of a text with n words is 2 Σ P(w) / (n + m), over its distinct words, m being a constant that stands
for the length of a person's summary: ROUGE-1, the measure that the numbers were chosen by, with words that may or may
not match.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat
from math import exp
from operator import mul

from digest.summaries.features import Abstract


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Made by training/tldr.py, read from digest/weights/tldr.json."""

    words: Mapping[str, float]
    unknown: float
    """The weight of a word that is not in ``words``."""
    traits: Sequence[float]
    measures: Sequence[float]
    cues: Mapping[str, float]
    summary_words: float
    """The m of the expected F1."""
    sentence: float
    """What a sentence's own rating counts beside the expected F1."""

    @classmethod
    @cache
    def shipped(cls) -> Model:
        return cls(**json.loads((files("digest.weights") / "tldr.json").read_text("utf-8")))

    def chances(self, abstract: Abstract) -> dict[str, float]:
        """For each stem of ``abstract``, the probability that a person's summary has it."""
        words, unknown, traits = self.words, self.unknown, self.traits
        return {
            stem: 1 / (1 + exp(-words.get(stem, unknown) - traits[combination]))
            for stem, combination in abstract.traits().items()
        }

    def rating(self, abstract: Abstract, index: int) -> float:
        """How good the sentence ``index`` is to quote, as a difference in F1 from the others'."""
        measured: float = sum(map(mul, self.measures, abstract.measures(index)))
        return measured + sum(map(self.cues.get, abstract.cues(index), repeat(0.0)))
