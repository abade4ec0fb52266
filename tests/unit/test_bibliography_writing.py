"""Papers as BibTeX and RIS: what is written is read again by our own readers, and no title is a command."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.bibliography.bibtex import parse_bibtex
from digest.bibliography.ris import parse_ris
from digest.bibliography.writing import keys_of, to_bibtex, to_ris
from digest.catalog.names import split_name
from digest.model import Identifier, Paper, Scheme

PAPER = Paper(
    id=1,
    title="Sparse Attention at 50% of the Cost",
    abstract="We study a thing.",
    authors=("Ada Lovelace", "Jan van der Berg", "The ATLAS Collaboration"),
    categories=("cs.LG",),
    url="https://arxiv.org/abs/2605.00001",
    identifiers=(Identifier(Scheme.ARXIV, "2605.00001"),),
    first_seen_at=dt.datetime(2026, 5, 20, tzinfo=dt.UTC),
)
DOI = replace(PAPER, id=2, identifiers=(Identifier(Scheme.DOI, "10.1000/a_b"),), url="https://doi.org/10.1000/a_b")


def test_bibtex_is_read_again() -> None:
    """Every entry under its identifier, with keys that differ."""
    library = parse_bibtex(to_bibtex([PAPER, DOI]))
    assert [entry.identifier for entry in library.entries] == [PAPER.identifiers[0], DOI.identifiers[0]]
    assert [entry.key for entry in library.entries] == ["lovelace2026sparse", "lovelace2026sparse-2"]
    assert not library.broken_lines


def test_bibtex_fields() -> None:
    """As arXiv's own export has them; a collaboration is one name, and a percent sign begins no comment."""
    text = to_bibtex([PAPER])
    assert text.startswith("@misc{lovelace2026sparse,")
    assert "title = {{Sparse Attention at 50\\% of the Cost}}" in text
    assert "author = {Lovelace, Ada and van der Berg, Jan and {The ATLAS Collaboration}}" in text
    assert "eprint = {2605.00001}" in text
    assert "primaryclass = {cs.LG}" in text


def test_ris_is_read_again() -> None:
    """Each record begins with TY, as every reader expects, and has its identifier."""
    text = to_ris([PAPER, DOI])
    assert text.startswith("TY  - UNPB\n")
    assert "AU  - van der Berg, Jan\n" in text
    library = parse_ris(text)
    assert [entry.identifier for entry in library.entries] == [PAPER.identifiers[0], DOI.identifiers[0]]
    assert [entry.title for entry in library.entries] == [PAPER.title, DOI.title]


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=200))
def test_no_text_breaks_a_record_or_is_a_command(title: str, author: str, abstract: str) -> None:
    """Whatever a feed says, two papers are two records, and every backslash is one of ours."""
    hostile = replace(PAPER, title=title + r"\input{/etc/passwd}} @article{x,", authors=(author,), abstract=abstract)
    text = to_bibtex([hostile, DOI])
    assert len(parse_bibtex(text).entries) == 2
    assert r"\input" not in text
    assert len(parse_ris(to_ris([hostile, DOI])).entries) == 2


def test_keys_without_letters() -> None:
    """A paper in another script still has a key."""
    assert keys_of([replace(PAPER, title="注意", authors=("李明",))]) == ["paper1"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("Jan van der Berg", ("Jan", "van der Berg")),
        ("Sammy Davis Jr.", ("Sammy", "Davis Jr.")),
        ("Müller, Jörg", ("Jörg", "Müller")),
        ("Plato", ("", "Plato")),
        ("The ATLAS Collaboration", ("", "The ATLAS Collaboration")),
        ("", ("", "")),
    ],
)
def test_names_are_split(name: str, split: tuple[str, str]) -> None:
    """Particles and suffixes stay with the family; a single name and a collaboration are whole."""
    assert split_name(name) == split
