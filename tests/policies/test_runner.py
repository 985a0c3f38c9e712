"""The evaluation: unreadable values, broken rules and empty plans never pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from formats.plan import SECRET, UNKNOWN
from policies.model import Finding, PolicyContext, Resource, Verdict, Violation
from policies.runner import Report, evaluate
from tests.policies.world import catalogue, policy, store

TODAY = date(2026, 3, 1)
NAMES = [Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN]


def report(*resources: Resource, rule: Any = None, is_complete: bool = False, **more: Any) -> Report:
    rules = catalogue(policy(rule, **more) if rule else policy(**more))
    return evaluate(PolicyContext(resources, is_complete=is_complete), rules, today=TODAY)


def only(found: Report) -> Finding:
    (finding,) = found.findings
    return finding


def test_a_compliant_resource_passes() -> None:
    found = report(store(public=False))
    assert only(found).verdict is Verdict.PASS
    assert not found.blocks


def test_a_violation_fails_with_its_path() -> None:
    finding = only(report(store(public=True)))
    assert (finding.verdict, finding.path, finding.message) == (Verdict.FAIL, "public", "is True; it must be false")
    assert (finding.stack, finding.name, finding.type) == ("tre-heart", "data", "storage:StorageAccount")


def test_a_missing_property_is_the_insecure_default() -> None:
    assert only(report(store())).verdict is Verdict.FAIL


def test_an_unknown_value_is_unknown_and_blocks() -> None:
    found = report(store(public=UNKNOWN))
    assert only(found).verdict is Verdict.UNKNOWN
    assert only(found).path == "public"
    assert found.blocks


def test_a_value_inside_an_unknown_object_is_unknown() -> None:
    def rule(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
        if resource.at("rules.default") != "Deny":
            yield Violation("rules.default", "is open")

    assert only(report(store(rules=UNKNOWN), rule=rule)).verdict is Verdict.UNKNOWN


def test_an_unknown_value_that_no_rule_reads_blocks_nothing() -> None:
    assert only(report(store(public=False, elsewhere=UNKNOWN))).verdict is Verdict.PASS


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, SystemExit, AssertionError, MemoryError])
def test_a_rule_that_raises_is_unknown_with_the_error_type_only(error: type[BaseException]) -> None:
    def rule(_: Resource, __: PolicyContext) -> Iterator[Violation]:
        raise error("hunter2")
        yield

    finding = only(report(store(), rule=rule))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.message == f"the rule broke: {error.__name__}"


def test_a_rule_with_endless_recursion_is_unknown() -> None:
    def rule(resource: Resource, estate: PolicyContext) -> Iterator[Violation]:
        yield from rule(resource, estate)

    assert only(report(store(), rule=rule)).message == "the rule broke: RecursionError"


def test_a_rule_that_returns_none_is_unknown() -> None:
    assert only(report(store(), rule=lambda *_: None)).verdict is Verdict.UNKNOWN


def test_a_rule_that_yields_no_violations_but_texts_is_unknown() -> None:
    assert only(report(store(), rule=lambda *_: ["wrong"])).verdict is Verdict.UNKNOWN


def test_violations_before_an_unknown_value_count() -> None:
    def rule(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
        yield Violation("a", "is wrong")
        resource.at("b")

    found = report(store(b=UNKNOWN), rule=rule)
    assert [f.verdict for f in found.findings] == [Verdict.FAIL, Verdict.UNKNOWN]


def test_a_condition_that_raises_or_is_unknown_blocks() -> None:
    broken = report(store(), applies=lambda *_: 1 / 0)
    assert only(broken).verdict is Verdict.UNKNOWN
    unknown = report(store(kind=UNKNOWN), applies=lambda r, _: r.at("kind") == "x")
    assert only(unknown).verdict is Verdict.UNKNOWN


def test_a_resource_outside_of_the_condition_is_not_applicable() -> None:
    assert only(report(store(), applies=lambda *_: False)).verdict is Verdict.NOT_APPLICABLE


def test_estate_policies_are_evaluated_with_the_whole_estate_only() -> None:
    assert only(report(store(), evaluation_scope="estate")).verdict is Verdict.NOT_APPLICABLE
    assert only(report(store(), evaluation_scope="estate", is_complete=True)).verdict is Verdict.FAIL


def test_a_policy_on_every_type_checks_every_resource() -> None:
    found = report(store(), store("other", type_="web:WebApp"), resource_types=("*",))
    assert [f.name for f in found.findings] == ["data", "other"]


def test_resources_of_other_stacks_are_context_only() -> None:
    estate = PolicyContext([store(public=True), store(stack="platform", public=True)])
    found = evaluate(estate, catalogue(), today=TODAY, stacks=["tre-heart"])
    assert [f.stack for f in found.findings] == ["tre-heart"]
    assert (found.resources, found.stacks) == (1, ("tre-heart",))


def test_an_empty_context_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to check"):
        report()


def test_one_of_two_stacks_without_resources_is_refused() -> None:
    with pytest.raises(InputError, match="tre-lungs"):
        evaluate(PolicyContext([store()]), catalogue(), today=TODAY, stacks=["tre-heart", "tre-lungs"])


def test_no_policies_are_refused() -> None:
    with pytest.raises(InputError, match="no policies"):
        evaluate(PolicyContext([store()]), {}, today=TODAY)


def test_two_resources_of_one_urn_are_refused() -> None:
    with pytest.raises(InputError, match="one id"):
        report(store(public=False), store(public=True))


def test_two_resources_of_one_arm_id_in_any_case_are_refused() -> None:
    with pytest.raises(InputError, match="one id"):
        report(store("a", id_="/subscriptions/S/x"), store("b", id_="/subscriptions/s/X"))


def test_a_secret_is_never_in_a_message() -> None:
    def rule(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
        yield Violation("osProfile.adminPassword", f"is {resource.at('osProfile.adminPassword')}, in {resource.inputs}")

    finding = only(report(store(osProfile={"adminPassword": "hunter2"}), rule=rule))
    assert "hunter2" not in finding.message
    assert SECRET in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "https://x.blob.core.windows.net/c?sv=2022&sig=hunter2%3D",
        "AccountName=x;AccountKey=hunter2==;EndpointSuffix=y",
        "Authorization: Bearer hunter2",
        "postgres://admin:hunter2@db/x",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2",
    ],
)
def test_a_credential_is_never_in_a_message(text: str) -> None:
    finding = only(report(store(), rule=lambda *_: [Violation("url", f"is {text}")]))
    assert "hunter2" not in finding.message


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_names_and_messages_have_no_control_characters(name: str, message: str) -> None:
    finding = only(report(store(name), rule=lambda *_: [Violation(name, message)]))
    assert all(text.isprintable() for text in (finding.urn, finding.name, finding.path, finding.message))


def test_a_long_message_is_cut() -> None:
    finding = only(report(store(), rule=lambda *_: [Violation("a", "x" * 10_000_000)]))
    assert len(finding.message) <= 400


@settings(max_examples=30)
@given(st.lists(st.sampled_from([False, True, UNKNOWN, None]), min_size=1, max_size=8))
def test_each_resource_has_a_verdict_and_the_counts_add_up(values: list[Any]) -> None:
    found = report(*(store(f"s{i}", public=value) for i, value in enumerate(values)))
    expected = {False: Verdict.PASS, True: Verdict.FAIL, UNKNOWN: Verdict.UNKNOWN, None: Verdict.FAIL}
    assert [f.verdict for f in found.findings] == [expected[v] for v in values]
    assert sum(found.counts.values()) == len(values)
    assert found.blocks is any(value is not False for value in values)
    assert [f.verdict for f in found.blocking] == [expected[v] for v in values if v is not False]
