"""Guardrails: what Azure Policy denies in a resource group, whatever a resource's setting is.

Each is a control beside the setting: it fails when its assignment is removed, or an exemption is granted.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.azure_semantics import ids
from policies.azure_semantics.guardrails import assignment_in_force
from policies.model import PolicyContext, Unknown
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlRegistry, ControlSets

WORDS: Mapping[str, str] = {
    "no-translation": "that a firewall there translates",
    "bastion-carries-nothing": "that Bastion carries more than the screen",
    "endpoints-stay": "private endpoints of what stands elsewhere",
    "no-public-addresses": "public addresses",
    "stores-stay-closed": "that stores open to the public network or take keys",
}
"""What Azure denies by each guardrail, by its key."""


class Guardrails:
    """The guardrails of an estate's resource groups."""

    def __init__(self, estate: PolicyContext, registry: ControlRegistry) -> None:
        self.estate, self.registry = estate, registry
        self._known: dict[tuple[str, str], ControlSets] = {}

    def of(self, key: str, id_: str) -> ControlSets:
        """Return the controls of a guardrail on a resource, or on the resource group with that id."""
        group = ids.resource_group(id_)
        if (key, group) not in self._known:
            self._known[key, group] = self._of(key, group)
        return self._known[key, group]

    def _of(self, key: str, group: str) -> ControlSets:
        if not group or not self._holds(key, group):
            return ALWAYS
        description = f"Azure Policy refuses {WORDS[key]}, in {ids.name(group)}"
        return self.registry.requiring(Control(ControlKind.GUARD, f"{group}#{key}", description, group))

    def _holds(self, key: str, group: str) -> bool:
        try:
            return assignment_in_force(self.estate, group, key) is not None
        except Unknown:
            return False
