"""The plugin executables, called over gRPC as the official engine does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from formats.property_values import to_struct
from local_azure import create_providers
from local_azure.schema import azure_native
from local_azure.wire import from_struct
from tests.local_azure.support import GROUP, SUBSCRIPTION, Context, urn

BIN = Path(__file__).parents[2] / "local_azure" / "bin"


@contextmanager
def plugin(package: str, database: Path) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    environment = {**os.environ, "SDE_LOCAL_AZURE": str(database)}
    process = subprocess.Popen(
        [BIN / f"pulumi-resource-{package}"],
        stdin=subprocess.DEVNULL,  # no pipe from an engine: it runs until it is terminated
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd="/",
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_azure_native_plugin_uses_the_shared_database(tmp_path: Path) -> None:
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
    provider = create_providers(database)["azure-native"]
    response = provider.Read(provider_pb2.ReadRequest(urn=urn(GROUP), id=made.id), Context())
    assert from_struct(response.properties)["name"] == "rg-one"


def test_random_plugin_serves_requests(tmp_path: Path) -> None:
    token = "random:index/randomUuid:RandomUuid"
    with plugin("random", tmp_path / "azure.db") as stub:
        made = stub.Create(provider_pb2.CreateRequest(urn=urn(token), properties=to_struct({})))
        assert from_struct(made.properties)["result"] == made.id


@pytest.mark.parametrize("package", ["azure-native", "random"])
def test_plugin_exits_when_its_engine_is_killed(tmp_path: Path, package: str) -> None:
    command = str(BIN / f"pulumi-resource-{package}")
    engine = f"import subprocess; subprocess.Popen([{command!r}], stdin=subprocess.PIPE).wait()"
    process = subprocess.Popen(
        [sys.executable, "-c", engine],
        stdout=subprocess.PIPE,
        env={**os.environ, "SDE_LOCAL_AZURE": str(tmp_path / "azure.db")},
    )
    assert process.stdout
    assert int(process.stdout.readline())
    process.kill()
    ended = threading.Thread(target=process.stdout.read, daemon=True)  # until the provider closes it
    ended.start()
    ended.join(timeout=10)
    assert not ended.is_alive()


@pytest.mark.parametrize("package", ["azure-native", "random"])
def test_plugin_starts_without_slow_imports(tmp_path: Path, package: str) -> None:
    """The engine starts several plugins for each command, and importing the SDK or pydantic is slow."""
    program = (
        "import sys; from local_azure import server; server._stub_sdk_packages(); from pathlib import Path\n"
        f"server.start({package!r}, Path({str(tmp_path / 'azure.db')!r}))[0].stop(0)\n"
        "assert not {'pulumi.resource', 'pulumi.automation', 'dill', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=BIN.parents[1], timeout=60)


@pytest.mark.parametrize("package", ["azure-native", "random"])
def test_plugin_refuses_to_start_without_a_database(package: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SDE_LOCAL_AZURE"}
    run = subprocess.run(
        [BIN / f"pulumi-resource-{package}"], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 2
    assert "SDE_LOCAL_AZURE is not set" in run.stderr
    assert run.stdout == ""


def test_damaged_database_is_reported_without_a_traceback(tmp_path: Path) -> None:
    database = tmp_path / "azure.db"
    database.write_bytes(b"not a database at all" * 300)
    environment = {**os.environ, "SDE_LOCAL_AZURE": str(database)}
    run = subprocess.run(
        [BIN / "pulumi-resource-azure-native"], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 2
    assert "damaged" in run.stderr
    assert "Traceback" not in run.stderr


def test_create_providers_returns_both_packages(tmp_path: Path) -> None:
    assert set(create_providers(tmp_path / "azure.db")) == {"azure-native", "random"}
