"""Web addresses of papers, one reader per site: an abstract page, a PDF, a landing page → the paper's name.

An address of no known site is a name itself, in normal form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from digest.catalog.spellings import Found, acl, arxiv, doi, openalex, openreview, pmcid, pmid, s2
from digest.model import Identifier, Scheme


def find_in_address(text: str, *, allow_any: bool) -> Found | None:
    """A known site's page → the paper's name; else, if ``allow_any``, the address itself in normal form."""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
        port = parts.port
    except ValueError:  # "http://[", a port that is no number
        return None
    for site, read in _SITES:
        if site.fullmatch(host):
            if found := read(parts):
                return found
            if site is _DOI_SITE or (site is _ARXIV_SITE and _ARXIV_PATH.fullmatch(parts.path)):
                return None  # an abstract page or a DOI with a typing mistake is no page to remember
    if found := _doi_in_path(parts) or _doi_in_query(parts):
        return found
    return _normalised(parts, port) if allow_any and _HOST.fullmatch(parts.hostname or "") else None


def _normalised(parts: SplitResult, port: int | None) -> Found | None:
    """Lower-case scheme and host, no credentials, default port, fragment or ``utm_*`` parameters (RFC 3986 § 6.2)."""
    scheme = parts.scheme.lower()
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        host = f"{host}:{port}"
    query = "&".join(pair for pair in parts.query.split("&") if pair and not pair.lower().startswith("utm_"))
    url = f"{scheme}://{host}{parts.path or '/'}{'?' if query else ''}{query}"
    return None if _UNFIT_IN_URL.search(url) else Found(Identifier(Scheme.URL, url))


def _arxiv_page(parts: SplitResult) -> Found | None:
    matched = _ARXIV_PATH.fullmatch(unquote(parts.path))
    return arxiv(matched[1]) if matched else None


def _doi_page(parts: SplitResult) -> Found | None:
    return doi(re.sub(r"^doi:\s*", "", unquote(parts.path.lstrip("/")), flags=re.IGNORECASE))


def _doi_in_path(parts: SplitResult) -> Found | None:
    """Publishers and openRxiv: ``/doi/full/10.1145/…``, ``/content/10.1101/….full.pdf``, ``/article/10.1007/…``."""
    matched = _DOI_IN_PATH.search(unquote(parts.path))
    if not matched:
        return None
    text = matched[1].rstrip("/")
    while (shorter := _PAGE_KIND.sub("", text)) != text:
        text = shorter
    return doi(text)


def _doi_in_query(parts: SplitResult) -> Found | None:
    """``?doi=10.1101/…`` and, at PLOS, ``?id=10.1371/…``."""
    query = parse_qs(parts.query)
    named = (text for key in ("doi", "id") for text in query.get(key, ()) if text.startswith("10."))
    return next((found for text in named if (found := doi(text))), None)


def _nature_page(parts: SplitResult) -> Found | None:
    """Nature's articles go by the suffix of their DOI: ``/articles/s41586-021-03819-2``."""
    matched = re.fullmatch(r"/articles/([a-z0-9.-]*[0-9][a-z0-9-]*)(?:\.pdf)?/*", parts.path, re.IGNORECASE)
    return doi(f"10.1038/{matched[1]}") if matched else None


def _openrxiv_page(parts: SplitResult) -> Found | None:
    """Addresses of before 2020 have the day instead of the prefix: ``/content/early/2019/08/09/730903``."""
    matched = re.match(r"/content/(?:(?:bio|med)rxiv/)?early/[0-9/]{10}/([0-9.]+[0-9])", parts.path)
    return doi(f"10.1101/{matched[1]}") if matched else None


def _ads_page(parts: SplitResult) -> Found | None:
    """The bibcode of a preprint: ``2023arXiv230510430L``, ``2010arXiv1001.2345L``; or ``arXiv:2305.10430``."""
    matched = re.search(r"/[0-9]{4}arXiv([0-9]{4})\.?([0-9]{4,5})[A-Z](?:/|$)", parts.path)
    if matched:
        return arxiv(f"{matched[1]}.{matched[2]}")
    named = re.search(r"/arXiv:([^/]+(?:/[0-9]{7})?)", unquote(parts.path), re.IGNORECASE)
    return arxiv(named[1]) if named else None


def _semantic_scholar_page(parts: SplitResult) -> Found | None:
    """``/paper/Title/<hash>``, ``/CorpusID:1``, and the names that its API takes: ``/arXiv:2305.10430``."""
    last = unquote(parts.path).rstrip("/").rsplit("/", 1)[-1]
    scheme, colon, name = last.partition(":")
    return s2(last) or (arxiv(name) if colon and scheme.lower() == "arxiv" else None)


def _openreview_page(parts: SplitResult) -> Found | None:
    ids = parse_qs(parts.query).get("id", ())
    return (
        openreview(ids[0])
        if ids and parts.path.strip("/") in {"forum", "pdf", "attachment", "references/pdf", "revisions"}
        else None
    )


def _last_of_path(read: Callable[[str], Found | None]) -> Callable[[SplitResult], Found | None]:
    def read_page(parts: SplitResult) -> Found | None:
        return read(unquote(parts.path).rstrip("/").rsplit("/", 1)[-1])

    return read_page


def _pmc_page(parts: SplitResult) -> Found | None:
    matched = re.search(r"/(PMC[0-9]+|(?<=/articles/)[0-9]+)(?:[./]|$)", parts.path, re.IGNORECASE)
    return pmcid(matched[1]) if matched else None


def _pubmed_page(parts: SplitResult) -> Found | None:
    matched = re.fullmatch(r"(?:/pubmed|/(?:article|abstract)/med)?/([0-9]+)/*", parts.path, re.IGNORECASE)
    return pmid(matched[1]) if matched else None


_HOST = re.compile(r"[^\s/?#@\\]+")
_UNFIT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b\ufffd<>\"]")
_ARXIV_PATH = re.compile(
    r"/(?:abs|pdf|html|format|ps|e-print|src|tb|papers?|arxiv|ftp/arxiv/papers/[0-9]{4})/(?:arxiv:)?"
    r"(.+?)(?:\.pdf|\.ps\.gz)?/*",
    re.IGNORECASE,
)
_DOI_IN_PATH = re.compile(
    r"/(?:doi|articles?|chapter|content|abstract|pdf|html)"
    r"(?:/(?:abs|abstract|full|pdf|epdf|pdfdirect|short|early|ref|reader))?/(10\.[0-9]{4,9}/.+)",
    re.IGNORECASE,
)
_PAGE_KIND = re.compile(r"(?:[/.](?:full|abstract|pdf|epdf|html|meta|full-text|full\.pdf\+html))$", re.IGNORECASE)

_ARXIV_SITE = re.compile(r"(?:[a-z0-9-]+\.)?arxiv\.org|xxx\.lanl\.gov")
_DOI_SITE = re.compile(r"(?:dx\.)?doi\.org")
_SITES: tuple[tuple[re.Pattern[str], Callable[[SplitResult], Found | None]], ...] = (
    (_ARXIV_SITE, _arxiv_page),
    (re.compile(r"ar5iv(?:\.labs\.arxiv)?\.org|alphaxiv\.org|huggingface\.co|hf\.co|scirate\.com"), _arxiv_page),
    (_DOI_SITE, _doi_page),
    (re.compile(r"openreview\.net"), _openreview_page),
    (re.compile(r"aclanthology\.(?:org|info)|aclweb\.org"), _last_of_path(acl)),
    (re.compile(r"semanticscholar\.org|api\.semanticscholar\.org"), _semantic_scholar_page),
    (re.compile(r"ui\.adsabs\.harvard\.edu"), _ads_page),
    (re.compile(r"nature\.com"), _nature_page),
    (re.compile(r"(?:bio|med)rxiv\.org"), _openrxiv_page),
    (re.compile(r"(?:explore\.|api\.)?openalex\.org"), _last_of_path(openalex)),
    (re.compile(r"(?:(?:pmc\.|)ncbi\.nlm\.nih\.gov|europepmc\.org)"), _pmc_page),
    (re.compile(r"(?:pubmed\.)?ncbi\.nlm\.nih\.gov|europepmc\.org"), _pubmed_page),
)
