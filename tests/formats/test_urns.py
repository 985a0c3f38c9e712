"""URNs are made and taken apart without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import urns

WORDS = st.from_regex(r"[a-z][a-z0-9.-]{0,9}", fullmatch=True)
TYPES = st.from_regex(r"[a-z]{1,5}:[a-z]{1,5}:[A-Za-z]{1,8}", fullmatch=True)
STACK = f"urn:pulumi:s::p::{urns.ROOT_TYPE}::p-s"


@given(WORDS, WORDS, TYPES, TYPES, st.text(min_size=1))
def test_a_made_urn_splits_into_its_parts(stack: str, project: str, parent: str, type_: str, name: str) -> None:
    above = urns.make_urn(stack, project, "", parent, "above")
    urn = urns.make_urn(stack, project, above, type_, name)
    assert urns.is_urn(urn)
    assert (urns.stack_of(urn), urns.project_of(urn)) == (stack, project)
    assert (urns.qualified_type(urn), urns.type_of(urn), urns.name_of(urn)) == (f"{parent}${type_}", type_, name)


def test_a_child_urn_has_no_root_stack_type() -> None:
    assert urns.make_urn("s", "p", STACK, "a:b:C", "x") == "urn:pulumi:s::p::a:b:C::x"


def test_a_provider_reference_is_split_from_its_id() -> None:
    assert urns.provider_urn("urn:pulumi:s::p::pulumi:providers:random::mine::some-id").endswith("::mine")


@pytest.mark.parametrize(
    "text",
    ["", "urn:pulumi:s", "urn:pulumi:s::p::t", "urn:pulumi:s::p::t::", "urn:pulumi:s::p::::n", "urn:pulumi:::p::t::n",
     "urn:pulumi:a b::p::t::n", "urn:pulumi:s::p::a t::n", "x urn:pulumi:s::p::t::n"],
)  # fmt: skip
def test_other_text_is_not_a_urn(text: str) -> None:
    assert not urns.is_urn(text)
