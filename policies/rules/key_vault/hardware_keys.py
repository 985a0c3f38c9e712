"""KV5: the keys of identifiable data never leave hardware."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records, is_identifiable
from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def applies(resource: Resource, context: PolicyContext) -> bool:
    """Keys of identifiable data; and the vaults of all records, so that a key can move to hardware when they need."""
    return holds_records(resource, context) if resource.type == "keyvault:Vault" else is_identifiable(resource, context)


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """A premium vault costs the same until it keeps a key in hardware."""
    if resource.type == "keyvault:Vault":
        yield from must(resource, "properties.sku.name", "premium", default="nothing: it has no default")
    else:
        yield from must(resource, "properties.kty", "RSA-HSM", "EC-HSM", "oct-HSM", default="nothing, and no key")


POLICY = Policy(
    id="KV5",
    title="Keys of identifiable data live in hardware, in vaults that can hold such keys",
    why="A key in a hardware module cannot be copied, even by those who run the machine that it is in.",
    on=("keyvault:Key", "keyvault:Vault"),
    reads=("properties.kty", "properties.sku.name"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.04", "2.8.05", "3.1.19"), ncsc=("2",), cis=("8.3.10",), iso27001=("8.24",)),
    fix="Set the vault's sku to premium and the key's kty to RSA-HSM.",
    check=check,
    applies=applies,
    checkov=("CKV_AZURE_112",),
)
