"""API versions of Azure: the least version for each type, and the preview versions that are allowed.

The rules are written for the properties of the installed azure-native SDK. Its documentation names for each type the
version that it uses, and the version of its previous major release, which is the least one here.
"""

from __future__ import annotations

import re

from formats.arm.sdk import AZURE_NATIVE, PREFIX
from formats.pulumi_sdk import SdkResource

VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-[a-z0-9-]+)?")
_OTHERS = re.compile(r"Other available API versions: ([0-9a-z, -]+)\.")
_PREVIOUS = re.compile(r"of the Azure Native provider, it used API version (\d{4}-\d{2}-\d{2})")
PREVIEWS = frozenset(
    {
        "authorization:PolicyExemption",
        "authorization:RoleDefinition",
        "blueprint:Assignment",
        "containerregistry:Registry",
        "dnsresolver:DnsResolverDomainList",
        "dnsresolver:DnsResolverPolicy",
        "dnsresolver:DnsResolverPolicyVirtualNetworkLink",
        "dnsresolver:DnsSecurityRule",
        "maintenance:ConfigurationAssignment",
        "maintenance:MaintenanceConfiguration",
        "monitor:ActionGroup",
        "monitor:DiagnosticSetting",
        "monitor:PrivateLinkScope",
        "monitor:PrivateLinkScopedResource",
        "monitor:SubscriptionDiagnosticSetting",
        "network:NetworkSecurityPerimeter",
        "network:NetworkSecurityPerimeterAccessRule",
        "network:NetworkSecurityPerimeterAssociation",
        "network:NetworkSecurityPerimeterProfile",
        "security:DefenderForStorage",
        "security:SecurityContact",
    }
)
"""The types whose own version in the SDK is a preview. It is allowed: the rules read its properties
(docs/decisions/0012-preview-api-versions.md)."""


def _least(known: SdkResource) -> str:
    """Return the least version: that of the previous major release; or else the SDK's own, or where that is a preview,
    the last stable version before it."""
    described, own = _PREVIOUS.search(known.source), known.api_version
    others = _OTHERS.search(known.source)
    listed = others[1].split(", ") if others and own[10:] else []
    stable = [one for one in listed if len(one) == len(own[:10]) and one < own]
    return described[1] if described else max(stable, default=own[:10])


def defect_of(type_: str, version: str) -> str | None:
    """Return what is wrong with an API version of a type such as `storage:StorageAccount`; None if it is allowed."""
    found, known = VERSION.fullmatch(version), AZURE_NATIVE.resource(PREFIX + type_)
    if found is None or known is None:
        return "is no API version of a known type"
    if version == known.api_version and (found[2] is None or type_ in PREVIEWS):
        return None
    if found[2]:
        return "is a preview, which Azure may change; use a stable version"
    least = _least(known)
    return f"is older than {least}, the least version that the policies know" if found[1] < least else None
