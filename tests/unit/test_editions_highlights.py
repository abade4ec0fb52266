"""What a card shows of a summary's highlights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digest.editions.cards import Length, card
from digest.editions.links import NoLinks
from digest.languages import language
from digest.model import Fact, Highlight, MailLayout, Summary
from tests.support.edition import EDITION, view

ENGLISH = language("en")
SUMMARY = Summary(
    "We keep two keys of every block.",
    highlights=(
        Highlight(Fact.METHOD, "TernNet"),
        Highlight(Fact.RESULT, "cuts memory by 4.2% on GLUE"),
    ),
)


def shown(summary: Summary, layout: MailLayout = MailLayout.FULL, length: Length = Length.WHOLE) -> str:
    picked = replace(view(1), summary=summary)
    return dict(
        card(picked, 1, key=EDITION.key, links=NoLinks(), layout=layout, language=ENGLISH, length=length).fixed
    )["highlights"]


def test_highlights_are_labelled_and_say_nothing_twice() -> None:
    """In the full card; what title or sentences have said already is left out."""
    assert shown(SUMMARY) == "Method: TernNet · Result: cuts memory by 4.2% on GLUE"
    assert shown(replace(SUMMARY, tldr="TernNet keeps two keys.")) == "Result: cuts memory by 4.2% on GLUE"
    assert shown(replace(SUMMARY, highlights=())) == ""


@pytest.mark.parametrize(
    ("layout", "length"),
    [(MailLayout.COMPACT, Length.WHOLE), (MailLayout.FULL, Length.ONE_SENTENCE), (MailLayout.FULL, Length.TERSE)],
)
def test_a_short_card_has_none(layout: MailLayout, length: Length) -> None:
    """They are the first to go where space is short."""
    assert shown(SUMMARY, layout, length) == ""
