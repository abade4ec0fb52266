"""Task, method and result of a paper in a few words each, quoted; only where the abstract leaves no doubt.

    "Tern: sparse attention …"                         ─▶ method  Tern
    "the problem of long-context inference, which …"   ─▶ task    long-context inference
    "Our kernel cuts memory by 4.2% on GLUE, but …"    ─▶ result  cuts memory by 4.2% on GLUE

Each is one stretch of the text as it stands there, so figures and units are the authors'. A result is quoted from its
verb to the benchmark, and not at all behind a negation, a hedge or a condition, where it goes on with what may be one,
or where the sentence speaks of others' work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from digest.model import Fact, Highlight

_MOST_WORDS = 18
_MOST_CHARS = 140
_LONGEST_READ_CHARS = 1500
"""Ten lines without a full stop are no sentence to quote from."""

# ── method ──────────────────────────────────────────────────────────────────────────────────────────────────

_NAME = r"[A-Za-z0-9][\w+*@.-]{1,23}(?<![.-])"
_IS_NAME = re.compile(r"(?=.*[a-z0-9].*[A-Z]|.*[A-Z].*[A-Z0-9]|.*\d.*[A-Za-z])")
"""A capital that begins no word, or letters with figures: no common word is written so."""
_IN_TITLE = re.compile(rf"^({_NAME}(?: {_NAME}){{0,2}}): ")
_NAMING = (
    "propose",
    "present",
    "introduce",
    "develop",
    "release",
    "describe",
    "called",
    "named",
    "dubbed",
    "termed",
    "namely",
)
"""Looked for first, which is much faster than an expression."""
_WE_PROPOSE = r"[Ww]e (?:\w+ )?(?:propose|present|introduce|develop|release|describe)"
_CALLED = re.compile(
    rf"(?:{_WE_PROPOSE}|(?:called|named|dubbed|termed|namely),?) ({_NAME})(?=,| \(|, an? |\.$|: | – | — )"
)
_FULL_NAME = re.compile(
    rf"{_WE_PROPOSE} (?:an? |the )?(?:novel |new )?"
    rf"(?P<first>[A-Z])[\w-]+(?: [\w-]+){{1,7}}? \((?P<name>(?P=first){_NAME})\)"
)
"""Spelled out, in capitals, from its first letter on: "a Hybrid Request (HR)" is a name, "a request (HR)" is not."""

# ── task ────────────────────────────────────────────────────────────────────────────────────────────────────

_STOPS = (
    r"in|for|with|by|from|using|when|where|that|which|who|and|or|is|are|was|were|has|have|can|remains?|on|under|via|as|to|"
    r"while|because|through|at|into|given|without|since|we|but|requires?|involves?"
)
_TASK = re.compile(
    rf"the (?:task|problem) of ((?!this|these|such|how|whether|what|the\b|an?\b|\w+ing\b)"
    rf"(?:(?!(?:{_STOPS})\b)[\w'’/-]+ ?){{1,5}})(?=[,.;:)]|\(|(?:{_STOPS})\b|$)"
)

# ── result ──────────────────────────────────────────────────────────────────────────────────────────────────

_UNITS = (
    r"\s?%|\s?percent\b|\s?[x×](?!\w)|-fold\b|\s?(?:percentage |absolute )?points?\b|\s?pp\b|"
    r"\s?(?:BLEU|ROUGE|mAP|mIoU|AUC|AUROC|F1|FID|PSNR|AP|Elo|[fF][pP][sS]|ms|dB)\b|"
    r"\s?times (?:faster|fewer|smaller|lower|higher|less)\b"
)
_FIGURE = rf"(?<![\w.,])[~≈]?\d{{1,9}}(?:[.,]\d{{1,9}}){{0,4}}(?:\s?±\s?\d{{1,9}}(?:\.\d{{1,9}})?)?(?:{_UNITS})"
_VERBS = (
    r"achiev improv reduc increas rais surpass outperform exceed attain obtain reach yield boost lower scor cut",
    r"achieve improve reduce increase raise surpass outperform exceed attain obtain reach yield boost cutting",
)
_VERB = r"(?:(?:{})(?:e?s|ed|ing)|{})".format(*("|".join(verbs.split()) for verbs in _VERBS))
_THING_GOES_ON = r"[A-Z0-9][\w.+-]*|and|benchmarks?|datasets?|tasks?|images|test set|validation set"
_THING = rf"[A-Z0-9][\w.+-]*(?: (?:{_THING_GOES_ON}))*"
_AFTER_WORDS = """
    in on over across for with when under using at and while than to compared relative versus vs of by from as but or
    without
"""
_AFTER = rf"(?:{'|'.join(_AFTER_WORDS.split())})"
_RESULT = re.compile(
    rf"\b(?P<verb>{_VERB}) (?P<what>(?:[^\s,;:()]+ ){{0,8}}?){_FIGURE}(?: to {_FIGURE})?"
    rf"(?P<metric>(?: (?!{_AFTER}\b)[A-Za-z][\w@-]*){{0,4}})"
    rf"(?P<where> (?:on|over|across) (?:the |all )?{_THING})?"
    rf"(?=[,.;:)](?:\s|$)| (?:and|while|compared|versus|vs)\b)"
)
"""Ends only where the phrase does: what goes on with "in", "for" or "when" may hold a condition."""
_BENCHMARK = re.compile(rf" (?:on|over|across) (?:the |all )?{_THING}$")
_TELLS_WHAT = re.compile(
    r"(?:[a-z]{3,}|[A-Z][\w@-]+).*(?:\bby|\bto|\bof)"
    r"(?: (?:up to|more than|less than|over|about|around|nearly|an?|average|of))* $"
)
"""Before a figure that nothing follows: what it measures ("accuracy by", "an error rate of")."""
_UNSURE = re.compile(
    r"\b(?:not|no|nor|never|neither|without|cannot|hardly|fails?|may|might|could|can|would|potentially|if|when|unless|"
    r"whether|only|despite|although|existing|prior|previous|current|baselines?|others?|humans?|typically|often|aims?|"
    r"expected|than|who|patients|recent(?:ly)?|state-of-the-art models|even)\b|n['’]t\b|\?",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    r"\b(?:average|mean|relative|absolute|overall|adversarial|higher|lower|better|more|less|fewer|new|best)$"
)
_DIGIT, _A_FIGURE = re.compile(r"[0-9]"), re.compile(_FIGURE)
_MORE_FIGURES = re.compile(r"(?:,? and|,|,? or) [~≈]?\d")
_BOUND = re.compile(r"\b(?:up to|more than|less than|over)\b")
_OURS = re.compile(r"\b(?:we|our|it|this|these|which|results?|experiments?|evaluations?|proposed)\b", re.IGNORECASE)


def highlights(title: str, sentences: Sequence[str]) -> tuple[Highlight, ...]:
    """Those that are sure, in the order task, method, result; at most one of each.

    Args:
        sentences: of the abstract, without labels.
    """
    sentences = [sentence for sentence in sentences if len(sentence) <= _LONGEST_READ_CHARS]
    method = _method(title, sentences)
    found = {Fact.TASK: _task(sentences), Fact.METHOD: method, Fact.RESULT: _result(sentences, method)}
    return tuple(Highlight(fact, text) for fact, text in found.items() if text)


def _method(title: str, sentences: Sequence[str]) -> str:
    """What the title or the abstract calls its own thing."""
    named = _IN_TITLE.match(title)
    if named and _is_a_name(named.group(1), sentences):
        return named.group(1)
    for sentence in sentences:
        if not any(word in sentence for word in _NAMING):
            continue
        if (found := _CALLED.search(sentence)) is not None and _IS_NAME.match(found.group(1)):
            return found.group(1)
    for sentence in sentences:
        if "(" in sentence and (found := _FULL_NAME.search(sentence)) is not None and _IS_NAME.match(found["name"]):
            return found["name"]
    return ""


def _is_a_name(text: str, sentences: Sequence[str]) -> bool:
    """Whether what stands before a title's colon is used as a name in the abstract too."""
    if not _IS_NAME.match(text) and (" " in text or not text[:1].isupper()):
        return False
    places = [(sentence, sentence.find(text)) for sentence in sentences]
    inside = [at for sentence, at in places if at >= 0 and _stands_alone(sentence, at, at + len(text))]
    return len(inside) > 1 or any(inside)


def _stands_alone(sentence: str, start: int, end: int) -> bool:
    around = sentence[max(start - 1, 0) : start] + sentence[end : end + 1]
    return not any(sign.isalnum() or sign in "-_" for sign in around)


def _task(sentences: Sequence[str]) -> str:
    for sentence in sentences:
        if ("task of " in sentence or "problem of " in sentence) and (found := _TASK.search(sentence)) is not None:
            task = found.group(1).strip()
            if len(task) > 5 and " " in task:
                return task
    return ""


def _result(sentences: Sequence[str], method: str) -> str:
    """The first sure figure with a benchmark, else the first sure figure."""
    found = list(_results(sentences, method))
    return next((text for text in found if _BENCHMARK.search(text)), found[0] if found else "")


def _results(sentences: Sequence[str], method: str) -> Iterator[str]:
    for sentence in sentences:
        if not _DIGIT.search(sentence) or not _A_FIGURE.search(sentence) or "$" in sentence or "\\" in sentence:
            continue
        for found in _RESULT.finditer(sentence):
            text, before = found.group(), sentence[: found.start()]
            if not _OURS.search(before) and not (method and method in before):
                continue
            if _UNSURE.search(before) or _UNSURE.search(_BOUND.sub("", text)):
                continue
            if not found["metric"] and not _TELLS_WHAT.search(found["what"]):
                continue
            if _ADJECTIVE.search(text) or _MORE_FIGURES.match(sentence, found.end()):
                continue
            if len(text.split()) <= _MOST_WORDS and len(text) <= _MOST_CHARS:
                yield text
