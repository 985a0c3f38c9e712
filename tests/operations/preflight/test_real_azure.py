"""The reads of real Azure: signed in, read only, without a token in any finding."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from operations.preflight import Finding, findings, send_to_azure
from operations.preflight.needs import Declared, Needs
from operations.preflight.reads import MANAGEMENT, Reads

SUBSCRIPTION = "3c1f6f0e-0000-4000-8000-00000000abcd"
TOKEN = "a-token-that-must-not-show"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
READY = {
    "state": "Enabled",
    "registrationState": "Registered",
    "properties": {"state": "Registered", "pricingTier": "Free"},
    "value": [{"actions": ["*"], "notActions": []}],
    "nameAvailable": True,
}
"""The responses for a ready subscription."""
Answers = Mapping[str, tuple[int, Mapping[str, Any]]]


class Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(TOKEN, 4102444800)


class NotSignedIn:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        raise ClientAuthenticationError("no credential in the chain could sign in")


def azure(answers: Answers, seen: list[tuple[str, str]] | None = None) -> RequestsTransport:
    """A transport with responses by the end of the path, and `READY` for any other."""

    class Azure(HTTPAdapter):
        def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
            assert request.headers["Authorization"] == f"Bearer {TOKEN}"
            path = str(request.url).partition("?")[0]
            if seen is not None:
                seen.append((request.method, path.removeprefix(MANAGEMENT)))
            status, body = next((answer for end, answer in answers.items() if path.endswith(end)), (200, READY))
            content = BytesIO(json.dumps(body).encode())
            headers = {"Content-Type": "application/json"}
            return self.build_response(
                request, HTTPResponse(content, headers=headers, status=status, preload_content=False)
            )

    session = requests.Session()
    session.mount("https://", Azure())
    return RequestsTransport(session=session, session_owner=False)


def needs() -> Needs:
    """One of each kind of resource that a check reads about."""
    declared = {
        "Microsoft.Storage/storageAccounts/store": {"location": "uksouth"},
        "Microsoft.KeyVault/vaults/kv": {"location": "uksouth"},
        "Microsoft.Compute/virtualMachines/vm": {
            "location": "uksouth",
            "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
        },
    }
    resources = [Declared("tre", "t", "n", f"{GROUP}/providers/{path}", inputs) for path, inputs in declared.items()]
    write, delete = ({GROUP: {f"Microsoft.Storage/storageAccounts/{verb}"}} for verb in ("write", "delete"))
    return Needs(SUBSCRIPTION, resources, write, delete)


def found(answers: Answers, credential: Any = None, seen: list[tuple[str, str]] | None = None) -> list[Finding]:
    return list(findings([needs()], send_to_azure(credential or Credential(), azure(answers, seen))))


def test_only_the_check_of_names_is_not_a_get() -> None:
    seen: list[tuple[str, str]] = []
    found({}, seen=seen)
    assert {path.rpartition("/")[2] for method, path in seen if method != "GET"} == {"checkNameAvailability"}
    assert {method for method, _ in seen} == {"GET", "POST"}


def test_an_unreadable_subscription_has_no_further_checks() -> None:
    seen: list[tuple[str, str]] = []
    refused = (403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
    (only,) = found({f"/subscriptions/{SUBSCRIPTION}": refused}, seen=seen)
    assert (only.holds, only.found, len(seen)) == (False, "403 AuthorizationFailed", 1)


def test_a_failed_sign_in_is_a_finding() -> None:
    (only,) = found({}, NotSignedIn())
    assert not only.holds
    assert "no credential" in only.found


@pytest.mark.parametrize("status", [401, 404, 409])
def test_no_finding_contains_a_token(status: int) -> None:
    assert all(TOKEN not in repr(one) for one in found({"": (status, {"error": {"code": "Nope", "message": TOKEN}})}))


@pytest.mark.parametrize(
    "end", ["/permissions", "/resources", "/skus", "/usages", "/checkNameAvailability", "/Microsoft.Storage"]
)
def test_what_cannot_be_read_does_not_hold(end: str) -> None:
    answers = {end: (403, {"error": {"code": "AuthorizationFailed"}})}
    assert any(not one.holds and "403 AuthorizationFailed" in one.found for one in found(answers))


@pytest.mark.parametrize("body", [{}, {"value": "odd", "properties": [], "state": "Enabled"}, {"value": [1]}])
def test_odd_responses_do_not_hold(body: Mapping[str, Any]) -> None:
    answers = {"/subscriptions/" + SUBSCRIPTION: (200, {"state": "Enabled"}), "": (200, body)}
    held = [one.what for one in found(answers) if one.holds]
    assert [what for what in held if what != "subscription" and not what.startswith("quotas")] == []


def test_further_pages_are_read_from_azure_only() -> None:
    pages = {
        "/first": (200, {"value": [{"n": 1}], "nextLink": f"{MANAGEMENT}/second?skip=1"}),
        "/second": (200, {"value": [{"n": 2}], "nextLink": "https://elsewhere.example/third"}),
    }
    seen: list[tuple[str, str]] = []
    reads = Reads(send_to_azure(Credential(), azure(pages, seen)))
    assert [one["n"] for one in reads.list("/first", "2021-04-01").values] == [1, 2]
    assert [path for _, path in seen] == ["/first", "/second"]
