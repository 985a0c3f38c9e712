"""`up` changes a tenancy only within the permit of its request."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from approvals.assessment import summary_of
from approvals.canonical import content_of
from approvals.estate_files import EstateFiles
from formats.errors import Refused
from formats.plan import UNKNOWN, Operation, Plan
from operations.cli.action_permits import leaving_providers
from operations.cli.request_assessment import cost_of_plan
from operations.ledger.entry import PERMIT, Kind, Result
from tests.approvals.site import CATALOGUE
from tests.operations.cli.approved_estate import PROJECT, STACK, TEMPLATE, ApprovedEstate
from tests.operations.cli.fakes import stack
from tests.operations.estates import change, copy_estate
from tests.operations.ledger.logs import entry
from tests.policies import shipped


@pytest.fixture
def site(tmp_path: Path) -> ApprovedEstate:
    return ApprovedEstate(copy_estate(tmp_path / "estate"), tmp_path / "home")


@pytest.fixture
def approved(site: ApprovedEstate) -> ApprovedEstate:
    site.assess()
    site.approve()
    return site


def test_a_plan_within_its_permit_may_be_applied_and_the_ledger_says_what_permitted_it(
    approved: ApprovedEstate,
) -> None:
    found = approved.require()
    assert found["permit"].startswith("sha256:")
    assert len(found["documents"]) == 6  # one for each step, two of the committee
    assert found == approved.require()


def test_an_estate_without_a_route_and_what_changes_no_tenancy_need_no_permit(site: ApprovedEstate) -> None:
    assert site.require() is None
    (site.estate / "route.yaml").write_text("route: west-midlands\n")
    assert site.require(shipped.after(STACK)) is None
    assert site.require(shipped.before("platform"), "platform") is None
    with pytest.raises(Refused, match="Nothing says which approvers"):
        site.require()


def not_assessed(site: ApprovedEstate) -> None:
    site.assess()
    site.approve()
    EstateFiles(site.estate, "wmsde").assessment_file(PROJECT).unlink()


def only_one_step(site: ApprovedEstate) -> None:
    site.assess()
    site.approve("programme-review")


def amended(site: ApprovedEstate) -> None:
    site.assess()
    site.approve()
    change(site.request, lambda request: request["tiers"].update(cool_after_days=91))
    site.assess()


def assessed_as(**fields: Any) -> Callable[[ApprovedEstate], None]:
    def change_of(site: ApprovedEstate) -> None:
        plan, cost = content_of(summary_of(site.plan)), content_of(cost_of_plan(site.plan))
        given = {"plan": plan | fields.get("plan", {}), "cost": cost | fields.get("cost", {})}
        site.assess(**{**fields, **given})
        site.approve()

    return change_of


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (not_assessed, "was not assessed"),
        (only_one_step, "governance"),
        (amended, "programme-review"),
        (assessed_as(plan={"machines": {"Standard_D2s_v5": 1}}), "virtual machines of size Standard_NC24ads_A100_v4"),
        (assessed_as(plan={"disk_gib": 10}), "GiB of disks, approved 10"),
        (assessed_as(plan={"resources": {}}), "resources of type azure-native:compute:VirtualMachine, approved 0"),
        (assessed_as(cost={"monthly_pence": 100}), "a month, approved up to"),
        (assessed_as(template={"name": TEMPLATE, "digest": "sha256:" + "0" * 64}), "version of the template"),
        (assessed_as(verdict={"passed": True, "catalogue": "sha256:" + "0" * 64}), "catalogue of policies"),
        (assessed_as(verdict={"passed": False, "catalogue": CATALOGUE}), "refused the assessed plan"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_plan_outside_its_permit_is_refused(
    site: ApprovedEstate, prepare: Callable[[ApprovedEstate], None], reason: str
) -> None:
    prepare(site)
    with pytest.raises(Refused, match=f"(?s)has no permit for this change.*{reason}.*sde request status {PROJECT}"):
        site.require()


def test_an_estate_in_azure_has_a_route_and_a_local_one_may_be_without(site: ApprovedEstate) -> None:
    assert site.require() is None
    with pytest.raises(Refused, match=r"(?s)has no route.*write route\.yaml"):
        site.require(cloud="azure")
    assert site.require(shipped.before("platform"), "platform", cloud="azure") is None


def test_a_size_that_follows_from_the_deployment_is_within_no_permit(approved: ApprovedEstate) -> None:
    unknown = [replace(one, inputs={**one.inputs, "diskSizeGB": UNKNOWN}) if one.type.endswith(":Disk") else one
               for one in approved.plan.resources]  # fmt: skip
    with pytest.raises(Refused, match="no permit has it"):
        approved.require(replace(approved.plan, resources=tuple(unknown)))


def test_a_decision_that_the_ledger_has_cannot_be_taken_away(approved: ApprovedEstate) -> None:
    permit = approved.require()
    approved.record(permit, "2026-11-01T00:00:00Z")
    assert approved.require() == permit
    last = max((approved.estate / f"approvals/requests/{PROJECT}").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    last.unlink()
    with pytest.raises(Refused, match="missing"):
        approved.require()


@pytest.mark.parametrize("emptied", [False, True], ids=["with documents", "that the ledger alone remembers"])
def test_a_route_cannot_be_taken_away(approved: ApprovedEstate, emptied: bool) -> None:
    approved.record(approved.require(), "2026-11-01T00:00:00Z")
    (approved.estate / "route.yaml").unlink()
    if emptied:
        shutil.rmtree(approved.estate / "approvals")
    with pytest.raises(Refused, match="route is gone"):
        approved.require()
    assert approved.require(shipped.before("platform"), "platform") is None


def test_a_clock_behind_the_ledger_permits_nothing(approved: ApprovedEstate) -> None:
    approved.record(approved.require(), "2999-01-01T00:00:00Z")
    with pytest.raises(Refused, match="clock of this machine is behind"):
        approved.require()


def destroyed(name: str) -> Plan:
    """Return the plan of the destruction of a whole stack."""
    plan = shipped.deployed(name)
    return replace(plan, resources=tuple(replace(one, operation=Operation.DELETE) for one in plan.resources))


def test_a_tenancy_is_closed_with_a_permit_which_is_used_once(approved: ApprovedEstate) -> None:
    with pytest.raises(Refused, match=f"close-tenancy {STACK}"):
        approved.permits.require_to_destroy(stack(STACK), destroyed(STACK))
    approved.permit_action("close-tenancy", STACK)
    permit = approved.permits.require_to_destroy(stack(STACK), destroyed(STACK))
    assert permit and len(permit["actions"]) == 1
    approved.record(permit, "2026-11-01T00:00:00Z", Result.FAILED)  # which has not used it up
    assert approved.permits.require_to_destroy(stack(STACK), destroyed(STACK)) == permit
    approved.record(permit, "2026-11-01T00:00:00Z", Result.SUCCEEDED)
    with pytest.raises(Refused, match="close-tenancy"):
        approved.permits.require_to_destroy(stack(STACK), destroyed(STACK))


def test_protected_data_of_a_zone_is_destroyed_with_a_permit_that_names_each(approved: ApprovedEstate) -> None:
    plan = destroyed("safe-haven")
    data = [one.urn for one in plan.resources if one.protect]
    approved.permit_action("destroy-data", "safe-haven", "--target", data[0])
    with pytest.raises(Refused, match="destroy-data") as refusal:
        approved.permits.require_to_destroy(stack("safe-haven"), plan)
    assert data[0] not in str(refusal.value)
    assert all(urn in str(refusal.value) for urn in data[1:])
    approved.permit_action("destroy-data", "safe-haven", *(word for urn in data for word in ("--target", urn)))
    assert approved.permits.require_to_destroy(stack("safe-haven"), plan)


def test_without_a_route_a_destruction_needs_no_permit(site: ApprovedEstate) -> None:
    assert site.permits.require_to_destroy(stack(STACK), destroyed(STACK)) is None


def test_the_kept_plan_has_changes() -> None:
    assert any(one.operation is Operation.CREATE for one in shipped.before(STACK).resources)


def lost(name: str, type_: str, operation: Operation) -> Plan:
    """Return a plan that deletes or replaces the protected resources of a type."""
    plan = shipped.deployed(name)
    return replace(plan, resources=tuple(
        replace(one, operation=operation) if one.type.endswith(f":{type_}") and one.protect else one
        for one in plan.resources
    ))  # fmt: skip


def test_up_replaces_data_that_a_permit_names_and_nothing_else(approved: ApprovedEstate) -> None:
    plan = lost("safe-haven", "StorageAccount", Operation.REPLACE)
    urns = [one.urn for one in plan.changes]
    for command, named in (("destroy-data", urns), ("replace-data", urns[1:])):
        approved.permit_action(command, "safe-haven", *(word for urn in named for word in ("--target", urn)))
    with pytest.raises(Refused, match=r"(?s)was not changed: no permit for.*replace-data") as refusal:
        approved.permits.require_to_change(stack("safe-haven"), plan)
    assert urns[0] in str(refusal.value)
    assert urns[1] not in str(refusal.value)
    approved.permit_action("replace-data", "safe-haven", "--target", urns[0])
    permits = approved.permits
    permit = permits.require_to_change(stack("safe-haven"), plan)
    assert permit and len(permit["actions"]) == 2
    assert permits.released(stack("safe-haven")) == set(urns)
    assert approved.permits.released(stack("junction-zone")) == set()
    approved.record(permit, "2026-11-01T00:00:00Z", Result.SUCCEEDED)
    with pytest.raises(Refused, match="replace-data"):
        approved.permits.require_to_change(stack("safe-haven"), plan)


@pytest.mark.parametrize(
    ("type_", "operation", "reason"),
    [("BlobContainer", Operation.REPLACE, "with its account alone"), ("Vault", Operation.REPLACE, "90 days"),
     ("Key", Operation.DELETE, "with its vault alone"),
     ("Secret", Operation.REPLACE, "with its vault alone"), ("RandomBytes", Operation.REPLACE, "no way is known"),
     ("BlobContainerImmutabilityPolicy", Operation.DELETE, "with its container alone")],
)  # fmt: skip
def test_what_up_cannot_lose_is_refused_by_name_whatever_is_permitted(
    approved: ApprovedEstate, type_: str, operation: Operation, reason: str
) -> None:
    plan = lost("safe-haven", type_, operation)
    assert plan.changes
    approved.permit_action("replace-data", "safe-haven", "--target", plan.changes[0].urn)
    with pytest.raises(Refused, match=f"(?s)cannot delete or replace these, also with a permit.*{reason}"):
        approved.permits.require_to_change(stack("safe-haven"), plan)


def test_break_glass_is_permitted_once_and_a_use_without_a_permit_is_known(approved: ApprovedEstate) -> None:
    one = stack(STACK)
    assert approved.permits.break_glass(one)[0] is None
    assert f"break-glass {STACK}" in approved.permits.break_glass(one)[1]
    approved.permit_action("break-glass", STACK)
    permit, why = approved.permits.break_glass(one)
    assert permit and not why
    approved.ledger.record(entry(Kind.BREAK_GLASS, stacks=[STACK], objects={PERMIT: approved.ledger.keep(permit)}))
    assert "break-glass" in approved.permits.break_glass(one)[1], "it is used"


def test_without_a_route_neither_break_glass_nor_a_change_needs_a_permit(site: ApprovedEstate) -> None:
    assert site.permits.break_glass(stack(STACK)) == (None, "")
    plan = lost("safe-haven", "StorageAccount", Operation.REPLACE)
    assert site.permits.require_to_change(stack("safe-haven"), plan) is None
    assert site.permits.released(stack("safe-haven")) == set()


def test_a_provider_that_leaves_is_known_by_its_container_after_a_run_that_failed_half_way() -> None:
    plan = lost("junction-zone", "BlobContainer", Operation.DELETE)
    codes = {one.name.removeprefix("junction-provider-").upper() for one in plan.changes if "provider" in one.name}
    assert codes
    assert set(leaving_providers(plan)) == codes
    assert leaving_providers(lost("safe-haven", "BlobContainer", Operation.DELETE)) == []
