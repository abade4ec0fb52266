"""The default summary quotes the abstract's best sentences and never makes up a word."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Summary
from digest.summaries.features import TRAITS, Abstract, stems
from digest.summaries.model import Model
from digest.summaries.sections import sections
from digest.summaries.sentences import sentences
from digest.summaries.tldr import Quoter, summarise
from digest.summaries.trimming import LONGEST_WORDS, shorter, tidy

ABSTRACT = (
    "Attention in long documents has become a bottleneck. Existing methods struggle with memory. In this paper, we "
    "propose Tern, a sparse attention kernel for long documents that keeps two keys of every block. On 12 benchmarks "
    "it is 3.1x faster, outperforming the baseline of Smith et al. by 4.2% (Fig. 2). Code is available at "
    "https://example.org/tern."
)
PROPOSED = "We propose Tern, a sparse attention kernel for long documents that keeps two keys of every block."
FOUND = "On 12 benchmarks it is 3.1x faster, outperforming the baseline of Smith et al. by 4.2% (Fig. 2)."


def test_contribution_and_result_are_quoted() -> None:
    """The sentence that says what was done is the TLDR; what came of it stands with it or behind it."""
    summary = summarise("Tern: sparse attention for long documents", ABSTRACT)
    assert summary.tldr.startswith(PROPOSED)
    assert summary.text == f"{PROPOSED} {FOUND}"


def test_structured_abstract_loses_its_labels() -> None:
    """Of a structured abstract, results and conclusion are preferred and no label is shown."""
    abstract = (
        "BACKGROUND: Sepsis is common. METHODS: Records of 400 wards were read. "
        "RESULTS: Alarms reduced mortality by 11%. CONCLUSIONS: early alarms improve survival."
    )
    text = summarise("Alarms for sepsis", abstract).text
    assert "Alarms reduced mortality by 11%." in text
    assert "Early alarms improve survival." in text
    assert ":" not in text


@pytest.mark.parametrize(
    ("abstract", "tldr"),
    [
        ("", ""),
        (" \n ", ""),
        ("We prove it.", "We prove it."),
        ("No stop", "No stop"),
        ("Results: ", "Results:"),
        ("我们提出了一种新的方法。", "我们提出了一种新的方法。"),
    ],
)
def test_nothing_and_little(abstract: str, tldr: str) -> None:
    """An empty abstract gives an empty summary, one sentence gives that sentence, in any script."""
    assert summarise("A title", abstract) == Summary(tldr)


def test_forty_sentences() -> None:
    """Of a long abstract, what was done is found wherever it stands, in a summary as short as any."""
    before = [f"Many have sorted trees of kind {number} in various forests." for number in range(25)]
    after = [f"Some of them grew {number} cm." for number in range(14)]
    summary = summarise("Tern: sparse attention for long documents", " ".join([*before, PROPOSED, *after]))
    assert PROPOSED in summary.text
    assert len(summary.text.split()) < 80


def test_another_language_is_quoted_as_it_is() -> None:
    """Whole sentences of the abstract, also where the model knows none of their words."""
    abstract = "Les arbres sont triés depuis longtemps. Nous proposons une méthode qui trie 12 arbres sans mémoire."
    assert all(one in abstract for one in sentences(summarise("Trier des arbres", abstract).text))


def test_what_stands_alone_is_preferred() -> None:
    """Of two sentences that say the same, the one that needs no sentence before it is quoted."""
    alone = "The new kernel makes sparse attention three times faster on long documents."
    leaning = "This makes sparse attention three times faster on long documents with it."
    quoter = Quoter(Model.shipped(), "Sparse attention", (alone, "Memory is scarce.", leaning))
    first, _, last = quoter.whole
    assert (first.leans, last.leans) == (False, True)
    assert quoter.worth(last) < quoter.worth(first)


def test_code_link_is_no_second_thought() -> None:
    """The sentence behind the TLDR says something about the paper: where its code is has its own place in the mail."""
    summary = summarise("Tern", f"{PROPOSED} Our code and models are publicly available at https://example.org.")
    assert "example.org" not in summary.more


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("As Smith et al. 2019 say, i.e. in Fig. 2 and Eq. 3, it is 93.4% vs. 91.2%. We agree.", 2),
        ("We study E. coli in the U.S. Army. It grows. J. Smith saw it, e.g. Monday.", 3),
        ("This follows Smith et al. We extend it.", 2),
        ("Is it so? Yes! “Indeed.” GPT-4 said so.", 4),
        ("Let $x. Y$ be given. Then mRNA wins.", 2),
        ("It costs 3.5 dB. mRNA helps.", 2),
        ("One.\n  Two lines\nfold. 3 more.", 3),
    ],
)
def test_sentences(text: str, count: int) -> None:
    """Abbreviations, initials, decimals and TeX do not end a sentence; openers do."""
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("abstract", "texts"),
    [
        ("Background: It is cold. We froze. Methods and materials: We sat.", ["It is cold.", "We froze.", "We sat."]),
        ("OBJECTIVE Sepsis is rare. RESULTS mRNA fell.", ["Sepsis is rare.", "RESULTS mRNA fell."]),
        ("Results. Alarms help. Conclusions. They do.", ["Alarms help.", "They do."]),
        ("Background It is cold. Methods We sat. Results We froze.", ["It is cold.", "We sat.", "We froze."]),
        ("BackgroundIt is cold. MethodsWe sat. ConclusionsWe froze.", ["It is cold.", "We sat.", "We froze."]),
        ("Results Of All Kinds. Methods We sat.", ["Results Of All Kinds.", "Methods We sat."]),
        ("Results for all. Methods matter: we try.", ["Results for all.", "Methods matter: we try."]),
    ],
)
def test_sections(abstract: str, texts: list[str]) -> None:
    """A label goes, with colon, full stop, in capitals, or unmarked among others; what only looks like one stays."""
    assert [text for text, _ in sections(sentences(abstract))] == texts


def test_sections_weigh() -> None:
    """A section lasts to the next label: results count more than background."""
    weights = [weight for _, weight in sections(("Background: A is.", "B was.", "Results: C won.", "D too."))]
    assert weights[0] == weights[1] < 0 < weights[2] == weights[3]
    assert [weight for _, weight in sections(("Results: A won.", "B was."))][1] == 0


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("In this work, our method wins.", "Our method wins."),
        ("To address this issue, we sort.", "We sort."),
        ("(2) Crucially, we sort.", "We sort."),
        ("However, in this paper, we sort.", "We sort."),
        ("In this paper, mRNA is sorted.", "In this paper, mRNA is sorted."),
        ("However hard, we sort.", "However hard, we sort."),
        ("Specifically, for 2 of 3 trees, we sort.", "For 2 of 3 trees, we sort."),
        ("We sort trees (Ada and Bob, 1999; Cy et al., 2003) fast [3, 4].", "We sort trees fast."),
        (
            "We sort 12 trees (in 1999) and [2, 3) is an interval.",
            "We sort 12 trees (in 1999) and [2, 3) is an interval.",
        ),
    ],
)
def test_tidy(sentence: str, shown: str) -> None:
    """A leading phrase goes only where a whole sentence remains, which then starts with a capital; citations go."""
    assert tidy(sentence) == shown


@pytest.mark.parametrize(
    ("sentence", "form"),
    [
        ("We show that trees which are balanced sort well.", "Trees which are balanced sort well."),
        (
            "We propose a sparse attention kernel that keeps two keys (SAK), thereby lowering the use of memory.",
            "We propose a sparse attention kernel that keeps two keys.",
        ),
        (
            "We propose a sparse attention kernel that keeps two keys of every block, and show its use in practice.",
            "We propose a sparse attention kernel that keeps two keys of every block.",
        ),
    ],
)
def test_shorter(sentence: str, form: str) -> None:
    """What introduces a claim, what only names it, and what trails behind it may go."""
    assert form in shorter(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Our sparse attention kernel lowers memory use in all long documents, using no more than two keys.",
        "Our sparse attention kernel lowers memory use in all long documents, achieving a 4.2% gain.",
        "Our sparse attention kernel lowers the memory use in documents, where keys are few, unless they are short.",
        "We take our trees, sort the nodes of every tree, prune what we find, and show that it works well.",
        "We decompose the objective along two axes: temporal credit for all; spatial credit for some.",
        "We show that trees sort well and that forests sort better.",
        "We show that it sorts.",
        "We conjecture that trees sort well.",
    ],
)
def test_never_shortened(sentence: str) -> None:
    """Negations, figures, conditions, lists and hedges stay."""
    assert shorter(sentence) == ()


def test_long_sentence_is_cut_at_a_word() -> None:
    """A sentence of more than sixty words ends at a word, with an ellipsis; so does a word of ten thousand letters."""
    shown = summarise("", "word, " * 100).tldr
    assert shown.endswith("word …")
    assert len(shown.split()) == LONGEST_WORDS + 1
    assert len(summarise("", "x" * 10_000).tldr) < 710
    assert len(summarise("", "We propose it. " * 1_000_000).text) < 90


def test_stems_fold() -> None:
    """Case, endings, typographic signs and the value of a figure make no difference to the model."""
    assert stems("Compressing “GPT-4” by 93.4%…") == ["compre", "gpt", "0", "by", "0", "0"]


def test_traits_are_within_their_table() -> None:
    """Each word of an abstract of any length has a combination of traits that the model knows."""
    for count in (1, 2, 5, 9, 40):
        abstract = Abstract.of("We sort", ["We sort trees.", "They sort us.", "Trees sort trees."] * count)
        assert all(0 <= traits < TRAITS for traits in abstract.traits().values())


def test_the_shipped_numbers_are_what_the_manifest_says() -> None:
    """The file is whole, fits the code's measures, and says where it is from."""
    data = (files("digest.weights") / "tldr.json").read_bytes()
    entry = json.loads((files("digest.weights") / "manifest.json").read_text("utf-8"))["tldr.json"]
    assert entry["blake2b"] == hashlib.blake2b(data, digest_size=16).hexdigest()
    model = Model.shipped()
    assert len(model.traits) == TRAITS
    assert len(model.measures) == len(Abstract.of("", ["We sort."]).measures(0))
    assert (entry["words"], entry["cues"]) == (len(model.words), len(model.cues))
    assert asdict(model) == json.loads(data)


@given(
    st.text(max_size=400),
    st.lists(st.sampled_from(["We propose x.", "Fig. 2", "et al.", "$", "(", "…", "é", "\n"]), max_size=30),
)
def test_every_word_is_the_authors(noise: str, pieces: list[str]) -> None:
    """Whatever comes in, the sentences give the text back and the summary holds no word of its own."""
    text = " ".join([noise, *pieces])
    assert " ".join(sentences(text)) == " ".join(text.split())
    known = set(text.casefold().split()) | {"…"}
    for word in summarise("x", text).text.split():
        assert any(whole.startswith(word.casefold().rstrip(".")) for whole in known)
