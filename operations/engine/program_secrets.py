"""Mask secrets in the messages of a program that the Pulumi CLI runs: the CLI masks those of the configuration only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.settings import SETTINGS

from formats.property_values import SECRET_SIGNATURE, secret
from operations.engine.secret_filter import SecretFilter


def mask_secrets(config: Mapping[str, str], secret_keys: Iterable[str]) -> None:
    """Record every secret that the SDK sends or receives from now on, and mask it in the program's messages."""
    secret_filter = SecretFilter()
    for key in secret_keys:
        secret_filter.add(secret(config[key]))
    SETTINGS.monitor = _Monitor(SETTINGS.monitor, secret_filter)
    SETTINGS.engine = _Engine(SETTINGS.engine, secret_filter)


class _Monitor:
    """The client of the engine's resource monitor."""

    def __init__(self, client: Any, secret_filter: SecretFilter) -> None:
        self._client, self._secret_filter = client, secret_filter

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)

        def recorded_call(request: Any, *more: Any, **options: Any) -> Any:
            self._record(request)
            response = call(request, *more, **options)
            self._record(response)
            return response

        return recorded_call

    def _record(self, message: Any) -> None:
        if SECRET_SIGNATURE.encode() not in message.SerializeToString():
            return
        for _, value in message.ListFields():
            if isinstance(value, struct_pb2.Struct):
                self._secret_filter.add(json_format.MessageToDict(value))


class _Engine:
    """The client of the engine, which the SDK sends messages to."""

    def __init__(self, client: Any, secret_filter: SecretFilter) -> None:
        self._client, self._secret_filter = client, secret_filter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def Log(self, request: Any, *more: Any) -> Any:  # noqa: N802 - the protocol's name
        """Send a message, masked."""
        request.message = self._secret_filter.redact(request.message)
        return self._client.Log(request, *more)
