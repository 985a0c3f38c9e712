"""`up` changes a tenancy only within the permit of its request."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.assessment import summary_of
from approvals.canonical import content_of
from approvals.estate_files import EstateFiles, assessment_text
from formats.errors import Refused
from formats.plan import UNKNOWN, Operation, Plan
from formats.yaml_reader import read_mapping
from operations.cli.app import main
from operations.cli.estate_requests import json_of
from operations.cli.output import Output
from operations.cli.permits import OBJECT, Permits
from operations.cli.request_assessment import cost_of_plan
from operations.cli.session import Session
from operations.estate.templates import template_digest
from operations.ledger.entry import Entry, Kind
from operations.ledger.ledger import Ledger
from operations.settings import Settings
from tests.approvals.site import CATALOGUE, assessment
from tests.operations.cli.fakes import FakeCatalog, stack
from tests.operations.estates import change, copy_estate
from tests.operations.ledger.logs import WHO, memory_ledger
from tests.policies import shipped

PROJECT, STACK, TEMPLATE = "hcm-progression", "tre-hcm-progression", "bespoke-imaging"
REPORT: Any = SimpleNamespace(catalogue=SimpleNamespace(digest=CATALOGUE))


@dataclass
class Site:
    """An estate in which one request is assessed, the plan of its tenancy, and a ledger."""

    estate: Path
    home: Path
    ledger: Ledger = field(default_factory=memory_ledger)
    plan: Plan = field(default_factory=lambda: shipped.before(STACK))

    def __post_init__(self) -> None:
        change(self.request, lambda request: request.update(services={"registry": {}}))

    @property
    def request(self) -> Path:
        return self.estate / f"requests/{PROJECT}.yaml"

    @property
    def settings(self) -> Settings:
        return Settings.load({"SDE_HOME": str(self.home), "PATH": "/nowhere"})

    def assess(self, **other: Any) -> None:
        """Write an assessment of the request, by default one that the plan is within."""
        fields = {"plan": content_of(summary_of(self.plan)), "cost": content_of(cost_of_plan(self.plan)),
                  "template": {"name": TEMPLATE, "digest": template_digest(TEMPLATE)}}  # fmt: skip
        file = EstateFiles(self.estate, "wmsde").assessment_file(PROJECT)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(assessment_text(assessment(json_of(read_mapping(self.request)), **{**fields, **other})))

    def approve(self, *arguments: str) -> None:
        command = ["--estate", str(self.estate), "request", "approve", PROJECT, "--demo-keys", *arguments]
        assert main(command, settings=self.settings) == 0

    def require(self, plan: Plan | None = None, name: str = STACK) -> Any:
        """Return what the permit check of a fresh command records; `Refused` as `up`."""
        session = Session(self.settings, Output(), *[lambda *_: FakeCatalog([])] * 3, lambda *_: self.ledger)  # type: ignore[arg-type, return-value]
        session.estate = self.estate
        return Permits(session).require(stack(name), plan or self.plan, REPORT)

    def record(self, permit: Any, time: str) -> None:
        """Record an intent with a permit, as `up` does."""
        self.ledger.record(Entry(kind=Kind.INTENT, time=time, run="r", command="up", version="1", who=WHO,
                                 stacks=(STACK,), objects={OBJECT: self.ledger.keep(permit)}))  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(copy_estate(tmp_path / "estate"), tmp_path / "home")


@pytest.fixture
def approved(site: Site) -> Site:
    site.assess()
    site.approve()
    return site


def test_a_plan_within_its_permit_may_be_applied_and_the_ledger_says_what_permitted_it(approved: Site) -> None:
    found = approved.require()
    assert found["permit"].startswith("sha256:")
    assert len(found["documents"]) == 6  # one for each step, two of the committee
    assert found == approved.require()


def test_an_estate_without_a_route_and_what_changes_no_tenancy_need_no_permit(site: Site) -> None:
    assert site.require() is None
    (site.estate / "route.yaml").write_text("route: west-midlands\n")
    assert site.require(shipped.after(STACK)) is None
    assert site.require(shipped.before("platform"), "platform") is None
    with pytest.raises(Refused, match="Nothing says which approvers"):
        site.require()


def not_assessed(site: Site) -> None:
    site.assess()
    site.approve()
    EstateFiles(site.estate, "wmsde").assessment_file(PROJECT).unlink()


def only_one_step(site: Site) -> None:
    site.assess()
    site.approve("--step", "programme-review")


def amended(site: Site) -> None:
    site.assess()
    site.approve()
    change(site.request, lambda request: request["tiers"].update(cool_after_days=91))
    site.assess()


def assessed_as(**fields: Any) -> Callable[[Site], None]:
    def change_of(site: Site) -> None:
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
def test_a_plan_outside_its_permit_is_refused(site: Site, prepare: Callable[[Site], None], reason: str) -> None:
    prepare(site)
    with pytest.raises(Refused, match=f"(?s)has no permit for this change.*{reason}.*sde request status {PROJECT}"):
        site.require()


def test_a_size_that_follows_from_the_deployment_is_within_no_permit(approved: Site) -> None:
    unknown = [replace(one, inputs={**one.inputs, "diskSizeGB": UNKNOWN}) if one.type.endswith(":Disk") else one
               for one in approved.plan.resources]  # fmt: skip
    with pytest.raises(Refused, match="no permit has it"):
        approved.require(replace(approved.plan, resources=tuple(unknown)))


def test_a_decision_that_the_ledger_has_cannot_be_taken_away(approved: Site) -> None:
    permit = approved.require()
    approved.record(permit, "2026-11-01T00:00:00Z")
    assert approved.require() == permit
    last = max((approved.estate / f"approvals/requests/{PROJECT}").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    last.unlink()
    with pytest.raises(Refused, match="missing"):
        approved.require()


@pytest.mark.parametrize("emptied", [False, True], ids=["with documents", "that the ledger alone remembers"])
def test_a_route_cannot_be_taken_away(approved: Site, emptied: bool) -> None:
    approved.record(approved.require(), "2026-11-01T00:00:00Z")
    (approved.estate / "route.yaml").unlink()
    if emptied:
        shutil.rmtree(approved.estate / "approvals")
    with pytest.raises(Refused, match="route is gone"):
        approved.require()
    assert approved.require(shipped.before("platform"), "platform") is None


def test_a_clock_behind_the_ledger_permits_nothing(approved: Site) -> None:
    approved.record(approved.require(), "2999-01-01T00:00:00Z")
    with pytest.raises(Refused, match="clock of this machine is behind"):
        approved.require()


def test_the_kept_plan_has_changes() -> None:
    assert any(one.operation is Operation.CREATE for one in shipped.before(STACK).resources)
