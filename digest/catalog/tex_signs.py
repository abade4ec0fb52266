"""Which signs in a title or abstract are TeX, and which only look like it?

People write abstracts for a web page that renders a part of TeX, so a strict reading is wrong: ``5%`` is no comment,
``$5 and $10`` is no formula, ``~3 ms`` is no tie, ``my_file`` has no index. Here every sign that is meant literally is
*guarded*: replaced by a private character that the parser does not know, and put back afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

LONGEST_FORMULA: Final = 1500
"""Characters between two dollar signs; what is longer is text that holds two dollar signs."""

WORD_GAP: Final = "\ue000"
"""Stands beside function names: becomes a space where two words would run together (``n\\log n``), else nothing."""

_LITERALS: Final = "%&#_$-{}^~"
_GUARDS: Final = {sign: chr(0xE010 + place) for place, sign in enumerate(_LITERALS)}


def guard(text: str, signs: str = _LITERALS) -> str:
    for sign in signs:  # str.replace looks at a text forty times as fast as str.translate does
        text = text.replace(sign, _GUARDS[sign])
    return text


def unguard(text: str) -> str:
    for sign, private in _GUARDS.items():
        text = text.replace(private, sign)
    return text


def prepare(text: str) -> str:
    """Text that a TeX parser reads as it was meant: literal signs guarded, formulas in ``$…$``, braces balanced."""
    if "\\" in text:
        if "\\u" in text:
            text = _CHARACTER_CODE.sub(_character, text)
        if _TORN.search(text):
            text = _TORN_GREEK.sub(r"{\\\1\2}", text)
        text = text.replace(r"{\deg}", "°")
        if _CITE.search(text):
            text = _NAMED_CITATION.sub(lambda found: guard(f"[{found[1]}]"), text)
            text = _CITATION.sub("", text)
    if "://" in text or "www." in text:
        text = _URL.sub(lambda found: guard(_ESCAPED_IN_URL.sub(r"\1", found[0])), text)
    if "\\" in text:
        if "\\~" in text:
            text = _LONELY_TILDE.sub(guard("~"), text)
        text = _ESCAPE.sub(lambda found: guard(found[1]) if found[1] else " ", text)
    parts = (f"${_formula(part)}$" if is_formula else _prose(part) for is_formula, part in _split(text))
    return _balanced("".join(parts))


_GREEK: Final = "beta chi delta kappa rho tau theta upsilon varepsilon varphi vartheta"
_TORN: Final = re.compile(r"\\[bcdkrtuv]\{")
"""What every torn letter holds: an expression that begins with a sign is looked for much faster."""
_TORN_GREEK: Final = re.compile(r"\{?\\([bcdkrtuv])\{(" + "|".join(name[1:] for name in _GREEK.split()) + r")\}\}?")
"""β stored as ``\\beta`` and later read as the accent ``\\b`` over "eta": arXiv's records hold ``\\b{eta}``."""
_CHARACTER_CODE: Final = re.compile(r"\\u([0-9a-fA-F]{4})(?![0-9])|\\unicode\{x([0-9a-fA-F]{2,5})\}")
_CITE: Final = re.compile(r"\\[cC]ite")
_CITATION: Final = re.compile(r"[~\s]?\\[cC]ite[a-zA-Z]*\*?(?:\[[^\]]{0,80}\]){0,2}\{[^{}]{0,500}\}")
_NAMED_CITATION: Final = re.compile(r"\\[cC]ite(?:t|author)\*?\{([^{}]{0,500})\}")
"""A citation that is a part of the sentence ("as \\citet{x} showed"): its key has to stay, or the sentence breaks."""
_URL: Final = re.compile(r"(?:https?://|www\.)(?:[^\s{}$\\<>]|\\[_%&#~])+")
_ESCAPED_IN_URL: Final = re.compile(r"\\([_%&#~])")
_LONELY_TILDE: Final = re.compile(r"\\~(?=[\s/\d]|$)")
"""``\\~/data`` and ``\\~10``: before a letter it is an accent (Jo\\~ao), here there is none to take it."""
_ESCAPE: Final = re.compile(r"\\\\(?:\[[0-9.]{1,6}(?:pt|em|ex|mm|cm)\])?|\\([%&#_${}])")


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE100 else ""


# ── where the formulas are ──────────────────────────────────────────────────────────────────────────────────

_DELIMITER: Final = re.compile(r"\\[()\[\]]|\$\$?")
_CLOSING: Final = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_MATHS_SIGN: Final = re.compile(r"[\\^_{}=<>|]")
_PRICE: Final = re.compile(r"\s?[0-9][0-9.,]*\s?[kKMB]?\s+[a-zA-Z]{2,}\s+[a-zA-Z]{2,}")
_WORD: Final = re.compile(r"[A-Za-z]{3,}")


def _split(text: str) -> Iterator[tuple[bool, str]]:
    """(is it a formula?, text) in order. Each delimiter is looked at once with its next: linear in the text."""
    if "$" not in text and "\\" not in text:
        yield False, text
        return
    delimiters = [(found[0], found.start(), found.end()) for found in _DELIMITER.finditer(text)]
    done, place = 0, 0
    while place < len(delimiters):
        sign, start, end = delimiters[place]
        following, body_end, after = delimiters[place + 1] if place + 1 < len(delimiters) else ("", 0, 0)
        if sign == "$" and following == "$$":  # $a$$b$: the one closes, the other opens
            following, after = "$", after - 1
            delimiters[place + 1] = ("$", after, after + 1)
            place -= 1
        yield False, text[done:start]
        if (
            following
            and following == _CLOSING.get(sign)
            and (sign != "$" or _is_formula(text[end:body_end], text[after : after + 1]))
        ):
            yield True, text[end:body_end]
            done, place = after, place + 2
        else:
            yield False, guard(sign.removeprefix("\\"))
            done, place = end, max(place + 1, 0)
    yield False, text[done:]


def _is_formula(body: str, after: str) -> bool:
    """Is the text between two dollar signs a formula, rather than the words between two prices?"""
    stripped = body.strip()
    if not stripped or len(body) > LONGEST_FORMULA:
        return False
    if _MATHS_SIGN.search(body):
        return not _PRICE.match(body)
    if stripped[0].isdigit() and (after.isdigit() or body[-1].isspace()):
        return False
    return len(_WORD.findall(body)) < 2


# ── the two kinds of text ───────────────────────────────────────────────────────────────────────────────────

_TIE: Final = re.compile(r"(?<=[\w.,:)\]}'])~+(?=[\w\\({])")
_RAISED: Final = re.compile(r"(?<=[\w)\]])([\^_])(\{[^{}$]{1,40}\})|(?<=[\w)])\^([+\-−]?[0-9]+)")
_BARE_CARET: Final = re.compile(r"(?<!\\)\^")
_LITERAL_IN_PROSE: Final = "%#_"
_QUOTED: Final = re.compile(r"``([^`]{0,300}?)''")
_SINGLE_QUOTED: Final = re.compile(r"(?<![\w`'\\])`([^`'\\]{1,80})'(?![\w'])")
_DASHES: Final = re.compile(r"--+")
_RELATION: Final = re.compile(
    r"\\(in|notin|ni|leq?|geq?|neq?|to|times|cdot|cup|cap|subset|subseteq|supset|supseteq|approx|equiv|cong|simeq|sim|propto|"
    r"rightarrow|leftarrow|leftrightarrow|Rightarrow|Leftrightarrow|mapsto|implies|iff|mid|pm|mp|ll|gg|vdash|models|wedge|"
    r"vee|land|lor|oplus|otimes|circ|setminus|longrightarrow|hookrightarrow|geqslant|leqslant|succ|prec|forall|exists)"
    r"\s+(?=\\)"
)
"""A relation, a space, a command: the parser would swallow the space, and the formula would run together."""


def _prose(text: str) -> str:
    if "--" in text:
        text = _DASHES.sub(_dash, text)
    if "`" in text:
        text = _SINGLE_QUOTED.sub(r"‘\1’", _QUOTED.sub(r"“\1”", text).replace("``", "“"))
    if "~" in text:
        text = _TIE.sub(" ", text)
    if "^" not in text and "_{" not in text:
        return guard(text, _LITERAL_IN_PROSE)
    pieces: list[str] = []
    done = 0
    for found in _RAISED.finditer(text):
        script = f"{found[1]}{found[2]}" if found[1] else f"^{{{found[3]}}}"
        pieces += [_literal(text[done : found.start()]), f"${script}$"]
        done = found.end()
    return "".join([*pieces, _literal(text[done:])])


def _dash(found: re.Match[str]) -> str:
    """``--`` and ``---`` are dashes, but for options (``--force``) and behind a backslash; longer runs are rules."""
    text, start, end = found.string, found.start(), found.end()
    before = text[start - 1] if start else " "
    if end - start == 2 and "a" <= text[end : end + 1] <= "z" and (before.isspace() or before == "("):
        return guard("--")
    return {2: "–", 3: "—"}.get(end - start, found[0]) if before != "\\" else found[0]


def _literal(text: str) -> str:
    """``%``, ``#``, ``_`` and a ``^`` that is no accent are meant as they stand."""
    return guard(_BARE_CARET.sub(guard("^"), text), _LITERAL_IN_PROSE)


_SCRIPT_COMMAND: Final = re.compile(
    r"([\^_])\s*(\\(?:(?:math|text)[a-z]*|operatorname\*?|boldsymbol|bm|mbox|hbox|emph|(?:wide)?(?:hat|tilde)|bar|"
    r"overline|sqrt|[dt]?frac\s*\{[^{}]{0,80}\})(?:\s*\{[^{}]{0,80}\}|\s+[A-Za-z]))"
)
"""``x^\\mathrm{T}``: LaTeX takes the command with its argument for the index, the parser takes the command alone."""


def _formula(text: str) -> str:
    text = _SCRIPT_COMMAND.sub(r"\1{\2}", text) if "\\" in text else text
    text = text.replace("%", guard("%")).replace("&", " ").replace("#", guard("#"))
    return _balanced(_RELATION.sub(r"\\\1{} ", text).rstrip("^_\\ ") or guard(text))


def _balanced(text: str) -> str:
    """Braces without a partner become literal ones."""
    if "{" not in text and "}" not in text:
        return text
    unmatched: list[int] = []
    lonely: set[int] = set()
    for found in re.finditer(r"[{}]", text):
        if found[0] == "{":
            unmatched.append(found.start())
        elif unmatched:
            unmatched.pop()
        else:
            lonely.add(found.start())
    lonely.update(unmatched)
    if not lonely:
        return text
    return "".join(guard(sign) if place in lonely else sign for place, sign in enumerate(text))
