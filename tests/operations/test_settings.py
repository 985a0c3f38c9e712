"""Local paths, the passphrase and the environment of the Pulumi CLI."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from formats.errors import InputError
from operations.settings import ROOT, Settings, folder_of, write_whole


def settings(tmp_path: Path, **environ: str) -> Settings:
    return Settings.load({"SDE_HOME": str(tmp_path / "home"), **environ}, root=tmp_path)


def test_home_is_in_the_project_by_default(tmp_path: Path) -> None:
    assert Settings.load({}, root=tmp_path).home == tmp_path / ".sde"
    assert settings(tmp_path).home == tmp_path / "home"


def test_the_passphrase_is_generated_once_and_private(tmp_path: Path) -> None:
    first = settings(tmp_path).passphrase("local")
    assert settings(tmp_path).passphrase("local") == first
    assert len(first) >= 32
    assert stat.S_IMODE(settings(tmp_path).passphrase_file.stat().st_mode) == 0o600
    assert [p.name for p in settings(tmp_path).passphrase_file.parent.iterdir()] == ["passphrase"]


def test_no_passphrase_is_generated_if_there_is_state(tmp_path: Path) -> None:
    settings = Settings.load({"SDE_HOME": str(tmp_path)})
    settings.passphrase("local")
    stacks = tmp_path / "state/.pulumi/stacks/sde"
    stacks.mkdir(parents=True)
    (stacks / "platform.json").write_text("{}")
    settings.passphrase_file.unlink()
    with pytest.raises(InputError, match="missing"):
        settings.passphrase("local")
    assert not settings.passphrase_file.exists()


def test_a_passphrase_variable_overrides_the_file(tmp_path: Path) -> None:
    assert settings(tmp_path, PULUMI_CONFIG_PASSPHRASE="given").passphrase("local") == "given"
    assert not settings(tmp_path).passphrase_file.exists()


def test_no_passphrase_is_generated_for_real_azure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PULUMI_CONFIG_PASSPHRASE_FILE"):
        settings(tmp_path).passphrase("azure")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_an_invalid_passphrase_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "phrase"
    file.write_bytes(content)
    with pytest.raises(InputError, match="phrase"):
        settings(tmp_path, PULUMI_CONFIG_PASSPHRASE_FILE=str(file)).passphrase("local")


def test_the_state_folder_of_any_home_name(tmp_path: Path) -> None:
    for name in ("plain", "a b", "we#ird", "what?", "100%41"):
        settings = Settings.load({"SDE_HOME": str(tmp_path / name)})
        assert settings.backend_folder == tmp_path / name / "state"


def test_only_a_file_backend_has_a_folder(tmp_path: Path) -> None:
    assert settings(tmp_path).backend_folder == tmp_path / "home" / "state"
    assert settings(tmp_path, PULUMI_BACKEND_URL="file:///var/my%20state").backend_folder == Path("/var/my state")
    assert settings(tmp_path, PULUMI_BACKEND_URL="azblob://state").backend_folder is None


def test_the_pulumi_home_has_only_the_local_providers(tmp_path: Path) -> None:
    variables = settings(tmp_path, PATH="/usr/bin:/bin").local_environment()
    plugins = Path(variables["PULUMI_HOME"]) / "plugins"
    found = {file.name: file.resolve().parent for file in plugins.glob("*/*")}
    assert found == dict.fromkeys(
        ("pulumi-resource-azure-native", "pulumi-resource-random"), ROOT / "local_azure" / "bin"
    )
    assert variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert variables["PULUMI_DEBUG_PROVIDERS"] == ""
    assert not {"PATH", "PULUMI_IGNORE_AMBIENT_PLUGINS"} & set(variables)


def test_providers_on_path_are_ignored(tmp_path: Path) -> None:
    provider = tmp_path / "path" / "pulumi-resource-azure-native"
    provider.parent.mkdir()
    provider.touch()
    variables = settings(tmp_path, PATH=f"/usr/bin:{provider.parent}").local_environment()
    assert variables["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_an_endless_passphrase_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long").write_text("x" * 5_000)
    for file in ("/dev/zero", str(tmp_path / "long")):
        with pytest.raises(InputError, match="too long"):
            settings(tmp_path, PULUMI_CONFIG_PASSPHRASE_FILE=file).passphrase("local")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///srv/state", Path("/srv/state")),
        ("file://./state", Path("state").absolute()),
        ("file://state/x", Path("state/x").absolute()),
        ("file://~/state", Path.home() / "state"),
        ("file:///srv/a%20b", Path("/srv/a b")),
        ("azblob://c", None),
        ("https://user:pw@example.org", None),
        ("state", None),
    ],
)
def test_the_folder_of_a_backend_url(url: str, expected: Path | None) -> None:
    assert folder_of(url) == expected
