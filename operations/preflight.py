"""Check that real Azure is ready for the estate. Signs in with azure-identity, reads, and writes nothing.

It finds the causes of a failing first `up`: unreadable subscriptions, resource providers that are not registered (409
MissingSubscriptionRegistration), features that are not (400 on `encryptionAtHost`), permissions that Contributor lacks
(403 AuthorizationFailed on role assignments, locks and guardrails), a missing Network Watcher, and desk sizes that the
region does not offer (409 SkuNotAvailable).
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

from operations.vm_sizes import VmRequirement, unmet_requirements

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
"""The resource providers that the stacks use, and Event Grid, through which Defender is notified of uploads.
Microsoft.Authorization and Microsoft.Resources need no registration."""
FEATURES = (("Microsoft.Compute", "EncryptionAtHost"),)
"""Features that a subscription must register before the stacks' virtual machines can be created."""
RIGHTS = tuple(
    f"Microsoft.Authorization/{type_}/write"
    for type_ in ("roleAssignments", "locks", "policyDefinitions", "policyAssignments")
)
"""Actions of the stacks that Contributor does not permit (learn.microsoft.com, "Azure built-in roles")."""


@dataclass(frozen=True)
class Finding:
    """The result of one check. `fix` is a command, or a request to make, if the check failed."""

    subscription: str
    what: str
    holds: bool
    found: str
    fix: str = ""


def default_credential() -> TokenCredential:
    """Return the credential chain of the provider's `useDefaultAzureCredential`."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - takes half a second, which local runs save

    return DefaultAzureCredential()


def findings(
    subscriptions: Iterable[str], credential: TokenCredential, transport: HttpTransport[Any, Any] | None = None, *,
    region: str | None = None, desks: Mapping[str, Iterable[VmRequirement]] = MappingProxyType({}),
) -> Iterator[Finding]:  # fmt: skip
    """Check each subscription in order. No further checks follow for a subscription that cannot be read.

    With a region, also check its Network Watcher and the sizes of `desks`, by subscription.
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
    """Return the body of a 200 response, or None and the reason. Tokens stay inside the pipeline."""
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
    """Check the permissions for role assignments, locks and guardrails. Conditions of assignments are not visible."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
    body, why = _get(client, path, "2022-04-01")
    held = [one for one in (body or {}).get("value") or () if isinstance(one, dict)]
    missing = [right for right in RIGHTS if not any(_permits(one, right) for one in held)]
    found = why or (f"without {', '.join(missing)}" if missing else "all that the stacks need")
    fix = "assign the roles that docs/platform-team.md lists: Contributor alone is not enough" if missing else ""
    return Finding(subscription, "rights", not missing, found, fix)


def _permits(permission: Mapping[str, Any], action: str) -> bool:
    """Return True if the permission includes an action in `actions` and not in `notActions`."""
    allowed, excluded = (permission.get(key) or () for key in ("actions", "notActions"))
    return _matches_any(action, allowed) and not _matches_any(action, excluded)


def _matches_any(action: str, patterns: Iterable[object]) -> bool:
    """Return True if one of Azure's patterns, with `*` for any text, matches the action. Case is ignored."""
    return any(fnmatchcase(action.lower(), str(pattern).lower().replace("[", "[[]")) for pattern in patterns)


def _watcher(client: PipelineClient[Any, Any], subscription: str, region: str) -> Finding:
    """Check for Network Watcher: Azure creates it with the first network, but not always before the first flow log."""
    name = f"NetworkWatcher_{region}"
    group = f"/subscriptions/{subscription}/resourceGroups/NetworkWatcherRG"
    body, why = _get(client, f"{group}/providers/Microsoft.Network/networkWatchers/{name}", "2024-05-01")
    fix = (
        f"az network watcher configure --locations {region} --enabled true --resource-group NetworkWatcherRG "
        f"--subscription {subscription}"
    )
    return Finding(subscription, name, body is not None, why or "found", "" if body is not None else fix)


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
        problems = [why] if body is None else list(unmet_requirements(desk, skus, region))
        fix = "choose another size for the project, or request this one from Azure's support" if problems else ""
        yield Finding(
            subscription, f"size {desk.size}", not problems, ", ".join(problems) or f"offered in {region}", fix
        )
