"""A ledger in a container of Azure Blob Storage with an immutability policy: every object is written once.

In such a container clients can create and read blobs, but neither change nor delete them
(https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview). Two writers are kept
apart by `If-None-Match: *`, which fails where the name is taken
(https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import quote

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse

from formats.errors import Failed
from operations.ledger.storage import CHECKPOINTS, checkpoint_name

SCOPE = "https://storage.azure.com/.default"
VERSION = "2023-11-03"
"""Of the Blob service's REST API."""
MAX_PAGES = 1000
_TAKEN = {"BlobAlreadyExists", "ConditionNotMet", "BlobImmutableDueToPolicy"}
"""The error codes for a name that is taken."""
_NAME = re.compile(r"<Name[^>]*>([^<]*)</Name>")
_MARKER = re.compile(r"<NextMarker>([^<]*)</NextMarker>")


class BlobStorage:
    """The container of a ledger, by its URL."""

    def __init__(self, url: str, credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None) -> None:
        self._url = url.rstrip("/")
        policies: list[Any] = [RetryPolicy(retry_total=5), BearerTokenCredentialPolicy(credential, SCOPE)]
        self._client: PipelineClient[Any, Any] = PipelineClient(self._url, policies=policies, transport=transport)

    @property
    def where(self) -> str:
        """The URL."""
        return self._url

    def read(self, name: str) -> bytes | None:
        """Return a blob; None if there is none."""
        response = self._send("GET", f"/{quote(name)}")
        return None if _code(response) == "BlobNotFound" else bytes(self._expected(response, 200).content)

    def create(self, objects: Mapping[str, bytes]) -> set[str]:
        """Write blobs side by side. Return the names that are taken."""
        with ThreadPoolExecutor(max_workers=max(1, min(8, len(objects)))) as pool:
            written = pool.map(lambda one: self._create(*one), objects.items())
            return {name for name, is_new in zip(objects, written, strict=True) if not is_new}

    def _create(self, name: str, content: bytes) -> bool:
        headers = {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*", "Content-Type": "application/octet-stream"}
        response = self._send("PUT", f"/{quote(name)}", headers=headers, content=content)
        if _code(response) in _TAKEN:
            return False
        self._expected(response, 201)
        return True

    def names(self) -> Iterator[str]:
        """Yield the names of all blobs, in the order of names."""
        return self._list("")

    def newest(self) -> bytes | None:
        """Return the checkpoint of the largest size: nothing can be replaced, so each has a name of its own."""
        last = max(self._list(f"{CHECKPOINTS}/"), default=None)
        return self.read(last) if last else None

    def publish(self, size: int, checkpoint: bytes) -> None:
        """Write the checkpoint. Another writer may have finished the same append."""
        self.create({checkpoint_name(size): checkpoint})

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold nothing: names keep writers apart."""
        return nullcontext()

    def has_immutability_policy(self) -> bool:
        """Return True if the container has an immutability policy. Whether it is locked, only its owner sees."""
        response = self._expected(self._send("GET", "?restype=container"), 200)
        return str(response.headers.get("x-ms-has-immutability-policy", "")).lower() == "true"

    def _list(self, prefix: str) -> Iterator[str]:
        marker = ""
        for _ in range(MAX_PAGES):
            query = f"?restype=container&comp=list&prefix={quote(prefix, safe='')}&marker={quote(marker, safe='')}"
            text = self._expected(self._send("GET", query), 200).text()
            yield from map(html.unescape, _NAME.findall(text))
            found = _MARKER.search(text)
            marker = html.unescape(found[1]) if found else ""
            if not marker:
                return
        raise Failed(f"The ledger has too many objects to list.\n  file:    {self._url}")

    def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> HttpResponse:
        request = HttpRequest(
            method, self._url + path, headers={"x-ms-version": VERSION, **(headers or {})}, content=content
        )
        try:
            response: HttpResponse = self._client.send_request(request)
        except AzureError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise Failed(f"The ledger's container does not answer: {reason}\n  file:    {self._url}") from None
        return response

    def _expected(self, response: HttpResponse, status: int) -> HttpResponse:
        if response.status_code != status:
            fix = "the identity needs the roles Storage Blob Data Reader, and to record Storage Blob Data Contributor"
            raise Failed(f"The ledger's container refused: {response.status_code} {_code(response)}.\n"
                         f"  file:    {self._url}\n  fix:     {fix}")  # fmt: skip
        return response


def _code(response: HttpResponse) -> str:
    code = str(response.headers.get("x-ms-error-code", ""))
    return code if re.fullmatch("[A-Za-z0-9]{1,100}", code) else ""
