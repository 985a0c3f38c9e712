"""Rules for virtual machines, scale sets, disks and disk encryption sets."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from infra.first_boot import CLOUD_CONFIG_HEADER, FILES, SERVER_PATH, first_boot
from infra.home_disk import DEVICE, home_disk_settings
from policies.model import Verdict
from tests.policies.rules import shipped_cases
from tests.policies.rules.cases import (
    GONE,
    GROUP,
    World,
    changed,
    group,
    label,
    made,
    rows,
    verdict,
    without,
)  # fmt: skip

TENANCY = "tre-hcm-progression"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
SET, DISK = f"{COMPUTE}/diskEncryptionSets/des", f"{COMPUTE}/disks/data"
NIC = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/nic"
TWICE = "EncryptionAtRestWithPlatformAndCustomerKeys"
VAULT_URI = "https://kv-heart.vault.azure.net/"
ELSEWHERE = "/subscriptions/e15e0000-0000-4000-8000-00000000000e/resourceGroups/rg/providers/Microsoft.Compute"


def boot(change: Mapping[str, Any]) -> str:
    """Return a first boot that differs."""
    data = first_boot(home_disk_settings())
    case_name = json.loads(base64.b64decode(data).decode().removeprefix(CLOUD_CONFIG_HEADER)) | change
    return base64.b64encode((CLOUD_CONFIG_HEADER + json.dumps(case_name)).encode()).decode()


STRANGE = {"path": "/etc/ssh/sshd_config.d/01-first.conf", "content": "ForceCommand none"}
OTHERS: tuple[Mapping[str, Any], ...] = (
    {"write_files": []},
    {"write_files": [dict(FILES[0])]},
    {"write_files": [*map(dict, FILES), STRANGE]},
    {"write_files": [*map(dict, FILES), {**FILES[1], "content": ""}]},
    {"write_files": "all"},
    {"runcmd": [["rm", SERVER_PATH]]},
    {"runcmd": None},
    {"bootcmd": [["id"]]},
    {"users": ["default"]},
    {"disk_setup": {}},
    {"packages": ["openssh-server"]},
    {"package_reboot_if_required": False},
    {"fs_setup": [{"device": DEVICE, "cmd": "id"}]},
    {"mounts": [*home_disk_settings()["mounts"], [DEVICE, "/etc/ssh"]]},
    {"mounts": [[DEVICE, "/home", "ext4", "defaults,nofail"]]},
    {"growpart": {"mode": "auto", "devices": ["/dev/sdz1"]}},
    {"user": {"name": "root"}},
    {"apt": {"sources": {"theirs": {"key": "k"}}}},
    {"apt": {"primary": [{"arches": ["default"], "uri": "https://a.example.org", "keyid": "k"}]}},
    {"apt": {"primary": "https://a.example.org"}},
)
"""Changes that disable the terminal, or do more than configure the package mirror."""


def computer(**security: Any) -> dict[str, Any]:
    """Return a desk with these settings in its security profile."""
    return {
        "securityProfile": {
            "encryptionAtHost": True,
            "securityType": "TrustedLaunch",
            "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
            **security,
        },
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
            "osDisk": {"createOption": "FromImage", "managedDisk": {"diskEncryptionSet": {"id": SET}}},
            "dataDisks": [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": DISK}}],
        },
        "osProfile": {
            "customData": first_boot(home_disk_settings()),
            "linuxConfiguration": {
                "disablePasswordAuthentication": True,
                "provisionVMAgent": True,
                "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"},
            },
        },
        "networkProfile": {"networkInterfaces": [{"id": NIC}]},
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
    }


def confidential() -> dict[str, Any]:
    inputs = computer(encryptionAtHost=False, securityType="ConfidentialVM")
    guarded = {"securityEncryptionType": "DiskWithVMGuestState", "diskEncryptionSet": {"id": SET}}
    inputs["storageProfile"]["osDisk"]["managedDisk"] = {"securityProfile": guarded}
    return inputs


def world(data_class: str = "de-identified") -> World:
    inputs = confidential() if data_class == "identifiable" else computer()
    set_ = made("compute:DiskEncryptionSet", "des", encryptionType=TWICE,
                rotationToLatestKeyVersionEnabled=True, activeKey={"keyUrl": f"{VAULT_URI}keys/key-disks"})  # fmt: skip
    disk = made("compute:Disk", "data", networkAccessPolicy="DenyAll", publicNetworkAccess="Disabled",
                dataAccessAuthMode="AzureActiveDirectory", creationData={"createOption": "Empty"},
                encryption={"diskEncryptionSetId": SET, "type": TWICE})  # fmt: skip
    return {
        "group": group(data_class),
        "key": made("keyvault:Key", "key", vaultName="kv-heart", keyName="key-disks"),
        "des": replace(set_, id=SET),
        "disk": replace(disk, id=DISK),
        "nic": replace(made("network:NetworkInterface", "nic"), id=NIC),
        "desk": made("compute:VirtualMachine", "desk", **inputs),
        "sign-in": made("compute:VirtualMachineExtension", "sign-in", type="AADSSHLoginForLinux",
                        publisher="Microsoft.Azure.ActiveDirectory"),
    }  # fmt: skip


OS, LINUX = "storageProfile.osDisk", "osProfile.linuxConfiguration"
COMPUTER: dict[str, list[tuple[str, str, tuple[object, ...]]]] = {
    "VM1": [
        ("desk", "securityProfile", (GONE,)),
        ("desk", "securityProfile.encryptionAtHost", (False, "true", GONE)),
    ],
    "VM2": [
        ("desk", "securityProfile", (GONE,)),
        ("desk", "securityProfile.securityType", ("Standard", GONE)),
        ("desk", "securityProfile.uefiSettings.secureBootEnabled", (False, GONE)),
        ("desk", "securityProfile.uefiSettings.vTpmEnabled", (False, GONE)),
    ],
    "VM3": [
        ("desk", f"{OS}.managedDisk", (GONE,)),
        ("desk", f"{OS}.managedDisk.diskEncryptionSet", (GONE,)),
        ("desk", f"{OS}.managedDisk.diskEncryptionSet.id", (f"{ELSEWHERE}/diskEncryptionSets/des", "", DISK)),
        ("desk", f"{OS}.vhd", ({"uri": "https://st.blob.core.windows.net/vhds/os.vhd"},)),
        ("desk", "storageProfile.dataDisks", ([{"lun": 1, "createOption": "Empty"}],)),
        ("desk", "storageProfile.dataDisks[0].managedDisk.id", (f"{ELSEWHERE}/disks/data", GONE)),
    ],
    "VM5": [
        ("desk", "osProfile", (GONE,)),
        ("desk", LINUX, (GONE,)),
        ("desk", f"{LINUX}.disablePasswordAuthentication", (False, GONE)),
        ("desk", "osProfile.adminPassword", ("[secret]",)),
        ("desk", f"{LINUX}.provisionVMAgent", (False,)),
        ("desk", f"{LINUX}.patchSettings", (GONE,)),
        ("desk", f"{LINUX}.patchSettings.patchMode", ("ImageDefault", GONE)),
        ("desk", f"{LINUX}.patchSettings.assessmentMode", ("ImageDefault", GONE)),
    ],
    "VM9": [("desk", "diagnosticsProfile.bootDiagnostics.storageUri", ("https://st.blob.core.windows.net/",))],
    "VM11": [
        ("desk", "storageProfile.imageReference", ({"communityGalleryImageId": "/CommunityGalleries/x"}, GONE)),
        ("desk", "storageProfile.imageReference.publisher", ("somebody", GONE)),
        ("desk", "storageProfile.imageReference.offer",
         ("UbuntuServer", "0001-com-ubuntu-server-focal", "ubuntu-20_04-lts", "CentOS", "debian-10", GONE)),
        ("desk", "storageProfile.imageReference.sku", ("18.04-LTS", "16_04-lts-gen2", "2012-R2-Datacenter", GONE)),
    ],
    "VM12": [
        ("desk", "networkProfile.networkInterfaceConfigurations",
         ([{"ipConfigurations": [{"publicIPAddressConfiguration": {"name": "pip"}}]}], [{"enableIPForwarding": True}])),
    ],
}  # fmt: skip
WEAK: dict[str, list[tuple[str, str, tuple[object, ...]]]] = COMPUTER | {
    "VM4": [
        ("disk", "networkAccessPolicy", ("AllowAll", "AllowPrivate", GONE)),
        ("disk", "publicNetworkAccess", ("Enabled", GONE)),
    ],
    "VM6": [("des", "encryptionType", ("EncryptionAtRestWithCustomerKey", GONE))],
    "VM7": [
        ("sign-in", "type", ("CustomScript", "VMAccessForLinux", "RunCommandLinux", GONE)),
        ("sign-in", "publisher", ("Microsoft.Azure.Extensions", "somebody", GONE)),
        ("sign-in", "settings", ({"fileUris": ["https://x"]}, {"commandToExecute": "id"}, {"script": "aWQ="})),
    ],
    "VM10": [("disk", "dataAccessAuthMode", ("None", GONE))],
    "VM13": [
        ("disk", "creationData.createOption", ("Import", "Upload", "Copy", "Restore", "ImportSecure", GONE)),
        ("disk", "creationData", (GONE, {"createOption": "Copy", "sourceResourceId": f"{ELSEWHERE}/disks/d"})),
    ],
    "VM14": [("disk", "maxShares", (2,))],
    "VM16": [("desk", "osProfile.customData", (GONE, "", "not base64", *map(boot, OTHERS)))],
    "VM15": [("desk", "networkProfile.networkInterfaces[0].id", (f"{ELSEWHERE}/nic", SET, GONE))],
}
MORE = {
    "VM3": [
        ("des", "activeKey", (GONE,)),
        ("des", "activeKey.keyUrl", ("https://kv-elsewhere.vault.azure.net/keys/key-disks", f"{VAULT_URI}keys/other")),
        ("des", "rotationToLatestKeyVersionEnabled", (False, GONE)),
        ("des", "encryptionType", ("EncryptionAtRestWithPlatformKey",)),
        ("disk", "encryption", (GONE,)),
        ("disk", "encryption.diskEncryptionSetId", (f"{ELSEWHERE}/diskEncryptionSets/des", "", GONE)),
        ("disk", "encryption.type", ("EncryptionAtRestWithPlatformKey",)),
    ]
}
ROWS = rows(WEAK) + rows(MORE)


class TestScaleSets:
    """Return the cases for a scale set's profile."""

    def of(self, inputs: dict[str, Any]) -> World:
        return world() | {"desk": made("compute:VirtualMachineScaleSet", "desk", virtualMachineProfile=inputs)}

    @pytest.mark.parametrize("row", rows(COMPUTER), ids=label)
    def test_each_weakness_is_refused(self, row: tuple[str, str, str, object]) -> None:
        policy, name, path, value = row
        weak = changed(self.of(computer()), name, f"virtualMachineProfile.{path}", value)
        assert verdict(weak, policy, name) is Verdict.FAIL

    @pytest.mark.parametrize("policy", [*COMPUTER, "VM7"])
    def test_a_closed_one_passes(self, policy: str) -> None:
        assert verdict(self.of(computer()), policy, "desk") is Verdict.PASS

    def test_extensions_are_found_inside(self) -> None:
        inputs = {
            "extensionProfile": {"extensions": [{"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript"}]}
        }
        assert verdict(self.of(inputs), "VM7", "desk") is Verdict.FAIL

    def test_replacing_the_image_is_as_good_as_patching(self) -> None:
        inputs = computer()
        del inputs["osProfile"]["linuxConfiguration"]["patchSettings"]
        upgrade = {"automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": True}}
        assert verdict(changed(self.of(inputs), "desk", "upgradePolicy", upgrade), "VM5", "desk") is Verdict.PASS
        assert verdict(self.of(inputs), "VM5", "desk") is Verdict.FAIL


class TestIdentifiableData:
    GUARD = f"{OS}.managedDisk.securityProfile.securityEncryptionType"

    def test_trusted_launch_is_not_enough(self) -> None:
        trusted = world("identifiable") | {"desk": world()["desk"]}
        assert verdict(trusted, "VM2", "desk") is Verdict.FAIL

    @pytest.mark.parametrize("value", ["VMGuestStateOnly", "NonPersistedTPM", GONE])
    def test_the_disk_is_confidential_too(self, value: object) -> None:
        assert verdict(changed(world("identifiable"), "desk", self.GUARD, value), "VM2", "desk") is Verdict.FAIL

    def test_a_computer_that_does_not_encrypt_inside_does_at_its_host(self) -> None:
        weak = changed(world("identifiable"), "desk", self.GUARD, "VMGuestStateOnly")
        assert verdict(weak, "VM1", "desk") is Verdict.FAIL
        assert verdict(world("identifiable"), "VM1", "desk") is Verdict.PASS

    def test_keys_of_confidential_disks_do_not_rotate_by_themselves(self) -> None:
        kind = changed(world(), "des", "encryptionType", "ConfidentialVmEncryptedWithCustomerKey")
        still = changed(kind, "des", "rotationToLatestKeyVersionEnabled", False)
        pinned = changed(still, "des", "activeKey.keyUrl", f"{VAULT_URI}keys/key-disks/0123456789")
        assert verdict(pinned, "VM3", "des") is Verdict.PASS
        assert verdict(kind, "VM3", "des") is Verdict.FAIL


class TestKeys:
    def test_a_disk_without_the_set_that_it_names_fails(self) -> None:
        bare = without(world(), "des")
        assert {verdict(bare, "VM3", name) for name in ("desk", "disk")} == {Verdict.FAIL}

    def test_a_set_without_the_key_that_it_names_fails(self) -> None:
        assert verdict(without(world(), "key"), "VM3", "des") is Verdict.FAIL

    def test_a_key_that_the_deployment_makes_counts_where_the_address_comes_from_it(self) -> None:
        opaque = changed(world(), "des", "activeKey.keyUrl", UNKNOWN)
        assert verdict(opaque, "VM3", "des") is Verdict.UNKNOWN
        fed = replace(opaque["des"], property_dependencies={"activeKey": (world()["key"].urn,)})
        assert verdict(opaque | {"des": fed}, "VM3", "des") is Verdict.PASS

    def test_a_confidential_disk_names_its_set_elsewhere(self) -> None:
        own = changed(changed(world(), "disk", "encryption", GONE), "disk", "securityProfile",
                      {"secureVMDiskEncryptionSetId": SET})  # fmt: skip
        assert verdict(own, "VM3", "disk") is Verdict.PASS

    def test_synthetic_data_may_lie_under_a_key_of_microsofts(self) -> None:
        bare = changed(world("synthetic"), "disk", "encryption", GONE)
        assert verdict(bare, "VM3", "disk") is Verdict.NOT_APPLICABLE


class TestWindows:
    def of(self, **windows: Any) -> World:
        patches = {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}
        profile = {"adminPassword": "[secret]", "windowsConfiguration": {"patchSettings": patches, **windows}}
        return changed(world(), "desk", "osProfile", profile)

    def test_it_cannot_be_made_without_a_password(self) -> None:
        assert verdict(self.of(), "VM5", "desk") is Verdict.PASS

    @pytest.mark.parametrize("windows", [
        {"enableAutomaticUpdates": False}, {"patchSettings": {"patchMode": "Manual"}}, {"provisionVMAgent": False},
        {"winRM": {"listeners": [{"protocol": "Http"}]}}, {"winRM": {"listeners": [{}]}},
    ])  # fmt: skip
    def test_each_weakness_is_refused(self, windows: dict[str, Any]) -> None:
        assert verdict(self.of(**windows), "VM5", "desk") is Verdict.FAIL


class TestImages:
    @pytest.mark.parametrize("image", [
        {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-azure-edition"},
        {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"},
        {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
        {"publisher": "microsoft-dsvm", "offer": "ubuntu-2204", "sku": "2204-gen2"},
    ])  # fmt: skip
    def test_what_is_mended_passes(self, image: dict[str, str]) -> None:
        assert verdict(changed(world(), "desk", "storageProfile.imageReference", image), "VM11", "desk") is Verdict.PASS

    @pytest.mark.parametrize("image", [
        {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server-of-mine"},
        {"publisher": "canonical", "offer": "anything", "sku": "server"},
        {"publisher": "microsoft-ads", "offer": "linux-data-science-vm", "sku": "linuxdsvm"},
        {"publisher": "almalinux", "offer": "almalinux-x86_64", "sku": "9-gen2"},
    ])  # fmt: skip
    def test_an_image_of_a_known_publisher_that_is_not_listed_fails(self, image: dict[str, str]) -> None:
        assert verdict(changed(world(), "desk", "storageProfile.imageReference", image), "VM11", "desk") is Verdict.FAIL

    @pytest.mark.parametrize(("offer", "said"), [("ubuntu-24_04-lts", Verdict.PASS), ("any", Verdict.FAIL)])
    def test_a_disk_starts_from_a_listed_image(self, offer: str, said: Verdict) -> None:
        id_ = (f"/Subscriptions/s/Providers/Microsoft.Compute/Locations/uksouth/Publishers/Canonical/ArtifactTypes/"
               f"VMImage/Offers/{offer}/Skus/server/Versions/24.04.202610010")  # fmt: skip
        creation = {"createOption": "FromImage", "imageReference": {"id": id_}}
        assert verdict(changed(world(), "disk", "creationData", creation), "VM13", "disk") is said

    @pytest.mark.parametrize("reference", [
        {"id": f"{COMPUTE}/galleries/theirs/images/desk/versions/1.0.0"},
        {"id": f"{COMPUTE}/disks/none"},
        {"sharedGalleryImageId": "/SharedGalleries/x/Images/desk/Versions/latest"},
        {"communityGalleryImageId": "/CommunityGalleries/x/Images/desk/Versions/latest"},
        {"id": "/Subscriptions/s/Providers/Microsoft.Compute/Locations/uksouth/Publishers/N/ArtifactTypes/VMImage/x"},
    ])  # fmt: skip
    def test_images_that_are_not_evaluated_fail_on_machines_and_disks(self, reference: dict[str, str]) -> None:
        machine = changed(world(), "desk", "storageProfile.imageReference", reference)
        assert verdict(machine, "VM11", "desk") is Verdict.FAIL
        for key in ("imageReference", "galleryImageReference"):
            disk = changed(world(), "disk", "creationData", {"createOption": "FromImage", key: reference | {"lun": 0}})
            assert verdict(disk, "VM13", "disk") is Verdict.FAIL

    def test_an_image_of_an_evaluated_gallery_passes(self) -> None:
        gallery = made("compute:Gallery", "ours", "Microsoft.Compute/galleries/ours")
        image = {"id": f"{gallery.id}/images/desk/versions/1.0.0"}
        found = changed(world(), "desk", "storageProfile.imageReference", image) | {"gallery": gallery}
        assert verdict(found, "VM11", "desk") is Verdict.PASS

    @pytest.mark.parametrize(("disk", "said"), [("disk", Verdict.PASS), (None, Verdict.FAIL)])
    def test_an_attached_system_disk_is_one_that_is_evaluated(self, disk: str | None, said: Verdict) -> None:
        id_ = world()[disk].id if disk else f"{COMPUTE}/disks/of-a-stranger"
        taken = changed(changed(world(), "desk", f"{OS}.createOption", "Attach"), "desk", f"{OS}.managedDisk.id", id_)
        assert verdict(taken, "VM11", "desk") is said


def test_a_copy_within_the_resource_group_passes() -> None:
    copied = {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/other"}
    assert verdict(changed(world(), "disk", "creationData", copied), "VM13", "disk") is Verdict.PASS
    known = changed(world(), "disk", "creationData", copied)
    lost = known | {"disk": replace(known["disk"], id=None)}
    assert verdict(lost, "VM13", "disk") is Verdict.FAIL


def test_a_disk_of_synthetic_data_may_be_exported_privately() -> None:
    private = changed(world("synthetic"), "disk", "networkAccessPolicy", "AllowPrivate")
    assert verdict(private, "VM4", "disk") is Verdict.FAIL
    assert verdict(changed(private, "disk", "diskAccessId", "/access"), "VM4", "disk") is Verdict.PASS


@pytest.mark.parametrize("type_", ["VirtualMachineRunCommandByVirtualMachine", "VirtualMachineScaleSetVMRunCommand"])
def test_every_run_command_is_refused(type_: str) -> None:
    there = world() | {"there": made(f"compute:{type_}", "there")}
    assert verdict(there, "VM8", "there") is Verdict.FAIL


def test_a_snapshot_is_checked_like_a_disk() -> None:
    bare = world() | {"there": made("compute:Snapshot", "there", creationData={"createOption": "Copy"})}
    said = {policy: verdict(bare, policy, "there") for policy in ("VM3", "VM4", "VM10", "VM13")}
    assert set(said.values()) == {Verdict.FAIL}


def test_a_desk_may_have_a_package_mirror() -> None:
    archive = [{"arches": ["default"], "uri": "https://mirror.example.org/ubuntu"}]
    settings = {"apt": {"primary": archive, "security": archive}, "write_files": [{"path": "/etc/pip.conf"}]}
    case_name = first_boot(settings)
    assert verdict(changed(world(), "desk", "osProfile.customData", case_name), "VM16", "desk") is Verdict.PASS


def test_a_secret_first_boot_is_not_printed() -> None:
    assert verdict(changed(world(), "desk", "osProfile.customData", "[secret]"), "VM16", "desk") is Verdict.UNKNOWN


def test_a_windows_machine_needs_a_first_boot_too() -> None:
    bare = changed(world(), "desk", "osProfile", {"windowsConfiguration": {}})
    assert verdict(bare, "VM16", "desk") is Verdict.FAIL
    assert verdict(changed(world(), "desk", "osProfile", {}), "VM16", "desk") is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("index", [0, 1])
def test_an_interface_in_a_subnet_of_another_stack_fails(index: int) -> None:
    inputs = shipped_cases.one(TENANCY, "network:NetworkInterface", "desk")
    subnet = shipped_cases.one("safe-haven", "network:Subnet", "archive-compute").id
    own = inputs.inputs["ipConfigurations"]
    cards = [*own[:index], {"name": "ipc-second", "subnet": {"id": subnet}}]
    assert shipped_cases.names(shipped_cases.blocking("VM15", replace(inputs, inputs={"ipConfigurations": cards}))) == {
        "desk"
    }
    assert shipped_cases.blocking("VM15") == []


def test_an_interface_of_another_stack_fails() -> None:
    other = replace(shipped_cases.one(TENANCY, "network:NetworkInterface", "desk"), stack="safe-haven")
    assert shipped_cases.names(shipped_cases.blocking("VM15", other)) == {"desk"}
