"""The few settings that the environment may override, for containers and services that share one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from digest.settings.document import Document, Location, Plain

OVERRIDES: Mapping[str, Location] = MappingProxyType(
    {
        "DIGEST_STORE": ("store",),
        "DIGEST_SUBSCRIBERS": ("subscribers",),
        "DIGEST_CONTACT": ("site", "contact"),
        "DIGEST_PUBLIC_URL": ("site", "public_url"),
        "DIGEST_MAIL_TRANSPORT": ("mail", "transport"),
        "DIGEST_MAIL_SERVER": ("mail", "server"),
        "DIGEST_MAIL_FROM": ("mail", "from"),
        "DIGEST_LOG_FORMAT": ("log", "format"),
        "DIGEST_LOG_LEVEL": ("log", "level"),
        "DIGEST_LOG_ADDRESSES": ("log", "addresses"),
    }
)
"""Variable → the key it replaces. An empty variable counts as unset."""


def with_overrides(document: Document, env: Mapping[str, str]) -> Document:
    """The document as it is with the environment's values; problems with them name the variable."""
    data: dict[str, Plain] = dict(document.data)
    origins: dict[Location, str] = {}
    for variable, location in OVERRIDES.items():
        if not (value := env.get(variable, "").strip()):
            continue
        *sections, key = (str(part) for part in location)
        holder = data
        for section in sections:
            inner = holder.get(section) or {}
            if not isinstance(inner, dict):  # not a section at all: that is the problem to tell
                break
            holder[section] = inner = dict(inner)
            holder = inner
        else:
            holder[key] = value
            origins[location] = f"environment variable {variable}"
            if location == ("mail", "server"):
                holder.pop("preset", None)  # the file's other way to say the same
    return replace(document, data=data, origins=origins)
