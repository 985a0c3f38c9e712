"""Each key has one purpose (KV10)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PATH = "properties.keyOps"
WRAPPING, SIGNING, ENCRYPTING = {"wrapkey", "unwrapkey"}, {"sign", "verify"}, {"encrypt", "decrypt"}


def check(key: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require the operations of one purpose. A missing list allows all."""
    if key.at(PATH) is MISSING:
        yield Violation(
            PATH, "is not set, which allows every operation; for encryption it must be wrapKey and unwrapKey"
        )
        return
    found = {str(use).casefold() for use in key.each(f"{PATH}[*]")}
    if not found or not any(found <= purpose for purpose in (WRAPPING, SIGNING, ENCRYPTING)):
        yield Violation(PATH, f"is {display(', '.join(sorted(found)) or 'empty')}; it must be one purpose: wrapKey and "
                      "unwrapKey, sign and verify, or encrypt and decrypt")  # fmt: skip


POLICY = Policy(
    id="KV10",
    title="Each key has one purpose",
    why="A key that encrypts storage does not need to sign; each further operation can be abused.",
    resource_types=("keyvault:Key",),
    severity=Severity.LOW,
    controls=ComplianceControls(satre=("2.8.05", "3.2.03"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Set keyOps to wrapKey and unwrapKey.",
    check=check,
    check_paths=(PATH,),
)
