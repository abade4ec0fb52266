"""What it costs to sign one mail of 34 KB: ours, dkimpy, and the bare RSA that both are made of.

    python benchmarks/signing.py [--messages 200] [--rounds 5] [--bytes 34000] [--json]

Distinct messages with the headers of the public profile, the same RSA-2048 key, ``c=relaxed/simple``, the same fields
in ``h=``. Signatures of ours are verified by dkimpy before anything is timed. Processor time per message, the best of
the rounds, the ways in alternation. ``threads`` is how much faster two threads sign than one, by the clock: OpenSSL
lets go of Python's lock, so it is near 2 where two processors are free.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dkim
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from digest.editions.dkim import OVERSIGNED, SIGNED, Signer
from digest.editions.dkim_keys import load, new_ed25519, new_rsa, record

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
HEAD = """\
From: Ada's papers <papers@uni.example>\r
To: Reader {number} <reader{number}@uni.example>\r
Subject: =?utf-8?q?4-bit_sparse_attention=2C_and_9_more_=C2=B7_22_Nov?=\r
Date: Mon, 23 Nov 2026 06:00:00 +0000\r
Message-ID: <2026-11-23.{number:024x}@uni.example>\r
Auto-Submitted: auto-generated\r
Precedence: bulk\r
List-Unsubscribe: <https://papers.uni.example/f/1.{number:060d}/0/unsubscribe>,\r
 <mailto:bounces@uni.example?subject=unsubscribe%201.{number:060d}>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
List-Id: Ada's papers <digest.papers.uni.example>\r
Feedback-ID: 2026-11-23:digest:edition:paperdigest\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative;\r
 boundary="=_2026-11-23.{number:024x}"\r
\r
"""


def message(number: int, size: int) -> bytes:
    head = HEAD.format(number=number).encode()
    seeds = (hashlib.sha256(f"{number} {line}".encode()).hexdigest() for line in range((size - len(head)) // 78))
    lines = [f"{seed}{seed[:12]}\r\n".encode() for seed in seeds]
    return head + b"".join(lines)


def timed(sign: Callable[[bytes], object], messages: list[bytes]) -> float:
    """Processor time per message, in µs."""
    gc.collect()
    start = time.process_time()
    for each in messages:
        sign(each)
    return (time.process_time() - start) / len(messages) * 1e6


def per_second(work: Callable[[list[bytes]], None], messages: list[bytes], threads: int) -> float:
    parts = [messages[at::threads] for at in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(work, parts))
    return len(messages) / (time.perf_counter() - start)


def ways_of(messages: list[bytes]) -> tuple[Mapping[str, Callable[[bytes], object]], Signer]:
    """Each way to sign one message, and our signer; raises AssertionError if dkimpy finds ours wrong."""
    pem = new_rsa(2048)
    key = load(pem, domain="uni.example", selector="s1")
    private = key.private
    assert isinstance(private, RSAPrivateKey)
    signer, both = Signer([key]), Signer([key, load(new_ed25519(), domain="uni.example", selector="s2")])
    for each in messages[:20]:
        assert dkim.verify(signer.sign(each, now=NOW), dnsfunc=lambda name, timeout=5: record(key).encode())
    fields = [name.encode() for name in (*SIGNED, *OVERSIGNED)]
    padding, algorithm = PKCS1v15(), SHA256()
    ways: dict[str, Callable[[bytes], object]] = {
        "digest": lambda each: signer.sign(each, now=NOW),
        "digest_with_ed25519": lambda each: both.sign(each, now=NOW),
        "rsa": lambda each: private.sign(each[:900], padding, algorithm),
        "dkimpy": lambda each: dkim.sign(
            each, b"s1", b"uni.example", pem, canonicalize=(b"relaxed", b"simple"), include_headers=fields
        ),
    }
    return ways, signer


def measured(messages: list[bytes], rounds: int) -> dict[str, float]:
    ways, signer = ways_of(messages)

    def part(some: list[bytes]) -> None:
        for each in some:
            signer.sign(each, now=NOW)

    best = dict.fromkeys(ways, float("inf"))
    threads = 0.0
    for _ in range(rounds):
        for name, sign in ways.items():
            best[name] = min(best[name], timed(sign, messages))
        threads = max(threads, per_second(part, messages, 2) / per_second(part, messages, 1))
    return {f"{name}_us": round(value, 1) for name, value in best.items()} | {
        "ratio_to_rsa": round(best["digest"] / best["rsa"], 3),
        "ratio_to_dkimpy": round(best["digest"] / best["dkimpy"], 4),
        "own_us": round(best["digest"] - best["rsa"], 1),
        "threads": round(threads, 2),
        "bytes": len(messages[0]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=34_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    chosen = parser.parse_args()
    result = measured([message(number, chosen.bytes) for number in range(chosen.messages)], chosen.rounds)
    if not chosen.json:
        for name, value in result.items():
            print(f"{name:24} {value:10g}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
