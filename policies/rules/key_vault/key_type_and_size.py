"""KV9: keys are of a kind and size that is widely held to be secure."""

from __future__ import annotations

from collections.abc import Iterator

from formats.stack_config import DataClass
from policies.azure_semantics.properties import at_least, may, must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

LEAST_BITS = {DataClass.SYNTHETIC: 2048, DataClass.DE_IDENTIFIED: 2048, DataClass.IDENTIFIABLE: 3072}
RSA, EC, AES = ("RSA", "RSA-HSM"), ("EC", "EC-HSM"), ("oct-HSM",)


def check(key: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Azure makes an RSA key of 2048 bits, and an EC key on P-256, where nothing is said."""
    kind = key.at("properties.kty")
    yield from must(key, "properties.kty", *RSA, *EC, *AES, default="nothing: it has no default")
    if any(same(kind, rsa) for rsa in RSA):
        least = LEAST_BITS[context.data_class(key)]
        yield from at_least(key, "properties.keySize", least, "bits", default="2048, unsaid")
    elif any(same(kind, aes) for aes in AES):
        yield from must(key, "properties.keySize", 256, default="nothing: it has no default")
    else:
        yield from may(key, "properties.curveName", "P-256", "P-384", "P-521")


POLICY = Policy(
    id="KV9",
    title="Keys are RSA of 2048 bits or more (3072 for identifiable data), or on a NIST curve",
    why="What is kept for decades must outlast the computers of decades: 2048 bits are held to be enough until 2030.",
    on=("keyvault:Key",),
    reads=("properties.kty", "properties.keySize", "properties.curveName"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(satre=("2.8.04",), ncsc=("2",), iso27001=("8.24",)),
    fix="Set keySize to 3072.",
    check=check,
)
