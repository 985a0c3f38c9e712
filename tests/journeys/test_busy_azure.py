"""An Azure under load: lost answers, and programs that do not order their writes.

tests/parity/test_two_cells.py and test_changes.py have the whole estate in it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local_azure.admin import delete, resources, set_load
from local_azure.load.setting import Load
from operations.cli.busy_azure import AGAIN
from operations.settings import ROOT
from tests.journeys.conftest import WITHOUT_POLICIES, Workspace

DATABASE = "local/azure.db"


def test_an_account_whose_answer_was_lost_needs_one_more_run(bare: Workspace) -> None:
    set_load(bare.home / DATABASE, Load.LOST_ANSWER)
    said = bare.sde("up", "platform", "--yes", code=1)
    assert "If this run was to create the account, it may exist" in said
    (account,) = (one.id for one in resources(bare.home / DATABASE) if one.type.endswith(":StorageAccount"))
    unheeded = bare.sde("up", "platform", "--yes", code=1)
    assert f"az resource delete --ids {account}" in unheeded
    assert delete(bare.home / DATABASE, account)
    bare.sde("up", "platform", "--yes")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, of which each test changes one file. It stays where it is: its host is kept."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "infra", project / "infra")
    shutil.copy(ROOT / "Pulumi.yaml", project)
    return project


@pytest.mark.parametrize(
    ("file", "ordered", "code"),
    [
        ("base_component.py", "[*placement.network_writes.last, *after]", "RetryableError"),
        ("bastion.py", "args.after)", "AnotherOperationInProgress"),
        ("blob_storage_account.py", "self._writes.last", "StorageAccountOperationInProgress"),
        ("firewall.py", "[self._last_rules, *args.after]", "AnotherOperationInProgress"),
        ("policy_guardrails.py", "after.last)", "PolicyDefinitionNotFound"),
        ("subnet.py", "home.writes.last)", "AnotherOperationInProgress"),
    ],
)
def test_a_program_without_an_order_is_refused(
    bare: Workspace, project: Path, file: str, ordered: str, code: str
) -> None:
    bare.project, bare.open_gate = project, WITHOUT_POLICIES
    path = bare.project / "infra/components" / file
    text = path.read_text()
    assert f"depends_on={ordered}" in text
    path.write_text(text.replace(f"depends_on={ordered}", f"depends_on=[]{')' * ordered.endswith(')')}"))
    set_load(bare.home / DATABASE, Load.BUSY)
    said = bare.sde("up", "platform", "--yes", code=1)
    path.write_text(text)
    assert code in said
    assert AGAIN in said
