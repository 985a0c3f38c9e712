"""URNs and provider references: `urn:pulumi:<stack>::<project>::<parent types$type>::<name>`.

Source: https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
The functions that take a URN apart do not check it: call `is_urn` first for text from outside.
"""

from __future__ import annotations

import functools
import re

ROOT_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
_PREFIX = "urn:pulumi:"
_API_VERSION = re.compile(r"/v\d{8}[a-z0-9]*:")
"""The API version in a token such as `storage/v20230101:StorageAccount`."""
_URN = re.compile(r"urn:pulumi:[^:\s]+::[^:\s]+::[^\s:][^\s]*::.+", re.DOTALL)


def is_urn(text: str) -> bool:
    """Return True if the text has the form of a URN."""
    return _URN.fullmatch(text) is not None


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource. Its parents' types are part of it; the root stack's is not."""
    parents = qualified_type(parent) if parent else ""
    return f"{_PREFIX}{stack}::{project}::{parents + '$' if parents else ''}{type_}::{name}"


def stack_of(urn: str) -> str:
    """Return the stack in a URN."""
    return _part(urn, 0).removeprefix(_PREFIX)


def project_of(urn: str) -> str:
    """Return the project in a URN."""
    return _part(urn, 1)


def qualified_type(urn: str) -> str:
    """Return the type in a URN with its parents' types; empty for the root stack."""
    qualified = _part(urn, 2)
    return "" if qualified == ROOT_TYPE else qualified


def type_of(urn: str) -> str:
    """Return the type in a URN, without its parents' types."""
    return _part(urn, 2).rpartition("$")[2]


def name_of(urn: str) -> str:
    """Return the logical name in a URN. A name may contain `::`."""
    return urn.split("::", 3)[-1]


def label(urn: str) -> str:
    """Return a resource's type and name, for messages."""
    return f"{type_of(urn)} {name_of(urn)}"


def is_provider(type_: str) -> bool:
    """Return True for the type of a provider."""
    return type_.startswith(PROVIDER_PREFIX)


def plain_type(type_: str) -> str:
    """Return azure-native's type token without the package and an API version: `storage:StorageAccount`."""
    return _API_VERSION.sub(":", type_.removeprefix("azure-native:"))


def provider_urn(reference: str) -> str:
    """Return the URN in a provider reference, which is `<urn>::<id>`."""
    return reference.rpartition("::")[0]


@functools.lru_cache(maxsize=4096)
def _parts(urn: str) -> tuple[str, ...]:
    return tuple(urn.split("::", 3))


def _part(urn: str, index: int) -> str:
    parts = _parts(urn)
    return parts[index] if index < len(parts) else ""
