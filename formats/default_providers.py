"""Default providers, which the engine creates. A Plan does not list them, but keeps their subscription.

The Pulumi CLI's preview shows no step of them, and a state holds them with the inputs that the stack's configuration
gave them (https://www.pulumi.com/docs/iac/concepts/resources/providers/#default-provider-configuration).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from formats.plan import PlannedResource, is_subscription
from formats.urns import is_provider, name_of, qualified_type

AZURE = "pulumi:providers:azure-native"
SUBSCRIPTION = "azure-native:subscriptionId"
_DEFAULT = re.compile(r"default(_\d+_\d+_\d+.*|_[a-z0-9]+[:_]/.*)?")
"""`default`, then the SDK's version and the plugin's URL where a program names them: `default_3_29_0`,
`default_https://example.org/plugins` (`ProviderRequest.DefaultName` of Pulumi's engine)."""


def is_default_provider(urn: str, parent: str | None = None) -> bool:
    """Return True for a default provider. A program's own provider has a parent."""
    return not parent and is_provider(qualified_type(urn)) and _DEFAULT.fullmatch(name_of(urn)) is not None


def listed(resources: Iterable[PlannedResource]) -> tuple[PlannedResource, ...]:
    """Return the resources without default providers."""
    return tuple(r for r in resources if not is_default_provider(r.urn, r.parent))


def configured_subscription(config: Mapping[str, Any]) -> str:
    """Return the subscription in a stack's configuration; empty if secret or missing."""
    found = config.get(SUBSCRIPTION)
    return found if is_subscription(found) else ""


def stated_subscription(resources: Iterable[PlannedResource]) -> str:
    """Return the subscription of the default providers; empty if one lacks it or if they differ.

    A stack has several default providers if it uses several SDK versions.
    """
    default = (r for r in resources if r.type == AZURE and is_default_provider(r.urn, r.parent))
    found = {r.inputs.get("subscriptionId") for r in default}
    one = found.pop() if len(found) == 1 else None
    return one if is_subscription(one) else ""
