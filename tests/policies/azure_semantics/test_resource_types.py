"""The types that take tags and a region follow from the installed SDK."""

import pytest

from policies.azure_semantics.resource_types import is_azure_type, takes_location, takes_tags


@pytest.mark.parametrize(
    ("type_", "tags", "location"),
    [
        ("storage:StorageAccount", True, True),
        ("resources:ResourceGroup", True, True),
        ("network:Subnet", False, False),
        ("storage:Blob", False, False),
        ("keyvault:Secret", True, False),
        ("keyvault:Key", False, False),
        ("made:Up", True, True),
    ],
)
def test_type_takes_what_its_sdk_class_takes(type_: str, tags: bool, location: bool) -> None:
    assert (takes_tags(type_), takes_location(type_)) == (tags, location)


def test_other_providers_types_are_not_azure_types() -> None:
    assert [is_azure_type(t) for t in ("storage:StorageAccount", "random:index/x:Y", "pulumi:pulumi:Stack")] == [
        True, False, False,
    ]  # fmt: skip
