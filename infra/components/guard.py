"""The guards of a stack: what Azure itself refuses in its rooms, as definitions and assignments of Azure Policy.

An assignment needs nothing else and nothing waits for it: Azure takes up to half an hour to enforce a new one (Azure
Policy, "Evaluation triggers"), and refuses nothing that the program declares. What is assigned to a resource group is
defined in the same subscription, so each stack brings its own definitions.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import authorization

from infra.components.room import Room
from infra.config import StackConfig
from infra.guards import Guard
from infra.names import Kind, Names


class Guards(pulumi.ComponentResource):
    """The definitions of a stack's guards, one each, to be held in as many rooms as it has."""

    def __init__(self, name: str, config: StackConfig, guards: Sequence[Guard]) -> None:
        super().__init__("sde:infra:Guards", name)
        self._names = Names.of(config, pulumi.get_stack())
        self._defined = [(guard, self._define(guard)) for guard in guards]
        self.register_outputs({})

    def hold(self, room: Room) -> None:
        """Has Azure refuse in that room what the guards speak of."""
        for guard, definition in self._defined:
            authorization.PolicyAssignment(
                f"{room.called}-{guard.noun}",
                policy_assignment_name=room.names.local(Kind.GUARD, guard.noun),
                scope=room.group.id,
                location=room.location,
                policy_definition_id=definition.id,
                display_name=guard.title,
                description=guard.description,
                enforcement_mode=authorization.EnforcementMode.DEFAULT,
                non_compliance_messages=[authorization.NonComplianceMessageArgs(message=guard.why)],
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _define(self, guard: Guard) -> authorization.PolicyDefinition:
        return authorization.PolicyDefinition(
            guard.noun,
            policy_definition_name=self._names.local(Kind.GUARD, guard.noun),
            policy_type=authorization.PolicyType.CUSTOM,
            mode=guard.mode,
            display_name=guard.title,
            description=guard.description,
            policy_rule=guard.policy_rule,
            opts=pulumi.ResourceOptions(parent=self),
        )
