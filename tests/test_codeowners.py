"""Every file of the judge is owned by others than those who change what it judges."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES = [line.split() for line in (ROOT / "CODEOWNERS").read_text().splitlines() if line and not line.startswith("#")]
RULES = [(pattern, frozenset(owners)) for pattern, *owners in LINES]
SECURITY = "@example-sde/security"
JUDGE = (
    "approvals",
    "policies",
    "formats",
    "local_azure",
    "operations",
    "scripts",
    ".ci",
    ".github",
    ".azuredevops",
    "requirements",
    "tests/policies",
)
DATA = (
    "CODEOWNERS",
    "azure-pipelines.yml",
    "estate/people.yaml",
    "estate/exemptions.yaml",
    "pyproject.toml",
    "requirements.txt",
)
JUDGED = ("infra", "tre_templates")
IMPORTED = """
import sys
import policies.pack
import local_azure.plugins, local_azure.server
from policies.catalogue import load_catalogue
from operations.cli import app, gate
load_catalogue()
for functions in app.COMMANDS.values():
    for function in functions.values():
        app._function(function)
print(*(m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)), sep="\\n")
"""
"""Prints every file that the command line and the policies are loaded from."""


def owners(path: str) -> frozenset[str]:
    """Return the owners of a file: those of the last pattern that matches."""
    found: frozenset[str] = frozenset()
    for pattern, named in RULES:
        if pattern == "*" or path == pattern[1:] or (pattern.endswith("/") and path.startswith(pattern[1:])):
            found = named
    return found


def files(folder: str) -> list[str]:
    found = (ROOT / folder).rglob("*")
    return [f.relative_to(ROOT).as_posix() for f in found if f.is_file() and "__pycache__" not in f.parts]


def test_each_pattern_is_a_path_that_exists() -> None:
    assert RULES[0][0] == "*"
    for pattern, named in RULES[1:]:
        assert re.fullmatch(r"/[A-Za-z0-9_./-]+", pattern), "no wildcards: each path is read as it is written"
        assert (ROOT / pattern[1:]).is_dir() if pattern.endswith("/") else (ROOT / pattern[1:]).is_file(), pattern
        assert named


@pytest.mark.parametrize("folder", JUDGE)
def test_every_file_of_the_judge_has_security_owners(folder: str) -> None:
    found = files(folder)
    assert found
    assert [path for path in found if SECURITY not in owners(path)] == []


def test_data_that_the_judge_trusts_has_security_owners() -> None:
    assert [path for path in DATA if SECURITY not in owners(path)] == []


def test_every_file_that_the_judge_is_loaded_from_has_security_owners() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    own = [Path(file).relative_to(ROOT).as_posix() for file in printed if Path(file).is_relative_to(ROOT)]
    loaded = [path for path in own if not path.startswith(".venv")]
    assert "policies/runner.py" in loaded
    assert [path for path in loaded if SECURITY not in owners(path)] == []


def test_the_judged_program_has_other_owners() -> None:
    """Who may change the program alone must not need, or be able to give, the judge's review."""
    assert [path for folder in JUDGED for path in files(folder) if SECURITY in owners(path)] == []
