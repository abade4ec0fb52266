"""Make the numbers of the default summary again: ``python training/tldr.py FILE... [--out digest/weights]``.

Reads SciTLDR (abstracts split in sentences, titles, and summaries that people wrote; JSON lines, compressed or not) and
learns two linear models with scikit-learn: which words of an abstract a summary has (logistic regression), and how
ROUGE-1 of each sentence differs from its abstract's mean (ridge regression).

``--judge`` cross-validates over papers in five folds and prints ROUGE-1 as a share of the one-sentence oracle, for each
setting that is being tried, without writing anything.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import zstandard
from rouge_score import rouge_scorer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold

from digest.summaries.features import TRAITS, Abstract, stems
from digest.summaries.model import Model
from digest.summaries.sentences import sentences
from digest.summaries.tldr import Quoter

SCORER = rouge_scorer.RougeScorer(["rouge1"], use_stemmer=True)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What cross-validation chose."""

    fewest_words: int = 40
    """Papers whose abstract has a word, for the word to get a weight."""
    fewest_cues: int = 20
    words_c: float = 0.1
    """Inverse strength of the logistic regression's penalty."""
    ridge: float = 400.0
    summary_words: float = 32.0
    sentence: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One paper, seen as production sees it: the sentences joined and split again."""

    title: str
    parts: tuple[str, ...]
    targets: tuple[str, ...]
    abstract: Abstract
    gains: tuple[float, ...]
    """ROUGE-1 of each of ``parts``."""
    oracle: float
    """ROUGE-1 of the best sentence of the file."""


def rouge1(text: str, targets: Sequence[str]) -> float:
    return max(float(SCORER.score(target, text)["rouge1"].fmeasure) for target in targets)


def read(path: Path) -> Iterator[Sample]:
    with path.open("rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file) if path.suffix == ".zst" else file
        for line in io.TextIOWrapper(raw, "utf-8"):
            paper = json.loads(line)
            parts = sentences(" ".join(paper["source"]))
            targets = tuple(paper["target"])
            yield Sample(
                title=paper["title"],
                parts=parts,
                targets=targets,
                abstract=Abstract.of(paper["title"], parts),
                gains=tuple(rouge1(part, targets) for part in parts),
                oracle=max(rouge1(sentence, targets) for sentence in paper["source"]),
            )


# ── learning ────────────────────────────────────────────────────────────────────────────────────────────────


def one_hot(rows: Sequence[Sequence[int]], width: int) -> sp.csr_matrix:
    ends = np.cumsum([0, *map(len, rows)])
    columns = [column for row in rows for column in row]
    return sp.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), width))


def vocabulary(counts: Counter[str], fewest: int) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted(name for name, n in counts.items() if n >= fewest))}


def learn_words(samples: Sequence[Sample], settings: Settings) -> tuple[dict[str, float], float, list[float]]:
    """Weights of words, of an unknown word, and of all combinations of traits."""
    known = vocabulary(Counter(stem for sample in samples for stem in sample.abstract.spread), settings.fewest_words)
    rows, wanted = [], []
    for sample in samples:
        said = {stem for target in sample.targets for stem in stems(target)}
        for stem, traits in sample.abstract.traits().items():
            rows.append([known.get(stem, len(known)), *(len(known) + 1 + column for column in trait_columns(traits))])
            wanted.append(stem in said)
    width = len(known) + 1 + TRAITS + sum(TRAIT_SIZES)
    model = LogisticRegression(C=settings.words_c, max_iter=400).fit(one_hot(rows, width), wanted)
    weights = model.coef_[0]
    traits_table = [
        float(sum(weights[len(known) + 1 + column] for column in trait_columns(traits)) + model.intercept_[0])
        for traits in range(TRAITS)
    ]
    return {stem: float(weights[n]) for stem, n in known.items()}, float(weights[len(known)]), traits_table


TRAIT_SIZES = (3, 4, 2, 2, 2, 2, 2)
"""Values of each trait, in the order of :meth:`Abstract.traits`."""


def trait_columns(traits: int) -> list[int]:
    """One column for the combination, and one for each trait alone, so that rare combinations lean on their parts."""
    columns, rest, start = [traits], traits, TRAITS
    for size in reversed(TRAIT_SIZES):
        rest, value = divmod(rest, size)
        columns.append(start + value)
        start += size
    return columns


def learn_sentences(samples: Sequence[Sample], settings: Settings) -> tuple[list[float], dict[str, float]]:
    """Weights of measures and of cues."""
    seen = [sample.abstract.cues(index) for sample in samples for index in range(len(sample.parts))]
    known = vocabulary(Counter(cue for cues in seen for cue in cues), settings.fewest_cues)
    measures = np.array(
        [sample.abstract.measures(index) for sample in samples for index in range(len(sample.parts))], dtype=np.float64
    )
    scale = measures.std(axis=0)
    scale[scale < 1e-9] = 1.0
    better = np.concatenate([np.array(sample.gains) - np.mean(sample.gains) for sample in samples])
    cues = one_hot([[known[cue] for cue in found if cue in known] for found in seen], len(known))
    weights = Ridge(alpha=settings.ridge).fit(sp.hstack([sp.csr_matrix(measures / scale), cues]).tocsr(), better).coef_
    return (weights[: len(scale)] / scale).tolist(), dict(zip(known, weights[len(scale) :].tolist(), strict=True))


def learn(samples: Sequence[Sample], settings: Settings) -> Model:
    words, unknown, traits = learn_words(samples, settings)
    measures, cues = learn_sentences(samples, settings)
    return Model(
        words=words,
        unknown=unknown,
        traits=traits,
        measures=measures,
        cues=cues,
        summary_words=settings.summary_words,
        sentence=settings.sentence,
    )


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────


def judge(models: Sequence[Model], folds: Sequence[Sequence[Sample]]) -> tuple[float, float, float]:
    """ROUGE-1, its share of the oracle, and words per TLDR; each model on its own fold."""
    got, best, lengths = [], [], []
    for model, fold in zip(models, folds, strict=True):
        for sample in fold:
            text = " ".join(form.text for form in Quoter(model, sample.title, sample.parts).best())
            got.append(rouge1(text, sample.targets))
            best.append(sample.oracle)
            lengths.append(len(text.split()))
    return float(np.mean(got)), float(np.sum(got) / np.sum(best)), float(np.mean(lengths))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--out", type=Path, default=Path("digest/weights"))
    parser.add_argument("--judge", action="store_true")
    args = parser.parse_args()
    samples = [sample for path in args.files for sample in read(path) if sample.parts]
    print(f"{len(samples)} papers, {sum(len(sample.parts) for sample in samples)} sentences")
    if args.judge:
        cross_validate(samples)
    else:
        write(learn(samples, Settings()), args.out, papers=len(samples), files=args.files)


def cross_validate(samples: Sequence[Sample]) -> None:
    """One line per setting: what is learnt again for each, then what is only weighed again."""
    splits = list(KFold(5, shuffle=True, random_state=0).split(np.arange(len(samples))))
    tests = [[samples[index] for index in test] for _, test in splits]
    chosen = Settings()
    tried = [
        chosen,
        replace(chosen, fewest_words=15),
        replace(chosen, words_c=0.3),
        replace(chosen, fewest_cues=40),
        replace(chosen, ridge=1000.0),
    ]
    for settings in tried:
        models = [learn([samples[index] for index in train], settings) for train, _ in splits]
        report(settings, judge(models, tests))
        if settings == chosen:
            for summary_words, sentence in ((24.0, 0.8), (40.0, 0.8), (32.0, 0.4), (32.0, 1.2)):
                weighed = [replace(model, summary_words=summary_words, sentence=sentence) for model in models]
                report(replace(settings, summary_words=summary_words, sentence=sentence), judge(weighed, tests))


def report(settings: Settings, figures: tuple[float, float, float]) -> None:
    rouge, share, words = figures
    print(f"rouge1 {rouge:.4f}  share_of_oracle {share:.4f}  {words:.1f} words  {asdict(settings)}", flush=True)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────


def write(model: Model, out: Path, *, papers: int, files: Sequence[Path]) -> None:
    """``tldr.json``, a number a line, four digits each, and its entry in ``manifest.json``."""

    def short(value: object) -> object:
        if isinstance(value, dict):
            return {name: short(number) for name, number in sorted(value.items())}
        if isinstance(value, list):
            return [short(number) for number in value]
        return round(value, 4) if isinstance(value, float) else value

    data = (json.dumps(short(asdict(model)), ensure_ascii=False, indent=0) + "\n").encode()
    (out / "tldr.json").write_bytes(data)
    manifest_path = out / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    manifest["tldr.json"] = {
        "blake2b": hashlib.blake2b(data, digest_size=16).hexdigest(),
        "data": "SciTLDR: " + ", ".join(path.name.partition(".")[0] for path in files),
        "licence": "Apache-2.0",
        "made_by": "training/tldr.py",
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "papers": papers,
        "cues": len(model.cues),
        "words": len(model.words),
    }
    manifest_path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
