"""What a summary says, its abstract says: over every paper that arXiv's four feeds announced in one month."""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from digest.catalog.tex import readable
from digest.summaries.model import Model
from digest.summaries.sentences import sentences
from digest.summaries.tldr import Quoter, summarise

DATA = Path(os.environ.get("DIGEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
MONTH = DATA / "arxiv_announced" / "papers" / "2026-05.jsonl.zst"
FIGURE = re.compile(r"\S*\d\S*(?: ?[%×°]| \S+)?")
"""A number as it is written, with what touches it and the word behind it: its unit."""
NEGATION = re.compile(
    r"\b(?:not|no|nor|none|never|neither|without|cannot|hardly|barely|unless|except|fails?|lacks?|only)\b|n['’]t\b",
    re.IGNORECASE,
)


def papers() -> Iterator[tuple[str, str]]:
    with MONTH.open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
            paper = json.loads(line)
            yield readable(paper["title"]), " ".join(readable(paper["abstract"]).split())


def negations(text: str) -> Counter[str]:
    return Counter(found.lower() for found in NEGATION.findall(text))


def unfaithful(title: str, abstract: str) -> Iterator[str]:
    summary = summarise(title, abstract)
    for text in (summary.tldr, summary.more):
        for figure in FIGURE.findall(text):
            # A unit that ends the summary's sentence may go on in the abstract's.
            if figure.rstrip(".…") not in abstract and figure.partition(" ")[0].rstrip(".…") not in abstract:
                yield f"figure {figure!r}"
    if more := negations(summary.text) - negations(abstract):
        yield f"negations {more}"
    parts = sentences(abstract)
    if not parts:
        return
    quoter = Quoter(Model.shipped(), title, parts)
    for form in quoter.best():
        whole = quoter.whole[form.index].text
        if not form.text.endswith("…") and negations(form.text) != negations(whole):
            yield f"{form.text!r} of {whole!r}"


@pytest.mark.slow
@pytest.mark.skipif(not MONTH.is_file(), reason=f"no {MONTH}")
def test_a_month_of_summaries_is_faithful() -> None:
    """Every number, unit and negation of a summary stands in its abstract, and no quoted sentence loses a negation."""
    found = [f"{title}: {what}" for title, abstract in papers() for what in unfaithful(title, abstract)]
    assert found == []


@pytest.mark.parametrize(
    "abstract",
    [
        "We propose a kernel for sparse attention, without using more memory. It reduces cost by 3.5 dB.",
        "We show that trees do not sort faster than lists, reducing nothing, in 12 of 13 tests (p < 0.05).",
    ],
)
def test_what_counts_stays(abstract: str) -> None:
    """The same check on abstracts that invite mistakes, for machines without the data."""
    assert list(unfaithful("Trees", abstract)) == []
