"""The services of a run answer this run's program only."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from operations.engine.program_run import TOKEN_KEY, _WithoutDebug
from operations.engine.program_services import served, typed


class Answering:
    """Services that answer each request."""

    def call(self, _path: str, method: Any, request: bytes) -> bytes:
        return typed(method, lambda _message: empty_pb2.Empty(), request)

    def message(self, text: str) -> None:
        raise AssertionError(text)


@pytest.mark.parametrize("token", [None, "", "guess"])
def test_a_request_without_the_token_of_the_run_is_not_answered(token: str | None) -> None:
    with served(Answering(), 1) as run:
        stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(run.address.target))
        stub.Log(engine_pb2.LogRequest(), metadata=[(TOKEN_KEY, run.address.token)])
        with pytest.raises(grpc.RpcError) as refused:
            stub.Log(engine_pb2.LogRequest(), metadata=[] if token is None else [(TOKEN_KEY, token)])
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_only_the_owner_can_reach_the_socket() -> None:
    with served(Answering(), 1) as run:
        folder = Path(run.address.target.removeprefix("unix:")).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_two_runs_have_different_tokens() -> None:
    with served(Answering(), 1) as one, served(Answering(), 1) as other:
        assert one.address.token != other.address.token


def test_the_program_sends_no_debug_messages() -> None:
    sent: list[tuple[str, Any]] = []

    class Client:
        def Log(self, request: Any, metadata: Any) -> None:  # noqa: N802 - the protocol's name
            sent.append((request.message, metadata))

    client = _WithoutDebug(Client(), "token")
    client.Log(engine_pb2.LogRequest(severity=engine_pb2.DEBUG, message="registering"))
    client.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message="shown"))
    assert sent == [("shown", ((TOKEN_KEY, "token"),))]
