"""The ledger of runs in Azure: a write-once container, and a key that is a secret of a key vault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from formats.errors import Failed, InputError, SdeError
from formats.signed_notes import SigningKey, VerifierKey
from operations.ledger.blobs import BlobStorage
from operations.ledger.keys import key_of
from operations.ledger.ledger import Ledger
from operations.ledger.log import Log
from operations.ledger.who import who

_SCOPE = "https://vault.azure.net/.default"
_MANAGEMENT = "https://management.azure.com/.default"
_API = "7.4"
"""Of Key Vault's REST API."""


@dataclass(frozen=True)
class AzureLedger:
    """Where the ledger of an estate is in Azure, as the estate names it."""

    container: str
    key: str
    public_key: str

    @property
    def verifier(self) -> VerifierKey:
        """The public key, as the estate has it."""
        return VerifierKey.parse(self.public_key, where="ledger.public_key")

    def storage(self, credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None) -> BlobStorage:
        """Return the container."""
        return BlobStorage(self.container, credential, transport)

    def open(self, credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None) -> Ledger:
        """Return the ledger. Its key is read at the first append, by an identity that may read the secret."""
        log = Log(self.storage(credential, transport), self.verifier, cache(lambda: self.signer(credential, transport)))
        return Ledger(log, who(lambda: credential.get_token(_MANAGEMENT).token))

    def signer(self, credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None) -> SigningKey:
        """Return the key. `InputError` if it is not that of the estate's public key."""
        signer = key_of(_secret(self.key, credential, transport), self.verifier.name, None, where=self.key)
        if signer.verifier() != self.verifier:
            raise InputError("The secret is not the key whose public half the estate names.", key="ledger.public_key",
                             found=self.public_key, allowed=str(signer.verifier()))  # fmt: skip
        return signer

    def check(
        self, credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None
    ) -> Iterator[tuple[str, bool, str]]:
        """Yield what was checked, whether it holds, and what was found. Nothing is written."""
        try:
            immutable = self.storage(credential, transport).has_immutability_policy()
            found = "has an immutability policy; that it is locked, its owner must see to" if immutable else "has none"
            yield "ledger: write-once container", immutable, found
        except SdeError as error:
            yield "ledger: write-once container", False, str(error).splitlines()[0]
        try:
            self.signer(credential, transport)
            yield "ledger: key", True, "this identity can read it, and it is the estate's"
        except SdeError as error:
            yield "ledger: key", False, str(error).splitlines()[0]


def _secret(url: str, credential: TokenCredential, transport: HttpTransport[Any, Any] | None) -> bytes:
    """Return the value of a secret. It never appears in an error."""
    policies: list[Any] = [RetryPolicy(retry_total=3), BearerTokenCredentialPolicy(credential, _SCOPE)]
    client: PipelineClient[Any, Any] = PipelineClient(url, policies=policies, transport=transport)
    try:
        response = client.send_request(HttpRequest("GET", url, params={"api-version": _API}))
        body = response.json() if response.status_code == 200 else None
    except (AzureError, ValueError) as error:
        raise Failed(f"The key vault does not answer: {type(error).__name__}.\n  file:    {url}") from None
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, str):
        fix = "the deploying identity needs the role Key Vault Secrets User on this secret"
        problem = f"The key vault refused to give the ledger's key: {response.status_code}."
        raise Failed(f"{problem}\n  file:    {url}\n  fix:     {fix}")
    return value.encode()
