"""Virtual machines that keep the settings of their first boot, where the estate has others by now.

Azure never changes these settings, and the program ignores their changes (`KEPT_UNTIL_REPLACED` in
`infra/components/desk_systems.py`). A plan has the deployed values in their place, and digests of the present ones in
an output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.computers import ComputerConfig, DeskConfig, OperatingSystem, StaffMachine
from formats.first_boot_settings import OUTPUT, STAFF_OUTPUT, setting_digests
from formats.plan import Operation, Plan, PlannedResource
from formats.property_paths import get
from formats.property_paths import parse as parse_path
from formats.ssh_keys import without_comment
from formats.stack_config import StackConfig, parse
from operations.cli.output import Output, printable
from operations.cli.text import plural
from policies.expected.staff import desk_of

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
    """The present number of the machine's rebuilds."""
    desk: str = ""
    """The name of the desk; empty for a staff machine."""
    machine: str = ""
    """The name of the staff machine; empty for a desk."""


def kept_first_boots(plan: Plan, config: Mapping[str, Any]) -> list[KeptFirstBoot]:
    """Return the machines that a plan keeps with other settings. `config` is the configuration of the stack."""
    machines = [r for r in plan.resources if r.type == MACHINE and r.operation in (Operation.SAME, Operation.UPDATE)]
    if not machines:
        return []
    stack = parse(plan.stack, config)
    return [kept for machine in machines if (kept := _kept(machine, plan, stack))]


def _kept(machine: PlannedResource, plan: Plan, config: StackConfig) -> KeptFirstBoot | None:
    computer = desk_of(machine.name, config)
    if not isinstance(computer, DeskConfig | StaffMachine):  # VM22 refuses it
        return None
    is_desk = isinstance(computer, DeskConfig)
    settings = tuple(_differing(machine, computer, _present(plan, OUTPUT if is_desk else STAFF_OUTPUT, computer.name)))
    name = {"desk" if is_desk else "machine": computer.name}
    return KeptFirstBoot(plan.stack, settings, computer.rebuilds, **name) if settings else None


def show_kept_first_boots(found: Sequence[KeptFirstBoot], output: Output) -> None:
    """Print one line for each set of settings, with its stacks, and one for each staff machine."""
    stacks: dict[tuple[str, ...], list[KeptFirstBoot]] = {}
    for one in found:
        if one.machine:
            _show_machine(one, output)
        else:
            stacks.setdefault(one.settings, []).append(one)
    for settings, kept in stacks.items():
        names = [one.stack for one in kept]
        desks = {"stacks": names, "desks": [one.desk for one in kept], "settings": list(settings)}
        output.emit({"event": "kept-first-boot", **desks})
        where = (
            f"The desk {kept[0].desk} of {names[0]} keeps"
            if len(kept) == 1
            else f"{plural(len(kept), 'desk')} of {plural(len(set(names)), 'stack')} keep"
        )
        number = str(kept[0].rebuilds + 1) if len(kept) == 1 else "one more"
        output.say(printable(
            f"  ! {where} settings of the first boot that differ from the estate's: {', '.join(settings)}. To apply "
            f"the estate's, replace the virtual machine: rebuilds: {number} for the desk in its request, then up"
        ), style="yellow")  # fmt: skip


def _show_machine(kept: KeptFirstBoot, output: Output) -> None:
    content = {"stacks": [kept.stack], "settings": list(kept.settings), "machine": kept.machine}
    output.emit({"event": "kept-first-boot", **content})
    output.say(printable(
        f"  ! The staff machine {kept.machine} of {kept.stack} keeps settings of the first boot that differ from "
        f"the estate's: {', '.join(kept.settings)}. To apply the estate's, replace it: rebuilds: {kept.rebuilds + 1} "
        "in its entry of staff, then up"
    ), style="yellow")  # fmt: skip


def _present(plan: Plan, output: str, name: str) -> Mapping[str, Any]:
    """Return the digests of the program's present settings for the machine of a name, which an output has by name."""
    found = next((one.after for one in plan.outputs if one.name == output), None)
    inner = found.get(name) if isinstance(found, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _differing(machine: PlannedResource, config: ComputerConfig, present: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the settings in which a machine differs from the present ones and from its configuration."""
    deployed = setting_digests(get(machine.inputs, parse_path("osProfile.customData")))
    names = sorted(key for key in {*deployed, *present} if deployed.get(key) != present.get(key))
    yield from names if deployed else [UNREADABLE]
    is_windows = isinstance(config, DeskConfig) and config.os is OperatingSystem.WINDOWS  # nobody has a key to it
    if not is_windows and _keys(machine) != [without_comment(config.admin_public_key)]:
        yield KEY


def _keys(machine: PlannedResource) -> list[str]:
    """Return the public keys of a machine, without their comments."""
    found = get(machine.inputs, parse_path("osProfile.linuxConfiguration.ssh.publicKeys"))
    entries = found if isinstance(found, list) else []
    return [without_comment(str(entry.get("keyData"))) for entry in entries if isinstance(entry, Mapping)]
