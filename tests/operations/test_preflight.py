"""The preflight checks only read, and offer a fix for each failure."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from operations.preflight import FEATURES, NAMESPACES, findings
from operations.vm_sizes import VmRequirement

SUBSCRIPTION = "3c1f6f0e-0000-4000-8000-00000000abcd"
TOKEN = "a-token-that-must-not-show"


READY = {
    "state": "Enabled",
    "registrationState": "Registered",
    "properties": {"state": "Registered"},
    "value": [{"actions": ["*"], "notActions": []}],
}
"""The responses for a ready subscription."""


class Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(TOKEN, 4102444800)


class NotSignedIn:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        raise ClientAuthenticationError("no credential in the chain could sign in")


def azure(answers: dict[str, tuple[int, dict[str, Any]]], seen: list[str] | None = None) -> RequestsTransport:
    """A transport with responses by the end of the path, and `Registered` for any other."""

    class Azure(HTTPAdapter):
        def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
            assert request.method == "GET"
            path = str(request.url).partition("?")[0]
            if seen is not None:
                seen.append(path)
            status, body = next(
                (answer for end, answer in answers.items() if path.endswith(end)),
                (200, READY),
            )
            content = BytesIO(json.dumps(body).encode())
            headers = {"Content-Type": "application/json"}
            return self.build_response(
                request, HTTPResponse(content, headers=headers, status=status, preload_content=False)
            )

    session = requests.Session()
    session.mount("https://", Azure())
    return RequestsTransport(session=session, session_owner=False)


def test_a_ready_subscription_needs_no_fix() -> None:
    found = list(findings([SUBSCRIPTION], Credential(), azure({})))
    assert len(found) == 1 + len(NAMESPACES) + len(FEATURES) + 1
    assert all(f.holds and not f.fix for f in found)


def test_an_unregistered_provider_has_the_command_as_fix() -> None:
    answers = {"/providers/Microsoft.KeyVault": (200, {"registrationState": "NotRegistered"})}
    (wrong,) = [f for f in findings([SUBSCRIPTION], Credential(), azure(answers)) if not f.holds]
    assert wrong.what == "provider Microsoft.KeyVault"
    assert "az provider register --namespace Microsoft.KeyVault" in wrong.fix


def test_an_unregistered_feature_is_named() -> None:
    answers = {"/features/EncryptionAtHost": (200, {"properties": {"state": "NotRegistered"}})}
    (wrong,) = [f for f in findings([SUBSCRIPTION], Credential(), azure(answers)) if not f.holds]
    assert "EncryptionAtHost" in wrong.what
    assert "az feature register" in wrong.fix


CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
                   "Microsoft.Authorization/elevateAccess/Action"],
}  # fmt: skip
GRANTS = {"actions": ["Microsoft.Authorization/roleAssignments/write"], "notActions": []}
GUARDS = {"actions": ["Microsoft.Authorization/locks/*", "microsoft.authorization/policyDefinitions/*",
                      "Microsoft.Authorization/policyAssignments/*"], "notActions": []}  # fmt: skip


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        ([CONTRIBUTOR], ["roleAssignments", "locks", "policyDefinitions", "policyAssignments"]),
        ([CONTRIBUTOR, GRANTS], ["locks", "policyDefinitions", "policyAssignments"]),
        ([CONTRIBUTOR, GRANTS, GUARDS], []),
        ([{"actions": ["*/read"], "notActions": None}], ["roleAssignments", "locks"]),
        ([], ["roleAssignments"]),
        ("odd", ["roleAssignments"]),
    ],
    ids=str,
)
def test_missing_permissions_are_named(held: Any, missing: list[str]) -> None:
    answers = {"/Microsoft.Authorization/permissions": (200, {"value": held})}
    (said,) = [f for f in findings([SUBSCRIPTION], Credential(), azure(answers)) if f.what == "rights"]
    assert said.holds is not bool(missing)
    assert all(f"{what}/write" in said.found for what in missing)
    assert bool(said.fix) is bool(missing)


def test_unreadable_permissions_are_a_finding() -> None:
    answers = {"/Microsoft.Authorization/permissions": (403, {"error": {"code": "AuthorizationFailed"}})}
    (said,) = [f for f in findings([SUBSCRIPTION], Credential(), azure(answers)) if f.what == "rights"]
    assert (said.holds, said.found) == (False, "403 AuthorizationFailed")


def test_an_unreadable_subscription_has_no_further_checks() -> None:
    seen: list[str] = []
    answers = {f"/subscriptions/{SUBSCRIPTION}": (403, {"error": {"code": "AuthorizationFailed", "message": "no"}})}
    (only,) = findings([SUBSCRIPTION], Credential(), azure(answers, seen))
    assert (only.holds, only.found) == (False, "403 AuthorizationFailed")
    assert len(seen) == 1


def test_a_failed_sign_in_is_a_finding() -> None:
    (only,) = findings([SUBSCRIPTION], NotSignedIn(), azure({}))
    assert not only.holds
    assert "no credential" in only.found


@pytest.mark.parametrize("status", [401, 404, 409])
def test_no_finding_contains_a_token(status: int) -> None:
    answers = {"": (status, {"error": {"code": "Nope", "message": TOKEN}})}
    assert all(TOKEN not in repr(f) for f in findings([SUBSCRIPTION], Credential(), azure(answers)))


def test_a_missing_network_watcher_has_the_command_as_fix() -> None:
    answers = {"/networkWatchers/NetworkWatcher_uksouth": (404, {"error": {"code": "ResourceNotFound"}})}
    (wrong,) = [f for f in findings([SUBSCRIPTION], Credential(), azure(answers), region="uksouth") if not f.holds]
    assert (wrong.what, wrong.found) == ("NetworkWatcher_uksouth", "404 ResourceNotFound")
    assert "az network watcher configure --locations uksouth" in wrong.fix
    assert all(f.holds for f in findings([SUBSCRIPTION], Credential(), azure({}), region="uksouth"))


def test_each_desk_size_is_checked_once() -> None:
    seen: list[str] = []
    sizes = ("Standard_D4s_v5", "Standard_D4s_v5", "Standard_X9s_v9")
    desks = {SUBSCRIPTION: [VmRequirement(size) for size in sizes]}
    sku = {"name": "Standard_D4s_v5", "resourceType": "virtualMachines", "capabilities": [
        {"name": name, "value": "True"}
        for name in ("PremiumIO", "EncryptionAtHostSupported", "AcceleratedNetworkingEnabled")
    ] + [{"name": "HyperVGenerations", "value": "V1,V2"}]}  # fmt: skip
    transport = azure({"/Microsoft.Compute/skus": (200, {"value": [sku]})}, seen)
    found = [f for f in findings([SUBSCRIPTION], Credential(), transport, region="uksouth", desks=desks)
             if f.what.startswith("size")]  # fmt: skip
    assert [(f.what, f.holds) for f in found] == [("size Standard_D4s_v5", True), ("size Standard_X9s_v9", False)]
    assert found[1].found == "not offered in uksouth"
    assert sum(path.endswith("/skus") for path in seen) == 1


def test_an_unreadable_list_of_sizes_is_a_finding() -> None:
    answers = {"/Microsoft.Compute/skus": (403, {"error": {"code": "AuthorizationFailed"}})}
    desks = {SUBSCRIPTION: [VmRequirement("Standard_D4s_v5")]}
    *_, last = findings([SUBSCRIPTION], Credential(), azure(answers), region="uksouth", desks=desks)
    assert (last.holds, last.found) == (False, "403 AuthorizationFailed")
