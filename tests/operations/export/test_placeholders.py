"""Placeholders in a template for values that are unknown before the deployment."""

from __future__ import annotations

import json
from uuid import UUID

from formats.plan import SECRET, UNKNOWN
from operations.export.arm import template
from tests.operations.export.plans import SUBSCRIPTION, grant, group, made, network, one, plan_of, store, subnet

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub"
NETWORK_ID = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/vnet-hub"


def test_one_unknown_principal_is_the_same_identifier_everywhere_and_listed() -> None:
    room = group()
    who = made("managedidentity:UserAssignedIdentity", "id", {"resourceGroupName": "rg-hub", "resourceName": "id"})
    name = "11111111-2222-4333-8444-55555555555"
    roles = [
        made("authorization:RoleAssignment", f"r{n}", grant(principalId=UNKNOWN, roleAssignmentName=f"{name}{n}"),
             from_={"principalId": [who.urn]})
        for n in (0, 1)
    ]  # fmt: skip
    found = template(plan_of(room, who, *roles))
    principals = {r["properties"]["principalId"] for r in found["resources"] if "scope" in r}
    assert len(principals) == 1
    assert all(len(p) == 36 and p.count("-") == 4 for p in principals)
    assert sum(path.endswith("principalId") for path in found["metadata"]["placeholders"]) == 2


def test_an_unknown_id_is_the_real_one_of_the_only_source_of_its_kind() -> None:
    room = group()
    vnet = network(room)
    sub = subnet(room, vnet)
    address = made("network:PublicIPAddress", "pip", {"resourceGroupName": "rg-hub", "publicIpAddressName": "pip"})
    configuration = {"name": "ipconf", "subnet": {"id": UNKNOWN}, "publicIPAddress": {"id": UNKNOWN}}
    bastion = made(
        "network:BastionHost",
        "bas",
        {"resourceGroupName": "rg-hub", "bastionHostName": "bas", "ipConfigurations": [configuration]},
        from_={"ipConfigurations": [sub.urn, address.urn]},
    )
    made_ = template(plan_of(room, vnet, sub, address, bastion))
    (found,) = [r for r in made_["resources"] if r["name"] == "bas"]
    (placed,) = found["properties"]["ipConfigurations"]
    assert placed["properties"]["subnet"]["id"] == f"{NETWORK_ID}/subnets/snet-data"
    assert placed["properties"]["publicIPAddress"]["id"].endswith("/publicIPAddresses/pip")
    assert made_["metadata"]["placeholders"] == {}


def test_of_several_of_one_type_none_is_taken_for_an_unknown_id() -> None:
    room = group()
    names = ("privatelink.blob.core.windows.net", "privatelink.queue.core.windows.net")
    zones = [made("privatedns:PrivateZone", n, {"resourceGroupName": "rg-hub", "privateZoneName": n}) for n in names]
    entries = [{"name": n.replace(".", "-"), "privateDnsZoneId": UNKNOWN} for n in names]
    inputs = {"resourceGroupName": "rg-hub", "privateEndpointName": "pep", "privateDnsZoneGroupName": "default"}
    dns = made("network:PrivateDnsZoneGroup", "dns", {**inputs, "privateDnsZoneConfigs": entries},
               from_={"privateDnsZoneConfigs": [z.urn for z in zones]})  # fmt: skip
    listed = template(plan_of(room, *zones, dns))["metadata"]["placeholders"]
    assert [path.rpartition(".")[2] for path in listed] == ["privateDnsZoneId", "privateDnsZoneId"]


def test_each_property_takes_the_id_of_its_own_kind() -> None:
    room = group()
    disk = made("compute:Disk", "disk", {"resourceGroupName": "rg-hub", "diskName": "disk"})
    keys = made("compute:DiskEncryptionSet", "des", {"resourceGroupName": "rg-hub", "diskEncryptionSetName": "des"})
    profile = {
        "osDisk": {"createOption": "FromImage", "managedDisk": {"diskEncryptionSet": {"id": UNKNOWN}}},
        "dataDisks": [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": UNKNOWN}}],
    }
    machine = made("compute:VirtualMachine", "vm", {"resourceGroupName": "rg-hub", "vmName": "vm",
                   "storageProfile": profile}, from_={"storageProfile": [disk.urn, keys.urn]})  # fmt: skip
    placed = one(plan_of(room, disk, keys, machine), "Microsoft.Compute/virtualMachines")["properties"][
        "storageProfile"
    ]
    set_ = placed["osDisk"]["managedDisk"]["diskEncryptionSet"]["id"]
    assert set_.endswith("/diskEncryptionSets/des")
    assert placed["dataDisks"][0]["managedDisk"]["id"].endswith("/disks/disk")


def test_the_id_of_an_inline_subnet_is_not_taken_for_its_networks() -> None:
    room = group()
    vnet = network(room)
    card = made(
        "network:NetworkInterface",
        "nic",
        {"resourceGroupName": "rg-hub", "networkInterfaceName": "nic",
         "ipConfigurations": [{"name": "a", "subnet": {"id": UNKNOWN}}]},
        from_={"ipConfigurations": [vnet.urn]},
    )  # fmt: skip
    made_ = template(plan_of(room, vnet, card))
    assert any(path.endswith("subnet.id") for path in made_["metadata"]["placeholders"])


def test_a_name_that_the_provider_gives_has_a_placeholder_of_its_form() -> None:
    given = {key: value for key, value in grant().items() if key != "roleAssignmentName"}
    made_ = template(plan_of(group(), made("authorization:RoleAssignment", "r", given)))
    (found,) = [r for r in made_["resources"] if "scope" in r]
    assert UUID(found["name"])
    assert list(made_["metadata"]["placeholders"]) == ["resources[1].name"]


def test_unknown_names_of_a_parent_and_group_are_read_off_their_resources() -> None:
    room = group()
    vnet = network(room)
    sub = made(
        "network:Subnet",
        "snet",
        {"resourceGroupName": UNKNOWN, "virtualNetworkName": UNKNOWN, "subnetName": "snet", "addressPrefix": UNKNOWN},
        from_={"resourceGroupName": [room.urn], "virtualNetworkName": [vnet.urn]},
    )
    made_ = template(plan_of(room, vnet, sub))
    (found,) = [r for r in made_["resources"] if r["type"].endswith("/subnets")]
    assert found["metadata"]["id"] == f"{NETWORK_ID}/subnets/snet"
    assert found["properties"]["addressPrefix"] == "192.0.2.0/24"  # never routed, and still an address prefix


def test_what_stands_in_an_unknown_name_is_listed_too() -> None:
    room = group()
    account = made("storage:StorageAccount", "st", {"resourceGroupName": "rg-hub", "accountName": UNKNOWN})
    inside = {"resourceGroupName": "rg-hub", "accountName": UNKNOWN, "containerName": "c"}
    container = made("storage:BlobContainer", "c", inside, from_={"accountName": [account.urn]})
    held = {"lockName": "l", "level": "CanNotDelete", "scope": UNKNOWN}
    lock = made("authorization:ManagementLockByScope", "l", held, from_={"scope": [container.urn]})
    made_ = template(plan_of(room, account, container, lock))
    assert [path.rpartition(".")[2] for path in made_["metadata"]["placeholders"]] == ["name", "name", "scope"]


def test_what_is_unknown_and_no_text_is_left_out_and_listed_never_a_text() -> None:
    room = group()
    account = store(room, allowBlobPublicAccess=UNKNOWN, encryption=UNKNOWN, accessTier=UNKNOWN)
    made_ = template(plan_of(room, account))
    (found,) = [r for r in made_["resources"] if r["name"] == "stsdehub"]
    assert {"allowBlobPublicAccess", "encryption", "accessTier"}.isdisjoint(found["properties"])
    assert [p.rpartition(".")[2] for p in made_["metadata"]["placeholders"]] == [
        "accessTier",
        "allowBlobPublicAccess",
        "encryption",
    ]
    assert UNKNOWN not in json.dumps(made_)


def test_what_arm_requires_and_nobody_knows_has_the_empty_value_of_its_type() -> None:
    room = group()
    inner = {"tenantId": UNKNOWN, "sku": UNKNOWN}
    vault = made("keyvault:Vault", "kv", {"resourceGroupName": "rg-hub", "vaultName": "kv", "properties": inner})
    assert one(plan_of(room, vault), "Microsoft.KeyVault/vaults")["properties"]["sku"] == {}


def test_a_secret_is_named_as_one_and_never_written() -> None:
    secret = made(
        "keyvault:Secret",
        "s",
        {"resourceGroupName": "rg-hub", "vaultName": "kv", "secretName": "s", "properties": {"value": SECRET}},
    )
    made_ = template(plan_of(group(), secret))
    assert SECRET not in json.dumps(made_)
    (path,) = [p for p, why in made_["metadata"]["placeholders"].items() if why == "secret"]
    assert path.endswith(".properties.value")
