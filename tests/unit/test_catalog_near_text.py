"""Near-equal text: tellings of one paper are joined, papers of one group are not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.catalog.identifiers import parse
from digest.catalog.likeness import near_equal, near_twins
from digest.catalog.matching import group, match
from digest.catalog.names import author_key
from digest.catalog.near_text import near_keys, title_sketch, worth_reading
from digest.model import Entry

ABSTRACT = (
    "Quasar light curves show a damped random walk on time scales of months. We fit the amplitude and the damping time "
    "of nine thousand spectroscopically confirmed quasars in the southern stripe. The damping time grows with the mass "
    "of the black hole and hardly with luminosity, which supports thermal fluctuations of the accretion disc as origin "
    "of the optical variability. A catalogue of all fitted parameters accompanies this article."
)
REWRITTEN = (
    "The light curves of quasars follow a damped random walk on time scales of months. Here we fit amplitude and "
    "damping time of nine thousand spectroscopically confirmed quasars in the southern stripe. We find that the "
    "damping time grows with the mass of the black hole and hardly with luminosity, in support of thermal fluctuations "
    "of the accretion disc as the origin of variability."
)
NEXT = (
    "Quasar light curves show a damped random walk on time scales of months. We fit the amplitude and the damping time "
    "of nine thousand spectroscopically confirmed quasars in the southern stripe. Radio loudness, jets and host halos "
    "were matched from interferometric surveys, whose beams resolve lobes, cores and knots at many redshifts. Blazars "
    "flicker faster than theory foresees, while elliptical hosts redden the bluest nuclei and dilute their amplitudes."
)
"""The same group's next paper: half of the sentences, another matter."""
PAPER = Entry(
    source="arxiv",
    key="1",
    identifiers=(),
    title="Damped random walks of nine thousand quasars in the southern stripe",
    authors=("J\u00f6rg M\u00fcller", "Ada B. Lovelace", "Zoe van der Berg"),
    abstract=ABSTRACT,
)


def told(**changes: object) -> Entry:
    return dataclasses.replace(PAPER, source="crossref", key="2", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        told(title="QSO-Walk: damped random walks of 9,000 quasars in the southern stripe"),
        told(title="Damped Random Walks of Nine Thousand Southern Quasars", authors=("Muller, J.", "Lovelace, A. B.")),
        told(title="Nine thousand quasars as damped random walks", abstract=ABSTRACT[:230] + "\u2026"),
        told(title="DAMPED RANDOM WALKS OF NINE THOUSAND QUASARS: THE SOUTHERN STRIPE", abstract=REWRITTEN),
        told(title="SouthernWalk: Damped random walks of nine thousand quasars in the southern stripe", abstract=""),
        told(title="Towards damped random walks of nine thousand quasars in a southern stripe", abstract=""),
        told(
            title="Damped random walks of nine thousand quasars (extended abstract)",
            authors=("M\u00fcller, J\u00f6rg",),
        ),
    ],
    ids=[
        "acronym",
        "wording and names",
        "cut abstract",
        "rewritten abstract",
        "acronym alone",
        "no abstract",
        "fewer authors",
    ],
)
def test_tellings_of_one_paper_are_near_equal(other: Entry) -> None:
    """Title, authors and abstract may each be spelled otherwise: a key is shared, the texts agree, and so both ways."""
    assert set(near_keys(PAPER)) & set(near_keys(other))
    assert near_equal(PAPER, other)
    assert near_equal(other, PAPER)


@pytest.mark.parametrize(
    "other",
    [
        told(title="Damped random walks of nine thousand quasars in the southern stripe, Part II"),
        told(title="Damped random walks of nine thousand quasars in the southern stripe II: colours"),
        told(title="Erratum: Damped random walks of nine thousand quasars in the southern stripe"),
        told(title="Reply to comments on damped random walks of nine thousand quasars"),
        told(
            title="Damped random walks of nine thousand blazars in the southern stripe",
            abstract=ABSTRACT.replace("quasars", "blazars").replace("Quasar", "Blazar"),
        ),
        told(title="Towards damped random walks of nine thousand quasars in the southern stripe", abstract=NEXT),
        told(title="Microlensing of images in a gravitational arc"),
        told(authors=("Someone Else", "Nobody Known")),
        told(authors=()),
        told(
            title="Damped random walks of nine thousand quasars of one stripe",
            abstract="",
            authors=("Jörg Müller", "X Y"),
        ),
    ],
    ids=[
        "part",
        "numeral",
        "erratum",
        "reply",
        "other object",
        "next paper",
        "other title",
        "other authors",
        "no authors",
        "bare",
    ],
)
def test_other_papers_are_not(other: Entry) -> None:
    """Parts, notices, the group's next paper and strangers stay apart, however much text they share."""
    assert not near_equal(PAPER, other)
    assert not near_equal(other, PAPER)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Overview of the PolyGlot Challenge 2024", "Overview of the PolyGlot Challenge 2025"),
        ("Proceedings of the 10th Workshop on Concurrency", "Proceedings of the 11th Workshop on Concurrency"),
        ("Proceedings of the Fourth Workshop on Concurrency", "Proceedings of the Fifth Workshop on Concurrency"),
        ("Crossed modules of monoids I", "Crossed modules of monoids III"),
        ("Universal fluctuations of the DAX index", "Universal fluctuations of the FTSE index"),
    ],
)
def test_a_series_is_many_papers(one: str, other: str) -> None:
    """The same abstract under the next year, number or object is the next paper."""
    first, second = (dataclasses.replace(PAPER, title=title) for title in (one, other))
    assert not near_equal(first, second)


def test_two_arxiv_ids_need_nearly_equal_records() -> None:
    """A resubmission under another id is found; a rewritten one is left alone: a second id is mostly a second paper."""
    again = told(title="Damped random walks of nine thousand quasars in the southern stripe (extended version)")
    again = dataclasses.replace(again, authors=("Jorg Muller", "A. Lovelace", "Z. van der Berg"))
    changed = told(title="Nine thousand quasars as damped random walks", abstract=REWRITTEN)
    assert near_twins(PAPER, again)
    assert near_equal(PAPER, changed)
    assert not near_twins(PAPER, changed)
    ids = [parse("2305.10430"), parse("2401.00001"), parse("2402.00001")]
    named = [
        dataclasses.replace(entry, source="arxiv", key=str(name), identifiers=(name,))
        for entry, name in zip((PAPER, again, changed), ids, strict=True)
        if name
    ]
    assert group(named) == ((0, 1), (2,))


def test_the_evidence_is_in_words() -> None:
    """Whoever asks why two records are one paper reads what they have in common."""
    (edge,) = match([PAPER, told(title="Nine thousand quasars as damped random walks", abstract=ABSTRACT[:230])])
    assert edge.rule == "near-equal text"
    assert edge.evidence == (
        "titles 75% alike, 100% of the shorter abstract in the other, 100% of the shorter list of authors"
    )


def test_keys_are_for_ever() -> None:
    """Stored keys must be found by later releases: they may change only with a migration that makes them anew."""
    assert near_keys(PAPER) == (
        -3223529691880965671,
        -3223529690576162066,
        -3223529689356397301,
        -3223529688593131570,
        -3223529687677993752,
    )
    assert title_sketch(PAPER.title) == 9570175380635904


@settings(deadline=None)
@given(title=st.text(), abstract=st.text(), authors=st.lists(st.text(), max_size=3))
def test_any_text_has_few_keys(title: str, abstract: str, authors: list[str]) -> None:
    """Keys are at most six signed 64-bit numbers, and nothing raises on any text."""
    entry = Entry(source="s", key="k", identifiers=(), title=title, abstract=abstract, authors=tuple(authors))
    keys = near_keys(entry)
    assert len(keys) <= 6
    assert all(-(1 << 63) <= key < 1 << 63 for key in keys)
    assert 0 <= title_sketch(title) < 1 << 63
    assert worth_reading(title_sketch(title), title_sketch(title))
    near_equal(entry, PAPER)


def test_a_paper_s_keys_lie_side_by_side() -> None:
    """Keys with an author share their upper half, so that an index is read in one place; one key has no author."""
    uppers = [key >> 32 for key in near_keys(PAPER)]
    assert len(uppers) - 1 <= max(map(uppers.count, uppers))


@given(words=st.lists(st.from_regex(r"[A-Z][a-z]{0,8}\.?", fullmatch=True), min_size=1, max_size=4))
def test_usual_names_are_read_like_all_others(words: list[str]) -> None:
    """The short way for names in plain letters gives the same key as the long way, which an accent asks for."""
    name = " ".join(words)
    assert author_key(name) == author_key(f"{name[0]}\u0300{name[1:]}")
