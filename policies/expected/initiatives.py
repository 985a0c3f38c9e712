"""Built-in initiatives of Azure Policy that may be assigned: without an identity they only audit and deny.

Source: learn.microsoft.com, "Azure Policy built-in initiative definitions" and the page of each initiative. Azure
itself refuses an assignment without an identity where a definition deploys resources ("ResourceIdentityRequired").
"""

from __future__ import annotations

from collections.abc import Mapping

_SET = "/providers/microsoft.authorization/policysetdefinitions/"
AUDIT_INITIATIVES: Mapping[str, str] = {
    f"{_SET}1f3afdf9-d0c9-4c3d-847f-89da613e70a8": "Microsoft cloud security benchmark",
    f"{_SET}e3ec7e09-768c-4b64-882c-fcada3772047": "Microsoft cloud security benchmark v2",
    f"{_SET}612b5213-9160-4969-8578-1518bd2a000c": "CIS Microsoft Azure Foundations Benchmark v1.3.0",
    f"{_SET}06f19060-9e68-4070-92ca-f15cc126059e": "CIS Microsoft Azure Foundations Benchmark v2.0.0",
    f"{_SET}c3f5c4d9-9a1d-4a99-85c0-7f93e384d5c5": "CIS Microsoft Azure Foundations Benchmark v1.4.0",
    f"{_SET}3937f550-eedd-4639-9c5e-294358be442e": "UK OFFICIAL and UK NHS",
    f"{_SET}89c6cddc-1c73-4ac1-b19c-54d1a15a42f2": "ISO 27001:2013",
    f"{_SET}179d1daa-458f-4e47-8086-2a68d0d6c38f": "NIST SP 800-53 Rev. 5",
}
"""By id, in lower case. Ids of built-in definitions are the same in each tenant, and nobody else can create them."""
PERMITTED_EFFECTS = frozenset({"audit", "auditifnotexists", "deny", "disabled"})
"""Effects that change no resource. Others, such as modify and deployIfNotExists, change or create resources."""
OTHER_EFFECTS = frozenset(
    {"addtonetworkgroup", "append", "deployifnotexists", "denyaction", "manual", "modify", "mutate"}
)
"""The remaining effects (learn.microsoft.com, "Azure Policy definitions effect basics"), found in any parameter."""
