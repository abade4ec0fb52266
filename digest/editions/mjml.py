"""MJML → HTML, once for all parts, with Jinja still in it.

MJML's compiler (mrml) drops what it does not know without a word, so two things are asserted: every tag is one of
MJML's, and every Jinja expression is still there afterwards, as often as before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from digest.editions.source_files import COMMENT, JINJA, Source

BODY = "<mj-raw>{{ body }}</mj-raw>"
"""Where the parts go, in the shell; it must stand there like this."""

_TAG_NAMES = """
    mjml mj-head mj-body mj-include mj-attributes mj-all mj-class mj-breakpoint mj-font mj-html-attributes mj-preview
    mj-style mj-title mj-accordion mj-accordion-element mj-accordion-title mj-accordion-text mj-button mj-carousel
    mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image mj-navbar mj-navbar-link mj-raw mj-section
    mj-social mj-social-element mj-spacer mj-table mj-text mj-wrapper
"""
_MJML_TAGS = frozenset(_TAG_NAMES.split())
_INDENT = re.compile(r"\n\s+")
_TAG = re.compile(r"<(/?)(mj[\w-]*)([^<>]*?)(/?)>")


def compile_mjml(sources: Mapping[str, Source]) -> dict[str, str]:
    """All MJML parts → their HTML, still with Jinja in it. Raises RenderError if anything would be lost."""
    for source in sources.values():
        _check_tags(source)
    shell = sources["shell"]
    if shell.text.count(BODY) != 1:
        raise shell.error(f"needs {BODY} exactly once: the place for the parts")
    inner = {name: source for name, source in sources.items() if name != "shell"}
    marked = "".join(
        f"<mj-raw>{_mark(n)}</mj-raw>{COMMENT.sub('', s.text)}<mj-raw>{_mark(n)}</mj-raw>" for n, s in inner.items()
    )
    html = to_html(COMMENT.sub("", shell.text).replace(BODY, BODY + marked), shell)
    compiled = {}
    for name in inner:
        before, body, after = html.split(_mark(name))
        compiled[name] = body
        html = before + after
    compiled["shell"] = html + "\n"
    compiled = {name: _INDENT.sub("\n", body) for name, body in compiled.items()}
    for name, source in sources.items():
        _check_survival(source, compiled[name])
    return compiled


def to_html(mjml: str, source: Source) -> str:
    """MJML → HTML, without a link to any font service."""
    import mjml as mrml  # 20 ms

    try:
        return mrml.mjml2html(mjml, fonts={})
    except ValueError as error:
        raise source.error(
            f"MJML does not understand it or one of its parts: {error} (is there a < inside Jinja?)"
        ) from error


def _mark(name: str) -> str:
    return f"%%%%{name}%%%%"


def _check_tags(source: Source) -> None:
    """mrml ignores tags it does not know and some that are not closed, with all that is in them."""
    opened: list[tuple[str, int]] = []
    bare = COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), source.text)
    for tag in _TAG.finditer(bare):
        line = bare.count("\n", 0, tag.start()) + 1
        closes, name, _, empty = tag.groups()
        if name not in _MJML_TAGS:
            raise source.error(f"<{name}> is not an MJML tag", line)
        if closes:
            if not opened or opened.pop()[0] != name:
                raise source.error(f"</{name}> closes a tag that is not open", line)
        elif not empty:
            opened.append((name, line))
    if opened:
        raise source.error(f"<{opened[-1][0]}> is not closed", opened[-1][1])


def _check_survival(source: Source, html: str) -> None:
    wanted = Counter(JINJA.findall(COMMENT.sub("", source.text)))
    kept = Counter(JINJA.findall(html))
    for expression, times in wanted.items():
        if kept[expression] < times:
            raise source.error(f"MJML drops {expression} where it stands", source.line_of(expression))
