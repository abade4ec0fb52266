"""How well returned mails are understood: kinds and recipients, over labelled samples of real ones.

The samples are Sisimai's (github.com/sisimai/set-of-emails, BSD-2) and flufl.bounce's (Apache-2.0), each with an
``expected.tsv``. Kinds by the labels: Sisimai's ``hardbounce`` = 1 is hard, the reason ``feedback`` a complaint,
``vacation`` and ``delivered`` none, anything else soft; flufl's temporary is soft. Its permanent ones have no kind:
they hold full mailboxes, too. Recipients by flufl's addresses.

    kind_accuracy        share of messages whose kinds, one a labelled recipient, are exactly the labelled ones
    recipient_accuracy   share of messages whose failed recipients are exactly flufl's
    false_hard           share of messages with a soft, none or complaint label, of which a recipient is called hard
    false_hard_ours      the number of those whose label is our own fault: must be none
    half                 the same for two halves of the files, split by a hash of their names: rules were written with
                         the first, the second was looked at once

    python benchmarks/bounces.py --data DIR [--json] [--wrong] [--half 0|1]
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from digest.bounces import Bounce, Kind, read_notice, split_mbox

OURS = frozenset(
    (
        *("blocked", "policyviolation", "authfailure", "requireptr", "spamdetected", "contenterror", "mesgtoobig"),
        *("badreputation", "securityerror", "toomanyconn", "speeding", "norelaying"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One labelled mail."""

    path: Path
    kinds: tuple[Kind, ...] = ()
    """Sorted, one a recipient; empty where the label has none."""
    reasons: tuple[str, ...] = ()
    recipients: frozenset[str] | None = None
    """Lower case; None where the label has none."""

    @property
    def half(self) -> int:
        return hashlib.md5(self.path.name.encode()).digest()[0] % 2


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts over samples."""

    messages: int = 0
    kinds: int = 0
    kinds_right: int = 0
    recipients: int = 0
    recipients_right: int = 0
    not_hard: int = 0
    false_hard: int = 0
    false_hard_ours: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, sample: Sample, bounces: Sequence[Bounce]) -> None:
        self.messages += 1
        told = sorted(bounce.kind for bounce in bounces) or [Kind.NONE]
        if sample.kinds:
            self.kinds += 1
            self.kinds_right += told == list(sample.kinds)
            if told != list(sample.kinds):
                said = [(str(b.kind), b.status, b.reason, b.diagnostic[:150]) for b in bounces]
                self.wrong.append(f"{sample.path.name} is {sample.reasons}, told {said}")
        if sample.kinds and Kind.HARD not in sample.kinds:
            self.not_hard += 1
            self.false_hard += Kind.HARD in told
            self.false_hard_ours += Kind.HARD in told and any(reason in OURS for reason in sample.reasons)
        if sample.recipients is not None:
            self.recipients += 1
            found = {b.recipient.lower() for b in bounces if b.recipient and b.kind is not Kind.NONE}
            self.recipients_right += found == sample.recipients
            if found != sample.recipients:
                self.wrong.append(f"{sample.path.name} is about {sorted(sample.recipients)}, told {sorted(found)}")

    def shares(self) -> dict[str, float | int]:
        return {
            "messages": self.messages,
            "kind_accuracy": round(self.kinds_right / max(1, self.kinds), 4),
            "recipient_accuracy": round(self.recipients_right / max(1, self.recipients), 4),
            "false_hard": round(self.false_hard / max(1, self.not_hard), 4),
            "false_hard_ours": self.false_hard_ours,
        }


def sisimai(folder: Path) -> list[Sample]:
    """Sisimai's samples that are labelled."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (folder / "expected.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            rows.setdefault(row["file"], []).append(row)
    samples = []
    for name, labels in sorted(rows.items()):
        path = folder / "maildir" / "bsd" / name
        if path.exists():
            kinds = tuple(sorted(_kind(label["reason"], hard=label["hardbounce"] == "1") for label in labels))
            samples.append(Sample(path=path, kinds=kinds, reasons=tuple(label["reason"] for label in labels)))
    return samples


def _kind(reason: str, *, hard: bool) -> Kind:
    if hard:
        return Kind.HARD
    return {"feedback": Kind.COMPLAINT, "vacation": Kind.NONE, "delivered": Kind.NONE}.get(reason, Kind.SOFT)


def flufl(folder: Path) -> list[Sample]:
    """flufl.bounce's samples; where several of its detectors were tried on one file, all that any found."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (folder / "expected.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            rows.setdefault(row["file"], []).append(row)
    samples = []
    for name, labels in sorted(rows.items()):
        if not (folder / name).exists():
            continue
        found = frozenset(a.lower() for label in labels for a in (label["addresses"] or "").split(";") if a)
        temporary = all(label["is_permanent_or_temporary"] == "True" for label in labels)
        kinds = (Kind.SOFT,) * max(1, len(found)) if temporary else ()
        samples.append(Sample(path=folder / name, kinds=kinds, reasons=("temporary",), recipients=found or None))
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the samples, or the one it is in")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--wrong", action="store_true", help="tell what is wrong, on standard error")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only one half of the files")
    asked = parser.parse_args()
    folder = asked.data / "bounces" if (asked.data / "bounces").is_dir() else asked.data
    samples = [*sisimai(folder / "sisimai"), *(s for found in sorted(folder.glob("flufl*")) for s in flufl(found))]
    score, halves, started = Score(), (Score(), Score()), time.perf_counter()
    for sample in samples:
        if asked.half is not None and sample.half != asked.half:
            continue
        notices = [read_notice(mail) for mail in split_mbox(sample.path.read_bytes())]
        for counted in (score, halves[sample.half]):
            counted.add(sample, [bounce for notice in notices for bounce in notice.bounces])
    took_ms = 1000 * (time.perf_counter() - started) / max(1, score.messages)
    if asked.wrong:
        print(*score.wrong, sep="\n", file=sys.stderr)
        print(Counter(line.split("-")[0] for line in score.wrong), file=sys.stderr)
    result: dict[str, object] = {**score.shares(), "ms_a_message": round(took_ms, 2)}
    if asked.half is None:
        result["half"] = [half.shares() for half in halves]
    print(json.dumps(result) if asked.json else "\n".join(f"{key:20} {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
