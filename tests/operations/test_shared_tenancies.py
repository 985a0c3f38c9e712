"""Shared tenancies in the estate's files: blocks and slots, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formats.addresses import PROJECTS_PER_SHARED_TENANCY, CellRange
from formats.errors import InputError
from formats.stack_config import SharedTenancyConfig, TenancyConfig
from operations import estate as estates
from operations.estate.allocation_schema import Allocation
from tests.operations.estates import (
    TODAY,
    add_shared_project,
    add_shared_tenancy,
    change,
    group_of,
    sample,
)

ONE, TWO, SHARED = "tre-one", "tre-two", "shared-cardiology"
Edit = Callable[[Any], object]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An estate with a shared tenancy and two projects in it."""
    folder = sample(tmp_path)
    add_shared_tenancy(folder)
    for project in ("one", "two"):
        add_shared_project(folder, project)
    return folder


def load(folder: Path) -> estates.Estate:
    return estates.load(folder, today=TODAY)


def written(folder: Path) -> estates.Estate:
    """Load an estate and write its allocations."""
    found = load(folder)
    (folder / "allocations.yaml").write_text(found.allocations.text())
    return found


def refusal(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        estates.render(load(folder))
    return caught.value


def test_projects_have_the_slots_of_their_shared_tenancy(shared: Path) -> None:
    found = load(shared)
    stacks, plan = found.allocations.stacks, CellRange(found.file.cells[0].addresses)
    assert stacks[SHARED] == Allocation(cell="one", block=0, subscription=0)
    assert [(stacks[one].kind, stacks[one].slot) for one in (ONE, TWO)] == [("shared", 0), ("shared", 1)]
    assert stacks["tre-hcm-progression"].slot == 0  # bespoke tenancies have slots of their own
    configs = {one.name: one.config for one in estates.render(found)}
    network, project = configs[SHARED], configs[TWO]
    assert isinstance(network, SharedTenancyConfig)
    assert isinstance(project, TenancyConfig)
    assert network.addresses == plan.shared_tenancy(0)
    assert network.addresses.supernet_of(project.addresses)
    assert (project.shared_tenancy, project.network_readers) == (SHARED, None)
    assert network.subscription == project.subscription
    assert found.requires(TWO) == ("platform", "safe-haven", SHARED)
    assert found.stacks().index(SHARED) < found.stacks().index(ONE)


def test_a_project_that_joins_or_leaves_moves_no_other(shared: Path) -> None:
    before = written(shared).allocations.stacks
    (shared / "requests/one.yaml").unlink()
    add_shared_project(shared, "aardvark")  # sorts before the others
    after = written(shared).allocations.stacks
    assert {name: after[name] for name in before} == before
    assert after["tre-aardvark"].slot == 2  # the slot of `one` is never allocated again
    assert load(shared).orphaned() == (ONE,)


def test_a_second_shared_tenancy_has_a_block_of_its_own(shared: Path) -> None:
    written(shared)
    add_shared_tenancy(shared, name="aging", request="DTC-2026-004")
    add_shared_project(shared, "three", tenancy="aging")
    found = load(shared).allocations.stacks
    assert (found["shared-aging"].block, found["tre-three"].slot) == (1, PROJECTS_PER_SHARED_TENANCY)


def _file(project: str) -> str:
    return f"requests/{project}.yaml"


REFUSED: list[tuple[str, str, Edit, str, str]] = [
    ("no shared tenancy", _file("two"), lambda d: d.pop("tenancy"), "tenancy", "cardiology"),
    ("an unknown one", _file("two"), lambda d: d.update(tenancy="oncology"), "tenancy", "cardiology"),
    ("two of them", _file("two"), lambda d: d.update(tenancy=["cardiology", "aging"]), "tenancy", "one shared tenancy"),
    ("one for a bespoke project", _file("hcm-progression"), lambda d: d.update(tenancy="cardiology"), "tenancy",
     "nothing with the template bespoke-imaging"),
    ("data above its class", "estate.yaml",
     lambda d: d["shared_tenancies"][0].update(data_class="synthetic"), "data_class", "up to synthetic"),
    ("a project that outlives it", "estate.yaml",
     lambda d: d["shared_tenancies"][0].update(expires="2027-01-31"), "expires", "2027-01-31"),
    ("another cell", _file("two"), lambda d: d.update(cell="two"), "cell", "one"),
    ("a common group", _file("two"), lambda d: d.update(checkers=group_of("one", "stewards")), "checkers",
     "one has it"),
    ("a common group of recipients", _file("two"),
     lambda d: d.update(recipients={"group": group_of("one", "researchers"), "ranges": ["192.0.2.128/29"], "approval": {
         "owner": "f46d0e82-360a-50ca-9f92-a60d3f71f8eb", "approver": "a901f6e6-2c6f-54fb-bfee-6b0112cd08fb",
         "purpose": "Released results go to the team", "expires": "2028-09-30"}}), "recipients.group", "one has it"),
    ("a common group at a desk", _file("two"),
     lambda d: d["desks"][0].update(users=group_of("one", "researchers")), "desks[0].users", "one has it"),
    ("identifiable data", "estate.yaml",
     lambda d: d["shared_tenancies"][0].update(data_class="identifiable"), "shared_tenancies[0].data_class",
     "synthetic, de-identified"),
    ("a name that Azure refuses", "estate.yaml",
     lambda d: d["shared_tenancies"][0].update(name="windows"), "shared_tenancies[0].name", "windows"),
    ("an unknown cell", "estate.yaml",
     lambda d: d["shared_tenancies"][0].update(cell="nine"), "shared_tenancies[0].cell", "one"),
    ("two with one name", "estate.yaml",
     lambda d: d["shared_tenancies"].append({**d["shared_tenancies"][0], "request": "DTC-1"}),
     "shared_tenancies[1].name", ""),
    ("no end in sight", "estate.yaml",
     lambda d: d["shared_tenancies"][0].update(expires="2032-12-31"), "shared_tenancies[0].expires", "1,095"),
    ("no room for all of its projects", "estate.yaml",
     lambda d: d["cells"][0].update(storage_accounts=80), "shared_tenancies[0].cell", "14 in each of 1 subscriptions"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "edit", "key", "allowed"), [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_what_a_shared_tenancy_excludes_is_named(shared: Path, file: str, edit: Edit, key: str, allowed: str) -> None:
    change(shared / file, edit)
    refused = refusal(shared)
    assert refused.key == key
    assert refused.found
    assert allowed in f"{refused.allowed} {refused.fix}"
    assert str(refused.file).startswith(str(shared))


def test_a_project_in_two_shared_tenancies_on_two_lines_is_named(shared: Path) -> None:
    add_shared_tenancy(shared, name="aging", request="DTC-2026-004")
    file = shared / _file("two")
    file.write_text(f"{file.read_text()}tenancy: aging\n")
    refused = refusal(shared)
    assert (refused.file, refused.key, refused.allowed) == (str(file), "tenancy", "each key once")
    assert "tenancy again" in str(refused.found)


def test_a_full_shared_tenancy_is_named(shared: Path) -> None:
    last = PROJECTS_PER_SHARED_TENANCY - 1
    written(shared)
    change(shared / "allocations.yaml", lambda d: d["stacks"][TWO].update(slot=last))
    add_shared_project(shared, "three")
    refused = refusal(shared)
    assert (refused.key, refused.found) == ("tenancy", "cardiology")
    assert "full" in str(refused)


def test_a_project_stays_in_its_shared_tenancy(shared: Path) -> None:
    written(shared)
    add_shared_tenancy(shared, name="aging", request="DTC-2026-004")
    change(shared / _file("two"), lambda d: d.update(tenancy="aging"))
    refused = refusal(shared)
    assert (refused.key, refused.allowed) == ("tenancy", "cardiology")


@pytest.mark.parametrize(("edit", "key"), [
    (lambda d: d["stacks"][TWO].update(slot=PROJECTS_PER_SHARED_TENANCY), f"stacks.{TWO}.slot"),
    (lambda d: d["stacks"][TWO].update(slot=0), f"stacks.{TWO}.slot"),
    (lambda d: d["stacks"].update({"shared-other": d["stacks"][SHARED]}), "stacks.shared-other.block"),
    (lambda d: d["stacks"][SHARED].update(block=99), f"stacks.{SHARED}.block"),
    (lambda d: d["stacks"][SHARED].update(slot=3, kind="shared"), f"stacks.{SHARED}"),
])  # fmt: skip
def test_damaged_allocations_are_named(shared: Path, edit: Edit, key: str) -> None:
    written(shared)
    change(shared / "allocations.yaml", edit)
    assert refusal(shared).key == key
