"""What a program asks for one resource, read from the protocol's request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.proto import alias_pb2

from infra.errors import BadInput
from operations.engine.embedded import values
from operations.engine.embedded.model import Properties, Resource

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_UNSUPPORTED = {
    "remote": "components of other languages (remote)",
    "packageRef": "parameterised packages",
    "transforms": "transforms",
    "state_migrations": "state migrations",
    "replace_with": "the option replaceWith",
    "replacement_trigger": "the option replacementTrigger",
    "envVarMappings": "the option envVarMappings",
}


@dataclass(frozen=True)
class Goal:
    """One resource as the program wants it."""

    type: str
    name: str
    custom: bool
    inputs: Properties
    parent: str = ""
    provider: str = ""
    """`urn::id` of an explicit provider; empty for the default one."""
    version: str = ""
    plugin_url: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, list[str]] = field(default_factory=dict)
    aliases: tuple[Any, ...] = ()
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_first: bool | None = None
    retain_on_delete: bool = False
    deleted_with: str = ""
    secret_outputs: tuple[str, ...] = ()
    timeouts: Mapping[str, float] = field(default_factory=dict)
    import_id: str = ""

    @property
    def package(self) -> str:
        return self.type.split(":", 1)[0]

    def resource(self, urn: str) -> Resource:
        """The state that it would have, before a provider has seen it."""
        return Resource(
            urn=urn,
            type=self.type,
            custom=self.custom,
            inputs=self.inputs,
            parent=self.parent,
            protect=self.protect,
            dependencies=list(self.dependencies),
            property_dependencies=dict(self.property_dependencies),
            additional_secret_outputs=list(self.secret_outputs),
            custom_timeouts=dict(self.timeouts),
            retain_on_delete=self.retain_on_delete,
            deleted_with=self.deleted_with,
            ignore_changes=list(self.ignore_changes),
            replace_on_changes=list(self.replace_on_changes),
            import_id=self.import_id,
        )


def read(request: Any) -> Goal:
    """The goal of a RegisterResourceRequest. Raises BadInput for what this engine does not do, by name."""
    present = {descriptor.name for descriptor, _ in request.ListFields()}
    if refused := [what for name, what in _UNSUPPORTED.items() if name in present]:
        raise BadInput(
            f"The embedded engine does not do {' and '.join(refused)}",
            key=f"{request.type} {request.name}",
            fix="run this stack with the official Pulumi command line (--engine pulumi)",
        )
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=values.from_struct(request.object),
        parent=request.parent,
        provider=request.provider,
        version=request.version,
        plugin_url=request.pluginDownloadURL,
        dependencies=_sorted(request.dependencies),
        property_dependencies={k: sorted(v.urns) for k, v in sorted(request.propertyDependencies.items()) if v.urns},
        aliases=(*request.aliases, *(alias_pb2.Alias(urn=u) for u in request.aliasURNs)),
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_first=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        secret_outputs=tuple(request.additionalSecretOutputs),
        timeouts={k: seconds(v) for k in ("create", "update", "delete") if (v := getattr(request.customTimeouts, k))},
        import_id=request.importId,
    )


def seconds(duration: str) -> float:
    """A duration as Go writes it (`1h30m`) in seconds."""
    parts = list(_DURATION.finditer(duration))
    if not parts or "".join(p.group() for p in parts) != duration:
        raise BadInput("A custom timeout cannot be read", found=duration, allowed="such as 90s, 30m or 1h30m")
    return sum(float(p[1]) * _SECONDS[p[2]] for p in parts)


def _sorted(urns: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(urns))
