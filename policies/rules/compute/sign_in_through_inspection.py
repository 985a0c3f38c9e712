"""Computers trust a root certificate authority of the estate before a firewall decrypts their sign-ins (VM26)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.firewall import POLICY as FIREWALL_POLICY
from policies.azure_semantics.terminal import CUSTOM_DATA, cloud_config
from policies.azure_semantics.windows_desk import listed, settings_of
from policies.expected.trusted_roots import ENVIRONMENT_FILE, trusted
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

AUTHORITY = "transportSecurity.certificateAuthority.keyVaultSecretId"


def check(machine: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require a certificate and the variable that has Azure's command line use it. VM25 compares the certificate."""
    found, windows = cloud_config(machine.at(CUSTOM_DATA)) or {}, settings_of(machine)
    trusts = trusted(found) and ENVIRONMENT_FILE in found.get("write_files", [])
    if not (trusts if windows is None else listed(windows, "roots")):
        yield Violation(CUSTOM_DATA, "trusts no root certificate authority of the estate, and a firewall decrypts "
                        "sign-ins: nobody could sign in")  # fmt: skip


def _decrypts(context: PolicyContext) -> bool:
    policies = context.of(FIREWALL_POLICY)
    return context.once(("decrypts",), lambda: any(one.each(AUTHORITY) for one in policies))


POLICY = Policy(
    id="VM26",
    title="Computers trust a root certificate authority of the estate before a firewall decrypts their sign-ins",
    why="A computer that does not trust the certificates of the firewall refuses every sign-in.",
    resource_types=("compute:VirtualMachine",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.11",), ncsc=("1", "2"), iso27001=("8.20", "8.24"), five_safes=("settings",)
    ),
    fix="Name only root_certificates in tenant_restrictions of estate.yaml at first, and rebuild each computer "
    "(`rebuilds` of the desk or staff machine); then add certificate_authority.",
    check=check,
    check_paths=(CUSTOM_DATA, f"{FIREWALL_POLICY}:{AUTHORITY}"),
    applies=lambda machine, context: machine.at(CUSTOM_DATA) is not MISSING and _decrypts(context),
    evaluation_scope="estate",
)
