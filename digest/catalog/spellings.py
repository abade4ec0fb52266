"""The bare names of papers, one reader per scheme: the text of one name → Found in canonical form, or None.

No reader raises, and none looks for a name within other text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from digest.model import Identifier, Scheme


class Found(NamedTuple):
    identifier: Identifier
    version: int | None = None


_ENDINGS = " \t\r\n.,;:'\"!"

# ── arXiv: https://info.arxiv.org/help/arxiv_identifier.html ────────────────────────────────────────────────

_NEW_ARXIV = re.compile(r"([0-9]{2})([0-9]{2})\.([0-9]{4,5})(?:v([1-9][0-9]{0,2}))?", re.IGNORECASE)
_OLD_ARXIV = re.compile(
    r"([a-z-]+)(?:\.[a-z-]+)?/([0-9]{2})([0-9]{2})([0-9]{3})(?:v([1-9][0-9]{0,2}))?", re.IGNORECASE | re.ASCII
)
_CITED_CLASS = re.compile(r"\s+(?:\[[\w.-]+\].*|\([\w.-]+\)$)|\s*,\s*(?:19|20)[0-9]{2}$", re.DOTALL)
"""How arXiv stamps a page and how people cite: ``arXiv:2305.10430v2 [cs.CV] 17 May 2023``, ``(cs.CV)``, ``, 2023``."""

_OLD_ARCHIVES = frozenset(
    """acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas cond-mat cs
    dg-ga funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin nucl-ex nucl-th patt-sol
    physics plasm-ph q-alg q-bio quant-ph solv-int supr-con""".split()  # noqa: SIM905 - a list of words is read as words
)


def arxiv(text: str) -> Found | None:
    text = _CITED_CLASS.sub("", text).rstrip(_ENDINGS + ")]")
    if new := _NEW_ARXIV.fullmatch(text):
        year, month, number, version = new.groups()
        yymm = int(year + month)
        digits = 5 if yymm >= 1501 else 4
        if yymm < 704 or not 1 <= int(month) <= 12 or len(number) != digits or not int(number):
            return None
        return Found(Identifier(Scheme.ARXIV, f"{year}{month}.{number}"), int(version) if version else None)
    if old := _OLD_ARXIV.fullmatch(text):
        archive, year, month, number, version = old.groups()
        born = (1900 if int(year) >= 91 else 2000) + int(year), int(month)
        if archive.lower() not in _OLD_ARCHIVES or not (1991, 7) <= born <= (2007, 3) or not 1 <= born[1] <= 12:
            return None
        value = f"{archive.lower()}/{year}{month}{number}"
        return Found(Identifier(Scheme.ARXIV, value), int(version) if version else None)
    return None


def oai(text: str) -> Found | None:
    """OAI-PMH identifiers, which arXiv also uses as the guid of its feeds."""
    lowered = text.lower()
    if lowered.startswith("oai:arxiv.org:"):
        return arxiv(text[len("oai:arxiv.org:") :])
    if lowered.startswith("oai:pubmedcentral.nih.gov:"):
        return pmcid(text[len("oai:pubmedcentral.nih.gov:") :])
    return None


# ── DOI: https://www.doi.org/doi-handbook/HTML/doi-name-syntax.html ─────────────────────────────────────────

_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s\x00-\x1f\x7f-\x9f\ufffd]+")
_ARXIV_DOI = "10.48550/arxiv."
_ACL_DOI = "10.18653/v1/"
"""The Anthology registers its own ids (https://aclanthology.org/info/ids/): the rest of the DOI is the ACL id."""
_OPENRXIV_VERSION = re.compile(r"(10\.(?:1101|64898)/(?:[0-9]{4}\.[0-9]{2}\.[0-9]{2}\.)?[0-9]{6,8})v[0-9]+.*")
"""bioRxiv and medRxiv write a version after the DOI in their addresses; the DOI names all versions."""
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}


def doi(text: str) -> Found | None:
    """A DOI in lower case, without encoding and without the sentence's punctuation.

    DOIs that are made of another scheme's id become that id: arXiv's own, and those of the ACL Anthology.
    """
    while "%" in text and (decoded := unquote(text)) != text:
        text = decoded
    text = _without_ending(text.strip().lower())
    if not _DOI.fullmatch(text):
        return None
    if text.startswith(_ARXIV_DOI):
        return arxiv(text[len(_ARXIV_DOI) :])
    if text.startswith(_ACL_DOI) and (found := acl(text[len(_ACL_DOI) :])):
        return found
    if versioned := _OPENRXIV_VERSION.fullmatch(text):
        text = versioned[1]
    return Found(Identifier(Scheme.DOI, text))


def _without_ending(text: str) -> str:
    """Drop trailing punctuation, and closing brackets that nothing opened (a DOI may hold balanced ones)."""
    while text:
        last = text[-1]
        if last in _ENDINGS or last.isspace() or (last in _PAIRS and text.count(last) > text.count(_PAIRS[last])):
            text = text[:-1]
        else:
            break
    return text


# ── other schemes ───────────────────────────────────────────────────────────────────────────────────────────


def _shape(scheme: Scheme, pattern: str, canonical: Callable[[str], str]) -> Callable[[str], Found | None]:
    """A reader for names of one shape; group 1 of ``pattern`` is made canonical."""
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)

    def read(text: str) -> Found | None:
        matched = compiled.fullmatch(text.rstrip(_ENDINGS + "/"))
        return Found(Identifier(scheme, canonical(matched[1]))) if matched else None

    return read


def _acl_case(value: str) -> str:
    return value.upper() if value[0].isalpha() else value.lower()


pmid = _shape(Scheme.PMID, r"0*([1-9][0-9]{0,8})", str)
pmcid = _shape(Scheme.PMCID, r"(?:PMC)?0*([1-9][0-9]{0,8})(?:\.[0-9]+)?", "PMC{}".format)
pmc_with_letters = _shape(Scheme.PMCID, r"PMC0*([1-9][0-9]{0,8})(?:\.[0-9]+)?", "PMC{}".format)
openreview = _shape(Scheme.OPENREVIEW, r"([a-z0-9_-]{6,40})", str)
acl = _shape(
    Scheme.ACL,
    r"([a-z][0-9]{2}-[0-9]{4,5}|[0-9]{4}\.[a-z0-9_]+-[a-z0-9_]+\.[0-9]{1,4})(?:v[0-9])?(?:\.pdf|\.bib)?",
    _acl_case,
)
_s2_hash = _shape(Scheme.S2, r"([0-9a-f]{40})", str.lower)
_corpus = _shape(Scheme.S2, r"(?:CorpusID:)?([1-9][0-9]{0,11})", "CorpusID:{}".format)
openalex = _shape(Scheme.OPENALEX, r"(W[1-9][0-9]{4,11})", str.upper)


def s2(text: str) -> Found | None:
    return _s2_hash(text) or _corpus(text)


def _nothing(_: str) -> None:
    """``url:`` before something that is no web address."""


BY_SCHEME: dict[str, Callable[[str], Found | None]] = {
    "arxiv": arxiv,
    "doi": doi,
    "pmid": pmid,
    "pubmed": pmid,
    "pmcid": pmcid,
    "pmc": pmcid,
    "openreview": openreview,
    "acl": acl,
    "s2": s2,
    "corpusid": _corpus,
    "openalex": openalex,
    "url": _nothing,
}
