"""The default summary quotes the abstract's best sentences and never makes up a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Summary
from digest.summaries.extract import LONGEST_WORDS, summarise
from digest.summaries.sentences import sentences

ABSTRACT = (
    "Attention in long documents has become a bottleneck. Existing methods struggle with memory. In this paper, we "
    "propose Tern, a sparse attention kernel that keeps two keys of every block. On 12 benchmarks it is 3.1x faster, "
    "outperforming the baseline of Smith et al. by 4.2% (Fig. 2). Code is available at https://example.org/tern."
)


def test_contribution_and_result_are_quoted() -> None:
    """The sentence that says what was done and the one that says what came of it are chosen, in order."""
    summary = summarise("Tern: sparse attention for long documents", ABSTRACT)
    assert summary.tldr == "We propose Tern, a sparse attention kernel that keeps two keys of every block."
    assert (
        summary.more
        == "On 12 benchmarks it is 3.1x faster, outperforming the baseline of Smith et al. by 4.2% (Fig. 2)."
    )
    assert summary.text == f"{summary.tldr} {summary.more}"


def test_structured_abstract_loses_its_labels() -> None:
    """Of a structured abstract, the results are preferred and the labels are not shown."""
    abstract = (
        "BACKGROUND: Sepsis is common. METHODS: Records of 400 wards were read. "
        "RESULTS: Alarms reduced mortality by 11%. CONCLUSIONS: early alarms improve survival."
    )
    summary = summarise("Alarms for sepsis", abstract)
    assert summary == Summary("Alarms reduced mortality by 11%.", "Early alarms improve survival.")


@pytest.mark.parametrize(
    ("abstract", "tldr"), [("", ""), (" \n ", ""), ("We prove it.", "We prove it."), ("No stop", "No stop")]
)
def test_nothing_and_little(abstract: str, tldr: str) -> None:
    """An empty abstract gives an empty summary, one sentence gives that sentence."""
    assert summarise("A title", abstract) == Summary(tldr)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("As Smith et al. 2019 say, i.e. in Fig. 2 and Eq. 3, it is 93.4% vs. 91.2%. We agree.", 2),
        ("We study E. coli in the U.S. Army. It grows. J. Smith saw it, e.g. Monday.", 3),
        ("This follows Smith et al. We extend it.", 2),
        ("Is it so? Yes! “Indeed.” GPT-4 said so.", 4),
        ("Let $x. Y$ be given. Then mRNA wins.", 2),
        ("It costs 3.5 dB. mRNA helps.", 2),
        ("One.\n  Two lines\nfold. 3 more.", 3),
    ],
)
def test_sentences(text: str, count: int) -> None:
    """Abbreviations, initials, decimals and TeX do not end a sentence; openers do."""
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("In this work, our method wins.", "Our method wins."),
        ("To address this issue, we sort.", "We sort."),
        ("(2) Crucially, we sort.", "We sort."),
        ("In this paper, mRNA is sorted.", "In this paper, mRNA is sorted."),
        ("However hard, we sort.", "However hard, we sort."),
        ("Results: mRNA is sorted.", "mRNA is sorted."),
    ],
)
def test_leading_phrase(sentence: str, shown: str) -> None:
    """A leading phrase goes only where a whole sentence remains, which then starts with a capital."""
    assert summarise("", sentence).tldr == shown


def test_long_sentence_is_cut_at_a_word() -> None:
    """A sentence of more than sixty words ends at a word, with an ellipsis; so does a word of ten thousand letters."""
    shown = summarise("", "word, " * 100).tldr
    assert shown.endswith("word …")
    assert len(shown.split()) == LONGEST_WORDS + 1
    assert len(summarise("", "x" * 10_000).tldr) < 710
    assert len(summarise("", "We propose it. " * 1_000_000).text) < 60


@given(
    st.text(max_size=400),
    st.lists(st.sampled_from(["We propose x.", "Fig. 2", "et al.", "$", "(", "…", "é", "\n"]), max_size=30),
)
def test_every_word_is_the_authors(noise: str, pieces: list[str]) -> None:
    """Whatever comes in, the sentences give the text back and the summary holds no word of its own."""
    text = " ".join([noise, *pieces])
    assert " ".join(sentences(text)) == " ".join(text.split())
    known = set(text.casefold().split()) | {"…"}
    for word in summarise("x", text).text.split():
        assert any(whole.startswith(word.casefold()) for whole in known)
