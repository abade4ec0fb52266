"""What a language model is asked, and what of its answers may go out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.resources import data_path
from digest.summaries.asking import Prompts, read_answer
from digest.summaries.faithful import objections

TITLE = "Tern: sparse attention for long documents"
ABSTRACT = (
    "We present Tern, a sparse attention kernel. It does not require retraining and reduces memory by 4.2% on 12 "
    "benchmarks. Accuracy on short texts does not improve. It may fail on tables, and runs on three 80 GB cards."
)


def answer(content: object) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}}]}).encode()


@pytest.mark.parametrize(
    "text",
    [
        "We present Tern, a sparse attention kernel that reduces memory by 4.2% on 12 benchmarks.",
        "Tern, a sparse attention kernel, reduces memory by 4.2 % without retraining.",
        "The sparse attention kernel Tern does not require retraining. It reduces memory on 12 benchmarks.",
        "Tern runs sparse attention for long documents on three 80 GB cards.",
    ],
)
def test_what_the_abstract_says_may_be_said(text: str) -> None:
    """Other words, another order and parts of it are fine."""
    assert objections(text, title=TITLE, abstract=ABSTRACT) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Tern, a sparse attention kernel, reduces memory by 42% on 12 benchmarks.", "'42%'"),
        ("Tern, a sparse attention kernel, reduces memory by 4.2 points.", "'4.2'"),
        ("Tern, a sparse attention kernel, reduces memory on 12 datasets.", "'datasets'"),
        ("Tern, a sparse attention kernel, runs on two 80 GB cards.", "'two'"),
        ("Tern, a sparse attention kernel, runs on three 80 MB cards.", "'mb'"),
        ("Tern, a sparse attention kernel, does not reduce memory.", "denies"),
        ("Tern, a sparse attention kernel, requires retraining and reduces memory.", "claims 'retrai'"),
        ("Tern reduces memory, and accuracy on short texts improves.", "claims 'improv'"),
        ("Tern, a sparse attention kernel, significantly reduces memory.", "'signif'"),
        ("Tern, a sparse attention kernel, increases memory by 4.2%.", "'increa'"),
        ("Tern is the first sparse attention kernel that reduces memory.", "'first'"),
        ("Der Kernel Tern braucht weniger Speicher bei langen Dokumenten und bleibt genau.", "words"),
        ("Buy cheap watches at our store today and tell all of your friends.", "words"),
        ("Tern reduces memory; see https://tern.example.", "markup"),
        ("Tern, a **sparse** attention kernel, reduces memory.", "markup"),
        ("Tern, a sparse attention kernel that reduces", "no whole sentence"),
        ("Tern reduces memory.", "3 words"),
        ("Tern reduces memory. " * 19, "more than two"),
        ("Tern reduces memory. " * 50_000, "1050000 characters"),
        ("", "0 words"),
    ],
)
def test_lies_and_litter_are_refused(text: str, reason: str) -> None:
    """A figure, unit, degree, denial or claim that the abstract has not; another subject or language; no sentence."""
    assert any(reason in objection for objection in objections(text, title=TITLE, abstract=ABSTRACT))


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_judged(text: str, abstract: str) -> None:
    """Whatever a model says about whatever paper, there is a verdict."""
    assert all(isinstance(objection, str) for objection in objections(text, title="", abstract=abstract))


def test_an_answer_is_read() -> None:
    """One or two sentences, also in a fence, white space folded."""
    assert read_answer(answer('{"sentences": ["We  sort\\n it.", "It wins."]}')) == "We sort it. It wins."
    assert read_answer(answer('```json\n{"sentences": ["We sort it."]}\n```')) == "We sort it."


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"choices": []}',
        b'{"error": {"message": "no such model"}}',
        answer(None),
        answer("Here is the summary: we sort it."),
        answer('{"sentences": []}'),
        answer('{"sentences": [" "]}'),
        answer('{"sentences": ["a", "b", "c"]}'),
        answer('{"sentences": [1]}'),
        answer('{"sentences": "We sort."}'),
        answer('["We sort."]'),
        answer('{"sentences": ["We sort."]'),
    ],
)
def test_anything_else_is_no_answer(data: bytes) -> None:
    """It is refused in one line, whatever it is."""
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read_answer(data)


def test_a_question_is_known_by_all_that_is_asked(tmp_path: Path) -> None:
    """Another abstract, model or prompt is another question; an operator's own prompt comes first."""
    builtin = data_path("templates")
    prompts = Prompts.load(builtin)
    question = prompts.question(1, TITLE, ABSTRACT, model="small")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "system.txt.j2").write_text("Be short.")
    own = Prompts.load(builtin, override=tmp_path).question(1, TITLE, ABSTRACT, model="small")
    others = (
        prompts.question(1, TITLE, ABSTRACT + " It wins.", model="small"),
        prompts.question(1, TITLE, ABSTRACT, model="large"),
        own,
    )
    assert own.system == "Be short."
    assert ABSTRACT in own.user
    assert len({question.key, *(other.key for other in others)}) == 4
    assert prompts.question(2, TITLE, ABSTRACT, model="small").key == question.key


@pytest.mark.parametrize(("text", "said"), [("{{ titel }}", "titel"), ("{% if %}", "Expected an expression")])
def test_a_prompt_that_cannot_work_is_told(tmp_path: Path, text: str, said: str) -> None:
    """When the prompts are loaded, not in the middle of the night."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "user.txt.j2").write_text(text)
    with pytest.raises(RenderError, match=said):
        Prompts.load(data_path("templates"), override=tmp_path)
