"""What malware scanning is asked to do, and whom it lets read: words that the stacks say and the policies expect.

Sources: learn.microsoft.com, "Introduction to malware scanning", and "Set up response to malware scanning" for the
condition.
"""

from __future__ import annotations

CAP_GB = 5000
"""For one store and month: Azure's own default. What lies past it is not scanned, and so is not released either."""
CLEAN = (
    "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'}"
    " AND NOT SubOperationMatches{'Blob.List'}))"
    " OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:"
    "Malware Scanning scan result<$key_case_sensitive$>] StringEquals 'No threats found'))"
)
"""The condition of a right to read: of blobs alone that the scanner found clean; all may be listed. Who brings cannot
write that tag: it takes Storage Blob Data Owner (learn.microsoft.com, "Manage and find data with blob index tags")."""


def scanner(subscription: object) -> str:
    """The id of the scanner that Defender makes in a subscription."""
    return f"/subscriptions/{subscription}/providers/Microsoft.Security/datascanners/StorageDataScanner"
