"""Whether real Azure is ready for the estate: a sign-in with azure-identity and a few reads, nothing written.

It asks what a first `up` would otherwise find out half way: subscriptions that cannot be read, resource providers that
are not registered (409 MissingSubscriptionRegistration), features that are not (400 on `encryptionAtHost`), rights that
Contributor lacks (403 AuthorizationFailed on grants, locks and guards), a missing Network Watcher, and desks of sizes
that the region does not offer (409 SkuNotAvailable).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from operations.vm_sizes import VmRequirement, lacking

MANAGEMENT = "https://management.azure.com"
NAMESPACES = (
    "Microsoft.Compute",
    "Microsoft.EventGrid",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Security",
    "Microsoft.Storage",
)
"""The resource providers that the stacks use, with Event Grid, by which Defender hears of uploads;
Microsoft.Authorization and Microsoft.Resources need no registration."""
FEATURES = (("Microsoft.Compute", "EncryptionAtHost"),)
"""Features that a subscription must register before the stacks' machines can be made."""
RIGHTS = tuple(
    f"Microsoft.Authorization/{what}/write"
    for what in ("roleAssignments", "locks", "policyDefinitions", "policyAssignments")
)
"""What the stacks do that Contributor may not (learn.microsoft.com, "Azure built-in roles")."""


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
    subscriptions: Iterable[str], credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None, *,
    region: str | None = None, desks: Mapping[str, Iterable[VmRequirement]] = MappingProxyType({}),
) -> Iterator[Finding]:  # fmt: skip
    """What holds for each subscription, in order; a subscription that cannot be read is not asked further.

    With a region also what lies in it: Azure's watcher over its networks, and the sizes of `desks`, by subscription.
    """
    client = _client(credential, transport)
    for subscription in dict.fromkeys(subscriptions):
        readable = _readable(client, subscription)
        yield readable
        if readable.holds:
            yield from _registrations(client, subscription, NAMESPACES)
            yield from (_feature(client, subscription, *feature) for feature in FEATURES)
            yield _rights(client, subscription)
            if region:
                yield _watcher(client, subscription, region)
                yield from _sizes(client, subscription, region, dict.fromkeys(desks.get(subscription, ())))


def _client(credential: TokenCredential, transport: HttpTransport[Any, Any] | None) -> PipelineClient[Any, Any]:
    scope = f"{MANAGEMENT}/.default"
    policies: list[Any] = [RetryPolicy(retry_total=3), BearerTokenCredentialPolicy(credential, scope)]
    return PipelineClient(MANAGEMENT, policies=policies, transport=transport)


def _get(client: PipelineClient[Any, Any], path: str, version: str, **query: str) -> tuple[dict[str, Any] | None, str]:
    """The body of a 200, or None and why there is none. Tokens stay inside the pipeline."""
    try:
        response = client.send_request(HttpRequest("GET", MANAGEMENT + path, params={"api-version": version} | query))
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


def _rights(client: PipelineClient[Any, Any], subscription: str) -> Finding:
    """Whether who is signed in may grant, lock and guard. The conditions of a grant are not told here."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
    body, why = _get(client, path, "2022-04-01")
    held = [one for one in (body or {}).get("value") or () if isinstance(one, dict)]
    missing = [right for right in RIGHTS if not any(_permits(one, right) for one in held)]
    found = why or (f"without {', '.join(missing)}" if missing else "all that the stacks take")
    fix = "grant what docs/platform-team.md lists: Contributor alone is not enough" if missing else ""
    return Finding(subscription, "rights", not missing, found, fix)


def _permits(permission: Mapping[str, Any], action: str) -> bool:
    """Whether one grant permits an action: it is among its actions, and not among those left out of them."""
    allowed, left_out = (permission.get(key) or () for key in ("actions", "notActions"))
    return _among(action, allowed) and not _among(action, left_out)


def _among(action: str, patterns: Iterable[object]) -> bool:
    """Whether a pattern of Azure's, in which `*` is any text, names the action; without regard to case."""
    return any(fnmatchcase(action.lower(), str(pattern).lower().replace("[", "[[]")) for pattern in patterns)


def _watcher(client: PipelineClient[Any, Any], subscription: str, region: str) -> Finding:
    """Azure makes it with the first network, but not always before the first flow record is to be kept."""
    name = f"NetworkWatcher_{region}"
    group = f"/subscriptions/{subscription}/resourceGroups/NetworkWatcherRG"
    body, why = _get(client, f"{group}/providers/Microsoft.Network/networkWatchers/{name}", "2024-05-01")
    fix = (
        f"az network watcher configure --locations {region} --enabled true --resource-group NetworkWatcherRG "
        f"--subscription {subscription}"
    )
    return Finding(subscription, name, body is not None, why or "there", "" if body is not None else fix)


def _sizes(
    client: PipelineClient[Any, Any], subscription: str, region: str, desks: Iterable[VmRequirement]
) -> Iterator[Finding]:
    wanted = list(desks)
    if not wanted:
        return
    path = f"/subscriptions/{subscription}/providers/Microsoft.Compute/skus"
    body, why = _get(client, path, "2021-07-01", **{"$filter": f"location eq '{region}'"})
    skus = [sku for sku in (body or {}).get("value") or () if isinstance(sku, dict)]
    for desk in wanted:
        faults = [why] if body is None else list(lacking(desk, skus, region))
        fix = "give the project another size, or ask Azure's support for this one" if faults else ""
        yield Finding(subscription, f"size {desk.size}", not faults, ", ".join(faults) or f"offered in {region}", fix)
