"""The loopback web server of the importable contract suite, under the name that tests know it by."""

from digest.sources.contract.server import HttpServer, Reply, Script, Seen

__all__ = ["HttpServer", "Reply", "Script", "Seen"]
