"""Malware scanning of stores: the setting that turns it on, and the one resource that may pass the network rules for
it.

Source: learn.microsoft.com, "Introduction to malware scanning".
"""

from __future__ import annotations

from infra.malware_scanning import scanner_id
from policies.azure_semantics import ids
from policies.model import PolicyContext, Resource

SETTING = "security:DefenderForStorage"


def settings_of(account: Resource, context: PolicyContext) -> list[Resource]:
    """Return the Defender settings of exactly this account. `Unknown` where one may be for it."""
    found = context.referencing(SETTING, "resourceId", account)
    return [setting for setting in found if ids.plain(setting.at("resourceId")) == ids.own(account)]


def is_scanner(id_: object, account: Resource) -> bool:
    """True for the id of the malware scanner of the account's own subscription."""
    home = ids.subscription(account.id).rpartition("/")[2]
    return bool(home) and ids.plain(id_) == ids.plain(scanner_id(home))
