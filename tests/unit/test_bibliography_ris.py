"""RIS and Zotero as reference managers write them: where names hide, and what a broken record costs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.bibliography.entries import BibliographyError
from digest.bibliography.ris import parse_ris
from digest.bibliography.zotero import parse_zotero


@pytest.mark.parametrize(
    ("lines", "identifier"),
    [
        ("DO  - 10.1000/XYZ", "doi:10.1000/xyz"),
        ("DO  - https://doi.org/10.1000/xyz", "doi:10.1000/xyz"),
        ("DO  - 10.48550/arXiv.1706.03762", "arxiv:1706.03762"),
        ("UR  - https://arxiv.org/abs/1706.03762v5", "arxiv:1706.03762"),
        ("UR  - https://lab.example/page\nUR  - https://doi.org/10.1000/xyz", "doi:10.1000/xyz"),
        ("JO  - arXiv preprint arXiv:1706.03762", "arxiv:1706.03762"),
        ("N1  - PMID: 12345678", "pmid:12345678"),
        ("UR  - https://lab.example/page", None),
    ],
)
def test_identifiers_are_found_where_managers_put_them(lines: str, identifier: str | None) -> None:
    """The arXiv id before the DOI before the rest; a bare address names nothing."""
    (entry,) = parse_ris(f"TY  - JOUR\nTI  - A title\n{lines}\nER  - \n").entries
    assert (str(entry.identifier) if entry.identifier else None) == identifier


def test_records_keep_their_lines_and_a_broken_one_costs_only_itself() -> None:
    """Windows line ends, numbered records, a record without end, garbage between: the good ones are read."""
    text = (
        "\ufeffProvider: Somebody\r\n\r\nTY  - JOUR\r\nT1  - First\r\nAB  - What it is.\r\nER  - \r\n\r\n"
        "TY  - CONF\r\nTI  - Second, never ended\r\nDO  - 10.1000/two\r\n"
        "TY  - JOUR\r\nTI  - Third\r\nER  - \r\n"
    )
    found = parse_ris(text)
    assert [(entry.title, entry.line) for entry in found.entries] == [
        ("First", 3),
        ("Second, never ended", 8),
        ("Third", 11),
    ]
    assert found.entries[0].abstract == "What it is."
    assert len(found.nameless) == 2


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_no_text_stops_the_reader(text: str) -> None:
    """Anything at all gives entries or broken lines."""
    parse_ris(text)
    parse_ris(f"TY  - JOUR\n{text}\nER  - \n")


def zotero(**fields: str) -> bytes:
    return json.dumps([{"key": "ABCD2345", "data": {"itemType": "preprint", "title": "A", **fields}}]).encode()


@pytest.mark.parametrize(
    ("fields", "identifier"),
    [
        ({"DOI": "10.1000/xyz"}, "doi:10.1000/xyz"),
        ({"archiveID": "arXiv:2305.10430"}, "arxiv:2305.10430"),
        ({"extra": "arXiv:2305.10430 [cs]"}, "arxiv:2305.10430"),
        ({"extra": "PMID: 12345\nCitation Key: x"}, "pmid:12345"),
        ({"extra": "DOI: 10.1000/xyz"}, "doi:10.1000/xyz"),
        ({"url": "http://arxiv.org/abs/2305.10430"}, "arxiv:2305.10430"),
    ],
)
def test_zotero_hides_identifiers_in_extra(fields: dict[str, str], identifier: str) -> None:
    """Preprints in repositories and old item types alike."""
    (entry,) = parse_zotero(zotero(**fields)).entries
    assert str(entry.identifier) == identifier


def test_zotero_s_attachments_are_no_papers() -> None:
    """Notes and files are items too."""
    assert parse_zotero(zotero(itemType="attachment")).entries == ()
    assert parse_zotero(b"[]").entries == ()
    for data in (b"<html>", b"{}", b"[" * 100_000):
        with pytest.raises(BibliographyError):
            parse_zotero(data)
