"""The replacement rules of the program against those of the local Azure and azure-native."""

from __future__ import annotations

import pytest

from infra.replacements import FIXED
from local_azure.types import TYPES
from tests.infra.mock_stack import MockStack
from tests.local_azure.types.support import schemas
from tests.local_azure.types.test_table import has_path


def fixed_in_azure(type_: str) -> set[str]:
    """Return the paths that Azure never changes, without those that azure-native replaces for by itself."""
    declared, schema = TYPES[type_], schemas().resource(type_)
    location = {"location"} if declared.location == "required" and "location" in schema.inputs else set()
    return (set(declared.immutable) | location) - set(declared.replace_on_change)


def covers(rules: tuple[str, ...], path: str) -> bool:
    """Return True if a rule is at the path or above it."""
    return any(path == rule or path.startswith((f"{rule}.", f"{rule}[")) for rule in rules)


def test_every_fixed_property_is_a_replacement(stack: MockStack) -> None:
    for one in stack.registrations:
        if one.type in TYPES:
            missing = [path for path in fixed_in_azure(one.type) if not covers(one.replace_on_changes, path)]
            assert not missing, (one.type, one.name)


def test_only_generated_names_are_replaced_create_first(stack: MockStack) -> None:
    ruled = [one for one in stack.registrations if one.replace_on_changes]
    assert {one.type.split(":")[-1] for one in ruled if not one.delete_before_replace} <= {"RoleAssignment"}
    assert all(one.type.endswith(":RoleAssignment") for one in ruled if not one.delete_before_replace)


@pytest.mark.parametrize("type_", FIXED)
def test_every_rule_names_a_property(type_: str) -> None:
    inputs = schemas().resource(f"azure-native:{type_}").inputs
    assert [path for path in FIXED[type_] if not has_path(inputs, path)] == []
