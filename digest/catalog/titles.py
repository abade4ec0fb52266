"""When are two titles the same title? Their keys are equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from digest.catalog.tex import readable

LEAST_WORDS: Final = 3
LEAST_CHARACTERS: Final = 12
"""A shorter title ("Editorial", "Reply", "On graphs") is shared by too many papers to say anything."""

_NOT_WORDS: Final = re.compile(r"[^\w]|_")
_GENERIC: Final = frozenset(
    {
        "a response to the reviewers",
        "book of abstracts",
        "corrections to previous issue",
        "from the editors",
        "guest editors introduction",
        "instructions for authors",
        "introduction to the special issue",
        "letter to the editor",
        "list of contributors",
        "message from the chairs",
        "message from the editor in chief",
        "message from the general chairs",
        "response to the editor",
        "table of contents",
        "welcome from the chairs",
    }
)
_ABOUT_ANOTHER: Final = re.compile(
    r"(?:(?:authors? |publishers? )?(?:correction|corrigendum|corrigenda|erratum|errata|addendum|retraction|retracted)"
    r"|(?:a )?(?:comments?|reply|response|rejoinder|discussion) (?:on|to|of))\b.*"
)
"""Notices and replies carry another paper's title; they are papers of their own."""


@lru_cache(maxsize=4096)  # a batch looks at its titles several times; few titles ever come back after it
def title_words(title: str) -> str:
    """Lower-case words without TeX, accents and punctuation: ``Poincar\\'e and the β-VAE`` → poincare and the β vae."""
    text = readable(title).casefold()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()
    return " ".join(_NOT_WORDS.sub(" ", text).split())


def is_notice(words: str) -> bool:
    """Do a title's words say that it is about another paper: a correction, comment or reply?"""
    return _ABOUT_ANOTHER.fullmatch(words) is not None


@lru_cache(maxsize=4096)
def title_key(title: str) -> str:
    """The title's words if they tell papers apart, else the empty key, which matches nothing, itself included.

    It stands for titles that are too short or too general, and for corrections, comments and replies, whose titles name
    another paper.
    """
    key = title_words(title)
    words = key.count(" ") + 1
    dense = not key.isascii() and any(character > "\u2e80" for character in key)  # Chinese and Japanese write no spaces
    if len(key) < LEAST_CHARACTERS or (words < LEAST_WORDS and not dense):
        return ""
    return "" if key in _GENERIC or is_notice(key) else key
