"""The short way through simple TeX: cut into atoms that do not look at each other, each parsed once and remembered.

Most formulas of an abstract are a letter, a number or ``$O(n^2)$``. The parser takes a quarter of a millisecond for any
of them, and their parts are always the same few hundred: signs that stand for themselves, symbols (``\\alpha``), small
indices (``^2``, ``_{ij}``), accents (``\\"o``), words in bold. So each part is converted by the parser's own rules, and
here they are put together. Text with anything else in it (fractions, unknown commands, braces in braces) takes the
long way; a test compares the two.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from digest.catalog.tex_rules import convert, is_symbol

_WORDS: Final = r"[^\\${}^_~%\#&`\ue000-\ue00f]"
_TEXT: Final = re.compile(
    rf"""
      (?P<plain> {_WORDS}+ )
    | \$ (?P<formula> [^$]+ ) \$
    | \{{ (?P<braced> [,.:=0-9A-Za-z]{{1,12}} ) \}}
    | \\(?:textbf|textit|texttt|textsc|textsf|textrm|emph|underline) \{{ (?P<shown> {_WORDS}* ) \}}
    | (?P<accent> \\['"`^~=.] (?: [A-Za-z] | \{{[A-Za-z]\}} ) )
    """,
    re.VERBOSE,
)
_FORMULA: Final = re.compile(
    r"""
      (?P<plain> [A-Za-z0-9()\[\]|/,.;:!?+\-−–—=<>*\ue010-\ue019]+ | (?<!^)[ ]+(?![ ]|$) )
    | \{ (?P<braced> [,.:;=+\-<>*/0-9A-Za-z]{1,12} ) \}
    | [_^] (?: [A-Za-z0-9*]
             | \{ [A-Za-z0-9,.+\-=*/()]{1,16} \}
             | \{ \\(?:text|mathrm|textrm|mathbf|mathit|texttt)\{[A-Za-z0-9]{1,16}\} \}
             | \{? \\(?P<raised>[A-Za-z]{2,16}) \}
             | \\(?P<index>[A-Za-z]{2,16}) (?![A-Za-z{ ]) )
    | \\(?P<symbol>[A-Za-z]{2,16}) (?! [A-Za-z{] | [ ]+[\\{_^] | [ ]+$ )   # a space between two commands is no space
    | (?<!^) \\(?P<gap>[,!;:]) (?! [ {] | $ )
    | \\(?:math(?:bb|cal|bf|rm|it|sf|tt)|text(?:tt|sc|bf)?|boldsymbol|bm)\{[A-Za-z0-9\-]{1,16}\}
    | \\(?:sqrt|tilde|hat|bar|widetilde|overline)\{[A-Za-z0-9]{1,4}\}
    """,
    re.VERBOSE,
)


def convert_simple(text: str) -> str | None:
    """What :func:`digest.catalog.tex_rules.convert` makes of ``text``, or None where its parts may touch each other."""
    pieces: list[str] = []
    done = 0
    for found in _TEXT.finditer(text):
        if found.start() != done:
            return None
        done = found.end()
        if found.lastgroup == "formula":
            formula = _formula(found["formula"])
            if formula is None:
                return None
            pieces.append(formula)
        elif found.lastgroup == "accent":
            pieces.append(_atom(found[0]))
        else:
            pieces.append(found["plain"] or found["shown"] or found["braced"] or "")
    return "".join(pieces) if done == len(text) else None


def _formula(body: str) -> str | None:
    pieces: list[str] = []
    done = 0
    for found in _FORMULA.finditer(body):
        if found.start() != done:
            return None
        done = found.end()
        name = found["symbol"] or found["raised"] or found["index"]
        if name is not None and not is_symbol(name):
            return None
        if gap := found["gap"]:
            pieces.append("" if gap == "!" else " ")
        else:
            pieces.append(found["plain"] or found["braced"] or _atom(f"${found[0]}$"))
    return "".join(pieces) if done == len(body) else None


_atom = lru_cache(maxsize=16384)(convert)
