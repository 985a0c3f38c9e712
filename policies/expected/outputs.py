"""The outputs that each kind of stack may have: names and identifiers, for other stacks and for people.

Outputs are stored in the state and printed, so no other value may be one. A test compares the names with the stacks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from formats.addresses import HubRange, first_usable
from formats.stack_config import (
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    SharedTenancyConfig,
    StackConfig,
    TenancyConfig,
)


class Form(StrEnum):
    """The form of an output's value."""

    ID = "the ARM id of a resource of this stack"
    NAME = "the name of a resource of this stack"
    SUBSCRIPTION = "the stack's subscription"
    PROJECT = "the project in the stack's name"
    PRINCIPAL = "the object id or client id of an identity, or the id of the log workspace"
    ADDRESS = "an IPv4 address"
    RANGE = "an IPv4 range"
    DATE = "a date"
    PATH = "the path of an output that the stack may have"
    DIGEST = "16 digits of a digest"
    DRIVER = "the name of a GPU driver, or why there is none"


PATTERNS: Mapping[Form, re.Pattern[str]] = {
    Form.PRINCIPAL: re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    Form.ADDRESS: re.compile(r"\d{1,3}(\.\d{1,3}){3}"),
    Form.RANGE: re.compile(r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}"),
    Form.DATE: re.compile(r"\d{4}-\d{2}-\d{2}"),
    Form.DIGEST: re.compile(r"[0-9a-f]{16}"),
    Form.DRIVER: re.compile(
        r"nvidia-580-server|none: (no signed driver for this size is installed|no egress rule names an apt archive)"
    ),
}
"""The forms that a pattern describes."""
KEY = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
"""A key of a map: a zone, a provider, a desk, a stack or a domain name."""
FIRST_BOOT = (
    "apt", "ca_certs", "disk_setup", "fs_setup", "growpart", "manage_etc_hosts", "mounts", "package_reboot_if_required",
    "packages", "runcmd", "user", "write_files",
)  # fmt: skip
"""The settings of cloud-init that a desk may have."""
WINDOWS_FIRST_BOOT = ("hosts", "roots", "script", "wsus")
"""The settings that a Windows desk may have, and its script."""
OF_GPUS = ("package_reboot_if_required",)
"""The settings that no staff machine has: they get no driver."""
_EVERY = {"subscription": Form.SUBSCRIPTION, "reads.*[*]": Form.PATH}
_ZONE = {
    "zones.*.store_name": Form.NAME,
    "zones.*.vault_name": Form.NAME,
    "zones.*.group_id": Form.ID,
    "zones.*.network_id": Form.ID,
    "zones.*.store_id": Form.ID,
    "zones.*.mover_principal_id": Form.PRINCIPAL,
    "zones.*.mover_client_id": Form.PRINCIPAL,
}
OUTPUTS: Mapping[type[StackConfig], Mapping[str, Form]] = {
    PlatformConfig: {
        "subscription": Form.SUBSCRIPTION,
        "bastion_id": Form.ID,
        "bastion_range": Form.RANGE,
        "ca_reader_principal_id": Form.PRINCIPAL,
        "dns_zones.*": Form.ID,
        "firewall_address": Form.ADDRESS,
        "firewall_range": Form.RANGE,
        "flow_identity_id": Form.ID,
        "flow_store_id": Form.ID,
        "group_name": Form.NAME,
        "log_workspace_guid": Form.PRINCIPAL,
        "log_workspace_id": Form.ID,
        "network_id": Form.ID,
        "network_name": Form.NAME,
        **{f"staff_first_boot.*.{setting}": Form.DIGEST for setting in FIRST_BOOT if setting not in OF_GPUS},
        "staff_vm_ids[*]": Form.ID,
        "tenancy_ranges[*]": Form.RANGE,
        "vault_name": Form.NAME,
        "zone_range": Form.RANGE,
    },
    JunctionZoneConfig: {
        **_EVERY,
        **_ZONE,
        "providers.*": Form.NAME,
        "inboxes.*.store_id": Form.ID,
        "inboxes.*.store_name": Form.NAME,
    },
    SafeHavenConfig: {**_EVERY, **_ZONE},
    SharedTenancyConfig: {
        "reads.*[*]": Form.PATH,
        "group_id": Form.ID,
        "group_name": Form.NAME,
        "network_id": Form.ID,
        "network_name": Form.NAME,
    },
    TenancyConfig: {
        "reads.*[*]": Form.PATH,
        **{f"desk_first_boot.*.{setting}": Form.DIGEST for setting in (*FIRST_BOOT, *WINDOWS_FIRST_BOOT)},
        "desk_ids.*": Form.ID,
        "desk_names.*": Form.NAME,
        "expires": Form.DATE,
        "gpu_drivers.*": Form.DRIVER,
        "export_asked_store_name": Form.NAME,
        "export_released_store_name": Form.NAME,
        "group_id": Form.ID,
        "import_asked_store_name": Form.NAME,
        "import_released_store_name": Form.NAME,
        "network_id": Form.ID,
        "project": Form.PROJECT,
        "registry_name": Form.NAME,
        "store_name": Form.NAME,
        "vault_name": Form.NAME,
    },
}
"""The form of each output by the kind of stack. `*` is each key of a map, `[*]` each entry of a list."""


def stated(config: StackConfig) -> Mapping[str, frozenset[str]]:
    """Return the values of the outputs that the estate's files decide, by path; one path of a list has several."""
    if isinstance(config, PlatformConfig):
        hub = HubRange(config.addresses)
        return {
            "bastion_range": frozenset({str(hub.bastion)}),
            "firewall_address": frozenset({str(first_usable(hub.firewall))}),
            "firewall_range": frozenset({str(hub.firewall)}),
            "tenancy_ranges[*]": frozenset(map(str, config.tenancy_ranges.values())),
            "zone_range": frozenset({str(config.zone_range)}),
        }
    return {"expires": frozenset({config.expires.isoformat()})} if isinstance(config, TenancyConfig) else {}
