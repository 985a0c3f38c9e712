"""TY3: a reference to a resource that is not judged is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.model import PolicyContext, Resource, Verdict
from policies.plan_resources import resources_of
from policies.rules.governance.foreign_references import POLICY
from policies.runner import evaluate
from tests.policies.shipped import STACKS, after, before

OWN = "/subscriptions/10ca1000-0000-4000-8000-000000000001"
FOREIGN = "/subscriptions/e15e0000-0000-4000-8000-00000000000e"
NETWORK = f"{OWN}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net"
ROLE = "providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
SCANNER = "providers/Microsoft.Security/datascanners/StorageDataScanner"
GALLERY = "galleries/g/images/i/versions/1.0.0"


def found(inputs: Mapping[str, Any], *, is_complete: bool = True, type_: str = "a:B") -> tuple[Verdict, str]:
    network = Resource(urn="net", type="network:VirtualNetwork", name="net", stack="s", inputs={}, id=NETWORK)
    other = Resource(urn="one", type=type_, name="one", stack="s", inputs=inputs)
    context = PolicyContext([network, other], is_complete=is_complete)
    (finding,) = (f for f in evaluate(context, {POLICY.id: POLICY}).findings if f.urn == "one")
    return finding.verdict, finding.path


@pytest.mark.parametrize("plan", [before, after], ids=["before", "after"])
def test_every_reference_of_the_shipped_stacks_is_judged(plan: Any) -> None:
    context = PolicyContext((r for stack in STACKS for r in resources_of(plan(stack))), is_complete=True)
    assert not evaluate(context, {POLICY.id: POLICY}).blocking


@pytest.mark.parametrize(
    "id_",
    [
        NETWORK,
        NETWORK.upper(),
        f"{NETWORK}/",
        NETWORK.removeprefix("/"),
        f"{NETWORK}/subnets/inline",
        OWN,
        f"/{ROLE}",
        f"{OWN}/{ROLE}",
        f"{OWN}/{SCANNER}",
        "/home/breakglass/.ssh/authorized_keys",
        "subscription",
    ],
)
def test_a_judged_resource_and_a_built_in_definition_pass(id_: str) -> None:
    assert found({"a": {"id": id_}})[0] is Verdict.PASS


@pytest.mark.parametrize(
    "id_",
    [
        NETWORK.replace(OWN, FOREIGN),
        NETWORK.replace("/net", "/other"),
        f"{NETWORK}2",
        f"{OWN}/resourceGroups/rg",
        FOREIGN,
        FOREIGN.removeprefix("/"),
        f"  {FOREIGN}",
        f"{FOREIGN}/{ROLE}",
        f"{FOREIGN}/{SCANNER}",
        f"{OWN}/resourceGroups/rg/{SCANNER}/x",
        f"{OWN}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other",
        "/providers/Microsoft.Management/managementGroups/all",
        f"/SharedGalleries/x-1/{GALLERY}",
        f"/CommunityGalleries/x-1/{GALLERY}",
    ],
)
def test_a_resource_outside_of_the_estate_is_unknown(id_: str) -> None:
    assert found({"a": [{"id": id_}]}) == (Verdict.UNKNOWN, "a[0].id")


def test_an_id_as_the_key_of_a_map_is_a_reference() -> None:
    assert found({"identity": {"userAssignedIdentities": {FOREIGN: {}}}})[0] is Verdict.UNKNOWN


def test_a_tag_is_no_reference() -> None:
    assert found({"tags": {"from": FOREIGN}})[0] is Verdict.PASS


def test_an_unknown_reference_is_unknown() -> None:
    inputs = {"identity": {"userAssignedIdentities": [UNKNOWN]}}
    assert found(inputs) == (Verdict.UNKNOWN, "identity.userAssignedIdentities[0]")
    subnet = {"ipConfigurations": [{"subnet": {"id": UNKNOWN}}]}
    assert found(subnet, type_="network:NetworkInterface") == (Verdict.UNKNOWN, "ipConfigurations[0].subnet.id")


def test_an_unknown_value_that_is_no_reference_is_left_to_other_rules() -> None:
    assert found({"name": UNKNOWN})[0] is Verdict.PASS


def test_a_stack_without_the_rest_of_the_estate_is_not_judged() -> None:
    assert found({"a": FOREIGN}, is_complete=False)[0] is Verdict.NOT_APPLICABLE
