"""Values of enumerations that functions of rules permit, and children that are harmless without settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PATCHES = "osProfile.linuxConfiguration.patchSettings.automaticByPlatformSettings"


@dataclass(frozen=True)
class Permitted:
    """Values of one property that need no refusal."""

    values: tuple[str, ...]
    because: str


PERMITTED_VALUES: Mapping[tuple[str, str], Permitted] = {
    ("authorization:PolicyAssignment", "assignmentType"): Permitted(
        ("NotSpecified", "Custom"), "GD2 permits these kinds; the others are Azure's own"
    ),
    ("authorization:PolicyAssignment", "identity.type"): Permitted(("None",), "no identity"),
    ("compute:Disk", "creationData.createOption"): Permitted(("FromImage",), "VM13 judges the image"),
    ("compute:Disk", "encryption.type"): Permitted(
        ("EncryptionAtRestWithCustomerKey",), "the customer's key encrypts it; VM3 judges the encryption set"
    ),
    ("compute:VirtualMachine", f"{_PATCHES}.rebootSetting"): Permitted(
        ("IfRequired", "Always"), "MT3 permits both: an update that needs a restart gets it"
    ),
    ("compute:VirtualMachine", "securityProfile.securityType"): Permitted(
        ("ConfidentialVM",), "it protects more than TrustedLaunch"
    ),
    ("dnsresolver:DnsSecurityRule", "action.blockResponseCode"): Permitted(
        ("SERVFAIL",), "DN1 permits it: the one answer of the preview version to a blocked name"
    ),
    ("keyvault:Key", "properties.keyOps[*]"): Permitted(("wrapKey", "unwrapKey"), "KV10 permits both"),
    ("keyvault:Key", "properties.rotationPolicy.lifetimeActions[*].action.type"): Permitted(
        ("rotate",), "a rotation in place of a notification"
    ),
    ("network:NetworkSecurityGroup", "securityRules[*].protocol"): Permitted(
        ("*", "Tcp", "Udp", "Icmp", "Esp", "Ah"),
        "the peers stay as they are judged, and NW11 requires rules that deny every protocol",
    ),
    ("storage:StorageAccount", "networkRuleSet.bypass"): Permitted(("None",), "fewer services may pass"),
}
"""By type and path."""
PERMITTED_CHILDREN: Mapping[str, str] = {
    "monitor:PrivateLinkScopedResource": "without a linked resource it links nothing",
    "network:FirewallPolicyRuleCollectionGroup": "without rules it permits nothing",
    "network:PrivateDnsZoneGroup": "without a zone it registers nothing",
    "storage:ManagementPolicy": "without rules it moves and deletes nothing",
}
"""By type: why it needs no refusal while it has no settings of its own."""
