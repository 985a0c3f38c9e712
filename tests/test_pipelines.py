"""The pipelines of a site's estate repository: what they may do, and what they run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from operations.cli import app
from operations.settings import ROOT
from tests.test_project import Machine

WORKFLOWS = {file.stem: file for file in sorted((ROOT / ".github" / "workflows").glob("*"))}
AZURE = (ROOT / "azure-pipelines.yml", ROOT / ".azuredevops" / "estate.yml")
SCRIPTS = sorted(file for file in (ROOT / "scripts" / "pipelines").iterdir() if file.is_file() and file.suffix == "")
DEPLOYS = {("deploy", "deploy"), ("nightly", "end")}
"""The jobs that sign in as the identity that deploys."""
TRUSTED = re.compile(r"github\.(token|run_id|server_url|repository)|vars\.[A-Z_]+|runner\.temp|needs\.preview\.result"
                     r"|github\.event\.(workflow_run\.(head_sha|head_branch)|pull_request\.number)")  # fmt: skip
"""All that expressions read, outside conditions: none of it is in a script."""


def loaded(file: Path) -> dict[Any, Any]:
    found = yaml.safe_load(file.read_text())
    assert isinstance(found, dict)
    return found


def jobs() -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for name, file in WORKFLOWS.items():
        for job, content in loaded(file)["jobs"].items():
            yield (name, job), content


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield every map in a value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(inner)


def test_every_action_is_a_commit_of_the_table_with_two_sources() -> None:
    rows = re.findall(r"^\| `([a-z/-]+)` \| (v[\d.]+) \| `([0-9a-f]{40})` \| (.+) \|$",
                      (ROOT / "docs" / "pipelines.md").read_text(), flags=re.M)  # fmt: skip
    table = {f"{action}@{commit} # {version}" for action, version, commit, _ in rows}
    used = {one for file in WORKFLOWS.values() for one in re.findall(r"^ +(?:- )?uses: *(.*)", file.read_text(), re.M)}
    assert used == table
    assert all(len(set(re.findall(r"\((https://github\.com/[^)]+)\)", sources))) >= 2 for *_, sources in rows)


def test_each_workflow_begins_without_permissions_and_each_job_names_its_own_and_a_limit() -> None:
    for file in WORKFLOWS.values():
        assert loaded(file)["permissions"] == {}
        assert "pull_request_target" not in file.read_text()
        assert "secrets." not in file.read_text()
    for name, job in jobs():
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"]), name
        assert 0 < job["timeout-minutes"] <= 360, name
        assert set(job["permissions"]) - {"id-token"}, name
        assert ("environment" in job) == ("id-token" in job["permissions"]), name
        # A job that signs in to Azure writes nothing to the repository, and the other way round.
        writes = {key for key, value in job["permissions"].items() if value == "write"}
        assert writes in ({"id-token"}, {"pull-requests", "security-events", "statuses"}, set()), name


def test_a_job_of_a_pull_request_has_no_token_for_azure() -> None:
    on_pull_request = [name for name, file in WORKFLOWS.items() if "pull_request" in loaded(file)[True]]
    assert on_pull_request == ["checks"]
    for (workflow, _), job in jobs():
        if workflow in on_pull_request:
            assert job["permissions"] == {"contents": "read"}
            assert "env" not in job


def test_the_preview_is_started_for_branches_of_the_repository_alone_and_checks_out_the_protected_branch() -> None:
    condition = dict(jobs())["preview", "preview"]["if"]
    assert "github.event.workflow_run.head_repository.full_name == github.repository" in condition
    for _, job in jobs():
        checkouts = [step["with"] for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert checkouts
        assert all(not {"ref", "repository"} & set(one) and one["persist-credentials"] is False for one in checkouts)


def test_no_two_deployments_run_at_once_and_none_is_cancelled() -> None:
    signing = {name for name, job in jobs() if "id-token" in job["permissions"] and job["environment"] != "preview"}
    assert signing == DEPLOYS
    assert all(job["concurrency"] == {"group": "deploy", "cancel-in-progress": False, "queue": "max"}
               for name, job in jobs() if name in DEPLOYS)  # fmt: skip
    pipeline = loaded(AZURE[1])
    assert pipeline["lockBehavior"] == "sequential"


def test_no_expression_is_in_a_script_and_all_others_are_known() -> None:
    for file in WORKFLOWS.values():
        for one in mappings(loaded(file)):
            assert "${{" not in str(one.get("run", "")), file
        values = [line for line in file.read_text().splitlines() if not line.strip(" -").startswith("if:")]
        for expression in re.findall(r"\$\{\{(.*?)\}\}", "\n".join(values)):
            assert TRUSTED.fullmatch(expression.strip()), expression
    for file in AZURE:
        for one in mappings(loaded(file)):
            script = str(one.get("script", "")) + str(one.get("inlineScript", ""))
            assert "$(" not in script
            assert "${{" not in script


def test_azure_pipelines_extend_the_template_of_the_protected_branch_and_store_no_secret() -> None:
    start, template = map(loaded, AZURE)
    (judge,) = start["resources"]["repositories"]
    assert judge["ref"] == "refs/heads/main"
    assert start["extends"] == {"template": f".azuredevops/estate.yml@{judge['repository']}"}
    assert not {"steps", "jobs", "stages", "variables"} & set(start)
    for one in mappings(template):
        if "checkout" in one:
            assert one["persistCredentials"] is False
        if "task" in one:
            assert one["task"] == "AzureCLI@2"
            assert one["inputs"]["azureSubscription"] in ("sde-reader", "sde-deployer")
        if "pool" in one:
            assert one["pool"] == {"vmImage": "ubuntu-24.04"}
            assert one["timeoutInMinutes"] <= 360
    assert "group:" not in AZURE[1].read_text()  # of variables, which may hold secrets
    by_stage = {stage["stage"]: stage for stage in template["stages"]}
    assert "sde-" not in str(by_stage["checks"])
    assert "sde-deployer" not in str(by_stage["preview"])
    assert "System.PullRequest.IsFork" in by_stage["preview"]["condition"]


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command line of `scripts/sde` in the pipelines, with its file."""
    for file in [*WORKFLOWS.values(), *AZURE, *SCRIPTS]:
        for line in file.read_text().splitlines():
            if (at := line.find("scripts/sde ")) >= 0 and not line.lstrip().startswith("#"):
                yield file.name, re.split(r"\s(?:\|\|?|&&|>|#)", line[at:].replace(" >", " > "))[0]


def parse(line: str) -> str:
    """Parse a command line as `sde` does, and return the command. An error for what it does not have."""
    arguments = [re.sub(r"^\$\{?\w*cloud\w*(:-\w+)?\}?$", "azure", x, flags=re.I) for x in shlex.split(line)[1:]]
    command: Any = typer.main.get_command(app._app(arguments))
    context = command.make_context("sde", arguments)
    while isinstance(command, TyperGroup):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
    return str(context.command_path)


def test_every_command_of_sde_is_one_that_its_command_line_has() -> None:
    found = list(commands())
    assert {name for name, _ in found} >= {"preview", "deploy", "nightly", "end", "checks.yml", "estate.yml"}
    parsed = {parse(line) for _, line in found}
    assert parsed == {
        f"sde {one}"
        for one in ("render", "preview", "policy check", "provision", "destroy", "stacks", "report", "drift")
    }
    for line in ("scripts/sde stacks --ends-within 60", "scripts/sde provide", "scripts/sde up --all --cloud x"):
        with pytest.raises(Exception, match=r"No such (option|command)|is not one of"):
            parse(line)


def test_the_deployment_is_in_one_place() -> None:
    assert [name for name, line in commands() if " up " in line or " provision " in line] == ["deploy"]
    assert all("scripts/pipelines/deploy" in file.read_text() for file in (WORKFLOWS["deploy"], AZURE[1]))


def test_actionlint_finds_nothing() -> None:
    done = subprocess.run([ROOT / "scripts" / "actionlint", "--built"], capture_output=True, text=True, check=False)
    if done.returncode == 2:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_pinned_pulumi_is_built_where_another_is_on_path_and_comes_first(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    other = machine.command("pulumi", "#!/bin/sh\n")
    for name in ("ln", "ls"):
        (machine.path / name).symlink_to(shutil.which(name) or name)
    shutil.copytree(ROOT / "scripts" / "pipelines", machine.root / "scripts" / "pipelines")
    environment = {"PATH": str(machine.path), "FAKE_GO_BUILDS": str(machine.builds)}
    done = subprocess.run([machine.root / "scripts/pipelines/pinned-pulumi"], env=environment, check=True,
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout == f"{machine.built}\n"
    assert other.exists()
    for name in ("preview", "deploy", "nightly", "end"):
        assert f'PATH="$PWD/{machine.built.parent.relative_to(machine.root)}:$PATH"' in (
            ROOT / "scripts/pipelines" / name).read_text()  # fmt: skip
