"""Estates of many tenancies that differ, for benchmarks and tests. The same seed always gives the same estate."""

from __future__ import annotations

import random
import shutil
import uuid
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PER_CELL = 120
PER_SUBSCRIPTION = 30
"""Below the 48 tenancies whose storage accounts fit into a subscription by default: a shared one counts as 16."""
PER_SHARED_TENANCY = 60
"""How many projects in a row have the same shared tenancy to join. About one in seven does."""
SIZES = ("Standard_D2s_v5", "Standard_D4s_v5", "Standard_D8ds_v5", "Standard_E8ds_v5", "Standard_NC24ads_A100_v4")
CONFIDENTIAL_SIZES = ("Standard_DC4as_v5", "Standard_DC8ads_v5", "Standard_EC8ads_v5")
TIERS: tuple[dict[str, int], ...] = (
    {},
    {"cool_after_days": 90},
    {"cool_after_days": 30, "archive_after_days": 365},
    {"cool_after_days": 60, "archive_after_days": 180, "delete_after_days": 2000},
    {"delete_after_days": 720},
)


def generate(folder: Path, tenancies: int, *, seed: int = 0) -> Path:
    """Write an estate with this many tenancies into a new folder, and return it. The stacks are `tre-p0000` and on.

    Tenancies differ in kind, data class, desk, disks, redundancy, tiers and groups; estates of other seeds in egress as
    well.
    """
    source = ROOT / "estate"
    (folder / "requests").mkdir(parents=True)
    for name in ("exemptions.yaml", "people.yaml"):
        shutil.copy(source / name, folder)
    estate = yaml.safe_load((source / "estate.yaml").read_text())
    request = yaml.safe_load((source / "requests" / "hcm-progression.yaml").read_text())
    remove_ways_in(estate)
    (shared,) = estate.pop("shared_tenancies")
    del request["recipients"]
    cells = [_cell(estate["cells"][0], index, tenancies) for index in range(-(-tenancies // PER_CELL))]
    requests = [_request(request, number, cells[number // PER_CELL]["name"], seed) for number in range(tenancies)]
    joined = {one["tenancy"]: one["cell"] for one in requests if "tenancy" in one}
    estate |= {
        "confidential_orchestrator": _guid(seed, "orchestrator"),
        "cells": cells,
        "shared_tenancies": [
            shared | {"name": name, "cell": cell, "request": f"DTC-{name}", "expires": request["expires"]}
            for name, cell in joined.items()
        ],
        "egress": estate["egress"] | {"bespoke": [*estate["egress"]["bespoke"], *_egress(random.Random(seed), estate)]},  # noqa: S311
    }
    _write(folder / "estate.yaml", estate)
    for one in requests:
        _write(folder / "requests" / f"{one['project']}.yaml", one)
    return folder


def template_for(data_class: str, size: str) -> str:
    """Return the service template of a bespoke tenancy with a desk of this size."""
    if data_class == "identifiable":
        return "bespoke-confidential"
    return "bespoke-imaging" if size.startswith("Standard_N") else "bespoke-tabular"


def remove_ways_in(estate: dict[str, Any]) -> None:
    """Remove the ways in of people from the content of `estate.yaml`: their number does not depend on the tenancies."""
    del estate["staff"]
    for system in estate["integrated_care_systems"]:
        for provider in system["providers"]:
            del provider["way_in"]


def _cell(first: dict[str, Any], index: int, tenancies: int) -> dict[str, Any]:
    """Return a cell with as many subscriptions as its tenancies need. The platform is in the first of them."""
    held = min(PER_CELL, tenancies - index * PER_CELL)
    subscriptions = [f"10ca1000-0000-4000-8{index:03}-{n:012}" for n in range(1, -(-held // PER_SUBSCRIPTION) + 1)]
    own = {"platform": subscriptions[0], "zones": subscriptions[0], "tenancies": subscriptions}
    return first | {
        "name": first["name"] if index == 0 else f"cell-{index + 1}",
        "addresses": f"10.{64 + 2 * index}.0.0/15",
        "subscriptions": own,
    }


def _request(sample: dict[str, Any], number: int, cell: str, seed: int) -> dict[str, Any]:
    """Return the request of one project. It depends on the seed and the project only, not on the other projects."""
    project = f"p{number:04}"
    choice = random.Random(f"{seed} {project}")  # noqa: S311 - variety, not secrecy
    data_class = choice.choice(("synthetic", "de-identified", "de-identified", "identifiable"))
    size = choice.choice(CONFIDENTIAL_SIZES if data_class == "identifiable" else SIZES)
    made = sample | {
        "project": project,
        "title": f"Generated project {project}",
        "request": f"DAR-2026-{project}",
        "cell": cell,
        "template": template_for(data_class, size),
        "data_class": data_class,
        **{group: _guid(seed, project, group) for group in ("researchers", "stewards", "checkers")},
        "desks": [
            {
                "name": "main",
                "size": size,
                "os_disk_gib": choice.choice((64, 128, 256)),
                "data_disk_gib": choice.choice((64, 256, 1024)),
            }
        ],
        "redundancy": choice.choice(("Standard_LRS", "Standard_GRS")),
        "tiers": choice.choice(TIERS),
    }
    if made["template"] == "bespoke-tabular" and choice.randrange(4) == 0:
        return made | {"template": "shared", "tenancy": f"shared-{number // PER_SHARED_TENANCY}"}
    return made


def _egress(choice: random.Random, sample: dict[str, Any]) -> list[dict[str, Any]]:
    """Return up to three further egress rules for bespoke tenancies."""
    approval = sample["egress"]["bespoke"][0]["approval"]
    return [
        {
            "name": f"service-{number}",
            "addresses": [f"198.51.100.{16 * number + choice.randrange(16)}"],
            "approval": approval,
        }
        for number in range(choice.randrange(4))
    ]


def _guid(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, parts))))


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False))
