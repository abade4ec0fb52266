"""A run of a source, from the importable contract suite."""

from digest.sources.contract.running import Run

__all__ = ["Run"]
