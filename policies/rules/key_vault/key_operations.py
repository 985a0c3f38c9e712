"""KV10: a key does what it is for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATH = "properties.keyOps"
WRAPPING, SIGNING, ENCRYPTING = {"wrapkey", "unwrapkey"}, {"sign", "verify"}, {"encrypt", "decrypt"}


def check(key: Resource, _: PolicyContext) -> Iterator[Violation]:
    """One purpose a key. Missing means all of them."""
    if key.at(PATH) is MISSING:
        yield Violation(PATH, "is not set, which leaves every use; it must be wrapKey and unwrapKey, to encrypt")
        return
    found = {str(use).casefold() for use in key.each(f"{PATH}[*]")}
    if not found or not any(found <= purpose for purpose in (WRAPPING, SIGNING, ENCRYPTING)):
        yield Violation(PATH, f"is {shown(', '.join(sorted(found)) or 'empty')}; it must be one purpose: wrapKey and "
                      "unwrapKey, sign and verify, or encrypt and decrypt")  # fmt: skip


POLICY = Policy(
    id="KV10",
    title="A key has one purpose",
    why="A key that encrypts stores has no business signing anything; each further use is one more way to abuse it.",
    on=("keyvault:Key",),
    reads=(PATH,),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("2.8.05", "3.2.03"), ncsc=("2",), iso27001=("8.24",)),
    fix="Set keyOps to wrapKey and unwrapKey.",
    check=check,
)
