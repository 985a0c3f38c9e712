"""The ids of the local Azure, by which stacks and providers tell it from the real one."""

from __future__ import annotations

SUBSCRIPTION_PREFIX = "10ca1"
"""The prefix of the subscription ids of the local Azure. No subscription of real Azure begins with it."""
TENANT = "10ca1000-0000-4000-8000-0000000000aa"
"""The only Entra tenant of the local Azure."""
