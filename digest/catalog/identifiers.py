"""The names of papers: every spelling seen in the wild → one canonical Identifier, and back to a web address.

    arXiv:2305.10430v2 · oai:arXiv.org:2305.10430v2 · https://arxiv.org/pdf/2305.10430.pdf · 10.48550/arXiv.2305.10430
                                   └────────────▶ arxiv:2305.10430

A text goes down three doors in turn: it names its scheme (``doi:…``), it is a web address (one small reader per site),
or it is a bare name whose shape is unmistakable. What fits none of them is None; nothing here raises on any text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from digest.catalog.addresses import find_in_address
from digest.catalog.spellings import BY_SCHEME, Found, acl, arxiv, doi, oai, openalex, pmc_with_letters
from digest.model import Identifier, Scheme

MAX_LENGTH = 2048
"""Longer texts are not names. DOIs have no limit by their handbook, but the longest registered ones are far shorter."""


def parse(text: str) -> Identifier | None:
    """The identifier that ``text`` spells, in its canonical form; None if it spells none.

    ``parse(str(identifier)) == identifier`` for every identifier that parse returned.
    """
    found = _find(text)
    return found.identifier if found else None


def arxiv_version(text: str) -> int | None:
    """The version that a spelling of an arXiv id carries (``2305.10430v2`` → 2), None if it carries none."""
    found = _find(text)
    return found.version if found else None


def url_of(identifier: Identifier) -> str:
    """The web address of the abstract or landing page; https, except for a URL identifier, which is its own address."""
    value = identifier.value
    match identifier.scheme:
        case Scheme.ARXIV:
            return f"https://arxiv.org/abs/{value}"
        case Scheme.DOI:
            return f"https://doi.org/{quote(value, safe='/:;()._-')}"
        case Scheme.PMID:
            return f"https://pubmed.ncbi.nlm.nih.gov/{value}/"
        case Scheme.PMCID:
            return f"https://pmc.ncbi.nlm.nih.gov/articles/{value}/"
        case Scheme.OPENREVIEW:
            return f"https://openreview.net/forum?id={value}"
        case Scheme.ACL:
            return f"https://aclanthology.org/{value}/"
        case Scheme.S2:
            site = "api.semanticscholar.org" if value.startswith("CorpusID:") else "www.semanticscholar.org/paper"
            return f"https://{site}/{value}"
        case Scheme.OPENALEX:
            return f"https://openalex.org/{value}"
        case Scheme.URL:
            return value


# ── the three doors ─────────────────────────────────────────────────────────────────────────────────────────

_PREFIX = re.compile(
    r"(?:urn:|info:)?(arxiv|doi|pmid|pubmed|pmcid|pmc|openreview|acl|s2|corpusid|openalex|url)\s*[:/\s]\s*(.+)",
    re.IGNORECASE | re.ASCII,
)
_AROUND = " \t\r\n\f\v\u00a0\u200b\u200e\u200f\u2060\ufeff“”„‘’"
"""What comes along when a name is copied from a page."""
_CITED = re.compile(
    r"(?:arxiv\s+(?:e-?prints?|preprint)[\s,:]+(?:arxiv[:.]\s*)?|arxiv\.|abs/)(?=[a-z0-9])", re.IGNORECASE | re.ASCII
)
"""``arXiv preprint arXiv:2305.10430``, ``ArXiv e-prints 2305.10430``, ``arXiv.2305.10430``, ``abs/2305.10430``."""
_TAGGED = re.compile(r"\s+\[(?:doi|pmid|pmcid)\]$", re.IGNORECASE)
"""PubMed's way: ``10.1038/nature12373 [doi]``."""
_WEB = re.compile(r"https?://", re.IGNORECASE)
_SCHEMELESS = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=4096)
def _find(text: str) -> Found | None:
    if len(text) > MAX_LENGTH:
        return None
    text = _TAGGED.sub("", text.strip(_AROUND))
    if text[:1] + text[-1:] in {"<>", "()", "[]"}:
        text = text[1:-1].strip()
    if (cited := _CITED.match(text)) and (found := arxiv(text[cited.end() :])):
        return found
    if prefixed := _PREFIX.fullmatch(text):
        name, rest = prefixed[1].lower(), prefixed[2]
        if _WEB.match(rest):
            return find_in_address(rest, allow_any=True)
        return BY_SCHEME[name](rest)
    if _WEB.match(text):
        return find_in_address(text, allow_any=True)
    if _SCHEMELESS.match(text) and (found := find_in_address(f"https://{text}", allow_any=False)):
        return found
    for read in (arxiv, oai, doi, pmc_with_letters, acl, openalex):
        if found := read(text):
            return found
    return None
