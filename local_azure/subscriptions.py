"""The settings of local subscriptions: the preconditions that do not hold there, so that Azure refuses requests.

They are in `subscriptions.yaml` beside the database. Without that file, and in a subscription that it does not name,
every precondition holds. Facts: docs/azure-facts.md#disabled-subscriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from formats.errors import InputError
from formats.input_model import Guid, Model
from formats.local_cloud import SUBSCRIPTION_PREFIX
from formats.validation import validated
from formats.yaml_reader import read_mapping
from local_azure.locations import normal_location


class OperationStatus(Model):
    """The status that Defender for Storage reports for an operation, beside the status of the request."""

    code: str
    message: str = ""


class Permission(Model):
    """A permission of the identity that deploys, in the words of Azure RBAC."""

    scope: str = ""
    """The id from which on it holds; empty for the whole subscription."""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()

    def holds_at(self, id_: str) -> bool:
        """Return True if the permission is assigned at the id or above it."""
        return f"{id_.lower()}/".startswith(f"{self.scope.rstrip('/').lower()}/") if self.scope else True

    def as_azure(self) -> dict[str, list[str]]:
        """Return the permission as Azure's API answers it."""
        return {"actions": list(self.actions), "notActions": list(self.not_actions)}


class SubscriptionSettings(Model):
    """The preconditions of one subscription. By default all hold."""

    state: Literal["Enabled", "Disabled"] = "Enabled"
    unregistered_providers: frozenset[str] = frozenset()
    """Resource providers, such as `Microsoft.EventGrid`."""
    unregistered_features: frozenset[str] = frozenset()
    """Features with their provider, such as `Microsoft.Compute/EncryptionAtHost`."""
    permissions: tuple[Permission, ...] | None = None
    """None for all actions."""
    unknown_aliases: frozenset[str] = frozenset()
    """Aliases of Azure Policy that the tenant does not know."""
    quotas: Mapping[str, Mapping[str, Annotated[int, Field(ge=0)]]] = {}
    """Limits by region, and by Azure's name of the usage: `standardDSv5Family`, `cores`, `VirtualNetworks`."""
    unavailable_sizes: frozenset[str] = frozenset()
    """Sizes of virtual machines that the subscription may not use."""
    taken_names: frozenset[str] = frozenset()
    """Globally unique names that are taken outside of the estate, or reserved by a deleted vault elsewhere."""
    unreadable_secrets: frozenset[str] = frozenset()
    """URLs of secrets in key vaults outside of the estate that do not exist, or that its identities may not get."""
    defender_for_storage: Literal["Free", "Standard"] = "Free"
    """The pricing tier of Defender for Storage. With Standard, each storage account has its setting from the start."""
    automatic_network_watchers: bool = True
    """False for a subscription that has opted out of network watchers that Azure creates."""
    malware_scanning: OperationStatus | None = None
    """The status of a failure to turn malware scanning on; None if it succeeds."""

    def has(self, key: str, name: str) -> bool:
        """Return True if the list at this key has the name. Case is ignored, as in Azure."""
        return name.lower() in {one.lower() for one in getattr(self, key)}

    def quota(self, region: str, usage: str) -> int | None:
        """Return the limit of a usage, or None for Azure's default."""
        limits = {name.lower(): limit for name, limit in self.quotas.get(normal_location(region), {}).items()}
        return limits.get(usage.lower())


class SettingsFile(Model):
    """The content of `subscriptions.yaml`."""

    subscriptions: Mapping[Guid, SubscriptionSettings]


def read_settings(file: Path) -> Mapping[str, SubscriptionSettings]:
    """Return the settings by subscription id. `InputError` names the key of a value that cannot be used."""
    found = validated(SettingsFile, read_mapping(file), file=str(file)).subscriptions
    settings = {str(subscription): one for subscription, one in found.items()}
    for subscription in settings:
        if not subscription.startswith(SUBSCRIPTION_PREFIX):
            raise InputError("This subscription is not one of the local Azure.", file=str(file), key="subscriptions",
                             found=subscription, allowed=f"ids that begin with {SUBSCRIPTION_PREFIX}")  # fmt: skip
    return settings
