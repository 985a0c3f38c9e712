"""Resource types of azure-native: which take tags, and which have a region. Read from the installed SDK."""

from __future__ import annotations

import re

from formats.arm.sdk import PREFIX, has_type, inputs_of

AZURE_TYPE = re.compile(r"^[a-z0-9]+:[A-Z]\w*$")


def is_azure_type(type_: str) -> bool:
    """Return True for a type of azure-native, such as `storage:StorageAccount`."""
    return bool(AZURE_TYPE.match(type_))


TAGS_NEVER_CHANGE = frozenset({"keyvault:Key"})
"""Types whose tags Azure keeps as they were at the creation (REST API, "Keys - Create If Not Exist"): they would be
wrong after a change of the estate's. Their vault has the tags."""


def takes_tags(type_: str) -> bool:
    """Return True if resources of a type must have tags. A type that the SDK lacks must have them."""
    return type_ not in TAGS_NEVER_CHANGE and _takes(type_, "tags")


def takes_location(type_: str) -> bool:
    """Return True if resources of a type have a region. A type that the SDK lacks must have one."""
    return _takes(type_, "location")


def _takes(type_: str, name: str) -> bool:
    return name in inputs_of(PREFIX + type_) or not has_type(PREFIX + type_)
