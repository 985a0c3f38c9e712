"""The shipped estate with a virtual machine for each role of staff."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from formats.plan import Plan
from formats.stack_config import PlatformConfig, StackConfig, parse
from operations.engine.port import StackSettings
from policies.model import Resource
from policies.plan_resources import resources_of
from tests.infra.local_stacks import ROOT, LocalStacks
from tests.infra.samples import KEY, STAFF, group
from tests.made_once import made_once
from tests.policies import shipped
from tests.policies.reachability.sample_estates import estate

SIZE = "Standard_DC2as_v5"
MACHINES = {machine["roles"][0]: f"staff-vm-{machine['name']}" for machine in STAFF}
"""The logical name of the virtual machine of each role."""


def _settings(folder: Path) -> StackSettings:
    file = ROOT / "Pulumi.platform.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    config["sde:staff_range"] = "10.64.4.0/24"
    config["sde:staff"] = [machine | {"size": SIZE, "admin_public_key": KEY} for machine in STAFF]
    config["sde:confidential_orchestrator"] = group(50)
    return StackSettings("platform", config, folder / file.name)


@cache
def _deployed() -> tuple[Plan, Plan]:
    made: tuple[Plan, Plan] = pickle.loads(made_once("staffed", _write).read_bytes())  # noqa: S301 - our own
    return made


def _write(file: Path) -> None:
    with TemporaryDirectory() as folder:
        site = LocalStacks(Path(folder))
        settings = _settings(site.folder)
        first = site.engine.preview(settings)
        site.engine.up(settings)
        file.write_bytes(pickle.dumps((first, site.engine.preview(settings))))


def before() -> Plan:
    """Return the plan of the platform's first `up`."""
    return _deployed()[0]


def after() -> Plan:
    """Return the plan of a second `up`."""
    return _deployed()[1]


@cache
def config() -> PlatformConfig:
    """Return the configuration of the platform."""
    found = parse("platform", _settings(Path()).config)
    assert isinstance(found, PlatformConfig)
    return found


@cache
def configs() -> Mapping[str, StackConfig]:
    """Return the configuration of each stack."""
    return {**shipped.configs(), "platform": config()}


def resources(tenancies: int = 2) -> list[Resource]:
    """Return the resources of the estate, with every id known."""
    others = [resource for resource in estate(tenancies) if resource.stack != "platform"]
    return [*resources_of(after()), *others]


def changed(found: list[Resource], type_: str, name: str, **inputs: object) -> list[Resource]:
    """Return the resources with other inputs of one of the platform."""
    wanted = [r for r in found if (r.type, r.name, r.stack) == (type_, name, "platform")]
    assert len(wanted) == 1, name
    return [replace(r, inputs={**r.inputs, **inputs}) if r is wanted[0] else r for r in found]
