"""BibTeX → papers by their best identifier."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.bibliography import BibliographyError, read_bibliography
from digest.bibliography.bibtex import parse_bibtex


@pytest.mark.parametrize(
    ("fields", "identifier"),
    [
        ("eprint={2305.10430v2}, archivePrefix={arXiv}", "arxiv:2305.10430"),
        ("eprint = {hep-th/9901001}", "arxiv:hep-th/9901001"),
        ('arxivId = "1706.03762"', "arxiv:1706.03762"),
        ("journal={arXiv preprint arXiv:1512.03385}", "arxiv:1512.03385"),
        ("url={https://arxiv.org/abs/1706.03762v1}", "arxiv:1706.03762"),
        (r"howpublished={\url{https://arxiv.org/pdf/1706.03762}}", "arxiv:1706.03762"),
        ("doi={10.1000/ABC}, eprint={1706.03762}", "arxiv:1706.03762"),
        (r"doi={10.1000/a\_b}, url={https://example.org/x}", "doi:10.1000/a_b"),
        ("doi={https://doi.org/10.1000/X}", "doi:10.1000/x"),
        ("pmid={12345678}", "pmid:12345678"),
        ("url={https://example.org/blog}", None),
        ("title={No identifier}, year=2020", None),
    ],
)
def test_an_entry_is_known_by_its_best_identifier(fields: str, identifier: str | None) -> None:
    """Where reference managers put it; arXiv before DOI, and a bare web page is none."""
    (entry,) = parse_bibtex(f"@article{{key, {fields}}}").entries
    assert (str(entry.identifier) if entry.identifier else None) == identifier


def test_a_broken_entry_costs_itself_only(capfd: pytest.CaptureFixture[str]) -> None:
    """Its line is kept, and the library's own log stays quiet; a key used twice is two papers."""
    text = (
        "@article{a, title={{A} Title\n of two lines}, eprint={1706.03762}, primaryClass={cs.CL}}\n"
        "@article{torn, title={x\n@string{s = {y}}\n@article{a, doi={10.1000/b}}\n"
    )
    found = parse_bibtex(text)
    assert [(entry.title, entry.line, entry.category) for entry in found.entries] == [
        ("A Title of two lines", 1, "cs.CL"),
        ("", 5, None),
    ]
    assert found.broken_lines == (3,)
    assert len(found.identifiers) == 2
    assert capfd.readouterr() == ("", "")


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet='@article{}(),="\n\\%# a1', max_size=120))
def test_any_text_is_read(text: str) -> None:
    """Nothing is raised, whatever a file holds."""
    parse_bibtex(text)


def test_a_file_may_be_latin_1_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """Older managers write it so."""
    path = tmp_path / "a.bib"
    path.write_bytes(b"@misc{a, title={Caf\xe9}, doi={10.1000/a}}")
    assert read_bibliography(path).entries[0].title == "Café"
    path.write_bytes(b"@misc{a, title={Other}, doi={10.1000/a}}")
    assert read_bibliography(path).entries[0].title == "Other"
    with pytest.raises(BibliographyError, match="cannot be read: No such file"):
        read_bibliography(tmp_path / "none.bib")
