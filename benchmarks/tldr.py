"""How near the shipped summary comes to what people wrote, and what it costs.

    python benchmarks/tldr.py --data FILE.jsonl[.zst] [--json]

FILE has SciTLDR's form: one paper a line with ``title``, ``source`` (the abstract's sentences) and ``target`` (one or
more summaries that people wrote). The TLDR that a mail would show is compared by stemmed ROUGE F1 with the summary that
is nearest by ROUGE-1; means over papers. The oracle quotes the one sentence of ``source`` that is nearest; a share of
it is what scorers agree on. Time is the processor's, for a paper seen for the first
time, without start-up.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard
from rouge_score import rouge_scorer

from digest.summaries.tldr import summarise

SCORER = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


@dataclass(frozen=True, slots=True)
class Paper:
    title: str
    source: tuple[str, ...]
    target: tuple[str, ...]


def read(path: Path) -> list[Paper]:
    with path.open("rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file) if path.suffix == ".zst" else file
        rows = [json.loads(line) for line in io.TextIOWrapper(raw, "utf-8") if line.strip()]
    return [Paper(row.get("title") or "", tuple(row["source"]), tuple(row["target"])) for row in rows]


def nearest(text: str, targets: Sequence[str]) -> tuple[float, float, float]:
    """ROUGE-1, ROUGE-2 and ROUGE-L F1 against the target with the best ROUGE-1."""
    scores = [SCORER.score(target, text) for target in targets]
    best = max(scores, key=lambda score: score["rouge1"].fmeasure)
    return best["rouge1"].fmeasure, best["rouge2"].fmeasure, best["rougeL"].fmeasure


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print nothing but the result")
    args = parser.parse_args()
    papers = read(args.data)
    abstracts = [" ".join(paper.source) for paper in papers]
    summarise("", "Warm up.")
    start = time.process_time()
    texts = [summarise(paper.title, abstract).tldr for paper, abstract in zip(papers, abstracts, strict=True)]
    spent_s = time.process_time() - start
    ours = np.mean([nearest(text, paper.target) for text, paper in zip(texts, papers, strict=True)], axis=0)
    oracle = np.mean([max(nearest(text, paper.target)[0] for text in paper.source) for paper in papers])
    if not args.json:
        lead = np.mean([nearest(paper.source[0], paper.target)[0] for paper in papers])
        words = np.mean([len(text.split()) for text in texts])
        print(f"first sentence: rouge1 {lead:.4f}, share_of_oracle {lead / oracle:.4f}; ours: {words:.1f} words")
    result = {
        "papers": len(papers),
        "rouge1": round(float(ours[0]), 4),
        "rouge2": round(float(ours[1]), 4),
        "rougeL": round(float(ours[2]), 4),
        "oracle_rouge1": round(float(oracle), 4),
        "share_of_oracle": round(float(ours[0] / oracle), 4),
        "ms_per_paper": round(1000 * spent_s / max(len(papers), 1), 4),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
