"""The plugin executables, spoken to over gRPC as the official engine does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local_azure import servicers
from local_azure.schema import azure_native
from local_azure.wire import from_struct, to_struct
from tests.local_azure.support import GROUP, SUBSCRIPTION, Context, urn

BIN = Path(__file__).parents[2] / "local_azure" / "bin"


@contextmanager
def plugin(package: str, database: Path) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    environment = {**os.environ, "SDE_LOCAL_AZURE": str(database)}
    process = subprocess.Popen(
        [BIN / f"pulumi-resource-{package}"], stdout=subprocess.PIPE, text=True, env=environment, cwd="/"
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_azure_native_is_served_and_shares_the_file(tmp_path: Path) -> None:
    database = tmp_path / "azure.db"
    inputs = to_struct({"resourceGroupName": "rg-one", "location": "uksouth"})
    with plugin("azure-native", database) as stub:
        assert stub.GetPluginInfo(empty_pb2.Empty()).version == azure_native().version
        stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"subscriptionId": SUBSCRIPTION})))
        checked = stub.Check(provider_pb2.CheckRequest(urn=urn(GROUP), news=inputs))
        assert not checked.failures
        made = stub.Create(provider_pb2.CreateRequest(urn=urn(GROUP), properties=checked.inputs))
        with pytest.raises(grpc.RpcError) as found:
            stub.Create(provider_pb2.CreateRequest(urn=urn(GROUP), properties=checked.inputs))
        assert found.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "already existing" in found.value.details()
    provider = servicers(database)["azure-native"]
    answer = provider.Read(provider_pb2.ReadRequest(urn=urn(GROUP), id=made.id), Context())
    assert from_struct(answer.properties)["name"] == "rg-one"


def test_random_is_served(tmp_path: Path) -> None:
    token = "random:index/randomUuid:RandomUuid"
    with plugin("random", tmp_path / "azure.db") as stub:
        made = stub.Create(provider_pb2.CreateRequest(urn=urn(token), properties=to_struct({})))
        assert from_struct(made.properties)["result"] == made.id


@pytest.mark.parametrize("package", ["azure-native", "random"])
def test_no_database_no_provider(package: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SDE_LOCAL_AZURE"}
    run = subprocess.run(
        [BIN / f"pulumi-resource-{package}"], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 2
    assert "SDE_LOCAL_AZURE is not set" in run.stderr
    assert run.stdout == ""


def test_a_damaged_database_is_told_without_a_traceback(tmp_path: Path) -> None:
    database = tmp_path / "azure.db"
    database.write_bytes(b"not a database at all" * 300)
    environment = {**os.environ, "SDE_LOCAL_AZURE": str(database)}
    run = subprocess.run(
        [BIN / "pulumi-resource-azure-native"], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 2
    assert "damaged" in run.stderr
    assert "Traceback" not in run.stderr


def test_both_packages_have_a_servicer(tmp_path: Path) -> None:
    assert set(servicers(tmp_path / "azure.db")) == {"azure-native", "random"}
