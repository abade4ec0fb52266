"""PubMed's efetch XML (https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html), articles and books.

Abstracts may be in labelled parts, titles in brackets (translated) and always with a full stop; dates come in parts.
An article's ids stand in ``PubmedData/ArticleIdList``, those of its references in lists of the same name further down.
"""

from __future__ import annotations

import datetime as dt
import re

from lxml import etree

from digest.errors import SourceError
from digest.model import Batch, Entry, Rejection
from digest.sources.entries import collect, make_entry, rejection_id
from digest.sources.markup import Shape, fields_of, read_document, text_of
from digest.sources.text import plain

SOURCE = "pubmed"
LABEL = "PubMed"

SHAPE = Shape(
    noun="a set of PubMed's articles",
    roots=("PubmedArticleSet", "PubmedArticle", "PubmedBookArticle", "eFetchResult"),
    items=("PubmedArticle", "PubmedBookArticle"),
    names=("PMID",),
    titles=("ArticleTitle", "BookTitle"),
)

_MONTHS = {name: at for at, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}  # noqa: SIM905 - a list of words is read as words


_PREPRINT = re.compile(
    r"(?:bio|med|chem)Rxiv|(?:ar|psyar)Xiv\b|Res(?:earch)? Sq(?:uare)?\b|SSRN\b|Preprints\b", re.IGNORECASE
)
"""How the source of a reference to a preprint begins."""


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """All articles of one answer; the key is the PMID.

    Raises:
        SourceError: efetch reports an error, or it is no set of articles.
    """
    document = read_document(data, source=SOURCE, label=LABEL, shape=SHAPE)
    for error in document.root.iter("{*}ERROR"):
        raise SourceError(SOURCE, f"{LABEL} said: {plain(text_of([error]))[:200] or 'error'}")
    return collect((_entry(item) for item in document.items), rejected=document.rejected, whole=document.whole)


def _entry(item: etree._Element) -> Entry | Rejection:
    outer = fields_of(item)
    citation = _inside(outer, "MedlineCitation") or _inside(outer, "BookDocument")
    record = _inside(outer, "PubmedData") or _inside(outer, "PubmedBookData")
    article = _inside(citation, "Article") or citation
    pmid = text_of(citation.get("PMID"))
    if not pmid:
        return Rejection(rejection_id(text_of(article.get("ArticleTitle"))), "no PMID")
    ids = [*_children(citation, "ArticleIdList"), *_children(record, "ArticleIdList")]
    named = {one.get("IdType", ""): text_of([one]) for one in reversed(ids)}
    entered = _entered(record)
    kinds = {
        text_of([one]) for one in [*_children(article, "PublicationTypeList"), *article.get("PublicationType", [])]
    }
    journal = _inside(article, "Journal") or _inside(article, "Book")
    return make_entry(
        source=SOURCE,
        key=pmid,
        title=_title(article),
        spellings=[
            f"pmid:{pmid}",
            *(f"doi:{doi}" for doi in [named.get("doi"), *_electronic(article)] if doi),
            *(f"pmcid:{named[kind]}" for kind in ("pmc",) if kind in named),
            *(f"pmid:{other}" for other in _other_versions(citation)),
        ],
        abstract=_abstract(article),
        authors=[_name(fields_of(one)) for one in _children(article, "AuthorList") if one.get("ValidYN") != "N"],
        published_at=_earliest(article, journal) or entered,
        announced_at=entered,
        journal_ref=text_of(journal.get("Title") or journal.get("BookTitle")),
        withdrawn="Retracted Publication" in kinds,
    )


def _inside(fields: dict[str, list[etree._Element]], name: str) -> dict[str, list[etree._Element]]:
    return fields_of(fields[name][0]) if name in fields else {}


def _children(fields: dict[str, list[etree._Element]], name: str) -> list[etree._Element]:
    return [child for one in fields.get(name, []) for child in one]


def _title(article: dict[str, list[etree._Element]]) -> str:
    """Without the full stop, and without the brackets that mark a translation; the original if there is no other."""
    title = plain(text_of(article.get("ArticleTitle")))
    if title.startswith("[") and title.rstrip(".").endswith("]"):
        title = title.rstrip(".")[1:-1]
    if not title or title.lower() == "not available":
        title = plain(text_of(article.get("VernacularTitle") or _inside(article, "Book").get("BookTitle")))
    return title[:-1] if title.endswith(".") and not title.endswith("..") else title


def _abstract(article: dict[str, list[etree._Element]]) -> str:
    """Labels become the beginning of their part: ``Results: …``."""
    parts = []
    for one in _children(article, "Abstract"):
        if one.tag != "AbstractText":
            continue
        label, words = (one.get("Label") or "").strip(), text_of([one])
        named = label and label.upper() not in ("UNLABELLED", "UNASSIGNED", "ABSTRACT") and words
        parts.append(f"{label.capitalize()}: {words}" if named else words)
    return " ".join(parts)


def _electronic(article: dict[str, list[etree._Element]]) -> list[str]:
    places = article.get("ELocationID", [])
    return [text_of([one]) for one in places if one.get("EIdType") == "doi" and one.get("ValidYN") != "N"]


def _other_versions(citation: dict[str, list[etree._Element]]) -> list[str]:
    """PMIDs of the preprints that this article is the journal's version of.

    ``UpdateOf`` also stands between the editions of a guideline, which are papers of their own.
    """
    notes = [
        fields_of(one) for one in _children(citation, "CommentsCorrectionsList") if one.get("RefType") == "UpdateOf"
    ]
    return [text_of(note.get("PMID")) for note in notes if _PREPRINT.match(text_of(note.get("RefSource")))]


def _name(author: dict[str, list[etree._Element]]) -> str:
    group = text_of(author.get("CollectiveName"))
    given = text_of(author.get("ForeName") or author.get("Initials"))
    return group or " ".join([given, text_of(author.get("LastName")), text_of(author.get("Suffix"))])


# ── dates ───────────────────────────────────────────────────────────────────────────────────────────────────


def _entered(record: dict[str, list[etree._Element]]) -> dt.datetime | None:
    """When the article came into PubMed: the day on which it was news there."""
    dates = _children(record, "History")
    for status in ("entrez", "pubmed"):
        if found := next((_date(fields_of(one)) for one in dates if one.get("PubStatus") == status), None):
            return found
    return None


def _earliest(article: dict[str, list[etree._Element]], journal: dict[str, list[etree._Element]]) -> dt.datetime | None:
    """The electronic publication, or the issue's date if it has a day; issues are often dated ahead."""
    issue = _inside(_inside(journal, "JournalIssue"), "PubDate") or _inside(journal, "PubDate")
    electronic = [_date(fields_of(one)) for one in article.get("ArticleDate", [])]
    return min((date for date in [*electronic, _date(issue)] if date is not None), default=None)


def _date(fields: dict[str, list[etree._Element]]) -> dt.datetime | None:
    """A date with all of its parts; months are numbers or English abbreviations."""
    year, month, day = (text_of(fields.get(part)) for part in ("Year", "Month", "Day"))
    number = _MONTHS.get(month[:3].capitalize()) or (int(month) if re.fullmatch("[0-9]{1,2}", month) else 0)
    try:
        return dt.datetime(int(year), number, int(day), tzinfo=dt.UTC)
    except ValueError:
        return None
