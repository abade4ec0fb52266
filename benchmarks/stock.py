"""The stock stack, one reader at a time: what a good engineer writes first, as the peer of our own pipeline.

    fit     scikit-learn: TF-IDF of all candidates, once for everybody
    rank    per reader the cosine of their phrases with every row of that sparse matrix
    render  Jinja fills an MJML template per reader, mjml-python turns it into HTML
    build   email.message.EmailMessage, both parts quoted-printable, flattened to bytes
    sign    dkimpy, RSA-2048, relaxed/simple
    send    aiosmtplib, one message after the other over one connection

Nothing here is slowed down on purpose: the matrix is fitted once, the Jinja templates are compiled once, the connection
is kept open. Times are CPU seconds of this process (all its threads), so run the receiving server in another:
:mod:`benchmarks.sink`. ``python benchmarks/stock.py --json`` measures it alone, on made-up papers.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import email.policy
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

import aiosmtplib
import dkim
import jinja2
import numpy as np
from mjml import mjml2html
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.sink import HOST, Sink
from digest.editions.dkim_keys import new_rsa
from digest.model import Identifier, Lane, Paper, Scheme, SendTimes, Subscriber

SENDER = "digest@digest.example"
CARDS = 10

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """A result, and the CPU seconds (user and system, all threads) that this process spent on it."""

    value: T
    cpu_s: float


def timed(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Timed[T]:
    started = time.process_time()
    value = function(*args, **kwargs)
    return Timed(value, time.process_time() - started)


# ── rank ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Index:
    """The candidates and their TF-IDF rows."""

    papers: Sequence[Paper]
    vectorizer: TfidfVectorizer
    matrix: csr_matrix


def fit(papers: Sequence[Paper]) -> Timed[Index]:
    """The part of ranking that all readers share."""
    return timed(_fit, papers)


def _fit(papers: Sequence[Paper]) -> Index:
    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=2)
    return Index(papers, vectorizer, vectorizer.fit_transform(f"{paper.title} {paper.abstract}" for paper in papers))


def rank(index: Index, readers: Sequence[Subscriber], *, count: int = CARDS) -> Timed[list[list[Paper]]]:
    """The ``count`` best papers of each reader, best first."""
    return timed(_rank, index, readers, count)


def _rank(index: Index, readers: Sequence[Subscriber], count: int) -> list[list[Paper]]:
    chosen = []
    for reader in readers:
        wishes = " ".join(phrase for lane in reader.lanes for phrase in lane.phrases)
        # Rows have length 1, so this is the cosine. scikit-learn's linear_kernel would transpose the matrix each time.
        scores = (index.matrix @ index.vectorizer.transform([wishes]).T).toarray().ravel()
        best = np.argpartition(-scores, min(count, len(scores) - 1))[:count]
        chosen.append([index.papers[row] for row in best[np.argsort(-scores[best], kind="stable")]])
    return chosen


# ── render ──────────────────────────────────────────────────────────────────────────────────────────────────

MJML = """\
<mjml lang="en">
  <mj-head>
    <mj-title>{{ site }}</mj-title>
    <mj-preview>{{ papers[0].title }}</mj-preview>
    <mj-attributes>
      <mj-all font-family="Helvetica, Arial, sans-serif" />
      <mj-text font-size="15px" line-height="1.5" color="#1f2328" padding="4px 24px" />
    </mj-attributes>
    <mj-style>a { color: #0b57d0; } @media (prefers-color-scheme: dark) { a { color: #8ab4f8; } }</mj-style>
  </mj-head>
  <mj-body background-color="#f5f5f2" width="600px">
    <mj-section background-color="#ffffff"><mj-column>
      <mj-text font-size="22px" font-weight="700">{{ site }}</mj-text>
      <mj-text color="#57606a">{{ papers | length }} papers for {{ reader.name or reader.id }}, {{ date }}</mj-text>
    </mj-column></mj-section>
    {% for paper in papers %}
    <mj-section background-color="#ffffff"><mj-column>
      <mj-text font-size="17px" font-weight="600"><a href="{{ paper.url }}">{{ paper.title }}</a></mj-text>
      <mj-text color="#57606a" font-size="13px">
        {{ paper.authors[0] }}{% if paper.authors | length > 1 %} … {{ paper.authors[-1] }}{% endif %}
        · {{ paper.primary_category }} · {{ paper.first_seen_at.strftime("%d %b") }}
      </mj-text>
      <mj-text>{{ paper.abstract | truncate(260) }}</mj-text>
      <mj-text font-size="13px" color="#57606a">Why: close to “{{ reader.lanes[0].phrases[0] }}”</mj-text>
      <mj-button href="{{ paper.url }}?tune={{ reader.id }}" font-size="13px" align="left">Tune</mj-button>
    </mj-column></mj-section>
    {% endfor %}
    <mj-section><mj-column>
      <mj-text font-size="12px" color="#57606a">
        You get this because you subscribed. <a href="https://digest.example/u/{{ reader.id }}">Unsubscribe</a>
      </mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""

TEXT = """\
{{ site }}: {{ papers | length }} papers for {{ reader.name or reader.id }}, {{ date }}
{% for paper in papers %}
{{ loop.index }}. {{ paper.title }}
   {{ paper.authors[0] }}{% if paper.authors | length > 1 %} … {{ paper.authors[-1] }}{% endif %}
   {{ paper.primary_category }}, {{ paper.first_seen_at.strftime("%d %b") }}
   {{ paper.abstract | truncate(260) }}
   Why: close to “{{ reader.lanes[0].phrases[0] }}”
   {{ paper.url }}
{% endfor %}
Unsubscribe: https://digest.example/u/{{ reader.id }}
"""

_html_template = jinja2.Environment(autoescape=True).from_string(MJML)
_text_template = jinja2.Environment(autoescape=False).from_string(TEXT)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One reader's edition as text."""

    reader: Subscriber
    subject: str
    html: str
    text: str


def render(readers: Sequence[Subscriber], chosen: Sequence[Sequence[Paper]], *, date: dt.date) -> Timed[list[Rendered]]:
    """MJML to HTML for each reader."""
    return timed(lambda: [_render(reader, papers, date) for reader, papers in zip(readers, chosen, strict=True)])


def _render(reader: Subscriber, papers: Sequence[Paper], date: dt.date) -> Rendered:
    fields = {"site": "Paper digest", "reader": reader, "papers": papers, "date": f"{date:%d %b}"}
    return Rendered(
        reader,
        f"{papers[0].title}, and {len(papers) - 1} more · {date:%d %b}",
        mjml2html(_html_template.render(fields), fonts={}),
        _text_template.render(fields),
    )


# ── build ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Built:
    """One message on its way: forward path and bytes with CRLF."""

    recipient: str
    data: bytes


def build(editions: Sequence[Rendered], *, now: dt.datetime) -> Timed[list[Built]]:
    """EmailMessage with two quoted-printable alternatives, flattened."""
    return timed(lambda: [_build(edition, now) for edition in editions])


def _build(edition: Rendered, now: dt.datetime) -> Built:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = f"Paper digest <{SENDER}>"
    message["To"] = edition.reader.email
    message["Subject"] = edition.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain="digest.example")
    message["List-Unsubscribe"] = f"<mailto:{SENDER}?subject=unsubscribe>"
    message.set_content(edition.text, cte="quoted-printable")
    message.add_alternative(edition.html, subtype="html", cte="quoted-printable")
    return Built(edition.reader.email, message.as_bytes())


# ── sign ────────────────────────────────────────────────────────────────────────────────────────────────────


def sign(messages: Sequence[Built], *, key: bytes) -> Timed[list[Built]]:
    """A DKIM signature before each message; ``key`` is PEM."""
    return timed(lambda: [Built(message.recipient, _sign(message.data, key)) for message in messages])


def _sign(data: bytes, key: bytes) -> bytes:
    domain = SENDER.partition("@")[2].encode()
    signature: bytes = dkim.sign(data, b"digest", domain, key, canonicalize=(b"relaxed", b"simple"))
    return signature + data


# ── send ────────────────────────────────────────────────────────────────────────────────────────────────────


def send(messages: Sequence[Built], *, host: str, port: int) -> Timed[int]:
    """All messages one by one over one connection; the value is how many were accepted."""
    return timed(lambda: asyncio.run(_send(messages, host, port)))


async def _send(messages: Sequence[Built], host: str, port: int) -> int:
    accepted = 0
    async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as client:
        for message in messages:
            errors, _ = await client.sendmail(SENDER, [message.recipient], message.data)
            accepted += not errors
    return accepted


# ── alone ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Result:
    """``stages`` are CPU milliseconds per subscriber; ``fit_s`` is what ranking costs once, whoever reads."""

    subscribers: int
    papers: int
    fit_s: float
    stages: dict[str, float]

    def cpu_ms_per_subscriber(self, subscribers: int | None = None) -> float:
        """The whole cost of one of so many subscribers (as many as were measured), each with a share of the fit."""
        return sum(self.stages.values()) + self.fit_s * 1000 / (subscribers or self.subscribers)


def measure(
    papers: Sequence[Paper], readers: Sequence[Subscriber], *, now: dt.datetime, host: str, port: int
) -> Result:
    """The whole stack once, from ranking to the server's last 250.

    Raises:
        RuntimeError: a message was not accepted.
    """
    index = fit(papers)
    ranked = rank(index.value, readers)
    rendered = render(readers, ranked.value, date=now.date())
    built = build(rendered.value, now=now)
    signed = sign(built.value, key=new_rsa())
    sent = send(signed.value, host=host, port=port)
    if sent.value != len(readers):
        raise RuntimeError(f"only {sent.value} of {len(readers)} messages were accepted")
    spent_s = {
        "rank": ranked.cpu_s,
        "render": rendered.cpu_s,
        "build": built.cpu_s,
        "sign": signed.cpu_s,
        "send": sent.cpu_s,
    }
    stages = {name: cpu_s * 1000 / len(readers) for name, cpu_s in spent_s.items()}
    return Result(len(readers), len(papers), index.cpu_s, stages)


def made_up_papers(count: int, *, seed: int = 1) -> list[Paper]:
    """Papers of random words with the lengths of real ones: 10 words in a title, 180 in an abstract."""
    dice = random.Random(seed)
    words = ["".join(dice.choices("abcdefghiklmnoprstu", k=dice.randint(3, 11))) for _ in range(20_000)]
    weights = [1 / (place + 10) for place in range(len(words))]  # Zipf's law
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    return [
        Paper(
            id=number,
            title=" ".join(dice.choices(words, weights, k=10)).capitalize(),
            abstract=" ".join(dice.choices(words, weights, k=180)) + ".",
            authors=tuple(" ".join(dice.choices(words, k=2)).title() for _ in range(5)),
            categories=("cs.LG",),
            url=f"https://arxiv.org/abs/2611.{number:05d}",
            identifiers=(Identifier(Scheme.ARXIV, f"2611.{number:05d}"),),
            first_seen_at=now,
        )
        for number in range(1, count + 1)
    ]


def made_up_readers(count: int, papers: Sequence[Paper], *, seed: int = 1) -> list[Subscriber]:
    """Readers whose phrases are taken from titles, so that every one of them finds something."""
    dice = random.Random(seed)
    times = SendTimes(timezone="UTC")
    readers = []
    for number in range(count):
        phrases = tuple(" ".join(dice.choice(papers).title.split()[:2]) for _ in range(4))
        lanes = (Lane(name="Interests", phrases=phrases),)
        readers.append(Subscriber(id=f"r{number}", email=f"r{number}@readers.example", times=times, lanes=lanes))
    return readers


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time per subscriber of the stock stack.")
    parser.add_argument("--papers", type=int, default=2000)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    papers = made_up_papers(options.papers)
    readers = made_up_readers(options.readers, papers)
    with Sink() as sink:
        result = measure(papers, readers, now=dt.datetime.now(dt.UTC), host=HOST, port=sink.port)
        arrived = sink.counts()
    if arrived.messages != options.readers:
        raise RuntimeError(f"{arrived.messages} messages arrived, {options.readers} were sent")
    figures = {
        "subscribers": result.subscribers,
        "papers": result.papers,
        "cpu_ms_per_subscriber": round(result.cpu_ms_per_subscriber(), 3),
        "fit_s": round(result.fit_s, 3),
        "stages": {name: round(ms, 3) for name, ms in result.stages.items()},
        "bytes_per_message": arrived.octets // max(1, arrived.messages),
    }
    if options.json:
        print(json.dumps(figures))
    else:
        print(f"{'fit':8} {result.fit_s:8.3f} s, once")
        for name, ms in result.stages.items():
            print(f"{name:8} {ms:8.3f} ms")
        print(f"{'total':8} {result.cpu_ms_per_subscriber():8.3f} ms per subscriber, with a share of the fit")
        print(f"{'message':8} {figures['bytes_per_message']:8} bytes")


if __name__ == "__main__":
    main()
