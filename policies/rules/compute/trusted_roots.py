"""Desks and staff machines trust no certificate authority besides their system's and the estate's (VM25)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.terminal import CUSTOM_DATA, cloud_config
from policies.azure_semantics.windows_desk import listed, settings_of
from policies.expected.staff import desk_of
from policies.expected.trusted_roots import SETTING, roots_of, trusted
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

OTHERS = "trusts other certificate authorities than those that the estate names"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare the trusted certificates with the estate's. VM16 refuses what cannot be read, VM26 requires one where
    sign-ins are decrypted.

    During a change of the root the estate names two, of which a computer from before has one.
    """
    config, found = context.configs[machine.stack], cloud_config(machine.at(CUSTOM_DATA))
    windows = settings_of(machine)
    if windows is not None and any(one not in roots_of(config) for one in listed(windows, "roots")):
        yield Violation(CUSTOM_DATA, OTHERS)
    if found is None or desk_of(machine.name, config) is None:
        return
    known, roots = trusted(found), roots_of(config)
    if found.get(SETTING) and (not known or any(one not in roots for one in known)):
        yield Violation(CUSTOM_DATA, OTHERS)


POLICY = Policy(
    id="VM25",
    title="Desks and staff machines trust no certificate authority besides their system's and the estate's",
    why="Whoever has the key of a trusted certificate authority can forge every host for the computer.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.11", "3.2.03"), ncsc=("1",), caf=("B3.b",), iso27001=("8.20", "8.24"), five_safes=("settings",)
    ),
    fix="Name the certificates in tenant_restrictions of estate.yaml. A computer keeps its first boot: rebuild it "
    "(`rebuilds` of the desk or staff machine).",
    check=check,
    check_paths=(CUSTOM_DATA,),
    applies=lambda machine, _: machine.at(CUSTOM_DATA) is not MISSING,
    needs_config=True,
)
