"""Whether real Azure is ready for the estate: a sign-in with azure-identity and a few reads, nothing written.

It asks what a first `up` would otherwise find out half way: subscriptions that cannot be read, resource providers that
are not registered (409 MissingSubscriptionRegistration) and features that are not (400 on `encryptionAtHost`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

MANAGEMENT = "https://management.azure.com"
NAMESPACES = (
    "Microsoft.Compute",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
)
"""The resource providers that the stacks use; Microsoft.Authorization and Microsoft.Resources need no registration."""
FEATURES = (("Microsoft.Compute", "EncryptionAtHost"),)
"""Features that a subscription must register before the stacks' machines can be made."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` is a command or a request to make, where it does not hold."""

    subscription: str
    what: str
    holds: bool
    found: str
    fix: str = ""


def default_credential() -> TokenCredential:
    """The same chain of credentials as the provider's `useDefaultAzureCredential`; imported only when asked for."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - half a second that local runs need not pay

    return DefaultAzureCredential()


def findings(
    subscriptions: Iterable[str], credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None
) -> Iterator[Finding]:
    """What holds for each subscription, in order; a subscription that cannot be read is not asked further."""
    client = _client(credential, transport)
    for subscription in dict.fromkeys(subscriptions):
        readable = _readable(client, subscription)
        yield readable
        if readable.holds:
            yield from _registrations(client, subscription, NAMESPACES)
            yield from (_feature(client, subscription, *feature) for feature in FEATURES)


def _client(credential: TokenCredential, transport: HttpTransport[Any, Any] | None) -> PipelineClient[Any, Any]:
    scope = f"{MANAGEMENT}/.default"
    policies: list[Any] = [RetryPolicy(retry_total=3), BearerTokenCredentialPolicy(credential, scope)]
    return PipelineClient(MANAGEMENT, policies=policies, transport=transport)


def _get(client: PipelineClient[Any, Any], path: str, version: str) -> tuple[dict[str, Any] | None, str]:
    """The body of a 200, or None and why there is none. Tokens stay inside the pipeline."""
    try:
        response = client.send_request(HttpRequest("GET", MANAGEMENT + path, params={"api-version": version}))
    except AzureError as error:
        return None, str(error.message).splitlines()[0]
    body = response.json() if response.content else {}
    if response.status_code == 200:
        return body, ""
    problem = body.get("error", {}) if isinstance(body, dict) else {}
    return None, f"{response.status_code} {problem.get('code', '')}".strip()


def _readable(client: PipelineClient[Any, Any], subscription: str) -> Finding:
    body, why = _get(client, f"/subscriptions/{subscription}", "2022-12-01")
    state = str(body.get("state", "")) if body else why
    fix = "sign in with `az login`, or ask for Reader on the subscription"
    return Finding(subscription, "subscription", state == "Enabled", state, "" if state == "Enabled" else fix)


def _registrations(client: PipelineClient[Any, Any], subscription: str, namespaces: Sequence[str]) -> Iterator[Finding]:
    for namespace in namespaces:
        body, why = _get(client, f"/subscriptions/{subscription}/providers/{namespace}", "2021-04-01")
        state = str(body.get("registrationState", "")) if body else why
        fix = f"az provider register --namespace {namespace} --subscription {subscription}"
        holds = state == "Registered"
        yield Finding(subscription, f"provider {namespace}", holds, state, "" if holds else fix)


def _feature(client: PipelineClient[Any, Any], subscription: str, namespace: str, name: str) -> Finding:
    path = f"/subscriptions/{subscription}/providers/Microsoft.Features/providers/{namespace}/features/{name}"
    body, why = _get(client, path, "2021-07-01")
    state = str(body.get("properties", {}).get("state", "")) if body else why
    fix = f"az feature register --namespace {namespace} --name {name} --subscription {subscription}"
    holds = state == "Registered"
    return Finding(subscription, f"feature {namespace}/{name}", holds, state, "" if holds else fix)
