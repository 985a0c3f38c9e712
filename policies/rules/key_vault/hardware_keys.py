"""Keys of identifiable data are in hardware, in vaults that can hold such keys (KV5)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records, is_identifiable
from policies.azure_semantics.properties import require
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

KEY, VAULT = "keyvault:Key", "keyvault:Vault"
NO_DEFAULT = "no value; there is no default"


def applies(resource: Resource, context: PolicyContext) -> bool:
    """Return True for keys of identifiable data, and for vaults of all records.

    A vault of de-identified data may receive identifiable data later, and then needs a hardware key.
    """
    return holds_records(resource, context) if resource.type == VAULT else is_identifiable(resource, context)


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require a hardware key. This is not in `requires`, because Checkov does not know the data class."""
    if resource.type == KEY:
        yield from require(resource, "properties.kty", "RSA-HSM", "EC-HSM", "oct-HSM", default=NO_DEFAULT)


POLICY = Policy(
    id="KV5",
    title="Keys of identifiable data are in hardware, in vaults that can hold such keys",
    why="A key in a hardware module cannot be copied, not even by the operator of the machine.",
    resource_types=(KEY, VAULT),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.04", "2.8.05", "3.1.19"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set the vault's sku to premium and the key's kty to RSA-HSM.",
    requires=(equals("properties.sku.name", "premium", default=NO_DEFAULT, only_on=VAULT),),
    check=check,
    check_paths=("properties.kty",),
    applies=applies,
    checkov=("CKV_AZURE_112",),
)
