"""The table of references speaks of properties that azure-native has and of types that Azure has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from formats.arm.references import ANY, AZURE, kinds, references
from formats.arm.routes import PACKAGES, routes
from formats.arm.sdk import Hint, hints, hints_of_class

ELSEWHERE = {"microsoft.insights/components"}
"""Of a namespace that several packages share, in one that is not installed."""


def ends(type_: str, path: str) -> list[Hint]:
    """What the SDK says of the end of a path: once for each class that a property on the way can have."""
    module = type_.partition(":")[0]
    return list(_ends(module, hints(AZURE + type_), path.split(".")))


def _ends(module: str, properties: object, steps: list[str]) -> Iterator[Hint]:
    assert isinstance(properties, dict)
    name, is_list = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    hint = properties.get(name)
    if hint is None or hint.is_list is not is_list:
        return
    if len(steps) == 1:
        yield hint
    for class_ in hint.classes if len(steps) > 1 else ():
        yield from _ends(module, hints_of_class(module, class_), steps[1:])


@pytest.mark.parametrize("type_", sorted({type_ for type_, _ in references()}))
def test_every_path_of_the_table_ends_in_a_text_of_the_sdk(type_: str) -> None:
    chosen = "storage:StorageAccount" if type_ == ANY else type_
    for path in (path for named, path in references() if named == type_):
        found = ends(chosen, path)
        assert found, path
        assert not any(hint.classes for hint in found), path


@cache
def known_types() -> frozenset[str]:
    return frozenset(
        r.arm_type.lower() for packages in PACKAGES.values() for package in packages for r in routes(package)
    )


def test_every_kind_of_the_table_is_a_type_that_azure_makes() -> None:
    """As far as a package of its namespace is installed."""
    namespaces = {type_.partition("/")[0] for type_ in known_types()}
    named = {kind for found in references().values() for kind in found} - {ANY}
    told = {kind for kind in named if kind.partition("/")[0] in namespaces}
    assert len(told) > len(named) / 2
    assert told - known_types() == ELSEWHERE


def test_a_reference_is_of_its_own_type_and_path_alone() -> None:
    interface = "azure-native:network:NetworkInterface"
    assert kinds(interface, "ipConfigurations[].subnet.id") == {"microsoft.network/virtualnetworks/subnets"}
    assert kinds("azure-native:compute:VirtualMachine", "identity.userAssignedIdentities[]")
    for path in ("ipConfigurations[].id", "subnet.id", "tags.subnetId", "ipConfigurations.subnet.id"):
        assert kinds(interface, path) == frozenset()
