"""A stack's state in memory. Property values are in Pulumi's wire form (`formats/property_values.py`).

The shapes and names are those of Pulumi's deployment format, version 3 (`apitype.ResourceV3`, `DeploymentV3`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from formats import property_values
from formats.urns import ROOT_TYPE

Properties = dict[str, Any]
"""JSON values, with marked dicts for secrets, assets and references, and a sentinel for unknowns."""


@dataclass
class Resource:
    """One resource of the state. An empty attribute is absent from the file, whose keys are in camel case."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    """`urn::id` of its provider."""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    import_id: str = ""
    deleted_with: str = ""
    created: str = ""
    modified: str = ""
    """RFC 3339 times in UTC."""
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    """The file's other keys, written back unchanged. A run refuses those that it does not support (`options.py`)."""

    def mark_secret_outputs(self) -> None:
        """Mark as secret the outputs that the program names, and those whose input of the same name is secret."""
        names = {*self.additional_secret_outputs, *(k for k, v in self.inputs.items() if property_values.is_secret(v))}
        if names:
            self.outputs = property_values.mark_secret(self.outputs, names)


@dataclass
class PendingOperation:
    """An unfinished operation: creating, updating, deleting, reading or importing."""

    resource: Resource
    type: str


@dataclass
class Snapshot:
    """A stack's whole state. Dependencies precede the resources that use them."""

    resources: list[Resource] = field(default_factory=list)
    pending: list[PendingOperation] = field(default_factory=list)
    secrets_providers: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    """The file's other sections, written back unchanged."""

    @property
    def count(self) -> int:
        """The number of the program's resources, without the engine's own and those marked for deletion."""
        return sum(not r.type.startswith("pulumi:") and not r.delete for r in self.resources)

    @property
    def outputs(self) -> Properties:
        """The stack's outputs, which are those of its root resource."""
        return self.root.outputs if self.root else {}

    @property
    def root(self) -> Resource | None:
        """The stack's root resource."""
        return next((r for r in self.resources if r.type == ROOT_TYPE and not r.delete), None)
