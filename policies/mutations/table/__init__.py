"""The tables of weaknesses, one for each type of resource in the stacks."""

from collections.abc import Mapping

from policies.mutations.model import Table
from policies.mutations.table import (
    access,
    all_types,
    desks,
    dns_policies,
    firewalls,
    gateways,
    guardrails,
    monitoring,
    networks,
    nsg_rules,
    providers,
    registries,
    storage,
    vaults,
)
from policies.mutations.table.additions import ADDITIONS as GENERAL_ADDITIONS
from policies.mutations.table.all_types import COMMON_HARMLESS, COMMON_WEAKENINGS
from policies.mutations.table.services import SERVICES

__all__ = ["ADDITIONS", "COMMON_HARMLESS", "COMMON_WEAKENINGS", "TABLES"]
_MODULES = (storage, vaults, networks, nsg_rules, firewalls, gateways, desks, dns_policies, monitoring, access,
            guardrails, providers, registries, all_types)  # fmt: skip
TABLES: Mapping[str, Table] = {table.type: table for module in _MODULES for table in module.TABLES}
ADDITIONS = (*GENERAL_ADDITIONS, *SERVICES)
