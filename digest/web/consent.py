"""The words that a reader agrees to. What is on record is what stood on the page, in its language, and which version.

Whoever changes the words raises the version: a form that shows old ones is then asked again instead of taken.
"""

from __future__ import annotations

from typing import Final

from digest.languages import Language

VERSION: Final = "2026-11-23"


def consent(language: Language, *, site: str) -> str:
    """In one sentence: what is sent, what is stored, and how it ends."""
    words = language.gettext(
        "I want the papers that are new for me by e-mail from %(site)s, which keeps my address and my interests for "
        "that until I unsubscribe, by one click in any mail."
    )
    return words % {"site": site}


def on_record(language: Language, *, site: str) -> str:
    return f"{consent(language, site=site)} [{VERSION}]"
