"""No stack has a workspace or compute of Azure Machine Learning: Azure's own rules lead out of its network (ML4)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every one, also a workspace alone: a job runs without a compute of the plan.

    Facts: docs/azure-facts.md#managed-network-of-a-machine-learning-workspace, #keys-of-a-machine-learning-workspace.
    """
    yield Violation("", "runs code in a network with ways to Entra, Resource Manager and Azure Monitor of every tenant")


POLICY = Policy(
    id="ML4",
    title="No stack has a workspace or compute of Azure Machine Learning",
    why="Researchers run any code there, and the network of its computes keeps Azure's own outbound rules: with an "
    "account of another tenant, code sends data out past the airlock, and nothing prevents or logs it "
    "(docs/decisions/0027-optional-services.md).",
    resource_types=("machinelearningservices:Compute", "machinelearningservices:Workspace"),
    severity=Severity.CRITICAL,
    controls=ComplianceControls(
        satre=("2.2.09", "2.2.11", "3.1.12"),
        ncsc=("3", "11"),
        caf=("B4.a",),
        iso27001=("8.12", "8.22"),
        five_safes=("outputs",),
    ),
    fix="Remove it. Train on desks with a graphics card (template bespoke-imaging), with images of the project's "
    "registry.",
    check=check,
)
