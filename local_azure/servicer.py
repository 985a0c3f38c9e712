"""The base class of the local azure-native and random providers: Pulumi's provider protocol, apart from Azure."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from formats.urns import name_of, type_of
from local_azure.model import AzureError
from local_azure.schema import SchemaError
from local_azure.store import StoreError

# For INTERNAL, UNKNOWN and DATA_LOSS the engine assumes that the state of the resource is unknown. A refused request
# changes nothing, so it has another code; every status without one of its own is FAILED_PRECONDITION.
_STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
}

_STATUS_DETAILS = "grpc-status-details-bin"
"""The trailer with a status and its details, as gRPC clients in Go read it."""


class Unsupported(Exception):  # noqa: N818
    """A request that the local providers do not support."""


class PartialFailure(Exception):  # noqa: N818
    """A write after which the resource exists: the engine keeps it in its state, and updates it in the next run."""

    def __init__(self, failed: Any, reason: str) -> None:
        """`failed`: an `ErrorResourceInitFailed`."""
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason)
        status.details.add().Pack(failed)
        self.trailer = ((_STATUS_DETAILS, status.SerializeToString()),)
        super().__init__(reason)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Base class of the local providers. `package` and `version` are those of the installed SDK.

    A caller without gRPC can pass any context that has `abort(code, details)`.
    """

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
        self.unsupported(context, "GetSchema")

    def Parameterize(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, "Parameterize")

    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, f"Call of {request.tok}")

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, f"Construct of {request.type}")

    def List(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, "List")

    def unsupported(self, context: Any, feature: str) -> NoReturn:
        self.abort(
            context, grpc.StatusCode.UNIMPLEMENTED, f"the local {self.package} provider does not support {feature}"
        )

    def abort(self, context: Any, code: grpc.StatusCode, details: str) -> NoReturn:
        context.abort(code, details)
        raise RuntimeError("context.abort() returned; it must raise an exception")

    @contextmanager
    def translate_errors(self, context: Any, mask: Callable[[str], str] = lambda text: text) -> Iterator[None]:
        """Turn exceptions into the gRPC status of the call. `mask` removes secrets from messages."""
        try:
            yield
        except PartialFailure as error:
            context.set_trailing_metadata(error.trailer)
            code, details = grpc.StatusCode.UNKNOWN, str(error)
        except AzureError as error:
            code, details = _STATUS.get(error.status, grpc.StatusCode.FAILED_PRECONDITION), mask(str(error))
        except (Unsupported, SchemaError) as error:
            code, details = grpc.StatusCode.UNIMPLEMENTED, mask(str(error))
        except StoreError as error:
            code, details = grpc.StatusCode.UNAVAILABLE, f"the local Azure: {error}"
        except Exception as error:
            code, details = grpc.StatusCode.INTERNAL, f"an internal error of the local Azure: {_origin(error)}"
        else:
            return
        self.abort(context, code, details)


def _origin(error: Exception) -> str:
    """Return an exception's type and the line that raised it, without its message, which may contain a secret."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def token_of(request: Any) -> str:
    """Return a request's type token. Older engines send it only in the URN."""
    return request.type or type_of(request.urn)


def logical_name_of(request: Any) -> str:
    """Return the resource's logical name."""
    return request.name or name_of(request.urn)
