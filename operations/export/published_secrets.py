"""Secrets that a template contains as text, so that everybody who can read it knows them.

Source: https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#security-recommendations-for-parameters
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from formats.plan import SECRET, UNKNOWN
from formats.property_paths import child

_SECRET_NAME = re.compile(r"(?i)(password|passphrase|connectionstring|accountkey|sharedkey|clientsecret|apikey)$")
"""Names of properties with a secret."""


class PublishedSecret(str):
    """A secret value that is the default of a parameter. It equals `SECRET`."""

    __slots__ = ("parameter",)
    parameter: str

    def __new__(cls, parameter: str) -> PublishedSecret:
        """Return the value for the name of the parameter."""
        made = super().__new__(cls, SECRET)
        made.parameter = parameter
        return made

    def __getnewargs__(self) -> tuple[str]:
        return (self.parameter,)


def published(value: Any, path: str = "") -> Iterator[str]:
    """Yield `path: source` for each such secret in a resource of a template, whose expressions are evaluated."""
    if isinstance(value, PublishedSecret):
        yield f"{path}: the default of the parameter {value.parameter}"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            where = child(path, key)
            if isinstance(inner, str) and inner not in ("", UNKNOWN, SECRET) and _SECRET_NAME.search(key):
                yield f"{where}: a text of the template"
            else:
                yield from published(inner, where)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from published(inner, child(path, index))
