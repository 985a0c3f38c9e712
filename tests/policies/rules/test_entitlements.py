"""Each right in a plan is one that the estate names: principal, role, resource and condition (IA8 to IA10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from formats.plan import UNKNOWN
from policies.azure_semantics.role_assignments import ASSIGNMENT
from policies.expected.entitlements import entitlements
from policies.model import Resource
from tests.policies import shipped
from tests.policies.rules.cases import GONE
from tests.policies.rules.shipped_cases import (
    PIM,
    STRANGER,
    blocking,
    copied,
    having,
    names,
    one,
    resources,
    without_configs,
)

TENANCY = "tre-hcm-progression"
ROLES = "/subscriptions/10ca1000-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions"
READER, LOG_READER = f"{ROLES}/acdd72a7-3385-48ef-bd42-f606fba81ae7", f"{ROLES}/73c42c96-874c-492b-b04d-ab87d138a893"
SECRETS_USER = f"{ROLES}/4633458b-17de-408a-b874-0445c86b69e6"
CRYPTO_USER = f"{ROLES}/12338af0-0e69-4776-bea7-57ae8d297424"
RELEASE_USER = f"{ROLES}/08bbd89e-9f13-488c-ac41-acfcb10c90ab"
BLOB_READER = f"{ROLES}/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
BLOB_WRITER = f"{ROLES}/ba92f5b4-2d11-453d-a403-e96b0029c9fe"


def grant(stack: str, name: str) -> Resource:
    return one(stack, ASSIGNMENT, name)


def added(role: str, on: tuple[str, str, str], principal: str, kind: str = "Group") -> Resource:
    """Return one more role assignment of the resource's stack."""
    target = one(*on)
    first = next(r for r in resources() if r.stack == on[0] and r.type == ASSIGNMENT)
    new = copied(first, roleDefinitionId=role, scope=target.id, principalId=principal, principalType=kind)
    return replace(new, property_dependencies={})


def eligible(assignment: Resource) -> Resource:
    """Return the same right as an eligible assignment."""
    inputs = {k: v for k, v in assignment.inputs.items() if k not in ("principalType", "roleAssignmentName")}
    return replace(assignment, type=PIM, urn=assignment.urn.replace(ASSIGNMENT, PIM), inputs=inputs)


def of_people(stack: str) -> Iterator[Resource]:
    yield from (
        r for r in resources() if r.stack == stack and r.type == ASSIGNMENT and r.at("principalType") == "Group"
    )


def test_the_shipped_estate_has_exactly_the_rights_that_it_names() -> None:
    assert blocking("IA8") == []


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_every_named_right_is_assigned_in_the_shipped_estate(stack: str) -> None:
    count = sum(r.stack == stack and r.type == ASSIGNMENT for r in resources())
    assert len(entitlements(stack, shipped.configs()[stack])) == count


@pytest.mark.parametrize("stack", shipped.STACKS)
def test_each_group_replaced_by_a_stranger_is_refused(stack: str) -> None:
    changed = [having(assignment, "principalId", STRANGER) for assignment in of_people(stack)]
    assert names(blocking("IA8", *changed)) == {one.name for one in changed}


@pytest.mark.parametrize(("role", "on", "principal"), [
    (SECRETS_USER, ("safe-haven", "keyvault:Vault", "staging-keys"), STRANGER),
    (LOG_READER, ("platform", "operationalinsights:Workspace", "logs"), "db7a0118-c48f-5463-aec7-50d383efab17"),
    (RELEASE_USER, (TENANCY, "keyvault:Vault", "keys"), STRANGER),
    (CRYPTO_USER, (TENANCY, "keyvault:Vault", "keys"), "187bd0fc-1ebd-5a71-9c61-2df03104f43d"),
    (READER, (TENANCY, "storage:StorageAccount", "data"), "db7a0118-c48f-5463-aec7-50d383efab17"),
    (BLOB_READER, (TENANCY, "storage:StorageAccount", "data"), "071dd6ac-566d-5e75-a517-c5d424eb8b15"),
    (BLOB_WRITER, ("safe-haven", "storage:StorageAccount", "warehouse"), "5bbb7694-f292-5ef8-995d-ea3581a724bc"),
])  # fmt: skip
@pytest.mark.parametrize("is_eligible", [False, True], ids=["active", "eligible"])
def test_a_right_that_no_file_names_is_refused(
    role: str, on: tuple[str, str, str], principal: str, is_eligible: bool
) -> None:
    new = added(role, on, principal)
    assert blocking("IA8", eligible(new) if is_eligible else new)


@pytest.mark.parametrize(("on", "principal", "flow"), [
    ((TENANCY, "storage:StorageAccount", "data"), STRANGER, "FL2"),
    (("junction-zone", "storage:StorageAccount", "junction"), "621c57c4-96c3-5141-ab42-965c5b73e31b", "FL4"),
    (("safe-haven", "keyvault:Vault", "staging-keys"), "db7a0118-c48f-5463-aec7-50d383efab17", "FL1"),
])  # fmt: skip
def test_an_eligible_right_counts_in_the_flows_like_an_active_one(
    on: tuple[str, str, str], principal: str, flow: str
) -> None:
    new = added(SECRETS_USER if on[1] == "keyvault:Vault" else BLOB_READER, on, principal)
    assert blocking(flow, new, configs={})
    assert blocking(flow, eligible(new), configs={})


@pytest.mark.parametrize(("policy", "on"), [
    ("AL1", (TENANCY, "storage:BlobContainer", "export-asked-asked")),
    ("AL2", ("junction-zone", "storage:BlobContainer", "junction-provider-zq1")),
    ("AL3", ("safe-haven", "storage:StorageAccount", "warehouse")),
])  # fmt: skip
def test_an_eligible_right_counts_for_airlocks_and_stores(policy: str, on: tuple[str, str, str]) -> None:
    assert blocking(policy, eligible(added(BLOB_WRITER, on, STRANGER)), configs={})


def test_an_eligible_right_that_the_estate_names_passes() -> None:
    assert blocking("IA8", eligible(copied(grant(TENANCY, "desk-researchers-see-desk")))) == []


@pytest.mark.parametrize(("name", "identity"), [
    ("data-desk-writes", "keys-encrypts"),
    ("keys-encrypts", "desk"),
    ("import-released-fetches-reads", "keys-encrypts"),
])  # fmt: skip
def test_an_identity_with_another_ones_right_is_refused(name: str, identity: str) -> None:
    urn = one(TENANCY, "managedidentity:UserAssignedIdentity", identity).urn
    changed = replace(grant(TENANCY, name), property_dependencies={"principalId": (urn,)})
    assert names(blocking("IA8", having(changed, "principalId", UNKNOWN))) == {name}


@pytest.mark.parametrize("sources", [(), ("desk", "keys-encrypts")])
def test_a_new_principal_of_no_single_identity_is_unknown(sources: tuple[str, ...]) -> None:
    urns = tuple(one(TENANCY, "managedidentity:UserAssignedIdentity", name).urn for name in sources)
    changed = replace(grant(TENANCY, "data-desk-writes"), property_dependencies={"principalId": urns})
    (found,) = blocking("IA8", having(changed, "principalId", UNKNOWN))
    assert found.verdict == "unknown"


def test_two_object_ids_of_one_identity_are_refused() -> None:
    changed = having(grant(TENANCY, "data-desk-writes"), "principalId", STRANGER)
    assert "data-desk-writes" in names(blocking("IA8", changed))


def test_the_mover_of_another_zone_may_not_submit_imports() -> None:
    warehouse = grant("safe-haven", "warehouse-mover-writes").at("principalId")
    changed = having(grant(TENANCY, "import-asked-brings-writes"), "principalId", warehouse)
    assert names(blocking("IA8", changed)) == {"import-asked-brings-writes"}


@pytest.mark.parametrize("condition", [GONE, "@Resource[x] StringLike '*'", "(1 == 1)"])
def test_another_condition_on_a_reviewer_is_refused(condition: object) -> None:
    changed = having(grant(TENANCY, "export-asked-checks-reads"), "condition", condition)
    assert names(blocking("IA8", changed)) == {"export-asked-checks-reads"}


def test_the_known_condition_in_other_white_space_passes() -> None:
    reviewer = grant(TENANCY, "export-asked-checks-reads")
    assert blocking("IA8", having(reviewer, "condition", f"  {reviewer.at('condition')}\n")) == []


def test_a_condition_where_the_estate_names_none_is_refused() -> None:
    assert blocking("IA8", having(grant(TENANCY, "data-desk-writes"), "condition", "@Resource[x] StringLike '*'"))


def test_a_right_in_another_stack_than_the_named_one_is_refused() -> None:
    target = one(TENANCY, "resources:ResourceGroup", "project").id
    assert blocking("IA8", having(grant("safe-haven", "landing-fetches-from-junction"), "scope", target))


def test_a_stack_that_no_estate_names_is_not_judged_and_a_line_says_so() -> None:
    said = without_configs("IA8", grant(TENANCY, "data-desk-writes"))
    assert said == {"not-applicable: cannot be judged: the estate's files do not name this stack"}


@pytest.mark.parametrize("kind", ["Group", GONE, "User"])
def test_people_may_not_read_secrets(kind: object) -> None:
    new = added(SECRETS_USER, ("safe-haven", "keyvault:Vault", "staging-keys"), STRANGER)
    assert names(blocking("IA9", having(new, "principalType", kind), configs={})) == {new.name}
    assert blocking("IA9", eligible(new), configs={})


@pytest.mark.parametrize("policies", [[{"objectId": STRANGER}], [{"objectId": UNKNOWN}], UNKNOWN])
def test_an_access_policy_of_a_vault_is_refused(policies: object) -> None:
    vault = one(TENANCY, "keyvault:Vault", "keys")
    assert blocking("IA10", having(vault, "properties.accessPolicies", policies))


def test_a_database_administrator_is_refused() -> None:
    vault = one(TENANCY, "keyvault:Vault", "keys")
    server = replace(vault, type="sql:Server", urn="urn:server", id=f"{vault.id}-sql",
                     inputs={"administrators": {"sid": STRANGER}})  # fmt: skip
    assert blocking("IA10", server)


def test_a_tenancy_without_an_import_airlock_may_not_have_its_rights_or_connections() -> None:
    update = {"data_class": "synthetic", "import_airlock": False}
    configs = {**shipped.configs(), TENANCY: shipped.configs()[TENANCY].model_copy(update=update)}
    assert names(blocking("IA8", configs=configs)) == {
        "import-asked-brings-writes", "import-asked-checks-reads", "import-released-releases-writes",
        "import-released-fetches-reads",
    }  # fmt: skip
    assert names(blocking("NW23", configs=configs)) >= {"net-endpoints", "net-desks"}
