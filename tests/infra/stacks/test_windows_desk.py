"""A Windows desk of a tenancy: its virtual machine, extensions, rules and custom data."""

from __future__ import annotations

from typing import Any

import pytest

from formats.addresses import TenancyRange
from formats.first_boot_settings import windows_settings
from infra.stacks.programs import declare_stack
from infra.windows_first_boot import COMMAND, windows_first_boot
from tests.infra import samples
from tests.infra.mock_stack import MockStack, Registration, run

UPDATES = [{"name": "updates", "addresses": ["203.0.113.16"], "wsus": "https://updates.example.org",
            "hosts": ["licences.example.org"]}]  # fmt: skip


def desk(**more: Any) -> dict[str, Any]:
    return {"name": "stats", "os": "windows", "size": "Standard_D4s_v5", "data_disk_gib": 64,
            "admin_public_key": samples.KEY, **more}  # fmt: skip


def declared(platform: MockStack, safe_haven: MockStack, *desks: dict[str, Any], **more: Any) -> MockStack:
    config = samples.tenancy(desks=list(desks), egress=UPDATES, **more)
    return run(lambda: declare_stack(config), name="tre-hcm", platform=platform.outputs, safe_haven=safe_haven.outputs)


@pytest.fixture(scope="module")
def both(platform: MockStack, safe_haven: MockStack) -> MockStack:
    """Return a tenancy with a Linux desk and a Windows desk."""
    linux = desk(name="main", os="linux")
    return declared(platform, safe_haven, linux, desk())


@pytest.fixture(scope="module")
def rebuilt(platform: MockStack, safe_haven: MockStack) -> MockStack:
    """Return a tenancy with such desks that are confidential and were rebuilt once."""
    desks = [desk(name=name, os=system, size="Standard_DC8ads_v5", rebuilds=1)
             for name, system in (("main", "linux"), ("stats", "windows"))]  # fmt: skip
    return declared(platform, safe_haven, *desks, data_class="identifiable",
                    confidential_orchestrator=samples.group(9))  # fmt: skip


def machine(stack: MockStack, name: str = "desk-stats") -> dict[str, Any]:
    found: Registration = stack.one("VirtualMachine", name)
    return dict(found.inputs)


def test_a_windows_desk_has_the_protection_of_a_linux_one(both: MockStack) -> None:
    windows, linux = machine(both), machine(both, "desk")
    for key in ("securityProfile", "identity", "diagnosticsProfile"):
        assert {**windows[key], "userAssignedIdentities": 0} == {**linux[key], "userAssignedIdentities": 0}, key
    assert windows["storageProfile"]["imageReference"]["sku"] == "2025-datacenter-azure-edition"
    disks = [one["storageProfile"]["osDisk"]["managedDisk"]["diskEncryptionSet"] for one in (windows, linux)]
    assert disks[0] == disks[1]
    profile = windows["osProfile"]
    assert "linuxConfiguration" not in profile
    assert profile["windowsConfiguration"]["patchSettings"]["patchMode"] == "AutomaticByPlatform"
    assert len(profile["computerName"]) <= 15


def test_its_first_boot_runs_before_it_joins_entra(both: MockStack) -> None:
    first, join = (both.one("VirtualMachineExtension", f"desk-stats-{name}") for name in ("first-boot", "sign-in"))
    assert (first.inputs["type"], first.inputs["settings"]) == ("CustomScriptExtension", {"commandToExecute": COMMAND})
    assert join.inputs["type"] == "AADLoginForWindows"
    assert len(COMMAND) < 8191, "the longest command line of cmd.exe"


def test_its_interface_admits_bastion_to_a_remote_desktop_alone(both: MockStack) -> None:
    def ports(name: str) -> set[str]:
        group = both.one("NetworkSecurityGroup", name).inputs
        return {r["destinationPortRange"] for r in group["securityRules"]
                if (r["direction"], r["access"]) == ("Inbound", "Allow")}  # fmt: skip

    assert (ports("desk-stats-interface"), ports("desk-interface")) == ({"3389"}, {"22"})
    assert ports("net-desks") == {"22", "3389"}


def test_it_has_its_names_in_a_file_each_in_a_line(both: MockStack) -> None:
    found = windows_settings(machine(both)["osProfile"]["customData"])
    assert found
    settings, script = found
    vault = TenancyRange(samples.tenancy().addresses).network[4]
    lines = [line.split() for line in settings["hosts"]]  # type: ignore[attr-defined]
    assert {len(line) for line in lines} == {2}
    assert [name for address, name in lines if address == "192.0.2.1"] == [
        "login.microsoftonline.com", "pas.windows.net", "enterpriseregistration.windows.net",
    ]  # fmt: skip
    assert {address for address, name in lines if name.endswith(".vault.azure.net")} == {str(vault)}
    assert {name for address, name in lines if address == "203.0.113.16"} == {
        "updates.example.org", "licences.example.org",
    }  # fmt: skip
    assert settings["wsus"] == "https://updates.example.org"
    assert script.isascii(), "Windows PowerShell reads a file without a mark as ASCII"


def test_a_rebuild_gives_it_a_new_name_in_entra(both: MockStack, rebuilt: MockStack) -> None:
    names = [[machine(stack, name)["osProfile"]["computerName"] for stack in (both, rebuilt)]
             for name in ("desk-stats", "desk")]  # fmt: skip
    assert names[0][0] != names[0][1]
    assert names[1][0] == names[1][1]


def test_a_confidential_windows_desk_has_a_confidential_disk(rebuilt: MockStack) -> None:
    found = machine(rebuilt)
    assert found["securityProfile"]["securityType"] == "ConfidentialVM"
    disk = found["storageProfile"]["osDisk"]["managedDisk"]
    assert disk["securityProfile"]["securityEncryptionType"] == "DiskWithVMGuestState"


def test_settings_cannot_end_the_text_that_holds_them() -> None:
    """A here-string of PowerShell ends at a line that begins with '@."""
    rules = samples.tenancy(egress=UPDATES).egress
    data = windows_first_boot(rules, ["10.0.0.4 a\n'@; whoami"], ["-----BEGIN\n'@\n"])
    found = windows_settings(data)
    assert found
    assert found[0]["roots"] == ["-----BEGIN\n'@\n"]
