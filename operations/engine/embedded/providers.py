"""Calls to providers: gRPC servicers in this process, with the same protobuf messages that the Pulumi CLI sends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from formats import property_values
from formats.errors import InputError
from formats.property_paths import child
from formats.urns import name_of, type_of
from operations.engine.embedded.model import Properties, Resource

Servicer = provider_pb2_grpc.ResourceProviderServicer
NUMBER_KINDS = {0: "add", 1: "add-replace", 2: "delete", 3: "delete-replace", 4: "update", 5: "update-replace"}
_EXISTING = re.compile(r"already exist\w* resource '([^']+)'|resource '([^']+)' already exists")


class ProviderError(Exception):
    """An error that the provider returned, with its message."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)

    @property
    def existing_id(self) -> str | None:
        """The id of the existing resource, if the error is that it exists already."""
        match = _EXISTING.search(self.message)
        return next((g for g in match.groups() if g), None) if match else None


@dataclass(frozen=True)
class Difference:
    """A provider's diff: the paths that differ, and those that force a replacement."""

    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    delete_first: bool = False
    some: bool = False

    @property
    def replaces_it(self) -> bool:
        return bool(self.replaces)


class _Aborted(Exception):  # noqa: N818
    """Ends the servicer's method, like `abort` in gRPC."""


class Call:
    """The context of one call in this process: the methods of a gRPC context that our servicers use."""

    error: ProviderError | None = None

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        self.error = ProviderError(code, details or code.value[1])
        raise _Aborted


@dataclass
class Provider:
    """One configured provider: a servicer and its declared capabilities."""

    urn: str
    id: str
    package: str
    servicer: Servicer
    takes_secrets: bool = False
    previews: bool = False
    known: bool = True
    """False in a preview if its configuration is unknown; it is not called then."""

    @property
    def reference(self) -> str:
        return f"{self.urn}::{self.id or property_values.UNKNOWN}"

    def configure(self, inputs: Properties) -> None:
        """Configure the servicer."""
        self.known = not property_values.contains_unknown(inputs)
        if not self.known:
            return
        plain = {k: v for k, v in property_values.unwrap(inputs).items() if k != "version"}
        request = provider_pb2.ConfigureRequest(
            variables={f"{self.package}:config:{k}": _text(v) for k, v in plain.items()},
            args=property_values.to_struct(inputs),
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
        )
        response = self.call("Configure", request)
        self.takes_secrets, self.previews = response.acceptSecrets, response.supportsPreview

    def check_config(self, urn: str, olds: Properties, news: Properties) -> Properties:
        """Return the configuration as the provider checked it."""
        return self._checked("CheckConfig", urn, olds, news, seed=b"")

    def diff_config(self, urn: str, id_: str, olds: Resource, news: Properties) -> Difference:
        """Return the diff of a changed configuration."""
        return self._diffed("DiffConfig", olds, news, (), urn=urn, id_=id_)

    def check(self, urn: str, olds: Properties | None, news: Properties, seed: bytes) -> Properties:
        """Return the inputs with the provider's defaults and names. `InputError` with every failed check."""
        return self._checked("Check", urn, olds, news, seed) if self.known else news

    def diff(self, old: Resource, news: Properties, ignored: Iterable[str]) -> Difference:
        """Return the diff between the old resource and the new inputs."""
        return (
            self._diffed("Diff", old, news, ignored, urn=old.urn, id_=old.id)
            if self.known
            else default_diff(old.inputs, news)
        )

    def create(self, urn: str, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Create the resource, or preview that as far as values are known; return (id, outputs)."""
        if preview and not (self.previews and self.known):
            return "", inputs
        request = provider_pb2.CreateRequest(
            urn=urn,
            properties=self._send(inputs),
            preview=preview,
            name=name_of(urn),
            type=type_of(urn),
        )
        response = self.call("Create", request)
        return response.id, self._outputs(response.properties, inputs)

    def update(self, old: Resource, inputs: Properties, ignored: Iterable[str], *, preview: bool) -> Properties:
        """Update the resource, or preview that; return the outputs."""
        if preview and not (self.previews and self.known):
            return inputs
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=old.urn,
            olds=self._send(old.outputs),
            old_inputs=self._send(old.inputs),
            news=self._send(inputs),
            ignoreChanges=list(ignored),
            preview=preview,
            name=name_of(old.urn),
            type=type_of(old.urn),
        )
        return self._outputs(self.call("Update", request).properties, inputs)

    def read(
        self, urn: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        """Return the present (id, inputs, outputs), or None if the resource does not exist."""
        request = provider_pb2.ReadRequest(
            id=id_,
            urn=urn,
            properties=self._send(outputs),
            inputs=self._send(inputs),
            name=name_of(urn),
            type=type_of(urn),
        )
        response = self.call("Read", request)
        if not response.id:
            return None
        found = self._outputs(response.inputs, inputs) if response.HasField("inputs") else inputs
        return response.id, found, self._outputs(response.properties, inputs)

    def delete(self, resource: Resource) -> None:
        """Delete the resource."""
        request = provider_pb2.DeleteRequest(
            id=resource.id,
            urn=resource.urn,
            properties=self._send(resource.outputs),
            old_inputs=self._send(resource.inputs),
            name=name_of(resource.urn),
            type=type_of(resource.urn),
        )
        self.call("Delete", request)

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> provider_pb2.InvokeResponse:
        """Call one of the provider's functions."""
        request = provider_pb2.InvokeRequest(
            tok=token, args=property_values.to_struct(property_values.unwrap(arguments)), preview=preview
        )
        response: provider_pb2.InvokeResponse = self.call("Invoke", request)
        return response

    def call(self, method: str, request: Any) -> Any:
        """Call the servicer. Its errors are raised as `ProviderError`."""
        context = Call()
        try:
            response = getattr(self.servicer, method)(request, context)
        except _Aborted:
            response = None
        except NotImplementedError:
            raise ProviderError(grpc.StatusCode.UNIMPLEMENTED, f"The provider {self.package} has no {method}") from None
        if context.error:
            raise context.error
        return response

    def _checked(self, method: str, urn: str, olds: Properties | None, news: Properties, seed: bytes) -> Properties:
        request = provider_pb2.CheckRequest(
            urn=urn, news=self._send(news), randomSeed=seed, name=name_of(urn), type=type_of(urn)
        )
        if olds is not None:
            request.olds.CopyFrom(self._send(olds))
        try:
            response = self.call(method, request)
        except ProviderError as error:
            if method == "CheckConfig" and error.code is grpc.StatusCode.UNIMPLEMENTED:
                return news
            raise
        if response.failures:
            raise _failures(urn, response.failures)
        return self._outputs(response.inputs, news)

    def _diffed(
        self, method: str, old: Resource, news: Properties, ignored: Iterable[str], *, urn: str, id_: str
    ) -> Difference:
        request = provider_pb2.DiffRequest(
            id=id_,
            urn=urn,
            olds=self._send(old.outputs),
            old_inputs=self._send(old.inputs),
            news=self._send(news),
            ignoreChanges=list(ignored),
            name=name_of(urn),
            type=type_of(urn),
        )
        try:
            response = self.call(method, request)
        except ProviderError as error:
            if method == "DiffConfig" and error.code is grpc.StatusCode.UNIMPLEMENTED:
                return default_diff(old.inputs, news)
            raise
        return _difference(response, old.inputs, news)

    def _send(self, properties: Properties) -> Any:
        return property_values.to_struct(properties if self.takes_secrets else property_values.unwrap(properties))

    def _outputs(self, struct: Any, inputs: Properties) -> Properties:
        """Return the outputs of a response; mark secrets that a provider without support for them received in plain."""
        outputs = property_values.from_struct(struct)
        return outputs if self.takes_secrets else marked_like(outputs, inputs)


def marked_like(outputs: Properties, inputs: Properties) -> Properties:
    """Return the outputs, marked as secret where the input of the same name is."""
    return {k: _marked(v, inputs[k]) if k in inputs else v for k, v in outputs.items()}


def _marked(value: Any, pattern: Any) -> Any:
    if property_values.is_secret(pattern):
        return property_values.secret(property_values.unwrap(value))
    if isinstance(value, dict) and isinstance(pattern, dict):
        return marked_like(value, pattern)
    if isinstance(value, list) and isinstance(pattern, list) and len(value) == len(pattern):
        return [_marked(v, p) for v, p in zip(value, pattern, strict=True)]
    return value


def default_diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """Compare the inputs in the engine, for components and for providers without a diff."""
    paths = tuple(sorted(_paths("", old, new)))
    return Difference(changed=paths, some=bool(paths))


def _paths(prefix: str, old: Any, new: Any) -> Iterable[str]:
    """Yield the property paths at which two values differ."""
    if property_values.is_secret(old) and property_values.is_secret(new):
        old, new = old["value"], new["value"]
    if (
        isinstance(old, dict)
        and isinstance(new, dict)
        and not (property_values.is_secret(old) or property_values.is_secret(new))
    ):
        for key in old.keys() | new.keys():
            path = child(prefix, key)
            if key in old and key in new:
                yield from _paths(path, old[key], new[key])
            else:
                yield path
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            path = child(prefix, index)
            if index < min(len(old), len(new)):
                yield from _paths(path, old[index], new[index])
            else:
                yield path
    elif not property_values.equal(old, new):
        yield prefix


def _difference(response: Any, old: Properties, new: Properties) -> Difference:
    replaces = set(response.replaces)
    changed: set[str] = set()
    for path, entry in response.detailedDiff.items():
        changed.add(path)
        if NUMBER_KINDS[entry.kind].endswith("replace"):
            replaces.add(path)
    if not response.hasDetailedDiff and not changed:
        changed = set(default_diff(old, new).changed) or set(response.diffs)
    # Drop top-level names in `replaces` if there are detailed paths below them.
    detailed = {p for p in replaces if p not in changed and any(_below(c, p) for c in replaces if c != p)}
    replaces -= detailed
    known = provider_pb2.DiffResponse
    some = {known.DIFF_SOME: True, known.DIFF_NONE: bool(replaces)}.get(
        response.changes, bool(replaces or response.detailedDiff or not property_values.equal(old, new))
    )
    if not some:
        return Difference()
    return Difference(tuple(sorted(changed | replaces)), tuple(sorted(replaces)), response.deleteBeforeReplace, True)


def _below(path: str, prefix: str) -> bool:
    return path.startswith((prefix + ".", prefix + "["))


def _failures(urn: str, failures: Iterable[Any]) -> InputError:
    lines = [f"  {f.property + ': ' if f.property else ''}{f.reason}" for f in failures]
    return InputError(f"{type_of(urn)} {name_of(urn)} is not right:\n" + "\n".join(lines))


def _text(value: Any) -> str:
    import json  # noqa: PLC0415

    return value if isinstance(value, str) else json.dumps(value)
