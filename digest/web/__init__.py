"""The web pages: ``digest serve``, beside the daemon, on the same database.

    socket ─▶ uvicorn ─▶ front ─▶ routes ─▶ endpoint ─▶ a page's function ─▶ template ─▶ bytes
                           │                   │             │
              ids, headers, limits,     form, language,    plain and synchronous: takes Asked (a GET: rooms that
              pages that were kept      thread, snapshot   cannot write) or Sent (a POST), gives Page, SeeOther
                                                           or Document

asyncio stays in ``front``, ``endpoint`` and ``server``; pages are functions of frozen values, as all stages are. A GET
changes nothing, since what a page's function is given for one cannot: its database is opened for reading alone.

How a page is made: CONTRIBUTING.md.
"""
