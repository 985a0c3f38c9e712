"""The Plan that Pulumi's engine sends to a policy pack, parsed from the protobuf messages with secrets masked.

The messages are parsed directly because Pulumi's policy SDK exposes secrets, downgrades mandatory policies on unknown
values, and passes a stack's resources with their outputs in place of their inputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]

from formats.default_providers import listed, stated_subscription
from formats.plan import Operation, Plan, PlannedResource
from formats.property_values import mask
from formats.urns import project_of, stack_of

GROUP = "azure-native:resources:ResourceGroup"
CUSTOM = ("azure-native:", "random:", "pulumi:providers:")


class AnalyzerState:
    """The messages of the engine so far: the inputs of each resource come one by one, dependencies at the end."""

    def __init__(self) -> None:
        self._inputs: dict[str, PlannedResource] = {}
        self._groups: dict[str, PlannedResource] = {}
        self._last: set[str] = set()

    def one(self, request: Any) -> PlannedResource:
        """Record a resource before it is registered, with the inputs that the provider has checked."""
        planned = _planned(request)
        self._inputs[planned.urn] = planned
        if planned.type == GROUP:
            self._groups[planned.urn] = planned
        return planned

    def before(self, planned: PlannedResource) -> Plan:
        """Return a Plan of one resource, its provider and the earlier resource groups, which have its data class."""
        others = [group for group in self._groups.values() if group.urn != planned.urn]
        return _plan([*self._providers([planned, *others]), *others, planned])

    def all(self, request: Any) -> Plan:
        """Return a Plan of the whole stack. Outputs replace inputs that were not sent."""
        linked = [self._linked(resource) for resource in request.resources]
        here = self._last = {resource.urn for resource in linked}
        return _plan([*(p for p in self._providers(linked) if p.urn not in here), *linked])

    def knows(self, urn: str) -> bool:
        """True if a resource is of the evaluated stack."""
        return urn in self._inputs or urn in self._last

    def provider(self, request: Any) -> None:
        """Record the provider of a resource, which may have no message of its own."""
        if request.HasField("provider"):
            found = _planned(request.provider)
            self._inputs.setdefault(found.urn, found)

    def _providers(self, resources: Iterable[PlannedResource]) -> list[PlannedResource]:
        urns = dict.fromkeys(r.provider for r in resources if r.provider)
        return [self._inputs[urn] for urn in urns if urn in self._inputs]

    def _linked(self, request: Any) -> PlannedResource:
        planned = self._inputs.get(request.urn) or _planned(request)
        links = {key: tuple(sorted(found.urns)) for key, found in request.propertyDependencies.items()}
        return replace(
            planned,
            parent=request.parent or None,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies=links,
        )


def _plan(resources: list[PlannedResource]) -> Plan:
    """Return the Plan of the resources of one stack, named after the stack in their URNs."""
    urn = resources[-1].urn if resources else ""
    return Plan(project_of(urn), stack_of(urn), "", listed(resources), stated_subscription(resources))


def _planned(message: Any) -> PlannedResource:
    options = getattr(message, "options", None)
    provider = getattr(message, "provider", None)
    own = provider.urn if provider is not None and message.HasField("provider") else None
    return PlannedResource(
        urn=message.urn,
        type=message.type,
        operation=Operation.CREATE,
        custom=message.type.startswith(CUSTOM) or own is not None,
        provider=own,
        inputs=mask(json_format.MessageToDict(message.properties)),
        protect=options.protect if options else False,
        ignore_changes=tuple(options.ignoreChanges) if options else (),
    )
