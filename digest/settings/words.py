"""Kinds of settings: one line of text, a list that may be written as its only item, an arXiv category."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from digest import arxiv_categories

MAX_TEXT = 500


def is_control_free(text: str) -> bool:
    """True when no character is a control character (Unicode Cc): nothing that could break a header or a terminal."""
    return not any(unicodedata.category(sign) == "Cc" for sign in text)


def parse_plain_text(text: str) -> str:
    """One line of text, folded; raises ValueError."""
    folded = " ".join(text.split())
    if not folded:
        raise ValueError("is empty")
    if len(folded) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT} characters")
    if not is_control_free(folded):
        raise ValueError("holds a control character; remove it")
    return folded


PlainText = Annotated[str, AfterValidator(parse_plain_text)]
"""One line of text: white space folded, no control characters."""

OneOrMore = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
"""Marks a list that may be written as its only item: ``wait_for: arxiv``."""


def parse_category(text: str) -> str:
    """A category in its own spelling; raises ValueError with the nearest one."""
    known = arxiv_categories.canonical(text)
    if known is None:
        raise ValueError(f"{text!r} is no category; {arxiv_categories.advice(text)}")
    return known


Category = Annotated[PlainText, AfterValidator(parse_category)]
