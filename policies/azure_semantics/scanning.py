"""Malware scanning of stores: the setting that turns it on, and the one resource that may pass the network rules for
it.

Source: learn.microsoft.com, "Introduction to malware scanning".
"""

from __future__ import annotations

from policies.azure_semantics import ids
from policies.model import PolicyContext, Resource

SETTING = "security:DefenderForStorage"
CLEAN_BLOBS_ONLY = (
    "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'}"
    " AND NOT SubOperationMatches{'Blob.List'}))"
    " OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:"
    "Malware Scanning scan result<$key_case_sensitive$>] StringEquals 'No threats found'))"
)
"""The condition of a role assignment that reads only blobs that the scanner found clean
(learn.microsoft.com, "Set up response to malware scanning")."""
_SCANNER = "/subscriptions/{}/providers/Microsoft.Security/datascanners/StorageDataScanner"


def settings_of(account: Resource, context: PolicyContext) -> list[Resource]:
    """Return the Defender settings of exactly this account. `Unknown` where one may be for it."""
    found = context.referencing(SETTING, "resourceId", account)
    return [setting for setting in found if ids.plain(setting.at("resourceId")) == ids.own(account)]


def is_scanner(id_: object, account: Resource) -> bool:
    """True for the id of the malware scanner of the account's own subscription."""
    subscription = ids.subscription(account.id).rpartition("/")[2]
    return bool(subscription) and ids.plain(id_) == ids.plain(_SCANNER.format(subscription))
