"""DNS security policies apply to networks of their own stack (DN2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.dns_policies import DNS_POLICY, LINK, LINKED_NETWORK
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.references import require_own


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a link of each policy, and a network of the stack in each link."""
    if resource.type == LINK:
        yield from require_own(resource, LINKED_NETWORK, context, "network:VirtualNetwork", same_stack=True)
    elif not context.children(LINK, resource):
        yield Violation("", "is linked to no virtual network, so it filters and logs no query")


POLICY = Policy(
    id="DN2",
    title="DNS security policies apply to networks of their own stack",
    why="A network has one DNS security policy: a link to another stack's network replaces the filter that its owner "
    "relies on, and logs its queries (Azure DNS, DNS security policy).",
    resource_types=(DNS_POLICY, LINK),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.10", "2.2.11"), ncsc=("3", "11"), caf=("B4.a",), iso27001=("8.20", "8.23"), five_safes=("settings",)
    ),
    fix="Link the policy to a virtual network of the same stack.",
    check=check,
    check_paths=(LINKED_NETWORK,),
    evaluation_scope="stack",
)
