"""Container registries have nothing that copies, runs or shares their images (CR3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

PARTS = (
    "AgentPool", "Archife", "ArchiveVersion", "CacheRule", "ConnectedRegistry", "CredentialSet", "ExportPipeline",
    "ImportPipeline", "PipelineRun", "Replication", "ScopeMap", "Task", "TaskRun", "Token", "Webhook",
)  # fmt: skip


def check(_: Resource, __: PolicyContext) -> Iterator[Violation]:
    """Refuse every one."""
    yield Violation("", "copies, runs or shares images beside the people and computers with a role on the registry")


POLICY = Policy(
    id="CR3",
    title="Container registries have nothing that copies, runs or shares their images",
    why="Tokens are passwords, tasks run outside the project, and replicas, caches, pipelines and webhooks send images "
    "or their names elsewhere.",
    resource_types=tuple(f"containerregistry:{part}" for part in PARTS),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.13", "2.2.09", "3.1.12", "3.2.01"),
        ncsc=("3",),
        caf=("B2.a", "B4.a"),
        cyber_essentials=("2.3",),
        iso27001=("8.12",),
        five_safes=("outputs",),
    ),
    fix="Remove it. Desks push and pull images with the role AcrPush.",
    check=check,
)
