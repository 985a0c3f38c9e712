"""Outputs are of an allow-list, which is that of the stacks, and values from random secrets are secret."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import SECRET, UNKNOWN, planned_outputs
from formats.stack_config import config_model
from policies.expected.outputs import OUTPUTS
from policies.plan_evaluation import evaluate_plans
from policies.rules import load
from policies.rules.outputs.allowed_outputs import _values
from tests.policies import shipped

OF_OPTIONS = ("inboxes.", "staff_", "log_workspace_guid", "ca_reader_principal_id", "desk_first_boot.*.ca_certs",
              *(f"desk_first_boot.*.{name}" for name in ("hosts", "roots", "script", "wsus")))  # fmt: skip
"""Prefixes of the outputs of estates with inboxes, staff or tenant restrictions."""
KEY = "CyYpMzlASVJbZG12f4iRmqOstb7H0Nni6/T9Bg8YISo="


def failed(stack: str, **outputs: Any) -> set[str]:
    """Return the paths of the outputs that fail, with some added or changed."""
    plan = shipped.deployed(stack)
    present = {o.name: o.after for o in plan.outputs} | outputs
    changed = replace(plan, outputs=planned_outputs(present, present))
    report = evaluate_plans([changed], policies={"OU1": load()["OU1"]}, configs=shipped.configs())
    return {finding.path for finding in report.findings if finding.verdict.blocks}


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_the_expected_outputs_are_those_of_the_stacks(stack: str) -> None:
    assert failed(stack) == set()
    found = {pattern for _, pattern, _ in _values({o.name: o.after for o in shipped.deployed(stack).outputs})}
    of_options = {pattern for pattern in OUTPUTS[config_model(stack)] if pattern.startswith(OF_OPTIONS)}
    assert found | of_options == set(OUTPUTS[config_model(stack)])


@pytest.mark.parametrize(
    ("name", "value"),
    [("debug", KEY), ("debug", SECRET), ("debug", UNKNOWN), ("vault_name", KEY), ("vault_name", "another-name"),
     ("network_id", "/subscriptions/x"), ("expires", "soon"), ("project", "other"), ("store_name", ["st"]),
     ("desk_names", {"main": SECRET})],
)  # fmt: skip
def test_another_output_or_form_fails(name: str, value: Any) -> None:
    found = failed("tre-hcm-progression", **{name: value})
    assert {path.partition("[")[0].partition(".")[0] for path in found} == {name}


STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(("stack", "name", "value"), [
    ("platform", "firewall_range", "10.99.0.0/26"), ("platform", "firewall_address", "10.64.0.5"),
    ("platform", "zone_range", "10.64.0.0/10"), ("platform", "bastion_range", "0.0.0.0/0"),
    ("platform", "tenancy_ranges", ["10.64.0.0/15"]), ("tre-hcm-progression", "expires", "2099-01-01"),
])  # fmt: skip
def test_another_value_than_the_estates_fails(stack: str, name: str, value: Any) -> None:
    assert {path.partition("[")[0] for path in failed(stack, **{name: value})} == {name}


@pytest.mark.parametrize("value", [STRANGER, "another zone's mover"])
def test_the_object_id_of_another_identity_fails(value: str) -> None:
    zones = next(o.after for o in shipped.deployed("safe-haven").outputs if o.name == "zones")
    other = zones["archive"]["mover_principal_id"] if value != STRANGER else value
    changed = {**zones, "landing": {**zones["landing"], "mover_principal_id": other}}
    assert failed("safe-haven", zones=changed) == {"zones.landing.mover_principal_id"}


@pytest.mark.parametrize("path", ["firewall_adress", "firewall_address.inner", 'zones["landing"]', "]"])
def test_a_path_that_no_output_of_the_stack_has_fails(path: str) -> None:
    assert failed("safe-haven", reads={"platform": [path]}) == {"reads.platform[0]"}


def test_a_value_inside_an_output_is_compared() -> None:
    assert failed("safe-haven", zones={"landing": {"key": KEY}}) == {"zones.landing.key"}
    assert failed("safe-haven", reads={"platform": [KEY]}) == {"reads.platform[0]"}


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_outputs_before_the_deployment_pass(stack: str) -> None:
    report = evaluate_plans([shipped.before(stack)], policies={"OU1": load()["OU1"]})
    assert not report.blocks


@pytest.mark.parametrize(("stack", "name"), [("platform", "dns_zones"), ("junction-zone", "providers"),
                                             ("safe-haven", "zones"), ("tre-hcm-progression", "reads")])  # fmt: skip
def test_a_key_that_names_nothing_of_the_estate_fails(stack: str, name: str) -> None:
    present = next(o.after for o in shipped.deployed(stack).outputs if o.name == name)
    (first, *_) = present.values()
    assert failed(stack, **{name: {**present, "0b2609323940495": first}}) == {f"{name}.0b2609323940495"}


def test_a_value_that_is_not_known_yet_passes() -> None:
    assert failed("platform", network_id=UNKNOWN) == set()


@pytest.mark.parametrize(("value", "blocks"), [(UNKNOWN, True), (SECRET, False)])
def test_a_value_from_a_random_secret_is_secret(value: str, blocks: bool) -> None:
    plan = shipped.before("safe-haven")
    random = next(r.urn for r in plan.resources if r.type.startswith("random:"))

    def tagged(resource: Any) -> Any:
        if not resource.type.endswith(":BlobContainer"):
            return resource
        sources = {**resource.property_dependencies, "metadata": (random,)}
        return replace(resource, inputs={**resource.inputs, "metadata": {"k": value}}, property_dependencies=sources)

    report = evaluate_plans(
        [replace(plan, resources=tuple(map(tagged, plan.resources)))], policies={"KV13": load()["KV13"]}
    )
    assert bool(report.blocks) is blocks
