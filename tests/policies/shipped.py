"""The plans of the shipped stacks, before and after their deployment."""

from __future__ import annotations

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

STACKS = ("platform", "junction-zone", "safe-haven", "tre-hcm-progression")


def _stack(name: str, folder: Path) -> StackSettings:
    file = ROOT / f"Pulumi.{name}.yaml"
    return StackSettings(name, yaml.safe_load(file.read_text(encoding="utf-8"))["config"], folder / file.name)


@cache
def _plans() -> tuple[Mapping[str, Plan], Mapping[str, Plan], Mapping[str, Any], Mapping[str, Plan]]:
    with TemporaryDirectory() as folder:
        site = LocalStacks(Path(folder))
        first: dict[str, Plan] = {}
        for name in STACKS:
            first[name] = site.engine.preview(_stack(name, site.folder))
            site.engine.up(_stack(name, site.folder))
        again = {name: site.engine.preview(_stack(name, site.folder)) for name in STACKS}
        states = {name: site.engine.export_state(name) for name in STACKS}
        deployed = site.engine.current_state([_stack(name, site.folder) for name in STACKS])
    return first, again, states, deployed


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
