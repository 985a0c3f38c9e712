"""The custom data of a Windows desk, and the extension that runs it.

Any other command at the first boot could undo its settings, so all of the data must be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from formats.first_boot_settings import windows_settings
from policies.azure_semantics.properties import is_secret, same
from policies.expected.windows_desk import PUBLISHER, SCRIPTS, SETTING_NAMES, SETTINGS, TYPE, digest
from policies.model import MISSING, PolicyContext, Resource, Unknown, Violation

EXTENSION = "compute:VirtualMachineExtension"
CUSTOM_DATA, WINDOWS = "osProfile.customData", "osProfile.windowsConfiguration"
EXTENSION_PATHS = tuple(
    f"{EXTENSION}:{path}" for path in ("publisher", "type", "settings", "protectedSettings", "vmName")
)
"""The properties of extensions that `problems` reads."""


def is_windows(machine: Resource) -> bool:
    """True if a virtual machine has settings for Windows."""
    return machine.at(WINDOWS) is not MISSING


def settings_of(machine: Resource) -> Mapping[str, object] | None:
    """Return the settings in a Windows desk's custom data; None for any other form."""
    found = windows_settings(machine.at(CUSTOM_DATA))
    return found[0] if found else None


def listed(settings: Mapping[str, object], name: str) -> Sequence[str]:
    """Return the texts of a setting that is a list; none for any other form."""
    found = settings.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def redirects_nothing(machine: Resource, context: PolicyContext) -> bool:
    """True if a remote desktop session on a virtual machine certainly carries the screen and keys only."""
    try:
        return is_windows(machine) and not any(problems(machine, context))
    except Unknown:
        return False


def problems(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Yield the reasons why a session may carry more. Raises `Unknown` if the custom data is unknown."""
    found = machine.at(CUSTOM_DATA)
    if is_secret(found):
        raise Unknown(CUSTOM_DATA, "is secret, but the commands of the first boot must be readable")
    parsed = windows_settings(found)
    if parsed is None:
        yield Violation(CUSTOM_DATA, "is not in the format of infra/windows_first_boot.py, so a session may redirect "
                        "the clipboard and drives")  # fmt: skip
        return
    settings, script = parsed
    if digest(script) not in SCRIPTS:
        yield Violation(CUSTOM_DATA, "runs another script at the first boot than that of infra/windows_first_boot.py")
    if settings.keys() != SETTING_NAMES or not all(
        isinstance(settings[name], list) and len(listed(settings, name)) == len(_items(settings[name]))
        for name in ("hosts", "roots")
    ):
        yield Violation(CUSTOM_DATA, "has other settings than lines of the hosts file, certificates and the server of "
                        "updates")  # fmt: skip
    if not any(_runs_first_boot(extension, machine) for extension in context.same_stack(machine, EXTENSION)):
        yield Violation("", "has no extension that runs its custom data, so a session may redirect the clipboard and "
                        "drives")  # fmt: skip


def is_first_boot(extension: Resource, prefix: str = "") -> bool:
    """True for the extension that runs the custom data of its virtual machine, and nothing else."""
    return (
        str(extension.at(f"{prefix}publisher")).lower() == PUBLISHER.lower()
        and str(extension.at(f"{prefix}type")).lower() == TYPE.lower()
        and extension.at(f"{prefix}settings") == SETTINGS
        and extension.at(f"{prefix}protectedSettings") is MISSING
    )


def _runs_first_boot(extension: Resource, machine: Resource) -> bool:
    if not is_first_boot(extension):
        return False
    try:
        name = extension.at("vmName")
    except Unknown:  # before the virtual machine is created
        return machine.urn in extension.property_dependencies.get("vmName", ())
    return name is not MISSING and same(name, machine.at("vmName"))


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
