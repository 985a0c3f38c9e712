"""Desks and staff machines know the hosts of sign-in at the address that they may reach (VM23)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.azure_semantics.hosts_file import addresses_by_name
from policies.azure_semantics.terminal import CUSTOM_DATA, cloud_config
from policies.azure_semantics.windows_desk import listed, settings_of
from policies.expected.host_names import HOSTS_PATH
from policies.expected.sign_in import ADDRESS, HOSTS, HOSTS_FILE, REGISTRATION_HOST
from policies.expected.staff import desk_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the line in the hosts file. VM16 refuses what cannot be read."""
    found, windows = cloud_config(machine.at(CUSTOM_DATA)), settings_of(machine)
    if windows is not None:
        yield from _check_windows(listed(windows, "hosts"))
    if found is None or desk_of(machine.name, context.configs[machine.stack]) is None:
        return
    files = [one for one in found.get("write_files", []) if isinstance(one, dict) and one.get("path") == HOSTS_PATH]
    if HOSTS_FILE not in files or any(one.get("append") is not True for one in files):
        yield Violation(CUSTOM_DATA, f"does not name the hosts of sign-in at {ADDRESS.network_address}, the only "
                        "address at which security groups allow them, so that nobody could sign in")  # fmt: skip


def _check_windows(lines: Sequence[str]) -> Iterator[Violation]:
    known = addresses_by_name(lines)
    for host in sorted({*HOSTS, REGISTRATION_HOST}):
        if known.get(host) != {str(ADDRESS.network_address)}:
            yield Violation(CUSTOM_DATA, f"does not name {host} at {ADDRESS.network_address} alone, the only address "
                            "at which security groups allow it, so that nobody could sign in")  # fmt: skip


POLICY = Policy(
    id="VM23",
    title="Desks and staff machines know the hosts of sign-in at the address that they may reach",
    why="Security groups allow sign-in at one address, which leads to the firewall alone. A computer that asks for "
    "Entra's own addresses would need a group that allows them, and Microsoft Graph with them.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"), ncsc=("11",), caf=("B4.a",), iso27001=("8.20", "8.23"), five_safes=("outputs",)
    ),
    fix="A computer keeps its first boot: rebuild it (`rebuilds` of the desk in the request, or of the virtual "
    "staff machine).",
    check=check,
    check_paths=(CUSTOM_DATA,),
    applies=lambda machine, _: machine.at(CUSTOM_DATA) is not MISSING,
    needs_config=True,
)
