"""The rules of network security groups."""

from __future__ import annotations

from ipaddress import IPv4Address

from infra.components.nsg_rules import Direction, SecurityRule, deny_by_default_rules, host_range


def _rule(name: str, direction: Direction, *ports: str) -> SecurityRule:
    return SecurityRule(name, direction, "10.0.0.0/24", "10.0.1.0/24", ports or ("443",), "a test")


def test_without_allow_rules_everything_is_denied_explicitly() -> None:
    rules = deny_by_default_rules(())
    assert {(rule.direction, rule.access, rule.priority) for rule in rules} == {
        ("Inbound", "Deny", 4000), ("Outbound", "Deny", 4000), ("Outbound", "Deny", 4010), ("Inbound", "Deny", 4096),
        ("Outbound", "Deny", 4096),
    }  # fmt: skip


def test_priorities_are_unique_in_each_direction() -> None:
    allowed = [_rule(f"f{n}", direction) for n in range(50) for direction in Direction]
    priorities = [(rule.direction, rule.priority) for rule in deny_by_default_rules(allowed)]
    assert len(priorities) == len(set(priorities))


def test_one_port_uses_the_singular_property_several_the_plural() -> None:
    """Azure accepts exactly one of the two properties."""
    allowed = [_rule("one", Direction.IN), _rule("two", Direction.IN, "80", "443")]
    one, two = deny_by_default_rules(allowed)[:2]
    assert (one.destination_port_range, one.destination_port_ranges) == ("443", None)
    assert (two.destination_port_range, two.destination_port_ranges) == (None, ["80", "443"])


def test_several_destinations_use_the_plural_property() -> None:
    many = SecurityRule("many", Direction.OUT, "10.0.0.0/24", ["10.1.0.0/16", "10.2.0.0/16"], ("443",), "a test")
    rule = deny_by_default_rules([many])[0]
    assert rule.destination_address_prefix is None
    assert rule.destination_address_prefixes == ["10.1.0.0/16", "10.2.0.0/16"]


def test_internet_facing_omits_the_denials_of_internet_and_azure_dns() -> None:
    assert {rule.name for rule in deny_by_default_rules((), internet_facing=True)} == {"deny-all-in", "deny-all-out"}


def test_a_list_of_one_destination_uses_the_singular_property() -> None:
    destination = [host_range(IPv4Address("10.1.0.4"))]
    rule = deny_by_default_rules([SecurityRule("one", Direction.OUT, "10.0.0.0/24", destination, ("443",), "a test")])[
        0
    ]
    assert (rule.destination_address_prefix, rule.destination_address_prefixes) == ("10.1.0.4/32", None)
