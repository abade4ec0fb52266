"""Is this installation well, and if not, what is to be done?

    config, readers, store, disk, providers, mail account ──examination──▶ Patient ──checks──▶ Finding, Finding, …

All looking is done first, everything that waits for a network at once; the checks are pure functions of what was seen.
A new check is one function in one of the modules of checks, and its line in :data:`digest.doctor.checks.CHECKS`.
"""
