"""Windows desks in the estate's files: what is refused, and what the stacks' configuration gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from formats.computers import OperatingSystem
from formats.errors import InputError
from formats.stack_config import PlatformConfig, TenancyConfig
from operations.estate import load, render
from tests.operations.estates import TODAY, WINDOWS_DESK, add_windows_desk, change, sample

REQUEST = "requests/hcm-progression.yaml"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    made = sample(tmp_path)
    add_windows_desk(made)
    return made


def test_only_the_hub_and_the_tenancy_of_a_windows_desk_know_of_it(estate: Path) -> None:
    rendered = {one.name: one for one in render(load(estate, today=TODAY))}
    hub, tenancy = rendered["platform"].config, rendered["tre-hcm-progression"].config
    assert isinstance(hub, PlatformConfig)
    assert isinstance(tenancy, TenancyConfig)
    assert hub.windows_desks
    assert [desk.os for desk in tenancy.desks] == [OperatingSystem.LINUX, OperatingSystem.WINDOWS]
    assert all("windows" not in str(one.settings) for name, one in rendered.items() if name.endswith(("zone", "haven")))
    (way,) = [one for one in load(estate, today=TODAY).ways if one.way.key == "windows_desks.approval"]
    assert way.way.opened_by == {"enterpriseregistration.windows.net"}


def desk(**more: Any) -> Callable[[Any], object]:
    return lambda data: data["desks"].__setitem__(-1, {**WINDOWS_DESK, **more})


FAULTS: list[tuple[str, str, Callable[[Any], object], str]] = [
    ("no permission of the estate", "estate.yaml", lambda data: data.pop("windows_desks"), "desks[1].os"),
    ("no approval", "estate.yaml", lambda data: data.update(windows_desks={}), "windows_desks.approval"),
    ("a graphics card", REQUEST, desk(size="Standard_NC24ads_A100_v4"), "desks[1].size"),
    ("a disk smaller than the image", REQUEST, desk(os_disk_gib=64), "desks[1].os_disk_gib"),
    ("another system", REQUEST, desk(os="macos"), "desks[1].os"),
    ("a server of updates without encryption", "estate.yaml",
     lambda data: data["egress"]["bespoke"][0].update(wsus="http://updates.example.org"), "egress.bespoke[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "edit", "key"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_fault_is_named_with_its_file_and_key(
    estate: Path, file: str, edit: Callable[[Any], object], key: str
) -> None:
    change(estate / file, edit)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    assert caught.value.key == key
    assert caught.value.found
    assert caught.value.allowed
