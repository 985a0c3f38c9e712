"""The pack requires the permit of a tenancy's request, so that `pulumi up --policy-pack` is held to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from approvals.assessment import summary_of
from approvals.canonical import content_of
from approvals.estate_files import ANCHOR, EstateFiles
from formats.plan import Plan
from policies.pack import PERMIT, STACK_SUFFIX
from policies.permit import PermitCheck
from tests.approvals.site import CATALOGUE
from tests.operations.cli.approved_estate import PROJECT, STACK, ApprovedEstate
from tests.operations.cli.fakes import ONE
from tests.operations.estates import change, copy_estate
from tests.policies import shipped
from tests.policies.engine import analyzed, pack


@pytest.fixture
def site(tmp_path: Path) -> ApprovedEstate:
    found = ApprovedEstate(copy_estate(tmp_path / "estate"), tmp_path / "home")
    found.assess()
    found.approve()
    (found.home / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump({"config": dict(shipped.settings(STACK))}))
    return found


def anchor_of(site: ApprovedEstate) -> dict[str, str]:
    (_, first), *_ = EstateFiles(site.estate, "wmsde").versions()
    file = next((site.home / "local/approvers").glob("*/anchor"))
    assert first
    return {ANCHOR: file.read_text().strip()}


def messages(site: ApprovedEstate, plan: Plan, environ: dict[str, str] | None = None) -> dict[str, list[str]]:
    """Return the messages of the pack's permit policies: on single resources, and on the whole stack."""
    environ = anchor_of(site) if environ is None else environ
    servicer = pack(policies={ONE.id: ONE}, permits=PermitCheck(site.estate, CATALOGUE, environ, site.home))
    found: dict[str, list[str]] = {PERMIT: [], PERMIT + STACK_SUFFIX: []}
    for one in analyzed(servicer, plan):
        if one.policyName in found:
            found[one.policyName].append(one.message)
    return found


def test_a_stack_within_its_permit_passes(site: ApprovedEstate) -> None:
    assert messages(site, site.plan) == {PERMIT: [], PERMIT + STACK_SUFFIX: []}
    assert messages(site, shipped.before("platform"))[PERMIT] == []


def test_without_a_permit_each_resource_is_refused_before_its_creation(site: ApprovedEstate) -> None:
    change(site.request, lambda request: request["tiers"].update(cool_after_days=91))
    site.assess()
    found = messages(site, site.plan)
    assert found[PERMIT]
    assert len(found[PERMIT]) >= len([one for one in site.plan.resources if one.custom])
    assert "programme-review" in found[PERMIT][0]


def test_an_edited_configuration_is_refused_though_the_plan_has_as_much(site: ApprovedEstate) -> None:
    other = {"config": {**shipped.settings(STACK), "sde:researchers": "5ca1ab1e-0000-4000-8000-000000000000"}}
    (site.home / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(other))
    found = messages(site, site.plan)
    assert "another sde:researchers than the request" in found[PERMIT][0]
    assert found[PERMIT + STACK_SUFFIX]
    (site.home / f"Pulumi.{STACK}.yaml").unlink()
    assert f"Pulumi.{STACK}.yaml" in messages(site, site.plan)[PERMIT][0]


def test_a_stack_that_is_larger_than_its_permit_is_refused_at_the_end(site: ApprovedEstate) -> None:
    desk = next(one for one in site.plan.resources if one.type.endswith(":VirtualMachine"))
    more = replace(desk, urn=desk.urn + "-2")
    found = messages(site, replace(site.plan, resources=(*site.plan.resources, more)))
    assert found[PERMIT] == []
    assert any("virtual machines of size" in text for text in found[PERMIT + STACK_SUFFIX])


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda site: (site.estate / "route.yaml").unlink(), "route.yaml"),
        (lambda site: EstateFiles(site.estate, "wmsde").assessment_file(PROJECT).unlink(), "was not assessed"),
        (lambda site: site.request.write_text("a: [b"), str(PROJECT)),
    ],
)
def test_what_cannot_be_verified_is_refused(
    site: ApprovedEstate, break_it: Callable[[ApprovedEstate], object], reason: str
) -> None:
    environ = anchor_of(site)
    break_it(site)
    assert any(reason in text for text in messages(site, site.plan, environ)[PERMIT])


def test_without_the_anchor_of_the_approvers_nothing_is_permitted(site: ApprovedEstate) -> None:
    assert ANCHOR in messages(site, site.plan, {})[PERMIT][0]
    assert "not the anchor" in messages(site, site.plan, {ANCHOR: "sha256:" + "0" * 64})[PERMIT][0]


@pytest.mark.parametrize(("cloud", "is_held"), [("local", False), ("azure", True), ("Local", True), (None, True)])
def test_an_estate_without_a_route_is_held_unless_it_is_a_local_one(
    tmp_path: Path, cloud: str | None, is_held: bool
) -> None:
    site = ApprovedEstate(copy_estate(tmp_path / "estate"), tmp_path / "home")
    change(site.estate / "estate.yaml", lambda estate: estate.update(cloud=cloud))
    assert bool(messages(site, site.plan, {})[PERMIT]) is is_held


def test_the_environment_of_plain_pulumi_has_the_anchor_of_made_up_people(
    site: ApprovedEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    anchor = anchor_of(site)[ANCHOR]
    assert site.sde("local", "env") == 0
    assert f"export {ANCHOR}={anchor}" in capsys.readouterr().out


def test_the_plan_has_the_resources_that_the_pack_counts(site: ApprovedEstate) -> None:
    assert content_of(summary_of(site.plan))["machines"] == {"Standard_NC24ads_A100_v4": 1}
    assert site.plan.stack == STACK
