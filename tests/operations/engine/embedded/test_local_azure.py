"""The embedded engine with the local Azure: a resource created before a kill is adopted."""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local_azure import create_providers
from operations.engine.embedded.backend import Backend
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.embedded.journal import Journal
from operations.engine.port import StackSettings
from tests.operations.engine.in_process import InProcess

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"


class Killed(BaseException):
    """The process was killed."""


def program() -> None:
    from pulumi_azure_native import network, resources, storage
    from pulumi_random import RandomPassword

    group = resources.ResourceGroup("group", resource_group_name="group", location="uksouth", tags={"owner": "ann"})
    net = network.VirtualNetwork(
        "net", resource_group_name=group.name, address_space={"address_prefixes": ["10.0.0.0/16"]}
    )
    network.Subnet(
        "subnet", resource_group_name=group.name, virtual_network_name=net.name, address_prefix="10.0.1.0/24"
    )
    account = storage.StorageAccount(
        "data",
        resource_group_name=group.name,
        kind=storage.Kind.STORAGE_V2,
        sku={"name": storage.SkuName.STANDARD_LRS},
        location="uksouth",
    )
    storage.BlobContainer("box", resource_group_name=group.name, account_name=account.name)
    pulumi.export("password", RandomPassword("password", length=20).result)


@pytest.mark.parametrize("killed", range(6))
def test_resource_created_before_the_kill_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: int
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: sde\nruntime: python\n")
    config = {"sde:cloud": "local", "azure-native:subscriptionId": SUBSCRIPTION, "azure-native:location": "uksouth"}
    stack = StackSettings("dev", config, tmp_path / "Pulumi.dev.yaml")
    providers, runner = partial(create_providers, tmp_path / "azure.db"), InProcess(program)
    engine = EmbeddedEngine(tmp_path, tmp_path / "state", providers, lambda: "words", runner)
    ended = 0
    end = Journal.end

    def killing(self: Journal, operation: Any, changes: Any) -> None:
        nonlocal ended
        ended += operation is not None
        if ended > killed:
            raise Killed
        end(self, operation, changes)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "end", killing)
        patched.setattr(Backend, "finish", lambda *_: None)
        with pytest.raises(Killed):
            engine.up(stack)
    outcome = engine.up(stack)
    assert outcome.counts == {"same": killed + 1, **({"create": 5 - killed} if killed < 5 else {})}
    assert engine.up(stack).counts == {"same": 6}
    assert engine.refresh(stack).counts == {"same": 6}
    assert engine.preview(stack).changes == ()
    assert engine.destroy(stack).resources == 0


def test_a_run_closes_the_database_of_the_local_azure(tmp_path: Path) -> None:
    """Otherwise the last changes stay in the write-ahead log, and a copy of the database's file lacks them."""
    (tmp_path / "Pulumi.yaml").write_text("name: sde\nruntime: python\n")
    config = {"sde:cloud": "local", "azure-native:subscriptionId": SUBSCRIPTION, "azure-native:location": "uksouth"}
    stack = StackSettings("dev", config, tmp_path / "Pulumi.dev.yaml")
    database = tmp_path / "azure.db"
    providers, runner = partial(create_providers, database), InProcess(program)
    engine = EmbeddedEngine(tmp_path, tmp_path / "state", providers, lambda: "words", runner)
    gc.disable()
    try:
        engine.up(stack)
        assert not database.with_name("azure.db-wal").exists()
        engine.preview(stack)
        assert not database.with_name("azure.db-wal").exists()
    finally:
        gc.enable()
