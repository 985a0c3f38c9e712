"""What Azure refuses of a DNS security policy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_azure.types.support import World, refused


def policy(world: World, name: str = "dns") -> str:
    return world.make("dnsresolver:DnsResolverPolicy", dnsResolverPolicyName=name)


def domains(world: World, *names: str, name: str = "list", **more: Any) -> str:
    return world.make("dnsresolver:DnsResolverDomainList", dnsResolverDomainListName=name, domains=list(names), **more)


def rule(world: World, priority: int, *lists: str, name: str = "block", **more: Any) -> str:
    return world.make(
        "dnsresolver:DnsSecurityRule", dnsResolverPolicyName="dns", dnsSecurityRuleName=name, priority=priority,
        action={"actionType": "Block"}, dnsResolverDomainLists=[{"id": one} for one in lists], **more
    )  # fmt: skip


def link(world: World, network: str, name: str = "link", to: str = "dns") -> str:
    return world.make("dnsresolver:DnsResolverPolicyVirtualNetworkLink", dnsResolverPolicyName=to,
                      dnsResolverPolicyVirtualNetworkLinkName=name, virtualNetwork={"id": network})  # fmt: skip


@pytest.mark.parametrize("priority", [99, 65001])
def test_the_priority_of_a_rule_has_bounds(world: World, priority: int) -> None:
    policy(world)
    with refused("BadRequest"):
        rule(world, priority, domains(world, "."))


def test_rules_have_lists_and_priorities_of_their_own(world: World) -> None:
    policy(world)
    with refused("BadRequest"):
        rule(world, 100)
    every = domains(world, ".")
    rule(world, 100, every)
    with refused("BadRequest"):
        rule(world, 100, every, name="second")
    with refused("CannotDeleteResource"):
        world.remove(every)


@pytest.mark.parametrize("names", [[], ["two words"], ["a..b"], ["-"], [f"{'a' * 64}.org"]])
def test_a_list_has_domains(world: World, names: list[str]) -> None:
    with refused("BadRequest"):
        domains(world, *names)


def test_a_network_has_one_policy_of_its_region(world: World) -> None:
    network = world.vnet()
    for name in ("dns", "other"):
        policy(world, name)
    linked = link(world, network)
    with refused("BadRequest"):
        link(world, network, "second", "other")
    with refused("CannotDeleteResource"):
        world.remove(linked.partition("/virtualNetworkLinks/")[0])
    with refused("InvalidResourceReference"):
        link(world, world.vnet("west", "10.9.0.0/16", location="ukwest"), "west", "other")
