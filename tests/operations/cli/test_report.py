"""`sde report` on a deployed estate."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.engine.embedded.secrets import Crypter
from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """A copy of the deployed estate, with its home folder."""
    shutil.copytree(deployed_estate(), tmp_path / "site")
    return tmp_path / "site"


def sde(estate: Path, *arguments: str) -> int:
    """Run a command."""
    settings = Settings.load({"SDE_HOME": str(estate / "home"), "PATH": "/nowhere"})
    return main([*arguments, "--estate", str(estate / "estate")], settings=settings)


def secrets_of(home: Path) -> set[str]:
    """Return the texts of all secrets in the states."""
    found = {(home / "local/passphrase").read_text().strip(), (home / "local/ledger-passphrase").read_text().strip()}
    for file in (home / "state/.pulumi/stacks/sde").glob("*.json"):
        latest = json.loads(file.read_text())["checkpoint"]["latest"]
        crypter = Crypter((home / "local/passphrase").read_text().strip, latest["secrets_providers"]["state"]["salt"])
        for ciphertext in {one["ciphertext"] for one in _mappings(latest["resources"]) if "ciphertext" in one}:
            found |= {one for one in _leaves(json.loads(crypter.decrypt(ciphertext))) if len(one) >= 8}
    return found


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(one)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _leaves(one)


def test_a_report_has_the_orphaned_stack_and_no_secret(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "estate/requests/hcm-progression.yaml").unlink()
    (estate / "estate/exemptions.yaml").write_text("exemptions: [{id: unfinished}]\n")
    assert sde(estate, "report", "-o", str(tmp_path / "report")) == 0, capsys.readouterr()
    page = (tmp_path / "report/stacks/tre-hcm-progression.html").read_text()
    assert "scripts/sde destroy tre-hcm-progression" in page
    assert "exemption unfinished is ignored" in (tmp_path / "report/findings.html").read_text()
    secrets = secrets_of(estate / "home")
    assert len(secrets) > 2
    for file in [one for one in (tmp_path / "report").rglob("*") if one.is_file()]:
        text = file.read_text()
        assert not [one for one in secrets if one in text], file
        assert str(tmp_path) not in text, file
