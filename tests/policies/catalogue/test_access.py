"""What is asked of roles and identities, and of who may do what in airlocks, intakes and stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from operations.plan import UNKNOWN
from policies.facts.roles import ADMINISTRATORS
from policies.model import Verdict
from tests.policies.catalogue.cases import GONE, GROUP, World, changed, findings, made, verdict, without
from tests.policies.catalogue.site import (
    AIRLOCK,
    INTAKE,
    LOOKER,
    READER,
    RECORDS,
    STORE,
    WRITER,
    below,
    grant,
    site,
)  # fmt: skip
from tests.policies.catalogue.weakening import REMOVED, Case, cases, family, unknowns

ROLES = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions"
SUBSCRIPTION = "/subscriptions/10ca1000-0000-4000-8000-000000000001"
INSIDE = "blobServices/default/containers"
ASKED, RELEASED = below(f"{AIRLOCK}/{INSIDE}/asked"), below(f"{AIRLOCK}/{INSIDE}/released")
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
        ("airlock<brings", "principalId", ("checkers", "outside")),
        ("airlock<brings", "scope", (RELEASED, below(AIRLOCK), GROUP)),
        ("airlock<brings", "roleDefinitionId", (f"{ROLES}/{READER}",)),
        ("airlock<brings", REMOVED, ()),
        ("airlock<checks", "principalId", ("researchers", "outside")),
        ("airlock<checks", "roleDefinitionId", (f"{ROLES}/{WRITER}",)),
        ("airlock<checks", REMOVED, ()),
        ("airlock<releases", "principalId", ("researchers", "outside")),
        ("airlock<releases", "scope", (below(AIRLOCK), ASKED)),
        ("airlock<fetches", "principalId", ("checkers", "researchers")),
        ("airlock<fetches", "roleDefinitionId", (f"{ROLES}/{WRITER}",)),
        ("airlock<fetches", "scope", (ASKED, below(AIRLOCK))),
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
})  # fmt: skip
UNKNOWNS = unknowns({
    "IA1": [("researchers", "roleDefinitionId"), ("researchers", "principalType")],
    "IA2": [("researchers", "scope"), ("researchers", "condition")],
    "IA5": [("researchers", "scope")],
    "IA6": [("engineers", "scope"), ("engineers", "roleDefinitionId")],
    "AL1": [("airlock<brings", "roleDefinitionId"), ("airlock<brings", "scope")],
    "AL2": [("intake<north-brings", "roleDefinitionId")],
    "AL3": [("store<researchers", "roleDefinitionId")],
})  # fmt: skip
FAMILIES = family("IA", "AL")


@pytest.mark.parametrize("policy", FAMILIES)
def test_the_site_passes(policy: str) -> None:
    said = {f.verdict for f in findings(site(), policy)}
    assert not any(v.blocks for v in said)
    assert Verdict.PASS in said or policy in ("IA3", "IA4", "IA7")


@pytest.mark.parametrize("case", WEAK, ids=str)
def test_each_weakness_is_refused(case: Case) -> None:
    assert case.said is Verdict.FAIL


@pytest.mark.parametrize("case", UNKNOWNS, ids=str)
def test_what_nobody_knows_yet_passes_nothing(case: Case) -> None:
    assert case.said is Verdict.UNKNOWN


def test_every_rule_is_tried() -> None:
    assert {c.policy for c in WEAK} == {c.policy for c in UNKNOWNS} == set(FAMILIES) - {"IA3", "IA4", "IA7"}


def test_a_credential_from_outside_is_refused_whoever_vouches() -> None:
    for inputs in ({"issuer": "https://token.actions.githubusercontent.com"}, {}, {"issuer": UNKNOWN}):
        credential = made(
            "managedidentity:FederatedIdentityCredential", "ci", "Microsoft.ManagedIdentity/x/y/z/ci", **inputs
        )
        assert verdict({"ci": credential}, "IA3", "ci") in (Verdict.FAIL, Verdict.UNKNOWN)
        assert (verdict({"ci": credential}, "IA3", "ci") is Verdict.UNKNOWN) is (inputs.get("issuer") == UNKNOWN)


@pytest.mark.parametrize(("tenant", "said"), [({"managedByTenantId": "x"}, Verdict.FAIL), ({}, Verdict.FAIL),
                                             (UNKNOWN, Verdict.UNKNOWN)])  # fmt: skip
def test_another_organisation_manages_nothing(tenant: object, said: Verdict) -> None:
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


def test_a_role_that_names_what_it_allows_passes() -> None:
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
def test_a_role_that_allows_more_than_it_names_is_refused(world: World) -> None:
    assert verdict(world, "IA4", "role") is Verdict.FAIL


def test_a_role_of_which_nobody_knows_what_it_allows_passes_nothing() -> None:
    assert verdict(role(permission={"actions": [UNKNOWN]}), "IA4", "role") is Verdict.UNKNOWN


@pytest.mark.parametrize(("role_", "kind", "said"), [
    (READER, "ServicePrincipal", Verdict.PASS), (READER, "Group", Verdict.FAIL),
    (WRITER, "ServicePrincipal", Verdict.FAIL),
])  # fmt: skip
def test_across_stacks_only_computers_read(role_: str, kind: str, said: Verdict) -> None:
    foreign = replace(grant("foreign", role_, "somebody", STORE, kind), stack="safe-haven")
    assert verdict(site() | {"foreign": foreign}, "IA5", "foreign") is said
    whole = replace(foreign, inputs={**foreign.inputs, "scope": GROUP})
    assert verdict(site() | {"foreign": whole}, "IA6", "foreign") is said


def test_a_second_group_on_the_whole_hub_is_refused() -> None:
    second = grant("second", LOOKER, "auditors", "x/y/z")
    second = replace(second, inputs={**second.inputs, "scope": GROUP})
    assert verdict(site() | {"second": second}, "IA6", "engineers") is Verdict.FAIL


@pytest.mark.parametrize(("name", "who", "target", "policy", "judged"), [
    ("side", "researchers", f"{AIRLOCK}/{INSIDE}/released", "AL1", "airlock"),
    ("side", "outside", f"{AIRLOCK}/{INSIDE}/asked", "AL1", "airlock"),
    ("side", "strangers", AIRLOCK, "AL1", "airlock"),
    ("side", "others", f"{INTAKE}/{INSIDE}/north", "AL2", "intake"),
    ("side", "others", INTAKE, "AL2", "intake"),
    ("side", "others", STORE, "AL3", "store"),
    ("side", "others", RECORDS, "AL3", "records"),
])  # fmt: skip
def test_one_grant_more_is_refused(name: str, who: str, target: str, policy: str, judged: str) -> None:
    world = site() | {name: grant(name, WRITER, who, target)}
    assert verdict(world, policy, judged) is Verdict.FAIL


def test_an_intake_without_a_role_of_its_own_is_refused() -> None:
    assert verdict(without(site(), "north-brings"), "AL2", "intake") is Verdict.FAIL


def test_an_identity_that_is_still_to_be_made_is_told_from_a_group_that_exists() -> None:
    world = changed(site(), "brings", "principalId", UNKNOWN)
    world["brings"] = replace(world["brings"], property_dependencies={"principalId": ("urn:mover",)})
    assert verdict(world, "AL1", "airlock") is Verdict.PASS
    world = changed(world, "releases", "principalId", UNKNOWN)
    world["releases"] = replace(world["releases"], property_dependencies={"principalId": ("urn:mover",)})
    assert verdict(world, "AL1", "airlock") is Verdict.FAIL
    world["releases"] = replace(world["releases"], property_dependencies={})
    assert verdict(world, "AL1", "airlock") is Verdict.UNKNOWN
