"""What both providers share: the parts of Pulumi's provider protocol that know nothing of Azure."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local_azure.declare import AzureError
from local_azure.schema_reader import SchemaError
from local_azure.store import StoreError

# To the engine UNKNOWN and INTERNAL mean that the resource may be half made; a refusal of Azure's leaves nothing.
_STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class Refusal(Exception):  # noqa: N818
    """What this provider does not do, by name."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers for a package at its installed SDK's version. Of the context only `abort(code, details)` is used."""

    package: str
    version: str

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=False, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self.version)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        same = request.old_inputs == request.news
        changes = provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changes)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            acceptResources=True,
            supportsPreview=True,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def GetMapping(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.GetMappingsResponse()

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, "GetSchema")

    def Parameterize(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, "Parameterize")

    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, f"Call of {request.tok}")

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, f"Construct of {request.type}")

    def List(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, "List")

    def refuse(self, context: Any, what: str) -> NoReturn:
        self.abort(context, grpc.StatusCode.UNIMPLEMENTED, f"the local {self.package} provider does not do {what}")

    def abort(self, context: Any, code: grpc.StatusCode, details: str) -> NoReturn:
        context.abort(code, details)
        raise RuntimeError("the context's abort must raise")

    @contextmanager
    def answering(self, context: Any, scrub: Callable[[str], str] = lambda text: text) -> Iterator[None]:
        """Errors become the call's status; `scrub` takes secrets out of their words."""
        try:
            yield
        except AzureError as error:
            code, details = _STATUS.get(error.status, grpc.StatusCode.FAILED_PRECONDITION), scrub(str(error))
        except (Refusal, SchemaError) as error:
            code, details = grpc.StatusCode.UNIMPLEMENTED, scrub(str(error))
        except StoreError as error:
            code, details = grpc.StatusCode.UNAVAILABLE, f"the local Azure: {error}"
        except Exception as error:
            code, details = grpc.StatusCode.INTERNAL, f"a fault in the local Azure itself: {_place(error)}"
        else:
            return
        self.abort(context, code, details)


def _place(error: Exception) -> str:
    """What went wrong and where, without the message, which may hold a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def type_of(request: Any) -> str:
    """A request's type token: newer engines send it, the URN always tells it."""
    return request.type or str(request.urn).split("::")[2].rpartition("$")[2]


def name_of(request: Any) -> str:
    """The resource's name in the program."""
    return request.name or str(request.urn).split("::", 3)[3]
