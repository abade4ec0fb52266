"""What a process beside the main one does with a piece of a file. It imports little and knows no database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from digest.errors import SourceError
from digest.model import Rejection, Withdrawal
from digest.sources.formats import Piece, parse_piece
from digest.store.drafts import Draft, drafts


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed piece. ``error`` is source and message: an error of two arguments does not travel between processes."""

    announced: int | None
    rejected: tuple[Rejection, ...]
    withdrawn: tuple[Withdrawal, ...]
    drafts: tuple[Draft, ...]
    error: tuple[str, str] | None = None


def prepare(form: str, piece: Piece, now: dt.datetime) -> Prepared:
    """The drafts of a piece, or the parser's refusal of it."""
    try:
        batch = parse_piece(form, piece, now=now)
    except SourceError as error:
        return Prepared(None, (), (), (), (error.source, str(error)))
    return Prepared(batch.announced, batch.rejected, batch.withdrawn, tuple(drafts(batch.entries, now=now)))
