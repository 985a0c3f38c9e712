"""The choice of the engine with a usable, a missing and an unusable Pulumi CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from formats.errors import InputError
from operations.engine.choose import choose, local_cli
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.installed_cli import OLDEST_VERSION
from operations.engine.pulumi_cli import PulumiCli
from operations.settings import Settings
from tests.pulumi_cli import CLI, needs_cli


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "path").mkdir()
    return Settings.load({"PATH": str(tmp_path / "path"), "SDE_HOME": str(tmp_path / "home")}, root=tmp_path)


def put(command: Path, text: str) -> Path:
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f"#!/bin/sh\n{text}\n")
    command.chmod(0o755)
    return command


def on_path(settings: Settings, text: str) -> Path:
    return put(settings.root / "path" / "pulumi", text)


def test_auto_uses_the_cli_on_path_only(settings: Settings) -> None:
    put(settings.built_cli, f"echo v{OLDEST_VERSION}")
    assert isinstance(choose("auto", "local", settings), EmbeddedEngine)
    assert local_cli(settings) is None
    on_path(settings, f"echo v{OLDEST_VERSION}")
    assert isinstance(choose("auto", "local", settings), PulumiCli)
    assert isinstance(choose("auto", "azure", settings), PulumiCli)
    assert local_cli(settings)


def test_pulumi_uses_the_built_cli_if_none_is_on_path(settings: Settings) -> None:
    with pytest.raises(InputError, match="scripts/pulumi-cli"):
        choose("pulumi", "local", settings)
    put(settings.built_cli, f"echo v{OLDEST_VERSION}")
    assert isinstance(choose("pulumi", "local", settings), PulumiCli)
    assert isinstance(choose("pulumi", "azure", settings), PulumiCli)


@pytest.mark.parametrize("text", ["exit 1", "echo v3.999.0; exit 1"])
def test_cli_that_does_not_run_is_ignored(settings: Settings, text: str) -> None:
    on_path(settings, text)
    assert isinstance(choose("auto", "local", settings), EmbeddedEngine)
    with pytest.raises(InputError, match="no working `pulumi`"):
        choose("pulumi", "local", settings)


def test_unsupported_stacks_are_refused_without_cli(settings: Settings) -> None:
    with pytest.raises(InputError, match="embedded engine runs stacks of the local Azure only"):
        choose("auto", "azure", settings)
    elsewhere = Settings.load({**settings.environ, "PULUMI_BACKEND_URL": "azblob://state"}, root=settings.root)
    with pytest.raises(InputError, match="PULUMI_BACKEND_URL"):
        choose("auto", "local", elsewhere)


@pytest.mark.parametrize("choice", ["auto", "pulumi"])
@pytest.mark.parametrize("cloud", ["local", "azure"])
@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("v3.0.0", "too old"),
        (f"v{OLDEST_VERSION}-alpha.1", "too old"),
        ("v4.0.0", "too new"),
        ("pulumi of tomorrow", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_unsupported_cli_version_is_refused(
    settings: Settings, choice: str, cloud: str, said: str, problem: str
) -> None:
    command = on_path(settings, f"echo '{said}'")
    with pytest.raises(InputError, match=problem) as found:
        choose(choice, cloud, settings)
    assert found.value.file == str(command)
    assert found.value.found == (said or "no version")
    assert isinstance(choose("embedded", "local", settings), EmbeddedEngine)


@needs_cli
def test_installed_cli_version_is_supported(settings: Settings) -> None:
    assert CLI
    (settings.root / "path" / "pulumi").symlink_to(CLI)
    assert isinstance(choose("auto", "local", settings), PulumiCli)
