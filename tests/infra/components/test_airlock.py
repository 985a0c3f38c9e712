"""The airlock component."""

from __future__ import annotations

import pytest

from formats.stack_config import Redundancy
from infra.components.airlock import Airlock, AirlockArgs, AirlockRoles, Stage
from infra.components.grants import Principal
from infra.components.resource_group_scope import ResourceGroupScope
from infra.malware_scanning import CAP_GB_PER_MONTH, CLEAN_BLOBS_ONLY
from tests.infra.components.conftest import Build, key_vault, placement

SUBMITTER, REVIEWER, RECIPIENT = (Principal.service(name) for name in ("submitter", "reviewer", "recipient"))


def _roles(submitter: Principal, reviewer: Principal, recipient: Principal) -> AirlockRoles:
    return AirlockRoles({"": submitter}, reviewer, {"": recipient})


ROLES = _roles(SUBMITTER, REVIEWER, RECIPIENT)


def _airlock(scope: ResourceGroupScope, roles: AirlockRoles = ROLES) -> Airlock:
    args = AirlockArgs(scope=scope, roles=roles, endpoints=dict.fromkeys(Stage, placement()), keys=key_vault(scope),
                       redundancy=Redundancy.LOCAL)  # fmt: skip
    return Airlock("export", args)


def test_each_party_has_access_to_its_stages_only(build: Build) -> None:
    stack = build(_airlock)
    granted = {(grant.inputs["principalId"], grant.inputs["scope"].rpartition("/")[2]) for grant in
               stack.of("RoleAssignment") if "export" in grant.inputs["scope"]}  # fmt: skip
    assert granted == {
        ("submitter", "export-asked-asked"), ("reviewer", "export-asked-asked"),
        ("reviewer", "export-released-released"), ("recipient", "export-released-released"),
    }  # fmt: skip


def test_each_stage_has_its_own_store_and_key(build: Build) -> None:
    stack = build(_airlock)
    stores = {one.name: one.inputs for one in stack.of("StorageAccount")}
    assert stores.keys() == {"export-asked", "export-released"}
    names = {inputs["accountName"] for inputs in stores.values()}
    assert len(names) == 2
    assert {key.name for key in stack.of("Key")} == {"keys-export-asked", "keys-export-released"}


def test_pending_files_are_scanned_and_read_only_if_clean(build: Build) -> None:
    stack = build(_airlock)
    (setting,) = stack.of("DefenderForStorage")
    assert setting.inputs["resourceId"].endswith("/export-asked")
    on_upload = setting.inputs["properties"]["malwareScanning"]["onUpload"]
    assert on_upload == {"isEnabled": True, "capGBPerMonth": CAP_GB_PER_MONTH}
    (grant,) = [grant for grant in stack.of("RoleAssignment") if "condition" in grant.inputs]
    assert (grant.inputs["principalId"], grant.inputs["condition"]) == ("reviewer", CLEAN_BLOBS_ONLY)
    assert grant.inputs["conditionVersion"] == "2.0"


@pytest.mark.parametrize("roles", [_roles(SUBMITTER, SUBMITTER, RECIPIENT), _roles(SUBMITTER, RECIPIENT, RECIPIENT)])
def test_a_reviewer_who_submits_or_receives_is_refused(build: Build, roles: AirlockRoles) -> None:
    with pytest.raises(ValueError, match="reviewer of the airlock export is also"):
        build(lambda scope: _airlock(scope, roles))


def test_files_in_both_stages_are_deleted_after_90_days(build: Build) -> None:
    policies = build(_airlock).of("ManagementPolicy")
    assert len(policies) == len(Stage)
    for policy in policies:
        actions = policy.inputs["policy"]["rules"][0]["definition"]["actions"]
        assert actions["baseBlob"]["delete"] == {"daysAfterModificationGreaterThan": 90}
