"""The declared types against the installed SDK."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local_azure.paths import PATHS
from local_azure.schema import Property, PropertyType
from local_azure.types import TYPES
from tests.local_azure.types.support import schemas


def has_path(properties: Mapping[str, Property], path: str) -> bool:
    """Return True if a property path exists."""
    head, _, tail = path.partition(".")
    found = properties.get(head.removesuffix("[*]"))
    return found is not None and (not tail or any(has_path(inner, tail) for inner in objects(found.type)))


def objects(type_: PropertyType) -> list[Mapping[str, Property]]:
    while type_.item is not None:
        type_ = type_.item
    return [option.properties for option in (type_, *type_.options)]


@pytest.mark.parametrize("token", sorted(TYPES))
def test_every_declared_path_is_a_property(token: str) -> None:
    declared, schema = TYPES[token], schemas().resource(token)
    paths = [
        *declared.references,
        *declared.defaults,
        *declared.replace_on_change,
        *declared.immutable,
        *declared.write_only,
    ]
    assert [path for path in paths if not has_path(schema.inputs, path)] == []
    assert [path for path in declared.secret_outputs if not has_path(schema.outputs, path)] == []


def test_declared_types_are_those_with_a_path() -> None:
    assert TYPES.keys() == PATHS.keys()


@pytest.mark.parametrize("token", sorted(TYPES))
def test_every_type_has_a_location_rule(token: str) -> None:
    declared, schema = TYPES[token], schemas().resource(token)
    assert ("location" in schema.inputs) or declared.location in ("none", "inherited")


@pytest.mark.parametrize("token", sorted(TYPES))
def test_references_name_declared_types(token: str) -> None:
    named = {to for tokens in TYPES[token].references.values() for to in tokens}
    assert named <= set(TYPES)
