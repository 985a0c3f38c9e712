"""Microsoft.Network DNS security policies: policies, their rules and links, and domain lists.

Facts: docs/azure-facts.md#dns-security-policies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local_azure.model import AzureType, Json, Request
from local_azure.types.common import (
    at_most,
    etag,
    guid,
    in_same_region,
    network_name,
    parent_id,
    refuse,
    refuse_while_used,
    same,
    value_at,
    values_at,
)
from local_azure.types.subnet import VNET

POLICY = "azure-native:dnsresolver:DnsResolverPolicy"
RULE = "azure-native:dnsresolver:DnsSecurityRule"
LINK = "azure-native:dnsresolver:DnsResolverPolicyVirtualNetworkLink"
DOMAINS = "azure-native:dnsresolver:DnsResolverDomainList"
PRIORITIES = range(100, 65001)
_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
DOMAIN = re.compile(rf"\.|(?=.{{1,254}}$)(\*\.)?({_LABEL}\.)*{_LABEL}\.?")


def _priority_is_valid(request: Request) -> None:
    priority = request.new.get("priority")
    if priority not in PRIORITIES:
        refuse("BadRequest", f"The priority of rule {request.name} is {priority}; it must be between 100 and 65000.")
    for other in request.cloud.children(parent_id(request.id), RULE):
        if not same(other.id, request.id) and other.properties.get("priority") == priority:
            refuse("BadRequest", f"Rule {other.name} of the policy has the priority {priority} too.", target=other.id)


def _has_domain_lists(request: Request) -> None:
    if not values_at(request.new, "dnsResolverDomainLists[*].id"):
        refuse("BadRequest", f"Rule {request.name} must have at least one DNS domain list.")


def _domains_are_valid(request: Request) -> None:
    domains = values_at(request.new, "domains[*]")
    if not domains:
        refuse("BadRequest", f"Domain list {request.name} must contain at least one domain.")
    wrong = next((one for one in domains if not DOMAIN.fullmatch(str(one))), None)
    if wrong is not None:
        refuse("BadRequest", f"Domain list {request.name} contains {wrong!r}, which is not a domain name.")


def _one_policy_per_network(request: Request) -> None:
    network = value_at(request.new, "virtualNetwork.id")
    if not network:
        refuse("BadRequest", f"Virtual network link {request.name} has no virtualNetwork.")
    for user in request.cloud.referencing(str(network)):
        if user.token == LINK and not same(user.id, request.id):
            text = f"Virtual network {network} is linked to the DNS resolver policy {parent_id(user.id)} already."
            refuse("BadRequest", text, target=user.id)


def _policy_has_no_links(request: Request) -> None:
    link = next(iter(request.cloud.children(request.id, LINK)), None)
    if link is not None:
        text = f"The DNS resolver policy {request.name} has the virtual network link {link.id}."
        refuse("CannotDeleteResource", text, status=409, target=link.id)


def _outputs(request: Request) -> Mapping[str, Json]:
    return {"etag": etag(request), "provisioningState": "Succeeded"}


def _outputs_with_guid(request: Request) -> Mapping[str, Json]:
    return {**_outputs(request), "resourceGuid": guid(request.id, "resource")}


TYPES = (
    AzureType(
        token=POLICY,
        name=network_name(),
        computed=_outputs_with_guid,
        constraints=(at_most(1000, POLICY, "BadRequest", "A subscription has at most {limit} DNS resolver policies."),),
        delete_constraints=(_policy_has_no_links,),
    ),
    AzureType(
        token=RULE,
        name=network_name(),
        references={"dnsResolverDomainLists[*].id": (DOMAINS,)},
        defaults={"dnsSecurityRuleState": "Enabled"},
        computed=_outputs,
        constraints=(
            _priority_is_valid,
            _has_domain_lists,
            in_same_region("dnsResolverDomainLists[*].id"),
            at_most(100, RULE, "BadRequest", "A DNS resolver policy has at most {limit} rules.", per_parent=True),
        ),
    ),
    AzureType(
        token=DOMAINS,
        name=network_name(),
        computed=_outputs_with_guid,
        constraints=(
            _domains_are_valid,
            at_most(2000, DOMAINS, "BadRequest", "A subscription has at most {limit} DNS domain lists."),
        ),
        delete_constraints=(
            refuse_while_used(
                "CannotDeleteResource", "Domain list {name} is in use by {user}.", by=(RULE,), status=409
            ),
        ),
    ),
    AzureType(
        token=LINK,
        name=network_name(),
        references={"virtualNetwork.id": (VNET,)},
        immutable={"virtualNetwork.id": "BadRequest"},
        computed=_outputs,
        constraints=(_one_policy_per_network, in_same_region("virtualNetwork.id")),
    ),
)
