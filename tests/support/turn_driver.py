"""A reader as its own process, for tests that kill it.

    python -m tests.support.turn_driver STORE URL COUNT PACE LEASE

Asks the address COUNT times through the polite client, one after the other, with turns kept in STORE.
"""

from __future__ import annotations

import asyncio
import sys

from digest.sources.http import PoliteClient
from digest.sources.pace import Provider
from digest.store.database import Database
from digest.store.ledger import LedgerStore


async def main(store: str, url: str, count: str, pace_s: str, lease_s: str) -> None:
    provider = Provider(source="lab", label="The lab", host="127.0.0.1", pace_key="lab", pace_s=float(pace_s))
    db = Database(store)
    async with PoliteClient(LedgerStore(db), lease_s=float(lease_s)) as client:
        for _ in range(int(count)):
            await client.get(url, provider, conditional=False)
    db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
