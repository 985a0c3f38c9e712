"""Access to a subscription: its state, resource providers, features, permissions and aliases of Azure Policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from formats.arm.actions import permits
from operations.preflight.findings import Finding, finding
from operations.preflight.needs import Needs
from operations.preflight.reads import Answer, Reads

LISTED = 8
"""The most names in one finding."""
_ROLES = (
    ("microsoft.authorization/roleassignments/", "Role Based Access Control Administrator"),
    ("microsoft.authorization/", "SDE locks and guardrails"),
    ("microsoft.security/datascanners/", "Defender for Storage Scanner Operator"),
    ("", "Contributor"),
)
"""The role to assign, by how a missing action begins: those of docs/platform-team.md."""


def readable(reads: Reads, subscription: str) -> Finding:
    """Check that the subscription can be read and is enabled."""
    answer = reads.get(f"/subscriptions/{subscription}", "2022-12-01")
    state = str(answer.body.get("state", "")) if answer.body is not None else answer.why
    fix = (
        f"sign in with `az login`, or ask for Reader on the subscription: az account show --subscription {subscription}"
    )
    return finding(subscription, "subscription", state == "Enabled", state, fix)


def tenant(reads: Reads, subscription: str, expected: str) -> Iterator[Finding]:
    """Check that the subscription is in the estate's tenant, whose ids the estate's groups have."""
    answer = reads.get(f"/subscriptions/{subscription}", "2022-12-01")
    if expected and (found := str((answer.body or {}).get("tenantId") or "").lower()):
        fix = f"az login --tenant {expected}; or correct the tenant or the subscription in estate/estate.yaml"
        yield finding(subscription, "tenant", found == expected.lower(), found, fix)


def registrations(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check that each resource provider is registered (409 MissingSubscriptionRegistration)."""
    for namespace in needs.namespaces:
        answer = _provider(reads, needs, namespace)
        state = str(answer.body.get("registrationState", "")) if answer.body is not None else answer.why
        free = answer.body is not None and answer.body.get("registrationPolicy") == "RegistrationFree"
        fix = f"az provider register --namespace {namespace} --subscription {needs.subscription}"
        yield finding(needs.subscription, f"provider {namespace}", state == "Registered" or free, state, fix)


def features(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check that each feature is registered (400 InvalidParameter)."""
    for namespace, name in needs.features:
        state = feature_state(reads, needs.subscription, namespace, name)
        fix = (
            f"az feature register --namespace {namespace} --name {name} --subscription {needs.subscription}; when it "
            f"is Registered, az provider register --namespace {namespace} --subscription {needs.subscription}"
        )
        yield finding(needs.subscription, f"feature {namespace}/{name}", state == "Registered", state, fix)


def feature_state(reads: Reads, subscription: str, namespace: str, name: str) -> str:
    """Return the state of a feature, or why it cannot be read."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.Features/providers/{namespace}/features/{name}"
    answer = reads.get(path, "2021-07-01")
    properties = answer.body.get("properties") if answer.body is not None else None
    return str(properties.get("state", "")) if isinstance(properties, dict) else answer.why


def rights(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check the permissions for each write and delete (403 AuthorizationFailed, LinkedAuthorizationFailed).

    Conditions of role assignments are not visible. A resource group is asked only where the subscription lacks a right.
    """
    held = _permissions(reads, f"/subscriptions/{needs.subscription}")
    if held.body is None:
        fix = "ask for Reader on the subscription, which may read permissions"
        yield Finding(needs.subscription, "rights", False, held.why, fix)
        return
    for what, wanted in (("rights", needs.actions), ("rights to replace and destroy", needs.deletes)):
        missing = _missing(reads, held, wanted)
        scopes = {scope.rpartition("/")[2] for scopes in missing.values() for scope in scopes}
        found = f"without {shortened(missing)} in {shortened(scopes)}" if missing else "all that the stacks need"
        yield finding(needs.subscription, what, not missing, found, _assignments(needs.subscription, missing))


def _missing(reads: Reads, held: Answer, wanted: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return the actions that are not permitted, each with the scopes where it is missing."""
    missing: dict[str, list[str]] = {}
    for scope, actions in wanted.items():
        absent = sorted(action for action in actions if not permits(held.values, action))
        here = _permissions(reads, scope).values if absent and "/resourcegroups/" in scope.lower() else []
        for action in absent:
            if not permits(here, action):
                missing.setdefault(action, []).append(scope)
    return missing


def _permissions(reads: Reads, scope: str) -> Answer:
    return reads.list(f"{scope}/providers/Microsoft.Authorization/permissions", "2022-04-01")


def _assignments(subscription: str, missing: dict[str, list[str]]) -> str:
    """Return a command for each role that is missing. Contributor alone is not enough."""
    roles = dict.fromkeys(
        next(role for start, role in _ROLES if action.lower().startswith(start)) for action in missing
    )
    commands = (
        "az role assignment create --assignee-object-id <identity> --assignee-principal-type ServicePrincipal "
        f'--role "{role}" --scope /subscriptions/{subscription}'
        for role in roles
    )
    return " && ".join(commands) + " (docs/platform-team.md, rights of the identity that deploys)"


def aliases(reads: Reads, needs: Needs) -> Iterator[Finding]:
    """Check that the tenant knows each alias that a guardrail uses (400 InvalidPolicyAlias), and that those that one
    writes can be written."""
    modified = needs.modified_aliases
    for namespace, used in sorted(needs.aliases.items()):
        answer = _provider(reads, needs, namespace)
        types = answer.body.get("resourceTypes") if answer.body is not None else None
        known = {
            str(alias.get("name")).lower(): (alias.get("defaultMetadata") or {}).get("attributes") == "Modifiable"
            for type_ in types or ()
            for alias in type_.get("aliases") or ()
            if isinstance(alias, dict)
        }
        unknown = sorted(alias for alias in used if alias.lower() not in known)
        fixed = sorted(alias for alias in used if not known.get(alias.lower(), True) and alias.lower() in modified)
        faults = [
            f"{fault}: {shortened(names)}"
            for fault, names in (("unknown", unknown), ("not modifiable", fixed))
            if names
        ]
        found = answer.why or "; ".join(faults) or f"{len(used)} used, all known"
        fix = (
            f"az provider show --namespace {namespace} --subscription {needs.subscription} --expand "
            'resourceTypes/aliases --query "resourceTypes[].aliases[].name" lists those that are: correct '
            "infra/guardrails.py or infra/subscription_guardrails.py"
        )
        yield finding(needs.subscription, f"policy aliases of {namespace}", not faults and not answer.why, found, fix)


def _provider(reads: Reads, needs: Needs, namespace: str) -> Answer:
    """Read a resource provider, with its aliases where guardrails use some."""
    path = f"/subscriptions/{needs.subscription}/providers/{namespace}"
    if namespace.lower() in (one.lower() for one in needs.aliases):
        return reads.get(path, "2021-04-01", **{"$expand": "resourceTypes/aliases"})
    return reads.get(path, "2021-04-01")


def shortened(names: Iterable[str]) -> str:
    """Return the first names in order, and the number of the others."""
    every = sorted(names)
    more = f" and {len(every) - LISTED} more" if len(every) > LISTED else ""
    return ", ".join(every[:LISTED]) + more
