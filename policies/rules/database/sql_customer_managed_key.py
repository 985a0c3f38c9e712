"""SQ2: SQL databases are encrypted, with a key of the estate's own."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.azure_semantics.properties import may, must
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.encryption_keys import named_key

SERVER, PROTECTOR, TDE = "sql:Server", "sql:EncryptionProtector", "sql:TransparentDataEncryption"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """The key is said in the server, or in its protector; a database may not turn encryption off."""
    if resource.type == TDE:
        yield from must(resource, "state", "Enabled", default="Azure's default, Enabled: say so")
    elif resource.type == PROTECTOR:
        yield from must(resource, "serverKeyType", "AzureKeyVault", default="ServiceManaged")
        yield from may(resource, "autoRotationEnabled", True)
    elif not context.children(PROTECTOR, resource):
        yield from named_key(resource, context, "keyId")


POLICY = Policy(
    id="SQ2",
    title="SQL databases are encrypted with a key of the estate's own",
    why="Whoever holds the key can end all access at once, to the database and to its backups.",
    on=(SERVER, PROTECTOR, TDE),
    reads=("keyId", "serverKeyType", "autoRotationEnabled", "state"),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), iso27001=("8.24",)),
    fix="Name the key in the server's keyId with a user-assigned identity, and leave database encryption enabled.",
    check=check,
    applies=holds_records,
    scope="stack",
)
