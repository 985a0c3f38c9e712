"""Make messages safe to print: without secrets and control characters, and not too long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from formats.plan import SECRET
from policies.model import Resource

MAX_LENGTH = 400
_SECRET_PROPERTY = re.compile(
    r"(?i)password|passphrase|secret(?!s?(uri|url|name|permanent))|connectionstring|accountkey|sharedkey|sastoken|"
    r"privatekey|customdata|userdata|protectedsettings|accesskey|apikey|credential|^pwd$|^token$"
)
"""Names of properties whose texts are never printed, even if the plan does not mark them as secret."""
_CREDENTIAL = re.compile(
    r"(?i)((?:sig|accountkey|sharedaccesskey|sharedaccesssignature|password|pwd|secret|token)\s*=\s*|bearer\s+|"
    r"://[^/\s:@]+:)[^\s;&\"'@]+"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL)
_MIN_SECRET_LENGTH = 4
"""A shorter secret would match parts of ordinary words."""


class Scrubber:
    """Replaces credentials in a message, and the texts of this resource's secret properties."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def __call__(self, text: object) -> str:
        message = str(text)[: 16 * MAX_LENGTH]
        for secret in self._secrets:
            message = message.replace(secret, SECRET)
        return printable(_PRIVATE_KEY.sub(SECRET, _CREDENTIAL.sub(rf"\1{SECRET}", message)))

    @cached_property
    def _secrets(self) -> list[str]:
        found = {
            text for text in _texts(self._resource.inputs, False) if len(text) >= _MIN_SECRET_LENGTH and text != SECRET
        }
        return sorted(found, key=len, reverse=True)


def _texts(value: Any, secret: bool) -> Iterator[str]:
    """Yield the texts in properties with names of secrets."""
    if isinstance(value, str):
        if secret:
            yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, secret or bool(_SECRET_PROPERTY.search(str(key))))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, secret)


def plain(name: str) -> str:
    """Return a name with unprintable characters replaced, such as terminal control characters."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def printable(text: object) -> str:
    """Return one printable line, cut to a readable length."""
    line = plain(str(text)[: 4 * MAX_LENGTH])
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"
