"""The four stacks, unchanged, through the embedded engine against the local Azure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.addresses import TenancyKind
from infra.errors import BadInput
from local_azure.admin import resources
from operations.errors import Failed, Refused
from operations.plan import Operation
from tests.infra import samples
from tests.infra.local import ORDER, Site, settings
from tests.infra.samples import CELL, group

GOLDEN = Path(__file__).parent / "golden"
# One worker brings the estate up for all of these.
pytestmark = pytest.mark.xdist_group("infra-local")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An estate of four stacks that is up."""
    made = Site(tmp_path_factory.mktemp("site"))
    for name in ORDER:
        made.engine.up(made.stack(name))
    yield made


@pytest.mark.parametrize("name", ORDER)
def test_a_second_run_changes_nothing(site: Site, name: str) -> None:
    plan = site.engine.preview(site.stack(name))
    assert {one.operation for one in plan.resources} <= {Operation.SAME, Operation.READ}


@pytest.mark.parametrize("name", ORDER)
def test_a_changed_tag_changes_tags_alone(site: Site, name: str) -> None:
    plan = site.engine.preview(site.stack(name, tags={"project": "sde", "controller": "trust"}))
    changed = [one for one in plan.resources if one.operation not in (Operation.SAME, Operation.READ)]
    assert changed
    assert {(one.operation, tuple(one.changed)) for one in changed} == {(Operation.UPDATE, ("tags.controller",))}


@pytest.mark.parametrize("name", ORDER)
def test_the_graph_is_the_one_on_record(site: Site, name: str) -> None:
    """Names are a contract: a new one here is a decision, a lost one wants an alias. `SDE_GOLDEN=write` records."""
    state = site.engine.export_state(name)["deployment"]["resources"]
    ours = (one["urn"].split("::", 2)[2] for one in state if not one["type"].startswith("pulumi:"))
    graph = "\n".join(sorted(ours)) + "\n"
    record = GOLDEN / f"{name}.txt"
    if os.environ.get("SDE_GOLDEN") == "write":
        record.write_text(graph, encoding="utf-8")
    assert graph == record.read_text(encoding="utf-8")


def test_no_secret_stands_in_the_state_in_plain_text(site: Site) -> None:
    shown = str(site.engine.export_state("safe-haven"))
    value = next(one for one in site.engine.export_state("safe-haven")["deployment"]["resources"]
                 if one["type"] == "random:index/randomBytes:RandomBytes")["outputs"]["base64"]  # fmt: skip
    assert isinstance(value, dict), "the state should hold a ciphertext"
    assert "correct horse" not in shown


def test_the_next_tenancy_touches_no_other_stack(site: Site) -> None:
    """In another subscription than its hub, with identifiable data on a confidential computer; and gone again."""
    desk = {"size": "Standard_DC8ads_v5", "os_disk_gib": 128, "data_disk_gib": 256, "admin_public_key": samples.KEY}
    config = samples.tenancy(
        project="brain", subscription="10ca1000-0000-4000-8000-000000000002", data_class="identifiable",
        desk={**desk, "zone": 1}, confidential_orchestrator=group(99),
        addresses=str(CELL.tenancy(TenancyKind.BESPOKE, 1).whole),
    )  # fmt: skip
    stack = settings("tre-brain", config, site.folder)
    site.engine.up(stack)
    for name in ORDER:
        plan = site.engine.preview(site.stack(name))
        assert {one.operation for one in plan.resources} <= {Operation.SAME, Operation.READ}
    site.engine.destroy(stack, release_protected=True)


def test_what_holds_data_is_not_destroyed_by_the_way(site: Site) -> None:
    with pytest.raises(Refused, match="StorageAccount data"):
        site.engine.destroy(site.stack("tre-hcm"))


def test_a_tenancy_without_its_platform_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises((BadInput, Failed), match=r"`sde up (platform|safe-haven)` first"):
        Site(tmp_path).engine.up(Site(tmp_path).stack("tre-hcm"))


def test_destroyed_in_reverse_nothing_is_left(tmp_path: Path) -> None:
    """Azure forces an order: locks before what they lock, endpoints before networks, users before their keys."""
    other = Site(tmp_path)
    names = ("platform", "junction-zone")
    for name in names:
        other.engine.up(other.stack(name))
    for name in reversed(names):
        other.engine.destroy(other.stack(name), release_protected=True)
    assert not resources(tmp_path / "azure.db")
