"""What may be left out of a sentence without changing what it says.

    "In this paper, we show that trees, which are cheap, sort well (Ada et al., 2019)."
        ─▶ "We show that trees, which are cheap, sort well."          tidy: always
        ─▶ "Trees, which are cheap, sort well."                       shorter: offered, the model decides

Only whole phrases at grammatical seams go, by closed lists of what may open them. A phrase that holds a negation, a
condition, a contrast or a figure stays, and so does everything where brackets, quotes or ``$`` would be torn apart.
No word is ever added or changed; the first letter becomes a capital.
"""

from __future__ import annotations

import re

from digest.summaries.sections import capitalised

LONGEST_WORDS = 60
LONGEST_CHARS = 700
"""One "word" of a thousand letters is no word."""
_LONGEST_READ_CHARS = 1500
"""Ten lines without a full stop are no sentence that could be parsed by its commas."""
_SHORTEST_WORDS = 9
"""What is left after a cut must still be a statement."""

_ENUMERATOR = re.compile(r"^\(?(?:\d|[ivx]{1,3})\)\s+")
_CONNECTIVE = re.compile(
    r"^(?:in addition|additionally|moreover|furthermore|finally|lastly|specifically|in particular|concretely|"
    r"importantly|notably|crucially|therefore|thus|hence|however|consequently|accordingly|in summary|overall|also|"
    r"besides|as a result|in response|in contrast|instead|here|to (?:this|that) end|for this purpose|yet|"
    r"in conclusion|more (?:specifically|precisely|concretely)|(?:motivated|inspired) by (?:this|these)(?: \w+)?|"
    r"to (?:address|tackle|solve|overcome|mitigate|fill|bridge|remedy|resolve|alleviate|handle|close) "
    r"(?:this|these|that|those|such)(?: \w+){0,2}), ",
    re.IGNORECASE,
)
"""Says how the sentence follows from the one before; whatever comes after its comma is a sentence."""
_LEAD = re.compile(
    r"^(?:(?:in|with) this (?:paper|work|article|study|letter|report|thesis|survey)|to (?:this|that) end|therefore|"
    r"thus|hence|here|based on (?:this|these) \w+|in (?:the )?present (?:paper|work|article|study)),? "
    r"(?=(?:we|our|the|this|it|extensive|experiments?|results?|a|an)\b)",
    re.IGNORECASE,
)
"""Goes only before what can begin a sentence, since it may stand without a comma."""
_CITATION = re.compile(
    r"(?<![\d\s])\s*(?:\((?:[^()]*\bet al\b[^()]*|[A-Z][\w&,; -]{2,60}(?:19|20)\d\d[a-z]?)\)|\[\d[\d, –-]*\])"
)
_MOTIVE = re.compile(
    r"^(?:inspired|motivated) by [^,.;:]{3,80}, (?=we\b)|^(?:therefore|thus|hence),? (?=we\b)", re.IGNORECASE
)
_CLAIM = re.compile(
    r"^(?:we|our (?:\w+ )?(?:results?|findings?|analys[ie]s)|(?:the )?results|this paper|this work)"
    r"(?: (?:also|further|then|first|finally))?"
    r" (?:show|demonstrate|find|prove|establish|observe|reveal|confirm|report)s? that (?!.*(?:\band|\bbut|,) that\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r",? and (?:we )?(?:also |further |then )?(?:show|demonstrate|prove|discuss|find|provide|evaluate|analy[sz]e|"
    r"present)\b"
    r"|, (?:which|where|whose|thereby|thus|leading|resulting|enabling|allowing|making|showing|demonstrating|providing|"
    r"achieving|outperforming|using|via|by|inspired|based|e\.g\.|i\.e\.|such as|including|as well as)\b"
    r"|; | – | — "
)
_ASIDE = re.compile(r"(?<![\d%]) \((?!(?:[ivx]+|[a-e])\))[^()$]{1,60}\)")
_KEEPS = re.compile(
    r"\d|\b(?:not|no|nor|none|never|neither|without|only|except|unless|if|when|under|assum\w+|but|although|while|"
    r"whereas|though|however|cannot|hardly|fails?|lacks?|despite|provided|may|might|could|least|most|up to|"
    r"or)\b|n['’]t\b|[%\\$]",
    re.IGNORECASE,
)
_WE_OPENS_ONLY = re.compile(r"^(?:it|they|this|these|those|such|there|its|their|he|she)\b", re.IGNORECASE)


def tidy(sentence: str) -> str:
    """``sentence`` without its number, leading connective and citations."""
    body = _ENUMERATOR.sub("", sentence)
    for opening in (_CONNECTIVE, _LEAD):
        if found := opening.match(body):
            body = capitalised(body[found.end() :])
    if "(" in body or "[" in body:
        body = _CITATION.sub("", body) or body
    return body


def clip(text: str) -> str:
    """``text`` cut off at a word, visibly, if it has more than ``LONGEST_WORDS`` or ``LONGEST_CHARS``."""
    if text.count(" ") >= LONGEST_WORDS:
        text = " ".join(text.split(" ")[:LONGEST_WORDS]).rstrip(" ,;:.–—-(") + " …"
    if len(text) > LONGEST_CHARS:
        text = text[:LONGEST_CHARS].rsplit(" ", 1)[0].rstrip(" ,;:.–—-(") + " …"
    return text


def shorter(sentence: str) -> tuple[str, ...]:
    """Shorter forms of a tidy ``sentence`` that say nothing else; often none, at most six."""
    if len(sentence) > _LONGEST_READ_CHARS:
        return ()
    fronts = [sentence]
    if (motive := _MOTIVE.match(sentence)) and not _KEEPS.search(motive.group()):
        fronts.append(capitalised(sentence[motive.end() :]))
    if (claim := _CLAIM.match(sentence)) and not _WE_OPENS_ONLY.match(sentence[claim.end() :]):
        fronts.append(capitalised(sentence[claim.end() :]))
    found: dict[str, None] = {}
    for front in fronts:
        found[front] = None
        bare = _ASIDE.sub(_kept_aside, front) if " (" in front else front
        found[bare] = None
        for tail in _TAIL.finditer(bare):
            if (cut := _without_tail(bare, tail.start())) is not None:
                found[cut] = None
    found.pop(sentence, None)
    return tuple(found)[:6]


def _kept_aside(aside: re.Match[str]) -> str:
    return aside.group() if _KEEPS.search(aside.group()) else ""


def _without_tail(sentence: str, start: int) -> str | None:
    """``sentence`` up to ``start``, or None where that would lose a condition or a figure, or tear something apart."""
    head, tail = sentence[:start].rstrip(), sentence[start:]
    if head.count(" ") + 1 < _SHORTEST_WORDS or _KEEPS.search(tail):
        return None
    if ":" in head:
        return None  # a list was announced and must stay whole
    if any(head.count(left) != head.count(right) for left, right in ("()", "[]", "“”", "{}")):
        return None
    if head.count('"') % 2 or head.count("$") % 2:
        return None
    if tail.startswith((" and ", ", and ")) and (", " in head):
        return None  # "A, B, and show": what is left would be a list without its end
    return head + "."
