"""ML3: a machine learning workspace reads its data as whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(workspace: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Azure's default hands the store's shared key to every user of the workspace."""
    yield from must(workspace, "systemDatastoresAuthMode", "Identity", default="AccessKey")


POLICY = Policy(
    id="ML3",
    title="Machine learning workspaces read data as the person who asks, not with a shared key",
    why="With the key, everybody in a workspace reads everything in its store, and the records name nobody.",
    on=("machinelearningservices:Workspace",),
    reads=("systemDatastoresAuthMode",),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.14", "3.2.01", "3.2.03"), ncsc=("9", "10"), iso27001=("5.15", "8.5"), five_safes=("people",)
    ),
    fix="Set systemDatastoresAuthMode to Identity.",
    check=check,
)
