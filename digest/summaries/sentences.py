"""Where one sentence of an abstract ends and the next begins.

Made for scientific English. A full stop ends a sentence when white space and something that can open a sentence
follow, unless the word before it is an abbreviation ("et al.", "Fig. 2", "J. Smith") or the stop stands inside ``$…$``.
The general splitters that are still maintained (sentencex 1.0 was tried) cut at "Eq. 3".
"""

from __future__ import annotations

import re

# After these a sentence never ends: a number, a name or an example must follow.
_NEVER_LAST = """
    e.g i.e cf vs viz fig figs eq eqs eqn eqns sec secs sect tab tabs ref refs thm lem prop cor def alg algs app ch
    chap no nos vol pp dr prof mr mrs ms st resp approx ca incl w.r.t wrt s.t a.k.a
"""
# After these it ends only if the next word is one that opens sentences.
_SELDOM_LAST = "al etc inc ltd co corp jr sr u.s u.k u.n d.c ph.d sp spp suppl est i.i.d v"
_OPENING = """
    a additionally after all although an and as at based because besides both but by code compared despite due during
    each experimental experiments extensive finally first for from further furthermore given hence here how however
    if importantly in inspired instead it its many moreover most motivated notably on one our overall recent recently
    results second several similarly since so some specifically such that the their then there therefore these they
    this those thus to towards two unlike using we what when where whereas which while with within without yet
"""
_ALWAYS_GOES_ON = frozenset(_NEVER_LAST.split())
_MAY_GO_ON = frozenset(_SELDOM_LAST.split())
_OPENERS = frozenset(_OPENING.split())
_STOP = re.compile(r"""[.!?]["'”’)\]]*\s+(?=["'“‘(\[]*(?:[A-Z0-9$\\\u0391-\u03a9]|[a-z]{1,2}[A-Z]))""")
_LAST_WORD = re.compile(r"([\w.]+)[.!?][\"'”’)\]]*\s*$")
_NEXT_WORD = re.compile(r"[\"'“‘(\[]*(\w+)")


def _goes_on(before: str, after: str) -> bool:
    """Whether the stop that ends ``before`` belongs to an abbreviation, given the text ``after`` it."""
    if before.rstrip()[-1:] in "!?":
        return False
    word = _LAST_WORD.search(before[-40:])
    if word is None:
        return False
    last = word.group(1)
    folded = last.lower()
    if folded in _ALWAYS_GOES_ON:
        return True
    initial = len(last) == 1 and last.isalpha() and last.isupper()
    if not initial and folded not in _MAY_GO_ON:
        return False
    follower = _NEXT_WORD.match(after)
    return follower is None or follower.group(1).lower() not in _OPENERS


def sentences(text: str) -> tuple[str, ...]:
    """Split ``text`` (plain, white space of any kind) into sentences; joined by one space they give it back, folded."""
    text = " ".join(text.split())
    balanced = text.count("$") % 2 == 0
    found = []
    start = 0
    for stop in _STOP.finditer(text):
        end = stop.end()
        if balanced and text.count("$", start, end) % 2:
            continue
        if _goes_on(text[start:end], text[end : end + 40]):
            continue
        found.append(text[start:end].rstrip())
        start = end
    if start < len(text):
        found.append(text[start:])
    return tuple(found)
