"""A thread that sends letters: at once when a form of this process asked for one, else now and then.

The daemon's tick sends them as well; what is due is claimed, so each goes out once. It runs beside the event loop since
SMTP may take minutes, and it is the only thread here that composes mails.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from digest.app import App
from digest.errors import DigestError

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0
_STOP_S: Final = 10.0
"""How long a letter that is under way is waited for; one that is cut off is tried again by whoever comes next."""


class Carrier:
    def __init__(self, app: App) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="letters", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._app.letters.arrived.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        arrived = self._app.letters.arrived
        while not self._stop.is_set():
            arrived.clear()
            try:
                self._app.send_letters(self._stop)
            except DigestError as error:
                log.warning("letters: %s", error)
            except Exception:  # a bug must not end the thread: letters would wait unseen
                log.exception("letters")
            arrived.wait(LOOK_EVERY_S)
