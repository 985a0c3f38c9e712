"""The scripts with which shells complete, and what bash completes with its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from operations.cli.app import COMMANDS
from operations.cli.completion import Node, Shell, fish_quoted, nodes, script
from tests.operations.cli.fakes import CliRunner
from tests.operations.estates import copy_whole

TRY = 'try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _sde; echo "${COMPREPLY[@]}"; }'


@pytest.fixture(scope="module")
def known() -> tuple[Node, ...]:
    return tuple(nodes())


def test_bash_completes_commands_options_values_stacks_and_projects(known: tuple[Node, ...], tmp_path: Path) -> None:
    estate = tmp_path / "my estate"
    copy_whole(estate)
    (estate / "requests/new-one.yaml").touch()
    lines = {
        "sde ''": "access azure cancel",
        "scripts/sde policy c": "check checkov",
        "sde policy check --form": "--format",
        "sde policy check --format ''": "html json junit markdown sarif table",
        "sde --estate '{estate}' up tre-w": "tre-waiting-times",
        "sde --estate '{estate}' up pl": "platform",
        "sde --estate '{estate}' up --parallel 2 tre-n": "tre-new-one",
        "sde --estate '{estate}' up sh": "shared-respiratory",
        "sde cost --estate '{estate}' n": "new-one",
        "sde request approvers ''": "change show sign",
        "sde up --target ''": "",
        "sde nonsense ''": "access azure cancel",
        "sde export arm -o {estates}": str(estate),
    }
    asked = "\n".join(f"try {line}".format(estate=estate, estates=tmp_path / "my") for line in lines)
    text = f"{script(Shell.BASH, known)}\n{TRY}\n{asked}\n"
    done = subprocess.run(["bash", "-u"], input=text, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    for line, found, wanted in zip(lines, done.stdout.splitlines(), lines.values(), strict=True):
        assert found == wanted or (found.startswith(wanted) and "''" in line), line


def test_every_shell_gets_every_command(sde: CliRunner, known: tuple[Node, ...]) -> None:
    paths = {f"{group} {name}".strip() for group in COMMANDS for name in COMMANDS[group]}
    assert paths < {node.path for node in known}
    for text in (script(shell, known) for shell in Shell):
        assert all(path in text for path in paths)
    assert sde("completion", "tcsh") == 2


def test_a_help_with_quotes_stays_one_word_of_fish() -> None:
    assert fish_quoted("a stack's \\ path") == "'a stack\\'s \\\\ path'"
