"""The words of five letters and more in over 4 % of titles with abstracts: they say nothing about which paper it is.

Counted in 20,000 records drawn from arXiv's CC0 metadata (its computer science of autumn 2025, and 35 other categories
up to 2019). Stored keys depend on this list: another list needs the keys of all stored papers anew.
"""

from __future__ import annotations

from typing import Final

COMMON_WORDS: Final = frozenset(
    """ability about accuracy accurate achieve achieved achieves achieving across adaptive address against
    agent agents algorithm algorithms alignment allows among analysis analyze application applications
    applied approach approaches architecture architectures attention available average aware based baseline
    baselines behavior benchmark benchmarks better between beyond building called capabilities capture cases
    challenge challenges challenging class classification common compared complex complexity components
    comprehensive computational conditions consider consistency consistent consistently constraints content
    context control critical cross current dataset datasets decision demonstrate design designed despite
    detection develop developed development different diffusion dimensional directly distribution diverse
    domain domains driven during dynamic dynamics effective effectively effectiveness effects efficiency
    efficient empirical enable enables enabling enhance environment environments error essential estimation
    evaluate evaluated evaluation existing experimental experiments extensive feature features field finally
    findings first focus framework fully function functions fundamental further furthermore future general
    generalization generate generated generation generative github given global graph higher highly however
    https human identify image images impact important improve improved improvement improves improving
    including individual inference information input integrates interaction interactions introduce
    introduces investigate knowledge known language large learn learning level limitations limited linear
    local machine making mechanism memory method methods metrics model modeling models moreover multi
    multimodal multiple natural network networks neural noise novel number numerical object objective often
    optimal optimization order other outperforms overall paper paradigm parameter parameters particular
    particularly patterns perform performance point policy possible potential power practical prediction
    present presents previous prior problem problems process processes processing promising properties
    propose proposed provide provides providing quality question random range reasoning recent recently
    reduce reinforcement related relevant remains representation representations require requires research
    result resulting results robust robustness sample samples sampling scalable scale scenarios search
    second selection semantic series setting settings several shown shows signals significant significantly
    similar simple simulation single small solution solutions source space spatial specific specifically
    standard state statistical still strategies strategy strong structure structured structures studies
    study superior supervised support synthetic system systems target tasks technique techniques temporal
    terms their theoretical theory there these those three through tools towards traditional trained
    training tuning types typically under underlying understanding unified users using value various video
    vision visual where whether which while widely within without world""".split()  # noqa: SIM905 - words
)
