"""Spellings of identifiers."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.catalog.identifiers import MAX_LENGTH, arxiv_version, parse, url_of
from digest.model import Identifier, Scheme


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2305.10430", "arxiv:2305.10430"),
        (" arXiv:2305.10430v2 ", "arxiv:2305.10430"),
        ("arXiv 2305.10430", "arxiv:2305.10430"),
        ("arXiv:2305.10430v2 [cs.CV] 17 May 2023", "arxiv:2305.10430"),
        ("oai:arXiv.org:2203.01250v3", "arxiv:2203.01250"),
        ("https://arxiv.org/abs/2305.10430", "arxiv:2305.10430"),
        ("arxiv.org/abs/2305.10430", "arxiv:2305.10430"),
        ("https://arxiv.org/pdf/2305.10430v1.pdf#page=3", "arxiv:2305.10430"),
        ("http://export.arxiv.org/abs/math.GT/0309136", "arxiv:math/0309136"),
        ("http://arxiv.org/abs/hep-th%2F9901001v1?context=hep-ph", "arxiv:hep-th/9901001"),
        ("astro-ph/0601001", "arxiv:astro-ph/0601001"),
        ("cs/0503050v1", "arxiv:cs/0503050"),
        ("10.48550/arXiv.2305.10430", "arxiv:2305.10430"),
        ("https://doi.org/10.48550/ARXIV.2305.10430", "arxiv:2305.10430"),
        ("https://huggingface.co/papers/2305.10430", "arxiv:2305.10430"),
        ("DOI: 10.1145/3366423.3380131.", "doi:10.1145/3366423.3380131"),
        ("https://DX.doi.org/10.1002%2FABC", "doi:10.1002/abc"),
        ("10.1016/s0140-6736(05)12345-6).", "doi:10.1016/s0140-6736(05)12345-6"),
        ("https://www.biorxiv.org/content/10.1101/2020.01.01.123456v2.full.pdf+html", "doi:10.1101/2020.01.01.123456"),
        ("https://dl.acm.org/doi/abs/10.1145/3366423.3380131", "doi:10.1145/3366423.3380131"),
        ("PMID: 0123", "pmid:123"),
        ("https://pubmed.ncbi.nlm.nih.gov/123/", "pmid:123"),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC123/", "pmcid:PMC123"),
        ("https://openreview.net/forum?id=abcDEF1234&noteId=z", "openreview:abcDEF1234"),
        ("2023.acl-long.1", "acl:2023.acl-long.1"),
        ("https://doi.org/10.18653/V1/P19-1001", "acl:P19-1001"),
        ("10.18653/v1/2023.acl-long.1", "acl:2023.acl-long.1"),
        ("10.18653/v1/other", "doi:10.18653/v1/other"),
        ("https://aclanthology.org/P19-1001.pdf", "acl:P19-1001"),
        ("CorpusID:123", "s2:CorpusID:123"),
        ("https://openalex.org/W2741809807", "openalex:W2741809807"),
        ("HTTPS://Example.ORG:443/A/b?utm_source=x&b=1#part", "url:https://example.org/A/b?b=1"),
        ("http://user:secret@example.org", "url:http://example.org/"),
    ],
)
def test_every_spelling_has_one_canonical_form(text: str, expected: str) -> None:
    """Every spelling seen in the wild gives the canonical identifier, which reads back as itself."""
    identifier = parse(text)
    assert str(identifier) == expected
    assert identifier is not None
    assert parse(str(identifier)) == identifier
    assert parse(url_of(identifier)) == identifier


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # arXiv, as bibliographies, feeds, mirrors and other catalogs write it
        ("arXiv preprint arXiv:1605.08386, 2016", "arxiv:1605.08386"),
        ("ArXiv e-prints 1605.08386", "arxiv:1605.08386"),
        ("arXiv:1605.08386 (math.CO)", "arxiv:1605.08386"),
        ("arXiv.1605.08386", "arxiv:1605.08386"),
        ("abs/hep-ph/9609357", "arxiv:hep-ph/9609357"),
        ("hep-ph/9609357v2 [hep-ph]", "arxiv:hep-ph/9609357"),
        ("arXiv:math.GT/0309136v1", "arxiv:math/0309136"),
        ("0704.0001v1", "arxiv:0704.0001"),
        ("http://xxx.lanl.gov/abs/cond-mat/0601001v3", "arxiv:cond-mat/0601001"),
        ("https://de.arxiv.org/abs/math/0309136", "arxiv:math/0309136"),
        ("https://arxiv.org/abs/arXiv:1605.08386", "arxiv:1605.08386"),
        ("https://arxiv.org/ftp/arxiv/papers/1605/1605.08386.pdf", "arxiv:1605.08386"),
        ("https://arxiv.org/html/2305.10430v1#S3", "arxiv:2305.10430"),
        ("https://www.alphaxiv.org/abs/2305.10430v1", "arxiv:2305.10430"),
        ("https://ar5iv.labs.arxiv.org/html/2305.10430", "arxiv:2305.10430"),
        ("https://scirate.com/arxiv/2305.10430", "arxiv:2305.10430"),
        ("https://ui.adsabs.harvard.edu/abs/2023arXiv230510430L/abstract", "arxiv:2305.10430"),
        ("https://ui.adsabs.harvard.edu/abs/2010arXiv1001.2345L", "arxiv:1001.2345"),
        ("https://ui.adsabs.harvard.edu/abs/arXiv:hep-th/9901001", "arxiv:hep-th/9901001"),
        ("https://api.semanticscholar.org/arXiv:1605.08386", "arxiv:1605.08386"),
        ("10.48550/ARXIV.1605.08386V2", "arxiv:1605.08386"),
        ("https://doi.org/10.48550/arXiv.cs/0503050", "arxiv:cs/0503050"),
        ("\ufeffarXiv:1605.08386\u200b", "arxiv:1605.08386"),
        # DOIs
        ("doi 10.1038/NATURE12373", "doi:10.1038/nature12373"),
        ("info:doi/10.1038/nature12373", "doi:10.1038/nature12373"),
        ("urn:doi:10.1038/nature12373", "doi:10.1038/nature12373"),
        ("10.1038/nature12373 [doi]", "doi:10.1038/nature12373"),
        ("“10.1038/nature12373”", "doi:10.1038/nature12373"),
        ("http://dx.doi.org/doi:10.1038/nature12373", "doi:10.1038/nature12373"),
        ("10.1186/s12905-020-00932-8.", "doi:10.1186/s12905-020-00932-8"),
        ("10.1016/0370-2693(90)90601-2", "doi:10.1016/0370-2693(90)90601-2"),
        (
            "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2",
            "doi:10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-2",
        ),
        ("https://www.nature.com/articles/s41586-021-03819-2.pdf", "doi:10.1038/s41586-021-03819-2"),
        ("https://journals.aps.org/prl/abstract/10.1103/PhysRevLett.116.061102", "doi:10.1103/physrevlett.116.061102"),
        ("https://www.tandfonline.com/doi/ref/10.1080/14689367.2014.940853", "doi:10.1080/14689367.2014.940853"),
        ("https://iopscience.iop.org/article/10.1088/0004-637X/789/2/107/pdf", "doi:10.1088/0004-637x/789/2/107"),
        ("https://www.frontiersin.org/articles/10.3389/fninf.2016.00031/full", "doi:10.3389/fninf.2016.00031"),
        (
            "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0052036",
            "doi:10.1371/journal.pone.0052036",
        ),
        ("https://www.biorxiv.org/content/early/2019/08/09/730903", "doi:10.1101/730903"),
        ("https://www.biorxiv.org/content/biorxiv/early/2019/08/09/730903.full.pdf", "doi:10.1101/730903"),
        ("https://www.medrxiv.org/content/10.1101/2020.03.19.20038729v2.full-text", "doi:10.1101/2020.03.19.20038729"),
        # PubMed
        ("PubMed:23456789", "pmid:23456789"),
        ("pubmed/23456789", "pmid:23456789"),
        ("http://europepmc.org/abstract/MED/23456789", "pmid:23456789"),
        ("PMC 5391213", "pmcid:PMC5391213"),
        ("PMCID: PMC5391213.", "pmcid:PMC5391213"),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/5391213", "pmcid:PMC5391213"),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC5391213/pdf/nihms123.pdf", "pmcid:PMC5391213"),
        # OpenReview, ACL, Semantic Scholar, OpenAlex
        ("https://openreview.net/revisions?id=rJl-b3RcF7", "openreview:rJl-b3RcF7"),
        ("https://openreview.net/attachment?id=rJl-b3RcF7&name=pdf", "openreview:rJl-b3RcF7"),
        ("https://aclanthology.org/2020.emnlp-main.550v2.pdf", "acl:2020.emnlp-main.550"),
        ("https://www.aclweb.org/anthology/P19-1001/", "acl:P19-1001"),
        ("https://aclanthology.info/papers/P18-1001/p18-1001", "acl:P18-1001"),
        ("corpusid 13756489", "s2:CorpusID:13756489"),
        (
            "https://www.semanticscholar.org/reader/204E3073870fae3d05bcbc2f6a8e263d9b72e776",
            "s2:204e3073870fae3d05bcbc2f6a8e263d9b72e776",
        ),
        ("https://api.openalex.org/works/w2741809807", "openalex:W2741809807"),
    ],
)
def test_hard_spellings_met_in_real_feeds_and_bibliographies(text: str, expected: str) -> None:
    """Short strings from recorded responses, reference lists and addresses that people paste."""
    identifier = parse(text)
    assert str(identifier) == expected
    assert identifier is not None
    assert parse(str(identifier)) == identifier


@pytest.mark.parametrize(
    "text",
    [
        "https://www.nature.com/articles/",
        "https://openalex.org/A5040568538",
        "https://arxiv.org/list/cs.LG/recent",
        "https://api.semanticscholar.org/graph/v1/paper/batch?fields=authors",
        "https://example.org/page?id=10",
    ],
)
def test_a_page_that_names_no_paper_is_only_an_address(text: str) -> None:
    """Authors, lists and start pages of known sites are not taken for a paper."""
    identifier = parse(text)
    assert identifier is None or identifier.scheme is Scheme.URL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "12345",
        "2305.1043",
        "2313.10430",
        "0703.0001",
        "1412.00001",
        "1501.0001",
        "2305.00000",
        "math/0704001",
        "cs/9113001",
        "foo/0601001",
        "10.1/x",
        "10.1000/",
        "http://",
        "http://[",
        "http://x:99999/",
        "url:foo",
        "ftp://x.org/a",
        "javascript:alert(1)",
        "https://doi.org/garbage",
        "https://arxiv.org/abs/2313.00001",
        "10.48550/arXiv.garbage",
        "10.1000/a b",
        "doi:10.1000/a\x00b",
        "٢٣٠٥.١٠٤٣٠",
        "x" * (MAX_LENGTH + 1),
        "2305.10430v0",
    ],
)
def test_garbage_is_none(text: str) -> None:
    """What names no paper is None and never an exception."""
    assert parse(text) is None
    assert arxiv_version(text) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("2305.10430v12", 12), ("2305.10430", None), ("https://arxiv.org/pdf/cs/0503050v1.pdf", 1), ("10.1000/xv2", None)],
)
def test_version_of_an_arxiv_spelling(text: str, version: int | None) -> None:
    """The version is read from any spelling of an arXiv id, and from nothing else."""
    assert arxiv_version(text) == version


_FRAGMENTS = st.sampled_from(
    [
        "10.1000/",
        "doi:",
        "https://",
        "doi.org/",
        "arxiv.org/abs/",
        "2305.10430",
        "v2",
        "%2F",
        "%25",
        "%",
        "?",
        "#",
        "/",
        ")",
        "(",
        ".",
        " ",
        "PMC12",
        "\u212a",
        "İ",
        "x",
        "utm_a=1",
        "&",
        "@",
        ":",
        "[",
        "example.org",
        "url:",
        "S2:",
        "openreview:",
    ]
)


@given(st.one_of(st.text(), st.lists(_FRAGMENTS, max_size=9).map("".join)))
@example("10.1000/%2525%20.")
def test_canonical_forms_are_fixed_points(text: str) -> None:
    """Whatever parse accepts, its canonical form is accepted and stays the same."""
    identifier = parse(text)
    if identifier is None:
        return
    assert parse(str(identifier)) == identifier
    if identifier.scheme in {Scheme.ARXIV, Scheme.DOI}:
        assert parse(identifier.value) == identifier
        assert parse(url_of(identifier)) == identifier
    assert url_of(identifier).startswith("http")


def test_a_doi_is_quoted_in_its_address() -> None:
    """Signs that a URL can't hold are encoded in the address of a DOI."""
    assert url_of(Identifier(Scheme.DOI, "10.1002/a<b>#c?d")) == "https://doi.org/10.1002/a%3Cb%3E%23c%3Fd"
