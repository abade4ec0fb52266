"""A mixed library falls into its interests, each with words for it."""

from __future__ import annotations

from digest.ranking.suggest import suggest
from digest.ranking.text import TextBasis

ROBOTS = [
    (
        f"Robot grasping of {thing}",
        f"A robot arm with tactile fingers grasps {thing}; manipulation succeeds more often.",
    )
    for thing in ("mugs", "fish", "garlic", "cables", "bottles")
]
PROTEINS = [
    (f"Protein structure of {thing}", f"A protein structure network folds {thing} from amino acid sequences.")
    for thing in ("kinases", "antibodies", "membranes", "toxins")
]
CACHES = [
    (
        f"KV cache {thing} for language models",
        f"The KV cache of a transformer is reduced by {thing} of keys and values.",
    )
    for thing in ("eviction", "quantization", "pruning", "sharing")
]
ODD = [("Tidal mixing in estuaries", "Salinity was measured with moored buoys over two winters.")]


def test_a_mixed_library_falls_into_its_interests() -> None:
    """Three interests, the largest first, each named by its own words; the odd one out stays alone."""
    texts = [*CACHES, *ODD, *ROBOTS, *PROTEINS]
    basis = TextBasis.shipped()
    groups = suggest(texts, basis.embed([f"{a}\n{b}" for a, b in texts]), basis=basis)
    assert [sorted(group.members) for group in groups] == [[5, 6, 7, 8, 9], [0, 1, 2, 3], [10, 11, 12, 13]]
    assert [group.phrases[0] for group in groups] == ["robot grasping", "kv cache", "protein structure"]
    again = suggest(texts, basis.embed([f"{a}\n{b}" for a, b in texts]), basis=basis)
    assert again == groups


def test_a_few_papers_are_one_interest() -> None:
    """There is nothing to tell groups by; none at all gives none."""
    basis = TextBasis.shipped()
    texts = [ROBOTS[0], PROTEINS[0]]
    (group,) = suggest(texts, basis.embed([a for a, _ in texts]), basis=basis)
    assert sorted(group.members) == [0, 1]
    assert suggest([], basis.embed([]), basis=basis) == ()


def test_texts_without_a_known_word_do_no_harm() -> None:
    """Vectors of zeros are far from everything."""
    basis = TextBasis.shipped()
    texts = [("xqz", ""), ("zzyzx", "")] * 4
    suggest(texts, basis.embed([a for a, _ in texts]), basis=basis)
