"""The ledger and the clock of the importable contract suite, under the names that tests know them by."""

from digest.sources.contract.memory import START, MemoryLedger, SleepyClock

__all__ = ["START", "MemoryLedger", "SleepyClock"]
