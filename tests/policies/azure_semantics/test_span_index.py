"""An index of spans answers as a comparison with each of them."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from policies.azure_semantics.addresses import span
from policies.azure_semantics.spans import SpanIndex, may_contain, may_intersect

NETWORKS = st.builds(
    lambda address, prefix: str(IPv4Network((address, prefix), strict=False)),
    st.integers(10 << 24, (10 << 24) + 4096) | st.integers(20 << 24, (20 << 24) + 256),
    st.integers(20, 32),
)
TEXTS = NETWORKS | st.sampled_from(
    ["*", "Internet", "VirtualNetwork", "AzureActiveDirectory", "Storage", "0.0.0.0/0", "fd00::/8", "10.0.0.4-10.0.0.9"]
)


@given(st.lists(TEXTS, max_size=12), TEXTS)
def test_an_index_answers_as_each_comparison_does(texts: list[str], to: str) -> None:
    spans, index = [span(text) for text in texts], SpanIndex([span(text) for text in texts])
    assert index.may_intersect(span(to)) == any(may_intersect(one, span(to)) for one in spans)
    assert index.may_contain(span(to)) == any(may_contain(one, span(to)) for one in spans)
    for network in span(to).networks:
        assert index.overlaps(network) == any(one.overlaps(network) for one in spans)
