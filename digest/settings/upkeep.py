"""Settings of what keeps an installation well by itself: retention, nightly backups, alerts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from digest.settings.places import FilePath, WebAddress
from digest.settings.times import Duration, between
from digest.settings.validation import Section


class RetentionConfig(Section):
    mails_s: Annotated[int, Duration, between("14d", "3650d")] = Field(default=90 * 86400, alias="mails")
    """The texts of mails, for replay and the archive, and the accepted journal."""
    history_s: Annotated[int, Duration, between("180d", "3650d")] = Field(default=365 * 86400, alias="history")
    """Deliveries and the papers in them, events, readings. Longer than a paper can be a candidate."""


class BackupConfig(Section):
    folder: FilePath | None = None
    """None: no nightly backup."""
    keep: int = Field(default=7, ge=1, le=1000)


class AlertsConfig(Section):
    webhook: WebAddress | None = None
    """Gets each alert as JSON, besides the mail to mail.report_to."""
    heartbeat: WebAddress | None = None
    """Is asked for after every good pass; whoever watches it notices when nothing runs any more."""
