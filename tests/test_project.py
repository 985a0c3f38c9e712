"""The project as a newcomer finds it: its locks, its scripts, and what the official Pulumi CLI reads of it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from operations.settings import ROOT

LOCKS = ("requirements.txt", "requirements/checkov.txt", "requirements/trestle.txt", "requirements/uv.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_its_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = [line for line in text.replace("\\\n", " ").splitlines() if "==" in line and not line.startswith(" ")]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def test_the_pin_of_axe_core_is_one_release_with_its_digest_and_no_address() -> None:
    asked, text = ((ROOT / "requirements/axe" / name).read_text() for name in ("package.json", "package-lock.json"))
    (version,) = json.loads(asked)["dependencies"].values()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert packages["node_modules/axe-core"]["version"] == version
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert "://" not in text


def test_the_lock_holds_all_that_the_project_asks_for() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    asked = re.search(r"dependencies = \[(.*?)\n\]", project, flags=re.S)
    assert asked
    names = re.findall(r'^  "([a-z0-9-]+)', asked[1], flags=re.M)
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.M))
    assert set(names) <= locked


def test_pulumi_finds_the_program_and_the_environment() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
    assert (ROOT / project["main"] / "__main__.py").is_file()


def test_the_configuration_of_the_sample_has_no_passphrase_of_whoever_deployed_it() -> None:
    asked = ["git", "grep", "--cached", "-l", "encryptionsalt", "--", "Pulumi.*.yaml"]
    run = subprocess.run(asked, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, ""), "with it the demo of a new clone ends at this stack"


def test_pulumi_can_ask_the_environment_which_plugins_it_needs() -> None:
    assert importlib.util.find_spec("pip")
    for package, plugin in (("pulumi_azure_native", "azure-native"), ("pulumi_random", "random")):
        spec = importlib.util.find_spec(package)
        assert spec
        assert spec.origin
        said = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text())
        assert (said["resource"], said["name"]) == (True, plugin)


def test_scripts_work_from_any_folder(tmp_path: Path) -> None:
    for command in (ROOT / "scripts" / "sde", os.path.relpath(ROOT / "scripts" / "sde", tmp_path)):
        run = subprocess.run([command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert run.stdout.startswith("sde ")


def test_windows_is_told_to_use_wsl() -> None:
    environment = {**os.environ, "OSTYPE": "msys"}
    run = subprocess.run([ROOT / "scripts/sde"], env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, "use WSL" in run.stderr) == (2, True)
    program = "import os; os.name = 'nt'; import operations.__main__"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, "use WSL" in run.stderr) == (1, True)


def test_scripts_use_what_the_bash_of_macos_has() -> None:
    files = [file for file in (ROOT / "scripts").rglob("*") if file.is_file() and file.suffix != ".pyc"]
    scripts = [file for file in files if "bash" in file.read_text().partition("\n")[0]]
    assert len(scripts) > 10
    newer = re.compile(r"declare -A|mapfile|readarray|\$\{\w+(,,|\^\^)|&>>|\bsed -i |readlink -f|date -d|stat -c")
    assert {file.name: newer.findall(file.read_text()) for file in scripts if newer.search(file.read_text())} == {}


def test_a_machine_without_a_recent_python_is_told_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    script = f'ROOT="{tmp_path}"; . "{ROOT}/scripts/environment.sh"; find_python'
    run = subprocess.run(["/bin/bash", "-c", script], env={"PATH": str(tmp_path) + ":/usr/bin-none"},
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode != 0
    assert "Python 3.11 or later" in run.stderr
    assert "fix:" in run.stderr


NEEDS = [
    "bash",
    "cat",
    "chmod",
    "cksum",
    "dirname",
    "env",
    "flock",
    "head",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sleep",
    "sort",
    "tail",
]
GO = """#!/bin/bash
case "$1" in
  env) echo "${FAKE_GO_VERSION:-go1.99.0}"; exit "${FAKE_GO_EXIT:-0}" ;;
  build)
    echo built >>"$FAKE_GO_BUILDS"
    sleep 0.3
    while [ "$1" != -o ]; do shift; done
    echo '#!/bin/sh' >"$2"
    printf 'go: downloading one\\nno such module\\n' >&2
    exit "${FAKE_BUILD_EXIT:-0}" ;;
esac
"""


class Machine:
    """A copy of `scripts/pulumi-cli` with its pins, on a PATH with nothing but what it needs and, if asked, a Go."""

    def __init__(self, folder: Path, *, go: bool = True) -> None:
        self.path, self.builds = folder / "path", folder / "builds"
        self.path.mkdir()
        for name in NEEDS:
            if found := shutil.which(name):
                (self.path / name).symlink_to(found)
        if go:
            self.command("go", GO)
        self.root = folder / "project"
        shutil.copytree(ROOT / "requirements" / "pulumi", self.root / "requirements" / "pulumi")
        (self.root / "scripts").mkdir()
        for name in ("environment.sh", "pulumi-cli"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts" / name)
        self.built = self.root / ".sde" / "tools" / "pulumi" / "pulumi"

    def command(self, name: str, text: str) -> Path:
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)
        return self.path / name

    def start(self, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "scripts" / "pulumi-cli"],
            env={"PATH": str(self.path), "FAKE_GO_BUILDS": str(self.builds), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **environment: str) -> tuple[int, str, str]:
        process = self.start(**environment)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err


def test_the_pulumi_cli_on_path_is_taken_before_one_is_built(tmp_path: Path) -> None:
    machine = Machine(tmp_path, go=False)
    installed = machine.command("pulumi", "#!/bin/sh\n")
    assert machine.run() == (0, f"{installed}\n", "")


def test_the_pulumi_cli_is_built_once_and_again_for_other_pins(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for _ in range(2):
        assert machine.run()[:2] == (0, f"{machine.built}\n")
    assert machine.builds.read_text() == "built\n"
    with (machine.root / "requirements/pulumi/go.sum").open("a") as pins:
        pins.write("\n")
    assert machine.run()[0] == 0
    assert machine.builds.read_text() == "built\n" * 2


@pytest.mark.skipif(not shutil.which("flock"), reason="flock is not on PATH")
def test_two_that_ask_for_the_pulumi_cli_at_once_share_one_build(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    both = [machine.start(), machine.start()]
    assert [process.communicate(timeout=30)[0] for process in both] == [f"{machine.built}\n"] * 2
    assert machine.builds.read_text() == "built\n"


def test_a_build_of_the_pulumi_cli_that_fails_leaves_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    code, out, err = machine.run(FAKE_BUILD_EXIT="1")
    assert (code, out) == (1, "")
    assert err.splitlines()[1] == "no such module"
    assert "GOPROXY" in err
    assert not list(machine.built.parent.iterdir())


def test_a_machine_without_go_is_told_what_would_build_the_pulumi_cli(tmp_path: Path) -> None:
    code, out, err = Machine(tmp_path, go=False).run()
    assert (code, out) == (2, "")
    assert re.search(r"no Go to build it with.\n  fix: install Go 1[.]\d+", err)


@pytest.mark.parametrize(
    ("said", "code"),
    [("go1.18.1", "0"), ("go: go.mod requires go >= 1.26 (running go 1.25.1; GOTOOLCHAIN=local)", "1")],
)
def test_a_go_that_is_too_old_for_the_pulumi_cli_is_named(tmp_path: Path, said: str, code: str) -> None:
    ended, _, err = Machine(tmp_path).run(FAKE_GO_VERSION=said, FAKE_GO_EXIT=code)
    assert ended == 2
    assert f"found: {said}" in err


def test_the_pins_of_the_pulumi_cli_hold_one_version_of_its_modules() -> None:
    pins = (ROOT / "requirements" / "pulumi" / "go.mod").read_text()
    assert len(set(re.findall(r"github[.]com/pulumi/pulumi/(?:pkg|sdk)/v3 (v[0-9.]+)", pins))) == 1
    assert "replace" not in pins


def test_the_entry_point_cures_the_sdk_before_it_is_used() -> None:
    source = (ROOT / "infra" / "__main__.py").read_text()
    assert source.index("sdk_patches.apply()") < source.index("import pulumi\n")


def test_no_module_is_longer_than_a_sitting() -> None:
    rooms = ("approvals", "infra", "local_azure", "operations", "policies")
    long = {
        str(file.relative_to(ROOT)): lines
        for room in rooms
        for file in (ROOT / room).rglob("*.py")
        if (lines := len(file.read_text().splitlines())) > 450
    }
    assert not long


def test_this_python_is_one_the_project_promises() -> None:
    assert sys.version_info >= (3, 11)


def test_every_file_that_a_document_or_comment_names_exists() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.py", "*.toml"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folders = "docs|formats|infra|local_azure|operations|policies|scripts|tests|tre_templates"
    path = re.compile(rf"(?<![\w./-])(?:{folders})/[\w./-]+\.(?:md|py|toml|txt|yaml)\b")
    output = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)  # commands, and what they print or write
    missing = {
        f"{file}: {named}"
        for file in listed.stdout.split()
        if file not in ("CHANGELOG.md", "docs/moved-paths.md") and not file.startswith("tests/")
        for named in path.findall(output.sub("", (ROOT / file).read_text(encoding="utf-8")))
        if not (ROOT / named).exists()
    }
    assert not missing
