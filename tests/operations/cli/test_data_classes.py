"""Estates of every data class and of one to three cells come up and pass every policy; the largest stays unchanged.

Each `up` ends with the gate on the whole estate, which has the findings of `policy flows` (test_data_flows.py).
They also differ in the other keys that change resources. Their tenancies differ in class, desk, redundancy and tiers.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest

from operations.settings import Settings
from tests.kept_hosts import main
from tests.operations.estates import add_request, change, copy_estate
from tests.people import APPROVERS, OWNER

ORCHESTRATOR = "6c2f3f0e-5a52-4c60-9f1d-1de0b7c3a201"
APPROVAL = {
    "owner": OWNER,
    "approver": APPROVERS[0],
    "purpose": "Packages and licences for researchers",
    "expires": datetime.now(UTC).date() + timedelta(days=365),
}
MIRRORS = {
    "approval": APPROVAL,
    "name": "mirrors",
    "addresses": ["203.0.113.16/29", "203.0.113.40", "172.20.4.0/28"],
    "plain_http": True,
    "apt": "http://ubuntu.mirror.example/ubuntu",
    "pip": "https://python.mirror.example/simple",
}
LICENCES = {"approval": APPROVAL, "name": "licences", "addresses": ["198.51.100.7"]}
PROVIDER = {"code": "ZQ1", "name": "Only", "group": str(uuid5(NAMESPACE_DNS, "provider")), "approval": APPROVAL}
SEVERAL = {f"a-tag-{n}": f"value {n} & more" for n in range(12)}


def subscription(number: int) -> str:
    return f"10ca1000-0000-4000-8000-{number:012}"


def cell(name: str, addresses: str, *subscriptions: int) -> dict[str, Any]:
    platform, zones, *tenancies = map(subscription, subscriptions)
    return {
        "name": name,
        "addresses": addresses,
        "subscriptions": {"platform": platform, "zones": zones, "tenancies": tenancies},
        "storage_accounts": 250 if len(tenancies) > 1 else 500,
    }


def group(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


def zones(redundancy: str, tiers: dict[str, int], **more: int) -> dict[str, Any]:
    """Return five zones that are alike, each with its own stewards."""
    names = ("junction", "landing", "warehouse", "staging", "archive")
    return {name: {"stewards": group(name), "redundancy": redundancy, "tiers": tiers, **more} for name in names}


def tenancy(
    data_class: str, size: str, disk: int, redundancy: str, tiers: dict[str, int], **more: Any
) -> dict[str, Any]:
    desks = [{"name": "main", "size": size, "data_disk_gib": disk, **more.pop("desk", {})}, *more.pop("desks", ())]
    return {"data_class": data_class, "desks": desks, "redundancy": redundancy, "tiers": tiers, **more}


ESTATES: dict[str, tuple[dict[str, Any], dict[str, dict[str, Any]]]] = {
    "synthetic": (
        {
            "egress": {"bespoke": [], "shared": []},
            "cells": [cell("one", "10.64.0.0/14", 1, 1, 1), cell("two", "10.68.0.0/18", 2, 2, 2, 3)],
            "log_retention_days": 730,
            "tags": {},
            "zones": zones("Standard_GRS", {}),
            "integrated_care_systems": [
                {"name": "One", "providers": [PROVIDER]},
            ],
        },
        {
            "second": tenancy("synthetic", "Standard_NC24ads_A100_v4", 1024, "Standard_GRS", {"delete_after_days": 30},
                              cell="two", desk={"zone": 1, "os_disk_gib": 64}),
        },
    ),
    "de-identified": (
        {
            "egress": {"bespoke": [MIRRORS, LICENCES], "shared": []},
            "cells": [cell("only", "10.66.0.0/18", 1, 2, 3, 4)],
            "region": "ukwest",
            "tags": SEVERAL,
        },
        {
            "synthetic": tenancy("synthetic", "Standard_D8ds_v5", 32767, "Standard_GRS", {"archive_after_days": 1}),
            "d-i": tenancy("de-identified", "Standard_E8ads_v5", 33, "Standard_LRS",
                           {"cool_after_days": 1, "archive_after_days": 2, "delete_after_days": 3},
                           desks=[{"name": "data", "size": "Standard_D2s_v5", "data_disk_gib": 32, "users": group("d")},
                                  {"name": "two", "size": "Standard_D2s_v5", "data_disk_gib": 32, "users": group("d"),
                                   "rebuilds": 1, "shutdown": "19:00"}],
                           budget={"monthly_gbp": 900, "alerts": ["a.person@trust.example"]}),
        },
    ),
    "identifiable": (
        {
            "egress": {"bespoke": [LICENCES], "shared": []},
            "cells": [
                cell("one", "10.64.0.0/15", 1, 2, 1),
                cell("two", "10.68.0.0/16", 1, 1, 1),
                cell("three", "10.72.0.0/17", 3, 3, 3),
            ],
            "confidential_orchestrator": ORCHESTRATOR,
            "desk_users": None,
            "zones": zones("Standard_GRS", {"cool_after_days": 1, "archive_after_days": 2, "delete_after_days": 4000},
                           immutable_days=3650),
        },
        {
            "identifiable": tenancy("identifiable", "Standard_DC4as_v5", 256, "Standard_GRS", {"cool_after_days": 90},
                                    desk={"zone": 3, "os_disk_gib": 2048}),
            "de-identified": tenancy("de-identified", "Standard_D4s_v5", 64, "Standard_LRS",
                                     {"cool_after_days": 30, "delete_after_days": 400}, cell="two"),
        },
    ),
}  # fmt: skip
"""The keys of `estate.yaml` and the requests, by the estate's data class. None removes a key."""
Run = Callable[..., str]


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the estate in `tmp_path`, which must succeed. Return its output."""
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def run(*arguments: str) -> str:
        code = main([*arguments, "--engine", "embedded", "--estate", str(tmp_path / "estate")], settings=settings)
        captured = capsys.readouterr()
        assert code == 0, captured.err + captured.out[-2000:]
        return captured.out

    return run


@pytest.mark.parametrize("data_class", ESTATES)
def test_an_estate_of_each_data_class_comes_up(tmp_path: Path, sde: Run, data_class: str) -> None:
    make_estate(tmp_path / "estate", data_class, *ESTATES[data_class])
    sde("up", "--all", "--yes", "--parallel", "1")
    if data_class == "identifiable":
        planned = sde("preview", "--all", "--parallel", "1")
        assert planned.count("Nothing to change") == planned.count("on the local Azure") > 3


def make_estate(folder: Path, data_class: str, keys: dict[str, Any], requests: dict[str, dict[str, Any]]) -> None:
    """Write a copy of the sample estate with other keys, and other requests."""
    copy_estate(folder)
    (folder / "allocations.yaml").unlink()
    shutil.rmtree(folder / "requests")
    (folder / "requests").mkdir()
    change(folder / "estate.yaml", lambda content: content.update(data_class=data_class, **keys))
    change(folder / "estate.yaml", lambda content: [content.pop(key) for key, value in keys.items() if value is None])
    for project, values in requests.items():
        groups = {role: group(project + role) for role in ("researchers", "stewards", "checkers")}
        add_request(folder, project, **groups, **values)
