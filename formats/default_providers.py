"""Default providers: the engine makes them itself, so no Plan lists them. A Plan keeps the subscription they work in.

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
_DEFAULT = re.compile(r"default(_\d+_\d+_\d+.*)?")
"""`default`, or `default_3_29_0`: with the version of the SDK that asks for it."""


def is_default_provider(urn: str, parent: str | None = None) -> bool:
    """Whether the engine made a provider itself. One that a program makes has a parent, whatever its name is."""
    return not parent and is_provider(qualified_type(urn)) and _DEFAULT.fullmatch(name_of(urn)) is not None


def listed(resources: Iterable[PlannedResource]) -> tuple[PlannedResource, ...]:
    """What a Plan lists of some resources: all but the default providers."""
    return tuple(r for r in resources if not is_default_provider(r.urn, r.parent))


def configured_subscription(config: Mapping[str, Any]) -> str:
    """The subscription that a stack's configuration gives default providers; empty where it is secret or missing."""
    found = config.get(SUBSCRIPTION)
    return found if is_subscription(found) else ""


def stated_subscription(resources: Iterable[PlannedResource]) -> str:
    """The subscription that the default providers among some resources say; empty where they differ, as those of two
    SDK versions can, or where one does not say."""
    default = (r for r in resources if r.type == AZURE and is_default_provider(r.urn, r.parent))
    found = {r.inputs.get("subscriptionId") for r in default}
    one = found.pop() if len(found) == 1 else None
    return one if is_subscription(one) else ""
