"""Private endpoints have fixed addresses (PE6)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics import ids
from policies.azure_semantics.addresses import span
from policies.azure_semantics.network import subnet_of
from policies.azure_semantics.private_link import CONNECTIONS, ENDPOINT, takes_fixed_addresses
from policies.azure_semantics.properties import entries
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

CONFIGURATIONS, ADDRESS = "ipConfigurations", "privateIPAddress"


def check(endpoint: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an address of the endpoint's subnet that no other endpoint has."""
    paths = entries(endpoint, CONFIGURATIONS)
    if not paths:
        yield Violation(CONFIGURATIONS, "is not set, so Azure picks a free address")
    for path in (f"{path}.{ADDRESS}" for path in paths):
        address = endpoint.at(path)
        if address is MISSING:
            yield Violation(path, "is not set, so Azure picks a free address")
        else:
            yield from _check_address(endpoint, path, str(address), context)


def _check_address(endpoint: Resource, path: str, address: str, context: PolicyContext) -> Iterator[Violation]:
    subnet = subnet_of(endpoint.at("subnet.id"), context)
    network = span(address).networks[0]
    if subnet is not None and not any(span(str(prefix)).covers(network) for prefix in subnet.prefixes):
        yield Violation(path, f"is {address}, which is not in {subnet.name}")
    for other in context.same_stack(endpoint, ENDPOINT):
        if other.urn != endpoint.urn and address in _addresses(other) and _subnet(other) == _subnet(endpoint):
            yield Violation(path, f"is {address}, which {other.name} has too")


def _addresses(endpoint: Resource) -> list[str]:
    return [str(value) for value in endpoint.each(f"{CONFIGURATIONS}[*].{ADDRESS}")]


def _subnet(endpoint: Resource) -> str:
    return ids.plain(endpoint.at("subnet.id"))


POLICY = Policy(
    id="PE6",
    title="Private endpoints have fixed addresses",
    why="If Azure picks the address, a rule can only name the whole subnet, and with it every other endpoint.",
    resource_types=(ENDPOINT,),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.10"), ncsc=("3", "11"), caf=("B4.a",), iso27001=("8.22",), five_safes=("settings",)
    ),
    fix="Give the endpoint ipConfigurations with groupId, memberName and privateIPAddress.",
    check=check,
    check_paths=(
        f"{CONFIGURATIONS}[*].{ADDRESS}",
        *(f"{list_}[*].groupIds" for list_ in CONNECTIONS),
        "subnet.id",
        "network:Subnet:addressPrefix",
        "network:Subnet:addressPrefixes",
    ),
    applies=lambda endpoint, _: takes_fixed_addresses(endpoint),
    evaluation_scope="stack",
)
