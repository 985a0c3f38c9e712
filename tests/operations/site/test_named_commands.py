"""The commands that the report's pages name exist."""

from __future__ import annotations

import re

from operations.cli.app import COMMANDS
from operations.settings import ROOT


def test_every_command_that_a_page_names_exists() -> None:
    files = [file for folder in ("site", "evidence") for file in (ROOT / "operations" / folder).rglob("*") if
             file.suffix in (".py", ".j2")]  # fmt: skip
    named = {(one[0], one[1], file.name) for file in files
             for one in re.findall(r"scripts/sde ([a-z]+)(?: ([a-z]+))?", file.read_text())}  # fmt: skip
    assert named
    unknown = {one for one in named if one[0] not in COMMANDS[""] and one[1] not in COMMANDS.get(one[0], {})}
    assert unknown == set()
