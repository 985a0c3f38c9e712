"""The engine of the Pulumi CLI as a program sees it: requests are passed on, if they are permitted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from formats.errors import InputError, Refused
from formats.property_values import SECRET_SIGNATURE, from_struct, secret
from formats.urns import ROOT_TYPE, label, make_urn, type_of
from operations.engine import permitted_requests
from operations.engine.derived_values import DerivedValues
from operations.engine.program_services import CHANNEL_OPTIONS, CallError, typed
from operations.engine.secret_filter import SecretFilter

_SIGNATURE = SECRET_SIGNATURE.encode()
_REGISTERS = ("RegisterResource", "ReadResource")


@dataclass(frozen=True)
class Registered:
    """A resource that the engine answered with."""

    id: str
    outputs: Mapping[str, Any]


class EngineProxy:
    """`operations.engine.program_services.Services` that passes requests on to the CLI's engine.

    It masks every secret that it has seen in the program's messages: the CLI masks those of the configuration only.
    """

    def __init__(
        self, monitor: str, engine: str, secrets: Iterable[str], *, project: str = "", stack: str = "",
        derived_values: DerivedValues | None = None,
    ) -> None:  # fmt: skip
        """`derived_values`: those of the plan that the run of this project's stack executes."""
        self._project, self._stack, self._derived_values = project, stack, derived_values
        self._registered: dict[str, Registered] = {}
        self._channels = {
            "ResourceMonitor": grpc.insecure_channel(monitor, options=CHANNEL_OPTIONS),
            "Engine": grpc.insecure_channel(engine, options=CHANNEL_OPTIONS),
        }
        self._engine = engine_pb2_grpc.EngineStub(self._channels["Engine"])
        self._lock = threading.Lock()
        self._filter = SecretFilter()
        for value in secrets:
            self._filter.add(secret(value))
        self.refusal: InputError | Refused | None = None
        """The first request that was not permitted. It fails the run, also if the program goes on."""

    def __enter__(self) -> EngineProxy:
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels.values():
            channel.close()

    def call(self, path: str, method: Any, request: bytes) -> bytes:
        """Pass a request on."""
        if method.name == "Log":
            return typed(method, self._log, request)
        self._require_permission(method, request)
        self._record(method.input_type, request)
        try:
            response: bytes = self._channels[method.containing_service.name].unary_unary(path)(request)
        except grpc.RpcError as error:
            raise CallError(error.details(), error.code()) from None
        self._record(method.output_type, response)
        if self._derived_values and method.name in _REGISTERS:
            self._remember(GetMessageClass(method.output_type).FromString(response))
        return response

    def message(self, text: str) -> None:
        """Log a line that the program printed."""
        self._log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text))

    def error(self, text: str) -> None:
        """Log the error of the run."""
        self._log(engine_pb2.LogRequest(severity=engine_pb2.ERROR, message=text))

    def _log(self, request: Any) -> Any:
        with self._lock:
            request.message = self._filter.redact(request.message)
        try:
            return self._engine.Log(request)
        except grpc.RpcError as error:
            raise CallError(error.details(), error.code()) from None

    def _require_permission(self, method: Any, request: bytes) -> None:
        content = GetMessageClass(method.input_type).FromString(request)
        refusal = (
            permitted_requests.refusal(method.name, content)
            or self._leak(method.name, content)
            or self._difference(method.name, content)
        )
        if refusal is not None:
            self.refusal = self.refusal or refusal
            raise CallError(str(refusal), grpc.StatusCode.PERMISSION_DENIED)

    def _difference(self, method: str, request: Any) -> Refused | None:
        """Return the refusal of a value that is another than the evaluated plan says; None if there is none."""
        if self._derived_values is None:
            return None
        try:
            if method == "RegisterResource" and request.custom:
                urn = make_urn(self._stack, self._project, request.parent, request.type, request.name)
                self._derived_values.check_step(urn, from_struct(request.object), self._registered)
            elif method == "RegisterResourceOutputs" and type_of(request.urn) == ROOT_TYPE:
                known = list(self._registered.values())
                self._derived_values.check_outputs(request.urn, from_struct(request.outputs), known)
        except Refused as refusal:
            return refusal
        return None

    def _remember(self, response: Any) -> None:
        """Remember a resource, for values that come from it."""
        outputs = response.object if hasattr(response, "object") else response.properties
        self._registered[response.urn] = Registered(getattr(response, "id", ""), from_struct(outputs))

    def _leak(self, method: str, request: Any) -> Refused | None:
        """Return the refusal of a resource or outputs with a known secret in the clear; None if there is none."""
        if method == "RegisterResource":
            return self._leak_in(f"{request.type} {request.name}", request.object)
        if method == "RegisterResourceOutputs":
            return self._leak_in(label(request.urn), request.outputs)
        return None

    def look_back(self) -> None:
        """Refuse at the end of a program what held a secret before the run learnt of the secret."""
        self.refusal = self.refusal or self._refused(self._filter.refuse_earlier_leaks)

    def _leak_in(self, name: str, properties: Any) -> Refused | None:
        return self._refused(lambda: self._filter.refuse_leak(name, from_struct(properties)))

    def _refused(self, check: Callable[[], None]) -> Refused | None:
        try:
            with self._lock:
                check()
        except Refused as refusal:
            return refusal
        return None

    def _record(self, type_: Any, content: bytes) -> None:
        """Record the secrets in a message."""
        if _SIGNATURE not in content:
            return
        for _, value in GetMessageClass(type_).FromString(content).ListFields():
            if isinstance(value, struct_pb2.Struct):
                with self._lock:
                    self._filter.add(json_format.MessageToDict(value))
