"""The messages that Pulumi's engine sends a policy pack for a plan: each resource's inputs, then the whole stack."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto

from formats.plan import SECRET, UNKNOWN, Plan, PlannedResource
from formats.property_values import SECRET_SIGNATURE, SIGNATURE
from policies.pack import PackAnalyzer, policies_of, servicer_class

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
HIDDEN = "hunter2-is-no-password"


class AbortedError(Exception):
    """Raised where gRPC aborts a call."""


class Context:
    def abort(self, code: object, details: str) -> None:
        raise AbortedError(details)


def properties(value: Any) -> struct_pb2.Struct:
    return json_format.ParseDict(_wire(value), struct_pb2.Struct())


def _wire(value: Any) -> Any:
    if value == SECRET:
        return {SIGNATURE: SECRET_SIGNATURE, "value": HIDDEN}
    if value == UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, dict):
        return {key: _wire(item) for key, item in value.items()}
    return [_wire(item) for item in value] if isinstance(value, list | tuple) else value


def _provider(urn: str, plan: Plan) -> dict[str, Any]:
    """Return a resource's provider, which the engine sends with it. A Plan does not list default providers."""
    explicit = next((r.inputs for r in plan.resources if r.urn == urn), None)
    type_, _, name = urn.split("::", 2)[2].partition("::")
    inputs = {"subscriptionId": plan.subscription} if explicit is None else explicit
    return {"type": type_, "urn": urn, "name": name, "properties": properties(inputs)}


def _common(resource: PlannedResource, plan: Plan) -> dict[str, Any]:
    mine = _provider(resource.provider, plan) if resource.provider else None
    return {
        "type": resource.type, "urn": resource.urn, "name": resource.name,
        "options": {"protect": resource.protect, "ignoreChanges": list(resource.ignore_changes),
                    "parent": resource.parent or ""},
        **({"provider": proto.AnalyzerProviderResource(**mine)} if mine else {}),
    }  # fmt: skip


def sent(plan: Plan) -> list[PlannedResource]:
    """Return the resources that the engine sends: without deletes and reads."""
    return [r for r in plan.resources if r.operation not in ("delete", "read")]


def analyzed(servicer: Any, plan: Plan) -> list[Any]:
    """Return the diagnostics of a whole preview, in their order."""
    found: list[Any] = []
    for resource in sent(plan):
        request = proto.AnalyzeRequest(**_common(resource, plan), properties=properties(resource.inputs))
        found += servicer.Analyze(request, Context()).diagnostics
    return found + list(servicer.AnalyzeStack(stack_request(plan), Context()).diagnostics)


def stack_request(plan: Plan) -> Any:
    """Return all resources with their dependencies. Properties are outputs, mostly unknown in a preview."""
    return proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(
                **_common(r, plan),
                properties=properties({"id": UNKNOWN}),
                parent=r.parent or "",
                dependencies=list(r.dependencies),
                propertyDependencies={
                    key: proto.AnalyzerPropertyDependencies(urns=list(urns))
                    for key, urns in r.property_dependencies.items()
                },
            )
            for r in sent(plan)
        ]
    )


def pack(**options: Any) -> Any:
    """Return Pulumi's servicer with the pack's policies."""
    from pulumi_policy import EnforcementLevel

    analyzer = PackAnalyzer(**options)
    return servicer_class(analyzer)("sde", "0.0.1", policies_of(analyzer), EnforcementLevel.MANDATORY)
