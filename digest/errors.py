"""Every error this program raises on purpose. Expected outcomes (deferred, rejected, skipped) are values, not errors.

Broad catches stand at three boundaries only: per source, per subscriber, per delivery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class DigestError(Exception):
    """Root of all errors that have a message for a person."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, as ``file:line: key: what is wrong and what would be right``."""

    path: Path
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line is not None else str(self.path)
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(DigestError):
    """config.yaml or the environment is not usable; carries *all* problems found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SubscriberError(ConfigError):
    """A subscriber file is not usable; carries all of its problems."""


class SourceError(DigestError):
    """A source could not be read; the message is fit for a reader's mail."""

    def __init__(self, source: str, message: str) -> None:
        self.source = source
        super().__init__(message)


class SourceRateLimited(SourceError):
    """The provider asked us to wait ``retry_after_s`` seconds (HTTP 429 or 503)."""

    def __init__(self, source: str, message: str, retry_after_s: float) -> None:
        super().__init__(source, message)
        self.retry_after_s = retry_after_s


class RenderError(DigestError):
    """A template is broken."""

    def __init__(self, template: str, message: str, line: int | None = None) -> None:
        self.template = template
        self.line = line
        self.message = message
        super().__init__(f"{template}:{line}: {message}" if line else f"{template}: {message}")

    @property
    def problem(self) -> Problem:
        """The same as one of the problems of a check."""
        return Problem(Path(self.template), self.line, "", self.message)


class CameraError(DigestError):
    """No picture of a page could be taken."""


class StoreError(DigestError):
    """The database refused, is locked beyond patience, full, or of another version."""


class TransportError(DigestError):
    """The relay as a whole cannot be used (connect, TLS, AUTH); no delivery is to blame.

    ``advice`` says what the operator can do.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        self.advice = advice
        super().__init__(message)


class TokenError(DigestError):
    """A signed token is not ours, was signed for something else, or is too old (``expired``)."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        self.expired = expired
        super().__init__(message)


class MembershipError(DigestError):
    """A reader can't be made to join, rest, leave or change as things stand; the message says why."""


class NotFound(DigestError):
    """A reader, paper, day or delivery that a command named does not exist; the message offers the nearest."""
