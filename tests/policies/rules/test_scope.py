"""Resources are where their stack is, and providers, options and API versions are those of the estate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from formats.arm.sdk import AZURE_NATIVE, PREFIX
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource
from formats.stack_config import StackConfig
from policies.azure_semantics.api_versions import PREVIEWS, defect_of
from policies.model import NO_CONFIGS, Verdict
from policies.plan_evaluation import Neighbours, evaluate_plans
from policies.rules import load
from policies.rules.governance.known_types import known_types
from tests.policies import shipped

OWN, OTHER = "10ca1000-0000-4000-8000-000000000001", "0f0e0d0c-1111-4222-8333-444455556666"
STACK = "tre-hcm-progression"
PROVIDER = "pulumi:providers:azure-native"
DISK = "azure-native:compute:Disk"
PEERING = "azure-native:network:VirtualNetworkPeering"


def failures(*, change: str, inputs: Mapping[str, Any] | None = None, **fields: Any) -> set[str]:
    """Return the policies that block the tenancy after a change of all its resources of a type."""
    plan = shipped.after(STACK)

    def changed(resource: PlannedResource) -> PlannedResource:
        if resource.type != change:
            return resource
        return replace(resource, inputs={**resource.inputs, **(inputs or {})}, **fields)

    return blocking(replace(plan, resources=tuple(map(changed, plan.resources))))


def blocking(plan: Plan, configs: Mapping[str, StackConfig] = NO_CONFIGS) -> set[str]:
    policies = {id_: policy for id_, policy in load().items() if id_.startswith(("SC", "TY"))}
    others = Neighbours.of_plans([shipped.deployed(stack) for stack in shipped.STACKS if stack != plan.stack])
    report = evaluate_plans([plan], policies=policies, neighbours=others, configs=configs)
    return {finding.policy for finding in report.findings if finding.verdict.blocks}


def test_the_sample_estate_passes() -> None:
    assert all(blocking(shipped.before(stack)) == set() for stack in shipped.STACKS)


def moved(id_: str, subscription: str = OTHER) -> str:
    return id_.replace(OWN, subscription)


@pytest.mark.parametrize(
    "type_", [DISK, "azure-native:managedidentity:UserAssignedIdentity", "azure-native:resources:ResourceGroup"]
)
def test_a_resource_in_another_subscription_fails(type_: str) -> None:
    plan = shipped.after(STACK)
    resources = tuple(replace(r, id=moved(str(r.id))) if r.type == type_ else r for r in plan.resources)
    assert "SC1" in blocking(replace(plan, resources=resources))


def test_a_resource_in_the_group_of_another_stack_fails() -> None:
    group = "rg-wmsde-platform-hub"
    plan = shipped.after(STACK)
    made = PlannedResource(f"urn:pulumi:{STACK}::sde::{DISK}::more", DISK, Operation.CREATE,
                           inputs={"resourceGroupName": group, "diskName": "more"})  # fmt: skip
    assert blocking(replace(plan, resources=(*plan.resources, made))) == {"SC1"}


@pytest.mark.parametrize("is_named", [True, False])
def test_a_guardrail_may_be_in_another_subscription_of_the_estate(is_named: bool) -> None:
    plan = shipped.after("platform")
    kept = next(r for r in plan.resources if r.urn.endswith(f"::types-stay-{OWN}"))
    made = replace(kept, urn=f"{kept.urn}-other", id=moved(str(kept.id)))
    config = shipped.configs()["platform"].model_copy(update={"subscriptions": (UUID(OWN), UUID(OTHER))})
    configs = {**shipped.configs(), **({"platform": config} if is_named else {})}
    found = blocking(replace(plan, resources=(*plan.resources, made)), configs)
    assert found == (set() if is_named else {"SC2"})


@pytest.mark.parametrize("is_named", [True, False])
def test_a_provider_may_be_in_a_subscription_that_the_estate_names_for_later(is_named: bool) -> None:
    plan = shipped.after("platform")
    provider = PlannedResource(f"urn:pulumi:platform::sde::{PROVIDER}::in-other", PROVIDER, Operation.CREATE,
                               inputs={"subscriptionId": OTHER})  # fmt: skip
    config = shipped.configs()["platform"].model_copy(update={"subscriptions": (UUID(OWN), UUID(OTHER))})
    configs = {**shipped.configs(), **({"platform": config} if is_named else {})}
    found = blocking(replace(plan, resources=(*plan.resources, provider)), configs)
    assert ("SC2" in found) is not is_named


@pytest.mark.parametrize("group", ["rg-wmsde-platform-hub", "rg-of-a-stranger"])
def test_a_peering_of_an_unknown_network_fails(group: str) -> None:
    plan = shipped.after(STACK)
    resources = tuple(
        replace(r, id=str(r.id).replace("rg-wmsde-platform-hub", group)) if r.type == PEERING else r
        for r in plan.resources
    )
    assert blocking(replace(plan, resources=resources)) == (set() if group == "rg-wmsde-platform-hub" else {"SC2"})


@pytest.mark.parametrize(
    ("inputs", "policy"),
    [
        ({"subscriptionId": OTHER}, "SC2"),
        ({"subscriptionId": UNKNOWN}, "SC2"),
        ({"tenantId": OTHER}, "SC3"),
        ({"clientId": OTHER, "clientSecret": "[secret]"}, "SC3"),
        ({"useMsi": True}, "SC3"),
        ({"environment": "usgovernment"}, "SC3"),
        ({"auxiliaryTenantIds": [OTHER]}, "SC3"),
        ({"__internal": {"pluginDownloadURL": "https://example.org"}}, "SC3"),
    ],
)
def test_an_explicit_provider_may_have_another_subscription_of_the_estate_only(
    inputs: dict[str, Any], policy: str
) -> None:
    assert policy in failures(change=PROVIDER, inputs=inputs)


def test_another_provider_is_an_unknown_type() -> None:
    type_ = "pulumi:providers:aws"
    plan = shipped.after(STACK)
    provider = PlannedResource(f"urn:pulumi:{STACK}::sde::{type_}::aws", type_, Operation.CREATE, parent="x")
    assert blocking(replace(plan, resources=(*plan.resources, provider))) == {"TY1"}


@pytest.mark.parametrize(
    "fields", [{"retain_on_delete": True}, {"foreign_aliases": ("urn:pulumi:other::sde::a:b:C::d",)}]
)
def test_retained_resources_and_aliases_of_other_stacks_fail(fields: dict[str, Any]) -> None:
    assert failures(change=DISK, **fields) == {"SC4"}


@pytest.mark.parametrize("version", ["2019-01-01", "2024-03-02-preview", "latest", 5])
def test_an_old_or_preview_api_version_fails(version: object) -> None:
    assert failures(change=DISK, inputs={"azureApiVersion": version}) == {"SC5"}


@pytest.mark.parametrize("version", ["2024-03-02", "2025-01-02", UNKNOWN])
def test_a_newer_stable_version_passes_and_an_unknown_one_blocks(version: str) -> None:
    assert failures(change=DISK, inputs={"azureApiVersion": version}) == ({"SC5"} if version == UNKNOWN else set())


def test_the_allowed_previews_are_those_of_the_sdk() -> None:
    parts = {type_ for type_ in known_types() if type_.startswith("containerregistry:")} - PREVIEWS
    found = {type_: AZURE_NATIVE.resource(PREFIX + type_) for type_ in known_types() - parts}  # CR3 refuses the parts
    assert {type_ for type_, known in found.items() if known and "preview" in known.api_version} == PREVIEWS


@pytest.mark.parametrize(("version", "passes"), [
    ("2024-10-01-preview", True), ("2023-01-01", True), ("2022-06-01", True), ("2018-03-01", False),
    ("2023-09-01-preview", False),
])  # fmt: skip
def test_a_type_of_a_preview_may_have_its_last_stable_version(version: str, passes: bool) -> None:
    assert (defect_of("monitor:ActionGroup", version) is None) is passes
    assert defect_of("monitor:DiagnosticSetting", "2017-05-01-preview")


def test_without_a_known_subscription_the_verdict_is_unknown() -> None:
    plan = replace(shipped.after("platform"), subscription="")
    report = evaluate_plans([plan], policies={"SC1": load()["SC1"]})
    assert {f.verdict for f in report.findings if f.type == "resources:ResourceGroup"} == {Verdict.UNKNOWN}


def identities(type_: str, **inputs: Any) -> bool:
    plan = shipped.after(STACK)
    resources = tuple(replace(r, inputs={**r.inputs, **inputs}) if r.type == type_ else r for r in plan.resources)
    others = Neighbours.of_plans([shipped.deployed(stack) for stack in shipped.STACKS if stack != STACK])
    report = evaluate_plans([replace(plan, resources=resources)], policies={"IA11": load()["IA11"]}, neighbours=others)
    return report.blocks


MACHINE = "azure-native:compute:VirtualMachine"


def mover() -> str:
    """Return the id of an identity of another stack."""
    return str(next(r for r in shipped.deployed("safe-haven").resources if r.name == "staging-mover").id)


@pytest.mark.parametrize(
    "found",
    [lambda: [mover()], lambda: {mover(): {}}, lambda: UNKNOWN, lambda: [f"/subscriptions/{OTHER}/x"]],
    ids=["a list", "a map", "unknown", "a foreign one"],
)
def test_an_identity_of_another_stack_fails(found: Callable[[], Any]) -> None:
    assert identities(MACHINE, identity={"type": "UserAssigned", "userAssignedIdentities": found()})
    assert not identities(MACHINE)


def test_an_encryption_identity_of_another_stack_fails() -> None:
    encryption = {"encryptionIdentity": {"encryptionUserAssignedIdentity": mover()}}
    assert identities("azure-native:storage:StorageAccount", encryption=encryption)


@pytest.mark.parametrize("type_", ["compute:DiskEncryptionSet", "storage:StorageAccount"])
def test_an_identity_of_another_stack_fails_on_stores_and_disks(type_: str) -> None:
    assert identities(f"{PREFIX}{type_}", identity={"type": "UserAssigned", "userAssignedIdentities": [mover()]})


def test_an_identity_that_encrypts_fails_on_a_computer() -> None:
    found = next(r for r in shipped.deployed(STACK).resources if r.name == "keys-encrypts").id
    assert identities(MACHINE, identity={"type": "UserAssigned", "userAssignedIdentities": [str(found).upper()]})
