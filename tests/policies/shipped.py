"""The plans of the shipped stacks, before and after their deployment."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from formats.plan import Plan
from formats.stack_config import StackConfig
from operations import estate
from operations.engine.port import StackSettings
from tests.infra.local_stacks import ROOT, LocalStacks
from tests.made_once import made_once

STACKS = ("platform", "junction-zone", "safe-haven", "tre-hcm-progression")


def _stack(name: str, folder: Path) -> StackSettings:
    file = ROOT / f"Pulumi.{name}.yaml"
    return StackSettings(name, yaml.safe_load(file.read_text(encoding="utf-8"))["config"], folder / file.name)


Plans = tuple[Mapping[str, Plan], Mapping[str, Plan], Mapping[str, Any], Mapping[str, Plan]]


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
    file.write_bytes(pickle.dumps((first, again, states, deployed)))


@cache
def configs() -> Mapping[str, StackConfig]:
    """Return the configuration of each stack, from the estate's files."""
    return {one.name: one.config for one in estate.render(estate.load(ROOT / "estate"))}


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
