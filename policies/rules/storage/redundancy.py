"""Stores have the redundancy that the estate states (ST31)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import require
from policies.expected.redundancy import skus
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

SKU = "sku.name"


def check(account: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare with the estate's value for this store."""
    yield from require(account, SKU, *skus(context.configs[account.stack], account.name))


POLICY = Policy(
    id="ST31",
    title="Stores have the redundancy that the estate states",
    why="With fewer copies than stated, records are lost with one data centre; with more, they are in another region.",
    resource_types=("storage:StorageAccount",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.4.03", "2.6.02"), ncsc=("2",), caf=("B5.b",), iso27001=("8.13", "8.14"), five_safes=("data",)
    ),
    fix="Take `redundancy` from the stack's configuration; change the estate or the request for another.",
    check=check,
    check_paths=(SKU,),
    needs_config=True,
)
