"""Build a Plan from the protobuf messages that Pulumi's engine sends to a policy pack, with secrets masked.

The messages are parsed directly because Pulumi's policy SDK exposes secrets, downgrades mandatory policies on unknown
values, and passes a stack's resources with their outputs in place of their inputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]

from formats.default_providers import default_provider_subscription, without_default_providers
from formats.plan import Operation, Plan, PlannedResource
from formats.property_values import mask
from formats.urns import project_of, stack_of

GROUP = "azure-native:resources:ResourceGroup"
CUSTOM = ("azure-native:", "random:", "pulumi:providers:")


class AnalyzerState:
    """The resources in the engine's messages so far.

    An Analyze message has the inputs of one resource; the AnalyzeStack message at the end has the dependencies.
    """

    def __init__(self) -> None:
        self._resources: dict[str, PlannedResource] = {}
        self._resource_groups: dict[str, PlannedResource] = {}
        self._stack_urns: set[str] = set()

    def record_resource(self, request: Any) -> PlannedResource:
        """Record the resource of an Analyze message, with the inputs that its provider has checked."""
        planned = _planned(request)
        self._resources[planned.urn] = planned
        if planned.type == GROUP:
            self._resource_groups[planned.urn] = planned
        return planned

    def plan_of_resource(self, planned: PlannedResource) -> Plan:
        """Return a Plan of one resource, its provider, and the earlier resource groups, tagged with the data class."""
        others = [group for group in self._resource_groups.values() if group.urn != planned.urn]
        return _plan([*self._providers([planned, *others]), *others, planned])

    def plan_of_stack(self, request: Any) -> Plan:
        """Return the Plan of an AnalyzeStack message. Resources without an Analyze message have outputs as inputs."""
        linked = [self._with_dependencies(resource) for resource in request.resources]
        urns = self._stack_urns = {resource.urn for resource in linked}
        return _plan([*(p for p in self._providers(linked) if p.urn not in urns), *linked])

    def contains(self, urn: str) -> bool:
        """True if a message contained the resource."""
        return urn in self._resources or urn in self._stack_urns

    def record_provider(self, request: Any) -> None:
        """Record the provider in a message about a resource: it may have no message of its own."""
        if request.HasField("provider"):
            found = _planned(request.provider)
            self._resources.setdefault(found.urn, found)

    def _providers(self, resources: Iterable[PlannedResource]) -> list[PlannedResource]:
        urns = dict.fromkeys(r.provider for r in resources if r.provider)
        return [self._resources[urn] for urn in urns if urn in self._resources]

    def _with_dependencies(self, request: Any) -> PlannedResource:
        planned = self._resources.get(request.urn) or _planned(request)
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
    return Plan(
        project_of(urn),
        stack_of(urn),
        "",
        without_default_providers(resources),
        default_provider_subscription(resources),
    )


def _planned(message: Any) -> PlannedResource:
    options = getattr(message, "options", None)
    provider = getattr(message, "provider", None)
    provider_urn = provider.urn if provider is not None and message.HasField("provider") else None
    return PlannedResource(
        urn=message.urn,
        type=message.type,
        operation=Operation.CREATE,
        custom=message.type.startswith(CUSTOM) or provider_urn is not None,
        provider=provider_urn,
        inputs=mask(json_format.MessageToDict(message.properties)),
        protect=options.protect if options else False,
        ignore_changes=tuple(options.ignoreChanges) if options else (),
    )
