"""Papers → BibTeX and RIS, for a reference manager. Libraries write the formats; what is ours is what goes where.

Titles and names are Unicode, and everything that means something to TeX is written as a sign: whoever runs LaTeX over
the file runs no command that stood in a feed.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from digest.catalog.identifiers import url_of
from digest.catalog.names import split_name
from digest.editions.clean import clean, safe_url
from digest.model import Identifier, Paper, Scheme

MOST_AUTHORS: Final = 500
_SIGNS: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "$&%#_"},
        # Words, not \{ and \}: BibTeX counts braces, escaped or not.
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
_PLAIN_NAME: Final = re.compile(r"[^{}\\%#\s]+")
"""What may stand in a field of names and addresses as it is."""
_NUMBER: Final = re.compile(r"^\d+\.\n", re.MULTILINE)
"""What rispy counts records with, and some readers take for damage. Every other line begins with a tag."""
_SMALL: Final = frozenset({"a", "an", "the", "on", "of", "in", "for", "to", "and", "with"})


def to_bibtex(papers: Sequence[Paper]) -> str:
    """One entry a paper, in this order, under keys such as ``lovelace2026sparse``."""
    from bibtexparser.library import Library
    from bibtexparser.model import Block, Entry, Field
    from bibtexparser.writer import write

    entries: list[Block] = []
    for key, paper in zip(keys_of(papers), papers, strict=True):
        fields = {name: value for name, value in _bibtex(paper).items() if value}
        listed = [Field(name, f"{{{value}}}") for name, value in fields.items()]
        entries.append(Entry("misc" if _arxiv(paper) else "article", key, listed))
    return write(Library(entries))


def to_ris(papers: Sequence[Paper]) -> str:
    """One record a paper, in this order."""
    import rispy

    text: str = rispy.dumps([_ris(paper) for paper in papers])
    return _NUMBER.sub("", text)


def keys_of(papers: Sequence[Paper]) -> list[str]:
    """First author's family name, year and first telling word of the title, in ASCII; no two alike."""
    keys: list[str] = []
    for paper in papers:
        family = _folded(_names(paper)[0].rpartition(", ")[0] or _names(paper)[0]) if _names(paper) else ""
        words = (_folded(word) for word in clean(paper.title).split())
        word = next((one for one in words if one and one not in _SMALL), "")
        key = f"{family[:30]}{_day(paper).year}{word[:30]}" if family or word else f"paper{paper.id}"
        taken, number = key, 2
        while taken in keys:
            taken, number = f"{key}-{number}", number + 1
        keys.append(taken)
    return keys


def _bibtex(paper: Paper) -> dict[str, str]:
    arxiv, doi = _arxiv(paper), _doi(paper)
    return {
        # Twice in braces: titles keep their capitals.
        "title": f"{{{clean(paper.title, 1000).translate(_SIGNS)}}}",
        "author": " and ".join(_bibtex_name(name) for name in _names(paper)),
        "year": str(_day(paper).year),
        "month": str(_day(paper).month),
        "eprint": arxiv,
        "archiveprefix": "arXiv" if arxiv else "",
        "primaryclass": (paper.primary_category or "") if arxiv else "",
        "doi": doi if _PLAIN_NAME.fullmatch(doi) else "",
        "url": _address(paper),
        "abstract": clean(paper.abstract, 10_000).translate(_SIGNS),
    }


def _ris(paper: Paper) -> dict[str, str | list[str]]:
    day, arxiv = _day(paper), _arxiv(paper)
    told: dict[str, str | list[str]] = {
        # A preprint is an unpublished work, as Zotero writes it.
        "type_of_reference": "UNPB" if arxiv else "JOUR",
        "title": clean(paper.title, 1000),
        "authors": _names(paper),
        "year": str(day.year),
        "date": f"{day:%Y/%m/%d}",
        "doi": clean(_doi(paper), 500),
        "urls": [_address(paper)] if _address(paper) else [],
        "abstract": clean(paper.abstract, 10_000),
        "notes": [f"arXiv:{arxiv}"] if arxiv else [],
    }
    return {name: value for name, value in told.items() if value}


def _names(paper: Paper) -> list[str]:
    """``Lovelace, Ada``; a collaboration's name as it is."""
    return [_inverted(name) for name in (clean(one, 200) for one in paper.authors[:MOST_AUTHORS]) if name]


def _inverted(name: str) -> str:
    if "," in name:
        return name
    given, family = split_name(name)
    return f"{family}, {given}" if given and family else name


def _bibtex_name(name: str) -> str:
    """With what would end the name, or be a command, made plain; what is no person's name stays whole."""
    escaped = name.translate(_SIGNS)
    whole = re.search(r"\band\b", name, re.IGNORECASE) or name.count(",") > 1 or (" " in name and "," not in name)
    return f"{{{escaped}}}" if whole else escaped


def _arxiv(paper: Paper) -> str:
    return _value(paper.identifiers, Scheme.ARXIV)


def _doi(paper: Paper) -> str:
    return _value(paper.identifiers, Scheme.DOI)


def _value(names: Sequence[Identifier], scheme: Scheme) -> str:
    return next((name.value for name in names if name.scheme is scheme), "")


def _address(paper: Paper) -> str:
    """The page of its best name, else what the source gave."""
    for name in paper.identifiers:
        if name.scheme in {Scheme.ARXIV, Scheme.DOI} and (url := safe_url(url_of(name))) is not None:
            return url if _PLAIN_NAME.fullmatch(url.replace("%", "")) else ""
    url = safe_url(paper.url) or ""
    return url if _PLAIN_NAME.fullmatch(url.replace("%", "").replace("#", "")) else ""


def _day(paper: Paper) -> dt.datetime:
    return paper.published_at or paper.announced_at or paper.first_seen_at


def _folded(text: str) -> str:
    """``Müller-Groß`` → mullergro: letters and digits of ASCII."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())
