"""What somebody types into the search box → words, phrases and what must not be there. Every text is a question.

    sparse attention        words, any of which counts, all of which count more
    "sparse attention"      these words in this order, or not at all
    -survey  -"deep survey" without it

Nothing else has a meaning, so nothing can be written wrongly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from digest.ranking.tokens import tokenise

MOST_WORDS = 32
_PART = re.compile(
    r"""(?P<minus>(?<!\S)-)?(?:["\u201c\u201d](?P<phrase>[^"\u201c\u201d]*)(?:["\u201c\u201d]|$)|(?P<word>[^\s"\u201c\u201d]+))"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Words as :func:`digest.ranking.tokens.tokenise` makes them; ``text``: the wanted ones as they were typed."""

    words: tuple[str, ...] = ()
    """Each once; those of phrases too."""
    phrases: tuple[tuple[str, ...], ...] = ()
    without: tuple[tuple[str, ...], ...] = ()
    text: str = ""

    @property
    def empty(self) -> bool:
        """Nothing is wanted, whatever is unwanted."""
        return not self.words

    @property
    def has_phrases(self) -> bool:
        """Wanted or unwanted ones: what a paper's words must be read for."""
        return bool(self.phrases) or any(len(words) > 1 for words in self.without)


def parse_question(text: str) -> Question:
    """
    >>> parse_question('KV caches "sparse attention" -survey')
    Question(words=('kv', 'cache', 'sparse', 'attention'), phrases=(('sparse', 'attention'),), without=(('survey',),), \
text='KV caches sparse attention')
    """
    words: dict[str, None] = {}
    phrases: list[tuple[str, ...]] = []
    without: list[tuple[str, ...]] = []
    said: list[str] = []
    for part in _PART.finditer(text[:2000]):
        phrase = part["phrase"]
        given = phrase if phrase is not None else part["word"]
        tokens = tuple(tokenise(given))
        if not tokens:
            continue
        if part["minus"]:
            without.append(tokens)
            continue
        said.append(given)
        words.update(dict.fromkeys(tokens))
        if phrase is not None:
            phrases.append(tokens)
    return Question(
        words=tuple(words)[:MOST_WORDS],
        phrases=tuple(phrases[:MOST_WORDS]),
        without=tuple(without[:MOST_WORDS]),
        text=" ".join(said),
    )
