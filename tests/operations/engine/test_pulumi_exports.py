"""A stack in a folder is exported by the Pulumi CLI again only after its state's file changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from operations.engine.pulumi_cli import PulumiCli


@pytest.fixture
def engine(tmp_path: Path) -> PulumiCli:
    return PulumiCli(tmp_path, {"PULUMI_BACKEND_URL": f"file://{tmp_path}"}, creates_stacks=True)


def test_a_state_is_exported_once_until_its_file_changes(
    engine: PulumiCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / ".pulumi/stacks/sde/a.json"
    state.parent.mkdir(parents=True)
    ran: list[Sequence[str]] = []

    def run(_: str, arguments: Sequence[str]) -> str:
        ran.append(arguments)
        return f'{{"deployment": {state.read_text()}}}'

    monkeypatch.setattr(engine._commands, "run", run)
    for text in ("{}", '{"resources": []}'):
        state.write_text(text)
        found = [engine.export_state("a"), engine.export_state("a")]
        assert found[0] == found[1]
        assert found[0] is not found[1]  # a caller may change its own
    assert len(ran) == 2
    (tmp_path / ".pulumi/journal/sde/a").mkdir(parents=True)
    (tmp_path / ".pulumi/journal/sde/a/manifest.json").touch()  # of a killed run: the file is not the whole state
    engine.export_state("a")
    engine.export_state("a")
    assert len(ran) == 4
