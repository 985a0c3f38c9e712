"""The local account of a virtual machine opens with a key that the estate names, or not at all (VM20)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.ssh_keys import without_comment
from formats.urns import type_of
from policies.azure_semantics.properties import display, entries, is_secret
from policies.azure_semantics.windows_desk import WINDOWS, is_windows
from policies.expected import windows_desk
from policies.expected.ssh_server import ADMINISTRATOR, AUTHORIZED_KEYS
from policies.expected.staff import desk_of
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Unknown, Violation
from policies.rule_helpers.virtual_machines import MACHINES, for_vm_and_scale_set, profile_path

USER = "osProfile.adminUsername"
LINUX = "osProfile.linuxConfiguration"
KEYS = f"{LINUX}.ssh.publicKeys"
PASSWORD = "osProfile.adminPassword"  # noqa: S105
RANDOM = "random:"
"""Begins the types whose values come from the system's random source."""


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the estate's key on Linux, and on Windows a password that nobody has."""
    yield from _check_windows(machine) if is_windows(machine) else _check_keys(machine, context)


def _check_windows(machine: Resource) -> Iterator[Violation]:
    """Require the account that the first boot turns off, with a random password that no plan shows. Plans of other
    tools do not say where it comes from. An unknown one is in none yet."""
    if machine.at(USER) != windows_desk.ADMINISTRATOR:
        yield Violation(USER, f"is {display(machine.at(USER))}; it must be {windows_desk.ADMINISTRATOR}")
    sources = machine.property_dependencies.get("osProfile", ())
    if machine.from_program and not any(type_of(urn).startswith(RANDOM) for urn in sources):
        yield Violation(PASSWORD, "comes from no random value of the program, so somebody may know it")
    try:
        password = machine.at(PASSWORD)
    except Unknown:
        return
    if password is not MISSING and not is_secret(password):
        yield Violation(PASSWORD, "is in the plan as plain text; mark it as secret")


def _check_keys(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require exactly one key, in the file of the account: the estate's, or a former one that the estate names."""
    user, keys = profile_path(machine, USER), profile_path(machine, KEYS)
    if machine.at(user) != ADMINISTRATOR:
        yield Violation(user, f"is {display(machine.at(user))}; it must be {ADMINISTRATOR}")
    found = entries(machine, keys)
    if len(found) != 1:
        yield Violation(keys, f"has {len(found)} keys; it must have one that the estate names, and no other")
    for entry in found:
        path, key = machine.at(f"{entry}.path"), machine.at(f"{entry}.keyData")
        if path != AUTHORIZED_KEYS:
            yield Violation(f"{entry}.path", f"is {display(path)}; it must be {AUTHORIZED_KEYS}")
        if key is MISSING or without_comment(str(key)) not in _named_keys(machine, context):
            yield Violation(f"{entry}.keyData", "is another key than the estate's, and no former one that it names")


def _named_keys(machine: Resource, context: PolicyContext) -> frozenset[str]:
    """Return the break-glass keys of a stack: the present one, and the former ones of machines from before."""
    desk = desk_of(machine.name, context.configs[machine.stack])
    keys = (desk.admin_public_key, *desk.former_admin_public_keys) if desk else ()
    return frozenset(map(without_comment, keys))


POLICY = Policy(
    id="VM20",
    title="The local account of a virtual machine opens with a key that the estate names, or not at all",
    why="The account is exempt from the terminal and becomes root: whoever has a key to it passes the airlock. "
    "That of a Windows desk is its administrator.",
    resource_types=MACHINES,
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("1.5.03", "3.2.01"),
        ncsc=("9", "10"),
        caf=("B2.a", "B2.c"),
        cyber_essentials=("2.2", "4.1"),
        iso27001=("5.17", "8.2"),
        five_safes=("people", "settings"),
    ),
    fix="Replace the virtual machine (`rebuilds` in the request), which gets admin_public_key; or name the key in "
    "former_admin_keys of estate.yaml until then. On Windows, take the password from a random value of the program.",
    check=check,
    check_paths=(
        *for_vm_and_scale_set(USER, LINUX, f"{KEYS}[*].path", f"{KEYS}[*].keyData"),
        f"{MACHINES[0]}:{WINDOWS}",
        f"{MACHINES[0]}:{PASSWORD}",
    ),
    applies=lambda machine, _: machine.at(profile_path(machine, LINUX)) is not MISSING or is_windows(machine),
    needs_config=True,
)
