"""Keys of titles and authors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.catalog.names import author_key, author_keys, display_name, split_authors
from digest.catalog.titles import title_key


@pytest.mark.parametrize(
    ("title", "key"),
    [
        (r"Poincar\'e and the $\beta$-VAE: a Study", "poincare and the β vae a study"),
        ("Poincaré and the β‑VAE — A study!", "poincare and the β vae a study"),
        ("Attention Is  All You\nNeed.", "attention is all you need"),
        ("深度学习在医学图像分析中的应用", "深度学习在医学图像分析中的应用"),
        ("Editorial", ""),
        ("On graphs", ""),
        ("", ""),
        ("???", ""),
        ("Erratum: The Mass of the Top Quark at Low Energies", ""),
        ("Author Correction: The Mass of the Top Quark", ""),
        ("Reply to Smith et al. on the top quark", ""),
        ("Letter to the Editor", ""),
    ],
)
def test_title_keys(title: str, key: str) -> None:
    """Spellings of one title share a key; general titles and notices about other papers have none."""
    assert title_key(title) == key


def test_parts_have_different_keys() -> None:
    """Part I and Part II are two papers."""
    assert title_key("On the theory of everything, Part I") != title_key("On the theory of everything, Part II")


@given(st.text())
def test_title_key_is_its_own_key(title: str) -> None:
    """A key is a fixed point unless it is empty."""
    key = title_key(title)
    assert title_key(key) in {key, ""}


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (
            [
                "Jörg Müller",
                "Müller, Jörg",
                "J. Müller",
                "M\u00fcller, J.",
                r"J\"org M\"uller",
                "Jörg Müller (ETH, Zürich)",
            ],
            "muller j",
        ),
        (["Ahmet Yavuz Uluslu", "Uluslu, A. Y.", "A. Y. Uluslu"], "uluslu a"),
        (["Jan van der Berg", "van der Berg, Jan", "J. P. van der Berg"], "van der berg j"),
        (["Sammy Davis, Jr.", "Davis, Sammy, Jr.", "Sammy Davis Jr."], "davis s"),
        (["Łukasz Kaiser", r"{\L}ukasz Kaiser"], "kaiser l"),
        (["João Muñoz", r"Jo\~ao Mu\~noz", r"Jo\~{a}o Mu{\~n}oz", "Munoz, J."], "munoz j"),
        (["Conan O'Brien", "O’Brien, Conan"], "obrien c"),
        (["Jean-Luc Picard", "J.-L. Picard"], "picard j"),
        (
            ["ATLAS Collaboration", "The ATLAS Collaboration", "on behalf of the ATLAS Collaboration"],
            "atlas collaboration",
        ),
        (["Ann Lee, M.D., Ph.D.", "Dr. Ann Lee", "Prof. Dr. Ann Lee", "Ann Lee1,2", "Ann Lee†", "¹Ann Lee"], "lee a"),
        (["K. Kuehn (DES Collaboration)", "Kuehn, Kyler"], "kuehn k"),
        (["Yoshinari Murakami (for the RadonPy consortium)", "Murakami, Y."], "murakami y"),
        (["Jinyi Hao (Casey Eye Institute", "Jinyi Hao [0000-0002-1825-0097]"], "hao j"),
        (["María José de la Cruz", "de la Cruz, M. J.", "Mar\\'ia Jos\\'e de la Cruz"], "de la cruz m"),
        (["Muhammad ibn Musa al-Khwarizmi", "Al-Khwarizmi, M."], "al khwarizmi m"),
        (["Paul Erdős", r"Erd\H{o}s, P.", "ERDŐS, Paul"], "erdos p"),
        (["H. C. Ørsted", "Ørsted, Hans Christian", r"H. C. {\O}rsted"], "orsted h"),
        (["et al.", "and others", "Turkey)", "Government College)"], ""),
        (["Plato"], "plato"),
        (["", ",", "()", "*"], ""),
    ],
)
def test_author_keys(spellings: list[str], key: str) -> None:
    """All spellings of one author share a key of family name and first initial."""
    assert {author_key(name) for name in spellings} == {key}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith JP", "John P. Smith"),
        ("van Rossum G", "Guido van Rossum"),
        ("Wei LI", "Li, Wei"),
        ("Mueller, Joerg", "Jörg Müller"),
        ("Oersted, Hans", "Hans Ørsted"),
    ],
)
def test_names_that_can_be_read_in_two_ways_share_a_key(one: str, other: str) -> None:
    """Initials after the family name, a family name in capitals, and umlauts written out."""
    assert author_keys([one]) & author_keys([other])


def test_empty_names_are_no_authors() -> None:
    """Names of which nothing is left are not counted as a shared author."""
    assert author_keys(["", "()", "Ada Lovelace"]) == {"lovelace a"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Müller, Jörg (ETH)", "Jörg Müller"),
        (r"Andr\'e Martin", "André Martin"),
        ("John Smith, Jr.", "John Smith, Jr."),
        ("Smith, John, Jr.", "John Smith Jr."),
        ("  A.  Turing ,", "A. Turing"),
        ("Ann Lee, M.D., Ph.D.", "Ann Lee, M.D., Ph.D."),
        ("King, Martin Luther, Jr., PhD", "Martin Luther King Jr. PhD"),
        ("Weidong Shi4", "Weidong Shi"),
        ("SAM 3D Team", "SAM 3D Team"),
        ("The 1000 Genomes Project", "The 1000 Genomes Project"),
    ],
)
def test_display_names(name: str, shown: str) -> None:
    """A name is shown without TeX and affiliation, given name first."""
    assert display_name(name) == shown


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Ann A (Univ, of X (and Y), Z), Bob B, Cy C and Di D", ("Ann A", "Bob B", "Cy C", "Di D")),
        ("Ann A, Bob B, and Cy C", ("Ann A", "Bob B", "Cy C")),
        ("Müller, J.; Li, X.", ("Müller, J.", "Li, X.")),
        (r"Andr\'e M, Sammy Davis, Jr., J. K{\"o}nig", (r"Andr\'e M", "Sammy Davis, Jr.", r"J. K{\"o}nig")),
        ("Ann A (never closed, Bob", ("Ann A",)),
        ("Anders And, Android Bot", ("Anders And", "Android Bot")),
        ("", ()),
        (" , ,; ", ()),
    ],
)
def test_split_authors(line: str, names: tuple[str, ...]) -> None:
    """A dc:creator line is split outside of parentheses, whose affiliations go."""
    assert split_authors(line) == names


@given(st.text(alphabet="ab (),;.JrandЖ\n\\'\"{}"))
def test_any_text_can_be_read_as_names(text: str) -> None:
    """Any text can be split, shown and keyed, and a key is single-spaced lower case."""
    for name in (text, *split_authors(text)):
        key = author_key(display_name(name))
        assert key == " ".join(key.split()).lower()
