"""A ledger in a container that lets nobody change or delete anything, and at times loses its answers."""

from __future__ import annotations

import html
import random
import threading
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from formats.errors import Failed, InputError
from operations.ledger.azure import AzureLedger
from operations.ledger.blobs import BlobStorage
from operations.ledger.files import FileStorage
from operations.ledger.log import Log
from operations.ledger.verification import verify
from tests.operations.ledger.logs import KEY, OTHER, numbered

URL = "https://sdeledger.blob.core.windows.net/ledger"
SECRET = "https://sdekeys.vault.azure.net/secrets/ledger"
TOKEN = "a-token-that-must-not-show"
PAGE = 7


class Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(TOKEN, 4102444800)


@dataclass
class Azure(HTTPAdapter):
    """A container with an immutability policy, and a key vault with one secret."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    secret: str = ""
    immutable: bool = True
    loses: random.Random | None = None
    """Decides which answers to a successful write are lost."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        with self.lock:
            status, code, body = self._answer(request)
        headers = {"x-ms-error-code": code} if code else {"x-ms-has-immutability-policy": str(self.immutable).lower()}
        response = HTTPResponse(BytesIO(body), headers=headers, status=status, preload_content=False)
        return self.build_response(request, response)

    def _answer(self, request: Any) -> tuple[int, str, bytes]:
        if request.url.startswith(SECRET):
            return (200, "", f'{{"value": {self.secret}}}'.encode()) if self.secret else (403, "Forbidden", b"{}")
        parts = urlsplit(request.url)
        name, query = unquote(parts.path).removeprefix("/ledger").lstrip("/"), parse_qs(parts.query)
        if "comp" in query:
            return 200, "", self._listed(query)
        if not name:
            return 200, "", b""
        if request.method == "GET":
            return (200, "", self.blobs[name]) if name in self.blobs else (404, "BlobNotFound", b"")
        assert request.method == "PUT"
        assert request.headers["If-None-Match"] == "*"
        if name in self.blobs:
            return 409, "BlobAlreadyExists", b""
        self.blobs[name] = request.body if isinstance(request.body, bytes) else request.body.read()
        return (503, "ServerBusy", b"") if self.loses and self.loses.random() < 0.2 else (201, "", b"")

    def _listed(self, query: dict[str, list[str]]) -> bytes:
        prefix, marker = query.get("prefix", [""])[0], query.get("marker", [""])[0]
        names = [name for name in sorted(self.blobs) if name.startswith(prefix) and name > marker]
        found = "".join(f"<Blob><Name>{html.escape(name)}</Name></Blob>" for name in names[:PAGE])
        more = names[PAGE - 1] if len(names) > PAGE else ""
        return f"<EnumerationResults>{found}<NextMarker>{html.escape(more)}</NextMarker></EnumerationResults>".encode()


def transport(azure: Azure) -> RequestsTransport:
    session = requests.Session()
    session.mount("https://", azure)
    return RequestsTransport(session=session, session_owner=False)


def storage(azure: Azure) -> BlobStorage:
    return BlobStorage(URL, Credential(), transport(azure))


def log_in(azure: Azure) -> Log:
    return Log(storage(azure), KEY.verifier(), KEY)


def test_a_container_has_the_same_log_as_a_folder() -> None:
    azure = Azure()
    log = log_in(azure)
    for first in (0, 250, 300):
        log.append(numbered(50 if first else 250, first))
    assert list(log_in(azure).entries()) == numbered(350)
    found = verify(storage(azure), KEY.verifier())
    assert (found.problems, found.checkpoint.size) == ([], 350)
    assert "checkpoint" not in azure.blobs  # which could not be replaced


def test_writers_at_once_lose_nothing_also_when_answers_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azure.core.pipeline.policies.RetryPolicy.get_backoff_time", lambda *_: 0)
    azure = Azure(loses=random.Random(1))  # noqa: S311 - not for cryptography

    def write(writer: int) -> None:
        log = log_in(azure)
        for number in range(8):
            log.append([f"{writer} {number}".encode()])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [one.decode() for one in log_in(azure).entries()]
    assert sorted(found) == sorted(f"{writer} {number}" for writer in range(3) for number in range(8))
    assert not [one for one in verify(storage(azure), KEY.verifier()).problems if "not an entry" not in one.text]


def test_an_append_that_was_cut_off_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure()
    log_in(azure).append(numbered(3))
    with monkeypatch.context() as patch:
        patch.setattr(BlobStorage, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            log_in(azure).append(numbered(2, 3))
    assert verify(storage(azure), KEY.verifier()).problems == []
    log_in(azure).append(numbered(1, 5))
    assert list(log_in(azure).entries()) == numbered(6)


def test_a_refusal_names_the_container_and_no_token() -> None:
    azure = Azure()
    azure._answer = lambda _: (403, "AuthorizationPermissionMismatch", b"")  # type: ignore[method-assign, assignment]
    with pytest.raises(Failed, match="403 AuthorizationPermissionMismatch") as refused:
        log_in(azure).head()
    assert URL in str(refused.value)
    assert TOKEN not in str(refused.value)


def pem(key: Any) -> str:
    text = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return '"' + text.replace("\n", "\\n") + '"'


LEDGER = AzureLedger(URL, SECRET, str(KEY.verifier()))


def test_the_key_is_a_secret_of_a_key_vault() -> None:
    azure = Azure(secret=pem(KEY))
    ledger = LEDGER.open(Credential(), transport(azure))
    assert ledger.log.append(numbered(1)) == 0
    checks = list(LEDGER.check(Credential(), transport(azure)))
    assert [(what, holds) for what, holds, _ in checks] == [
        ("ledger: write-once container", True), ("ledger: key", True),
    ]  # fmt: skip


@pytest.mark.parametrize(("secret", "error", "text"), [
    ("", Failed, "refused to give the ledger's key: 403"),
    (pem(OTHER), InputError, "not the key whose public half the estate names"),
    ('"no key"', InputError, "cannot be decrypted"),
])  # fmt: skip
def test_another_key_is_refused(secret: str, error: type[Exception], text: str) -> None:
    azure = Azure(secret=secret, immutable=False)
    with pytest.raises(error, match=text) as refused:
        LEDGER.open(Credential(), transport(azure)).log.append(numbered(1))
    assert not azure.blobs
    assert "PRIVATE" not in str(refused.value)
    assert [holds for _, holds, _ in LEDGER.check(Credential(), transport(azure))] == [False, False]


def test_an_export_of_a_container_has_a_checkpoint(tmp_path: Any) -> None:
    azure = Azure()
    log_in(azure).append(numbered(5))
    copy = FileStorage(tmp_path / "copy")
    copy.create({**azure.blobs, "checkpoint": storage(azure).newest() or b""})
    assert verify(copy, KEY.verifier()).checkpoint.size == 5
