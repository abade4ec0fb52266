"""The names of papers: every spelling seen in the wild → one canonical Identifier, and back to a web address.

    arXiv:2305.10430v2 · oai:arXiv.org:2305.10430v2 · https://arxiv.org/pdf/2305.10430.pdf · 10.48550/arXiv.2305.10430
                                   └────────────▶ arxiv:2305.10430

A text goes down three doors in turn: it names its scheme (``doi:…``), it is a web address (one small reader per site),
or it is a bare name whose shape is unmistakable. What fits none of them is None; nothing here raises on any text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from digest.model import Identifier, Scheme

MAX_LENGTH = 2048
"""Longer texts are not names. DOIs have no limit by their handbook, but the longest registered ones are far shorter."""


class _Found(NamedTuple):
    identifier: Identifier
    version: int | None = None


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
    r"(?:urn:|info:)?(arxiv|doi|pmid|pmcid|openreview|acl|s2|corpusid|openalex|url)\s*[:/\s]\s*(.+)",
    re.IGNORECASE | re.ASCII,
)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_SCHEMELESS = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/", re.IGNORECASE | re.ASCII)
_ENDINGS = " \t\r\n.,;:'\"!"


def _find(text: str) -> _Found | None:
    if len(text) > MAX_LENGTH:
        return None
    text = text.strip()
    if text[:1] + text[-1:] in {"<>", "()", "[]"}:
        text = text[1:-1].strip()
    if prefixed := _PREFIX.fullmatch(text):
        name, rest = prefixed[1].lower(), prefixed[2]
        if _WEB.match(rest):
            return _web(rest, allow_any=True)
        return _BY_NAME[name](rest)
    if _WEB.match(text):
        return _web(text, allow_any=True)
    if _SCHEMELESS.match(text) and (found := _web(f"https://{text}", allow_any=False)):
        return found
    for read in (_arxiv, _oai, _doi, _pmc_with_letters, _acl, _openalex):
        if found := read(text):
            return found
    return None


# ── arXiv: https://info.arxiv.org/help/arxiv_identifier.html ────────────────────────────────────────────────

_NEW_ARXIV = re.compile(r"([0-9]{2})([0-9]{2})\.([0-9]{4,5})(?:v([1-9][0-9]{0,2}))?", re.IGNORECASE)
_OLD_ARXIV = re.compile(
    r"([a-z-]+)(?:\.[a-z-]+)?/([0-9]{2})([0-9]{2})([0-9]{3})(?:v([1-9][0-9]{0,2}))?", re.IGNORECASE | re.ASCII
)
_CITED_CLASS = re.compile(r"\s+\[[\w.-]+\].*", re.DOTALL)
"""How arXiv stamps a page: ``arXiv:2305.10430v2 [cs.CV] 17 May 2023``."""

_OLD_ARCHIVES = frozenset(
    [
        "acc-phys",
        "adap-org",
        "alg-geom",
        "ao-sci",
        "astro-ph",
        "atom-ph",
        "bayes-an",
        "chao-dyn",
        "chem-ph",
        "cmp-lg",
        "comp-gas",
        "cond-mat",
        "cs",
        "dg-ga",
        "funct-an",
        "gr-qc",
        "hep-ex",
        "hep-lat",
        "hep-ph",
        "hep-th",
        "math",
        "math-ph",
        "mtrl-th",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "patt-sol",
        "physics",
        "plasm-ph",
        "q-alg",
        "q-bio",
        "quant-ph",
        "solv-int",
        "supr-con",
    ]
)


def _arxiv(text: str) -> _Found | None:
    text = _CITED_CLASS.sub("", text).rstrip(_ENDINGS + ")]")
    if new := _NEW_ARXIV.fullmatch(text):
        year, month, number, version = new.groups()
        yymm = int(year + month)
        digits = 5 if yymm >= 1501 else 4
        if yymm < 704 or not 1 <= int(month) <= 12 or len(number) != digits or not int(number):
            return None
        return _Found(Identifier(Scheme.ARXIV, f"{year}{month}.{number}"), int(version) if version else None)
    if old := _OLD_ARXIV.fullmatch(text):
        archive, year, month, number, version = old.groups()
        born = (1900 if int(year) >= 91 else 2000) + int(year), int(month)
        if archive.lower() not in _OLD_ARCHIVES or not (1991, 7) <= born <= (2007, 3) or not 1 <= born[1] <= 12:
            return None
        value = f"{archive.lower()}/{year}{month}{number}"
        return _Found(Identifier(Scheme.ARXIV, value), int(version) if version else None)
    return None


def _oai(text: str) -> _Found | None:
    """OAI-PMH identifiers, which arXiv also uses as the guid of its feeds."""
    lowered = text.lower()
    if lowered.startswith("oai:arxiv.org:"):
        return _arxiv(text[len("oai:arxiv.org:") :])
    if lowered.startswith("oai:pubmedcentral.nih.gov:"):
        return _pmcid(text[len("oai:pubmedcentral.nih.gov:") :])
    return None


# ── DOI: https://www.doi.org/doi-handbook/HTML/doi-name-syntax.html ─────────────────────────────────────────

_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s\x00-\x1f\x7f-\x9f\ufffd]+")
_ARXIV_DOI = "10.48550/arxiv."
_OPENRXIV_VERSION = re.compile(r"(10\.(?:1101|64898)/(?:[0-9]{4}\.[0-9]{2}\.[0-9]{2}\.)?[0-9]{6,8})v[0-9]+.*")
"""bioRxiv and medRxiv write a version after the DOI in their addresses; the DOI names all versions."""
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}


def _doi(text: str) -> _Found | None:
    """A DOI in lower case, without encoding and without the sentence's punctuation; arXiv's own become arXiv ids."""
    while "%" in text and (decoded := unquote(text)) != text:
        text = decoded
    text = _without_ending(text.strip().lower())
    if not _DOI.fullmatch(text):
        return None
    if text.startswith(_ARXIV_DOI):
        return _arxiv(text[len(_ARXIV_DOI) :])
    if versioned := _OPENRXIV_VERSION.fullmatch(text):
        text = versioned[1]
    return _Found(Identifier(Scheme.DOI, text))


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


def _shape(scheme: Scheme, pattern: str, canonical: Callable[[str], str]) -> Callable[[str], _Found | None]:
    """A reader for names of one shape; group 1 of ``pattern`` is made canonical."""
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)

    def read(text: str) -> _Found | None:
        matched = compiled.fullmatch(text.rstrip(_ENDINGS + "/"))
        return _Found(Identifier(scheme, canonical(matched[1]))) if matched else None

    return read


def _acl_case(value: str) -> str:
    return value.upper() if value[0].isalpha() else value.lower()


_pmid = _shape(Scheme.PMID, r"0*([1-9][0-9]{0,8})", str)
_pmcid = _shape(Scheme.PMCID, r"(?:PMC)?0*([1-9][0-9]{0,8})(?:\.[0-9]+)?", "PMC{}".format)
_pmc_with_letters = _shape(Scheme.PMCID, r"PMC0*([1-9][0-9]{0,8})(?:\.[0-9]+)?", "PMC{}".format)
_openreview = _shape(Scheme.OPENREVIEW, r"([a-z0-9_-]{6,40})", str)
_acl = _shape(
    Scheme.ACL,
    r"([a-z][0-9]{2}-[0-9]{4,5}|[0-9]{4}\.[a-z0-9_]+-[a-z0-9_]+\.[0-9]{1,4})(?:v[0-9]|\.pdf|\.bib)?",
    _acl_case,
)
_s2_hash = _shape(Scheme.S2, r"([0-9a-f]{40})", str.lower)
_corpus = _shape(Scheme.S2, r"(?:CorpusID:)?([1-9][0-9]{0,11})", "CorpusID:{}".format)
_openalex = _shape(Scheme.OPENALEX, r"(W[1-9][0-9]{4,11})", str.upper)


def _s2(text: str) -> _Found | None:
    return _s2_hash(text) or _corpus(text)


def _nothing(_: str) -> None:
    """``url:`` before something that is no web address."""


_BY_NAME: dict[str, Callable[[str], _Found | None]] = {
    "arxiv": _arxiv,
    "doi": _doi,
    "pmid": _pmid,
    "pmcid": _pmcid,
    "openreview": _openreview,
    "acl": _acl,
    "s2": _s2,
    "corpusid": _corpus,
    "openalex": _openalex,
    "url": _nothing,
}

# ── web addresses ───────────────────────────────────────────────────────────────────────────────────────────


def _web(text: str, *, allow_any: bool) -> _Found | None:
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
    if found := _doi_in_path(parts):
        return found
    return _normalised(parts, port) if allow_any and _HOST.fullmatch(parts.hostname or "") else None


def _normalised(parts: SplitResult, port: int | None) -> _Found | None:
    """Lower-case scheme and host, no credentials, default port, fragment or ``utm_*`` parameters (RFC 3986 § 6.2)."""
    scheme = parts.scheme.lower()
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        host = f"{host}:{port}"
    query = "&".join(pair for pair in parts.query.split("&") if pair and not pair.lower().startswith("utm_"))
    url = f"{scheme}://{host}{parts.path or '/'}{'?' if query else ''}{query}"
    return None if _UNFIT_IN_URL.search(url) else _Found(Identifier(Scheme.URL, url))


def _arxiv_page(parts: SplitResult) -> _Found | None:
    matched = _ARXIV_PATH.fullmatch(unquote(parts.path))
    return _arxiv(matched[1]) if matched else None


def _doi_page(parts: SplitResult) -> _Found | None:
    return _doi(re.sub(r"^doi:\s*", "", unquote(parts.path.lstrip("/")), flags=re.IGNORECASE))


def _doi_in_path(parts: SplitResult) -> _Found | None:
    """Publishers and openRxiv: ``/doi/full/10.1145/…``, ``/content/10.1101/….full.pdf``, ``/article/10.1007/…``."""
    matched = _DOI_IN_PATH.search(unquote(parts.path))
    if not matched:
        return None
    text = matched[1].rstrip("/")
    while (shorter := _PAGE_KIND.sub("", text)) != text:
        text = shorter
    return _doi(text)


def _openreview_page(parts: SplitResult) -> _Found | None:
    ids = parse_qs(parts.query).get("id", ())
    return (
        _openreview(ids[0])
        if ids and parts.path.strip("/") in {"forum", "pdf", "attachment", "references/pdf"}
        else None
    )


def _last_of_path(read: Callable[[str], _Found | None]) -> Callable[[SplitResult], _Found | None]:
    def read_page(parts: SplitResult) -> _Found | None:
        return read(unquote(parts.path).rstrip("/").rsplit("/", 1)[-1])

    return read_page


def _pmc_page(parts: SplitResult) -> _Found | None:
    matched = re.search(r"/(PMC[0-9]+)(?:[./]|$)", parts.path, re.IGNORECASE)
    return _pmcid(matched[1]) if matched else None


def _pubmed_page(parts: SplitResult) -> _Found | None:
    matched = re.fullmatch(r"(?:/pubmed|/article/med)?/([0-9]+)/*", parts.path, re.IGNORECASE)
    return _pmid(matched[1]) if matched else None


_HOST = re.compile(r"[^\s/?#@\\]+")
_UNFIT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b\ufffd<>\"]")
_ARXIV_PATH = re.compile(
    r"/(?:abs|pdf|html|format|ps|e-print|src|tb|papers?|arxiv)/(.+?)(?:\.pdf|\.ps\.gz)?/*", re.IGNORECASE
)
_DOI_IN_PATH = re.compile(
    r"/(?:doi|article|chapter|content)(?:/(?:abs|abstract|full|pdf|epdf|pdfdirect|short|early))?/(10\.[0-9]{4,9}/.+)",
    re.IGNORECASE,
)
_PAGE_KIND = re.compile(r"(?:[/.](?:full|abstract|pdf|epdf|html|meta|full-text|full\.pdf\+html))$", re.IGNORECASE)

_ARXIV_SITE = re.compile(r"(?:[a-z0-9-]+\.)?arxiv\.org|xxx\.lanl\.gov")
_DOI_SITE = re.compile(r"(?:dx\.)?doi\.org")
_SITES: tuple[tuple[re.Pattern[str], Callable[[SplitResult], _Found | None]], ...] = (
    (_ARXIV_SITE, _arxiv_page),
    (re.compile(r"ar5iv(?:\.labs\.arxiv)?\.org|alphaxiv\.org|huggingface\.co|hf\.co|scirate\.com"), _arxiv_page),
    (_DOI_SITE, _doi_page),
    (re.compile(r"openreview\.net"), _openreview_page),
    (re.compile(r"aclanthology\.(?:org|info)|aclweb\.org"), _last_of_path(_acl)),
    (re.compile(r"semanticscholar\.org|api\.semanticscholar\.org"), _last_of_path(_s2)),
    (re.compile(r"(?:explore\.|api\.)?openalex\.org"), _last_of_path(_openalex)),
    (re.compile(r"(?:(?:pmc\.|)ncbi\.nlm\.nih\.gov|europepmc\.org)"), _pmc_page),
    (re.compile(r"(?:pubmed\.)?ncbi\.nlm\.nih\.gov|europepmc\.org"), _pubmed_page),
)
