"""The digest of the catalogue follows from the names and content of its files, and from nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.catalogue import PACKAGES, ROOT, Catalogue, catalogue_digest, catalogue_files

RULE = Path("policies/rules/storage/public_network_access.py")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def digest(folder: Path) -> str:
    return catalogue_digest.__wrapped__(folder)


def test_a_copy_has_the_same_digest(copied: Path) -> None:
    os.utime(copied / RULE, (0, 0))
    (copied / RULE).chmod(0o600)
    (copied / "policies" / "__pycache__").mkdir()
    (copied / "policies" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    (copied / "policies" / ".DS_Store").write_bytes(b"x")
    assert digest(copied) == digest(ROOT)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / RULE).write_text((root / RULE).read_text() + "\n"),
        lambda root: (root / RULE).unlink(),
        lambda root: (root / RULE).rename(root / RULE.with_name("other.py")),
        lambda root: (root / "policies/rules/more.py").write_text("x = 1\n"),
        lambda root: (root / "policies/more.so").write_bytes(b""),
        lambda root: (root / "policies/controls.yaml").write_text(""),
        lambda root: (root / "formats/arm/references.txt").write_text(""),
        lambda root: (root / "formats/egress.py").write_text(""),
    ],
)
def test_each_change_of_a_file_changes_the_digest(copied: Path, change: Callable[[Path], object]) -> None:
    change(copied)
    assert digest(copied) != digest(ROOT)


def test_the_digest_is_kept_when_files_change_later(copied: Path) -> None:
    before = catalogue_digest(copied)
    (copied / RULE).write_text("")
    assert catalogue_digest(copied) == before


def test_every_module_and_table_of_the_policies_is_covered() -> None:
    covered = {file.relative_to(ROOT).as_posix() for file in catalogue_files()}
    assert {"policies/exemptions.py",
            "policies/rules/network/nsg_outbound_internet.py", "policies/controls.yaml",
            "policies/expected/guardrails.py",
            "formats/people.py", "formats/arm/references.txt"} <= covered  # fmt: skip


def test_a_catalogue_in_words_has_digest_and_revision() -> None:
    assert str(Catalogue("sha256:ab")) == "catalogue sha256:ab"
    assert str(Catalogue("sha256:ab", "c0ffee", True)) == "catalogue sha256:ab, revision c0ffee, with local changes"
