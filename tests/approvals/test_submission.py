"""What each step sees of a request, and that nothing of it is seen by no step."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.canonical import canonical, read_canonical
from approvals.decision import Decision
from approvals.route import Part, read_shipped
from approvals.submission import REQUEST_KEYS, Submission
from formats.errors import InputError
from operations.estate.request_model import RequestFile
from tests.approvals.site import CODE, assessment, changed, request, submission

ROUTES = [read_shipped(name) for name in ("west-midlands", "trust-committee")]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def test_each_key_that_a_request_can_have_is_in_one_part() -> None:
    keys = [key for part in REQUEST_KEYS.values() for key in part]
    assert sorted(keys) == sorted(RequestFile.model_fields)


@settings(max_examples=40)
@given(VALUES, st.randoms())
def test_canonical_json_is_the_same_whatever_the_order_and_is_read_back(value: Any, rng: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in rng.sample(sorted(value), len(value))}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    assert canonical(shuffled(value)) == canonical(value)
    assert json.loads(canonical(value)) == value


@settings(max_examples=40)
@given(
    st.sampled_from(sorted({key for keys in REQUEST_KEYS.values() for key in keys} - {"project", "request"})), VALUES
)
def test_exactly_the_steps_that_see_a_key_have_another_view_when_it_changes(key: str, value: Any) -> None:
    before, after = submission(), submission(request(**{key: value}))
    part = next(part for part, keys in REQUEST_KEYS.items() if key in keys)
    if before.request.get(key) == value or (value is None and key not in before.request):
        return
    for route in ROUTES:
        reopened = {step.name for step in route.steps if before.view_digest(step) != after.view_digest(step)}
        assert reopened == {step.name for step in route.steps if part in step.sees}
        assert reopened


def test_each_part_of_the_assessment_is_in_the_view_of_who_sees_it() -> None:
    before = submission()
    other = {"template": {"name": "synthetic", "digest": "sha256:" + "0" * 64}, "summary": ("Another page.",),
             "network": {"addresses": ("10.0.0.0/22",)}, "cost": {"currency": "GBP", "monthly_pence": 1},
             "plan": changed(before.assessment.plan, nodes=1),
             "verdict": changed(before.assessment.verdict, passed=False)}  # fmt: skip
    for key, value in other.items():
        after = submission(**{key: value})
        for route in ROUTES:
            reopened = {step.name for step in route.steps if before.view_digest(step) != after.view_digest(step)}
            assert reopened == {step.name for step in route.steps if Part(key) in step.sees} != set()


def test_an_assessment_is_of_this_version_of_the_request() -> None:
    with pytest.raises(InputError, match="of another version of the request"):
        Submission(CODE, request(title="Another"), assessment(request()))


@pytest.mark.parametrize(
    ("key", "value"),
    [("project", "hcm-prоgression"), ("project", "../../etc"), ("request", "DAR-２０２６"), ("request", "a\nb"),
     ("request", None), ("extra", 1)],
)  # fmt: skip
def test_a_request_with_a_strange_id_or_key_is_not_decided_on(key: str, value: Any) -> None:
    with pytest.raises(InputError):
        submission(request(**{key: value}))


def test_only_canonical_bytes_are_read() -> None:
    decision = {"estate": CODE, "project": "one", "number": "D-1", "step": "review", "verb": "approve", "role": "team",
                "view": "sha256:" + "0" * 64, "person": "db7a0118-c48f-5463-aec7-50d383efab17", "follows": [],
                "time": "2026-11-30T09:00:00Z", "reason": "As the minutes say"}  # fmt: skip
    assert read_canonical(Decision, rfc8785.dumps(decision), file="one").number == "D-1"
    wrong = {"time": "2026-11-30T09:00:00+00:00", "person": "DB7A0118-C48F-5463-AEC7-50D383EFAB17", "verb": "APPROVE",
             "reason": "a\u202eb c", "number": "D‐1", "follows": None, "view": "sha256:" + "A" * 64}  # fmt: skip
    for key, value in wrong.items():
        with pytest.raises(InputError):
            read_canonical(Decision, rfc8785.dumps({**decision, key: value}), file="one")
    for text in (b"[" * 200_000, b'{"a":' * 5000, b"NaN", b"{}" * 2, b"\xff", b"", b" " * 300_000):
        with pytest.raises(InputError):
            read_canonical(Decision, text, file="one")
