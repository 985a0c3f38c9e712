"""How a type of the local Azure is declared: one table of facts and small rules, not a parser per service.

What a type *has* (properties, which are required, their enums, which are output only, its ARM path and api version) is
read from the installed azure-native package. What that package does not know stands here: Azure's defaults, which
properties are fixed after creation, what Azure computes, which outputs are secret, and what Azure refuses.

Paths are azure-native's property paths on the wire: `encryption.keySource`, `securityRules[*].priority`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Json = Any


class AzureError(Exception):
    """Azure said no: its code, HTTP status and message, in Azure's own words where they are known."""

    def __init__(self, code: str, message: str, *, status: int = 400, target: str | None = None) -> None:
        self.code, self.message, self.status, self.target = code, message, status, target
        super().__init__(f"Code={code} Message={message}" + (f" Target={target}" if target else ""))


@dataclass(frozen=True)
class Stored:
    """A resource as the local Azure keeps it: azure-native's outputs, with Azure's defaults and computed ones."""

    id: str
    token: str
    name: str
    properties: Mapping[str, Json]

    @property
    def location(self) -> str | None:
        return self.properties.get("location")


class Cloud(Protocol):
    """What a rule may ask about everything else in the local Azure. Ids compare without regard to case."""

    def get(self, id_: str) -> Stored | None: ...
    def children(self, id_: str, token: str | None = None) -> Iterable[Stored]:
        """Resources whose id lies below `id_`, at any depth."""
        ...

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[Stored]:
        """All of a type, in one subscription or in all: for types of which there are few."""
        ...

    def held(self, token: str, subscription: str, location: str | None = None) -> int:
        """How many of a type a subscription has, in one region or in all: quick, however many."""
        ...

    def users(self, id_: str) -> Iterable[Stored]:
        """Resources with a property that holds `id_`, or an id below it (extension resources on it excepted)."""
        ...

    def global_name_owner(self, token: str, name: str) -> str | None:
        """The id of whatever holds this globally unique name, in any subscription; soft-deleted ones included."""
        ...

    def soft_deleted(self, token: str, name: str) -> Stored | None: ...


@dataclass(frozen=True)
class Change:
    """One request to the local Azure: a create (old is None), an update, or a delete (new is the present state)."""

    cloud: Cloud
    id: str
    token: str
    name: str
    subscription: str
    new: Mapping[str, Json]
    """The inputs with Azure's defaults filled in."""
    old: Mapping[str, Json] | None = None
    given: Mapping[str, Json] = field(default_factory=dict)
    """The inputs as they were sent, without defaults."""

    @property
    def location(self) -> str | None:
        return self.new.get("location")


Rule = Callable[[Change], None]
"""Raises `AzureError` where Azure would refuse. Cites its source in a comment."""
Compute = Callable[[Change], Mapping[str, Json]]
"""Outputs that Azure makes up: ids, endpoints, principal ids, addresses. Stable for a resource's whole life."""


@dataclass(frozen=True)
class Name:
    """Azure's rule for a name; `scope` is where it must be unique."""

    pattern: str
    """A regular expression that the whole name must match."""
    shape: str
    """The same rule in words, for the error message, such as `3-24 lower-case letters and digits`."""
    scope: Literal["global", "subscription", "group", "parent"] = "group"
    code: str = "InvalidResourceName"
    """Azure's code for a name that breaks the rule."""
    taken_code: str = "Conflict"
    """Azure's code for a global name that somebody holds."""
    held_code: str = ""
    """Azure's code where a soft-deleted resource holds the name; empty: the same as `taken_code`."""


@dataclass(frozen=True)
class AzureType:
    """One ARM type that the local Azure knows."""

    token: str
    """azure-native's, such as `azure-native:storage:StorageAccount`."""
    name: Name
    location: Literal["required", "global", "none", "inherited"] = "required"
    """`required`: given or the provider's own; `global`: only the word global; `inherited`: the parent's; `none`."""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Paths that hold resource ids which must exist, each with the tokens it may point to (empty: any known type)."""
    defaults: Mapping[str, Json] = field(default_factory=dict)
    """Azure's own defaults, by path, for what the request left out. Insecure where Azure's are."""
    fixed: tuple[str, ...] = ()
    """Paths whose change means delete and create (beside name, group, location and parent)."""
    delete_first: bool = True
    """Whether a replacement must delete the old one first, since both have one name."""
    frozen: Mapping[str, str] = field(default_factory=dict)
    """Paths that Azure refuses to change and that a replacement cannot cure, each with the code of the refusal."""
    computed: Compute | None = None
    secret_outputs: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    """Paths that Azure never gives back on a read, such as an administrator's password."""
    rules: tuple[Rule, ...] = ()
    """Checked before every create and update."""
    delete_rules: tuple[Rule, ...] = ()
    soft_deletes: int | None = None
    """Days for which a deleted name stays held; None where Azure forgets at once."""
    recovers: bool = False
    """Whether a create with the name of a soft-deleted one brings that one back instead of being refused."""
    recover_when: Mapping[str, Json] = field(default_factory=dict)
    """Inputs, by path, that ask for the soft-deleted one, such as `{"properties.createMode": "recover"}`."""
    path: str = ""
    """ARM's path with the SDK's wire names, for a type that `paths.py` does not list."""
    also_open: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Patterns of values that Azure takes though the SDK's open enum lacks them, by path, each with its source."""
