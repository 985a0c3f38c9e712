"""The addresses that a storage account with public network access may admit."""

from __future__ import annotations

from policies.azure_semantics.guardrails import IN_FORCE_PATHS, addresses_permitted_to
from policies.azure_semantics.public_addresses import narrow_range
from policies.expected.public_ranges import public_ranges
from policies.model import PolicyContext, Resource

REASON = 'tags["public-access"]'
"""The tag with the reason for public network access."""
PERMITTED_PATHS = IN_FORCE_PATHS
"""The paths of other types that `permitted_addresses` reads."""


def named_addresses(account: Resource, context: PolicyContext) -> frozenset[str]:
    """Return the entries of `ipRules` that the estate's files name for an account; none where these are not known."""
    config = context.configs.get(account.stack)
    return public_ranges(config).get(account.name, frozenset()) if config else frozenset()


def permitted_addresses(account: Resource, context: PolicyContext) -> frozenset[str]:
    """Return the entries of `ipRules` that an account may have; none if it must be closed to the public network.

    They are those of the estate's files. Where these are not known, they are the narrow ones that a guardrail in force
    pins, of which other rules require that the estate names them.
    """
    if account.stack in context.configs:
        return named_addresses(account, context)
    pinned = frozenset(addresses_permitted_to(account, context))
    return pinned if all(map(narrow_range, pinned)) else frozenset()
