"""The operator's pages, all of them behind the door (digest/web/door.py) but the login itself.

They show what `digest queue`, `sources`, `subscribers` and the daily report show, and do what these commands do, by the
same verbs. Every act is put on record first, with who did it. They are English, as the command line is.
"""

from __future__ import annotations

from digest.web.door import at_door, behind_door
from digest.web.pages.admin import books, imports, login, overview, queue, readers, sources, suppressions

ROUTES = (
    *at_door(login.ROUTES),
    *behind_door(
        (
            *overview.ROUTES,
            *readers.ROUTES,
            *imports.ROUTES,
            *queue.ROUTES,
            *sources.ROUTES,
            *books.ROUTES,
            *suppressions.ROUTES,
        )
    ),
)
