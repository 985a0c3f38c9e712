"""The azure-native provider of the local Azure: Pulumi's provider protocol over `Arm`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2

from formats.local_cloud import SUBSCRIPTION_PREFIX, TENANT
from formats.property_paths import PropertyPath, get, join, matches, parse
from formats.property_values import contains_unknown, to_struct
from local_azure import defaults, diffs, outputs
from local_azure.arm import Arm, KnownType, UnknownType
from local_azure.load.busy import BusyAzure, OperationFailed, Write
from local_azure.model import CLIENT, OBJECT, AzureError, AzureType, StoredResource
from local_azure.schema import Schemas
from local_azure.servicer import PartialFailure, Servicer, Unsupported, logical_name_of, token_of
from local_azure.store import Store
from local_azure.validation import Inputs, validate
from local_azure.wire import Unwrapped, from_struct, unwrap, wrap

_KINDS = provider_pb2.PropertyDiff.Kind
_MODES: dict[int, Any] = {0: "propose", 1: "enforce", 2: "disable"}


class AzureProvider(Servicer):
    """Serve the resources of one local Azure, for one configured subscription."""

    package = "azure-native"

    def __init__(
        self, store: Store, schemas: Schemas, types: Mapping[str, AzureType], *, any_subscription: bool = False
    ) -> None:
        self.version = schemas.version
        self._prefix = "" if any_subscription else SUBSCRIPTION_PREFIX
        self._store, self._arm = store, Arm(store, schemas, types, self._prefix)
        self._busy = BusyAzure(store)
        self._subscription = ""
        self._location: str | None = None

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Accept only local subscription ids, so that the local Azure cannot be mistaken for the real one."""
        settings = _settings(request)
        subscription = str(settings.get("subscriptionId") or "")
        if not subscription.startswith(self._prefix) or not _is_guid(subscription):
            details = (
                f"the local Azure takes only subscriptions that begin with {SUBSCRIPTION_PREFIX}; "
                "azure-native:subscriptionId is " + (repr(subscription[:40]) if subscription else "not set")
            )
            self.abort(context, grpc.StatusCode.INVALID_ARGUMENT, details)
        self._subscription = subscription.lower()
        self._location = settings.get("location") or None
        return super().Configure(request, context)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            try:
                known = self._arm.known_type(token_of(request))
            except UnknownType as error:
                return _check_response({}, [("", str(error))])
            news, olds = unwrap(from_struct(request.news)), unwrap(from_struct(request.olds))
            values = defaults.add_defaults(
                known.schema,
                olds.values,
                news.values,
                _auto_naming(request),
                store=self._store,
                subscription=self._subscription,
                location=self._location,
            )
            failures = validate(Inputs(known.type, known.schema, values, news.secrets))
            mask = _masker(news)
            return _check_response(wrap(values, news.secrets), [(f.property, mask(f.reason)) for f in failures])

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            known = self._known(request)
            old, new = unwrap(from_struct(request.old_inputs)), unwrap(from_struct(request.news))
            found = diffs.compare(known.type, known.schema, old.values, new.values)
            ignored = [parse(path) for path in request.ignoreChanges]
            kept = [d for d in found.differences if not any(matches(path, d.path) for path in ignored)]
            replace_paths = found.replace_paths & {d.path for d in kept}
            return _diff_response(old.values, diffs.DiffResult(tuple(kept), replace_paths))

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        inputs = unwrap(from_struct(request.properties))
        with self.translate_errors(context, _masker(inputs)):
            known = self._known(request)
            if request.preview:
                return provider_pb2.CreateResponse(properties=self._previewed(known, inputs))
            _refuse_unknown_inputs(known, inputs)
            token, values = known.type.token, inputs.values
            made = self._written(
                context,
                request.properties,
                lambda: Write(token, self._arm.id(token, values, self._subscription), values, "create"),
                lambda arm: arm.create(token, values, self._subscription, inputs.secrets),
            )
            return provider_pb2.CreateResponse(id=made.id, properties=self._answer(made))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        inputs = unwrap(from_struct(request.news))
        with self.translate_errors(context, _masker(inputs)):
            known = self._known(request)
            if request.preview:
                olds = (unwrap(from_struct(request.old_inputs)), unwrap(from_struct(request.olds)))
                return provider_pb2.UpdateResponse(properties=self._previewed(known, inputs, request.id, olds))
            _refuse_unknown_inputs(known, inputs)
            sent = unwrap(from_struct(request.old_inputs)).values or None
            token, values = known.type.token, inputs.values
            made = self._written(
                context,
                request.news,
                lambda: Write(token, request.id, values, "update"),
                lambda arm: arm.update(
                    request.id, token, values, self._subscription, secrets=inputs.secrets, sent=sent
                ),
            )
            return provider_pb2.UpdateResponse(properties=self._answer(made))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the stored state and its inputs: those of the request updated (refresh), or derived ones (import)."""
        with self.translate_errors(context):
            known = self._known(request)
            found = self._arm.read(request.id, known.type.token)
            if found is None:
                return provider_pb2.ReadResponse(id="")
            inputs, secrets = self._inputs_now(known, request, found)
            return provider_pb2.ReadResponse(
                id=found.id, properties=self._answer(found), inputs=to_struct(wrap(inputs, secrets))
            )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            token = self._known(request).type.token
            found = self._arm.read(request.id, token)
            if found is not None:
                write = Write(token, found.id, found.properties, "delete")
                self._busy.run(
                    lambda: write,
                    getattr(context, "step", None),
                    lambda cloud: self._arm.seeing(cloud).delete(request.id, token, self._subscription),
                )
            return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        arguments = unwrap(from_struct(request.args))
        with self.translate_errors(context, _masker(arguments)):
            if request.tok == "azure-native:authorization:getClientConfig":
                return provider_pb2.InvokeResponse(**{"return": to_struct(self._client())})
            return provider_pb2.InvokeResponse(**{"return": self._get_function(request.tok, arguments.values)})

    def StreamInvoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, f"StreamInvoke of {request.tok}")

    def _written(
        self, context: Any, inputs: Any, write: Callable[[], Write], act: Callable[[Arm], StoredResource]
    ) -> StoredResource:
        """Write a resource. An operation that fails later leaves the resource in the state of the engine."""
        try:
            made = self._busy.run(write, getattr(context, "step", None), lambda cloud: act(self._arm.seeing(cloud)))
        except OperationFailed as failure:
            resource, reason = failure.resource, str(failure)
            failed = provider_pb2.ErrorResourceInitFailed(
                id=resource.id, properties=self._answer(resource), reasons=[reason], inputs=inputs
            )
            raise PartialFailure(failed, reason) from failure
        assert made is not None  # noqa: S101 - only a delete returns nothing
        return made

    def _known(self, request: Any) -> KnownType:
        try:
            return self._arm.known_type(token_of(request))
        except UnknownType as error:
            raise Unsupported(str(error)) from error

    def _client(self) -> dict[str, str]:
        return {
            "clientId": CLIENT,
            "objectId": OBJECT,
            "subscriptionId": self._subscription,
            "tenantId": TENANT,
        }

    def _get_function(self, token: str, arguments: Mapping[str, Any]) -> Any:
        """Answer the function `get<Resource>` of a known type."""
        module, _, function = token.rpartition(":")
        refusal = Unsupported(f"the local azure-native provider does not support the function {token}")
        if not function.startswith("get"):
            raise refusal
        try:
            known = self._arm.known_type(f"{module}:{function.removeprefix('get')}")
        except UnknownType as error:
            raise refusal from error
        id_ = self._arm.id(known.type.token, arguments, self._subscription)
        found = self._arm.read(id_, known.type.token)
        if found is None:
            raise AzureError("ResourceNotFound", f"The resource '{id_}' was not found.", status=404)
        return to_struct(wrap({"id": found.id, **found.properties}, self._store.secrets(found.id)))

    def _answer(self, resource: StoredResource) -> Any:
        return to_struct(wrap(resource.properties, self._store.secrets(resource.id)))

    def _previewed(
        self,
        known: KnownType,
        inputs: Unwrapped,
        id_: str | None = None,
        olds: tuple[Unwrapped, Unwrapped] | None = None,
    ) -> Any:
        if id_ is None and not any(contains_unknown(inputs.values.get(name)) for name in known.schema.parameters):
            id_ = self._arm.id(known.type.token, inputs.values, self._subscription)
        before = (olds[0].values, olds[1].values) if olds else None
        found = outputs.preview(known.schema, id_, outputs.remove_paths(inputs.values, known.type.write_only), before)
        old_secrets = olds[1].secrets if olds else frozenset()
        secrets = outputs.secret_paths(known.type, found, inputs.secrets | old_secrets)
        return to_struct(wrap(found, secrets))

    def _inputs_now(
        self, known: KnownType, request: Any, found: StoredResource
    ) -> tuple[dict[str, Any], frozenset[PropertyPath]]:
        old = unwrap(from_struct(request.inputs))
        if not old.values:
            secrets = self._store.secrets(found.id)
            return outputs.import_inputs(known.type, known.schema, found.id, found.properties), secrets
        before = unwrap(from_struct(request.properties)).values
        return outputs.refresh_inputs(known.schema, old.values, before, found.properties), old.secrets


def _settings(request: Any) -> dict[str, Any]:
    """Return the provider's configuration. Newer engines send `args`, older ones variables with a namespace."""
    settings = unwrap(from_struct(request.args)).values
    variables = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
    return {**variables, **settings}


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _auto_naming(request: Any) -> defaults.AutoNaming:
    given = request.HasField("autonaming")
    return defaults.AutoNaming(
        logical=logical_name_of(request),
        seed=request.randomSeed,
        mode=_MODES[request.autonaming.mode] if given else None,
        proposed=request.autonaming.proposed_name if given else "",
    )


def _check_response(inputs: Mapping[str, Any], failures: list[tuple[str, str]]) -> Any:
    return provider_pb2.CheckResponse(
        inputs=to_struct(inputs),
        failures=[provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in failures],
    )


def _diff_response(old: Mapping[str, Any], found: diffs.DiffResult) -> Any:
    # A new resource can be created first only if its name differs, which an automatic name does.
    random = bool(old.get(defaults.CREATE_BEFORE_DELETE))
    detailed = {
        join(d.path): provider_pb2.PropertyDiff(
            kind=_KINDS.Value(d.kind + ("_REPLACE" if d.path in found.replace_paths else "")), inputDiff=True
        )
        for d in found.differences
    }
    changed = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changed,
        diffs=sorted({str(d.path[0]) for d in found.differences}),
        replaces=found.replaces,
        deleteBeforeReplace=bool(found.replace_paths) and not random,
        detailedDiff=detailed,
        hasDetailedDiff=bool(detailed),
    )


def _refuse_unknown_inputs(known: KnownType, inputs: Unwrapped) -> None:
    unknown = sorted(key for key, value in inputs.values.items() if contains_unknown(value))
    if unknown:
        raise AzureError("InvalidRequestContent", f"{known.type.token}: {', '.join(unknown)} has an unknown value")


def _masker(inputs: Unwrapped) -> Callable[[str], str]:
    """Return a function that masks the values of secret inputs in a message."""
    texts = {text for path in inputs.secrets for text in _texts(get(inputs.values, path)) if len(text) >= 3}

    def mask(message: str) -> str:
        for text in sorted(texts, key=len, reverse=True):
            message = message.replace(text, "[secret]")
        return message

    return mask


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [] if value is None or isinstance(value, bool) else [str(value)]
