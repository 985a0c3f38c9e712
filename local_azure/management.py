"""Requests to Azure Resource Manager that are not those of a provider: what `sde azure check` reads, and the power of
virtual machines.

The answers have the form of Azure's API, and follow from the resources and from the settings of subscriptions. Facts:
docs/azure-facts.md#reads-before-a-first-deployment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from formats.arm.actions import type_of
from formats.local_cloud import SUBSCRIPTION_PREFIX, TENANT
from formats.vm_size_names import has_accelerated_networking, has_premium_storage, is_confidential
from local_azure.ids import name_of
from local_azure.locations import normal_location
from local_azure.model import StoredResource
from local_azure.network_watchers import AUTOMATIC_ID, exists_automatically
from local_azure.policy.fields import Alias, is_alias
from local_azure.preconditions import permitted
from local_azure.store import Store
from local_azure.subscriptions import SubscriptionSettings
from local_azure.types.security import inherited_setting
from local_azure.types.vm_sizes import TOTAL_CORES, VM, cores_in_use, cores_of, family_of

Reply = tuple[int, Any]
_VAULT = "azure-native:keyvault:Vault"
_ACCOUNT = "azure-native:storage:StorageAccount"
OPT_OUT = "microsoft.network/disablenetworkwatcherautocreation"


class Management:
    """Reads, and the power of virtual machines, in one local Azure. The sizes and aliases of the estate are those that
    lists contain: the local Azure derives from a name whether there is such a size or alias, and so cannot list all."""

    def __init__(self, store: Store, sizes: Collection[str] = (), aliases: Collection[str] = ()) -> None:
        self._store, self._sizes, self._aliases = store, sizes, aliases
        self._routes: list[tuple[re.Pattern[str], Callable[..., Reply]]] = [
            (re.compile(rf"/subscriptions/(?P<subscription>[^/]+){path}", re.IGNORECASE), answer)
            for path, answer in (
                ("", self._subscription),
                ("/resources", self._resources),
                (r"/providers/(?P<namespace>[\w.]+)", self._provider),
                (
                    r"/providers/Microsoft\.Features/providers/(?P<namespace>[\w.]+)/features/(?P<name>\w+)",
                    self._feature,
                ),
                (
                    r"(?P<group>/resourceGroups/[^/]+)?/providers/Microsoft\.Authorization/permissions",
                    self._permissions,
                ),
                (r"/providers/Microsoft\.Compute/skus", self._skus),
                (
                    r"(?P<machine>/resourceGroups/[^/]+/providers/Microsoft\.Compute/virtualMachines/[^/]+)"
                    r"/(?P<action>start|deallocate|instanceView)",
                    self._power,
                ),
                (r"/providers/(?P<namespace>[\w.]+)/locations/(?P<region>\w+)/usages", self._usages),
                (r"/providers/Microsoft\.Security/pricings/StorageAccounts", self._pricing),
                (r"/providers/Microsoft\.KeyVault/deletedVaults", self._deleted_vaults),
                (r"/providers/Microsoft\.Insights/diagnosticSettings", self._activity_logs),
                (r"/providers/(?P<namespace>[\w.]+)/checkNameAvailability", self._name),
            )
        ]

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Reply:
        """Return status and body of a request."""
        subscription = path.strip("/").split("/")[1].lower()
        if not subscription.startswith(SUBSCRIPTION_PREFIX):
            return _error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")
        if not permitted(self._store, f"/subscriptions/{subscription}", "Microsoft.Resources/subscriptions/read"):
            return _error(403, "AuthorizationFailed", "The client does not have authorization to read.")
        for pattern, answer in self._routes:
            if found := pattern.fullmatch(path):
                parts = {**found.groupdict(), "subscription": subscription}
                return answer(query=query, body=body, **parts)
        return self._resource(path)

    def _settings(self, subscription: str) -> SubscriptionSettings:
        return self._store.settings(subscription) or SubscriptionSettings()

    def _subscription(self, subscription: str, **_: Any) -> Reply:
        state = self._settings(subscription).state
        return 200, {"subscriptionId": subscription, "tenantId": TENANT, "state": state}

    def _resources(self, subscription: str, **_: Any) -> Reply:
        return _listed({"id": one.id, "type": type_of(one.id)} for one in self._top_level(subscription))

    def _top_level(self, subscription: str) -> Iterator[StoredResource]:
        """Yield the resources that are neither children, extensions nor groups."""
        for one in self._store.all_resources():
            own = one.id.lower().startswith(f"/subscriptions/{subscription}/")
            if own and one.id.lower().count("/providers/") == 1 and type_of(one.id).count("/") == 1:
                yield one

    def _provider(self, subscription: str, namespace: str, **_: Any) -> Reply:
        settings = self._settings(subscription)
        state = "NotRegistered" if settings.has("unregistered_providers", namespace) else "Registered"
        known = [alias for alias in self._aliases if _exists(alias) and not settings.has("unknown_aliases", alias)]
        types: dict[str, list[dict[str, Any]]] = {}
        for name in known:
            owner, kind = name.rpartition("/")[0].split("/", 1)
            if owner.lower() == namespace.lower():
                types.setdefault(kind, []).append({"name": name, "defaultMetadata": {"attributes": "Modifiable"}})
        return 200, {
            "namespace": namespace,
            "registrationState": state,
            "resourceTypes": [{"resourceType": type_, "aliases": found} for type_, found in types.items()],
        }

    def _feature(self, subscription: str, namespace: str, name: str, **_: Any) -> Reply:
        settings, feature = self._settings(subscription), f"{namespace}/{name}"
        if feature.lower() == OPT_OUT:
            registered = not settings.automatic_network_watchers
        else:
            registered = not settings.has("unregistered_features", feature)
        return 200, {"name": feature, "properties": {"state": "Registered" if registered else "NotRegistered"}}

    def _permissions(self, subscription: str, group: str | None, **_: Any) -> Reply:
        scope = f"/subscriptions/{subscription}{group or ''}"
        if group and self._store.get(scope) is None:
            return _error(404, "ResourceGroupNotFound", f"Resource group '{name_of(scope)}' could not be found.")
        held = self._settings(subscription).permissions
        if held is None:
            return _listed([{"actions": ["*"], "notActions": []}])
        return _listed(one.as_azure() for one in held if one.holds_at(scope))

    def _power(self, subscription: str, machine: str, action: str, **_: Any) -> Reply:
        """Start or deallocate a virtual machine at once, or return its power state.

        Facts: docs/azure-facts.md#power-of-virtual-machines.
        """
        id_ = f"/subscriptions/{subscription}{machine}"
        if self._store.get(id_) is None:
            return _error(404, "ResourceNotFound", f"The resource '{id_}' was not found.")
        right = "instanceView/read" if action == "instanceView" else f"{action}/action"
        if not permitted(self._store, id_, f"Microsoft.Compute/virtualMachines/{right}"):
            return _error(403, "AuthorizationFailed", f"The client does not have authorization to {action}.")
        if action != "instanceView":
            self._store.set_power(id_, is_on=action == "start")
            return 202, {}
        state = "deallocated" if self._store.is_deallocated(id_) else "running"
        return 200, {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{state}"}]}

    def _skus(self, subscription: str, query: Mapping[str, str], **_: Any) -> Reply:
        settings = self._settings(subscription)
        region = query.get("$filter", "").rpartition(" eq ")[2].strip("'")
        return _listed(
            _sku(size, region, available=not settings.has("unavailable_sizes", size)) for size in self._sizes
        )

    def _usages(self, subscription: str, namespace: str, region: str, **_: Any) -> Reply:
        """List the usages with a limit of the settings; all others are without one."""
        limits = self._settings(subscription).quotas.get(normal_location(region), {})
        return _listed(
            {
                "name": {"value": usage},
                "currentValue": self._used(subscription, namespace, region, usage),
                "limit": most,
            }
            for usage, most in limits.items()
        )

    def _used(self, subscription: str, namespace: str, region: str, usage: str) -> int:
        if namespace.lower() == "microsoft.compute" and usage.lower().endswith(("family", TOTAL_CORES)):
            return cores_in_use(self._store.of_type(VM, subscription), region, usage)
        type_ = f"{namespace}/{usage}".lower()
        return sum(
            type_of(one.id).lower() == type_ and normal_location(one.location) == region.lower()
            for one in self._top_level(subscription)
        )

    def _pricing(self, subscription: str, **_: Any) -> Reply:
        return 200, {"properties": {"pricingTier": self._settings(subscription).defender_for_storage}}

    def _activity_logs(self, subscription: str, **_: Any) -> Reply:
        found = self._store.children(f"/subscriptions/{subscription}/providers/Microsoft.Insights/diagnosticSettings")
        return _listed({"name": one.name} for one in found)

    def _deleted_vaults(self, subscription: str, **_: Any) -> Reply:
        return _listed(
            {
                "name": one.resource.name,
                "properties": {
                    "location": one.resource.location,
                    "scheduledPurgeDate": datetime.fromtimestamp(one.until, UTC).isoformat(),
                    "purgeProtectionEnabled": (one.resource.properties.get("properties") or {}).get(
                        "enablePurgeProtection"
                    ),
                },
            }
            for one in self._store.all_soft_deleted()
            if one.resource.token == _VAULT and one.resource.id.lower().startswith(f"/subscriptions/{subscription}/")
        )

    def _name(self, subscription: str, body: Any, **_: Any) -> Reply:
        name, type_ = str(body.get("name")), str(body.get("type")).lower()
        token = _VAULT if type_ == "microsoft.keyvault/vaults" else _ACCOUNT
        taken = self._settings(subscription).has("taken_names", name)
        if not taken and self._store.global_name_owner(token, name) is None:
            return 200, {"nameAvailable": True}
        message = f"The name {name} is already taken."
        return 200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message}

    def _resource(self, id_: str) -> Reply:
        found = self._store.get(id_)
        properties = found.properties if found else inherited_setting(self._store, id_)
        if properties is not None:
            return 200, {"id": id_, **properties}
        if AUTOMATIC_ID.fullmatch(id_) and exists_automatically(self._store, id_):
            return 200, {"id": id_}
        return _error(404, "ResourceNotFound", f"The resource '{id_}' was not found.")


def _exists(alias: str) -> bool:
    parsed = Alias.of(alias)
    return parsed is not None and is_alias(parsed)


def _sku(size: str, region: str, *, available: bool) -> dict[str, Any]:
    capabilities = {
        "vCPUs": str(cores_of(size)),
        "HyperVGenerations": "V1,V2",
        "EncryptionAtHostSupported": "True",
        "PremiumIO": str(has_premium_storage(size)),
        "AcceleratedNetworkingEnabled": str(has_accelerated_networking(size)),
    } | ({"ConfidentialComputingType": "SNP"} if is_confidential(size) else {})
    restriction = {"type": "Location", "reasonCode": "NotAvailableForSubscription"}
    return {
        "resourceType": "virtualMachines",
        "name": size,
        "family": family_of(size),
        "locationInfo": [{"location": region, "zones": ["1", "2", "3"]}],
        "capabilities": [{"name": name, "value": value} for name, value in capabilities.items()],
        "restrictions": [] if available else [restriction],
    }


def _listed(items: Iterable[Mapping[str, Any]]) -> Reply:
    return 200, {"value": list(items)}


def _error(status: int, code: str, message: str) -> Reply:
    return status, {"error": {"code": code, "message": message}}
