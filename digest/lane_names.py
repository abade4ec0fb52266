"""A good short name for an interest: what the reader will see as a heading in the mail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from digest import arxiv_categories
from digest.model import Identifier

MAX_NAME = 60

# Words that stand in the titles of every field and name none.
COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        a about across all an analysis and application applications approach approaches are as at based be beyond by
        can case comparative comprehensive data deep do does effective efficient evaluation fast for framework from
        general how improved improving in into introduction investigation is it its large learning method methods
        model modeling models need neural new note novel of on or out over overview paper problem problems process
        report research results review robust s scalable simple some studies study survey system systems task tasks
        technique that the their theory through to toward towards two under understanding unified up use using via
        we what when where which why with without you your
        """,
    )
)


def name_of(
    *,
    phrases: Sequence[str] = (),
    categories: Sequence[str] = (),
    authors: Sequence[str] = (),
    examples: Sequence[Identifier] = (),
) -> str:
    """The name of a lane that has none: its first phrase, else its authors, categories or examples, in that order."""
    if phrases:
        return capitalised(phrases[0])
    if authors:
        return _short(f"Papers by {_some(authors)}")
    if categories:
        return _short(_some([arxiv_categories.name_of(category) for category in categories]))
    if examples:
        return _short(f"Papers like {examples[0].value}")
    return "Everything"


def capitalised(phrase: str) -> str:
    """``sparse attention`` → ``Sparse attention``; ``mRNA vaccines`` and ``KV cache`` stay as they are."""
    first = phrase.split(" ", 1)[0]
    return _short(phrase[:1].upper() + phrase[1:] if first.islower() and len(first) > 1 else phrase)


def name_from_titles(titles: Iterable[str]) -> str | None:
    """The most typical words of a set of titles: a pair of words that recurs, else the two most frequent ones.

    None when no word recurs: then the titles have nothing in common to be named after.
    """
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    spelled: dict[str, str] = {}
    for title in titles:
        tokens = re.findall(r"[^\W_]+(?:-[^\W_]+)*", title)
        folded = [token.casefold() for token in tokens]
        for token, fold in zip(tokens, folded, strict=True):
            # GPU and mRNA keep their capitals; Title Case is only the title's.
            spelled.setdefault(fold, token if sum(map(str.isupper, token[1:])) else fold)
        telling = [_is_telling(fold) for fold in folded]
        words.update({fold for fold, tells in zip(folded, telling, strict=True) if tells})
        pairs.update({(folded[i], folded[i + 1]) for i in range(len(folded) - 1) if telling[i] and telling[i + 1]})
    if pairs and (best := max(pairs.items(), key=lambda item: (item[1], item[0])))[1] > 1:
        return capitalised(" ".join(spelled[word] for word in best[0]))
    recurring = [word for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])) if count > 1]
    if not recurring:
        return None
    return capitalised(" and ".join(spelled[word] for word in recurring[:2]))


def unused(name: str, taken: Iterable[str]) -> str:
    """``name``, or ``name (2)`` and so on, so that no two lanes of a reader are called the same (letter case aside)."""
    folded = {other.casefold() for other in taken}
    if name.casefold() not in folded:
        return name
    return next(
        candidate
        for number in range(2, len(folded) + 3)
        if (candidate := f"{name} ({number})").casefold() not in folded
    )


def _is_telling(word: str) -> bool:
    return len(word) > 2 and word not in COMMON and not word.isdigit()


def _some(names: Sequence[str]) -> str:
    return (
        names[0] if len(names) == 1 else f"{names[0]} and {names[1]}" if len(names) == 2 else f"{names[0]} and others"
    )


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}…"
