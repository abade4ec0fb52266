"""The default summary: the two sentences of the abstract that say most, quoted.

It cannot invent: every word is the author's. Only a leading "In this paper, " or "Results: " is taken off, and a
sentence of more than 60 words is cut at a word. The score is a sum of a few visible weights; they were set by hand and
checked against SciTLDR's training set (benchmarks decide about learnt ones).
"""

from __future__ import annotations

import re
from functools import lru_cache

from digest.model import Summary
from digest.summaries import cues
from digest.summaries.sentences import sentences

LONGEST_WORDS = 60
_READ_CHARS = 20_000
"""An abstract is at most a page; more than this is a broken feed, and only its beginning is read."""


_WORD = re.compile(r"[^\W_]{3,}")
_STOP_WORDS = """
    the and for with from via into using towards toward based are can how what why when its our that this more
    less than not beyond through over under between large new
"""
_DULL = frozenset(_STOP_WORDS.split())


def _content_words(text: str) -> frozenset[str]:
    """Words of folded ``text`` with three letters or more, cut to six: "compressing" meets "compression"."""
    return frozenset(word[:6] for word in _WORD.findall(text) if word not in _DULL)


def _score(sentence: str, index: int, count: int, title_words: frozenset[str], name: str) -> float:
    """How much ``sentence`` (the ``index``-th of ``count``) says about what was done and what came of it.

    ``title_words`` and ``name`` (what the title calls the thing before its colon) are folded.
    """
    label = cues.LABEL.match(sentence)
    body = (sentence[label.end() :] if label else sentence).lower()
    length = body.count(" ") + 1
    wording = sum(weight for pattern, weight in cues.WEIGHTS if pattern.search(body))
    results = min(0.35 * len(cues.RESULT.findall(body)), 0.9)
    section = cues.LABEL_WEIGHT.get(sentence[0].lower(), 0.0) if label else 0.0
    title = 1.2 * len(_content_words(body) & title_words) / max(len(title_words), 1) + (
        0.35 if name and name in body else 0.0
    )
    position = -0.2 * (index == 0 and count > 3) + 0.2 * (index == count - 1)
    alone = -0.5 if index and cues.LEANS_ON_BEFORE.match(body) else 0.0
    size = -1.0 if length < 7 else -0.02 * max(length - 40, 0)
    return wording + results + section + title + position + alone + size


# ── what is shown of it ─────────────────────────────────────────────────────────────────────────────────────

_LEAD = re.compile(
    r"^(?:(?:in|with) this (?:paper|work|article|study|letter|report|thesis|survey)|to (?:this|that) end|"
    r"to (?:address|tackle|solve|overcome|mitigate|fill|bridge|remedy|resolve) (?:this|these|that|the|such)"
    r"(?: \w+){0,2}|in addition|additionally|moreover|furthermore|finally|specifically|in particular|concretely|"
    r"importantly|notably|crucially|therefore|thus|hence|however|consequently|accordingly|in summary|overall|also|"
    r"besides|as a result|to our knowledge|in response|for this purpose|motivated by this|here),? "
    r"(?=(?:we|our|the|this|it|extensive|experiments?|results?|a|an)\b)",
    re.IGNORECASE,
)
_ENUMERATOR = re.compile(r"^\(?(?:\d|[ivx]{1,3})\)\s+")
_INNER_CAPITAL = re.compile(r"^\w+[A-Z]")


def _capitalised(text: str) -> str:
    """First letter upper case, unless the first word is one like "mRNA" or "iPhone"."""
    first = text.split(" ", 1)[0]
    return text if _INNER_CAPITAL.match(first) else text[:1].upper() + text[1:]


def _shown(sentence: str) -> str:
    """``sentence`` without its label, number and leading connective, and at most ``LONGEST_WORDS`` long."""
    body = _ENUMERATOR.sub("", sentence)
    if label := cues.LABEL.match(body):
        body = _capitalised(body[label.end() :])
    if lead := _LEAD.match(body):
        body = _capitalised(body[lead.end() :])
    words = body.split(" ")
    if len(words) > LONGEST_WORDS:
        body = " ".join(words[:LONGEST_WORDS]).rstrip(" ,;:.–—-(") + " …"
    if len(body) > 700:  # one "word" of a thousand letters is no word
        body = body[:700].rsplit(" ", 1)[0][:700].rstrip(" ,;:.–—-(") + " …"
    return body


@lru_cache(maxsize=8192)
def summarise(title: str, abstract: str) -> Summary:
    """Quote the two best sentences of ``abstract``, in its order; an empty abstract gives an empty summary.

    The second is chosen for what it adds: words in common with the first count against it, and so does a second
    "we propose" where a result could stand. Cached, since one paper goes to many readers; about 0.5 ms else.
    """
    parts = sentences(abstract[:_READ_CHARS])
    if not parts:
        return Summary("")
    if len(parts) == 1:
        return Summary(_shown(parts[0]))
    folded = [part.lower() for part in parts]
    title_words = _content_words(title.lower())
    name = title.partition(":")[0].lower() if ":" in title[:40] else title.lower()
    count = len(parts)
    scores = [_score(part, index, count, title_words, name) for index, part in enumerate(parts)]
    first = max(range(count), key=lambda index: (scores[index], -index))
    said = _content_words(folded[first])
    proposed = bool(cues.CONTRIBUTION.search(folded[first]))

    def adds(index: int) -> tuple[float, int]:
        words = _content_words(folded[index])
        repeats = len(words & said) / max(len(words), 1)
        proposes_again = proposed and cues.CONTRIBUTION.search(folded[index]) and not cues.RESULT.search(folded[index])
        return scores[index] - 1.2 * repeats - (0.7 if proposes_again else 0.0), -index

    second = max((index for index in range(count) if index != first), key=adds)
    if scores[second] < -1.0:  # a link to code or half a thought is worse than nothing
        return Summary(_shown(parts[first]))
    return Summary(_shown(parts[min(first, second)]), _shown(parts[max(first, second)]))
