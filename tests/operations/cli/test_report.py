"""`sde report` and `sde register` on a deployed estate."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.engine.embedded.secrets import Crypter
from operations.ledger.ledger import open_local
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


def remove_last_diff(home: Path) -> int:
    """Remove the diff that the ledger keeps of the last change, and return the change's number."""
    entries = list(open_local(Settings.load({"SDE_HOME": str(home)})).entries())
    number, entry = [one for one in entries if "diff" in one[1].objects][-1]
    (home / f"ledger/objects/{entry.objects['diff'].removeprefix('sha256:')}.json.gz").unlink()
    return number


def test_a_report_has_the_orphaned_stack_what_the_ledger_lost_and_no_secret(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = remove_last_diff(estate / "home")
    (estate / "estate/requests/hcm-progression.yaml").unlink()
    (estate / "estate/exemptions.yaml").write_text("exemptions: [{id: unfinished}]\n")
    assert sde(estate, "report", "-o", str(tmp_path / "report")) == 0, capsys.readouterr()
    assert "The ledger of local does not verify: " in capsys.readouterr().err
    page = (tmp_path / f"report/changes/{change}.html").read_text()
    assert "what the ledger keeps of the diff cannot be read" in page
    page = (tmp_path / "report/stacks/tre-hcm-progression.html").read_text()
    assert "scripts/sde destroy tre-hcm-progression" in page
    assert "exemption unfinished is ignored" in (tmp_path / "report/findings.html").read_text()
    secrets = secrets_of(estate / "home")
    assert len(secrets) > 2
    for file in [one for one in (tmp_path / "report").rglob("*") if one.is_file()]:
        text = file.read_text()
        assert not [one for one in secrets if one in text], file
        assert str(tmp_path) not in text, file


def test_no_register_rests_on_a_ledger_that_does_not_verify(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = tmp_path / "projects.html"
    published.write_text("the last one")
    (estate / "home/ledger/checkpoint").unlink()
    assert sde(estate, "register", "-o", str(published)) == 1
    assert "The ledger does not verify, so no register rests on it" in capsys.readouterr().err
    assert published.read_text() == "the last one"
