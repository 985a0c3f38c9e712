"""Estates to test with: copies of a whole and valid one, with one thing changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import yaml

from operations.settings import ROOT
from scripts.generated_estates import remove_ways_in, template_for

TODAY = date(2026, 11, 22)


def copy_estate(estate: Path) -> Path:
    """Copy the shipped estate to a new folder with one tenancy, and without the ways in of people."""
    copy_with_ways_in(estate)
    change(estate / "allocations.yaml", lambda d: d.pop("inboxes"))
    return without_ways_in(estate)


def copy_with_ways_in(estate: Path) -> Path:
    """Copy the shipped estate to a new folder with one tenancy, as all of them take twice as long, and no route."""
    copy_whole(estate)
    kept = "tre-hcm-progression"
    others = [file for file in (estate / "requests").iterdir() if file.stem != kept.removeprefix("tre-")]
    for file in others:
        file.unlink()
    gone = {"shared-respiratory", *(f"tre-{file.stem}" for file in others)}
    change(estate / "allocations.yaml", lambda d: [d["stacks"].pop(name) for name in gone])
    change(estate / "estate.yaml", lambda d: d.pop("shared_tenancies"))
    return estate


def copy_whole(estate: Path) -> None:
    """Copy the shipped estate to a new folder, without its route: a local estate without one needs no permits."""
    shutil.copytree(ROOT / "estate", estate, ignore=shutil.ignore_patterns("route.yaml", "approvals"))


def sample(folder: Path) -> Path:
    """Return such a copy without its allocations."""
    estate = copy_estate(folder / "estate")
    (estate / "allocations.yaml").unlink()
    return estate


def without_ways_in(estate: Path) -> Path:
    """Take every way in for people out of a sample, and return it."""

    change(estate / "estate.yaml", remove_ways_in)
    change(estate / "estate.yaml", lambda d: d.pop("confidential_orchestrator"))
    change(estate / "requests/hcm-progression.yaml", lambda d: d.pop("recipients"))
    return estate


def add_providers(data: Any) -> None:
    """Add two providers without a way in, ZQ5 and ZQ6, to an estate's file."""
    like = {**data["integrated_care_systems"][0]["providers"][0]}
    like.pop("way_in", None)
    groups = {"ZQ5": "67ea34d5-e1be-5a6d-86e2-c3b6aa08a430", "ZQ6": "f4dff461-22bf-50f4-b764-3a4931ffe930"}
    more = [{**like, "code": code, "name": f"Provider {code}", "group": group} for code, group in groups.items()]
    data["integrated_care_systems"].append({"name": "Coventry and Warwickshire", "providers": more})


WINDOWS_DESK = {"name": "stats", "os": "windows", "size": "Standard_D4s_v5", "data_disk_gib": 64}


def add_windows_desk(estate: Path) -> None:
    """Permit Windows desks in a sample, and add one, `stats`, to its tenancy."""

    def permit(data: Any) -> None:
        data["windows_desks"] = {"approval": data["egress"]["bespoke"][0]["approval"]}

    change(estate / "estate.yaml", permit)
    change(estate / "requests/hcm-progression.yaml", lambda request: request["desks"].append(WINDOWS_DESK))


def change(file: Path, edit: Callable[[Any], object]) -> None:
    """Edit a file's data in place."""
    data = yaml.safe_load(file.read_text())
    edit(data)
    file.write_text(yaml.safe_dump(data))


def add_request(estate: Path, project: str, **other: Any) -> Path:
    """One project more, alike but for its name, its number and what is given; with the template that fits its desk."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "estate/requests/hcm-progression.yaml").read_text())
    data.pop("recipients")
    data |= {"project": project, "request": f"DAR-{project}", **other}
    data |= {"template": template_for(data["data_class"], data["desks"][0]["size"]), **other}
    file = estate / "requests" / f"{project}.yaml"
    file.write_text(yaml.safe_dump(data))
    return file


def snapshot(folder: Path) -> Mapping[Path, bytes]:
    """Every file below a folder."""
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


SHARED_TENANCY = {
    "name": "cardiology", "title": "Cardiology of the region", "data_class": "de-identified", "request": "DTC-2026-003",
    "controller": "Aldergate University Hospitals", "cost_centre": "RES-2300", "expires": "2028-12-31",
}  # fmt: skip


def add_shared_tenancy(estate: Path, **other: Any) -> None:
    """Add a shared tenancy to an estate's file: `cardiology`, unless another is given."""
    more = {**SHARED_TENANCY, **other}
    change(estate / "estate.yaml", lambda data: data.setdefault("shared_tenancies", []).append(more))


def group_of(project: str, role: str) -> str:
    """Return the object id of the group of a project that `add_shared_project` made."""
    return str(uuid5(NAMESPACE_DNS, f"{project} {role}"))


def add_shared_project(estate: Path, project: str, **other: Any) -> Path:
    """Add a project of the shared tenancy, with groups of its own and a small desk."""
    groups = {role: group_of(project, role) for role in ("researchers", "stewards", "checkers")}
    desks = [{"name": "main", "size": "Standard_D4s_v5", "data_disk_gib": 64}]
    return add_request(
        estate, project, template="shared", **{"tenancy": "cardiology", "desks": desks, **groups, **other}
    )
