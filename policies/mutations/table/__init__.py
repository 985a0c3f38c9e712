"""The tables of weaknesses: one for each type that the stacks make."""

from collections.abc import Mapping

from policies.mutations.model import Table
from policies.mutations.table import (
    access,
    desks,
    everything,
    firewalls,
    guards,
    networks,
    rules,
    storage,
    vaults,
    watching,
)
from policies.mutations.table.additions import ADDITIONS
from policies.mutations.table.everything import EVERYTHING, HARMLESS

__all__ = ["ADDITIONS", "EVERYTHING", "HARMLESS", "TABLES"]
_MODULES = (storage, vaults, networks, rules, firewalls, desks, watching, access, guards, everything)
TABLES: Mapping[str, Table] = {table.type: table for module in _MODULES for table in module.TABLES}
