"""Who may do what to which data in the shipped estate, and through which network ways."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from formats.plan import Operation
from formats.pulumi_state import read_export
from operations.access.actions import Action
from operations.access.view import NO_WAY, NOT_RECORDED, Origin, Origins, access_view, holders_named
from tests.operations.access.estates import (
    BLOB_READER,
    NEW_GROUP,
    OWNER,
    added,
    changed,
    model_of,
    of,
    plans,
    staffed_plans,
)
from tests.policies import shipped, staffed
from tests.policies.test_pending_deletes import with_left_grant

DESK = "desk of hcm-progression (tre-hcm-progression)"
STAGING = "container extracts of the staging store (safe-haven)"
AS_DESK = f"signed in to {DESK}, as the identity desk of tre-hcm-progression"


def test_researchers_reach_their_data_as_the_identity_of_their_desk() -> None:
    model = model_of(plans())
    assert of(model, "researchers of hcm-progression", Action.SIGN_IN) == {DESK: ("through Bastion",)}
    found = of(model, "researchers of hcm-progression", Action.WRITE)
    assert found == dict.fromkeys(
        ["container project of the hcm-progression store (tre-hcm-progression)",
         "container asked of the export airlock, waiting for review, of hcm-progression (tre-hcm-progression)",
         "container registry of hcm-progression (tre-hcm-progression)"],
        (AS_DESK,),
    )  # fmt: skip


def test_without_sight_of_the_bastion_a_login_role_is_a_right_without_a_way_in() -> None:
    found = [p if p.stack != "platform" else replace(p, resources=tuple(
        r for r in p.resources if r.name != "bastion-desk-users-see")) for p in plans()]  # fmt: skip
    model = model_of(found)
    assert of(model, "researchers of hcm-progression", Action.SIGN_IN) == {DESK: ()}
    assert of(model, "researchers of hcm-progression", Action.READ) == {}


def test_stewards_reach_a_store_from_their_staff_machine_alone() -> None:
    assert of(model_of(plans()), "stewards of staging", Action.WRITE)[STAGING] == ()
    model = model_of(staffed_plans(), staffed.configs())
    assert of(model, "stewards of staging", Action.WRITE)[STAGING] == (
        "signed in to staff machine staff-vm-zones (platform)",
    )
    assert "staff machine staff-vm-checks (platform)" in str(of(model, "checkers of hcm-progression", Action.READ))


def test_an_identity_reaches_a_store_from_its_own_network() -> None:
    found = of(model_of(plans()), "the identity staging-mover of safe-haven", Action.READ_SECRETS)
    assert found == {
        "key vault staging-keys (safe-haven)": ("from the subnet vnet-wmsde-safe-haven-staging/snet-compute",)
    }


def test_a_role_on_a_group_or_above_counts_for_all_below() -> None:
    group = next(r.id for r in shipped.deployed("safe-haven").resources if r.id and r.name == "warehouse"
                 and r.type.endswith(":ResourceGroup"))  # fmt: skip
    assert group
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{BLOB_READER}"
    for scope in (group, group.rpartition("/resourceGroups/")[0], "/",
                  "/providers/Microsoft.Management/managementGroups/root"):  # fmt: skip
        more = {"scope": scope, "principalId": NEW_GROUP, "roleDefinitionId": role}
        found = of(model_of(added("safe-haven", "staging-stewards-writes", **more)), f"unknown {NEW_GROUP}", "read")
        assert "container curated of the warehouse store (safe-haven)" in found, scope
        assert (STAGING in found) is (scope != group), scope


def test_an_owner_may_grant_itself_everything_and_reads_no_blob_by_the_role() -> None:
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
    model = model_of(added("safe-haven", "staging-stewards-writes", principalId=NEW_GROUP, roleDefinitionId=role))
    holder = f"unknown {NEW_GROUP}"
    store = "staging store (safe-haven)"
    for action in (Action.LIST_KEYS, Action.MANAGE, Action.MANAGE_RIGHTS):
        assert store in of(model, holder, action)
    assert of(model, holder, Action.READ) == {}


def test_techniques_of_the_control_plane_are_rights_to_data() -> None:
    """A backup operator's restores, say: here a custom role that runs commands on the desk."""
    template = next(r for r in shipped.deployed("platform").resources if r.type.endswith(":RoleAssignment"))
    scope = next(r.id for r in shipped.deployed("tre-hcm-progression").resources if r.name == "desk" and r.custom
                 and r.type.endswith(":VirtualMachine"))  # fmt: skip
    guid = "12121212-0000-4000-8000-000000000001"
    definition = replace(
        template, type="azure-native:authorization:RoleDefinition", urn=f"{template.urn}-role",
        id=f"/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{guid}", property_dependencies={},
        inputs={"roleName": "Runs commands", "permissions": [
            {"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"], "notActions": []}]},
    )  # fmt: skip
    found = added("tre-hcm-progression", "desk-researchers-sign-in", scope=scope, principalId=NEW_GROUP,
                  roleDefinitionId=f"/x/{guid}")  # fmt: skip
    found[0] = replace(found[0], resources=(*found[0].resources, definition))
    model = model_of(found)
    ((access, grounds),) = [(a, g) for a, g in model.accesses.items() if a.action is Action.TAKE]
    assert access.holder == NEW_GROUP
    assert grounds.techniques == ("run a command on",)
    assert grounds.roles == ("custom role Runs commands",)


def test_an_unknown_role_counts_as_permitting_everything_and_says_so() -> None:
    role = f"/x/{UUID(int=5)}"
    model = model_of(added("safe-haven", "staging-stewards-writes", principalId=NEW_GROUP, roleDefinitionId=role))
    assert STAGING in of(model, f"unknown {NEW_GROUP}", Action.DELETE)
    (row, *_) = access_view(model, person=NEW_GROUP).rows
    assert "not known" in str(row.notes)


def test_a_revocation_that_failed_stays_in_the_view() -> None:
    left = read_export(with_left_grant("safe-haven", "staging-stewards-writes", str(UUID(int=7))), cloud="local")
    assert left
    view = access_view(model_of([left if p.stack == "safe-haven" else p for p in plans()]))
    (one,) = view.failed_revocations
    assert one.name == "staging-stewards-writes"
    rows = [row for row in view.rows if row.grounds.is_pending]
    assert {row.holder.id for row in rows} == {str(UUID(int=7))}
    assert all("revocation failed: the delete is not done" in row.notes for row in rows)


def test_a_closed_provider_has_no_right() -> None:
    condition = "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals "
    closed = changed("junction-zone", "junction-zq1-writes", ":RoleAssignment", Operation.SAME,
                     condition=f"{condition}'no container')")  # fmt: skip
    view = access_view(model_of(closed))
    assert not holders_named(model_of(closed), "provider zq1")
    assert [one.name for one in view.closed] == ["junction-zq1-writes"]


def test_a_right_as_the_identity_of_a_desk_exists_since_its_holder_can_sign_in_there() -> None:
    model = model_of(plans())
    early, late = Origin("2026-01-02T00:00:00Z", "change 7"), Origin("2026-03-04T00:00:00Z", "change 9")
    everything = {(one.urn, False): early for one in model.assignments}

    def since(origins: Origins) -> set[str]:
        rows = access_view(model, person="researchers of hcm", origins=origins).rows
        found = {row.change for row in rows if row.through}
        assert found
        return found

    logins = {(one.urn, False) for one in model.assignments if one.role.name == "Virtual Machine User Login"}
    assert logins
    assert since(everything) == {"change 7"}
    assert since(everything | dict.fromkeys(logins, late)) == {"change 9"}
    assert since({key: origin for key, origin in everything.items() if key not in logins}) == {NOT_RECORDED}


def test_a_former_group_with_its_roles_counts_as_able_to_sign_in_for_nothing_states_its_groups() -> None:
    configs = dict(shipped.configs())
    stack = "tre-hcm-progression"
    former = str(configs[stack].researchers)
    configs[stack] = configs[stack].model_copy(update={"researchers": UUID(NEW_GROUP)})
    rows = access_view(model_of(plans(), configs), person=former).rows
    ways = {row.way for row in rows if Action.SIGN_IN in row.actions}
    assert ways == {"through Bastion, if it is a member of a group that may use it"}
    assert {row.thing.name for row in rows if row.through} >= {"project"}, "and to read as the desk's identity"


def test_a_row_names_what_recorded_it_and_never_invents_it() -> None:
    model = model_of(plans())
    grant = next(a for a in model.assignments if a.name == "staging-stewards-writes")
    origins = {(grant.urn, False): Origin("2026-01-02T03:04:05Z", "change 7")}
    rows = access_view(model, person="stewards of staging", origins=origins).rows
    assert {(row.since, row.change, row.way) for row in rows} == {("2026-01-02T03:04:05Z", "change 7", NO_WAY)}
    assert all(row.actions == (Action.READ, Action.WRITE, Action.DELETE) for row in rows)
    other = access_view(model, person="stewards of landing", origins=origins).rows
    assert {(row.since, row.to_json()["since"]) for row in other} == {(NOT_RECORDED, None)}


def test_the_view_is_limited_to_stacks_and_people() -> None:
    model = model_of(plans())
    assert {row.thing.stack for row in access_view(model, stacks={"junction-zone"}).rows} == {"junction-zone"}
    assert {row.holder.name for row in access_view(model, person="checkers").rows} == {"checkers of hcm-progression"}
    assert access_view(model, person=" 071DD6AC-566d-5e75-a517-c5d424eb8b15 ").rows
    assert holders_named(model, "nobody") == []


def test_an_open_container_is_readable_by_anyone() -> None:
    found = [p if p.stack != "safe-haven" else replace(p, resources=tuple(
        replace(r, inputs={**r.inputs, "publicNetworkAccess": "Enabled", "allowBlobPublicAccess": True,
                           "networkRuleSet": {"defaultAction": "Allow"}})
        if r.name == "staging" and r.type.endswith(":StorageAccount")
        else replace(r, inputs={**r.inputs, "publicAccess": "Blob"}) if r.name == "staging-extracts" else r
        for r in p.resources)) for p in plans()]  # fmt: skip
    assert of(model_of(found), "anyone, without a sign-in", Action.READ) == {STAGING: ("from the Internet",)}
