"""Each policy has a concern of its own or of its family, so that the meaning of a change can rest on it."""

from __future__ import annotations

import pytest

from policies import concerns
from policies.rules import load


@pytest.mark.parametrize("policy", load())
def test_each_policy_has_a_concern(policy: str) -> None:
    assert concerns.declared_concern(policy), f"{policy}: add it, or its family, to policies/concerns.py"


def test_no_concern_is_of_a_policy_that_is_gone() -> None:
    listed = [id_ for ids in concerns._BY_CONCERN.values() for id_ in ids]
    assert set(listed) <= load().keys()
    assert len(listed) == len(set(listed))
    assert {id_[:2] for id_ in load()} == concerns._FAMILIES.keys()
