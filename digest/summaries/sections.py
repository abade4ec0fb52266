"""Structured abstracts: *Background … Methods … Results … Conclusions*, as PubMed, bioRxiv and some of arXiv have them.

The label goes, since it means nothing in a mail, and says what its sentences are for. The model has learnt from
abstracts without labels, hence the few weights set by hand here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAMES = (
    r"background|introduction|motivation|objectives?|aims?|purpose|context|importance|problem|hypothesis|"
    r"(?:study |experimental )?design|settings?|patients|participants|subjects|data sources|interventions?|"
    r"main outcomes? (?:and )?measures?|measurements?|materials?|methods?|methodology|approach|procedures?|results?|"
    r"(?:key |main )?findings?|outcomes?|conclusions?|discussion|interpretation|significance|implications?|relevance|"
    r"contributions?|summary|limitations?|novelty|funding|trial registration|keywords|index terms"
)
_LABEL = re.compile(
    rf"^((?:{_NAMES})(?:(?:,| and| &|/) ?(?:{_NAMES}))*)(?: ?[:—–] ?(?=\S)|\. (?=[A-Z]))", re.IGNORECASE
)
_BARE = re.compile(rf"^((?i:{_NAMES})(?: (?i:and (?:{_NAMES})))?)(?<=[A-Z]{{5}}) (?=[A-Z])")
"""In capitals, a label needs no colon."""
_UNMARKED = re.compile(
    r"^(Background|Introduction|Objectives?|Aims?|Purpose|(?:Materials and )?[Mm]ethods|Methodology|Results|Findings|"
    r"Conclusions?|Discussion|Interpretation|Significance)(?: (?=[A-Z0-9])|(?=[A-Z][a-z]))"
)
"""Neither colon nor capitals, or not even a space: what some feeds make of headings."""
_FEWEST_UNMARKED = 3
"""Different ones, before any of them is believed."""
_LONGEST_LABEL, _LABEL_SIGNS = 120, (":", "—", "–", ". ")
"""What to look for before trying the expression, in nearly every sentence in vain."""
_INNER_CAPITAL = re.compile(r"^\w+[A-Z]")

_WEIGHT = {
    "background introduction motivation context importance problem": -0.06,
    "objective objectives aim aims purpose hypothesis": 0.02,
    "result results finding findings outcome outcomes": 0.05,
    "conclusion conclusions interpretation summary": 0.05,
    "discussion implication implications significance relevance limitations limitation": -0.02,
    "design setting settings patients participants subjects sources measure measures measurement measurements": -0.05,
    "material materials procedure procedures": -0.05,
    "registration keywords terms funding": -0.5,
}
_WEIGHT_OF = {name: weight for names, weight in _WEIGHT.items() for name in names.split()}


def capitalised(text: str) -> str:
    """First letter upper case, unless the first word is one like "mRNA" or "iPhone"."""
    first = text.split(" ", 1)[0]
    return text if _INNER_CAPITAL.match(first) else text[:1].upper() + text[1:]


def _label(sentence: str) -> re.Match[str] | None:
    opening = sentence[:_LONGEST_LABEL]
    if any(sign in opening for sign in _LABEL_SIGNS) and (label := _LABEL.match(sentence)):
        return label
    return _BARE.match(sentence) if opening[:5].isupper() else None


def sections(sentences: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Each sentence without its label, with what its section adds to its rating (in F1, see digest.summaries.model).

    A section lasts to the next label. One label alone is no structure: "Results: …" may open any sentence, and weighs
    for that sentence only. A label without anything behind it is left out, unless there is nothing else.
    """
    unmarked = {label.group(1) for sentence in sentences if (label := _UNMARKED.match(sentence))}
    found = []
    for sentence in sentences:
        label = _UNMARKED.match(sentence) if len(unmarked) >= _FEWEST_UNMARKED else None
        label = label or _label(sentence)
        name = label.group(1).lower().split()[-1].rpartition("/")[2] if label else None
        found.append((name, capitalised(sentence[label.end() :]) if label else sentence))
    structured = sum(name is not None for name, _ in found) > 1
    weighed = []
    weight = 0.0
    for name, text in found:
        if name is not None:
            weight = _WEIGHT_OF.get(name, 0.0)
        elif not structured:
            weight = 0.0
        if text.rstrip(" .:").lower() not in _WEIGHT_OF:
            weighed.append((text, weight))
    return tuple(weighed or ((sentence, 0.0) for sentence in sentences))
