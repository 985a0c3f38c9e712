"""A verdict names its catalogue; an estate can pin the catalogue, and a check can use another revision's."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from formats.errors import InputError
from formats.plan import Plan
from operations.cli.app import main
from operations.cli.git import catalogue_revision, commit_of, extract
from operations.cli.workers import Worker
from operations.settings import ROOT, Settings
from policies.catalogue import catalogue_digest
from tests.operations.cli.fakes import CliRunner, resource

RULE = Path("policies/rules/storage/public_network_access.py")
CODE = ("approvals", "formats", "infra", "local_azure", "operations", "policies", "tre_templates", "estate")
PIN = "policies:\n  catalogue: {}\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose branch `protected` has the catalogue, and whose working tree has a weaker one, uncommitted."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("repository")
    for package in CODE:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "-q", "-b", "protected")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Strict")
    git(folder, "checkout", "-qb", "weak")
    rule = folder / RULE
    rule.write_text(rule.read_text().replace('id="ST1"', 'id="ST91"'))
    git(folder, "commit", "-qam", "Weak")
    return folder


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    inputs = {"resourceGroupName": "rg", "accountName": "data", "publicNetworkAccess": "Enabled"}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(Plan("sde", "s", "local", (resource("data", inputs=inputs),)).to_json()))
    return file


def run(repository: Path, *arguments: str) -> int:
    settings = replace(Settings.load({"SDE_HOME": str(repository / ".sde"), "PATH": "/usr/bin:/bin"}), root=repository)
    return main(arguments, settings=settings)


def test_the_rules_are_those_of_the_named_revision(
    repository: Path, plan_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    findings = {}
    for revision in ("protected", "weak"):
        assert run(repository, "policy", "check", str(plan_file), "-f", "json", "--catalogue", revision) == 3
        report = json.loads(capfd.readouterr().out)
        findings[revision] = {f["policy"] for f in report["findings"] if f["verdict"] == "fail"}
        assert report["catalogue"]["digest"] != (catalogue_digest() if revision == "weak" else None)
    assert ("ST1" in findings["protected"], "ST1" in findings["weak"]) == (True, False)
    assert git(repository, "branch", "--show-current").strip() == "weak", "the working tree is not changed"
    assert git(repository, "status", "--porcelain", "-uno") == ""


def test_a_revision_without_a_verdict_passes_nothing(
    repository: Path, plan_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    git(repository, "checkout", "-qb", "silent")
    (repository / "operations/__main__.py").write_text("import os\nos._exit(0)\n")
    git(repository, "commit", "-qam", "Silent")
    git(repository, "checkout", "-q", "weak")
    assert run(repository, "policy", "check", str(plan_file), "--catalogue", "silent") == 1
    assert "ended without a verdict" in capfd.readouterr().err


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "protected:policies", "", "a..b", "-x", "a b"])
def test_a_revision_that_is_none_is_refused(
    repository: Path, plan_file: Path, revision: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(repository, "policy", "check", str(plan_file), f"--catalogue={revision}") == 2
    assert "--catalogue" in capfd.readouterr().err


def test_an_archive_that_leaves_a_file_out_is_refused(repository: Path, tmp_path: Path) -> None:
    attributes = repository / ".git" / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text(f"{RULE} export-ignore\n")
    try:
        with pytest.raises(InputError, match=RULE.name):
            extract(repository, commit_of(repository, "protected"), tmp_path, ("policies",))
    finally:
        attributes.unlink()


def test_the_revision_is_named_with_local_changes(repository: Path, tmp_path: Path) -> None:
    head = git(repository, "rev-parse", "HEAD").strip()
    assert catalogue_revision(repository, ("policies",)) == (head, False)
    more = repository / "policies" / "more.py"
    more.write_text("")
    assert catalogue_revision(repository, ("policies",)) == (head, True)
    more.unlink()
    assert catalogue_revision(tmp_path, ("policies",)) == (None, False)


@pytest.fixture
def real(sde: CliRunner, tmp_path: Path) -> CliRunner:
    """A runner with the real gate, and a folder for the estate."""
    (tmp_path / "estate").mkdir()
    sde.gate = None
    sde.engine.has = {"platform": ["a"]}
    return sde


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "html", "markdown", "table"])
def test_a_report_has_the_digest_in_every_format(real: CliRunner, plan_file: Path, form: str) -> None:
    real("policy", "check", str(plan_file), "-f", form)
    assert catalogue_digest() in real.out
    if form in ("json", "sarif"):
        assert '"verdict": "refused"' in real.out


@pytest.mark.parametrize("command", [("policy", "check"), ("preview",), ("up", "--yes")])
def test_another_catalogue_than_the_pinned_one_is_refused(
    real: CliRunner, tmp_path: Path, command: tuple[str, ...]
) -> None:
    pinned = "sha256:" + 64 * "0"
    (tmp_path / "estate" / "estate.yaml").write_text(PIN.format(pinned))
    assert real("--estate", str(tmp_path / "estate"), *command, "platform") == 3
    for part in ("policies.catalogue", f"found:   {catalogue_digest()}", f"allowed: {pinned}", "fix:", "estate.yaml"):
        assert part in real.err
    assert "preview" not in [call for call, _ in real.engine.calls], "no program runs"
    assert "verdict: passed" not in real.out


def test_the_pinned_catalogue_is_accepted(real: CliRunner, tmp_path: Path, plan_file: Path) -> None:
    (tmp_path / "estate" / "estate.yaml").write_text(PIN.format(catalogue_digest()))
    assert real("--estate", str(tmp_path / "estate"), "policy", "check", str(plan_file)) == 3
    assert "pins" not in real.err
    assert "verdict: refused" in real.out


@pytest.mark.parametrize(
    "pin", ["policies: strict\n", PIN.format("latest"), "policies: {catalog: x}\n", "policies: {}\n"]
)
def test_an_invalid_pin_is_refused(real: CliRunner, tmp_path: Path, plan_file: Path, pin: str) -> None:
    (tmp_path / "estate" / "estate.yaml").write_text(pin)
    assert real("--estate", str(tmp_path / "estate"), "policy", "check", str(plan_file)) == 2
    assert "policies" in real.err


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes")])
def test_success_ends_with_a_verdict(sde: CliRunner, command: tuple[str, ...]) -> None:
    assert sde(*command, "platform") == 0
    assert sde.out.splitlines()[-1].startswith("verdict: passed")
    assert sde.gate
    sde.gate.refuses = {"platform"}
    assert sde(*command, "platform") == 3
    assert "verdict: passed" not in sde.out


@pytest.mark.parametrize("command", [("preview", "--all"), ("up", "--all", "--yes")])
def test_workers_get_no_stack_before_the_gate_is_open(
    real: CliRunner, tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(Worker, "begin", lambda self, stack: begun.append(stack.name))
    real.engine.has = {stack.name: ["a"] for stack in real.catalog.stacks}
    (tmp_path / "estate" / "estate.yaml").write_text(PIN.format("sha256:" + 64 * "0"))
    assert real("--estate", str(tmp_path / "estate"), *command, "--cloud", "local", "--parallel", "2") == 3
    assert "the one that the estate pins" in real.err
    assert begun == []
