"""The evidence that the stacks of an estate must have: for each, the policies that judge something in it.

It follows from the estate's files, not from what is deployed. So a resource that is missing from a state is missing
evidence, and an estate is not asked for what it does not have, such as a shared tenancy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from formats.computers import OperatingSystem
from formats.stack_config import (
    DataClass,
    JunctionZoneConfig,
    PlatformConfig,
    SafeHavenConfig,
    SharedTenancyConfig,
    StackConfig,
    TenancyConfig,
)
from formats.yaml_reader import parse_mapping

KINDS: Mapping[str, type[StackConfig]] = {
    "platform": PlatformConfig,
    "junction zone": JunctionZoneConfig,
    "safe haven": SafeHavenConfig,
    "shared tenancy": SharedTenancyConfig,
    "tenancy": TenancyConfig,
}
"""The model of each kind of stack, by its name in `required.yaml`."""
NEVER = "never required"
Configs = Mapping[str, StackConfig]
Condition = Callable[[Any, Configs], bool]
"""Return True for a stack with this configuration, in an estate with these."""


def _has_patient_data(config: StackConfig, _: Configs) -> bool:
    return config.data_class is not DataClass.SYNTHETIC


def _tenancies(configs: Configs) -> int:
    return sum(isinstance(one, TenancyConfig) for one in configs.values())


CONDITIONS: Mapping[str, Condition] = {
    "always": lambda *_: True,
    "patient data": _has_patient_data,
    "staff": lambda config, _: bool(config.staff),
    "staff with patient data": lambda config, all_: bool(config.staff) and _has_patient_data(config, all_),
    "sites": lambda config, _: bool(config.sites),
    "ways in": lambda config, _: any(one.way_in for one in config.providers),
    "several providers": lambda config, _: len(config.providers) > 1,
    "projects in the estate": lambda _, all_: _tenancies(all_) > 0,
    "several projects": lambda _, all_: _tenancies(all_) > 1,
    "archive with tiers and patient data": lambda config, all_: (
        _has_patient_data(config, all_) and any(config.archive.tiers.model_dump().values())
    ),
    "network of its own": lambda config, _: config.shared_tenancy is None,
    "registry": lambda config, _: config.services.registry is not None,
    "budget": lambda config, _: config.budget is not None,
    "shutdown": lambda config, _: any(desk.shutdown for desk in config.desks),
    "windows desks": lambda config, _: any(desk.os is OperatingSystem.WINDOWS for desk in config.desks),
}
"""The conditions that `required.yaml` names."""


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    file = Path(__file__).parent / "required.yaml"
    content = parse_mapping(file.read_text(encoding="utf-8"), f"operations/evidence/{file.name}", is_own=True)
    return MappingProxyType(content)


def never_required() -> Collection[str]:
    """Return the policies that judge something only in some stacks of which the configuration does not tell it."""
    return frozenset(_table()[NEVER])


def named() -> frozenset[str]:
    """Return every policy that the table requires of some stack."""
    sections = (section for kind, section in _table().items() if kind != NEVER)
    return frozenset(policy for section in sections for policies in section.values() for policy in policies)


def required(config: StackConfig, configs: Configs) -> frozenset[str]:
    """Return the policies that judge something in a stack with this configuration, in an estate with these."""
    section = next(_table()[kind] for kind, model in KINDS.items() if type(config) is model)
    chosen = (policies for name, policies in section.items() if CONDITIONS[name](config, configs))
    return frozenset(policy for policies in chosen for policy in policies)
