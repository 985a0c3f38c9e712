"""SQL databases are encrypted with a key of the estate (SQ2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.data_class import holds_records
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals, equals_if_set
from policies.rule_helpers.encryption_keys import KEY_READS, require_estate_key

SERVER, PROTECTOR, TDE = "sql:Server", "sql:EncryptionProtector", "sql:TransparentDataEncryption"


def check(resource: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the key on the server, unless it has an encryption protector."""
    if resource.type == SERVER and not context.children(PROTECTOR, resource):
        yield from require_estate_key(resource, context, "keyId")


POLICY = Policy(
    id="SQ2",
    title="SQL databases are encrypted with a key of the estate",
    why="Disabling the key ends all access at once, to the database and its backups.",
    resource_types=(SERVER, PROTECTOR, TDE),
    severity=Severity.HIGH,
    controls=ComplianceControls(satre=("2.8.01", "2.8.05"), ncsc=("2",), caf=("B3.c",), iso27001=("8.24",)),
    fix="Name the key in the server's keyId with a user-assigned identity, and leave database encryption enabled.",
    requires=(
        equals("state", "Enabled", default="Enabled; set it", only_on=TDE),
        equals("serverKeyType", "AzureKeyVault", default="ServiceManaged", only_on=PROTECTOR),
        equals_if_set("autoRotationEnabled", True, only_on=PROTECTOR),
    ),
    check=check,
    check_paths=(
        "keyId",
        *KEY_READS,
    ),
    applies=holds_records,
    evaluation_scope="stack",
)
