"""What a policy says, made safe to print: no secret, nothing that steers a terminal, no longer than a person reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from formats.plan import SECRET
from policies.model import Resource

LONGEST = 400
_SECRETIVE = re.compile(
    r"(?i)password|passphrase|secret(?!s?(uri|url|name|permanent))|connectionstring|accountkey|sharedkey|sastoken|"
    r"privatekey|customdata|userdata|protectedsettings|accesskey|apikey|credential|^pwd$|^token$"
)
"""Names of properties whose text is not repeated, whoever wrote the plan."""
_CREDENTIAL = re.compile(
    r"(?i)((?:sig|accountkey|sharedaccesskey|sharedaccesssignature|password|pwd|secret|token)\s*=\s*|bearer\s+|"
    r"://[^/\s:@]+:)[^\s;&\"'@]+"
)
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL)
_SHORTEST = 4
"""A secret of fewer characters would be found in every word."""


class Scrubber:
    """Takes out of a message what looks like a secret, or is the text of a property of this resource that is one."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def __call__(self, text: object) -> str:
        said = str(text)[: 16 * LONGEST]
        for secret in self._secrets:
            said = said.replace(secret, SECRET)
        return printable(_KEY.sub(SECRET, _CREDENTIAL.sub(rf"\1{SECRET}", said)))

    @cached_property
    def _secrets(self) -> list[str]:
        found = {text for text in _texts(self._resource.inputs, False) if len(text) >= _SHORTEST and text != SECRET}
        return sorted(found, key=len, reverse=True)


def _texts(value: Any, secret: bool) -> Iterator[str]:
    """The texts below properties with secretive names."""
    if isinstance(value, str):
        if secret:
            yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, secret or bool(_SECRETIVE.search(str(key))))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, secret)


def plain(name: str) -> str:
    """A name as it is, unless it would steer a terminal or break a file."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def printable(text: object) -> str:
    """One line that cannot steer a terminal, cut to a length that a person reads."""
    line = plain(str(text)[: 4 * LONGEST])
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
