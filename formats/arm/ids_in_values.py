"""The ARM ids in a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_START = "/subscriptions/"


def ids_in(value: Any) -> Iterator[str]:
    """Yield every ARM id in a value as written, keys of maps included."""
    if isinstance(value, str):
        if value[: len(_START)].lower() == _START:
            yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from ids_in(key)
            yield from ids_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from ids_in(item)
