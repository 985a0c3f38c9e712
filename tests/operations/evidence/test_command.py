"""`sde evidence` on a deployed estate."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from approvals.public_keys import Algorithm
from approvals.signers import KeySigner
from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate

PASSPHRASE = "correct horse battery"


class Estate:
    """A copy of the deployed estate."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        shutil.copytree(deployed_estate(), folder, dirs_exist_ok=True)
        self.folder, self._capture = folder, capture
        self._settings = Settings.load({"SDE_HOME": str(folder / "home"), "PATH": "/nowhere",
                                        "SDE_APPROVER_PASSPHRASE": PASSPHRASE})  # fmt: skip

    def sde(self, *arguments: str) -> tuple[int, str]:
        """Run a command, and return its exit code with all that it printed."""
        self._capture.readouterr()
        code = main([*arguments, "--estate", str(self.folder / "estate")], settings=self._settings)
        said = self._capture.readouterr()
        return code, said.out + said.err

    def claim(self, number: str) -> dict[str, Any]:
        """Return a claim on SATRE in the pack that was written."""
        with zipfile.ZipFile(self.folder / "pack.zip") as archive:
            found: dict[str, Any] = json.loads(archive.read(f"claims/satre/{number}.json"))
            return found


@pytest.fixture
def estate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Estate:
    """A copy of the deployed estate."""
    return Estate(tmp_path, capsys)


def test_a_signed_pack_of_the_deployed_estate_verifies(estate: Estate) -> None:
    pack, key = str(estate.folder / "pack.zip"), str(estate.folder / "key.pem")
    signer = KeySigner.new(Algorithm.ED25519)
    id_, twice = signer.key.id, ("--control", "satre:2.2.11", "--control", "SATRE:2.2.11")
    Path(key).write_bytes(signer.encrypted(PASSPHRASE))
    code, said = estate.sde("evidence", *twice, "--key", key, "-o", pack)
    assert (code, f"signed with {id_}" in said, "1 claim: 1 met" in said) == (0, True, True), said
    claim = estate.claim("2.2.11")
    assert (claim["outcome"], claim["reasons"]) == ("met", [])
    assert claim["ledger"]["entries"]["platform"]
    code, said = estate.sde("evidence", "--verify", pack, "--signer", id_)
    assert (code, "The ledger entries are in the tree" in said) == (0, True), said
    assert estate.sde("evidence", "--verify", pack, "--signer", "0" * 64)[0] == 1


def test_a_claim_that_is_not_met_ends_with_3_and_the_pack_is_there(estate: Estate) -> None:
    pack = str(estate.folder / "pack.zip")
    code, said = estate.sde("evidence", "--control", "SATRE:2.7.01", "-o", pack)
    assert (code, "SATRE:2.7.01: nothing was judged" in said, "not signed" in said) == (3, True, True), said
    assert estate.claim("2.7.01")["outcome"] == "not met"


def test_a_stack_that_is_gone_without_an_entry_is_missing_and_not_certain(estate: Estate) -> None:
    (state,) = (estate.folder / "home").rglob("tre-hcm-progression.json")
    state.unlink()
    code, said = estate.sde("evidence", "--control", "SATRE:2.8.01", "-o", str(estate.folder / "pack.zip"))
    assert code == 3, said
    first, second = estate.claim("2.8.01")["reasons"]
    assert first == "tre-hcm-progression is not deployed"
    assert second.startswith(
        "the evidence of tre-hcm-progression is not certain: tre-hcm-progression has another state"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--control", "SATRE:9.9.99"], "has no such control"), (["--control", "SATRE:2.2.1"], "2.2.01, 2.2.02"),
     (["--control", "PCI:1"], "no such standard"), ([], "Name controls"),
     (["--all", "--control", "CE:1.4"], "Name controls"),
     (["--all", "-o", ""], "cannot be written"),
     (["--all", "-o", "-"], "needs a file"), (["--all", "--signer", "a"], "goes with --verify"),
     (["--all", "--verify", "x.zip"], "not both"), (["--verify", "x.zip"], "cannot be read")],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)  # fmt: skip
def test_wrong_use_is_one_message(estate: Estate, arguments: list[str], words: str) -> None:
    code, said = estate.sde("evidence", *arguments)
    assert (code, words in said, "fix:" in said or "allowed:" in said) == (2, True, True), said
