"""The model of the local Azure: a declared type, its constraints, a request and a stored resource.

The properties of a type, the required ones, the enums, the read-only outputs and the API version come from the
installed azure-native package. A declaration adds what that package does not know: Azure's defaults, the properties
that force a replacement, the outputs that Azure computes, the secret outputs, and the requests that Azure refuses.

Paths are azure-native's property paths as sent: `encryption.keySource`, `securityRules[*].priority`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from local_azure.subscriptions import SubscriptionSettings

Json = Any
CLIENT = "10ca1000-0000-4000-8000-0000000000c1"
OBJECT = "10ca1000-0000-4000-8000-0000000000b0"
"""The identity that deploys: its application and its object id."""


class AzureError(Exception):
    """A refused request: Azure's error code, HTTP status and message, in Azure's wording where it is known."""

    def __init__(self, code: str, message: str, *, status: int = 400, target: str | None = None) -> None:
        self.code, self.message, self.status, self.target = code, message, status, target
        super().__init__(f"Code={code} Message={message}" + (f" Target={target}" if target else ""))


@dataclass(frozen=True)
class StoredResource:
    """A resource in the store: azure-native's outputs, with Azure's defaults and computed outputs."""

    id: str
    token: str
    name: str
    properties: Mapping[str, Json]

    @property
    def location(self) -> str | None:
        return self.properties.get("location")


class Cloud(Protocol):
    """Read access for constraints to all other resources. Ids compare case-insensitively."""

    def get(self, id_: str) -> StoredResource | None: ...
    def children(self, id_: str, token: str | None = None) -> Iterable[StoredResource]:
        """Resources whose id is below `id_`, at any depth."""
        ...

    def of_type(self, token: str, subscription: str | None = None) -> Iterable[StoredResource]:
        """All resources of a type, in one subscription or in all. Slow for types with many resources."""
        ...

    def count_of_type(self, token: str, subscription: str, location: str | None = None) -> int:
        """Number of resources of a type in a subscription, in one region or in all. Fast for any number."""
        ...

    def referencing(self, id_: str) -> Iterable[StoredResource]:
        """Resources with a property that holds `id_` or an id below it, except extension resources of `id_`."""
        ...

    def global_name_owner(self, token: str, name: str) -> str | None:
        """The id of the resource with this globally unique name, in any subscription, soft-deleted ones included."""
        ...

    def first_boot(self, id_: str) -> str:
        """The custom data that a virtual machine was made with, which Azure never returns; empty for none."""
        ...

    def is_deallocated(self, id_: str) -> bool:
        """True for a virtual machine that was deallocated and not started again. Azure has this in no resource."""
        ...

    def settings(self, subscription: str) -> SubscriptionSettings | None:
        """The preconditions of a subscription, or None if all hold."""
        ...


@dataclass(frozen=True)
class Request:
    """A create (`old` is None), an update, or a delete (`new` holds the stored properties)."""

    cloud: Cloud
    id: str
    token: str
    name: str
    subscription: str
    new: Mapping[str, Json]
    """The inputs with Azure's defaults."""
    old: Mapping[str, Json] | None = None
    given: Mapping[str, Json] = field(default_factory=dict)
    """The inputs as sent, without defaults."""

    @property
    def location(self) -> str | None:
        return self.new.get("location")


Constraint = Callable[[Request], None]
"""Raises `AzureError` where Azure refuses the request. Cites its source."""
Compute = Callable[[Request], Mapping[str, Json]]
"""Outputs that Azure computes: ids, endpoints, principal ids, addresses. Stable for the lifetime of a resource."""

Inherited = Callable[[Cloud, str], Mapping[str, Json] | None]
"""Called with the id of a resource that was not made. Returns None if it does not exist either."""


@dataclass(frozen=True)
class NameRule:
    """Azure's rule for the name of a type."""

    pattern: str
    """A regular expression that the whole name must match."""
    description: str
    """The same rule in words, for the error message, such as `3-24 lower-case letters and digits`."""
    globally_unique: bool = False
    """True if the name must be unique in all of Azure, as for a DNS name."""
    code: str = "InvalidResourceName"
    """Azure's code for a name that breaks the rule."""
    taken_code: str = "Conflict"
    """Azure's code for a globally unique name that is taken."""
    reserved_code: str = ""
    """Azure's code where a soft-deleted resource reserves the name; empty means `taken_code`."""


@dataclass(frozen=True)
class AzureType:
    """One ARM type of the local Azure."""

    token: str
    """azure-native's, such as `azure-native:storage:StorageAccount`."""
    name: NameRule
    location: Literal["required", "global", "none", "inherited"] = "required"
    """`required`: an input, or the provider's default; `global`: only `global`; `inherited`: the parent's; `none`."""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Paths that hold ids of existing resources, each with the allowed type tokens (empty: any type)."""
    defaults: Mapping[str, Json] = field(default_factory=dict)
    """Azure's defaults, by path, for omitted inputs. Insecure where Azure's are."""
    replace_on_change: tuple[str, ...] = ()
    """Paths for whose change azure-native itself requests a replacement, besides the parameters of the path."""
    immutable: Mapping[str, str] = field(default_factory=dict)
    """Paths whose change Azure refuses, each with the error code. The location is one of them for every type."""
    never_updated: bool = False
    """True if Azure answers the PUT of an existing resource with that resource, and writes nothing."""
    computed: Compute | None = None
    inherited: Inherited | None = None
    """Returns the properties of a resource that its parent has from the start, so that it can only be updated."""
    secret_outputs: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    """Paths that Azure never returns on a read, such as an administrator's password."""
    constraints: tuple[Constraint, ...] = ()
    """Checked before every create and update."""
    delete_constraints: tuple[Constraint, ...] = ()
    soft_delete_days: int | None = None
    """Days for which a deleted resource reserves its name; None for a type without soft delete."""
    recovered_by_create: bool = False
    """True if a create with the name of a soft-deleted resource recovers it instead of being refused."""
    recover_when: Mapping[str, Json] = field(default_factory=dict)
    """Inputs, by path, that request recovery, such as `{"properties.createMode": "recover"}`."""
    additional_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Patterns of values that Azure accepts and the SDK's enum lacks, by path, each with its source."""
