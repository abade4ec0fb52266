"""The short way through simple TeX: put together from parts that do not look at each other.

Most formulas of an abstract are a letter, a number or ``$O(n^2)$``, for which the parser takes a quarter of a
millisecond. Their parts are always of the same few kinds: signs that stand for themselves, symbols (``\\alpha``, each
converted by the parser once and remembered), scripts, and commands with arguments in braces, whose rules are functions
of text. What is in the braces goes the same way. Text with anything else in it (environments, options, spaces where
TeX has rules for them) takes the long way; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from digest.catalog import tex_rules
from digest.catalog.tex_rules import convert, is_symbol, is_unknown

MOST_NESTED: Final = 8

_WORDS: Final = r"[^\\${}^_~%\#&`\ue000-\ue00f]"
_TEXT: Final = re.compile(
    rf"""
      (?P<plain> {_WORDS}+ )
    | \$ (?P<formula> [^$]+ ) \$
    | \{{ (?![ ]) (?P<braced> {_WORDS}+ ) (?<![ ]) \}}
    | \\(?P<shown> textbf|textit|texttt|textsc|textsf|textrm|emph|underline|url|href|mathrm|mathbf ) (?=\{{)
    | (?P<accent> \\['"`^~=.] (?: [A-Za-z] | \{{[A-Za-z]\}} ) | \\[Hcuv]\{{[A-Za-z]\}} )
    | (?<!^) \\(?P<space>[ ,]) (?! [ ] | $ )
    | \\(?P<unknown> [A-Za-z]{{2,40}}+ ) (?P<gap> \{{\}} | [ ]? ) (?! [ {{\\] )
    """,
    re.VERBOSE,
)
_FORMULA: Final = re.compile(
    r"""
      (?P<plain> [A-Za-z0-9()\[\]|/,.;:!?+\-−–—=<>*'\ue010-\ue019]+ | [ ]+(?![ ]|$) )
    | (?P<group> \{ )
    | (?P<sign> [_^] ) (?: (?P<one>[A-Za-z0-9*])
                         | (?P<script>\{)
                         | \\(?P<index>[A-Za-z]{2,16}) (?![A-Za-z{ ]) )
    | \\(?P<taking> [A-Za-z]{2,16} ) (?: (?=\{[^}]) | [ ](?P<taken>[A-Za-z0-9]) )
    | \\(?: left|right|[bB]igg?[lrm]? ) (?= [()\[\]|/.<>\ue010-\ue019] )
    | \\(?P<symbol>[A-Za-z]{2,16}) (?: [ ]+ (?=\\[A-Za-z])    # a space between two commands is no space
                                    | (?! [A-Za-z{] | [ ]+[\\{_^] | [ ]+$ ) )
    | \\(?P<closed>[A-Za-z]{2,16}) \{\}
    | \\(?P<gap>[,!;:]) (?! [ {] | $ )
    """,
    re.VERBOSE,
)

_Rule = Callable[..., str]


def _as_it_is(text: str) -> str:
    return text


def _accent(mark: str) -> _Rule:
    return lambda text: tex_rules.accented(text, mark)


_TAKING: Final[Mapping[str, tuple[int, _Rule]]] = {
    **dict.fromkeys(tex_rules.SHOWN, (1, _as_it_is)),
    **{name: (1, _accent(mark)) for name, mark in tex_rules.MATH_ACCENTS.items()},
    **dict.fromkeys(tex_rules.FRACTIONS, (2, tex_rules.fraction)),
    **dict.fromkeys(tex_rules.BINOMIALS, (2, tex_rules.binomial)),
    "sqrt": (1, lambda radicand: tex_rules.root("", radicand)),
    "mathbb": (1, tex_rules.blackboard),
    "mathds": (1, tex_rules.blackboard),
    "href": (2, tex_rules.link),
}
"""Commands with arguments in braces: how many, and what becomes of the arguments' text."""


def convert_simple(text: str) -> str | None:
    """What :func:`digest.catalog.tex_rules.convert` makes of ``text``, or None where its parts may touch each other."""
    return _prose(text, 0)


def _prose(text: str, depth: int) -> str | None:
    pieces: list[str] = []
    done = 0
    while done < len(text):
        found = _TEXT.match(text, done)
        if found is None:
            return None
        done = found.end()
        piece: str | None
        match found.lastgroup:
            case "formula":
                piece = _formula(found["formula"].strip(), text[: found.start()], depth)
                piece = piece.strip() if piece is not None else None
            case "shown":
                name = found["shown"]
                piece, done = _taking(name, text, done, lambda inner, _: _prose(inner, depth + 1), depth)
            case "accent":
                piece = _atom(found[0])
            case "gap":
                piece = f"{found['unknown']}{found['gap'].strip('{}')}" if is_unknown(found["unknown"]) else None
            case _:
                piece = found["plain"] or found["braced"] or " "
        if piece is None:
            return None
        pieces.append(piece)
    return "".join(pieces)


def _formula(body: str, before: str, depth: int) -> str | None:
    """``before`` is the source up to here: a fraction after a digit needs a gap."""
    pieces: list[str] = []
    done = 0

    def inside(inner: str, start: int) -> str | None:
        return _formula(inner, before + body[:start], depth + 1)

    while done < len(body):
        found = _FORMULA.match(body, done)
        if found is None:
            return None
        piece: str | None
        if found.lastgroup == "plain":
            piece, done = found[0], found.end()
        else:
            piece, done = _part(found, inside, depth)
        if piece is None:
            return None
        if found["taking"] in tex_rules.FRACTIONS and (before + body[: found.start()]).rstrip("${ ")[-1:].isdigit():
            piece = f" {piece}"
        pieces.append(piece)
    return "".join(pieces)


_Inside = Callable[[str, int], str | None]
"""Converts what is in braces, and is told where it begins."""


def _part(found: re.Match[str], inside: _Inside, depth: int) -> tuple[str | None, int]:
    """The text of a part of a formula that is not plain, and where it ends."""
    body, end = found.string, found.end()
    match found.lastgroup:
        case "one":
            return tex_rules.script(found["one"], found["sign"]), end
        case "index":
            return _script(_symbol(found["index"]), found["sign"]), end
        case "script":
            piece, end = _group(body, end - 1, inside, depth)
            return _script(piece, found["sign"]), end
        case "group":
            return _group(body, end - 1, inside, depth)
        case "taking":
            return _taking(found["taking"], body, end, inside, depth)
        case "taken":
            return _before_a_letter(found["taking"], found["taken"]), end
        case "symbol" | "closed":
            return _symbol(found["symbol"] or found["closed"]), end
        case "gap":
            return "" if found["gap"] == "!" else " ", end
        case _:  # \left and \right
            return "", end


def _script(text: str | None, sign: str) -> str | None:
    return None if text is None else tex_rules.script(text, sign)


def _before_a_letter(name: str, letter: str) -> str | None:
    """A command, a space and a letter, which is the argument of a command that takes one."""
    if name in _TAKING:
        arguments, rule = _TAKING[name]
        return rule(letter) if arguments == 1 else None
    symbol = _symbol(name)
    return None if symbol is None else f"{symbol} {letter}"


def _taking(name: str, text: str, start: int, inside: _Inside, depth: int) -> tuple[str | None, int]:
    """What a command makes of its arguments, which begin at ``start``, and where they end."""
    if name not in _TAKING:
        return None, start
    number, rule = _TAKING[name]
    arguments: list[str] = []
    for _ in range(number):
        argument, start = _group(text, start, inside, depth)
        if argument is None:
            return None, start
        arguments.append(argument)
    return rule(*arguments), start


def _group(text: str, start: int, inside: _Inside, depth: int) -> tuple[str | None, int]:
    """The text in braces that begin at ``start``, converted by ``inside``, and where they end."""
    if text[start : start + 1] != "{" or depth >= MOST_NESTED:
        return None, start
    end, opened = start + 1, 1
    for found in _BRACE.finditer(text, end):
        opened += 1 if found[0] == "{" else -1
        if not opened:
            inner = text[end : found.start()]
            return (inside(inner, end) if inner and not inner[0].isspace() else None), found.end()
    return None, end


_BRACE: Final = re.compile(r"[{}]")


def _symbol(name: str) -> str | None:
    return _atom(f"$\\{name}$") if is_symbol(name) else None


_atom = lru_cache(maxsize=16384)(convert)
