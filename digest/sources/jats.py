"""Abstracts in JATS (https://jats.nlm.nih.gov/), or what publishers deposit as such → plain text.

Headings become part of the sentence they stand before (``Methods: We measure.``), but for one that says *Abstract*.
A formula that is written in TeX and in MathML stays in TeX.
"""

from __future__ import annotations

import re

from digest.sources.entries import MAX_ABSTRACT
from digest.sources.text import from_html

_HEADING = re.compile(r"<(?:jats:)?title(?:\s[^<>]*)?>([^<]{0,200})</(?:jats:)?title\s*>", re.IGNORECASE)
_OWN_NAME = re.compile(
    r"\W*(?:(?:graphical |structured )?abstract|summary|résumé|zusammenfassung|resumen)\W*", re.IGNORECASE
)
_TAG = re.compile(r"<(/?)(?:jats|mml|m):([A-Za-z-]{1,30})(?:\s[^<>]*)?(/?)>")
_HTML = {"p": "p", "sec": "section", "list": "ul", "list-item": "li", "break": "br", "disp-formula": "p"}
_MATHML = re.compile(r"<mml:math(?:\s[^<>]*)?>.*?</mml:math\s*>", re.DOTALL)
_MATHML_END = re.compile(r"</mml:math\s*>")
_PREAMBLE = re.compile(r"\\documentclass.{0,2000}?\\begin\{document\}|\\end\{document\}", re.DOTALL)


def plain_abstract(markup: str) -> str:
    """One line of text; bare text and HTML are read too."""
    return from_html(_as_html(markup[: MAX_ABSTRACT * 4])).removeprefix(": ").strip()


def plain_title(markup: str) -> str:
    """A title, which may hold ``<i>``, ``<sub>`` and the publishers' own ``<scp>``."""
    return from_html(_as_html(markup)) if "<" in markup or "&" in markup else markup


def _as_html(markup: str) -> str:
    ends = [found.end() for found in _MATHML_END.finditer(markup)] if "tex-math" in markup else []
    if ends:
        end = ends[-1]  # looked at only up to the last complete one: unclosed ones would cost quadratic time
        markup = _PREAMBLE.sub(" ", _MATHML.sub(" ", markup[:end]) + markup[end:])
    return _TAG.sub(_tag, _HEADING.sub(_heading, markup))


def _heading(found: re.Match[str]) -> str:
    words = found[1].strip()
    if not words or _OWN_NAME.fullmatch(words):
        return " "
    return f"<p>{words}{'' if words[-1] in ':.?!' else ':'} </p>"


def _tag(found: re.Match[str]) -> str:
    return f"<{found[1]}{_HTML.get(found[2].lower(), 'span')}{'' if found[2].lower() == 'break' else found[3]}>"
