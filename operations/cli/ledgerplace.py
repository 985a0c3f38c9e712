"""The ledger of runs in Azure, as the estate names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from formats.errors import InputError
from operations.ledger.azure import AzureLedger

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from operations.estate import LedgerPlace


def azure_ledger(place: LedgerPlace | None) -> AzureLedger:
    """Return the ledger. `InputError` if the estate names none, or if its public key cannot be read."""
    if place is None:
        raise InputError("Runs in Azure are recorded in a ledger, and the estate names none.", file="estate.yaml",
                         key="ledger", allowed="container, key and public_key",
                         fix="make them once: docs/platform-team.md#the-ledger")  # fmt: skip
    found = AzureLedger(place.container, place.key, place.public_key)
    _ = found.verifier
    return found


def credential() -> TokenCredential:
    """Return the credential with which the ledger is read and written: that of the deployment."""
    from operations.preflight.reads import default_credential  # noqa: PLC0415 - imports the Azure SDK

    return default_credential()
