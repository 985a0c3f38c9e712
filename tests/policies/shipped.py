"""The plans of the shipped stacks, before and after their deployment: without the ways in of people (`copy_estate`),
and with a container registry."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from formats.plan import Plan
from formats.stack_config import StackConfig
from operations import estate
from operations.engine.port import StackSettings
from tests.infra.local_stacks import LocalStacks
from tests.made_once import made_once
from tests.operations.estates import add_windows_desk, change, copy_estate

STACKS = ("platform", "junction-zone", "safe-haven", "tre-hcm-progression")


@cache
def _rendered(*, windows: bool = False) -> Mapping[str, estate.Rendered]:
    with TemporaryDirectory() as folder:
        files = copy_estate(Path(folder) / "estate")
        change(files / "requests/hcm-progression.yaml", lambda request: request.update(services={"registry": {}}))
        if windows:
            add_windows_desk(files)
        return {one.name: one for one in estate.render(estate.load(files))}


def _stack(name: str, folder: Path, *, windows: bool = False) -> StackSettings:
    return StackSettings(name, _rendered(windows=windows)[name].settings, folder / f"Pulumi.{name}.yaml")


Plans = tuple[Mapping[str, Plan], Mapping[str, Plan], Mapping[str, Any], Mapping[str, Plan], Mapping[str, Plan]]
WITH_WINDOWS = ("platform", "tre-hcm-progression")
"""The stacks that a Windows desk changes."""


@cache
def _plans() -> Plans:
    made: Plans = pickle.loads(made_once("shipped", _write).read_bytes())  # noqa: S301 - our own
    return made


def _write(file: Path) -> None:
    with TemporaryDirectory() as folder:
        site = LocalStacks(Path(folder))
        first: dict[str, Plan] = {}
        for name in STACKS:
            first[name] = site.engine.preview(_stack(name, site.folder))
            site.engine.up(_stack(name, site.folder))
        again = {name: site.engine.preview(_stack(name, site.folder)) for name in STACKS}
        states = {name: site.engine.export_state(name) for name in STACKS}
        deployed = dict(site.engine.current_state([_stack(name, site.folder) for name in STACKS]))
        windows = {name: site.engine.preview(_stack(name, site.folder, windows=True)) for name in WITH_WINDOWS}
    file.write_bytes(pickle.dumps((first, again, states, deployed, windows)))


@cache
def configs() -> Mapping[str, StackConfig]:
    """Return the configuration of each stack, from the estate's files."""
    return {name: one.config for name, one in _rendered().items()}


def rendered() -> Mapping[str, estate.Rendered]:
    """Return every stack of the estate, rendered from its files."""
    return _rendered()


def settings(stack: str) -> Mapping[str, Any]:
    """Return the settings of a stack as an engine gets them."""
    return _rendered()[stack].settings


def before(stack: str) -> Plan:
    """Return the plan of the first `up`, in which new ids are unknown."""
    return _plans()[0][stack]


def after(stack: str) -> Plan:
    """Return the plan of a second `up`: no changes, and every id is known."""
    return _plans()[1][stack]


def state(stack: str) -> dict[str, Any]:
    """Return the exported state after the first `up`."""
    exported: dict[str, Any] = _plans()[2][stack]
    return exported


def deployed(stack: str) -> Plan:
    """Return the engine's plan of the deployed resources after the first `up`."""
    return _plans()[3][stack]


def with_windows(stack: str) -> Plan:
    """Return the plan of an `up` that permits Windows desks and adds one to the tenancy."""
    return _plans()[4][stack]


def windows_configs() -> Mapping[str, StackConfig]:
    """Return the configuration of each stack with a Windows desk."""
    return {name: one.config for name, one in _rendered(windows=True).items()}
