"""Desks have the names of their stores in a file, and ask no DNS server (VM24)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from formats.addresses import TenancyRange
from formats.stack_config import TenancyConfig
from policies.azure_semantics import ids
from policies.azure_semantics.hosts_file import addresses_by_name
from policies.azure_semantics.private_link import ENDPOINT
from policies.azure_semantics.properties import entries
from policies.azure_semantics.terminal import CUSTOM_DATA, cloud_config
from policies.azure_semantics.windows_desk import listed, settings_of
from policies.expected.connections import desk_endpoints
from policies.expected.host_names import HOSTS_PATH, NO_RESOLVER
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CONNECTION, CONFIGURATION, ADDRESS = "privateLinkServiceConnections", "ipConfigurations", "privateIPAddress"
REGISTRIES = ".azurecr.io"
"""Ends the names of registries and of their data."""
REGISTRY_DATA = "registry_data_"
"""Begins the member with the layers of images, before the region."""
REBUILD = "raise the desk's rebuilds in the request, which replaces the virtual machine"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a line for each endpoint that desks may reach, and no resolver, which the script of a Windows desk ends.
    VM23 requires the names of sign-in.

    VM16 refuses what cannot be read.
    """
    config, found = context.configs[machine.stack], cloud_config(machine.at(CUSTOM_DATA))
    windows = settings_of(machine)
    if not isinstance(config, TenancyConfig) or (found is None and windows is None):
        return
    if found and NO_RESOLVER not in found.get("runcmd", []):
        yield Violation(CUSTOM_DATA, f"leaves the DNS resolver on, although no DNS server may be reached; {REBUILD}")
    lines = _lines((found or {}).get("write_files")) if windows is None else listed(windows, "hosts")
    known = addresses_by_name(lines)
    for host, address in _endpoints(config, machine, context):
        # A registry may be newer than the desk, which learns its names with a rebuild and does without until then.
        if known.get(host) != {str(address)} and (host in known or not host.endswith(REGISTRIES)):
            yield Violation(CUSTOM_DATA, f"does not give {host} the address {address} alone; {REBUILD}")


def _endpoints(config: TenancyConfig, machine: Resource, context: PolicyContext) -> Iterator[tuple[str, IPv4Address]]:
    """Yield the host name and address of each private endpoint that desks of a tenancy may reach."""
    plan = TenancyRange(config.addresses)
    wanted = {str(plan.address(one)): plan.address(one) for one in desk_endpoints(config)}
    own = [endpoint for endpoint in context.of(ENDPOINT) if endpoint.stack == machine.stack]
    for endpoint, at in ((one, at) for one in own for at in entries(one, CONFIGURATION)):
        address = wanted.get(str(endpoint.at(f"{at}.{ADDRESS}")))
        for entry in entries(endpoint, CONNECTION) if address else ():
            target = ids.plain(endpoint.at(f"{entry}.privateLinkServiceId"))
            if address:
                yield _host(target, str(endpoint.at(f"{at}.memberName"))), address


def _host(target: str, member: str) -> str:
    """Return the name of a service, or of the data of a registry, which is another member of its endpoint."""
    name = ids.name(target)
    if "/registries/" in target:
        region = member.removeprefix(REGISTRY_DATA)
        return f"{name}.{region}.data{REGISTRIES}" if region != member else f"{name}{REGISTRIES}"
    return f"{name}.{'vault.azure.net' if '/vaults/' in target else 'blob.core.windows.net'}"


def _lines(files: object) -> list[str]:
    """Return the lines of /etc/hosts. A file without `append` replaces those before it."""
    written = [one for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    texts: list[str] = []
    for one in (one for one in written if one.get("path") == HOSTS_PATH):
        texts = [*(texts if one.get("append") is True else []), str(one.get("content"))]
    return [line for text in texts for line in text.splitlines()]


POLICY = Policy(
    id="VM24",
    title="Desks have the names of their stores in a file, and ask no DNS server",
    why="Security groups deny DNS to desks, because DNS queries carry data out. A desk without names reaches nothing, "
    "and to open DNS for it would open that way.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.11", "3.1.12"),
        ncsc=("11",),
        caf=("B4.a",),
        iso27001=("8.12", "8.20"),
        five_safes=("settings", "outputs"),
    ),
    fix="Set customData to desk_first_boot() of infra/desk_first_boot.py. A desk from before is replaced by a larger "
    "`rebuilds` in the request; its data disk stays.",
    check=check,
    check_paths=(
        CUSTOM_DATA,
        f"{ENDPOINT}:{CONFIGURATION}[*].{ADDRESS}",
        f"{ENDPOINT}:{CONFIGURATION}[*].memberName",
        f"{ENDPOINT}:{CONNECTION}[*].privateLinkServiceId",
    ),
    applies=lambda machine, _: machine.at(CUSTOM_DATA) is not MISSING,
    evaluation_scope="stack",
    needs_config=True,
)
