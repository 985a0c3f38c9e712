"""An NSG's answers are kept by the place of the addresses among the bounds of its rules."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.azure_semantics.addresses import inside, overlap, span
from policies.azure_semantics.security_group import NsgRule, may_pass
from policies.reachability.nsg import Nsg

NETWORKS = st.builds(
    lambda base, length: IPv4Network((base, length), strict=False),
    st.sampled_from([0x0A000000, 0x0A000080, 0x0A000100, 0x0A010000, 0xAC100000, 0x08080808, 0xCB007110]),
    st.sampled_from([0, 8, 15, 16, 24, 25, 28, 31, 32]),
)
SPANS = st.one_of(
    NETWORKS.map(lambda network: span(str(network))),
    st.sampled_from(["*", "Internet", "VirtualNetwork", "AzureLoadBalancer", "Storage", "10.0.0.5-10.0.1.3"]).map(span),
)
PORTS = st.sampled_from([(0, 65535), (443, 443), (22, 3389)])
RULES = st.builds(
    lambda inbound, allows, priority, protocol, source, to, port: NsgRule(
        "r", inbound, allows, priority, protocol, (source,), (to,), ((0, 65535),), (port,)
    ),
    st.booleans(), st.booleans(), st.integers(100, 4096), st.sampled_from(["*", "tcp", "udp"]), SPANS, SPANS, PORTS,
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(RULES, max_size=5), st.lists(st.tuples(st.booleans(), NETWORKS, NETWORKS), min_size=2, max_size=12))
def test_an_answer_that_was_kept_is_the_answer_of_the_rules(
    rules: list[NsgRule], asked: list[tuple[bool, IPv4Network, IPv4Network]]
) -> None:
    nsg = Nsg("nsg", tuple(rules))
    for inbound, source, to in asked:
        expected = may_pass(rules, inbound=inbound, source=source, destination=to, port=443)
        assert nsg.allows(inbound=inbound, source=source, to=to, port=443) == expected


@given(NETWORKS, NETWORKS)
def test_networks_are_compared_as_ipaddress_does(one: IPv4Network, other: IPv4Network) -> None:
    assert inside(one, other) == one.subnet_of(other)
    assert overlap(one, other) == one.overlaps(other)
