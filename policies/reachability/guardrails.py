"""Guard rails: what Azure Policy refuses in a resource group, so that a setting which goes is not enough.

Each is a control of its own beside the setting: it fails when somebody takes the assignment away, or exempts something.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.azure_semantics import ids
from policies.azure_semantics.guardrails import guarded
from policies.model import Estate, Unknown
from policies.reachability.control_sets import ALWAYS, Control, ControlKind, ControlRegistry, ControlSets

WORDS: Mapping[str, str] = {
    "no-translation": "that a firewall there translates",
    "bastion-carries-nothing": "that Bastion carries more than the screen",
    "endpoints-stay": "private endpoints of what stands elsewhere",
    "no-public-addresses": "public addresses",
    "stores-stay-closed": "that stores open to the public network or take keys",
}
"""What Azure refuses by each guard, by its noun."""


class Guardrails:
    """The guards that an estate's plans put into its resource groups."""

    def __init__(self, estate: Estate, registry: ControlRegistry) -> None:
        self.estate, self.registry = estate, registry
        self._known: dict[tuple[str, str], ControlSets] = {}

    def of(self, noun: str, id_: str) -> ControlSets:
        """What must fail before Azure lets something be done to what has that id, or in the group of that id."""
        group = ids.resource_group(id_)
        if (noun, group) not in self._known:
            self._known[noun, group] = self._of(noun, group)
        return self._known[noun, group]

    def _of(self, noun: str, group: str) -> ControlSets:
        if not group or not self._holds(noun, group):
            return ALWAYS
        description = f"Azure Policy refuses {WORDS[noun]}, in {ids.name(group)}"
        return self.registry.requiring(Control(ControlKind.GUARD, f"{group}#{noun}", description, group))

    def _holds(self, noun: str, group: str) -> bool:
        try:
            return guarded(self.estate, group, noun) is not None
        except Unknown:
            return False
