"""What the wording of a sentence says about its part in an abstract: contribution, result, background, logistics.

All patterns but ``LABEL`` read folded (lower-case) text. The weights were set by hand and checked against the human
summaries of SciTLDR's training set.
"""

from __future__ import annotations

import re

CONTRIBUTION = re.compile(
    r"\b(?:we|this (?:paper|work|article|study|letter|survey|report|thesis)|our (?:work|paper)|the (?:paper|authors?))"
    r"(?:,? (?:then|also|therefore|thus|first|here|further|instead|hence))?"
    r" (?:propos|introduc|present|develop|design|describ|stud(?:y|ies)|investigat|examin|explor|address|show|prov|"
    r"demonstrat|establish|releas|build|built|create|formulat|deriv|argue|analy[sz]|characteri[sz]|find|found|report|"
    r"offer|provid|aim|revisit|identify|tackle|evaluat|compar)",
)
SECONDARY = re.compile(
    r"\b(?:we|further|then) (?:further|then|also) |\bfurther (?:propos|introduc)|th(?:is|ese) limitations?\b"
)
HERE = re.compile(r"\b(?:in this (?:paper|work|article|study|letter|report|survey)|here,? we)\b")
RESULT = re.compile(
    r"\b(?:outperform\w*|state[- ]of[- ]the[- ]art|surpass\w*|achiev\w+|improv(?:es?|ing|ements?)|"
    r"reduc(?:es?|ing|tions?)|"
    r"results? (?:show|demonstrat|indicat|suggest|reveal)\w*|experiments? (?:show|demonstrat|reveal|on)\w*|"
    r"(?:we|results|analysis) (?:find|found|reveal|show|observe)s?|"
    r"significantly|faster|speed-?ups?|up to|by \d|conclu\w+)\b",
)
FIGURE = re.compile(r"\d+(?:\.\d+)?\s?(?:%|\\%|×|x\b|-?fold\b|times\b|points?\b|db\b|percent\b)")
BACKGROUND = re.compile(
    r"^(?:recent(?:ly)?\b|despite|although|while|however|existing|current|traditional(?:ly)?|conventional|previous|prior|"
    r"yet|unfortunately|most|many|there (?:is|are|has)|over the past|in recent years|nowadays|typically)"
    r"|\b(?:has|have) (?:recently )?(?:been|become|emerged|attracted|shown|achieved|gained)\b"
    r"|\b(?:remains?|is|are) (?:\w+ )?(?:challenging|difficult|unclear|an? (?:\w+ )?(?:challenge|problem|task))"
    r"|\b(?:suffers?|struggles?|fails?|lacks?) (?:from|to|in)?\b|\bplays? an? (?:\w+ )?role\b",
)
LEANS_ON_BEFORE = re.compile(
    r"^(?:it|its|they|their|these|those|this|such|that|moreover|furthermore|additionally|also|in addition|besides|"
    r"then|thus|therefore|hence|second(?:ly)?|third(?:ly)?|last(?:ly)?|for (?:example|instance)|as a result|both|here|"
    r"based on (?:this|these)|building (?:up)?on|to \w+ (?:it|this|these|that|those))\b",
)
LOGISTICS = re.compile(
    r"\b(?:code|data(?:sets?)?|models?|weights|project|demo|source|website|page|implementation)\b[^.]{0,60}"
    r"\b(?:available|released?|found|open-?sourced?|public(?:ly)?)\b|https?://|github\.com|accepted (?:at|to|by)",
)
LABEL = re.compile(
    r"^(background|introduction|motivation|objectives?|aims?|purpose|context|importance|problem|methods?|methodology|"
    r"materials? and methods?|approach|design|results?|findings?|conclusions?|discussion|interpretation|significance|"
    r"contributions?)\s*(?:and \w+\s*)?[:—–]\s*(?=\S)",
    re.IGNORECASE,
)
LABEL_WEIGHT = {
    "b": -1.5,
    "i": -1.0,
    "o": 0.4,
    "a": 0.4,
    "p": 0.2,
    "m": 0.0,
    "d": -0.2,
    "r": 1.2,
    "f": 1.2,
    "c": 1.0,
    "s": 0.3,
}
"""By the label's first letter: background, introduction, objective, aim, purpose, method, …, results, conclusion."""

WEIGHTS: tuple[tuple[re.Pattern[str], float], ...] = (
    (CONTRIBUTION, 1.4),
    (HERE, 0.5),
    (FIGURE, 0.35),
    (SECONDARY, -0.5),
    (BACKGROUND, -0.8),
    (LOGISTICS, -1.6),
)
"""What finding a pattern once is worth; RESULT counts 0.35 each time, up to 0.9."""
