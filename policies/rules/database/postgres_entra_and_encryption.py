"""PostgreSQL servers accept Entra ID sign-in only, and use a key of the estate (PG2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import require_text
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals
from policies.rule_helpers.encryption_keys import KEY_READS, require_estate_key
from policies.violations import violations

KEY_TYPE = equals("dataEncryption.type", "AzureKeyVault", default="SystemManaged")


def check(server: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require a key of the estate for records. Azure accepts it at creation only."""
    if holds_records(server, context):
        yield from violations(KEY_TYPE, server)
        yield from require_estate_key(server, context, "dataEncryption.primaryKeyURI")
        yield from require_text(
            server, "dataEncryption.primaryUserAssignedIdentityId", default="no identity to open it with"
        )


POLICY = Policy(
    id="PG2",
    title="PostgreSQL servers accept Entra ID sign-in only, and use a key of the estate",
    why="A database password is known to everyone whose notebook contains it; Entra ID tokens belong to one person.",
    resource_types=("dbforpostgresql:Server",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.05", "2.8.01", "2.8.05", "3.2.01"),
        ncsc=("2", "10"),
        caf=("B2.a", "B3.c"),
        cyber_essentials=("2.2", "2.5", "4.3"),
        iso27001=("8.5", "8.24"),
        five_safes=("people",),
    ),
    fix="Set activeDirectoryAuth to Enabled and passwordAuth to Disabled; create the server with dataEncryption "
    "of type AzureKeyVault.",
    requires=(
        equals("authConfig.activeDirectoryAuth", "Enabled", default="Disabled"),
        equals("authConfig.passwordAuth", "Disabled", default="Enabled"),
    ),
    check=check,
    required_by_check=(KEY_TYPE,),
    check_paths=(
        "dataEncryption.primaryKeyURI",
        "dataEncryption.primaryUserAssignedIdentityId",
        *KEY_READS,
    ),
    evaluation_scope="stack",
)
