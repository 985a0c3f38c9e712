"""The goal state of one resource, read from the protocol's requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pulumi.runtime.proto import alias_pb2

from formats import property_values
from operations.engine.embedded import options
from operations.engine.embedded.model import Resource


@dataclass(frozen=True)
class Goal:
    """A resource as the program declares it, and the options that no state keeps."""

    resource: Resource
    provider: str = ""
    """`urn::id` of an explicit provider; empty for the default provider."""
    version: str = ""
    plugin_url: str = ""
    aliases: tuple[Any, ...] = ()
    delete_before_replace: bool | None = None


def of_registration(request: Any, urn: str) -> Goal:
    """Return the goal of a RegisterResourceRequest. `InputError` for an unsupported option."""
    options.refuse_request(request, f"{request.type} {request.name}")
    resource = Resource(
        urn=urn,
        type=request.type,
        custom=request.custom,
        inputs=property_values.from_struct(request.object),
        parent=request.parent,
        protect=request.protect,
        dependencies=sorted(request.dependencies),
        property_dependencies={k: sorted(v.urns) for k, v in sorted(request.propertyDependencies.items()) if v.urns},
        additional_secret_outputs=list(request.additionalSecretOutputs),
        import_id=request.importId,
        deleted_with=request.deletedWith,
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
    )
    aliases = (*request.aliases, *(alias_pb2.Alias(urn=u) for u in request.aliasURNs))
    first = request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
    return Goal(resource, request.provider, request.version, request.pluginDownloadURL, aliases, first)


def of_read(request: Any, urn: str) -> Goal:
    """Return the goal of a ReadResourceRequest. `InputError` for an unsupported option."""
    options.refuse_request(request, f"{request.type} {request.name}")
    resource = Resource(
        urn=urn,
        type=request.type,
        custom=True,
        id=request.id,
        external=True,
        inputs=property_values.from_struct(request.properties),
        parent=request.parent,
        dependencies=sorted(request.dependencies),
        additional_secret_outputs=list(request.additionalSecretOutputs),
    )
    return Goal(resource, request.provider, request.version, request.pluginDownloadURL)
