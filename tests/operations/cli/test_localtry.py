"""`sde local try`: the answer, the deciding control, exit codes and `--json`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_azure.data_plane.world import CONTAINER, OWNERS, READERS, World
from tests.operations.cli.fakes import CliRunner

DESK = ("--as", OWNERS, "--from", "spoke/desks")


@pytest.fixture
def azure(sde: CliRunner) -> CliRunner:
    """The command line over a small Azure."""
    World(sde.settings.local_db.parent).store.close()
    return sde


def test_a_file_goes_in_and_comes_out_again(azure: CliRunner, tmp_path: Path) -> None:
    source, copy = tmp_path / "source.csv", tmp_path / "copy.csv"
    source.write_bytes(b"made up")
    assert azure("local", "try", "put", "store/box/2026/a.csv", *DESK, "--file", str(source)) == 0
    assert azure("local", "try", "get", "store/box/2026/a.csv", *DESK, "-o", str(copy)) == 0
    assert copy.read_bytes() == b"made up"
    assert azure("local", "try", "list", "store/box", *DESK, "--json") == 0
    answer = azure.lines[-1]
    assert (answer["allowed"], answer["status"]) == (True, 200)
    assert answer["result"]["blobs"][0]["name"] == "2026/a.csv"
    assert azure("local", "delete", f"{CONTAINER}/blobs/2026%2fa.csv") == 3
    assert "scripts/sde local try delete" in azure.err
    assert azure("local", "reset", "--yes") == 0
    assert not (azure.settings.local_db.parent / "blobs").exists()


def test_a_refusal_names_the_control_and_exits_with_3(azure: CliRunner) -> None:
    assert azure("local", "try", "list", "store/box", "--as", OWNERS, "--from", "198.51.100.7") == 3
    assert "- network rules          publicNetworkAccess of store is Disabled" in azure.out
    assert "403 AuthorizationFailure: This request is not authorized to perform this operation." in azure.err
    assert azure("local", "try", "delete", "store/box/a", "--as", READERS, "--from", "spoke/desks", "--json") == 3
    answer = azure.lines[0]
    assert (answer["allowed"], answer["code"]) == (False, "AuthorizationPermissionMismatch")
    assert answer["steps"][-1]["control"] == "role assignments"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("get", "store/box", *DESK), "The target of the request is incomplete."),
        (("list", "store/box/a", *DESK), "The target of the request is incomplete."),
        (("put", "store/box/a", *DESK), "There is nothing to put."),
        (("set-tags", "store/box/a", *DESK, "--tag", "x"), "An index tag has a key and a value."),
        (("get", "store/box/a", "--as", "nobody", "--from", "spoke/desks"), "There is no managed identity nobody."),
        (("get", "store/box/a", "--as", OWNERS, "--as", "x", "--from", "spoke/desks"), "has no groups"),
        (("get", "store/box/a", "--as", OWNERS, "--from", "nowhere"), "There is no virtual machine nowhere."),
        (("query", "logs", *DESK), "There is no workspace logs."),
        (("ssh", "vm", *DESK), "There is no virtual machine vm."),
    ],
)
def test_a_request_that_names_what_is_not_there_is_bad_input(
    azure: CliRunner, arguments: tuple[str, ...], message: str
) -> None:
    assert azure("local", "try", *arguments) == 2
    assert message in azure.err


def test_an_empty_local_azure_is_bad_input(sde: CliRunner) -> None:
    assert sde("local", "try", "list", "store/box", *DESK) == 2
    assert "The local Azure is empty." in sde.err
