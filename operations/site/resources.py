"""Resources of deployed stacks as the report's pages read them: what exists, its type in words, and values at paths."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.plan import Operation, Plan, PlannedResource
from formats.urns import plain_type
from operations.diffs.text import kind_of


@dataclass(frozen=True)
class Deployed:
    """A resource that exists in Azure."""

    stack: str
    type: str
    """Such as `storage:StorageAccount`."""
    name: str
    """The logical name."""
    id: str
    """The ARM id; empty if the state has none."""
    inputs: Mapping[str, Any]
    parent: str
    """The URN of its component; empty without one."""

    @property
    def azure_name(self) -> str:
        """The last segment of its ARM id."""
        return self.id.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The type in words."""
        return kind_of(self.type)

    def at(self, path: str) -> Any:
        """Return the input at a path of names, such as `sku.name`; None without one."""
        return value_at(self.inputs, path)

    def text(self, path: str) -> str:
        """Return the text at a path; empty without one."""
        found = self.at(path)
        return found if isinstance(found, str) else ""

    @property
    def data_class(self) -> str:
        """The sensitivity of its data, by its tag; empty without one."""
        return self.text("tags.data-class")


def deployed(plan: Plan) -> Sequence[Deployed]:
    """Return the resources of a deployed stack that Azure has, also those that wait for their deletion."""
    return plan.once(_deployed)


def of_types(plan: Plan, *types: str) -> Iterator[Deployed]:
    """Yield the resources of some types."""
    return (one for one in deployed(plan) if one.type in types)


def value_at(value: Any, path: str) -> Any:
    """Return the value at a path of names; None without one."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def items(value: Any) -> Sequence[Any]:
    """Return the entries of a list; nothing for anything else."""
    return value if isinstance(value, list | tuple) else ()


def texts(value: Any) -> Sequence[str]:
    """Return the texts of a list, or of one text alone."""
    return [value] if isinstance(value, str) else [one for one in items(value) if isinstance(one, str)]


def whole(value: Any) -> int | None:
    """Return a whole number. Pulumi's state has all numbers as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _deployed(plan: Plan) -> Sequence[Deployed]:
    return [
        Deployed(plan.stack, plain_type(one.type), one.name, one.id or "", one.inputs, one.parent or "")
        for one in plan.resources
        if _exists(one)
    ]


def _exists(resource: PlannedResource) -> bool:
    return resource.custom and resource.type.startswith("azure-native:") and resource.operation is not Operation.READ


def joined(parts: Collection[str], most: int = 8) -> str:
    """Return some texts as one, and how many more there are."""
    listed = list(parts)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
