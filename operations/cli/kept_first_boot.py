"""Virtual machines that keep the settings of their first boot, where the estate has others by now.

Azure never changes these settings, and the program ignores their changes (`KEPT_UNTIL_REPLACED` in
`infra/components/desk.py`). A plan has the deployed values in their place, and digests of the present ones in an
output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.first_boot_settings import OUTPUT, setting_digests
from formats.plan import Operation, Plan, PlannedResource
from formats.property_paths import get
from formats.property_paths import parse as parse_path
from formats.ssh_keys import without_comment
from formats.stack_config import TenancyConfig, parse
from operations.cli.output import Output, printable
from operations.cli.text import plural

MACHINE = "azure-native:compute:VirtualMachine"
KEY = "break-glass key"
UNREADABLE = "custom data"


@dataclass(frozen=True)
class KeptFirstBoot:
    """A virtual machine with other settings than the estate's."""

    stack: str
    settings: tuple[str, ...]
    """The keys of cloud-init's settings that differ, and `break-glass key`."""
    rebuilds: int
    """The present number of the desk's rebuilds."""


def kept_first_boots(plan: Plan, config: Mapping[str, Any]) -> list[KeptFirstBoot]:
    """Return the machines that a plan keeps with other settings. `config` is the configuration of the stack."""
    machines = [r for r in plan.resources if r.type == MACHINE and r.operation in (Operation.SAME, Operation.UPDATE)]
    if not machines:
        return []
    tenancy = parse(plan.stack, config)
    if not isinstance(tenancy, TenancyConfig):
        return []
    found = ((machine, tuple(_differing(machine, tenancy, _present(plan)))) for machine in machines)
    return [KeptFirstBoot(plan.stack, settings, tenancy.desk.rebuilds) for _, settings in found if settings]


def show_kept_first_boots(found: Sequence[KeptFirstBoot], output: Output) -> None:
    """Print one line for each set of settings, with its stacks."""
    stacks: dict[tuple[str, ...], list[KeptFirstBoot]] = {}
    for one in found:
        stacks.setdefault(one.settings, []).append(one)
    for settings, kept in stacks.items():
        names = [one.stack for one in kept]
        output.emit({"event": "kept-first-boot", "stacks": names, "settings": list(settings)})
        where = (
            f"The desk of {names[0]} keeps" if len(kept) == 1 else f"The desks of {plural(len(names), 'stack')} keep"
        )
        number = str(kept[0].rebuilds + 1) if len(kept) == 1 else "one more"
        output.say(printable(
            f"  ! {where} settings of the first boot that differ from the estate's: {', '.join(settings)}. To apply "
            f"the estate's, replace the virtual machine: desk.rebuilds: {number} in its request, then up"
        ), style="yellow")  # fmt: skip


def _present(plan: Plan) -> Mapping[str, Any]:
    """Return the digests of the program's present settings, by name."""
    found = next((output.after for output in plan.outputs if output.name == OUTPUT), None)
    return found if isinstance(found, Mapping) else {}


def _differing(machine: PlannedResource, config: TenancyConfig, present: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the settings in which a machine differs from the present ones and from its configuration."""
    deployed = setting_digests(get(machine.inputs, parse_path("osProfile.customData")))
    names = sorted(key for key in {*deployed, *present} if deployed.get(key) != present.get(key))
    yield from names if deployed else [UNREADABLE]
    if _keys(machine) != [without_comment(config.desk.admin_public_key)]:
        yield KEY


def _keys(machine: PlannedResource) -> list[str]:
    """Return the public keys of a machine, without their comments."""
    found = get(machine.inputs, parse_path("osProfile.linuxConfiguration.ssh.publicKeys"))
    entries = found if isinstance(found, list) else []
    return [without_comment(str(entry.get("keyData"))) for entry in entries if isinstance(entry, Mapping)]
