"""What a complete request permits, and what of a plan is outside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from approvals.assessment import Cost, PlanSummary, Template, UnknownSize, summary_of
from approvals.permit import Permit, Refusals, verify_permit, within
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource
from formats.urns import make_urn
from tests.approvals.site import CATALOGUE, Site, changed, proposed, request, submission

COMPLETE = Site.of().approve()
VM, DISK, STORE = (
    f"azure-native:{one}" for one in ("compute:VirtualMachine", "compute:Disk", "storage:StorageAccount")
)


def permit(site: Site = COMPLETE) -> Permit:
    found = verify_permit(site.files, site.context, site.submission)
    assert isinstance(found, Permit), found
    return found


def test_a_complete_request_permits_what_was_assessed_and_no_more() -> None:
    found = permit()
    assert within(found, proposed(COMPLETE), COMPLETE.now) == ()
    smaller = PlanSummary(resources={VM: 1}, disk_gib=10)
    assert within(found, proposed(COMPLETE, plan=smaller, cost=None), COMPLETE.now) == ()
    assert len(found.decisions) == 6


def larger(**other: Any) -> dict[str, Any]:
    return {"plan": changed(COMPLETE.submission.assessment.plan, **other)}


@pytest.mark.parametrize(
    ("other", "finding"),
    [
        ({"request": "sha256:" + "0" * 64}, "the request is not the approved one"),
        ({"template": Template(name="synthetic", digest="sha256:" + "7e" * 32)}, "the template is not"),
        ({"template": Template(name="bespoke-imaging", digest="sha256:" + "0" * 64)}, "the version of the template"),
        ({"catalogue": "sha256:" + "0" * 64}, "the catalogue of policies is not"),
        (larger(resources={VM: 2}), f"2 resources of type {VM}, approved 1"),
        (larger(resources={DISK: 1}), f"1 resources of type {DISK}, approved 0"),
        (larger(machines={"Standard_ND96asr_v4": 1}), "Standard_ND96asr_v4, approved 0"),
        (larger(disk_gib=1153), "1,153 GiB of disks, approved 1,152"),
        (larger(nodes=1), "1 nodes, approved 0"),
        ({"cost": Cost(currency="GBP", monthly_pence=129_629)}, "approved up to 1,296.28"),
        ({"cost": Cost(currency="USD", monthly_pence=1)}, "the price is in USD"),
        ({"cost": Cost(currency="GBP", monthly_pence=1, unpriced=("a disk",))}, "no price is known for a disk"),
    ],
)
def test_what_is_outside_a_permit_is_named(other: dict[str, Any], finding: str) -> None:
    (found,) = within(permit(), proposed(COMPLETE, **other), COMPLETE.now)
    assert finding in found


def test_a_permit_ends_with_its_request() -> None:
    end = datetime(2028, 9, 30, tzinfo=UTC)
    assert within(permit(), proposed(COMPLETE), end) == ("the permit ended on 2028-09-30",)
    site = Site.of()
    site.submission = submission(request(expires=str(site.now.date())))
    found = verify_permit(site.approve().files, site.context, site.submission)
    assert found == Refusals((f"the request ended on {site.now.date()}",))


def test_what_the_policies_refused_is_not_permitted_whoever_approves() -> None:
    site = Site.of()
    site.submission = submission(verdict={"passed": False, "catalogue": CATALOGUE})
    found = verify_permit(site.approve().files, site.context, site.submission)
    assert found == Refusals(("the policies refused the assessed plan",))


def test_an_incomplete_request_says_what_is_missing() -> None:
    site = Site.of().approve("programme-review")
    found = verify_permit(site.files, site.context, site.submission)
    assert isinstance(found, Refusals)
    assert found.reasons[0] == "feasibility: open, 0 of 1 people have approved what it sees"


def resource(type_: str, name: str, operation: Operation = Operation.CREATE, **inputs: Any) -> PlannedResource:
    return PlannedResource(make_urn("tre-x", "sde", "", type_, name), type_, operation, inputs=inputs)


def machine(**other: Any) -> PlannedResource:
    disks = {"osDisk": {"diskSizeGB": 128, "managedDisk": {"diskEncryptionSet": {"id": UNKNOWN}}},
             "dataDisks": [{"lun": 0, "diskSizeGB": 512, "managedDisk": {"id": UNKNOWN}}]}  # fmt: skip
    return resource(VM, "desk", hardwareProfile={"vmSize": "Standard_D4s_v5"}, storageProfile=disks, **other)


def test_the_summary_of_a_plan_counts_what_it_leaves() -> None:
    component = PlannedResource(make_urn("tre-x", "sde", "", "sde:Desk", "desk"), "sde:Desk", Operation.CREATE, False)
    pool = resource("azure-native:batch:Pool", "pool", vmSize="Standard_D2s_v5",
                    scaleSettings={"fixedScale": {"targetDedicatedNodes": 4}})  # fmt: skip
    disk, kept = resource(DISK, "data", diskSizeGB=512.0), resource(STORE, "kept", Operation.SAME)
    resources = (component, machine(), disk, kept, resource(STORE, "gone", Operation.DELETE), pool)
    assert summary_of(Plan("sde", "tre-x", "local", resources)) == PlanSummary(
        resources={"azure-native:batch:Pool": 1, DISK: 1, VM: 1, STORE: 1},
        machines={"Standard_D2s_v5": 1, "Standard_D4s_v5": 1}, disk_gib=640, nodes=4,
    )  # fmt: skip


@pytest.mark.parametrize("other", [{"vmSize": UNKNOWN}, {"vmSize": None}, {"diskSizeGB": "[secret]"}])
def test_a_size_that_is_not_known_is_not_within_anything(other: dict[str, Any]) -> None:
    with pytest.raises(UnknownSize):
        summary_of(Plan("sde", "tre-x", "local", (resource(DISK, "one", **other),)))
