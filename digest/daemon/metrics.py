"""Figures → Prometheus: a collector that looks into the database when it is asked, and the small server that is asked.

    GET /metrics    everything, in the format the scraper asks for (text or OpenMetrics)
    GET /healthz    200 while the daemon works, 503 with what is wrong

Names and units follow https://prometheus.io/docs/practices/naming/. No label ever holds a reader or an address.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from digest import __version__
from digest.errors import DigestError
from digest.store.figures import DELAYS_S, Figures

log = logging.getLogger(__name__)

PASS_BUCKETS = (0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
"""Seconds that a pass takes: nothing to do, a few readers, thousands."""

Health = Callable[[], tuple[bool, Mapping[str, object]]]
"""Whether all is well, and what to say about it."""


class FiguresCollector(Collector):
    """Asks for figures at every scrape. What cannot be had is told by ``digest_up`` 0, not by a broken page."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("digest_up", "Whether the database could be read.")
        try:
            figures = self._figures()
        except DigestError as error:
            log.error("no figures for a scrape: %s", error)  # noqa: TRY400 (its message is made for people)
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *_deliveries(figures), *_sources(figures), *_others(figures)]


def _deliveries(figures: Figures) -> Iterator[Metric]:
    tried = CounterMetricFamily(
        "digest_attempts", "Attempts to deliver a mail, by how they ended.", labels=["relay", "outcome"]
    )
    for (relay, outcome), number in sorted(figures.attempts.outcomes.items()):
        tried.add_metric([relay, outcome], number)
    yield tried
    delays = HistogramMetricFamily(
        "digest_delivery_seconds", "From when a mail might go out until a server took it.", labels=["relay"]
    )
    for relay, delay in sorted(figures.attempts.delays.items()):
        bounds = (*map(repr, DELAYS_S), "+Inf")
        buckets = list(zip(bounds, (*map(float, delay.buckets), float(delay.count)), strict=True))
        delays.add_metric([relay], buckets=buckets, sum_value=delay.total_s)
    yield delays
    queue = GaugeMetricFamily("digest_queue_deliveries", "Mails that are not at their end.", labels=["state"])
    for state, number in figures.queue.items():
        queue.add_metric([state], number)
    yield queue
    yield GaugeMetricFamily(
        "digest_queue_oldest_seconds", "How long the longest waiting mail has been due.", value=figures.oldest_s
    )
    editions = GaugeMetricFamily(
        "digest_edition_deliveries", "Mails of the latest press days (UTC).", labels=["days_ago", "state"]
    )
    for (days, state), number in sorted(figures.editions.items()):
        editions.add_metric([str(days), state], number)
    yield editions
    paused = GaugeMetricFamily("digest_relay_paused", "1 while nothing is sent through a relay.", labels=["relay"])
    for relay, is_paused in sorted(figures.relays.items()):
        paused.add_metric([relay], int(is_paused))
    yield paused
    yield CounterMetricFamily(
        "digest_books_unbalanced", "Press days whose books were closed and did not balance.", value=figures.unbalanced
    )


def _sources(figures: Figures) -> Iterator[Metric]:
    success = GaugeMetricFamily(
        "digest_source_last_success_timestamp_seconds", "When a source was last read well.", labels=["source"]
    )
    for source, at in sorted(figures.source_success.items()):
        success.add_metric([source], at.timestamp())
    yield success
    runs = CounterMetricFamily("digest_source_runs", "Readings, by how they ended.", labels=["source", "status"])
    for (source, status), number in sorted(figures.source_runs.items()):
        runs.add_metric([source, status], number)
    yield runs
    entries = CounterMetricFamily("digest_ingested_entries", "What was read.", labels=["source", "result"])
    for (source, result), number in sorted(figures.entries.items()):
        entries.add_metric([source, result], number)
    yield entries


def _others(figures: Figures) -> Iterator[Metric]:
    bounces = CounterMetricFamily("digest_bounces", "Bounces that proved themselves.", labels=["kind"])
    for kind, number in sorted(figures.bounces.items()):
        bounces.add_metric([kind], number)
    yield bounces
    readers = GaugeMetricFamily("digest_readers", "Readers, by what they get.", labels=["state"])
    for state, number in figures.readers.items():
        readers.add_metric([state], number)
    yield readers
    yield GaugeMetricFamily(
        "digest_suppressed_addresses", "Addresses that are not written to.", value=figures.suppressed
    )
    yield GaugeMetricFamily("digest_letters_waiting", "Confirmations and the like to be sent.", value=figures.letters)


def registry_of(figures: Callable[[], Figures]) -> CollectorRegistry:
    """What can be told from the database and the machine alone: for a scrape, or a file of node_exporter's."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FiguresCollector(figures))
    Info("digest_build", "The version that runs.", registry=registry).info({"version": __version__})
    return registry


class Observatory:
    """The daemon's: figures, how long passes take, the process; and the server that tells them."""

    def __init__(self, figures: Callable[[], Figures], health: Health) -> None:
        self._registry = registry_of(figures)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._passes = Histogram(
            "digest_pass_seconds", "How long a pass took.", buckets=PASS_BUCKETS, registry=self._registry
        )
        self._health = health
        self._server: ThreadingHTTPServer | None = None

    def passed(self, took_s: float) -> None:
        self._passes.observe(took_s)

    def listen(self, host: str, port: int) -> int | None:
        """Answer there from now on; the port, or None if it can't be had: mails are more important than figures."""
        registry, health = self._registry, self._health

        class Handler(_Handler):
            pages: ClassVar = {
                "/metrics": lambda accept: _metrics(registry, accept),
                "/healthz": lambda _: _told(health),
            }

        try:
            self._server = (_ServerV6 if ":" in host else _Server)((host, port), Handler)
        except OSError as error:
            log.error("metrics.listen %s:%d: %s; going on without", host, port, error.strerror or error)  # noqa: TRY400
            return None
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        bound = int(self._server.server_address[1])
        log.info("metrics and health at http://%s:%d/metrics and /healthz", host, bound)
        return bound

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


_Page = tuple[int, str, bytes]
"""(status, content type, body)"""


def _metrics(registry: CollectorRegistry, accept: str) -> _Page:
    encoder, content_type = choose_encoder(accept)
    return 200, content_type, encoder(registry)


def _told(health: Health) -> _Page:
    well, words = health()
    body = json.dumps({"status": "ok" if well else "ill", **words}, ensure_ascii=False).encode() + b"\n"
    return (200 if well else 503), "application/json; charset=utf-8", body


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""
        log.debug("a request to the metrics port broke off: %s", sys.exception())


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    """Seconds of silence after which a slow client is let go."""
    pages: ClassVar[Mapping[str, Callable[[str], _Page]]] = {}

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            status, kind, body = 404, "text/plain; charset=utf-8", b"/metrics or /healthz\n"
        else:
            status, kind, body = page(self.headers.get("Accept", ""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 (the name that http.server looks for)

    def version_string(self) -> str:
        return "digest"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as http.server names it)
        log.debug("metrics: %s", format % args if args else format)


def textfile(figures: Callable[[], Figures], *, now: dt.datetime) -> str:
    """The figures once, as Prometheus text; with the moment, since a file may be old."""
    registry = registry_of(figures)
    stamp = Gauge("digest_figures_timestamp_seconds", "When these figures were taken.", registry=registry)
    stamp.set(int(now.timestamp()))
    return generate_latest(registry).decode()
