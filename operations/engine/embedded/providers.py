"""Calls to providers: gRPC servicers in this process, with the same protobuf messages that the Pulumi CLI sends.

All of them are the local Azure's: they support previews, secrets and every method that is called here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from formats import property_values
from formats.errors import InputError
from formats.property_paths import child, matches, parse
from formats.urns import label, name_of, type_of
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.report import StepError
from operations.engine.embedded.step_order import Step, StepOrder

Servicer = provider_pb2_grpc.ResourceProviderServicer
_WRITES = frozenset({"Create", "Update", "Delete"})
_FORCES_REPLACEMENT = frozenset({1, 3, 5})
"""`ADD_REPLACE`, `DELETE_REPLACE` and `UPDATE_REPLACE` of the protocol's `PropertyDiff.Kind`."""
_EXISTING = re.compile(r"already exist\w* resource '([^']+)'|resource '([^']+)' already exists")


class ProviderError(StepError):
    """An error that the provider returned."""

    @property
    def existing_id(self) -> str | None:
        """The id of the existing resource, if the error is that it exists already."""
        match = _EXISTING.search(str(self))
        return match[1] or match[2] if match else None


@dataclass(frozen=True)
class Difference:
    """A provider's diff: the paths that differ, and those that force a replacement."""

    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False

    def forcing(self, replace_on_changes: Iterable[str]) -> Difference:
        """Return the diff in which a change at or below these paths forces a replacement too.

        As in the official engine, the change of a whole object does not count for a path inside it.
        """
        patterns = [parse(path) for path in replace_on_changes]
        forced = {path for path in self.changed if any(matches(pattern, parse(path)) for pattern in patterns)}
        return replace(self, replaces=tuple(sorted({*self.replaces, *forced})))


NO_DIFFERENCE = Difference()


@dataclass(frozen=True)
class _Context:
    """The context of a call in this process: the method of a gRPC context that our servicers use."""

    urn: str
    step: Step | None = None
    """The step that the call is part of, if it writes."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise ProviderError(self.urn, details or code.value[1])


@dataclass
class Provider:
    """One configured provider."""

    urn: str
    id: str
    package: str
    servicer: Servicer
    order: StepOrder
    known: bool = True
    """False in a preview if its configuration is unknown; it is not called then."""

    @property
    def reference(self) -> str:
        return f"{self.urn}::{self.id or property_values.UNKNOWN}"

    def configure(self, inputs: Properties) -> None:
        """Configure the servicer."""
        self.known = not property_values.contains_unknown(inputs)
        if self.known:
            accepts = {"acceptSecrets": True, "acceptResources": True}
            sends = {"sends_old_inputs": True, "sends_old_inputs_to_delete": True}
            self._call("Configure", self.urn, args=inputs, **accepts, **sends)

    def check_config(self, urn: str, olds: Properties, news: Properties) -> Properties:
        """Return the configuration as the provider checked it."""
        return self._checked("CheckConfig", urn, olds=olds, news=news)

    def diff_config(self, old: Resource, news: Properties) -> Difference:
        """Return the diff of a configuration."""
        return self._diffed("DiffConfig", old, news, ())

    def check(self, urn: str, olds: Properties | None, news: Properties, seed: bytes) -> Properties:
        """Return the inputs with the provider's defaults and names. `InputError` with every failed check."""
        return self._checked("Check", urn, olds=olds, news=news, randomSeed=seed) if self.known else news

    def diff(self, old: Resource, news: Properties, ignored: Iterable[str]) -> Difference:
        """Return the diff between the old resource and the new inputs."""
        return self._diffed("Diff", old, news, ignored) if self.known else default_diff(old.inputs, news)

    def create(self, urn: str, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Create the resource, or preview that as far as values are known; return (id, outputs)."""
        if not self.known:
            return "", inputs
        response = self._call("Create", urn, properties=inputs, preview=preview)
        return response.id, property_values.from_struct(response.properties)

    def update(self, old: Resource, inputs: Properties, ignored: Iterable[str], *, preview: bool) -> Properties:
        """Update the resource, or preview that; return the outputs."""
        if not self.known:
            return inputs
        response = self._call("Update", old.urn, **_state(old), news=inputs, ignoreChanges=ignored, preview=preview)
        return property_values.from_struct(response.properties)

    def read(
        self, urn: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        """Return the present (id, inputs, outputs), or None if the resource does not exist."""
        response = self._call("Read", urn, id=id_, properties=outputs, inputs=inputs)
        if not response.id:
            return None
        present = property_values.from_struct(response.inputs) if response.HasField("inputs") else inputs
        return response.id, present, property_values.from_struct(response.properties)

    def delete(self, resource: Resource) -> None:
        """Delete the resource."""
        outputs, inputs = resource.outputs, resource.inputs
        self._call("Delete", resource.urn, id=resource.id, properties=outputs, old_inputs=inputs)

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> provider_pb2.InvokeResponse:
        """Call one of the provider's functions."""
        plain = property_values.unwrap(arguments)
        response: provider_pb2.InvokeResponse = self._call("Invoke", "", tok=token, args=plain, preview=preview)
        return response

    def _call(self, method: str, urn: str, **fields: Any) -> Any:
        """Send a request, about the resource with the URN if there is one. Properties become Structs."""
        request = getattr(provider_pb2, method.removesuffix("Config") + "Request")
        sent = {k: property_values.to_struct(v) if isinstance(v, dict) else v for k, v in fields.items()}
        named = {"urn": urn, "name": name_of(urn), "type": type_of(urn)} if urn else {}
        step = self.order.step(urn, delete=method == "Delete") if method in _WRITES else None
        return getattr(self.servicer, method)(request(**named, **sent), _Context(urn, step))

    def _checked(self, method: str, urn: str, **fields: Any) -> Properties:
        response = self._call(method, urn, **fields)
        if response.failures:
            lines = [f"  {f.property + ': ' if f.property else ''}{f.reason}" for f in response.failures]
            raise InputError(f"{label(urn)} is not right:\n" + "\n".join(lines))
        return property_values.from_struct(response.inputs)

    def _diffed(self, method: str, old: Resource, news: Properties, ignored: Iterable[str]) -> Difference:
        response = self._call(method, old.urn, **_state(old), news=news, ignoreChanges=ignored)
        return _difference(response, old.inputs, news)


def _state(old: Resource) -> dict[str, Any]:
    return {"id": old.id, "olds": old.outputs, "old_inputs": old.inputs}


def default_diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """Compare the inputs in the engine, for components and where the provider names no paths."""
    return Difference(changed=tuple(sorted(_paths("", old, new))))


def _paths(prefix: str, old: Any, new: Any) -> Iterable[str]:
    """Yield the property paths at which two values differ."""
    if property_values.is_secret(old) and property_values.is_secret(new):
        old, new = old["value"], new["value"]
    marked = property_values.is_secret(old) or property_values.is_secret(new)
    if isinstance(old, dict) and isinstance(new, dict) and not marked:
        yield from _items(prefix, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(prefix, dict(enumerate(old)), dict(enumerate(new)))
    elif not property_values.equal(old, new):
        yield prefix


def _items(prefix: str, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterable[str]:
    for key in old.keys() | new.keys():
        path = child(prefix, key)
        if key in old and key in new:
            yield from _paths(path, old[key], new[key])
        else:
            yield path


def _difference(response: provider_pb2.DiffResponse, old: Properties, new: Properties) -> Difference:
    detailed = {path: entry.kind in _FORCES_REPLACEMENT for path, entry in response.detailedDiff.items()}
    replaces = {path for path, forces in detailed.items() if forces}
    # The provider names top-level properties; the paths below them are more precise.
    replaces |= {name for name in response.replaces if not any(_is_below(path, name) for path in replaces)}
    if response.changes != provider_pb2.DiffResponse.DIFF_SOME and not replaces:
        return Difference()
    changed = set(detailed or default_diff(old, new).changed or response.diffs) | replaces
    return Difference(tuple(sorted(changed)), tuple(sorted(replaces)), response.deleteBeforeReplace)


def _is_below(path: str, prefix: str) -> bool:
    return path.startswith((prefix + ".", prefix + "["))
