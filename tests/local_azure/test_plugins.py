"""The local providers as plugins in a PULUMI_HOME."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_azure import plugins
from tests.pulumi_cli import CLI, needs_cli

AZURE_NATIVE = f"resource-azure-native-v{importlib.metadata.version('pulumi-azure-native')}"
EXECUTABLE = "pulumi-resource-azure-native"


def test_concurrent_installs_leave_one_complete_set_of_links(tmp_path: Path) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(plugins.install, [tmp_path] * 10))
    assert [file.name for file in sorted((tmp_path / "plugins").glob("*/*"))] == [EXECUTABLE, "pulumi-resource-random"]


def test_install_replaces_other_plugins_and_broken_links(tmp_path: Path) -> None:
    moved = tmp_path / "plugins" / AZURE_NATIVE / EXECUTABLE
    downloaded = tmp_path / "plugins" / "resource-azure-native-v99.0.0" / EXECUTABLE
    for file in (moved, downloaded):
        file.parent.mkdir(parents=True)
    moved.symlink_to(tmp_path / "gone")
    downloaded.write_text("a real provider")
    plugins.install(tmp_path)
    for file in (moved, downloaded):
        assert file.resolve() == Path(plugins.__file__).parent / "bin" / EXECUTABLE


@needs_cli
def test_pulumi_cli_lists_the_links_as_installed_plugins(tmp_path: Path) -> None:
    plugins.install(tmp_path)
    environment = {**os.environ, "PULUMI_HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    listed = subprocess.run(
        [str(CLI), "plugin", "ls", "--json"], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    found = {plugin["name"]: plugin["version"] for plugin in json.loads(listed.stdout)}
    assert found == {name: importlib.metadata.version(f"pulumi-{name}") for name in ("azure-native", "random")}
