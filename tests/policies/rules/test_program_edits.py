"""An edit of a constant of the program that a rule depends on is refused: the rule has a value of its own."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from infra import network_services
from policies.azure_semantics.role_assignments import ASSIGNMENT
from policies.model import Resource
from policies.rules.private_endpoints.private_zones import ALLOWED
from tests.policies.rules.shipped_cases import STRANGER, blocking, copied, having, names, one, resources

TENANCY = "tre-hcm-progression"
ROLES = "/subscriptions/10ca1000-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions"
SYNAPSE = (
    "/subscriptions/10ca1000-0000-4000-8000-00000000000f/resourceGroups/x/providers/Microsoft.Synapse/workspaces/x"
)
CUSTOM_DATA = "osProfile.customData"


def desk_with(old: str, new: str) -> Resource:
    """Return the desk with another first boot."""
    desk = one(TENANCY, "compute:VirtualMachine", "desk")
    text = base64.b64decode(desk.at(CUSTOM_DATA)).decode()
    assert old in text
    return having(desk, CUSTOM_DATA, base64.b64encode(text.replace(old, new).encode()).decode())


@pytest.mark.parametrize(("old", "new"), [
    ("ForceCommand /usr/local/sbin/terminal-only", "# none"), ("*,!breakglass", "*,!breakglass,!developer"),
    ("DisableForwarding yes", "DisableForwarding no"), ("exit 1", "exit 0"), ("PermitUserRC no", "PermitUserRC yes"),
])  # fmt: skip
def test_another_ssh_server_is_refused(old: str, new: str) -> None:
    assert names(blocking("VM16", desk_with(old, new))) == {"desk"}


@pytest.mark.parametrize(("old", "new"), [
    ('"notEquals": "Disabled"', '"equals": "Never"'), ('"anyOf"', '"allOf"'), ('"deny"', '"audit"'),
    ('"allowSharedKeyAccess"', '"allowNothing"'),
])  # fmt: skip
def test_another_guardrail_is_refused(old: str, new: str) -> None:
    definition = one(TENANCY, "authorization:PolicyDefinition", "stores-stay-closed")
    text = json.dumps(definition.inputs["policyRule"])
    changed = having(definition, "policyRule", json.loads(text.replace(old, new) if old in text else "{}"))
    assert names(blocking("GD4", changed)) == {"stores-stay-closed"}


def test_another_scan_condition_is_refused() -> None:
    reviewer = one(TENANCY, ASSIGNMENT, "export-asked-checks-reads")
    condition = reviewer.at("condition").replace("StringEquals 'No threats found'", "StringLike '*'")
    assert condition != reviewer.at("condition")
    assert names(blocking("AL4", having(reviewer, "condition", condition))) == {"export-asked"}


def test_another_resource_past_the_network_rules_is_refused() -> None:
    store = one(TENANCY, "storage:StorageAccount", "import-asked")
    rules: Any = [*store.at("networkRuleSet.resourceAccessRules"), {"resourceId": SYNAPSE, "tenantId": STRANGER}]
    assert names(blocking("ST2", having(store, "networkRuleSet.resourceAccessRules", rules))) == {"import-asked"}


@pytest.mark.parametrize(("role", "type_", "name"), [
    ("959f8984-c045-4866-89c7-12bf9737be2e", "compute:Disk", "desk-data"),
    ("c12c1c16-33a1-487b-954d-41c89c60f349", "storage:StorageAccount", "data"),
    ("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "keyvault:Vault", "keys"),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "compute:DiskEncryptionSet", "disks"),
    ("fb879df8-f326-4884-b1cf-06f3ad86be52", "storage:StorageAccount", "data"),
])  # fmt: skip
def test_a_role_or_scope_that_the_policies_do_not_list_is_refused(role: str, type_: str, name: str) -> None:
    first = one(TENANCY, ASSIGNMENT, "data-desk-writes")
    new = copied(first, roleDefinitionId=f"{ROLES}/{role}", scope=one(TENANCY, type_, name).id)
    assert names(blocking("IA1", new, configs={})) == {new.name}


def test_a_custom_role_with_the_guid_of_a_listed_one_is_refused() -> None:
    first = one(TENANCY, ASSIGNMENT, "data-desk-writes")
    role = str(first.at("roleDefinitionId")).rpartition("/")[2]
    definition = Resource("urn:role", "authorization:RoleDefinition", "role", TENANCY, {"roleDefinitionId": role})
    assert first.name in names(blocking("IA1", definition, configs={}))


def test_every_private_zone_of_the_program_is_allowed() -> None:
    assert set(network_services.CELL_DNS_ZONES) <= ALLOWED
    assert {r.at("privateZoneName") for r in resources() if r.type == "privatedns:PrivateZone"} <= ALLOWED
