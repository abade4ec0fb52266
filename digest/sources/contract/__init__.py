"""The contract of a source, to be run against any: yours, ours, in pytest or by ``digest sources test``.

    from digest.sources.contract import SourceContract
    from acme import make, parse

    class TestAcme(SourceContract):
        make, parse = staticmethod(make), staticmethod(parse)
        recordings = Path(__file__).parent / "recordings"

What is promised stands in :mod:`.parsing` (bytes → entries) and :mod:`.fetching` (a provider on its worst days).
Nothing here needs pytest, and nothing outside of tests and of ``digest sources`` imports it.
"""

from digest.sources.contract.recording import Recorded, Recorder, Tape
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.contract.subject import Broken, NotTried, Promise, Subject
from digest.sources.contract.suite import PROMISES, Finding, SourceContract, examine
from digest.sources.contract.tapes import load, save

__all__ = [
    "PROMISES",
    "Broken",
    "Finding",
    "HttpServer",
    "NotTried",
    "Promise",
    "Recorded",
    "Recorder",
    "Reply",
    "Run",
    "Seen",
    "SourceContract",
    "Subject",
    "Tape",
    "examine",
    "load",
    "save",
]
