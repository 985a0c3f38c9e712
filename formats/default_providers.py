"""Default providers, which the engine creates. A Plan does not list them, but has their subscription.

The preview of the Pulumi CLI has no steps for them. A state has them, with inputs from the stack's configuration
(https://www.pulumi.com/docs/iac/concepts/resources/providers/#default-provider-configuration).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from formats.plan import PlannedResource, is_subscription
from formats.urns import is_provider, name_of, qualified_type

AZURE = "pulumi:providers:azure-native"
SUBSCRIPTION = "azure-native:subscriptionId"
_DEFAULT_NAME = re.compile(r"default(_\d+_\d+_\d+.*|_[a-z0-9]+[:_]/.*)?")
"""`default`, then the version of the SDK and the URL of the plugin if the program sets them, as in `default_3_29_0` and
`default_https://example.org/plugins` (`ProviderRequest.DefaultName` of Pulumi's engine)."""


def is_default_provider(urn: str, parent: str | None = None) -> bool:
    """Return True for a default provider. A program's own provider has a parent."""
    return not parent and is_provider(qualified_type(urn)) and _DEFAULT_NAME.fullmatch(name_of(urn)) is not None


def without_default_providers(resources: Iterable[PlannedResource]) -> tuple[PlannedResource, ...]:
    """Return the resources without default providers."""
    return tuple(r for r in resources if not is_default_provider(r.urn, r.parent))


def configured_subscription(config: Mapping[str, Any]) -> str:
    """Return the subscription in a stack's configuration; empty if it is secret or missing."""
    found = config.get(SUBSCRIPTION)
    return found if is_subscription(found) else ""


def default_provider_subscription(resources: Iterable[PlannedResource]) -> str:
    """Return the subscription of the default providers; empty if one has none, or if they differ.

    A stack has several default providers if it uses several SDK versions.
    """
    default_providers = (r for r in resources if r.type == AZURE and is_default_provider(r.urn, r.parent))
    found = {r.inputs.get("subscriptionId") for r in default_providers}
    only = found.pop() if len(found) == 1 else None
    return only if is_subscription(only) else ""
