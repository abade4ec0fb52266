"""TeX to readable text."""

from __future__ import annotations

import logging
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.catalog.tex import MAX_LENGTH, readable
from digest.catalog.tex_atoms import convert_simple
from digest.catalog.tex_rules import convert


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            r"Andr\'e and {\"o}, Erd\H{o}s, \v{S}id\'{a}k, {\L}ukasz, M\o ller",
            "André and ö, Erdős, Šidák, Łukasz, Møller",
        ),
        (r"an $O(n^2)$ and $O(n\log n)$ bound", "an O(n²) and O(n log n) bound"),
        (r"$\alpha$-stable $\mathcal{L}$ on $\mathbb{R}^n$", "α-stable L on ℝⁿ"),
        (r"\textbf{b\textit{c}} \emph{d} {\bf e}", "bc d e"),
        (r"\url{https://a.b/c_d--e~f%20}", "https://a.b/c_d--e~f%20"),
        ("see https://a.b/c_d--e~f now -- or 10--20", "see https://a.b/c_d--e~f now – or 10–20"),
        ("``quotes'' and `single' -- it's", "“quotes” and ‘single’ – it's"),
        (r"5\% of A\&B, 5% of A & B #1", "5% of A&B, 5% of A & B #1"),
        (r"Theorem~3 takes ~5% more in my_file, $\sim$5%", "Theorem 3 takes ~5% more in my_file, ∼5%"),
        (r"it costs $5 and $10, or \$3", "it costs $5 and $10, or $3"),
        ("from $5M for all to EUR5M and $20 million", "from $5M for all to EUR5M and $20 million"),
        ("between $5 per query where a=b and $10", "between $5 per query where a=b and $10"),
        (r"CO\2 at \0.79", "CO2 at 0.79"),
        (r"\SI{5}{\kilo\metre} and \SI{10}{\percent}", "5 km and 10%"),
        (r"$\frac{1}{2}$, $1\frac{1}{2}$, $\frac{a+b}{c}$", "1/2, 1 1/2, (a+b)/c"),
        (r"$qK^\mathsf{T}$, $x^\mathrm{T}$, $x_\text{max}$, $n^\frac{1}{2}m$", "qKᵀ, xᵀ, x_max, n^(1/2)m"),
        (r"$x_{i,j}$, $\omega_{\max}$, $e^{-V/2}$, 10^{-3}, 10^5", "x_(i,j), ω_max, e^(-V/2), 10⁻³, 10⁵"),
        (r"\method beats \eg GPT by \foo{bar}", "method beats e.g. GPT by bar"),
        (r"{\pi}0.5, \b{eta} = 0.2, 360{\deg}", "π0.5, β = 0.2, 360°"),
        (r"as shown~\citep{x2020}, Theorem~\ref{t}. \citet{y} did", "as shown, Theorem. [y] did"),
        (r"\href{https://x.org/a}{this url}", "this url (https://x.org/a)"),
        (r"$$x+y$$ and $a$$b$ and \(c\) and \[d\]", "x+y and ab and c and d"),
        (r"{unbalanced $\alpha and } more } $", "{unbalanced α and } more }"),
        (r"a\\b \u2014 $\unicode{x2013}$", "a b — –"),
        ("plain\ttext\n with\x00 \u202esigns\u200b", "plain text with signs"),
        ("1{,}000 and 2,000", "1,000 and 2,000"),
    ],
)
def test_tex_becomes_readable(text: str, expected: str) -> None:
    """TeX as authors write it in titles and abstracts comes out as a person would write it in a mail."""
    assert readable(text) == expected


_SIGNS = r"\ $ ^ _ { } ~ ` ' % & # - [ ] ( ) 7 42 x y α \frac \textbf{ \alpha \' \\ \( \] \begin{x} \end{x} $$ \sqrt["
_COMMANDS = r"\left \SI{ \verb| \item \not \href{ \cite{ \hat"
_TEX = st.lists(
    st.sampled_from([*_SIGNS.split(" "), *_COMMANDS.split(" "), " ", "\n", "\ud800", "\ue012"]), max_size=25
).map("".join)


@given(st.one_of(st.text(), _TEX))
def test_any_text_survives(text: str) -> None:
    """No text raises, and none leaves control characters, private characters or double spaces."""
    result = readable(text)
    assert result == " ".join(result.split())
    assert not [sign for sign in result if unicodedata.category(sign) in {"Cc", "Cs"} or "\ue000" <= sign <= "\ue0ff"]


_NUMERIC = st.sampled_from(["3", "14", ".", ",", "$", "$x_", "^", "{", "}", " ", "%", r"\%", r"\alpha", "-", "a", "\\"])


@given(st.lists(_NUMERIC).map("".join))
def test_digits_are_never_changed(text: str) -> None:
    """The digits of a text come out in the same order, raised and lowered ones counted as digits."""

    def digits(text: str) -> str:
        return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))

    assert digits(readable(text)) == digits(text)


@pytest.mark.parametrize(
    "unit",
    [
        "{",
        "}",
        "$",
        "\\",
        "{{}",
        "\\frac",
        "$x^",
        "\\textbf{",
        "`",
        "~",
        "-",
        "\\(",
        "$$",
        "\\begin{a}",
        "x^{",
        "\\cite{",
        "\\sqrt[",
        " ",
        "\\' ",
        "www.",
        "_{",
        "\\\\[",
        "^2",
        "$a_{b$",
    ],
)
def test_hostile_input_takes_linear_time(unit: str) -> None:
    """The longest text that is looked at takes well under a second, whatever it repeats."""
    started = time.process_time()
    readable(unit * (MAX_LENGTH // len(unit) + 10))
    readable(unit * (9_000 // len(unit)))
    assert time.process_time() - started < 2


def test_the_parser_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """pylatexenc's warnings about odd TeX do not reach the log."""
    with caplog.at_level(logging.INFO):
        readable(r"$\frac{1$ \begin{a} \end{b} \undefined{ \input{/etc/passwd}")
    assert not caplog.records


def test_no_file_is_read() -> None:
    r"""``\input`` shows nothing of the file system."""
    assert readable(r"a \input{/etc/passwd} b") == "a b"


_PLAIN_ATOMS = r"$ $ a B 7 ( ) = - , . + | \alpha \times \log \rm \quad \top \frac { } < {=} {,} \, \! \model \'e"
_SCRIPTS = r"^2 ^{ij} _{\max} _\infty ^{\text{op}} _i \mathbb{R} \mathcal{O} \textbf{x-y} \emph{b} \sqrt{d} \hat{x}"
_NESTING = r"_{ ^{ \frac{ }{ \frac{1}{ \sqrt{ \tilde{ \textbf{ \mathbb{ \overline{ \text{ \href{ \binom{ } } }"
_MORE = r"{} \model{} \to{} \left( \right) \big| \c{c} \H{o} \alpha\beta ' word \in \tilde"
_ATOMS = st.lists(
    st.sampled_from(
        [*f"{_PLAIN_ATOMS} {_SCRIPTS} {_NESTING} {_MORE}".split(" "), " ", " ", "\\ ", "\\tilde O", "\ue016"]
    ),
    max_size=12,
).map("".join)


@given(_ATOMS)
def test_the_short_way_through_tex_ends_where_the_long_one_does(text: str) -> None:
    """Atoms converted one by one give what the parser makes of the whole, wherever the short way is taken at all."""
    text = " ".join(text.split())
    simple = convert_simple(text)
    assert simple is None or simple == convert(text)


def test_the_short_way_takes_what_is_common() -> None:
    """Letters, symbols, indices, sums and words in bold do not need the parser."""
    for text in (
        r"$O(n \log n)$-time",
        r"$\mathbb{R}^{d}$,",
        r"Schr\"odinger",
        r"3.5$\times$",
        r"$\beta=0.5$",
        r"\textbf{A B}",
        r"$\widetilde{O}(\sqrt{T})$",
        r"$\frac{n^{2}}{\log n}$",
        r"\emph{exact $k$-gram}",
        r"\href{https://a.b}{here}",
        r"\ourmethod, a",
    ):
        assert convert_simple(text) is not None
