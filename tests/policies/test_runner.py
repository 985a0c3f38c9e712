"""What judges passes nothing by accident."""

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


def test_a_resource_that_holds_passes() -> None:
    found = report(store(public=False))
    assert only(found).verdict is Verdict.PASS
    assert not found.blocks


def test_a_resource_that_does_not_hold_fails_with_its_place() -> None:
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


def test_a_value_inside_something_unknown_is_unknown() -> None:
    def rule(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
        if resource.at("rules.default") != "Deny":
            yield Violation("rules.default", "is open")

    assert only(report(store(rules=UNKNOWN), rule=rule)).verdict is Verdict.UNKNOWN


def test_an_unknown_value_that_no_rule_looks_at_blocks_nothing() -> None:
    assert only(report(store(public=False, elsewhere=UNKNOWN))).verdict is Verdict.PASS


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, SystemExit, AssertionError, MemoryError])
def test_a_rule_that_raises_passes_nothing_and_tells_the_type_alone(error: type[BaseException]) -> None:
    def rule(_: Resource, __: PolicyContext) -> Iterator[Violation]:
        raise error("hunter2")
        yield

    finding = only(report(store(), rule=rule))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.message == f"the rule broke: {error.__name__}"


def test_a_rule_that_does_not_end_by_itself_is_unknown() -> None:
    def rule(resource: Resource, estate: PolicyContext) -> Iterator[Violation]:
        yield from rule(resource, estate)

    assert only(report(store(), rule=rule)).message == "the rule broke: RecursionError"


def test_a_rule_that_returns_nothing_at_all_is_unknown() -> None:
    assert only(report(store(), rule=lambda *_: None)).verdict is Verdict.UNKNOWN


def test_a_rule_that_yields_something_else_is_unknown() -> None:
    assert only(report(store(), rule=lambda *_: ["wrong"])).verdict is Verdict.UNKNOWN


def test_what_a_rule_said_before_it_met_an_unknown_still_stands() -> None:
    def rule(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
        yield Violation("a", "is wrong")
        resource.at("b")

    found = report(store(b=UNKNOWN), rule=rule)
    assert [f.verdict for f in found.findings] == [Verdict.FAIL, Verdict.UNKNOWN]


def test_a_condition_that_breaks_or_is_unknown_is_not_a_way_out() -> None:
    broken = report(store(), applies=lambda *_: 1 / 0)
    assert only(broken).verdict is Verdict.UNKNOWN
    unknown = report(store(kind=UNKNOWN), applies=lambda r, _: r.at("kind") == "x")
    assert only(unknown).verdict is Verdict.UNKNOWN


def test_what_a_policy_is_not_about_is_not_applicable() -> None:
    assert only(report(store(), applies=lambda *_: False)).verdict is Verdict.NOT_APPLICABLE


def test_between_stacks_only_the_whole_estate_is_judged() -> None:
    assert only(report(store(), scope="estate")).verdict is Verdict.NOT_APPLICABLE
    assert only(report(store(), scope="estate", is_complete=True)).verdict is Verdict.FAIL


def test_a_policy_on_everything_sees_everything() -> None:
    found = report(store(), store("other", type_="web:WebApp"), on=("*",))
    assert [f.name for f in found.findings] == ["data", "other"]


def test_companions_of_other_stacks_are_seen_and_not_judged() -> None:
    estate = PolicyContext([store(public=True), store(stack="platform", public=True)])
    found = evaluate(estate, catalogue(), today=TODAY, stacks=["tre-heart"])
    assert [f.stack for f in found.findings] == ["tre-heart"]
    assert (found.resources, found.stacks) == (1, ("tre-heart",))


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to check"):
        report()


def test_a_stack_without_resources_is_refused_beside_one_that_has_some() -> None:
    with pytest.raises(InputError, match="tre-lungs"):
        evaluate(PolicyContext([store()]), catalogue(), today=TODAY, stacks=["tre-heart", "tre-lungs"])


def test_no_policies_are_refused() -> None:
    with pytest.raises(InputError, match="no policies"):
        evaluate(PolicyContext([store()]), {}, today=TODAY)


def test_two_resources_of_one_urn_are_refused() -> None:
    with pytest.raises(InputError, match="one id"):
        report(store(public=False), store(public=True))


def test_two_resources_of_one_arm_id_are_refused_whatever_its_case() -> None:
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
def test_what_looks_like_a_credential_is_never_in_a_message(text: str) -> None:
    finding = only(report(store(), rule=lambda *_: [Violation("url", f"is {text}")]))
    assert "hunter2" not in finding.message


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_and_no_message_steers_a_terminal(name: str, message: str) -> None:
    finding = only(report(store(name), rule=lambda *_: [Violation(name, message)]))
    assert all(text.isprintable() for text in (finding.urn, finding.name, finding.path, finding.message))


def test_a_message_is_no_longer_than_a_person_reads() -> None:
    finding = only(report(store(), rule=lambda *_: [Violation("a", "x" * 10_000_000)]))
    assert len(finding.message) <= 400


@settings(max_examples=30)
@given(st.lists(st.sampled_from([False, True, UNKNOWN, None]), min_size=1, max_size=8))
def test_each_resource_has_a_verdict_of_its_own_and_the_counts_add_up(values: list[Any]) -> None:
    found = report(*(store(f"s{i}", public=value) for i, value in enumerate(values)))
    expected = {False: Verdict.PASS, True: Verdict.FAIL, UNKNOWN: Verdict.UNKNOWN, None: Verdict.FAIL}
    assert [f.verdict for f in found.findings] == [expected[v] for v in values]
    assert sum(found.counts.values()) == len(values)
    assert found.blocks is any(value is not False for value in values)
    assert [f.verdict for f in found.blocking] == [expected[v] for v in values if v is not False]
