"""Conditions of role assignments on blobs.

Facts: docs/azure-facts.md#conditions-of-role-assignments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from local_azure.data_plane.addresses import not_known

TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()!])|(?P<word>AND|OR|NOT|&&|\|\|)(?![\w])|(?P<call>ActionMatches|SubOperationMatches)\s*"
    r"\{'(?P<pattern>[^']*)'\}|@Resource\[(?P<attribute>[^\]]*)\]\s+(?P<operator>\w+)\s+'(?P<value>[^']*)')"
)
TAG = re.compile(r"Microsoft\.Storage/storageAccounts/blobServices/containers/blobs/tags:(?P<key>[^<]*)"
                 r"<\$key_case_sensitive\$>")  # fmt: skip
CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers:name"


@dataclass(frozen=True)
class Attributes:
    """The attributes of a request that a condition reads."""

    action: str
    sub_operation: str = ""
    container: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The index tags of the requested version of the blob."""


def holds(condition: str, attributes: Attributes) -> bool:
    """Evaluate a condition. What it does not know is refused as not implemented."""
    return _Reader(condition, attributes).whole()


class _Reader:
    """A recursive descent through one condition: `or` of `and` of negated or simple terms."""

    def __init__(self, text: str, attributes: Attributes) -> None:
        self._attributes = attributes
        self._tokens: list[re.Match[str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if found is None:
                not_known(f"the condition at: {text[at : at + 60]}")
            self._tokens.append(found)
            at = found.end()

    def whole(self) -> bool:
        value = self._any()
        if self._tokens:
            not_known(f"the condition at: {self._tokens[0][0]}")
        return value

    def _next_is(self, *texts: str) -> bool:
        if self._tokens and self._tokens[0][0].strip() in texts:
            self._tokens.pop(0)
            return True
        return False

    def _any(self) -> bool:
        value = self._all()
        while self._next_is("OR", "||"):
            value = self._all() or value
        return value

    def _all(self) -> bool:
        value = self._term()
        while self._next_is("AND", "&&"):
            value = self._term() and value
        return value

    def _term(self) -> bool:
        if self._next_is("!", "NOT"):
            return not self._term()
        if self._next_is("("):
            value = self._any()
            if not self._next_is(")"):
                not_known("a condition without its closing parenthesis")
            return value
        if not self._tokens:
            not_known("a condition that ends early")
        return self._simple(self._tokens.pop(0))

    def _simple(self, token: re.Match[str]) -> bool:
        if token["call"]:
            found = self._attributes.action if token["call"] == "ActionMatches" else self._attributes.sub_operation
            return fnmatchcase(found.lower(), token["pattern"].lower())
        if token["operator"] not in ("StringEquals", "StringEqualsIgnoreCase"):
            not_known(f"the condition at: {token[0].strip()}")
        found_value = self._attribute(str(token["attribute"]))
        if found_value is None:
            return False
        if token["operator"] == "StringEqualsIgnoreCase":
            return found_value.lower() == token["value"].lower()
        return bool(found_value == token["value"])

    def _attribute(self, name: str) -> str | None:
        if name == CONTAINER:
            return self._attributes.container
        tag = TAG.fullmatch(name)
        if tag is None:
            not_known(f"the attribute {name} of conditions")
        return self._attributes.tags.get(tag["key"])
