"""TeX in titles and abstracts → readable Unicode: ``an $O(n^2)$ bound by Poincar\\'e`` → an O(n²) bound by Poincaré.

    text ─▶ tex_signs: guard what is not TeX ─▶ tex_rules: pylatexenc under our rules ─▶ tidy
      └── nothing that looks like TeX: only white space and control characters are put right (three of four abstracts)

What the parser cannot take falls back to taking the TeX signs away. Nothing raises, the work is linear in the text, and
digits come out in the order they went in (raised and lowered ones as ² and ₂).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from functools import lru_cache
from typing import Final

from digest.catalog import tex_signs
from digest.catalog.tex_signs import WORD_GAP, unguard

MAX_LENGTH: Final = 100_000
"""Characters; the rest of a longer text is cut off."""
MAX_PARSED: Final = 10_000
"""Characters. Abstracts are a fifth of this; a longer text is not parsed but only has its TeX signs taken away."""
MAX_NESTING: Final = 20
"""Braces within braces, and commands in a row; more is an attack on the parser's stack."""

_TIE: Final = re.compile(r"\w~")
_PARSEABLE: Final = re.compile(r"[\\${}^]")
_RUN_OF_COMMANDS: Final = re.compile(r"(?:\\[A-Za-z]+\s*){20}")
_LANDMARK: Final = re.compile(r"\\(?:[A-Za-z]+|.)|[{}$]|\s+", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ue000-\ue0ff\ufeff\ud800-\udfff]")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+|.?)", re.DOTALL)
_GAP: Final = re.compile(f"{WORD_GAP}+")
_SPACED_SIGNS: Final = (" ,", " .", " ;", " :", " !", " ?", " )", " ]")
_SPACE_BEFORE: Final = re.compile(r" ([,.;:!?)\]](?:\s|$))")


def readable(text: str) -> str:
    """``text`` without TeX, without control characters, and with single spaces. Never raises."""
    text = _clean(text[:MAX_LENGTH])
    if not _holds_tex(text):
        return text
    prepared = tex_signs.prepare(text)
    if _PARSEABLE.search(prepared):
        prepared = _parsed(prepared)
    return _clean(unguard(unicodedata.normalize("NFC", _spaced(prepared))))


def _holds_tex(text: str) -> bool:
    """Is there a sign without which there is no TeX? Looking for them costs a tenth of an expression."""
    return (
        "$" in text
        or "\\" in text
        or "{" in text
        or "--" in text
        or "^" in text
        or "`" in text
        or "}" in text
        or ("~" in text and _TIE.search(text) is not None)
    )


def _parsed(text: str) -> str:
    """Only the few words of an abstract that hold TeX are shown to the parser, which works sign by sign."""
    if len(text) > MAX_PARSED or _nesting(text) > MAX_NESTING:
        return _stripped(text)
    pieces: list[str] = []
    done = 0
    while found := _PARSEABLE.search(text, done):
        start = max(done, text.rfind(" ", done, found.start()) + 1)
        end = _chunk_end(text, start)
        pieces += [text[done:start], _chunk(text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _chunk_end(text: str, start: int) -> int:
    """The next white space outside of braces and formulas, and not behind a command, whose argument may follow."""
    depth = command_end = 0
    in_formula = False
    for found in _LANDMARK.finditer(text, start):
        sign = found[0]
        if sign == "$":
            in_formula = not in_formula
        elif sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
        elif sign[0] == "\\":
            command_end = found.end()
        elif not depth and not in_formula and command_end != found.start():
            return found.start()
    return len(text)


@lru_cache(maxsize=4096)
def _chunk(text: str) -> str:
    from digest.catalog.tex_atoms import convert_simple  # takes 25 ms to import: only where there is TeX
    from digest.catalog.tex_rules import convert

    if _RUN_OF_COMMANDS.search(text):
        return _stripped(text)
    try:
        return convert(text) if (simple := convert_simple(text)) is None else simple
    except Exception:
        logging.getLogger(__name__).debug("TeX that could not be parsed: %.200r", text, exc_info=True)
        return _stripped(text)


def _stripped(text: str) -> str:
    """The poor man's way: commands by name, no braces, no dollars."""
    text = _COMMAND.sub(lambda found: found[1] if found[1].isalnum() else " ", text)
    return text.translate({ord(sign): None for sign in "{}$"})


def _nesting(text: str) -> int:
    depth = deepest = 0
    for sign in re.findall(r"[{}]", text):
        depth += 1 if sign == "{" else -1
        deepest = max(deepest, depth)
    return deepest


def _spaced(text: str) -> str:
    """Word gaps (``n⌷log⌷n``) become a space between two words, and nothing elsewhere; no space before a full stop."""

    def gap(found: re.Match[str]) -> str:
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        joins = (before.isalnum() or before in {")", "]", "|"}) and (
            after.isalpha() or after.isdecimal() or after in {"√", "‖"}
        )
        return " " if joins and unicodedata.category(after) != "Lm" else ""

    text = _GAP.sub(gap, text) if WORD_GAP in text else text
    if any(sign in text for sign in _SPACED_SIGNS):
        text = _SPACE_BEFORE.sub(r"\1", text)
    return text


def _clean(text: str) -> str:
    """Control, bidi-override and private characters away, white space single."""
    if text.isprintable():  # so it holds none of those characters, and no white space but U+0020
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    text = _CONTROL.sub(" ", text)
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())
