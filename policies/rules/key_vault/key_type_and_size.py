"""Keys are RSA of at least 2048 bits (3072 for identifiable data), or on a NIST curve (KV9)."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import require, require_at_least, require_if_set, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

MIN_BITS = {DataClass.SYNTHETIC: 2048, DataClass.DE_IDENTIFIED: 2048, DataClass.IDENTIFIABLE: 3072}
RSA, EC, AES = ("RSA", "RSA-HSM"), ("EC", "EC-HSM"), ("oct-HSM",)


def check(key: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Check the type, and then the size or curve. Azure's defaults are 2048 bits and P-256."""
    kind = key.at("properties.kty")
    if any(same(kind, rsa) for rsa in RSA):
        min_bits = MIN_BITS[context.data_class(key)]
        yield from require_at_least(key, "properties.keySize", min_bits, "bits", default="2048; set it")
    elif any(same(kind, aes) for aes in AES):
        yield from require(key, "properties.keySize", 256, default="no value; there is no default")
    else:
        yield from require_if_set(key, "properties.curveName", "P-256", "P-384", "P-521")


POLICY = Policy(
    id="KV9",
    title="Keys are RSA of at least 2048 bits (3072 for identifiable data), or on a NIST curve",
    why="Data that is kept for decades must resist the computers of those decades: 2048 bits are considered "
    "sufficient until 2030.",
    resource_types=("keyvault:Key",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.04",), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set keySize to 3072.",
    requires=(equals("properties.kty", *RSA, *EC, *AES, default="no value; there is no default"),),
    check=check,
    check_paths=("properties.keySize", "properties.curveName"),
)
