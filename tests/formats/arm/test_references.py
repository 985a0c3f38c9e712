"""The table of references lists properties of azure-native and types of Azure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from formats.arm.references import ANY, AZURE, kinds, references
from formats.arm.routes import PACKAGES, routes
from formats.arm.sdk import AZURE_NATIVE, inputs_of
from formats.pulumi_sdk import SdkProperty

NOT_INSTALLED = {"microsoft.insights/components"}
"""Types of an installed namespace that are in a package that is not installed."""


def properties_at(type_: str, path: str) -> list[SdkProperty]:
    """Return the SDK's properties at the end of a path, one for each class that a property on the way can have."""
    module = type_.partition(":")[0]
    return list(_properties_at(module, inputs_of(AZURE + type_), path.split(".")))


def _properties_at(module: str, properties: object, steps: list[str]) -> Iterator[SdkProperty]:
    assert isinstance(properties, dict)
    name, is_list = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    found = properties.get(name)
    if found is None or found.is_list is not is_list:
        return
    if len(steps) == 1:
        yield found
    for class_ in found.classes if len(steps) > 1 else ():
        yield from _properties_at(module, AZURE_NATIVE.properties(module, class_), steps[1:])


@pytest.mark.parametrize("type_", sorted({type_ for type_, _ in references()}))
def test_every_listed_path_ends_in_a_text_property(type_: str) -> None:
    chosen = "storage:StorageAccount" if type_ == ANY else type_
    for path in (path for named, path in references() if named == type_):
        found = properties_at(chosen, path)
        assert found, path
        assert not any(property_.classes for property_ in found), path


@cache
def known_types() -> frozenset[str]:
    return frozenset(
        r.arm_type.lower() for packages in PACKAGES.values() for package in packages for r in routes(package)
    )


def test_every_listed_arm_type_exists() -> None:
    """Types of namespaces without an installed package are left out."""
    namespaces = {type_.partition("/")[0] for type_ in known_types()}
    named = {kind for found in references().values() for kind in found} - {ANY}
    checkable = {kind for kind in named if kind.partition("/")[0] in namespaces}
    assert len(checkable) > len(named) / 2
    assert checkable - known_types() == NOT_INSTALLED


def test_a_reference_applies_to_its_own_type_and_path_only() -> None:
    interface = "azure-native:network:NetworkInterface"
    assert kinds(interface, "ipConfigurations[].subnet.id") == {"microsoft.network/virtualnetworks/subnets"}
    assert kinds("azure-native:compute:VirtualMachine", "identity.userAssignedIdentities[]")
    for path in ("ipConfigurations[].id", "subnet.id", "tags.subnetId", "ipConfigurations.subnet.id"):
        assert kinds(interface, path) == frozenset()
