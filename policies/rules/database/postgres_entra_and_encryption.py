"""PG2: a Postgres server knows people by Entra alone, and is encrypted with a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import filled, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import named_key


def check(server: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The key can be named at creation only."""
    yield from must(server, "authConfig.activeDirectoryAuth", "Enabled", default="Disabled")
    yield from must(server, "authConfig.passwordAuth", "Disabled", default="Enabled")
    if holds_records(server, context):
        yield from must(server, "dataEncryption.type", "AzureKeyVault", default="SystemManaged")
        yield from named_key(server, context, "dataEncryption.primaryKeyURI")
        yield from filled(server, "dataEncryption.primaryUserAssignedIdentityId", default="no identity to open it with")


POLICY = Policy(
    id="PG2",
    title="Postgres servers take Entra sign-in only, and a key of the estate's own",
    why="A database password is shared by everyone whose notebook holds it; Entra's tokens are each person's own.",
    on=("dbforpostgresql:Server",),
    reads=("authConfig.activeDirectoryAuth", "authConfig.passwordAuth", "dataEncryption"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("1.5.05", "2.8.01", "2.8.05", "3.2.01"), ncsc=("2", "10"), iso27001=("8.5", "8.24"),
        five_safes=("people",),
    ),
    fix="Set activeDirectoryAuth to Enabled and passwordAuth to Disabled; make the server with dataEncryption of type "
    "AzureKeyVault.",
    check=check,
    scope="stack",
)  # fmt: skip
