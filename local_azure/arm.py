"""Azure Resource Manager: create, read, update and delete requests, and the checks that apply to every type."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from formats.local_cloud import SUBSCRIPTION_PREFIX
from formats.property_paths import PropertyPath, find, get, parse, put
from local_azure import ids, outputs
from local_azure.fixed_properties import refuse_fixed_changes
from local_azure.model import AzureError, AzureType, Cloud, Constraint, Request, StoredResource
from local_azure.network_watchers import exists_automatically
from local_azure.policy.enforcement import refuse_disallowed
from local_azure.policy.fields import PolicyTarget
from local_azure.schema import ResourceSchema, Schemas, arm_type_of
from local_azure.store import Lock, Store, key_of

GROUP = "azure-native:resources:ResourceGroup"
CUSTOM_DATA = parse("osProfile.customData")
_LOCK_TYPE = "microsoft.authorization/locks"


@dataclass(frozen=True)
class KnownType:
    """A declared type with its schema."""

    type: AzureType
    schema: ResourceSchema


class UnknownType(Exception):  # noqa: N818
    """The local Azure does not know the type."""


class Arm:
    """Resource Manager over one store. Raises `AzureError` where Azure refuses a request."""

    def __init__(
        self, store: Store, schemas: Schemas, types: Mapping[str, AzureType], prefix: str = SUBSCRIPTION_PREFIX
    ) -> None:
        """`prefix`: how the ids of existing subscriptions begin."""
        self.store, self.schemas, self._types, self._prefix = store, schemas, types, prefix
        self.cloud: Cloud = store
        """The view of other resources that constraints have."""
        self._known: dict[str, KnownType] = {}

    def known_type(self, token: str) -> KnownType:
        """Return a type's declaration and schema. Raises `UnknownType`."""
        if token not in self._known:
            declared = self._types.get(token)
            if declared is None:
                raise UnknownType(f"the local Azure does not know the type {token}")
            self._known[token] = KnownType(declared, self.schemas.resource(token))
        return self._known[token]

    def seeing(self, cloud: Cloud) -> Arm:
        """Return this one with another view of other resources."""
        other = copy.copy(self)
        other.cloud = cloud
        return other

    def id(self, token: str, inputs: Mapping[str, Any], subscription: str) -> str:
        """Return the id of a resource with these inputs."""
        schema = self.known_type(token).schema
        missing = [name for name in schema.parameters if not isinstance(inputs.get(name), str)]
        if missing:
            raise AzureError("InvalidRequestContent", f"{token}: the id needs {', '.join(missing)}")
        return ids.build(schema.path, inputs, subscription)

    def read(self, id_: str, token: str) -> StoredResource | None:
        """Return the stored resource, or None. Raises `AzureError` if the id is of another type."""
        if ids.parse(self.known_type(token).schema.path, id_) is None:
            shape = self.known_type(token).schema.path
            raise AzureError("InvalidResourceId", f"{id_!r} is not an id of {token}: it has the shape {shape}")
        found = self.store.get(id_) or self._inherited(id_, token)
        return found if found and found.token == token else None

    def _inherited(self, id_: str, token: str) -> StoredResource | None:
        """Return a resource that its parent has without a request."""
        known = self.known_type(token)
        properties = known.type.inherited(self.store, id_) if known.type.inherited else None
        if properties is None:
            return None
        found = outputs.response_properties(known.type, known.schema, id_, properties, computed={}, old=None)
        return StoredResource(id_, token, ids.name_of(id_), found)

    def create(
        self, token: str, inputs: Mapping[str, Any], subscription: str, secrets: frozenset[PropertyPath] = frozenset()
    ) -> StoredResource:
        """Create a resource, or recover the soft-deleted one of that name if the type or the request requests it."""
        known = self.known_type(token)
        with self.store.transaction():
            id_ = self.id(token, inputs, subscription)
            if self.store.get(id_) is not None:
                message = f"cannot create already existing resource '{id_}'"
                raise AzureError("ResourceAlreadyExists", message, status=409)
            if self._inherited(id_, token) is not None:
                # The provider's own check (docs/azure-facts.md#defender-for-storage).
                message = f"cannot create already existing subresource '{id_}'"
                raise AzureError("ResourceAlreadyExists", message, status=409)
            request = self._request(known, id_, inputs, subscription, old=None)
            self._refuse_unmet(request, "write")
            self._require_parent(known, request)
            recovered = self._recoverable(known, request)
            return self._write(known, request, secrets, recovered)

    def update(
        self,
        id_: str,
        token: str,
        inputs: Mapping[str, Any],
        subscription: str,
        *,
        secrets: frozenset[PropertyPath] = frozenset(),
        sent: Mapping[str, Any] | None = None,
    ) -> StoredResource:
        """Update a resource. Raises `AzureError` for a change of an immutable property.

        `sent` are the inputs of the last request, which include the properties that Azure never returns.
        """
        known = self.known_type(token)
        with self.store.transaction():
            old = self.read(id_, token)
            if old is None:
                raise _not_found(id_)
            request = self._request(known, old.id, inputs, ids.subscription_of(id_) or subscription, old=old.properties)
            self._refuse_unmet(request, "write")
            if known.type.never_updated:
                return old
            # Without the last inputs, what the request leaves out is what Azure has computed, or keeps.
            before: Mapping[str, Any] = {k: v for k, v in old.properties.items() if k in request.new}
            if sent is not None:
                before = self._request(known, old.id, sent, subscription, old=None).new
            refuse_fixed_changes(known.type, old.id, before, request.new)
            return self._write(known, request, secrets, old.properties)

    def delete(self, id_: str, token: str, subscription: str) -> None:
        """Delete a resource and its children. Succeeds if the resource does not exist."""
        known = self.known_type(token)
        with self.store.transaction():
            old = self.read(id_, token)
            if old is None:
                return
            request = self._request(
                known, old.id, old.properties, ids.subscription_of(id_) or subscription, old.properties
            )
            self._refuse_unmet(request, "delete")
            _check(known.type.delete_constraints, request)
            self._refuse_locked(old.id, "delete", self.store.locks(old.id, below=True))
            self.store.remove(old.id, days=self._days)

    def _days(self, resource: StoredResource) -> int | None:
        declared = self._types.get(resource.token)
        return declared.soft_delete_days if declared else None

    def _request(
        self,
        known: KnownType,
        id_: str,
        inputs: Mapping[str, Any],
        subscription: str,
        old: Mapping[str, Any] | None,
    ) -> Request:
        given = {key: value for key, value in inputs.items() if not key.startswith("__")}
        return Request(
            cloud=self.cloud,
            id=id_,
            token=known.type.token,
            name=ids.name_of(id_),
            subscription=subscription,
            new=outputs.with_defaults(known.type, given),
            old=old,
            given=given,
        )

    def _write(
        self, known: KnownType, request: Request, secrets: frozenset[PropertyPath], old: Mapping[str, Any] | None
    ) -> StoredResource:
        for path, value in refuse_disallowed(self.store, _policy_target(known, request)).items():
            request = replace(request, new=put(request.new, parse(path), value))
        self._require_references(known, request)
        self._refuse_locked(request.id, "write", [lock for lock in self.store.locks(request.id) if _read_only(lock)])
        _check(known.type.constraints, request)
        self._refuse_over_quota(request)
        computed = known.type.computed(request) if known.type.computed else {}
        properties = outputs.response_properties(
            known.type, known.schema, request.id, request.new, computed=computed, old=old
        )
        stored = StoredResource(request.id, known.type.token, request.name, properties)
        self.store.put(stored, request.subscription, outputs.secret_paths(known.type, properties, secrets))
        custom_data = get(request.given, CUSTOM_DATA)
        if old is None and isinstance(custom_data, str):
            self.store.keep_first_boot(request.id, custom_data)
        return stored

    def _refuse_unmet(self, request: Request, verb: str) -> None:
        """Refuse a request without the preconditions of its subscription."""
        if self.store.has_settings:
            from local_azure.preconditions import refuse_unmet  # noqa: PLC0415 - few have settings

            refuse_unmet(self.store, request.id, verb, request.given)

    def _refuse_over_quota(self, request: Request) -> None:
        """Refuse a creation above a limit of the subscription, for types without a limit of their own in `types/`."""
        if self.store.has_settings and request.old is None:
            from local_azure.preconditions import refuse_over_quota  # noqa: PLC0415 - few have settings

            refuse_over_quota(request)

    def _require_parent(self, known: KnownType, request: Request) -> None:
        """Refuse a resource without its parent or resource group (docs/azure-facts.md#missing-parents-and-scopes)."""
        group = _group_of(request.id)
        if group and known.type.token != GROUP and not self._exists(group):
            message = f"Resource group '{ids.name_of(group)}' could not be found."
            raise AzureError("ResourceGroupNotFound", message, status=404)
        found = ids.parent(known.schema.path, request.new, request.subscription)
        if found is None or found[0] == "resourceGroupName" or self._exists(found[1]):
            return
        _, parent = found
        if request.id.lower().count("/providers/") > parent.lower().count("/providers/"):
            raise _not_found(parent)
        message = (
            f"Failed to perform the operation on nested resource '{request.id}': the parent resource '{parent}' "
            "could not be found."
        )
        raise AzureError("ParentResourceNotFound", message, status=404)

    def _exists(self, id_: str) -> bool:
        """Return True for a resource, a local subscription, and a child that a resource holds in its properties."""
        parts = id_.strip("/").split("/")
        if len(parts) == 2 and parts[0].lower() == "subscriptions":
            return parts[1].startswith(self._prefix)
        if self.store.get(id_) is not None or exists_automatically(self.store, id_):
            return True
        if parts[-1].lower() == "default" and parts[-2].lower() in ids.STORAGE_SERVICES:
            return self.store.get("/" + "/".join(parts[:-2])) is not None
        return any(self._contains_id(key, id_) for key in _ancestors(id_))

    def _contains_id(self, holder: str, id_: str) -> bool:
        found = self.store.get(holder)
        return found is not None and _contains(found.properties, key_of(id_))

    def _recoverable(self, known: KnownType, request: Request) -> Mapping[str, Any] | None:
        """Return the properties of the soft-deleted resource to recover, or None. Raises if the name is not free."""
        unique = known.type.name.globally_unique
        settings = self.store.settings(request.subscription)
        deleted = self.store.soft_deleted_id(request.id)
        reserved = deleted or (self.store.soft_deleted(request.token, request.name) if unique else None)
        requested = any(
            value == wanted
            for path, wanted in known.type.recover_when.items()
            for _, value in find(request.given, parse(path))
        )
        if deleted is not None and (known.type.recovered_by_create or requested):
            return deleted.properties
        rule = known.type.name
        if reserved is not None:
            message = f"The name '{request.name}' is already taken by a soft-deleted resource, "
            message += "which must be recovered or purged."
            raise AzureError(rule.reserved_code or rule.taken_code, message, status=409, target=request.name)
        taken = settings is not None and settings.has("taken_names", request.name)
        if unique and (taken or self.store.global_name_owner(request.token, request.name) is not None):
            message = f"The name '{request.name}' is already taken."
            raise AzureError(rule.taken_code, message, status=409, target=request.name)
        return None

    def _require_references(self, known: KnownType, request: Request) -> None:
        for path, tokens in known.type.references.items():
            for _, value in find(request.new, parse(path)):
                for id_ in _as_list(value):
                    self._require_reference(request, path, id_, tokens)

    def _require_reference(self, request: Request, path: str, id_: Any, tokens: tuple[str, ...]) -> None:
        if not isinstance(id_, str) or not id_.startswith("/"):
            message = f"Property id '{id_}' at path '{path}' is invalid. Expect fully qualified resource Id."
            raise AzureError("LinkedInvalidPropertyId", message)
        found = self.store.get(id_)
        if found is None and not self._exists(id_):
            message = f"Resource {id_} referenced by resource {request.id} at '{path}' was not found."
            raise AzureError("InvalidResourceReference", message)
        if found is not None and tokens and found.token not in tokens:
            wanted = " or ".join(token.removeprefix("azure-native:") for token in tokens)
            message = f"Resource {id_} referenced at '{path}' of {request.id} is not of the type {wanted}."
            raise AzureError("InvalidResourceReference", message)

    def _refuse_locked(self, id_: str, action: str, locks: Iterable[Lock]) -> None:
        if arm_type_of(id_).lower() == _LOCK_TYPE:
            return
        scopes = sorted({lock.scope for lock in locks})
        if scopes:
            message = (
                f"The scope '{id_}' cannot perform {action} operation because following scope(s) are locked: "
                f"'{', '.join(scopes)}'. Please remove the lock and try again."
            )
            raise AzureError("ScopeLocked", message, status=409)


def _policy_target(known: KnownType, request: Request) -> PolicyTarget:
    """Return what Azure Policy evaluates: the request as sent, without a service's defaults."""
    has_tags = {"tags", "location"} <= known.schema.inputs.keys()
    return PolicyTarget(request.id, known.schema.arm_type, request.given, has_tags=has_tags)


def _check(constraints: tuple[Constraint, ...], request: Request) -> None:
    for constraint in constraints:
        constraint(request)


def _read_only(lock: Lock) -> bool:
    return lock.level.lower() == "readonly"


def _as_list(value: Any) -> list[Any]:
    """Return the ids at a path, which may hold one id, a list of ids, or a map keyed by ids."""
    if isinstance(value, (list, dict)):
        return list(value)
    return [] if value is None else [value]


def _not_found(id_: str) -> AzureError:
    return AzureError("ResourceNotFound", f"The resource '{id_}' was not found.", status=404)


def _group_of(id_: str) -> str | None:
    parts = id_.strip("/").split("/")
    in_group = len(parts) >= 4 and parts[2].lower() == "resourcegroups"
    return "/" + "/".join(parts[:4]) if in_group else None


def _ancestors(id_: str) -> list[str]:
    """Return the ids of the resources above an id, nearest first, without resource group and subscription."""
    parts = id_.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts) - 2, 7, -2)]


def _contains(value: Any, key: str) -> bool:
    if isinstance(value, str):
        return value[:1] == "/" and key_of(value) == key
    if isinstance(value, Mapping):
        return any(_contains(item, key) for item in value.values())
    return isinstance(value, list) and any(_contains(item, key) for item in value)
