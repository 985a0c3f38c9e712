"""The guards stand in every room, refuse what they speak of whoever asks, and nothing that the program declares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.guards import OF_A_HUB, OF_A_ROOM
from local_azure.arm import Arm
from local_azure.model import AzureError, StoredResource
from local_azure.policy.enforcement import refuse_disallowed
from local_azure.policy.fields import PolicyTarget
from local_azure.schema import azure_native
from local_azure.store import Store
from local_azure.types import TYPES
from operations.plan import canonical
from tests.infra.local import Site
from tests.infra.world import World

AZURE = "azure-native:"
FOREIGN = "/subscriptions/f0e10000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Storage"
pytestmark = pytest.mark.xdist_group("infra-guards")


def test_each_room_has_its_guards_enforced(stack: World) -> None:
    groups = len(stack.of("ResourceGroup"))
    wanted = OF_A_HUB if stack.of("AzureFirewall") else OF_A_ROOM
    assigned = stack.of("PolicyAssignment")
    assert len(assigned) == groups * len(wanted)
    for one in assigned:
        assert one.inputs["enforcementMode"] == "Default"
        assert not {"notScopes", "overrides", "resourceSelectors", "parameters"} & one.inputs.keys()
        assert one.inputs["nonComplianceMessages"][0]["message"]


def test_each_stack_defines_its_guards_once(stack: World) -> None:
    wanted = OF_A_HUB if stack.of("AzureFirewall") else OF_A_ROOM
    rules = [one.inputs["policyRule"] for one in stack.of("PolicyDefinition")]
    assert sorted(map(canonical, rules)) == sorted(canonical(guard.policy_rule) for guard in wanted)


class Beside:
    """Somebody who writes to the local Azure beside the program."""

    def __init__(self, site: Site) -> None:
        self.store = Store(site.folder / "azure.db")
        self.arm = Arm(self.store, azure_native(), TYPES)

    def one(self, token: str, room: str = "") -> StoredResource:
        return next(r for r in self.store.of_type(AZURE + token) if room in r.id)

    def make(self, token: str, beside: StoredResource, **inputs: Any) -> StoredResource:
        parts = beside.id.split("/")
        place = {"resourceGroupName": parts[4], "location": "uksouth"}
        return self.arm.create(AZURE + token, {**place, **inputs}, parts[2])

    def change(self, found: StoredResource, **inputs: Any) -> StoredResource:
        known = self.arm.known_type(found.token).schema.inputs
        before = {key: value for key, value in found.properties.items() if key in known}
        return self.arm.update(found.id, found.token, {**before, **inputs}, found.id.split("/")[2])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A hub and a zone that are up."""
    made = Site(tmp_path_factory.mktemp("guarded"))
    for name in ("platform", "junction-zone"):
        made.engine.up(made.stack(name))
    return made


@pytest.fixture(scope="module")
def beside(site: Site) -> Beside:
    return Beside(site)


@contextmanager
def disallowed(noun: str) -> Iterator[None]:
    with pytest.raises(AzureError) as caught:
        yield
    assert (caught.value.code, caught.value.status) == ("RequestDisallowedByPolicy", 403), caught.value
    assert noun in caught.value.message


def test_nothing_that_the_program_declares_is_refused(site: Site, beside: Beside) -> None:
    """Written again, now that every guard stands: which of them comes first must not matter."""
    for name in ("platform", "junction-zone"):
        for one in site.engine.export_state(name)["deployment"]["resources"]:
            if one["type"].startswith(AZURE):
                type_ = beside.arm.known_type(one["type"]).schema.arm_type
                refuse_disallowed(beside.store, PolicyTarget(one["id"], type_, one["inputs"]))


@pytest.mark.parametrize("kind", ["FirewallPolicyNatRuleCollection", "firewallpolicynatrulecollection"])
def test_a_translation_is_refused(beside: Beside, kind: str) -> None:
    policy = beside.one("network:FirewallPolicy")
    with disallowed("no-translation"):
        beside.make("network:FirewallPolicyRuleCollectionGroup", policy, firewallPolicyName=policy.name,
                    ruleCollectionGroupName="rcg-in", priority=150, ruleCollections=[
                        {"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "a", "priority": 100},
                        {"ruleCollectionType": kind, "name": "in", "priority": 110, "action": {"type": "DNAT"}},
                    ])  # fmt: skip


@pytest.mark.parametrize(
    "opened",
    [{"enableTunneling": True}, {"enableFileCopy": True}, {"enableIpConnect": True}, {"enableShareableLink": True},
     {"enableKerberos": True}, {"disableCopyPaste": False}, {"disableCopyPaste": None}],
    ids=str,
)  # fmt: skip
def test_a_bastion_that_carries_something_is_refused(beside: Beside, opened: dict[str, Any]) -> None:
    with disallowed("bastion-carries-nothing"):
        beside.change(beside.one("network:BastionHost"), **opened)


@pytest.mark.parametrize("connections", ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"])
@pytest.mark.parametrize("room", ["hub", "junction"])
@pytest.mark.parametrize(
    "target", [f"{FOREIGN}/storageAccounts/s", "theirs.1a2b.uksouth.azure.privatelinkservice", "", None, "other room"]
)
def test_an_endpoint_that_leads_out_of_its_room_is_refused(
    beside: Beside, connections: str, room: str, target: str | None
) -> None:
    own = beside.one("keyvault:Vault", room if room == "junction" else "platform")
    other = beside.one("keyvault:Vault", "platform" if room == "junction" else "junction")
    leads = {"privateLinkServiceId": other.id if target == "other room" else target} if target is not None else {}
    with disallowed("endpoints-stay"):
        beside.make("network:PrivateEndpoint", own, privateEndpointName="pep-out",
                    subnet={"id": beside.one("network:Subnet", "endpoints").id},
                    **{connections: [{"name": "out", "groupIds": ["blob"], **leads}]})  # fmt: skip


def test_a_public_address_of_a_zone_is_refused_and_of_the_hub_is_not(beside: Beside) -> None:
    address = {"publicIpAddressName": "pip-out", "sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"}
    with disallowed("no-public-addresses"):
        beside.make("network:PublicIPAddress", beside.one("keyvault:Vault", "junction"), **address)
    made = beside.make("network:PublicIPAddress", beside.one("network:BastionHost"), **address)
    with disallowed("no-public-addresses"):
        beside.make("network:NetworkInterface", beside.one("keyvault:Vault", "junction"), networkInterfaceName="nic",
                    ipConfigurations=[{"name": "ip", "publicIPAddress": {"id": made.id}}])  # fmt: skip
    beside.arm.delete(made.id, made.token, made.id.split("/")[2])


@pytest.mark.parametrize(
    "opened",
    [{"publicNetworkAccess": "Enabled"}, {"publicNetworkAccess": "SecuredByPerimeter"}, {"publicNetworkAccess": None},
     {"allowSharedKeyAccess": True}, {"allowSharedKeyAccess": None}, {"allowBlobPublicAccess": True}],
    ids=str,
)  # fmt: skip
def test_a_store_that_is_opened_is_refused(beside: Beside, opened: dict[str, Any]) -> None:
    for store in beside.store.of_type(f"{AZURE}storage:StorageAccount"):
        with disallowed("stores-stay-closed"):
            beside.change(store, **opened)


def test_a_vault_that_is_opened_is_refused(beside: Beside) -> None:
    for vault in beside.store.of_type(f"{AZURE}keyvault:Vault"):
        with disallowed("stores-stay-closed"):
            beside.change(vault, properties={**vault.properties["properties"], "publicNetworkAccess": "Enabled"})
