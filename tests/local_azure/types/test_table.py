"""The table against the installed SDK: every type is there, and every path that a declaration names is a property."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local_azure.paths import PATHS
from local_azure.schema import Property, PropertyType
from local_azure.types import TYPES
from tests.local_azure.types.support import schemas


def stands(properties: Mapping[str, Property], path: str) -> bool:
    """Whether a property path leads somewhere."""
    head, _, tail = path.partition(".")
    found = properties.get(head.removesuffix("[*]"))
    return found is not None and (not tail or any(stands(inner, tail) for inner in objects(found.type)))


def objects(type_: PropertyType) -> list[Mapping[str, Property]]:
    while type_.item is not None:
        type_ = type_.item
    return [option.properties for option in (type_, *type_.options)]


@pytest.mark.parametrize("token", sorted(TYPES))
def test_every_path_of_a_declaration_is_a_property(token: str) -> None:
    declared, schema = TYPES[token], schemas().resource(token)
    paths = [
        *declared.references,
        *declared.defaults,
        *declared.replace_on_change,
        *declared.immutable,
        *declared.write_only,
    ]
    assert [path for path in paths if not stands(schema.inputs, path)] == []
    assert [path for path in declared.secret_outputs if not stands(schema.outputs, path)] == []


@pytest.mark.parametrize("token", sorted(TYPES))
def test_every_type_has_an_arm_path_and_says_where_it_lives(token: str) -> None:
    declared, schema = TYPES[token], schemas().resource(token)
    assert PATHS.get(token) or declared.path
    assert ("location" in schema.inputs) or declared.location in ("none", "inherited")


@pytest.mark.parametrize("token", sorted(TYPES))
def test_references_name_types_of_the_table(token: str) -> None:
    named = {to for tokens in TYPES[token].references.values() for to in tokens}
    assert named <= set(TYPES)
