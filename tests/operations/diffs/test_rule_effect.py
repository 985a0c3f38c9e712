"""What rules newly allow, and no longer allow, compared with every single packet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from operations.diffs.rule_effect import PacketRule, effect
from policies.azure_semantics.addresses import span

HOSTS, PORTS = [f"10.0.0.{n}" for n in range(4)], range(1, 7)
spans = st.sampled_from([*HOSTS, "10.0.0.0/31", "10.0.0.2/31", "10.0.0.0/30", "*"]).map(span)
ranges = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(lambda pair: (min(pair), max(pair)))


@st.composite
def rules(draw: st.DrawFn) -> list[PacketRule]:
    orders = draw(st.lists(st.integers(1, 5), unique=True, max_size=4))
    return [
        PacketRule(f"r{order}", draw(st.booleans()), (order,), "in", (draw(spans),), (draw(spans),), (),
                   (draw(ranges),), (draw(st.sampled_from(["tcp", "udp", "*"])),))
        for order in orders
    ]  # fmt: skip


def packets(found: Sequence[PacketRule]) -> Iterator[tuple[str, str, int, str]]:
    """Yield each packet that the rules allow."""
    for source, to, port, protocol in product(HOSTS, HOSTS, PORTS, ("tcp", "udp")):
        matching = [
            rule for rule in found
            if rule.ports[0][0] <= port <= rule.ports[0][1] and rule.protocols[0] in ("*", protocol)
            and rule.sources[0].covers(span(source).networks[0]) and rule.destinations[0].covers(span(to).networks[0])
        ]  # fmt: skip
        if matching and min(matching, key=lambda rule: rule.order).allows:
            yield source, to, port, protocol


@settings(max_examples=150)
@given(rules(), rules())
def test_no_opened_or_closed_way_is_missed(before: list[PacketRule], after: list[PacketRule]) -> None:
    old, new = set(packets(before)), set(packets(after))
    opened, closed = effect(before, after)
    assert bool(new - old) <= bool(opened)
    assert bool(old - new) <= bool(closed)
    assert {rule.name for rule in opened} <= {rule.name for rule in after if rule.allows}


@given(rules())
def test_equal_rules_change_nothing(one: list[PacketRule]) -> None:
    assert effect(one, list(reversed(one))) == ([], [])
