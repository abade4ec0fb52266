"""The default summary: what the abstract itself says best, in one or two of its sentences.

    abstract ─sentences─▶ ─features─▶ ─model─▶ the most promising ─trimming─▶ their shorter forms
             ─▶ the best text of one form, or of two that are short: the TLDR ─▶ one more sentence, if it adds something

It cannot invent: every word is the author's, in the author's order. What stands alone is preferred, since a TLDR is
read without the sentence before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product, repeat

from digest.model import Summary
from digest.summaries.features import Abstract, stems
from digest.summaries.highlights import highlights
from digest.summaries.model import Model
from digest.summaries.sections import sections
from digest.summaries.sentences import sentences
from digest.summaries.trimming import clip, shorter, tidy

_READ_CHARS = 20_000
"""An abstract is at most a page; more than this is a broken feed, and only its beginning is read."""
_READ_SENTENCES = 60
_PROMISING = 4
"""Sentences that are trimmed and combined; the rest is left aside by its rating."""
_LONGEST_PAIR = 50
"""Words. Two sentences stand in a TLDR only if both are short."""
_MOST_FORMS = 3

_OWN = "paper|work|article|study|thesis|survey|report|letter|review|dissertation"
_OPENS_LEANING = re.compile(
    r"(?:it|its|they|their|them|these|those|this|such|that|he|she|moreover|furthermore|additionally|also|in addition|"
    r"besides|then|thus|therefore|hence|however|yet|but|nevertheless|nonetheless|second(?:ly)?|third(?:ly)?|last(?:ly)?|"
    r"for (?:example|instance)|as a result|consequently|both|by doing so|on the other hand|in contrast|instead|and|"
    r"otherwise|similarly|likewise|conversely|accordingly|"
    rf"the (?:latter|former|second|third|other|proposed|resulting|same))\b(?! (?:{_OWN}|is the first)\b)",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    rf"(?:\S+ ){{0,9}}?(?:this|these|such) (?!(?:{_OWN}|as|a|an|that|end)\b)\w",
    re.IGNORECASE,
)
_POINTERS = frozenset(("this", "these", "such"))
_LOGISTICS = re.compile(
    r"\b(?:code|data(?:sets?)?|models?|weights|project|demo|source|website|page|implementation|videos?|checkpoints)\b"
    r"[^.]{0,60}\b(?:available|released?|found|open-?sourced?|public(?:ly)?)\b|https?://|github\.com|\bwww\.|"
    r"\bwe (?:will )?(?:publicly )?(?:release|open-?source)|\b(?:be|are|is) (?:publicly )?released\b|"
    r"accepted (?:at|to|by)|^(?:keywords|index terms)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:outperform|surpass|achiev|results? (?:show|demonstrate|suggest|indicate|reveal)|experiments? (?:show|"
    r"demonstrate|on)|we (?:find|show|prove|observe)|improv(?:es|ing|ement)|reduc(?:es|ing|tion)|"
    r"\d+(?:\.\d+)? ?(?:%|×|x\b|points?\b))",
    re.IGNORECASE,
)
_MAY_BE_LOGISTICS = frozenset(
    stems(
        """available availability released release releases releasing found open opensource public publicly http https
        github www accepted keywords index"""
    )
)
_MAY_BE_RESULT = frozenset(
    stems(
        """outperforms surpasses achieves result results experiment experiments find show prove observe improve improves
        improvement reduces reducing reduction 0"""
    )
)
"""Without one of these stems the expressions above need not be tried."""
_SHORTEST_MORE, _LONGEST_MORE = 7, 42
"""Words. Less is a remark, and more is too much for a second thought."""
_FLAW = 0.05
"""What leaning on an unquoted sentence, or being cut off, costs in F1."""
_SECOND_THOUGHT = 0.1
"""What being a result is worth behind the TLDR, and what leaning or standing before it in the abstract costs."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to quote sentence ``index``: whole, or shortened."""

    index: int
    text: str
    count: int
    """Words, as the model counts them."""
    stems: frozenset[str]
    expected: float
    """How many of them a person's summary is expected to have."""
    rating: float
    """How good the whole sentence is to quote."""
    leans: bool
    """Whether it needs the sentence before it."""

    @property
    def flaws(self) -> int:
        return self.leans + self.text.endswith("…")


class Quoter:
    """The texts that may be quoted from one abstract, and what each is worth."""

    def __init__(self, model: Model, title: str, sentences: Sequence[str]) -> None:
        """``sentences`` are those of the abstract, labels and all, at least one."""
        self._model = model
        sectioned = sections(sentences)
        parts = [part for part, _ in sectioned]
        abstract = Abstract.of(title, parts)
        self._chances = model.chances(abstract)
        self.whole = tuple(
            self._form(
                index, part, len(abstract.parts[index]), abstract.sets[index], model.rating(abstract, index) + weight
            )
            for index, (part, weight) in enumerate(sectioned)
        )

    def _form(self, index: int, text: str, count: int, words: frozenset[str], rating: float) -> Form:
        return Form(index, text, count, words, self._expected(words), rating, _leans(text, words))

    def _expected(self, words: frozenset[str]) -> float:
        return sum(map(self._chances.get, words, repeat(0.0)))

    def forms(self, whole: Form) -> tuple[Form, ...]:
        """What may be shown of a sentence."""
        text = tidy(whole.text)
        found = []
        for shown in map(clip, (text, *shorter(text)[:_MOST_FORMS])):
            if shown == whole.text:
                found.append(whole)
                continue
            words = stems(shown)
            found.append(self._form(whole.index, shown, len(words), frozenset(words), whole.rating))
        return tuple(found)

    def worth(self, *forms: Form) -> float:
        """Of one form, or of two in the abstract's order."""
        if len(forms) == 1:
            (form,) = forms
            return self._sum(form.expected, form.count, form.rating) - _FLAW * form.flaws
        first, second = forms
        twice = self._expected(first.stems & second.stems)
        count = first.count + second.count
        rating = (first.rating * first.count + second.rating * second.count) / max(count, 1)
        flaws = first.flaws + second.flaws - (second.leans and second.index == first.index + 1)
        return self._sum(first.expected + second.expected - twice, count, rating) - _FLAW * flaws

    def _sum(self, expected: float, count: int, rating: float) -> float:
        # Sums over sets differ in the last digits from process to process; a tie must not.
        return round(2 * expected / (count + self._model.summary_words) + self._model.sentence * rating, 9)

    def best(self) -> tuple[Form, ...]:
        """One form, or two of different sentences in the abstract's order."""
        promising = sorted(self.whole, key=lambda form: (-self.worth(form), form.index))[:_PROMISING]
        forms = [self.forms(whole) for whole in sorted(promising, key=lambda form: form.index)]
        texts: list[tuple[Form, ...]] = [(form,) for group in forms for form in group]
        for first, second in combinations(forms, 2):
            texts += [pair for pair in product(first, second) if pair[0].count + pair[1].count <= _LONGEST_PAIR]
        return max(texts, key=lambda text: self.worth(*text))

    def more(self, quoted: Sequence[Form]) -> Form | None:
        """One further sentence, whole: the one that is best to quote and says least of what was ``quoted``."""
        said = frozenset[str]().union(*(form.stems for form in quoted))
        taken = {form.index for form in quoted}

        def adds(form: Form) -> float:
            fresh = self._expected(form.stems - said) / max(form.count, 1)
            leaning = form.leans and form.index - 1 not in taken
            result, earlier = _is_result(form), form.index < quoted[0].index
            return form.rating + fresh + _SECOND_THOUGHT * (result - earlier - leaning)

        rest = sorted(self.whole, key=lambda form: (-form.rating, form.index))
        rest = [form for form in rest if form.index not in taken and _is_short_enough(form)][:_PROMISING]
        rest = [form for form in rest if not _is_logistics(form)]
        return max(rest, key=lambda form: (adds(form), -form.index), default=None)


def _leans(text: str, words: frozenset[str]) -> bool:
    if _OPENS_LEANING.match(text):
        return True
    return not _POINTERS.isdisjoint(words) and _POINTS_BACK.match(text) is not None


def _is_logistics(form: Form) -> bool:
    return not _MAY_BE_LOGISTICS.isdisjoint(form.stems) and _LOGISTICS.search(form.text) is not None


def _is_result(form: Form) -> bool:
    return not _MAY_BE_RESULT.isdisjoint(form.stems) and _RESULT.search(form.text) is not None


def _is_short_enough(form: Form) -> bool:
    return _SHORTEST_MORE <= form.count <= _LONGEST_MORE


@lru_cache(maxsize=8192)
def summarise(title: str, abstract: str) -> Summary:
    """The TLDR of ``abstract`` and, if that is a single sentence, one more; an empty one gives an empty summary.

    Cached, since one paper goes to many readers.
    """
    parts = sentences(abstract[:_READ_CHARS])[:_READ_SENTENCES]
    if not parts:
        return Summary("")
    quoter = Quoter(Model.shipped(), title, parts)
    best = quoter.best()
    text = " ".join(form.text for form in best)
    more = quoter.more(best) if len(best) == 1 else None
    found = highlights(title, [form.text for form in quoter.whole])
    return Summary(text, clip(tidy(more.text)) if more else "", highlights=found)
