"""What TeX commands become in readable text: our rules on top of pylatexenc's tables.

pylatexenc parses, composes accents and knows some thousand symbols. The rules here are for reading in a mail: letters
stay letters (no 𝓛 or 𝐱, which many mail programs draw as boxes and no search finds), indices become small Unicode
digits and letters where they exist, citations vanish, links show where they lead.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from pylatexenc import latex2text, latexwalker, macrospec

from digest.catalog.tex_signs import WORD_GAP

SUPERSCRIPTS: Final = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzT⊤∘*∗⋆†′ ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵀ°***†′ ",
)
SUBSCRIPTS: Final = str.maketrans("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
MOST_SMALL_LETTERS: Final = 2
"""A run of more small letters is harder to read than ``_max``; digits are always written small."""
_AROUND_SIGN: Final = re.compile(r"\s*([^\w\s])\s*")

Rule = str | Callable[..., str]


def script(text: str, sign: str) -> str:
    """``text`` raised (sign ``^``) or lowered (``_``): small characters if all exist, else ``^word`` or ``^(a+b)``."""
    text = text.replace(WORD_GAP, "").strip()
    if not text:
        return ""
    table = SUPERSCRIPTS if sign == "^" else SUBSCRIPTS
    tight = _AROUND_SIGN.sub(r"\1", text)
    letters = sum(character.isalpha() for character in tight)
    if letters <= MOST_SMALL_LETTERS and all(ord(character) in table for character in tight):
        return tight.translate(table)
    return f"{sign}{tight}" if tight.isalnum() or len(tight) == 1 else f"{sign}({tight})"


def operand(text: str) -> str:
    """``text`` as one side of a slash: in brackets if it is a sum, a product or another fraction."""
    text = text.strip()
    return f"({text})" if re.search(r"[\s+\-−–/·×±=,]", text.lstrip("-−")) and not _bracketed(text) else text


def _bracketed(text: str) -> bool:
    return text[:1] + text[-1:] in {"()", "[]", "||"} and not set(text[1:-1]) & set("()[]|")


def _argument(node: Any, converter: Any, position: int) -> str:
    arguments = node.nodeargd.argnlist if node.nodeargd is not None else []
    if position >= len(arguments) or arguments[position] is None:
        return ""
    return str(converter.nodelist_to_text([arguments[position]]))


def _source(node: Any, position: int) -> str:
    arguments = node.nodeargd.argnlist if node.nodeargd is not None else []
    if position >= len(arguments) or arguments[position] is None:
        return ""
    text = str(arguments[position].latex_verbatim())
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def _after_digit(node: Any) -> bool:
    """Is a digit right before the node? Then ``2\\frac{1}{2}`` needs a gap so as not to read 21/2."""
    before = node.parsing_state.s[: node.pos].rstrip("${ ") if node.pos else ""
    return before[-1:].isdigit()


def fraction(numerator: str, denominator: str) -> str:
    return f"{operand(numerator)}/{operand(denominator)}"


def _fraction(node: Any, l2tobj: Any) -> str:
    gap = " " if _after_digit(node) else ""
    return gap + fraction(_argument(node, l2tobj, 0), _argument(node, l2tobj, 1))


def root(index: str, radicand: str) -> str:
    index, radicand = index.strip(), radicand.strip()
    radicand = radicand if len(radicand) == 1 or radicand.isdigit() or _bracketed(radicand) else f"({radicand})"
    return f"{script(index, '^') if index not in {'', '2'} else ''}√{radicand}"


def _root(node: Any, l2tobj: Any) -> str:
    return root(_argument(node, l2tobj, 0), _argument(node, l2tobj, 1))


def binomial(of: str, taken: str) -> str:
    return f"C({of.strip()}, {taken.strip()})"


def _binomial(node: Any, l2tobj: Any) -> str:
    return binomial(_argument(node, l2tobj, 0), _argument(node, l2tobj, 1))


def _link(node: Any, l2tobj: Any) -> str:
    return link(_argument(node, l2tobj, 0), _argument(node, l2tobj, 1))


def link(address: str, text: str) -> str:
    """``\\href{address}{text}``: both, unless the text is the address."""
    address, text = address.strip(), text.strip()
    bare = re.sub(r"^https?://(www\.)?", "", address).rstrip("/")
    return text if not address or bare in text else f"{text} ({address})" if text else address


def _footnote(node: Any, l2tobj: Any) -> str:
    return f" ({_argument(node, l2tobj, 1).strip()})"


def _scripted(sign: str, position: int = 0) -> Rule:
    def rule(node: Any, l2tobj: Any) -> str:
        return script(_argument(node, l2tobj, position), sign)

    return rule


def accented(text: str, combining: str) -> str:
    """A mathematical accent over one character; over more it is left out (``\\widetilde{ABC}``)."""
    text = text.strip()
    return unicodedata.normalize("NFC", text + combining) if len(text) == 1 and text.isalpha() else text


def _accented(combining: str) -> Rule:
    def rule(node: Any, l2tobj: Any) -> str:
        return accented(_argument(node, l2tobj, 0), combining)

    return rule


_BLACKBOARD: Final = str.maketrans("CHNPQRZ", "ℂℍℕℙℚℝℤ")


def blackboard(text: str) -> str:
    return text.translate(_BLACKBOARD)


def _blackboard(node: Any, l2tobj: Any) -> str:
    return blackboard(_argument(node, l2tobj, 0))


def _negated(node: Any, l2tobj: Any) -> str:
    return unicodedata.normalize("NFC", _argument(node, l2tobj, 0).strip() + "\u0338")


_UNITS: Final = {
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "milli": "m", "micro": "µ", "nano": "n", "pico": "p",
    "femto": "f", "centi": "c", "meter": "m", "metre": "m", "second": "s", "gram": "g", "hertz": "Hz", "volt": "V",
    "watt": "W", "joule": "J", "kelvin": "K", "celsius": "°C", "degreeCelsius": "°C", "degree": "°", "percent": "%",
    "byte": "B", "bit": "bit", "pascal": "Pa", "newton": "N", "ohm": "Ω", "electronvolt": "eV", "tesla": "T",
    "ampere": "A", "mole": "mol", "minute": "min", "hour": "h", "angstrom": "Å", "per": "/", "squared": "²",
    "square": "²", "cubed": "³", "litre": "L", "liter": "L", "decibel": "dB",
}  # fmt: skip


def _unit(source: str) -> str:
    return re.sub(r"\\([A-Za-z]+)\s*", lambda found: _UNITS.get(found[1], found[1]), source).replace("~", " ").strip()


def _quantity(node: Any) -> str:
    """siunitx: ``\\SI[options]{5}{\\kilo\\metre}`` → 5 km."""
    unit = _unit(_source(node, 2))
    return f"{_source(node, 1)}{'' if unit in {'%', '°'} else ' '}{unit}"


def _unknown(node: Any) -> str:
    """A command nobody knows: with an argument it is taken for formatting, alone for an abbreviation of its name."""
    end = node.pos + node.len
    following = node.parsing_state.s[end : end + 2]
    if following.startswith("{") and following != "{}":
        return ""
    return f"{node.macroname}{node.macro_post_space}" if node.macroname.isalnum() else ""


# ── the rules, by what they take ────────────────────────────────────────────────────────────────────────────


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SHOWN: Final = _words("""
    textbf textit texttt textsc textsf textrm textnormal textmd textup textsl emph mbox hbox text mathrm mathbf mathcal
    mathscr mathfrak mathsf mathtt mathit mathnormal boldsymbol bm bold pmb underline uline ensuremath operatorname
    operatorname* ac acl acs acp acf gls Gls mathop mathbin mathrel mathord substack overbrace underbrace uppercase
    lowercase enquote vec overrightarrow overleftarrow underbar fbox url path sout st hl textquote
""")
_DROPPED: Final = _words("""
    label ref eqref autoref cref Cref vspace hspace vskip color thanks pagestyle bibliographystyle bibliography
    includegraphics input include hphantom vphantom phantom tag
""")
_SILENT: Final = _words(r"""
    bf it rm sf tt sl sc em cal frak Bbb boldmath unboldmath bfseries itshape rmfamily sffamily ttfamily scshape upshape
    mdseries normalfont tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge displaystyle textstyle
    scriptstyle limits nolimits noindent centering protect allowbreak nobreak relax left right middle big Big bigg Bigg
    bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm xspace hfill ! / - strut
""")
_SPACES: Final = (
    *_words(r", ; : > quad qquad enspace thinspace medspace thickspace space newline par linebreak \ "),
    *" \n\t",
)
FRACTIONS: Final = _words("frac tfrac dfrac nicefrac sfrac cfrac")
BINOMIALS: Final = _words("binom tbinom dbinom")
_FUNCTIONS: Final = _words("""
    log ln lg exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh min max argmin argmax inf sup lim liminf
    limsup det dim ker gcd arg hom deg Pr mod bmod poly polylog tr diag sign rank
""")
_LITERAL: Final = {
    "eg": "e.g. ", "ie": "i.e. ", "Eg": "E.g. ", "Ie": "I.e. ", "etal": "et al. ", "etc": "etc. ", "wrt": "w.r.t. ",
    "iid": "i.i.d. ", "vs": "vs. ", "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "‖", "lvert": "|", "rvert": "|",
    "vert": "|", "mid": "|", "colon": ":", "ldots": "…", "dots": "…", "dotsc": "…", "cdots": "⋯", "prime": "′",
    "circ": "∘", "degree": "°", "textdegree": "°", "celsius": "°C", "ast": "*", "star": "⋆", "top": "⊤", "bot": "⊥",
    "epsilon": "ε", "varepsilon": "ε", "phi": "φ", "varphi": "φ", "ell": "ℓ", "le": "≤", "ge": "≥", "leqslant": "≤",
    "geqslant": "≥", "lesssim": "≲", "gtrsim": "≳", "ne": "≠", "neq": "≠", "to": "→", "sim": "∼", "minus": "−",
    "item": " • ", "textbackslash": "\\", "lbrack": "[", "rbrack": "]", "lbrace": "{", "rbrace": "}", "qed": "",
    "TeX": "TeX", "LaTeX": "LaTeX", "bigcup": "⋃", "bigcap": "⋂", "R": "R", "C": "C", "N": "N", "Z": "Z", "E": "E",
}  # fmt: skip


MATH_ACCENTS: Final = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0304", "dot": "\u0307", "ddot": "\u0308", "acute": "\u0301", "grave": "\u0300", "check": "\u030c",
    "breve": "\u0306", "mathring": "\u030a",
}  # fmt: skip


def _converter() -> tuple[Any, Any]:
    """(walker context, text context) of pylatexenc with our rules before its own, without its special signs."""
    rules: list[tuple[str, str, Rule]] = [
        *((name, "{", "%s") for name in SHOWN),
        *((name, "{", "") for name in _DROPPED),
        *((name, "", "") for name in _SILENT),
        *((name, "", " ") for name in _SPACES),
        *((name, "", f"{WORD_GAP}{name}{WORD_GAP}") for name in _FUNCTIONS),
        *((name, "", text) for name, text in _LITERAL.items()),
        *((name, "{{", _fraction) for name in FRACTIONS),
        *((name, "{{", _binomial) for name in BINOMIALS),
        *((name, "{", _accented(mark)) for name, mark in MATH_ACCENTS.items()),
        *((name, "[{{", _quantity) for name in ("SI", "qty")),
        *((name, "{{", "%(2)s") for name in ("textcolor", "overset", "underset", "stackrel", "scalebox", "raisebox")),
        ("sqrt", "[{", _root),
        ("num", "[{", lambda node: _source(node, 1)),
        ("si", "[{", lambda node: _unit(_source(node, 1))),
        ("unit", "[{", lambda node: _unit(_source(node, 1))),
        ("mathbb", "{", _blackboard),
        ("mathds", "{", _blackboard),
        ("not", "{", _negated),
        ("pmod", "{", "(mod %s)"),
        ("href", "{{", _link),
        ("footnote", "[{", _footnote),
        ("textsuperscript", "{", _scripted("^")),
        ("textsubscript", "{", _scripted("_")),
    ]
    walker = latexwalker.get_default_latex_context_db().filter_context(keep_which=["macros", "environments"])
    walker.add_context_category(
        "digest",
        prepend=True,
        macros=[macrospec.std_macro(name, arguments) for name, arguments, _ in rules],
        specials=[macrospec.SpecialsSpec(sign, args_parser=macrospec.MacroStandardArgsParser("{")) for sign in "^_"],
    )
    text = latex2text.get_default_latex_context_db().filter_context(keep_which=["macros", "environments"])
    text.add_context_category(
        "digest",
        prepend=True,
        macros=[latex2text.MacroTextSpec(name, simplify_repl=rule) for name, _, rule in rules],
        specials=[latex2text.SpecialsTextSpec(sign, simplify_repl=_scripted(sign)) for sign in "^_"],
    )
    text.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=_unknown))
    return walker, text


logging.getLogger("pylatexenc").setLevel(logging.ERROR)  # it warns of every oddity, and a feed is full of them
_SPACING: Final = {
    # In prose TeX's own rule: the space that ends a command is no space (M\\o ller). In formulas the source's spaces.
    "between-macro-and-chars": True,
    "between-latex-constructs": True,
    "in-equations": {"between-macro-and-chars": False, "between-latex-constructs": True},
}
_WALKER, _TEXT = _converter()


def convert(source: str) -> str:
    """pylatexenc's reading of ``source`` under these rules. May raise anything that a hostile text provokes in it."""
    nodes, _, _ = latexwalker.LatexWalker(source, latex_context=_WALKER, tolerant_parsing=True).get_latex_nodes()
    converter = latex2text.LatexNodes2Text(latex_context=_TEXT, math_mode="text", strict_latex_spaces=_SPACING)
    return str(converter.nodelist_to_text(nodes))


@cache
def is_symbol(name: str) -> bool:
    """Does the command stand for a few fixed characters, whatever comes before and after it?"""
    parser, shown = _WALKER.get_macro_spec(name), _TEXT.get_macro_spec(name)
    if shown is None or shown.macroname != name or (parser is not None and parser.args_parser.argspec):
        return False
    return isinstance(shown.simplify_repl, str) and bool(shown.simplify_repl.strip())


@cache
def is_unknown(name: str) -> bool:
    """Is it a command that nobody knows, which stands for its own name?"""
    parser, shown = _WALKER.get_macro_spec(name), _TEXT.get_macro_spec(name)
    return (parser is None or not parser.macroname) and (shown is None or not shown.macroname)
