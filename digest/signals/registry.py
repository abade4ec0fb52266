"""Which providers of attention there are: the one place that a new one is added to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from digest.attention import SIGNAL_PREFIX, Watch
from digest.errors import SourceError
from digest.settings.signals import SignalsConfig
from digest.signals.base import SignalProvider
from digest.signals.citations import Citations
from digest.signals.mentions import Mentions
from digest.signals.stars import Stars
from digest.signals.votes import Votes
from digest.sources.plugins import MAX_NAME, made_by


def build_signals(
    config: SignalsConfig, *, plugins: Sequence[str] = (), beside: Path | None = None
) -> tuple[SignalProvider, ...]:
    """Every configured provider that has what it needs.

    Args:
        plugins: ``module:callable`` strings; each callable takes nothing and returns a SignalProvider.
        beside: the folder of the configuration, where the modules of plug-ins may lie.

    Raises:
        SourceError: a plug-in cannot be loaded, or two providers have one name.
    """
    found: list[SignalProvider] = []
    if config.huggingface is not None:
        found.append(Votes(config.huggingface))
    if config.github is not None and config.github.token:
        found.append(Stars(config.github))
    if config.semantic_scholar is not None and config.semantic_scholar.key:
        found.append(Citations(config.semantic_scholar))
    if config.hackernews is not None:
        found.append(Mentions(config.hackernews))
    found += [load_plugin(plugin, beside=beside) for plugin in plugins]
    names = [provider.watch.name for provider in found]
    for name in names:
        if names.count(name) > 1:
            raise SourceError(name, f"two signals are named {name!r}; names must differ")
    return tuple(found)


def load_plugin(spec: str, *, beside: Path | None = None) -> SignalProvider:
    """The provider that ``module:callable`` makes.

    Raises:
        SourceError: there is no such thing, or what it makes is no provider.
    """
    made = made_by(spec, "signal", beside=beside)
    watch = getattr(made, "watch", None)
    if not isinstance(watch, Watch) or not callable(getattr(made, "read", None)):
        raise SourceError(spec, f"signal {spec!r} makes a {type(made).__name__}, which has no watch and read")
    if not watch.name.startswith(SIGNAL_PREFIX) or len(watch.name) > MAX_NAME:
        raise SourceError(
            spec, f"signal {spec!r}: its name must begin with signal: and have {MAX_NAME} characters at most"
        )
    if not watch.marks or not watch.signals:
        raise SourceError(spec, f"signal {spec!r}: its watch needs marks and signals")
    provider: SignalProvider = made
    return provider
