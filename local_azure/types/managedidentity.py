"""Microsoft.ManagedIdentity: user-assigned identities and federated credentials.

Facts: docs/azure-facts.md#names-of-identities.
"""

from __future__ import annotations

from collections.abc import Mapping

from formats.local_cloud import TENANT
from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import at_most, guid, refuse

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"


def _outputs(request: Request) -> Mapping[str, Json]:
    """Return ids derived from the resource's id. In Azure a recreated identity has a new principal."""
    return {"principalId": guid(request.id, "principal"), "clientId": guid(request.id, "client"), "tenantId": TENANT}


def _issuer_is_https(request: Request) -> None:
    if not str(request.new.get("issuer", "")).startswith("https://"):
        refuse("BadRequest", "The issuer of a federated identity credential must be an https address.")


TYPES = (
    AzureType(
        token=IDENTITY,
        name=NameRule(
            r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}", "3-128 letters, digits, - or _, starting with a letter or digit"
        ),
        replace_on_change=("location",),
        computed=_outputs,
    ),
    AzureType(
        token=CREDENTIAL,
        name=NameRule(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}", "3-120 letters, digits, - or _"),
        location="none",
        constraints=(
            _issuer_is_https,
            at_most(20, CREDENTIAL, "BadRequest", "An identity takes at most {limit} credentials.", per_parent=True),
        ),
    ),
)
