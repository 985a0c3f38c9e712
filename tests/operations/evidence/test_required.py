"""What is required of each stack is exactly what the policies judge in it, so nothing can be taken away unnoticed."""

from __future__ import annotations

from collections.abc import Mapping

from formats.stack_config import StackConfig
from operations.evidence.required import CONDITIONS, KINDS, NEVER, _table, named, never_required, required
from policies.model import Verdict
from policies.rules import load
from policies.runner import Report
from tests.operations.evidence import samples
from tests.policies import shipped, staffed


def judged(report: Report) -> dict[str, set[str]]:
    """Return the policies that judged something in each stack."""
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        if finding.verdict is not Verdict.NOT_APPLICABLE:
            found.setdefault(finding.stack, set()).add(finding.policy)
    return found


def expected(report: Report, configs: Mapping[str, StackConfig]) -> dict[str, set[str]]:
    """Return the policies that are required of each stack of a report."""
    return {name: set(required(configs[name], configs)) for name in report.stacks}


def test_the_whole_sample_estate_has_what_is_required_and_nothing_else_is_judged() -> None:
    plans, configs = samples.whole_estate()
    report = samples.report_of(list(plans.values()), configs)
    assert set(report.stacks) == set(configs)
    assert judged(report) == expected(report, configs)


def test_a_registry_a_windows_desk_and_staff_of_every_role_are_required_where_an_estate_has_them() -> None:
    facts = samples.shipped_facts()  # with a registry, and without staff and ways in
    assert judged(facts.report) == expected(facts.report, facts.configs)
    windows = [shipped.with_windows(name) for name in shipped.WITH_WINDOWS]
    configs = {**facts.configs, **{plan.stack: shipped.windows_configs()[plan.stack] for plan in windows}}
    report = samples.report_of(
        [*windows, *(shipped.deployed(name) for name in ("junction-zone", "safe-haven"))], configs
    )
    assert judged(report) == expected(report, configs)
    staff = samples.report_of([staffed.after()], {"platform": staffed.configs()["platform"]})
    assert judged(staff) == expected(staff, staffed.configs())


def test_the_table_names_policies_of_the_catalogue_and_conditions_that_exist() -> None:
    assert {*named(), *never_required()} <= load().keys()
    assert not named() & set(never_required())
    kinds = {kind: set(section) for kind, section in _table().items() if kind != NEVER}
    assert kinds.keys() == KINDS.keys()
    assert set().union(*kinds.values()) == CONDITIONS.keys()
