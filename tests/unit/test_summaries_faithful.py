"""What a summary says, its abstract says: over the papers that arXiv's four feeds announced in one month."""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest
import zstandard

from digest.catalog.tex import readable
from digest.summaries.model import Model
from digest.summaries.sentences import sentences
from digest.summaries.tldr import Quoter, summarise

DATA = Path(os.environ.get("DIGEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
MONTH = DATA / "arxiv_announced" / "papers" / "2026-05.jsonl.zst"
BARE_FIGURE = re.compile(r"[\d.,]+")
STOPS = ".,;:…"
NEGATION = re.compile(
    r"\b(?:not|no|nor|none|never|neither|without|cannot|hardly|barely|unless|except|fails?|lacks?|only)\b|n['’]t\b",
    re.IGNORECASE,
)


def papers() -> Iterator[tuple[str, str]]:
    """Every tenth paper; all of them if ``DIGEST_FAITHFUL=all``, which takes a minute."""
    step = 1 if os.environ.get("DIGEST_FAITHFUL") == "all" else 10
    with MONTH.open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
        for line in islice(lines, 0, None, step):
            paper = json.loads(line)
            yield readable(paper["title"]), " ".join(readable(paper["abstract"]).split())


def negations(text: str) -> Counter[str]:
    return Counter(found.lower() for found in NEGATION.findall(text))


def unfaithful(title: str, abstract: str) -> Iterator[str]:
    summary = summarise(title, abstract)
    for text in (summary.tldr, summary.more):
        for word, unit in pairwise([*text.split(), ""]):
            if re.search(r"\d", word) and word.rstrip(STOPS) not in abstract:
                yield f"figure {word!r}"
            if (
                BARE_FIGURE.fullmatch(word)
                and word == word.rstrip(STOPS)
                and f"{word} {unit.rstrip(STOPS)}" not in abstract
            ):
                yield f"unit of {word!r}: {unit!r}"
    if more := negations(summary.text) - negations(abstract):
        yield f"negations {more}"
    told = f"{title}\n{abstract}".casefold()
    yield from (f"{one.fact} {one.text!r}" for one in summary.highlights if one.text.casefold() not in told)
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
