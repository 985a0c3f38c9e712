"""A program in Go, on Go's own packages for transparency logs, verifies a ledger and finds what was changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.made_once import made_once
from tests.operations.ledger.logs import KEY, OTHER, make_log

SOURCE = Path(__file__).parent / "verifier"
BATCHES = [1, 254, 2, 300, 211]


def _build(program: Path) -> None:
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    command = ["go", "build", "-o", str(program), "."]
    run = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        program.write_text(run.stderr)
        program.chmod(0o600)


@pytest.fixture(scope="module")
def verifier() -> Path:
    if shutil.which("go") is None:
        pytest.skip("no Go to build the independent verifier with")
    program = made_once("ledger-verifier", _build)
    if not os.access(program, os.X_OK):
        text = program.read_text()
        if "dial tcp" in text or "toolchain not available" in text or "requires go >=" in text:
            pytest.skip(f"the independent verifier cannot be built here: {text.splitlines()[-1]}")
        pytest.fail(text)
    return program


def run(verifier: Path, folder: Path, key: str = str(KEY.verifier())) -> subprocess.CompletedProcess[str]:
    return subprocess.run([verifier, key, folder], capture_output=True, text=True, check=False)


def test_every_size_verifies(verifier: Path, tmp_path: Path) -> None:
    for count in range(len(BATCHES) + 1):
        if count:
            make_log(tmp_path / str(count), BATCHES[:count])
            found = run(verifier, tmp_path / str(count))
            assert (found.returncode, found.stderr) == (0, "")
            assert found.stdout.startswith(f"{sum(BATCHES[:count])} entries, root ")


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/001", "tile/1/000.p/3", "tile/entries/000", "tile/0/003.p/0"])
def test_a_changed_file_does_not_verify(verifier: Path, tmp_path: Path, name: str) -> None:
    make_log(tmp_path, [*BATCHES, 1])
    file = tmp_path / name.replace("003.p/0", "003.p/1")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert run(verifier, tmp_path).returncode == 1


def test_another_key_does_not_verify(verifier: Path, tmp_path: Path) -> None:
    make_log(tmp_path, BATCHES)
    assert run(verifier, tmp_path, str(OTHER.verifier())).returncode == 1
