"""Mails to one person that are no editions, and what leads to them."""

from __future__ import annotations

from enum import StrEnum


class Letter(StrEnum):
    """What waits to be mailed. The first two are questions: whose the address is, and so which letter follows."""

    JOIN = "join"
    """A form was filled in: becomes CONFIRM, KNOWN or nothing."""
    LOST = "lost"
    """Somebody lost the way to their page: becomes LINK, CONFIRM or nothing."""
    CONFIRM = "confirm"
    KNOWN = "known"
    """They asked to join, and are readers already: the way to their page."""
    LINK = "link"
    GOODBYE = "goodbye"


QUESTIONS = frozenset({Letter.JOIN, Letter.LOST})
