"""The hint to run once more."""

from __future__ import annotations

import pytest

from operations.cli.busy_azure import AGAIN, CODES
from operations.cli.hints import with_hints


@pytest.mark.parametrize("code", CODES)
def test_an_error_of_a_busy_azure_says_to_run_once_more(code: str) -> None:
    found = with_hints(f"hub: a PrivateEndpoint: Code={code} Message=…")
    assert found.endswith(f"{AGAIN}, which goes on from here")
    assert with_hints(found) == found


def test_a_resource_outside_of_the_state_has_its_id() -> None:
    id_ = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
    found = with_hints(f"StorageAccount data: cannot create already existing resource '{id_}'")
    assert (
        f"If it is empty, as after a create whose answer was lost, delete it (az resource delete --ids {id_}" in found
    )
    assert found.endswith("Else leave it, and find out who made it")


def test_an_account_may_exist_all_the_same() -> None:
    found = with_hints("azure-native:storage:StorageAccount data: Code=StorageAccountOperationInProgress Message=…")
    # The message is the same for an update, of an account that holds data.
    assert "Never delete one of an earlier run" in found
    assert "if it does and is empty, delete it first (az storage account delete)" in found
    other = with_hints("azure-native:storage:BlobContainer data: Code=StorageAccountOperationInProgress Message=…")
    assert "delete it" not in other


@pytest.mark.parametrize(("message", "why"), [
    ("azure-native:keyvault:Vault keys: Code=ScopeLocked Message=…", "A lock acts for some minutes after its deletion"),
    ("azure-native:privatedns:PrivateZone blob: Code=CannotDeleteResource Message=… nested resources exist …",
     "A zone has its links for some minutes after their deletion"),
])  # fmt: skip
def test_a_delete_that_azure_sees_late_is_run_again(message: str, why: str) -> None:
    found = with_hints(message)
    assert f"{why}: {AGAIN}" in found
    assert with_hints(found) == found


def test_a_size_of_other_hardware_needs_a_stopped_desk() -> None:
    message = "VirtualMachine desk: Code=OperationNotAllowed … is not available in the current hardware cluster. …"
    found = with_hints(message)
    assert "az vm deallocate" in found
    assert with_hints(found) == found


def test_another_error_has_no_such_hint() -> None:
    assert "same command" not in with_hints("Code=NetcfgInvalidSubnet Message=…")
