"""Private DNS zones are linked to the hub of their own stack only (PE8)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.network import is_hub
from policies.azure_semantics.private_link import LINK
from policies.azure_semantics.properties import require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

NETWORK = "virtualNetwork.id"


def check(link: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the hub, whose firewall is the DNS server of all networks, and no registration of machines."""
    network = context.get(link.at(NETWORK))
    if network is None or network.stack != link.stack or not is_hub(network, context):
        yield Violation(NETWORK, "is not the hub network of the link's own stack")
    yield from require(link, "registrationEnabled", False, default=False)


POLICY = Policy(
    id="PE8",
    title="Private DNS zones are linked to the hub of their own stack only",
    why="A network that is linked learns the names and addresses of every store, and may be a stranger's.",
    resource_types=(LINK,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09",), ncsc=("11",), caf=("B4.a",), iso27001=("8.20",), five_safes=("settings",)
    ),
    fix="Link the zone to the hub's network, with registrationEnabled false.",
    check=check,
    check_paths=(NETWORK, "registrationEnabled", "network:Subnet:subnetName", "network:VirtualNetwork:subnets"),
    evaluation_scope="stack",
)
