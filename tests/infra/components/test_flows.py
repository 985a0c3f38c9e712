"""Flows: a subnet's rules."""

from __future__ import annotations

from ipaddress import IPv4Address

from infra.components.flows import Flow, Way, sealed, single


def _flow(name: str, way: Way, *ports: str) -> Flow:
    return Flow(name, way, "10.0.0.0/24", "10.0.1.0/24", ports or ("443",), "a test")


def test_nothing_permitted_still_denies_everything_in_so_many_words() -> None:
    rules = sealed(())
    assert {(rule.direction, rule.access, rule.priority) for rule in rules} == {
        ("Inbound", "Deny", 4000), ("Outbound", "Deny", 4000), ("Inbound", "Deny", 4096), ("Outbound", "Deny", 4096),
    }  # fmt: skip


def test_priorities_are_unique_in_each_direction_however_many_flows() -> None:
    flows = [_flow(f"f{n}", way) for n in range(50) for way in Way]
    places = [(rule.direction, rule.priority) for rule in sealed(flows)]
    assert len(places) == len(set(places))


def test_one_port_is_written_in_the_singular_and_more_in_the_plural() -> None:
    """Azure takes exactly one of the two forms."""
    one, two = sealed([_flow("one", Way.IN), _flow("two", Way.IN, "80", "443")])[:2]
    assert (one.destination_port_range, one.destination_port_ranges) == ("443", None)
    assert (two.destination_port_range, two.destination_port_ranges) == (None, ["80", "443"])


def test_several_ranges_stand_in_the_destinations_place() -> None:
    flow = Flow("many", Way.OUT, "10.0.0.0/24", ["10.1.0.0/16", "10.2.0.0/16"], ("443",), "a test")
    rule = sealed([flow])[0]
    assert rule.destination_address_prefix is None
    assert rule.destination_address_prefixes == ["10.1.0.0/16", "10.2.0.0/16"]


def test_only_the_denial_of_the_internet_can_be_left_out() -> None:
    assert {rule.name for rule in sealed((), internet=True)} == {"deny-all-in", "deny-all-out"}


def test_a_list_of_one_is_written_in_the_singular() -> None:
    rule = sealed([Flow("one", Way.OUT, "10.0.0.0/24", [single(IPv4Address("10.1.0.4"))], ("443",), "a test")])[0]
    assert (rule.destination_address_prefix, rule.destination_address_prefixes) == ("10.1.0.4/32", None)
