"""The shipped estate with tenant restrictions: a platform whose firewall decrypts sign-ins, with one staff machine."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from formats.plan import Plan
from formats.stack_config import PlatformConfig, StackConfig, TenancyConfig, parse
from infra.desk_first_boot import desk_first_boot
from operations.engine.port import StackSettings
from policies.model import PolicyContext, Resource
from policies.plan_resources import resources_of
from policies.rules import load
from policies.runner import evaluate
from tests.certificates import certificate, restrictions
from tests.infra.local_stacks import ROOT, LocalStacks
from tests.infra.samples import KEY, group, machine
from tests.made_once import made_once
from tests.operations.estates import TODAY
from tests.policies import shipped
from tests.policies.rules.shipped_cases import having

TENANCY = "tre-hcm-progression"
CUSTOM_DATA = "osProfile.customData"
Deployed = tuple[str, Plan, Plan]


def _settings(root: str, folder: Path) -> StackSettings:
    file = ROOT / "Pulumi.platform.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    config["sde:staff_range"] = "10.64.4.0/24"
    config["sde:staff"] = [
        machine("logs", "engineers", users=40, size="Standard_DC2as_v5", admin_public_key=KEY),
    ]
    config["sde:confidential_orchestrator"] = group(50)
    config["sde:tenant_restrictions"] = restrictions(root_certificates=[root])
    return StackSettings("platform", config, folder / file.name)


@cache
def _deployed() -> Deployed:
    made: Deployed = pickle.loads(made_once("restricted", _write).read_bytes())  # noqa: S301 - our own
    return made


def _write(file: Path) -> None:
    with TemporaryDirectory() as folder:
        site, root = LocalStacks(Path(folder)), certificate()
        settings = _settings(root, site.folder)
        first = site.engine.preview(settings)
        site.engine.up(settings)
        file.write_bytes(pickle.dumps((root, first, site.engine.preview(settings))))


def root() -> str:
    """Return the root certificate of the estate."""
    return _deployed()[0]


def before() -> Plan:
    """Return the plan of the platform's first `up`."""
    return _deployed()[1]


def after() -> Plan:
    """Return the plan of a second `up`."""
    return _deployed()[2]


@cache
def configs() -> Mapping[str, StackConfig]:
    """Return the configuration of each stack."""
    platform, tenancy = parse("platform", _settings(root(), Path()).config), shipped.configs()[TENANCY]
    assert isinstance(platform, PlatformConfig)
    assert isinstance(tenancy, TenancyConfig)
    restricted = tenancy.model_copy(update={"root_certificates": (root(),)})
    return {**shipped.configs(), "platform": platform, TENANCY: restricted}


@cache
def resources() -> tuple[Resource, ...]:
    """Return the resources of the estate, with every id known; the desk has the settings of a new one."""
    others = [r for stack in shipped.STACKS if stack != "platform" for r in resources_of(shipped.after(stack))]
    return tuple(_with_root(r) if r.type == "compute:VirtualMachine" else r for r in [*resources_of(after()), *others])


def one(type_: str, name: str, stack: str = "platform") -> Resource:
    """Return a resource of the estate."""
    return next(r for r in resources() if (r.stack, r.type, r.name) == (stack, type_, name))


def found(policy: str, *changed: Resource, configs_: Mapping[str, StackConfig] | None = None) -> list[str]:
    """Return the blocking findings of a policy, as name and message, with some resources changed."""
    context = PolicyContext(
        {r.urn: r for r in [*resources(), *changed]}.values(),
        is_complete=True,
        today=TODAY,
        configs=configs() if configs_ is None else configs_,
    )
    report = evaluate(context, {policy: load()[policy]}, today=TODAY)
    return [f"{f.name}: {f.message}" for f in report.findings if f.verdict.blocks]


def _with_root(computer: Resource) -> Resource:
    config = configs()[computer.stack]
    if not isinstance(config, TenancyConfig):
        return computer
    return having(computer, CUSTOM_DATA, desk_first_boot(config.desks[0].size, config.egress, roots=[root()]))
