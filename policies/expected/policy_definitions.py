"""The built-in policies and initiatives that may be assigned besides the guardrails, by id.

Each reports or denies, and needs no identity: an effect that deploys or changes has none to do it with. Source:
github.com/Azure/azure-policy, built-in-policies.
"""

from __future__ import annotations

from collections.abc import Mapping

_SETS = "/providers/microsoft.authorization/policysetdefinitions"
_POLICIES = "/providers/microsoft.authorization/policydefinitions"
BUILT_INS: Mapping[str, str] = {
    f"{_SETS}/1f3afdf9-d0c9-4c3d-847f-89da613e70a8": "Microsoft cloud security benchmark",
    f"{_SETS}/3937f550-eedd-4639-9c5e-294358be442e": "UK OFFICIAL and UK NHS",
    f"{_SETS}/06f19060-9e68-4070-92ca-f15cc126059e": "CIS Microsoft Azure Foundations Benchmark v2.0.0",
    f"{_SETS}/89c6cddc-1c73-4ac1-b19c-54d1a15a42f2": "ISO 27001:2013",
    f"{_SETS}/179d1daa-458f-4e47-8086-2a68d0d6c38f": "NIST SP 800-53 Rev. 5",
    f"{_POLICIES}/b2982f36-99f2-4db5-8eff-283140c09693": "Storage accounts should disable public network access",
    f"{_POLICIES}/34c877ad-507e-4c82-993e-3452a6e0ad3c": "Storage accounts should restrict network access",
    f"{_POLICIES}/404c3081-a854-4457-ae30-26a93ef643f9": "Secure transfer to storage accounts should be enabled",
    f"{_POLICIES}/fe83a0eb-a853-422d-aac2-1bffd182c5d0": "Storage accounts should have a minimum TLS version",
}
EFFECTS = frozenset({"deny", "denyaction", "audit", "auditifnotexists"})
"""The effects, in lower case, of a further definition: they deploy and change nothing."""
MODES = frozenset({"all", "indexed"})
