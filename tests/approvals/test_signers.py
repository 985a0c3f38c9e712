"""Keys in Key Vault, as an HTTP fake answers for it: this was not tried against a real vault."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from google.protobuf.json_format import Parse
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from approvals.decision import read_decision
from approvals.public_keys import ORDER_P256, Algorithm
from approvals.signers import VaultSigner
from formats.errors import Failed, InputError
from tests.approvals.site import Site, signer

KEY = "https://approvers.vault.azure.net/keys/ben-birch/0123456789abcdef0123456789abcdef"
TOKEN = "a-token-that-must-not-show"


class Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(TOKEN, 4102444800)


@dataclass
class Vault(HTTPAdapter):
    """A key vault with one key, which challenges a request without a token as the real one does."""

    curve: str = "P-256"
    refuses: bool = False
    high: bool = True
    """True: of the two forms of a signature, it returns the one with the higher s."""
    private: Any = field(default_factory=lambda: signer("Ben Birch", Algorithm.ES256).private)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        status, headers, body = 200, {"Content-Type": "application/json"}, self._answer(request)
        if "Authorization" not in request.headers:
            challenge = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"'
            status, headers, body = 401, {"WWW-Authenticate": challenge}, {}
        elif self.refuses:
            status, body = 403, {"error": {"code": "Forbidden", "message": "Caller is not authorized"}}
        response = HTTPResponse(BytesIO(json.dumps(body).encode()), headers=headers, status=status,
                                preload_content=False)  # fmt: skip
        return self.build_response(request, response)

    def _answer(self, request: Any) -> dict[str, Any]:
        if request.method == "GET":
            numbers = self.private.public_key().public_numbers()
            point = {name: _url64(getattr(numbers, name).to_bytes(32)) for name in ("x", "y")}
            return {"key": {"kid": KEY, "kty": "EC-HSM", "crv": self.curve, "key_ops": ["sign", "verify"], **point},
                    "attributes": {"enabled": True}}  # fmt: skip
        if not request.body:
            return {}
        said = json.loads(request.body)
        assert said["alg"] == "ES256"
        assert isinstance(self.private, EllipticCurvePrivateKey)
        digest = base64.urlsafe_b64decode(said["value"] + "==")
        r, s = decode_dss_signature(self.private.sign(digest, ECDSA(Prehashed(SHA256()))))
        s = max(s, ORDER_P256 - s) if self.high else s
        return {"kid": KEY, "value": _url64(r.to_bytes(32) + s.to_bytes(32))}


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def opened(vault: Vault) -> VaultSigner:
    session = requests.Session()
    session.mount("https://", vault)
    transport = RequestsTransport(session=session, session_owner=False)
    return VaultSigner.open(KEY, Credential(), transport=transport, retry_total=0)


def test_a_key_in_key_vault_signs_in_the_one_form_that_is_accepted() -> None:
    found = opened(Vault())
    assert found.key == signer("Ben Birch", Algorithm.ES256).key
    assert found.key.verifies(b"message", found.sign(b"message"))
    assert sha256(b"message").digest() not in found.sign(b"message")


def test_a_key_on_another_curve_or_without_the_right_to_sign_is_refused() -> None:
    with pytest.raises(InputError, match="cannot sign approvals"):
        opened(Vault(curve="P-384"))
    with pytest.raises(Failed, match="Key Vault did not return the key") as refused:
        opened(Vault(refuses=True))
    assert TOKEN not in str(refused.value)
    vault = Vault()
    found = opened(vault)
    vault.refuses = True
    with pytest.raises(Failed, match="Key Vault did not sign"):
        found.sign(b"message")
    with pytest.raises(InputError, match="not the id of a key"):
        VaultSigner.open("https://approvers.vault.azure.net/secrets", Credential())


def test_a_decision_is_a_statement_for_the_library_of_in_toto() -> None:
    made = Site.of().decide("Cara Cedar", "programme-review")
    one = read_decision(made.content, file=made.file_name)
    statement = Statement.copy_from_pb(Parse(one.signed.payload, statement_pb2.Statement()))
    statement.validate()
    assert statement.pb.predicate["verb"] == "approve"
