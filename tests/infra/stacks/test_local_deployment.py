"""The four stacks with the embedded engine and the local Azure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats.addresses import TenancyKind
from formats.errors import Failed, InputError, Refused
from formats.plan import Operation
from local_azure.admin import resources
from tests.infra import samples
from tests.infra.local_stacks import DEPLOYMENT_ORDER, LocalStacks, settings
from tests.infra.samples import CELL, group

GOLDEN = Path(__file__).parent / "golden"
# One test worker deploys the stacks for all of these tests.
pytestmark = pytest.mark.xdist_group("infra-local")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStacks]:
    """Return the four stacks, deployed."""
    made = LocalStacks(tmp_path_factory.mktemp("site"))
    for name in DEPLOYMENT_ORDER:
        made.engine.up(made.stack(name))
    yield made


@pytest.mark.parametrize("name", DEPLOYMENT_ORDER)
def test_a_second_run_changes_nothing(site: LocalStacks, name: str) -> None:
    plan = site.engine.preview(site.stack(name))
    assert {one.operation for one in plan.resources} <= {Operation.SAME, Operation.READ}


@pytest.mark.parametrize("name", DEPLOYMENT_ORDER)
def test_a_changed_tag_updates_tags_only(site: LocalStacks, name: str) -> None:
    plan = site.engine.preview(site.stack(name, tags={"project": "sde", "controller": "trust"}))
    changed = [one for one in plan.resources if one.operation not in (Operation.SAME, Operation.READ)]
    assert changed
    assert {(one.operation, tuple(one.changed)) for one in changed} == {(Operation.UPDATE, ("tags.controller",))}


@pytest.mark.parametrize("name", DEPLOYMENT_ORDER)
def test_the_resource_graph_is_the_golden_one(site: LocalStacks, name: str) -> None:
    """Logical names are a contract: a lost one needs an alias. `SDE_GOLDEN=write` updates the record."""
    state = site.engine.export_state(name)["deployment"]["resources"]
    own = (one["urn"].split("::", 2)[2] for one in state if not one["type"].startswith("pulumi:"))
    graph = "\n".join(sorted(own)) + "\n"
    record = GOLDEN / f"{name}.txt"
    if os.environ.get("SDE_GOLDEN") == "write":
        record.write_text(graph, encoding="utf-8")
    assert graph == record.read_text(encoding="utf-8")


def test_the_state_has_no_secret_in_plain_text(site: LocalStacks) -> None:
    shown = str(site.engine.export_state("safe-haven"))
    value = next(one for one in site.engine.export_state("safe-haven")["deployment"]["resources"]
                 if one["type"] == "random:index/randomBytes:RandomBytes")["outputs"]["base64"]  # fmt: skip
    assert isinstance(value, dict), "the state should have a ciphertext"
    assert "correct horse" not in shown


def test_a_second_tenancy_changes_no_other_stack(site: LocalStacks) -> None:
    """In another subscription than its hub, with identifiable data on a confidential desk, and a registry; then
    destroyed."""
    desk = {
        "name": "main",
        "size": "Standard_DC8ads_v5",
        "os_disk_gib": 128,
        "data_disk_gib": 256,
        "admin_public_key": samples.KEY,
    }
    config = samples.tenancy(
        project="brain", subscription="10ca1000-0000-4000-8000-000000000002", data_class="identifiable",
        desks=[{**desk, "zone": 1}], confidential_orchestrator=group(99),
        services={"registry": {}},
        addresses=str(CELL.tenancy(TenancyKind.BESPOKE, 1).network),
    )  # fmt: skip
    stack = settings("tre-brain", config, site.folder)
    site.engine.up(stack)
    for name in DEPLOYMENT_ORDER:
        plan = site.engine.preview(site.stack(name))
        assert {one.operation for one in plan.resources} <= {Operation.SAME, Operation.READ}
    site.engine.destroy(stack, release_protected=True)


def test_a_registry_that_is_added_changes_rules_alone(site: LocalStacks) -> None:
    """The desk keeps its first boot, and gets the names of the registry when it is rebuilt."""
    plan = site.engine.preview(site.stack("tre-hcm", services={"registry": {}}))
    changed = [one for one in plan.resources if one.operation not in (Operation.SAME, Operation.READ)]
    others = [one for one in changed if one.operation is not Operation.CREATE]
    assert {(one.type.split(":")[-1], one.operation) for one in others} == {("NetworkSecurityGroup", Operation.UPDATE)}
    assert sorted(one.type.split(":")[-1] for one in changed if one.operation is Operation.CREATE) == [
        "ContainerRegistry", "DiagnosticSetting", "Key", "ManagementLockByScope", "PrivateEndpoint", "Registry",
        "RoleAssignment",
    ]  # fmt: skip


def test_protected_resources_are_not_destroyed(site: LocalStacks) -> None:
    with pytest.raises(Refused, match="StorageAccount data"):
        site.engine.destroy(site.stack("tre-hcm"))


def test_a_tenancy_without_its_platform_names_the_command(tmp_path: Path) -> None:
    with pytest.raises((InputError, Failed), match=r"`sde up (platform|safe-haven)` first"):
        LocalStacks(tmp_path).engine.up(LocalStacks(tmp_path).stack("tre-hcm"))


def test_destroying_in_reverse_order_leaves_nothing(tmp_path: Path) -> None:
    """Azure enforces an order: locks before their resources, endpoints before networks, users before keys."""
    other = LocalStacks(tmp_path)
    names = ("platform", "junction-zone")
    for name in names:
        other.engine.up(other.stack(name))
    for name in reversed(names):
        other.engine.destroy(other.stack(name), release_protected=True)
    assert not resources(tmp_path / "azure.db")
