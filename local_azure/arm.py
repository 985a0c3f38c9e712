"""Azure Resource Manager's front door: the rules that hold for every type, and the requests that change something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_azure import ids, outputs
from local_azure.declare import AzureError, AzureType, Change, Rule, Stored
from local_azure.diffs import differences, touches
from local_azure.policy.enforcement import refuse_disallowed
from local_azure.policy.fields import Subject
from local_azure.schema import ResourceSchema, Schemas, arm_type_of
from local_azure.store import Lock, Store, key_of
from local_azure.watchers import stands_by_itself
from local_azure.wire import Path, at, pattern

GROUP = "azure-native:resources:ResourceGroup"
LOCAL = "10ca1"
"""How every subscription of the local Azure begins."""
_SERVICES = frozenset({"blobservices", "fileservices", "queueservices", "tableservices"})
"""Parts of a storage account that are there from its creation on, each named `default`."""
_LOCK_TYPE = "microsoft.authorization/locks"


@dataclass(frozen=True)
class Known:
    """A type of the table with its schema."""

    type: AzureType
    schema: ResourceSchema


class UnknownType(Exception):  # noqa: N818
    """The local Azure does not know the type."""


class Arm:
    """Creates, updates, reads and deletes resources; raises `AzureError` where Azure would refuse."""

    def __init__(self, store: Store, schemas: Schemas, types: Mapping[str, AzureType]) -> None:
        self.store, self.schemas, self._types = store, schemas, types
        self._known: dict[str, Known] = {}

    def known(self, token: str) -> Known:
        """The type's declaration and schema. Raises `UnknownType`, naming it."""
        if token not in self._known:
            declared = self._types.get(token)
            if declared is None:
                raise UnknownType(f"the local Azure does not know the type {token}")
            schema = self.schemas.resource(token)
            path = declared.path or schema.path
            if not path:
                raise UnknownType(f"the local Azure does not know the ARM path of {token}")
            self._known[token] = Known(declared, _at_path(schema, path))
        return self._known[token]

    def id(self, token: str, inputs: Mapping[str, Any], subscription: str) -> str:
        """The id that a resource with these inputs has."""
        schema = self.known(token).schema
        missing = [name for name in schema.parameters if not isinstance(inputs.get(name), str)]
        if missing:
            raise AzureError("InvalidRequestContent", f"{token}: the id needs {', '.join(missing)}")
        return ids.build(schema.path, inputs, subscription)

    def read(self, id_: str, token: str) -> Stored | None:
        """The resource as it is now; None where it is gone. Raises `AzureError` where the id is of another type."""
        if ids.parse(self.known(token).schema.path, id_) is None:
            shape = self.known(token).schema.path
            raise AzureError("InvalidResourceId", f"{id_!r} is not an id of {token}: it has the shape {shape}")
        found = self.store.get(id_)
        return found if found and found.token == token else None

    def create(
        self, token: str, inputs: Mapping[str, Any], subscription: str, secrets: frozenset[Path] = frozenset()
    ) -> Stored:
        """A new resource, or the soft-deleted one of that name where the type or the request says so."""
        known = self.known(token)
        with self.store.transaction():
            id_ = self.id(token, inputs, subscription)
            if self.store.get(id_) is not None:
                message = f"cannot create already existing resource '{id_}'"
                raise AzureError("ResourceAlreadyExists", message, status=409)
            change = self._change(known, id_, inputs, subscription, old=None)
            self._refuse_homeless(known, change)
            recovered = self._recovered(known, change)
            return self._put(known, change, secrets, recovered)

    def update(
        self, id_: str, token: str, inputs: Mapping[str, Any], subscription: str, secrets: frozenset[Path] = frozenset()
    ) -> Stored:
        """The resource with new inputs. What Azure never changes is refused with its code."""
        known = self.known(token)
        with self.store.transaction():
            old = self.read(id_, token)
            if old is None:
                raise _not_found(id_)
            change = self._change(known, old.id, inputs, _subscription_of(id_) or subscription, old=old.properties)
            self._refuse_frozen(known, change)
            return self._put(known, change, secrets, old.properties)

    def delete(self, id_: str, token: str, subscription: str) -> None:
        """Delete a resource and all that lies in it. One that is gone already is no error."""
        known = self.known(token)
        with self.store.transaction():
            old = self.read(id_, token)
            if old is None:
                return
            change = self._change(known, old.id, old.properties, _subscription_of(id_) or subscription, old.properties)
            _run(known.type.delete_rules, change)
            self._refuse_locked(old.id, "delete", self.store.locks(old.id, below=True))
            self.store.remove(old.id, days=self._days)

    def _days(self, resource: Stored) -> int | None:
        declared = self._types.get(resource.token)
        return declared.soft_deletes if declared else None

    def _change(
        self,
        known: Known,
        id_: str,
        inputs: Mapping[str, Any],
        subscription: str,
        old: Mapping[str, Any] | None,
    ) -> Change:
        given = {key: value for key, value in inputs.items() if not key.startswith("__")}
        return Change(
            cloud=self.store,
            id=id_,
            token=known.type.token,
            name=ids.name(id_),
            subscription=subscription,
            new=outputs.with_defaults(known.type, given),
            old=old,
            given=given,
        )

    def _put(self, known: Known, change: Change, secrets: frozenset[Path], old: Mapping[str, Any] | None) -> Stored:
        refuse_disallowed(self.store, _subject(known, change))
        self._refuse_dangling(known, change)
        self._refuse_locked(change.id, "write", [lock for lock in self.store.locks(change.id) if _read_only(lock)])
        _run(known.type.rules, change)
        computed = known.type.computed(change) if known.type.computed else {}
        properties = outputs.answer(known.type, known.schema, change.id, change.new, computed=computed, old=old)
        stored = Stored(change.id, known.type.token, change.name, properties)
        self.store.put(stored, change.subscription, outputs.secret_paths(known.type, properties, secrets))
        return stored

    def _refuse_homeless(self, known: Known, change: Change) -> None:
        """The group and the parent must be there."""
        group = _group_of(change.id)
        if group and known.type.token != GROUP and not self._exists(group):
            message = f"Resource group '{ids.name(group)}' could not be found."
            raise AzureError("ResourceGroupNotFound", message, status=404)
        above = ids.parent(known.schema.path, change.new, change.subscription)
        if above is None or above[0] == "resourceGroupName" or self._exists(above[1]):
            return
        _, parent = above
        if change.id.lower().count("/providers/") > parent.lower().count("/providers/"):
            raise _not_found(parent)
        message = (
            f"Failed to perform the operation on nested resource '{change.id}': the parent resource '{parent}' "
            "could not be found."
        )
        raise AzureError("ParentResourceNotFound", message, status=404)

    def _exists(self, id_: str) -> bool:
        """Whether an id is a resource, a subscription of the local Azure, or a part that a resource holds inside."""
        parts = id_.strip("/").split("/")
        if len(parts) == 2 and parts[0].lower() == "subscriptions":
            return parts[1].startswith(LOCAL)
        if self.store.get(id_) is not None or stands_by_itself(self.store, id_):
            return True
        if parts[-1].lower() == "default" and parts[-2].lower() in _SERVICES:
            return self.store.get("/" + "/".join(parts[:-2])) is not None
        return any(self._holds(key, id_) for key in _ancestors(id_))

    def _holds(self, holder: str, id_: str) -> bool:
        found = self.store.get(holder)
        return found is not None and _contains(found.properties, key_of(id_))

    def _recovered(self, known: Known, change: Change) -> Mapping[str, Any] | None:
        """The soft-deleted resource that this create brings back. Raises where the name is held."""
        worldwide = known.type.name.scope == "global"
        gone = self.store.soft_deleted_id(change.id)
        held = gone or (self.store.soft_deleted(change.token, change.name) if worldwide else None)
        asked = any(
            value == wanted
            for path, wanted in known.type.recover_when.items()
            for _, value in at(change.given, pattern(path))
        )
        if held is not None and gone is not None and (known.type.recovers or asked):
            return gone.properties
        owner = held.id if held else self.store.global_name_owner(change.token, change.name) if worldwide else None
        if owner is not None:
            state = " by a soft-deleted resource, which must be recovered or purged" if held else ""
            message = f"The name '{change.name}' is already taken{state}."
            code = (held and known.type.name.held_code) or known.type.name.taken_code
            raise AzureError(code, message, status=409, target=change.name)
        return None

    def _refuse_dangling(self, known: Known, change: Change) -> None:
        for path, tokens in known.type.references.items():
            for _, value in at(change.new, pattern(path)):
                for id_ in _listed(value):
                    self._refuse_reference(change, path, id_, tokens)

    def _refuse_reference(self, change: Change, path: str, id_: Any, tokens: tuple[str, ...]) -> None:
        if not isinstance(id_, str) or not id_.startswith("/"):
            message = f"Property id '{id_}' at path '{path}' is invalid. Expect fully qualified resource Id."
            raise AzureError("LinkedInvalidPropertyId", message)
        found = self.store.get(id_)
        if found is None and not self._exists(id_):
            message = f"Resource {id_} referenced by resource {change.id} at '{path}' was not found."
            raise AzureError("InvalidResourceReference", message)
        if found is not None and tokens and found.token not in tokens:
            wanted = " or ".join(token.removeprefix("azure-native:") for token in tokens)
            message = f"Resource {id_} referenced at '{path}' of {change.id} is not of the type {wanted}."
            raise AzureError("InvalidResourceReference", message)

    def _refuse_frozen(self, known: Known, change: Change) -> None:
        if not known.type.frozen:
            return
        old = {key: value for key, value in (change.old or {}).items() if key in change.new}
        new = {key: value for key, value in change.new.items() if key in known.schema.outputs}
        found = list(differences(old, new))
        for path, code in known.type.frozen.items():
            if any(touches(pattern(path), difference) for difference in found):
                raise AzureError(code, f"The property '{path}' of '{change.id}' cannot be changed.", status=409)

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


def _subject(known: Known, change: Change) -> Subject:
    """What a policy looks at: the request as it was sent, before any service fills in what it leaves out."""
    kept = {"tags", "location"} <= known.schema.inputs.keys()
    return Subject(change.id, known.schema.arm_type, change.given, has_tags=kept)


def _at_path(schema: ResourceSchema, path: str) -> ResourceSchema:
    if path == schema.path:
        return schema
    return ResourceSchema(schema.token, schema.api_version, schema.inputs, schema.outputs, path)


def _run(rules: tuple[Rule, ...], change: Change) -> None:
    for rule in rules:
        rule(change)


def _read_only(lock: Lock) -> bool:
    return lock.level.lower() == "readonly"


def _listed(value: Any) -> list[Any]:
    """A path may end at an id, or at a list or map of them."""
    return list(value) if isinstance(value, (list, dict)) else [] if value is None else [value]


def _not_found(id_: str) -> AzureError:
    return AzureError("ResourceNotFound", f"The resource '{id_}' was not found.", status=404)


def _subscription_of(id_: str) -> str | None:
    parts = id_.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0].lower() == "subscriptions" else None


def _group_of(id_: str) -> str | None:
    parts = id_.strip("/").split("/")
    in_group = len(parts) >= 4 and parts[2].lower() == "resourcegroups"
    return "/" + "/".join(parts[:4]) if in_group else None


def _ancestors(id_: str) -> list[str]:
    """The resources that an id may be a part of, nearest first, the group and subscription left out."""
    parts = id_.strip("/").split("/")
    return ["/" + "/".join(parts[:length]) for length in range(len(parts) - 2, 7, -2)]


def _contains(value: Any, key: str) -> bool:
    if isinstance(value, str):
        return value[:1] == "/" and key_of(value) == key
    if isinstance(value, Mapping):
        return any(_contains(item, key) for item in value.values())
    return isinstance(value, list) and any(_contains(item, key) for item in value)
