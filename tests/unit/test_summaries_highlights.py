"""Task, method and result are quoted from the abstract, and only where there is no doubt."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Fact, Highlight
from digest.summaries.highlights import highlights
from digest.summaries.tldr import summarise


def facts(title: str, *sentences: str) -> dict[str, str]:
    return {one.fact.value: one.text for one in highlights(title, sentences)}


@pytest.mark.parametrize(
    ("title", "sentence", "name"),
    [
        ("Tern: sparse attention for all", "In tests, Tern sorts.", "Tern"),
        ("Sparse attention for all", "We propose TernNet, a kernel.", "TernNet"),
        ("Sparse attention for all", "We add a kernel called Tern-2.", "Tern-2"),
        ("Sparse attention for all", "We present a novel Sparse Attention Kernel (SAK) for all.", "SAK"),
        ("Attention: a survey", "We read 400 papers on attention.", ""),
        ("Tern: sparse attention", "We sort trees.", ""),
        ("Tern: sparse attention", "Terns are birds.", ""),
        ("Sparse attention", "We propose Bayesian, careful sorting.", ""),
        ("Sparse attention", "We propose a large language model (LLM) that sorts.", ""),
    ],
)
def test_a_method_has_a_name_that_no_common_word_is_written_like(title: str, sentence: str, name: str) -> None:
    """The title's own, if the abstract uses it; one that the abstract gives; else none."""
    assert facts(title, sentence).get("method", "") == name


@pytest.mark.parametrize(
    ("sentence", "result"),
    [
        ("Our kernel reduces memory by up to 4.2% on 12 Benchmarks.", "reduces memory by up to 4.2% on 12 Benchmarks"),
        ("Our kernel reduces memory by up to 4.2% on GLUE, and more.", "reduces memory by up to 4.2% on GLUE"),
        ("It achieves 93.4% top-1 accuracy on ImageNet-1K.", "achieves 93.4% top-1 accuracy on ImageNet-1K"),
        ("We show that it outperforms BERT by 2.5 points.", "outperforms BERT by 2.5 points"),
        ("Our method raises accuracy from 28% to 35%.", ""),
        ("Our kernel does not reduce memory by 4.2%.", ""),
        ("Our kernel may reduce memory by 4.2%.", ""),
        ("Our kernel reduces memory by 4.2% in short documents.", ""),
        ("If it is cold, our kernel reduces memory by 4.2%.", ""),
        ("Existing kernels improve accuracy by 4.2%.", ""),
        ("Our kernel improves accuracy by 4.2% and 5.1%.", ""),
        ("Our kernel achieves 4.2%.", ""),
        ("Our kernel reduces memory by 12.", ""),
        ("Our kernel reduces memory by $4.2\\%$.", ""),
        ("Our kernel yields a 4.2% average.", ""),
    ],
)
def test_a_result_is_quoted_whole_or_not_at_all(sentence: str, result: str) -> None:
    """From its verb to the benchmark; not with a denial, hedge or condition, nor of others, nor half a list."""
    assert facts("Sparse attention", sentence).get("result", "") == result


def test_a_result_with_a_benchmark_comes_first() -> None:
    """Of several, the one that says where it was measured."""
    sentences = ("Our kernel reduces memory by 4%.", "It improves accuracy by 2% on GLUE.")
    assert facts("Sparse attention", *sentences)["result"] == "improves accuracy by 2% on GLUE"


@pytest.mark.parametrize(
    ("sentence", "task"),
    [
        ("We study the problem of long-context inference, which is hard.", "long-context inference"),
        ("We tackle the task of open-set iris detection in the wild.", "open-set iris detection"),
        ("We study the problem of how to sort.", ""),
        ("This is the problem of sorting.", ""),
    ],
)
def test_a_task_is_what_the_abstract_calls_one(sentence: str, task: str) -> None:
    """A noun phrase after "the task of" or "the problem of"."""
    assert facts("Sparse attention", sentence).get("task", "") == task


@settings(deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=200), max_size=6))
def test_every_highlight_stands_in_the_text(title: str, sentences: list[str]) -> None:
    """Whatever comes in, a highlight is a stretch of it."""
    text = " ".join([title, *sentences])
    assert all(one.text in text for one in highlights(title, sentences))


def test_the_summary_has_them() -> None:
    """Beside its sentences."""
    abstract = "We propose TernNet, a sparse kernel. It reduces memory by 4.2% on GLUE."
    assert summarise("Sparse attention", abstract).highlights == (
        Highlight(Fact.METHOD, "TernNet"),
        Highlight(Fact.RESULT, "reduces memory by 4.2% on GLUE"),
    )


@pytest.mark.parametrize("piece", ["1.1,", "1", "A A ", "a ", "reduces 1% ", "A-a ", "(", "we propose Aa"])
def test_hostile_text_costs_little(piece: str) -> None:
    """Whatever is repeated for a page, there is a summary in well under a second."""
    begun = time.process_time()
    summarise("Tern: trees", f"our kernel reduces {piece * (20_000 // len(piece))}%")
    summarise("Tern: trees", f"Our kernel reduces {piece * (1_400 // len(piece))}%. " * 14)
    assert time.process_time() - begun < 2
