"""The project folder and the two engines for the small programs of this folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operations.engine.choose import choose
from operations.engine.pulumi_cli import PulumiCli
from operations.settings import Settings
from tests.parity.small import Pair, World
from tests.pulumi_cli import CLI


def world_of(engine: str, root: Path, home: Path) -> World:
    """Return an engine from `choose` with its own home folder; the CLI is the one that the tests use."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "SDE_"))}
    settings = Settings.load({**environment, "SDE_HOME": str(home)}, root=root)
    if engine == "embedded":
        return World(choose("embedded", "local", settings), home)
    return World(PulumiCli(root, settings.local_environment(), creates_stacks=True, command=CLI), home)


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Both engines, once per process, because each loads the SDK and the CLI's language host keeps running."""
    root = tmp_path_factory.mktemp("small")
    (root / "Pulumi.yaml").write_text("name: sde\nruntime: python\n")
    embedded, pulumi = (world_of(name, root, root / "homes" / name) for name in ("embedded", "pulumi"))
    return Pair(root, embedded, pulumi)


@pytest.fixture
def pair(both: Pair) -> Pair:
    """Both engines, with empty clouds and states."""
    for world in both.worlds.values():
        world.empty()
    for file in both.root.glob("Pulumi.*.yaml"):
        file.unlink()
    return both
