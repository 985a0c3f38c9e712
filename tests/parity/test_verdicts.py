"""The same verdict from the gate under both engines, `policy check` of a preview, and the pack under the CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping

import pytest

from formats.plan import Plan
from operations.cli.estate import EstateCatalog
from operations.cli.stack_catalog import Stack
from operations.engine.choose import choose
from operations.reports.file_input import read_plan
from operations.settings import ROOT, Settings
from policies.plan_evaluation import evaluate_plans
from tests.operations.estates import copy_estate
from tests.pulumi_cli import CLI, needs_cli
from tests.python_host import make
from tests.soak import in_soak_alone

pytestmark = needs_cli
LINKED = (".venv", "infra", "local_azure", "operations", "policies", "pyproject.toml", "tre_templates")
PROGRAM = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
import pulumi

def weaken(args):
    if args.type_ == "azure-native:storage:StorageAccount":
        args.props["allow_shared_key_access"] = True
    if args.type_ == "azure-native:network:PrivateEndpoint":
        args.props["ip_configurations"] = None
    return pulumi.ResourceTransformationResult(args.props, args.opts)

if {{weakened}}:
    pulumi.runtime.register_stack_transformation(weaken)
runpy.run_path({str(ROOT / "infra")!r}, run_name="__main__")
"""
Found = set[tuple[str, str]]
"""Policies, each with the resource that violates it."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A project with its own estate, state and cloud, whose program can be weakened."""
    root = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (root / name).symlink_to(ROOT / name)
    copy_estate(root / "estate")
    (root / "program").mkdir()
    options = {"virtualenv": ".venv"}
    document = {"name": "sde", "main": "program/", "runtime": {"name": "python", "options": options}}
    (root / "Pulumi.yaml").write_text(json.dumps(document))
    assert CLI
    path = os.pathsep.join([str(CLI.parent), os.environ.get("PATH", os.defpath)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "SDE_"))}
    return Settings.load({**environment, "PATH": path, "SDE_HOME": str(root / ".sde")}, root=root)


@pytest.fixture(scope="module")
def platform(project: Settings) -> Stack:
    catalog = EstateCatalog(project.root / "estate", project)
    catalog.render()
    return next(stack for stack in catalog.stacks if stack.kind == "platform")


def program(project: Settings, *, weakened: bool) -> None:
    (project.root / "program" / "__main__.py").write_text(PROGRAM.format(weakened=weakened))


def by_gate(plan: Plan) -> Found:
    return {(finding.policy, finding.urn) for finding in evaluate_plans([plan]).blocking}


def by_policy_check(project: Settings, stack: Stack) -> Found:
    document = pulumi(project, "preview", "--json", "--show-sames", "--show-reads", "--stack", stack.name)
    (file := project.root / "preview.json").write_text(document)
    return by_gate(read_plan(file).plan)


def by_pack(project: Settings, stack: Stack) -> Found:
    streaming = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
    arguments = ["preview", "--json", "--stack", stack.name, "--policy-pack", str(project.root / "policies")]
    said = pulumi(project, *arguments, fails=None, more=streaming)
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert any("policyAnalyzeStackSummaryEvent" in event for event in events), said[-2000:]
    violations = [event["policyEvent"] for event in events if "policyEvent" in event]
    return {(v["policyName"].removesuffix("-whole"), v.get("resourceUrn", "")) for v in violations}


def pulumi(
    project: Settings, *arguments: str, fails: bool | None = False, more: Mapping[str, str] | None = None
) -> str:
    """Run plain `pulumi`, with the installation's own Python host if there is one."""
    local = {**project.environ, **project.local_environment(), "PULUMI_SKIP_UPDATE_CHECK": "true", **(more or {})}
    if not shutil.which("pulumi-language-python", path=local["PATH"]):
        (folder := project.root / "host").mkdir(exist_ok=True)
        local |= {"PATH": f"{make(folder)}{os.pathsep}{local['PATH']}"}
        local.pop("PULUMI_IGNORE_AMBIENT_PLUGINS", None)
    command = [str(CLI), "--non-interactive", *arguments]
    done = subprocess.run(command, cwd=project.root, env=local, capture_output=True, text=True, check=False)
    if fails is not None:
        assert bool(done.returncode) is fails, done.stderr + done.stdout
    return done.stdout if not done.returncode else done.stdout + done.stderr


@pytest.mark.parametrize("weakened", [pytest.param(False, marks=in_soak_alone), True], ids=["as shipped", "weakened"])
def test_every_check_gives_the_same_verdict(project: Settings, platform: Stack, weakened: bool) -> None:
    program(project, weakened=weakened)
    plans = {engine: choose(engine, "local", project).preview(platform.settings) for engine in ("pulumi", "embedded")}
    found = {engine: by_gate(plan) for engine, plan in plans.items()}
    found |= {"policy check": by_policy_check(project, platform), "pack": by_pack(project, platform)}
    assert {policy for policy, _ in found["embedded"]} == ({"ST3", "PE6"} if weakened else set())
    for name, verdict in found.items():
        assert verdict == found["embedded"], name


def test_plain_pulumi_gives_the_same_verdict(project: Settings, platform: Stack) -> None:
    program(project, weakened=False)
    pulumi(project, "stack", "select", "--create", platform.name)  # another worker may have run the test above
    pulumi(project, "up", "--yes", "--skip-preview", "--stack", platform.name)
    for engine in ("embedded", "pulumi"):
        assert not choose(engine, "local", project).preview(platform.settings).changes
    assert "unchanged" in pulumi(project, "preview", "--stack", platform.name)
