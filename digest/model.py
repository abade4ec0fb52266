"""The values that flow through the program, one kind per stage.

    Entry ──catalog──▶ Paper ──ranking──▶ Pick ──editions──▶ Message ──delivery──▶ Delivery

Everything here is frozen: a stage takes one kind and returns the next. All instants are aware UTC datetimes,
all calendar dates are local to a reader. Nothing in this module does I/O.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# ── identity ────────────────────────────────────────────────────────────────────────────────────────────────


class Scheme(StrEnum):
    """Kinds of identifier that a paper can be known by."""

    ARXIV = "arxiv"
    DOI = "doi"
    PMID = "pmid"
    PMCID = "pmcid"
    OPENREVIEW = "openreview"
    ACL = "acl"
    S2 = "s2"
    OPENALEX = "openalex"
    URL = "url"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One canonical name of a paper: arXiv without version, DOI in lower case, and so on.

    Build it with :mod:`digest.catalog.identifiers`, which knows the spellings; ``str()`` gives ``arxiv:2305.10430``.
    """

    scheme: Scheme
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


# ── sources: what a feed says ───────────────────────────────────────────────────────────────────────────────


class AnnounceType(StrEnum):
    """arXiv's announcement types (rss.arxiv.org specification, ``arxiv:announce_type``)."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


class Signal(StrEnum):
    """Kinds of attention that are observed over time."""

    HF_UPVOTES = "huggingface.upvotes"
    HF_COMMENTS = "huggingface.comments"
    GITHUB_STARS = "github.stars"
    CROSSREF_CITATIONS = "crossref.citations"
    OPENALEX_CITATIONS = "openalex.citations"
    S2_CITATIONS = "s2.citations"
    S2_INFLUENTIAL_CITATIONS = "s2.influential_citations"
    HN_POINTS = "hackernews.points"
    HN_COMMENTS = "hackernews.comments"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a signal, as an entry brings it; it becomes an Observation once the paper is known."""

    signal: Signal
    value: float
    observed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one provider says about one paper, before anyone knows which paper it is.

    Text is plain: markup is stripped, white space folded, control characters gone; TeX is still TeX.
    ``key`` is the provider's own name for the entry and, with ``source``, unique in the store.
    """

    source: str
    key: str
    identifiers: tuple[Identifier, ...]
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Primary category first, in the provider's spelling (``cs.LG``, ``biorxiv/biophysics``)."""
    url: str | None = None
    published_at: dt.datetime | None = None
    announced_at: dt.datetime | None = None
    version: int | None = None
    announce_type: AnnounceType | None = None
    comment: str | None = None
    journal_ref: str | None = None
    code_url: str | None = None
    withdrawn: bool = False
    readings: tuple[Reading, ...] = ()
    candidate: bool = True
    """False for a paper that is known only as somebody's example and must never be sent."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """An item that a parser refused: its id as far as it could be read, and why in one line."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A provider took its record of a paper back, and tells nothing of it but the name."""

    source: str
    identifier: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One parsed response. ``announced`` is how many items the provider says there are, None if it does not say.

    A withdrawal is read, like an entry: ``announced == read + len(rejected)`` where all came.
    """

    entries: tuple[Entry, ...]
    rejected: tuple[Rejection, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    announced: int | None = None

    @property
    def read(self) -> int:
        return len(self.entries) + len(self.withdrawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request for a URL conditional (RFC 9110 section 8.8)."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRefused:
    """A provider may not be asked now; ask for the turn again at ``until``. ``held``: another process has it."""

    until: dt.datetime
    held: bool


class SourceStatus(StrEnum):
    OK = "ok"
    UNCHANGED = "unchanged"
    """The provider answered 304, or the same ids as before."""
    QUIET = "quiet"
    """Nothing was announced, and nothing was to be expected (weekend, holiday)."""
    INCOMPLETE = "incomplete"
    STALE = "stale"
    WAITING = "waiting"
    """Not asked: the provider's pace or Retry-After is not over yet."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How one source did in one run; ``error`` is a line a reader can understand."""

    source: str
    started_at: dt.datetime
    finished_at: dt.datetime
    status: SourceStatus
    announced: int | None = None
    read: int = 0
    new: int = 0
    updated: int = 0
    rejected: int = 0
    error: str | None = None


# ── catalog: what a paper is ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper under all its names. ``title`` and ``abstract`` are readable Unicode, without TeX."""

    id: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    url: str
    identifiers: tuple[Identifier, ...]
    first_seen_at: dt.datetime
    announced_at: dt.datetime | None = None
    published_at: dt.datetime | None = None
    version: int | None = None
    code_url: str | None = None
    comment: str | None = None
    withdrawn: bool = False
    candidate: bool = True
    sources: tuple[str, ...] = ()

    @property
    def primary_category(self) -> str | None:
        return self.categories[0] if self.categories else None

    @property
    def label(self) -> str:
        """The shortest public name: the arXiv id if there is one, else the first identifier, else ``#id``."""
        for identifier in self.identifiers:
            if identifier.scheme is Scheme.ARXIV:
                return identifier.value
        return str(self.identifiers[0]) if self.identifiers else f"#{self.id}"


class Fact(StrEnum):
    """What a highlight is about."""

    TASK = "task"
    METHOD = "method"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Highlight:
    """A few words of the abstract, exactly as they stand there: a method's name, its figure on a benchmark."""

    fact: Fact
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a mail says of a paper in at most two sentences; ``more`` is empty if there is only one.

    ``by`` names who wrote it, where it is not the paper's own words; it must be shown with them. ``highlights`` are the
    abstract's own in any case.
    """

    tldr: str
    more: str = ""
    by: str = ""
    highlights: tuple[Highlight, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.tldr} {self.more}".strip()


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading of one paper's attention."""

    paper_id: int
    signal: Signal
    value: float
    observed_at: dt.datetime


# ── subscribers: who wants what, when ───────────────────────────────────────────────────────────────────────


class Frequency(StrEnum):
    ANNOUNCEMENT_DAYS = "announcement days"
    """The mornings after arXiv announces, in the reader's zone."""
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"


class QuietDay(StrEnum):
    """What a reader gets when nothing passes the threshold."""

    SKIP = "skip"
    SEND = "send"


class MailLayout(StrEnum):
    """How much of each paper a mail shows."""

    FULL = "full"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTimes:
    """When a reader wants mail. ``weekday`` (Monday = 0) counts for weekly mail only."""

    timezone: str
    send: dt.time = dt.time(7, 30)
    frequency: Frequency = Frequency.ANNOUNCEMENT_DAYS
    weekday: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One named interest. ``examples`` are papers like the ones wanted."""

    name: str
    phrases: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    examples: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Hard filters: nothing that matches is ever sent."""

    words: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A reader's settings, whatever they were declared in."""

    id: str
    email: str
    times: SendTimes
    name: str = ""
    papers: int = 10
    balance: float = 0.7
    """0 = what is trending, 1 = what is mine."""
    lanes: tuple[Lane, ...] = ()
    mute: Mute = field(default_factory=Mute)
    quiet_day: QuietDay = QuietDay.SKIP
    explore: bool = True
    per_field: int | None = None
    """Most papers of one primary category in a mail; None for no limit."""
    layout: MailLayout = MailLayout.FULL
    language: str = "en"


# ── ranking: why this paper, for this reader ────────────────────────────────────────────────────────────────


class PartKind(StrEnum):
    """The summands of a score."""

    LANE = "lane"
    TREND = "trend"
    FORECAST = "forecast"
    AUTHOR = "author"
    NOVELTY = "novelty"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class Part:
    """One signed summand of a score, with the words that justify it."""

    kind: PartKind
    value: float
    note: str = ""


class DecisionKind(StrEnum):
    """Everything that settles a paper's fate without being a part of its score."""

    PICKED = "picked"
    EXPLORED = "explored"
    MUTED = "muted"
    SENT_BEFORE = "sent before"
    WITHDRAWN = "withdrawn"
    NOT_A_CANDIDATE = "not a candidate"
    TOO_OLD = "too old"
    OUTSIDE_LANES = "outside the lanes"
    BELOW_THRESHOLD = "below the threshold"
    LANE_QUOTA = "lane quota"
    FIELD_CAP = "field cap"
    SAME_MATTER = "enough on the same matter"
    NEAR_TWIN = "near-twin of a pick"
    CAP = "below the last pick"


@dataclass(frozen=True, slots=True)
class Decision:
    """A named rule of selection that applied; ``remedy`` says what would have let the paper in."""

    kind: DecisionKind
    detail: str = ""
    remedy: str = ""


class Section(StrEnum):
    """Where in the mail a pick stands."""

    FOLLOWED = "followed"
    LANE = "lane"
    TRENDING = "trending"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What is known of a paper's attention: the figures that the trend part is made from.

    ``share_above`` is the share (0…1) of its cohort that did better: 0.02 reads "top 2 %".
    """

    votes: int | None = None
    hours: float | None = None
    """Hours between the first sign of the paper on the list and the last reading."""
    cohort: str = ""
    share_above: float | None = None
    rising: bool = False
    stars: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One paper for one reader; ``score`` is exactly the sum of ``parts``."""

    paper_id: int
    section: Section
    lane: str | None
    score: float
    parts: tuple[Part, ...]
    reason: str
    attention: Attention = field(default_factory=Attention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the ranker chose for one reader: picks in mail order, near misses best first."""

    subscriber_id: str
    picks: tuple[Pick, ...]
    missed: tuple[Pick, ...]
    considered: int
    """Candidates that were new to the reader, before mutes and thresholds."""
    quiet_reason: str = ""
    """Why there are no picks, when there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The full answer of ``why`` for one paper and one reader."""

    paper_id: int
    pick: Pick | None
    """The paper scored as a pick, also when it was not chosen; None if it could not be scored."""
    decisions: tuple[Decision, ...]
    position: int | None = None
    """Its place in the edition, 1 = first; None if it is not in it."""
    edition: dt.date | None = None
    """The edition that it went out in; None for one that is not sent yet."""
    lanes: Mapping[str, float] = field(default_factory=dict)


# ── editions and deliveries ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EditionKey:
    """(subscriber, local date of the scheduled send): what may go out once."""

    subscriber_id: str
    date: dt.date


class DeliveryState(StrEnum):
    """States of the outbox; the rules are in docs/delivery.md."""

    PLANNED = "planned"
    BUILDING = "building"
    READY = "ready"
    LEASED = "leased"
    SENDING = "sending"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    SKIPPED = "skipped"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"
    HELD = "held"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset(
    {
        DeliveryState.PLANNED,
        DeliveryState.BUILDING,
        DeliveryState.READY,
        DeliveryState.LEASED,
        DeliveryState.SENDING,
        DeliveryState.DEFERRED,
    }
)
"""States that still move by themselves."""

RELEASING_STATES = frozenset(
    {
        DeliveryState.FAILED,
        DeliveryState.EXPIRED,
        DeliveryState.CANCELLED,
        DeliveryState.SUPPRESSED,
        DeliveryState.SKIPPED,
    }
)
"""States that give a delivery's papers back: they may be picked again. Every other state counts as gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP needs of one message: reverse path, forward path, and the finished bytes (CRLF lines)."""

    delivery_id: int
    sender: str
    recipient: str
    message_id: str
    data: bytes
