"""Words, vectors and features: how the ranker reads a paper."""

from __future__ import annotations

import hashlib
import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.people import author_hashes, person
from digest.ranking.text import Features, TextBasis, archive_of, category_hash, features_of, term_keys
from digest.ranking.tokens import SEPARATOR, token_hashes, tokenise
from tests.support.ranking import paper


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("KV-caches for 4-bit Llama-3", ["kv", "cache", "for", "4", "bit", "llama", "3"]),
        ("GPT-4.1 and GPT-4o", ["gpt", "4.1", "and", "gpt", "4o"]),
        ("Schrödinger's ﬁne Bridges", ["schrodinger", "fine", "bridge"]),
        ("Alzheimer’s disease", ["alzheimer", "disease"]),
        ("C++, C# and (c)", ["c++", "c#", "and", "c"]),
        ("studies of classes, analyses, biases, matrices", ["study", "of", "class", "analysis", "bias", "matrix"]),
        ("gas is thus a bias", ["gas", "is", "thus", "a", "bias"]),
        ("扩散模型3D", ["扩", "散", "模", "型", "3d"]),
        ("α-synuclein", ["α", "synuclein"]),
        ("   \x00 … ", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """Case, accents, plurals and hyphens do not part words that a reader takes for the same."""
    assert tokenise(text) == words


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """Whatever a feed sends is read without an error, twice the same, and never as a separator."""
    hashes = token_hashes(text)
    assert SEPARATOR not in hashes
    assert hashes.tolist() == token_hashes(text).tolist()


def test_hashes_are_stored_for_good() -> None:
    """A word's hash never changes: papers in databases hold it."""
    assert token_hashes("KV cache").tolist() == [2125886618, 1095199719]


def test_pairs_do_not_cross_separators() -> None:
    """The last word of the title and the first of the abstract are no pair."""
    assert len(term_keys(np.array([7, 8, SEPARATOR, 9], dtype=np.uint32))) == 3 + 1


def test_vectors_are_unit_length_and_meaningful() -> None:
    """A text is closer to its own subject than to another, and a text without known words is nowhere."""
    basis = TextBasis.shipped()
    texts = [
        "KV cache compression for long contexts",
        "Evicting tokens from the key-value cache",
        "Bird nests in cities",
        "zzqx",
    ]
    vectors = basis.embed(texts)
    assert vectors.shape == (4, basis.dims)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_a_batch_changes_nothing() -> None:
    """A text has the same vector alone and among many."""
    basis = TextBasis.shipped()
    texts = [f"paper {n} about graph neural networks and {'proteins' if n % 2 else 'markets'}" for n in range(600)]
    np.testing.assert_allclose(basis.embed(texts)[577], basis.embed([texts[577]])[0], atol=1e-6)


def test_the_shipped_basis_is_what_the_manifest_says() -> None:
    """The weights come with a true account of their origin, and stay small."""
    folder = resources.files("digest.weights")
    data = (folder / "text_basis.npz").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())["text_basis.npz"]
    assert manifest["blake2b"] == hashlib.blake2b(data, digest_size=16).hexdigest()
    assert manifest["version"] == TextBasis.shipped().version
    assert len(data) < 6_000_000


def test_a_basis_survives_writing() -> None:
    """What ``dump`` writes, ``read`` reads."""
    basis = TextBasis.shipped()
    again = TextBasis.read(basis.dump())
    assert again.version == basis.version
    np.testing.assert_array_equal(again.embed(["sparse attention"]), basis.embed(["sparse attention"]))


def test_features_survive_packing() -> None:
    """All that is packed comes back, vectors at half precision."""
    (blob,) = features_of(
        [paper(1, "Sparse attention", "It is fast.", more_categories=("cs.CL",))], TextBasis.shipped()
    )
    features = Features.unpack(blob)
    assert features.title_len == 2
    assert features.tokens.tolist()[2] == features.tokens.tolist()[-1] == SEPARATOR
    assert features.categories.tolist() == [category_hash(name) for name in ("cs.LG", "cs.CL", "cs")]
    assert features.authors.tolist() == list(author_hashes("Ada Lovelace"))
    assert Features.unpack(features.pack()).pack() == blob


@pytest.mark.parametrize("blob", [b"", b"x", b"\x01\xf5" + bytes(40), b"y" * 600])
def test_garbage_is_no_features(blob: bytes) -> None:
    """Damaged features are refused with words, not misread."""
    with pytest.raises(ValueError, match="features"):
        Features.unpack(blob)


def test_hostile_papers_stay_small() -> None:
    """A ten-megabyte title and endless authors do not end up in the store."""
    huge = paper(1, "spam " * 2_000_000, authors=[f"A{n} B" for n in range(20_000)])
    (blob,) = features_of([huge], TextBasis.shipped())
    assert len(blob) < 200_000


def test_no_text_at_all() -> None:
    """A paper without title, authors and categories is still a paper."""
    (blob,) = features_of([paper(1, "", category="", authors=())], TextBasis.shipped())
    assert not Features.unpack(blob).vector.any()
    assert features_of([], TextBasis.shipped()) == []


@pytest.mark.parametrize(
    ("category", "archive"), [("cs.LG", "cs"), ("biorxiv/biophysics", "biorxiv"), ("math-ph", "math-ph"), ("", "")]
)
def test_archives(category: str, archive: str) -> None:
    """The field above a category is what comes before the point or the slash."""
    assert archive_of(category) == archive


def test_following_needs_more_than_an_initial() -> None:
    """Two full given names must agree; initials alone are only perhaps the person."""
    david = person("David Baker")
    assert david.certain in author_hashes("David A. Baker")
    assert david.certain in author_hashes("Baker, David")
    assert david.certain not in author_hashes("Dan Baker")
    assert david.certain not in author_hashes("D. Baker")
    assert david.perhaps in author_hashes("D. Baker")
    assert david.perhaps not in author_hashes("Dan Baker")


def test_initials_mean_everyone_whom_they_fit() -> None:
    """A reader who writes "D. Baker" gets David and Dan."""
    anyone = person("D. Baker")
    assert anyone.perhaps is None
    assert all(anyone.certain in author_hashes(name) for name in ("David Baker", "Dan Baker", "D. Baker"))
