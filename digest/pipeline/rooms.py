"""What every pipeline step is given: the rooms that digest.app has built. No step builds anything itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.config import Config
from digest.ranking.text import TextBasis
from digest.store.attention import AttentionStore
from digest.store.database import Database
from digest.store.feedback import FeedbackStore
from digest.store.fragments import FragmentStore
from digest.store.learnt import LearntStore
from digest.store.outbox import Outbox
from digest.store.papers import PaperStore
from digest.store.sources import SourceStore
from digest.store.subscribers import SubscriberStore
from digest.store.written import WrittenStore

if TYPE_CHECKING:
    from digest.summaries.asking import Prompts

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    config: Config
    db: Database
    papers: PaperStore
    sources: SourceStore
    attention: AttentionStore
    subscribers: SubscriberStore
    outbox: Outbox
    feedback: FeedbackStore
    fragments: FragmentStore
    learnt: LearntStore
    written: WrittenStore
    basis: Callable[[], TextBasis]
    """Loaded on first use: many commands never rank."""
    prompts: Callable[[], Prompts]
    """Likewise: only where a language model is configured."""
    clock: Clock
