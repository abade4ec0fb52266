"""How fast a finished message leaves, beside smtp-source, aiosmtplib and nodemailer.

    python benchmarks/smtp.py [--messages 2000] [--rounds 5] [--connections 10] [--json]

Into smtp-sink (Debian's package postfix), over loopback, and through a proxy of a few lines of C that adds 20 ms of
round trip. Peers take turns, each in a process of its own, round after round:

    digest                    SmtpTransport and its sessions, as the workers drive them
    smtp_source               Postfix's own load generator, in C; it sends one message's bytes again and again
    aiosmtplib                one client per connection, finished bytes
    aiosmtplib_email_message  the same, an EmailMessage made for each reader
    nodemailer                its pool, which makes the messages, too; skipped where npm is not

``digest`` and ``aiosmtplib`` send the same distinct messages, signed beforehand (RSA-2048). Measured is from before
the first connection until the last is closed. Not in it: rendering and signing, the outbox and its commits, which
benchmarks/pipeline.py measures. Peers that make their messages are given fewer of them, and they do not sign.

``per_second`` and ``cpu_us`` (per message) are medians over the rounds. The ratios are medians of each round's own, so
that a busy moment weighs on both sides: ``ratio_to_smtp_source`` of rates over loopback, ``cpu_ratio_to_aiosmtplib`` of
CPU time per message over loopback, ``rtt20_ratio_to_aiosmtplib`` of rates with the 20 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import pickle
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import stock
from benchmarks.smtp_peers import PEERS, Parts
from digest.editions.dkim import Signer
from digest.editions.dkim_keys import load, new_rsa

HERE = Path(__file__).resolve().parent
SENDER = "papers@digest.example"
OCTETS = 34_000
ROUND_TRIP_MS = 20.0
NODEMAILER = "nodemailer@10"
SLOW = 4
"""Who makes the messages himself gets a fourth of them."""


@dataclass(frozen=True, slots=True)
class Run:
    """One peer, once."""

    messages: int
    seconds: float
    cpu_s: float

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        return 1e6 * self.cpu_s / self.messages


@dataclass(frozen=True, slots=True)
class Job:
    """What every peer is told."""

    folder: Path
    connections: int
    nodemailer: Path | None
    """The folder it is installed in."""


Peer = Callable[[Job, int, int], Run]
"""(job, port, messages) → what it took."""


# ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────


def furnish(folder: Path, count: int) -> int:
    """Write ``parts.json`` and ``messages.pickle``; returns the mean length of a message in octets."""
    papers = stock.made_up_papers(40)
    rows = "".join(f"<tr><td><b>{paper.title}</b><br>{paper.abstract}</td></tr>\n" for paper in papers)
    html = f"<html><body><p>Edition NUMBER</p><table>\n{rows}</table></body></html>\n"
    text = "".join(f"{paper.title}\n{paper.abstract[:260]}\n\n" for paper in papers)
    room = OCTETS - 2_300  # for headers, the signature and what quoted-printable adds
    parts = Parts(SENDER, "Papers of the day, NUMBER", f"NUMBER\n{text[: room // 4]}\n", html[: room * 3 // 4] + "\n")
    (folder / "parts.json").write_text(json.dumps(asdict(parts)))
    signer = Signer([load(new_rsa(), domain="digest.example", selector="bench")])
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    mould = _mould(parts)
    finished = [
        (recipient := f"reader-{number}@inbox.example", signer.sign(_cast(mould, recipient, number), now=now))
        for number in range(count)
    ]
    with (folder / "messages.pickle").open("wb") as stream:
        pickle.dump(finished, stream)
    return sum(len(data) for _, data in finished) // count


def _mould(parts: Parts) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = parts.sender, "RECIPIENT@inbox.example", parts.subject
    message["Date"] = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    message["Message-ID"] = "<NUMBER@digest.example>"
    message.set_content(parts.text, cte="quoted-printable")
    message.add_alternative(parts.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _cast(mould: bytes, recipient: str, number: int) -> bytes:
    return mould.replace(b"RECIPIENT@inbox.example", recipient.encode()).replace(b"NUMBER", b"%d" % number)


# ── who sends ───────────────────────────────────────────────────────────────────────────────────────────────


def _in_python(who: str) -> Peer:
    def run(job: Job, port: int, messages: int) -> Run:
        script = [sys.executable, str(HERE / "smtp_peers.py"), who]
        return _told([*script, str(port), str(messages), str(job.connections), str(job.folder)], messages)

    return run


def _nodemailer(job: Job, port: int, messages: int) -> Run:
    script = ["node", str(HERE / "nodemailer_pool.mjs"), str(job.nodemailer)]
    return _told([*script, str(port), str(messages), str(job.connections), str(job.folder / "parts.json")], messages)


def _told(command: list[str], messages: int) -> Run:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    if told["accepted"] != messages:
        raise RuntimeError(f"{command[1:3]}: only {told['accepted']} of {messages} messages were accepted")
    return Run(messages, told["seconds"], told["cpu_s"])


def _smtp_source(job: Job, port: int, messages: int) -> Run:
    """Its own CPU time and the clock around the process, which starts in a millisecond."""
    options = ["-d", "-s", str(job.connections), "-m", str(messages), "-l", str(OCTETS), "-f", SENDER]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([_tool("smtp-source"), *options, "-t", "reader@inbox.example", f"127.0.0.1:{port}"], check=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(messages, seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


# ── where it goes ───────────────────────────────────────────────────────────────────────────────────────────


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        sys.exit(f"{name} is missing; it comes with Postfix (apt-get install postfix)")
    return found


@contextlib.contextmanager
def sink(folder: Path) -> Iterator[int]:
    """smtp-sink on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port: int = reserved.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to stay root
    process = subprocess.Popen([_tool("smtp-sink"), *user, f"127.0.0.1:{port}", "200"], cwd=folder)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError("smtp-sink does not listen")


@contextlib.contextmanager
def far_away(port: int, folder: Path) -> Iterator[int]:
    """A port that leads to the other one with half the round trip added each way."""
    compiled = folder / "delay_proxy"
    subprocess.run([shutil.which("cc") or "cc", "-O2", "-o", compiled, HERE / "delay_proxy.c"], check=True)
    process = subprocess.Popen(
        [compiled, str(port), str(ROUND_TRIP_MS / 2)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate()


def install_nodemailer(folder: Path) -> Path | None:
    """None, with a word about it, where there is no npm or nothing can be had with it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("nodemailer is left out: no npm here", file=sys.stderr)
        return None
    options = ["--prefix", str(folder), "--silent", "--no-audit", "--no-fund"]
    if subprocess.run([npm, "install", *options, NODEMAILER], stdout=subprocess.DEVNULL, check=False).returncode:
        print(f"nodemailer is left out: {NODEMAILER} could not be installed", file=sys.stderr)
        return None
    return folder


# ── the contest ─────────────────────────────────────────────────────────────────────────────────────────────

EVERYBODY: dict[str, Peer] = {"digest": _in_python("digest"), "smtp_source": _smtp_source}
EVERYBODY |= {who: _in_python(who) for who in PEERS if who != "digest"} | {"nodemailer": _nodemailer}


def contest(job: Job, port: int, *, messages: int, rounds: int) -> dict[str, list[Run]]:
    """Each peer once a round, in turn."""
    runs: dict[str, list[Run]] = {who: [] for who in EVERYBODY if who != "nodemailer" or job.nodemailer}
    for _ in range(rounds):
        for who, taken in runs.items():
            slow = who in ("nodemailer", "aiosmtplib_email_message")
            taken.append(EVERYBODY[who](job, port, max(1, messages // (SLOW if slow else 1))))
    return runs


def table(runs: dict[str, list[Run]]) -> dict[str, dict[str, float]]:
    return {
        who: {
            "per_second": round(median(run.per_second for run in taken), 1),
            "cpu_us": round(median(run.cpu_us for run in taken), 1),
        }
        for who, taken in runs.items()
    }


def ratio(ours: list[Run], theirs: list[Run], figure: Callable[[Run], float]) -> float:
    return round(median(figure(one) / figure(other) for one, other in zip(ours, theirs, strict=True)), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2_000, help="per run over loopback; half as many at 20 ms")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        octets = furnish(folder, options.messages)
        job = Job(folder, options.connections, install_nodemailer(folder))
        with sink(folder) as port:
            near = contest(job, port, messages=options.messages, rounds=options.rounds)
            with far_away(port, folder) as distant:
                far = contest(job, distant, messages=max(1, options.messages // 2), rounds=options.rounds)
    result = {
        "messages": options.messages,
        "octets": octets,
        "connections": options.connections,
        "rounds": options.rounds,
        "loopback": table(near),
        "rtt20": table(far),
        "ratio_to_smtp_source": ratio(near["digest"], near["smtp_source"], lambda run: run.per_second),
        "cpu_ratio_to_aiosmtplib": ratio(near["digest"], near["aiosmtplib"], lambda run: run.cpu_us),
        "rtt20_ratio_to_aiosmtplib": ratio(far["digest"], far["aiosmtplib"], lambda run: run.per_second),
    }
    if not options.json:
        for where in ("loopback", "rtt20"):
            for who, figures in result[where].items():
                print(f"{where:>8}  {who:<25} {figures['per_second']:8.0f} /s {figures['cpu_us']:8.0f} µs")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
