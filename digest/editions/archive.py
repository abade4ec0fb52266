"""A mail that was sent, as a page: the same HTML from the same recipe, without what belongs to its reader alone.

What differs from reader to reader stands in the recipe's holes, so nothing has to be searched for: links that act for
the reader are given a mark and their anchors taken out, the sentence that names their address is replaced, whatever the
templates look like. Reasons and lanes stay: they are why the page is worth keeping, and why its address is not told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from markupsafe import escape

from digest.editions.recipe import Placed, Recipe, part_html

OWN_LINKS = frozenset(
    {"settings_url", "pause_url", "unsubscribe_url", "online_url", "tune_url", "more_url", "less_url"}
)
"""Holes whose links act for the reader, or lead here."""
_MARK = "about:blank#own"
_ANCHOR = re.compile(rf'<a\b[^>]*\bhref="{_MARK}"[^>]*>.*?</a>', re.DOTALL)
_HEAD = re.compile(r"<head\b[^>]*>")
_BODY = re.compile(r"<body\b[^>]*>")
_META = '<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer">'
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def page(recipe: Recipe, fragments: Mapping[str, bytes], *, words: str, back: str | None = None) -> str:
    """The page of an edition.

    Args:
        words: stand where the mail said whose it is and why they got it.
        back: the address of the index, if readers of the page may see it.

    Raises:
        RenderError: a fragment is missing.
    """
    bare = replace(
        recipe,
        shell=_stripped(recipe.shell, recipe.recipient, words),
        body=tuple(_stripped(placed, recipe.recipient, words) for placed in recipe.body),
    )
    html = _ANCHOR.sub("", part_html(bare, fragments)).replace(_MARK, "")
    html = _HEAD.sub(lambda tag: tag[0] + _META, html, count=1)
    if back is not None:
        style = "margin:0;padding:14px 16px;text-align:center;font:14px/1.4 sans-serif"
        link = f'<p style="{style}"><a href="{escape(back)}" style="color:#77777a">All editions</a></p>'
        html = _BODY.sub(lambda tag: tag[0] + link, html, count=1)
    return html


def title_of(page_start: str) -> str:
    """The subject, escaped as it stands in the page's head; empty if there is none."""
    found = _TITLE.search(page_start)
    return " ".join(found[1].split()) if found else ""


def _stripped(placed: Placed, address: str, words: str) -> Placed:
    own = str(escape(address))
    html = {}
    for name, value in placed.html.items():
        if name in OWN_LINKS:
            html[name] = _MARK
        elif name == "why":
            html[name] = str(escape(words))
        else:
            html[name] = value.replace(own, "…") if own else value
    return replace(placed, html=html)
