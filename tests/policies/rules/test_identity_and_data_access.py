"""Rules for roles and identities, and for access to airlocks, providers' containers and stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from formats.plan import UNKNOWN
from policies.azure_semantics.roles import ADMINISTRATORS
from policies.model import Verdict
from tests.policies.rules.cases import GONE, GROUP, World, changed, made, verdict, without
from tests.policies.rules.sample_estate import (
    ASKED,
    INSIDE,
    INTAKE,
    LOOKER,
    READER,
    RECORDS,
    RELEASED,
    STORE,
    WRITER,
    below,
    grant,
    site,
)  # fmt: skip
from tests.policies.rules.weakening import REMOVED, cases, unknowns

ROLES = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions"
SUBSCRIPTION = "/subscriptions/10ca1000-0000-4000-8000-000000000001"
FIRST, SECOND = below(f"{ASKED}/{INSIDE}/asked"), below(f"{RELEASED}/{INSIDE}/released")
MIXED = below(f"{ASKED}/{INSIDE}/released")
ON_UPLOAD = "properties.malwareScanning.onUpload"
WEAK = cases({
    "IA1": [
        ("researchers", "roleDefinitionId", tuple(f"{ROLES}/{role}" for role in ADMINISTRATORS)),
        ("researchers", "roleDefinitionId", (f"{ROLES}/00000000-0000-0000-0000-000000000000", GONE)),
        ("researchers", "principalType", ("User", "ForeignGroup", "Device", GONE)),
    ],
    "IA2": [
        ("researchers", "scope", (SUBSCRIPTION, "/", "/providers/Microsoft.Management/managementGroups/all", GONE)),
        ("researchers", "delegatedManagedIdentityResourceId", ("/subscriptions/other/x",)),
        ("researchers", "condition", ("@Resource[x] StringEquals 'y'",)),
    ],
    "IA5": [("researchers", "scope", (f"{SUBSCRIPTION}/resourceGroups/rg-other/providers/a/b/c",))],
    "IA6": [
        ("researchers", "scope", (GROUP,)),
        ("desk", "scope", (GROUP,)),
        ("engineers", "roleDefinitionId", (f"{ROLES}/{READER}",)),
        ("engineers<firewall", REMOVED, ()),
    ],
    "AL1": [
        ("asked<brings", "principalId", ("checkers",)),
        ("asked<brings", "scope", (SECOND, MIXED, below(ASKED), GROUP)),
        ("asked<brings", "roleDefinitionId", (f"{ROLES}/{READER}",)),
        ("asked<brings", REMOVED, ()),
        ("asked<checks", "principalId", ("researchers", "outside", "desk")),
        ("asked<checks", "roleDefinitionId", (f"{ROLES}/{WRITER}",)),
        ("asked<checks", REMOVED, ()),
        ("released<asked-container", REMOVED, ()),
        ("asked<released", REMOVED, ()),
        ("released<releases", "principalId", ("researchers", "outside", "desk")),
        ("released<releases", "scope", (below(RELEASED), FIRST)),
        ("released<fetches", "principalId", ("checkers",)),
        ("released<fetches", "roleDefinitionId", (f"{ROLES}/{WRITER}",)),
        ("released<fetches", "scope", (FIRST, below(RELEASED))),
        ("released<asked", REMOVED, ()),
    ],
    "AL2": [
        ("intake<north-brings", "principalId", ("south",)),
        ("intake<north-brings", "scope", (below(INTAKE), below(f"{INTAKE}/{INSIDE}/south"))),
        ("intake<mover", "principalType", ("Group",)),
    ],
    "AL3": [
        ("records<recorder", "principalType", ("Group",)),
        ("store<desk", "principalType", ("Group",)),
    ],
    "AL4": [
        ("asked<asked-scan", REMOVED, ()),
        ("intake<intake-scan", REMOVED, ()),
        ("asked<asked-scan", "properties", (GONE, {})),
        ("asked<asked-scan", "properties.isEnabled", (False, GONE)),
        ("asked<asked-scan", f"{ON_UPLOAD}.isEnabled", (False, GONE, "true")),
        ("asked<asked-scan", f"{ON_UPLOAD}.capGBPerMonth", (0, 1, -2, 999, "many", True)),
        ("asked<asked-scan", "properties.overrideSubscriptionLevelSettings", (False, GONE)),
        ("asked<asked-scan", "resourceId", (below(STORE),)),
        ("asked", "networkRuleSet.resourceAccessRules", ([], GONE, [{"resourceId": below(STORE)}])),
        ("asked<checks", "condition", (GONE, "@Resource[x] StringEquals 'y'")),
    ],
    "AL5": [
        ("store<researchers", "principalId", ("analysts",)),
        ("asked<checks", "principalId", ("analysts",)),
        ("released<signs-in", "principalId", ("checkers",)),
    ],
})  # fmt: skip
UNKNOWNS = unknowns({
    "IA1": [("researchers", "roleDefinitionId"), ("researchers", "principalType")],
    "IA2": [("researchers", "scope"), ("researchers", "condition")],
    "IA5": [("researchers", "scope")],
    "IA6": [("engineers", "scope"), ("engineers", "roleDefinitionId")],
    "AL1": [("asked<brings", "roleDefinitionId"), ("asked<brings", "scope")],
    "AL2": [("intake<north-brings", "roleDefinitionId")],
    "AL3": [("store<researchers", "roleDefinitionId")],
    "AL4": [("asked<asked-scan", "properties.isEnabled"), ("asked<asked-scan", f"{ON_UPLOAD}.capGBPerMonth"),
            ("asked<asked-scan", "resourceId"), ("asked<checks", "condition")],
    "AL5": [("store<researchers", "principalId"), ("store<signs-in", "roleDefinitionId")],
})  # fmt: skip


def test_every_federated_credential_is_refused() -> None:
    for inputs in ({"issuer": "https://token.actions.githubusercontent.com"}, {}, {"issuer": UNKNOWN}):
        credential = made(
            "managedidentity:FederatedIdentityCredential", "ci", "Microsoft.ManagedIdentity/x/y/z/ci", **inputs
        )
        assert verdict({"ci": credential}, "IA3", "ci") in (Verdict.FAIL, Verdict.UNKNOWN)
        assert (verdict({"ci": credential}, "IA3", "ci") is Verdict.UNKNOWN) is (inputs.get("issuer") == UNKNOWN)


@pytest.mark.parametrize(("tenant", "said"), [({"managedByTenantId": "x"}, Verdict.FAIL), ({}, Verdict.FAIL),
                                             (UNKNOWN, Verdict.UNKNOWN)])  # fmt: skip
def test_delegation_to_another_tenant_is_refused(tenant: object, said: Verdict) -> None:
    delegation = made(
        "managedservices:RegistrationDefinition", "msp", "Microsoft.ManagedServices/x/y", properties=tenant
    )
    assert verdict({"msp": delegation}, "IA7", "msp") is said


def role(**more: Any) -> World:
    permission = {
        "actions": ["Microsoft.Network/virtualNetworks/read"],
        "dataActions": [],
        **more.pop("permission", {}),
    }
    inputs = {"permissions": [permission], "assignableScopes": [GROUP], **more}
    return {"role": made("authorization:RoleDefinition", "role", "Microsoft.Authorization/roleDefinitions/r", **inputs)}


def test_a_custom_role_with_named_actions_passes() -> None:
    assert verdict(role(), "IA4", "role") is Verdict.PASS


@pytest.mark.parametrize("world", [
    role(permission={"actions": ["*"]}),
    role(permission={"actions": ["*/read"]}),
    role(permission={"actions": ["Microsoft.Storage/*"]}),
    role(permission={"dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]}),
    role(permission={"actions": ["*"], "notActions": ["Microsoft.Authorization/*"]}),
    role(permission={"actions": ["Microsoft.Authorization/roleAssignments/write"]}),
    role(permission={"actions": ["Microsoft.Storage/storageAccounts/listKeys/action"]}),
    role(permission={"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]}),
    role(assignableScopes=[SUBSCRIPTION]), role(assignableScopes=["/"]), role(assignableScopes=[]),
], ids=lambda world: str(world["role"].inputs)[:70])  # fmt: skip
def test_a_custom_role_that_grants_more_is_refused(world: World) -> None:
    assert verdict(world, "IA4", "role") is Verdict.FAIL


def test_a_custom_role_with_unknown_actions_does_not_pass() -> None:
    assert verdict(role(permission={"actions": [UNKNOWN]}), "IA4", "role") is Verdict.UNKNOWN


@pytest.mark.parametrize(("role_", "kind", "said"), [
    (READER, "ServicePrincipal", Verdict.PASS), (READER, "Group", Verdict.FAIL),
    (WRITER, "ServicePrincipal", Verdict.FAIL),
])  # fmt: skip
def test_only_identities_may_read_across_stacks(role_: str, kind: str, said: Verdict) -> None:
    foreign = replace(grant("foreign", role_, "somebody", STORE, kind), stack="safe-haven")
    assert verdict(site() | {"foreign": foreign}, "IA5", "foreign") is said
    whole = replace(foreign, inputs={**foreign.inputs, "scope": GROUP})
    assert verdict(site() | {"foreign": whole}, "IA6", "foreign") is said


def test_a_second_group_on_the_whole_hub_is_refused() -> None:
    second = grant("second", LOOKER, "auditors", "x/y/z")
    second = replace(second, inputs={**second.inputs, "scope": GROUP})
    assert verdict(site() | {"second": second}, "IA6", "engineers") is Verdict.FAIL


@pytest.mark.parametrize(("name", "who", "target", "policy", "judged"), [
    ("side", "researchers", f"{RELEASED}/{INSIDE}/released", "AL1", "released"),
    ("side", "outside", f"{ASKED}/{INSIDE}/asked", "AL1", "asked"),
    ("side", "strangers", ASKED, "AL1", "asked"),
    ("side", "analysts", STORE, "AL5", "store"),
    ("side", "others", f"{INTAKE}/{INSIDE}/north", "AL2", "intake"),
    ("side", "others", INTAKE, "AL2", "intake"),
    ("side", "others", STORE, "AL3", "store"),
    ("side", "others", RECORDS, "AL3", "records"),
])  # fmt: skip
def test_one_more_role_is_refused(name: str, who: str, target: str, policy: str, judged: str) -> None:
    world = site() | {name: grant(name, WRITER, who, target)}
    assert verdict(world, policy, judged) is Verdict.FAIL


def test_a_new_identity_differs_from_an_existing_group() -> None:
    world = changed(site(), "brings", "principalId", UNKNOWN)
    world["brings"] = replace(world["brings"], property_dependencies={"principalId": ("urn:mover",)})
    assert verdict(world, "AL1", "asked") is Verdict.PASS
    world = changed(world, "checks", "principalId", UNKNOWN)
    world["checks"] = replace(world["checks"], property_dependencies={"principalId": ("urn:mover",)})
    assert verdict(world, "AL1", "asked") is Verdict.FAIL
    world["checks"] = replace(world["checks"], property_dependencies={})
    assert verdict(world, "AL1", "asked") is Verdict.UNKNOWN


def test_both_stages_in_one_store_are_refused() -> None:
    world = without(site(), "released-container")
    inside = f"{ASKED}/{INSIDE}/released"
    world["mixed"] = made("storage:BlobContainer", "mixed", inside)
    for name in ("releases", "fetches"):
        world = changed(world, name, "scope", below(inside))
    assert verdict(world, "AL1", "asked") is Verdict.FAIL


def test_two_airlocks_in_one_stack_pass() -> None:
    """Like import and export: the reviewer of one is the recipient of the other."""
    world = site()
    for name in ("asked", "released"):
        store = f"Microsoft.Storage/storageAccounts/stsecond{name}"
        world[f"second-{name}"] = made("storage:StorageAccount", f"second-{name}", store)
        world[f"second-{name}-container"] = made(
            "storage:BlobContainer", f"second-{name}-container", f"{store}/{INSIDE}/{name}"
        )
        scope = f"{store}/{INSIDE}/{name}"
        first, then = ("mover", "outside") if name == "asked" else ("outside", "desk")
        world[f"second-{name}-writes"] = grant(f"second-{name}-writes", WRITER, first, scope)
        world[f"second-{name}-reads"] = grant(f"second-{name}-reads", READER, then, scope)
    stages = ("asked", "released", "second-asked", "second-released")
    assert {verdict(world, "AL1", name) for name in stages} == {Verdict.PASS}
    both = changed(world, "second-released-writes", "principalId", "checkers")
    assert verdict(both, "AL1", "asked") is Verdict.FAIL
