"""The pipelines of a site's estate repository: what they may do, what they run, and what they take from a branch."""

from __future__ import annotations

import json
import os
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
from scripts.pipelines import estate_of_branch
from scripts.pipelines.estate_of_branch import RefusedError
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
    assert parsed == {f"sde {one}" for one in ("render", "preview", "policy check", "up", "destroy", "stacks", "drift")}
    for line in ("scripts/sde stacks --expires-within 60", "scripts/sde provision", "scripts/sde up --all --cloud x"):
        with pytest.raises(Exception, match=r"No such (option|command)|is not one of"):
            parse(line)


def test_the_deployment_is_in_one_place() -> None:
    assert [name for name, line in commands() if " up " in line] == ["deploy"]
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


# The estate of a branch


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A repository of two stacks on its protected branch, checked out."""
    root = tmp_path / "site"
    for path, text in {"estate/estate.yaml": "name: a\n", "estate/requests/heart.yaml": "project: heart\n",
                       "Pulumi.platform.yaml": "secretsprovider: azurekeyvault://ours\n",
                       "scripts/judge": "ours\n"}.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True, text=True).stdout


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    return git(root, "rev-parse", "HEAD").strip()


def of_branch(root: Path, files: Mapping[str, str | Path | None]) -> str:
    """Return the commit of a branch with these files changed, links where there is a path; `main` is checked out."""
    git(root, "checkout", "--quiet", "-b", "branch")
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        if isinstance(content, Path):
            file.symlink_to(content)
        elif content is not None:
            file.write_text(content)
    found = commit(root)
    git(root, "checkout", "--quiet", "main")
    return found


def take(root: Path, revision: str) -> None:
    estate_of_branch.write(root, list(estate_of_branch.files(root, revision)))


def test_the_estate_is_the_branchs_and_the_code_is_the_protected_branchs(site: Path, tmp_path: Path) -> None:
    found = of_branch(site, {
        "estate/estate.yaml": "name: b\n", "estate/requests/heart.yaml": None, "estate/requests/lungs.yaml": "new\n",
        "Pulumi.platform.yaml": "secretsprovider: azurekeyvault://theirs\n",
        "Pulumi.tre-lungs.yaml": "secretsprovider: azurekeyvault://ours\n", "scripts/judge": "theirs\n", "x": "",
    })  # fmt: skip
    take(site, found)
    estate_of_branch.note(site, found, tmp_path)
    assert sorted(one.relative_to(site).as_posix() for one in (site / "estate").rglob("*.yaml")) == [
        "estate/estate.yaml", "estate/requests/lungs.yaml"]  # fmt: skip
    assert (site / "estate/estate.yaml").read_text() == "name: b\n"
    assert (site / "Pulumi.platform.yaml").read_text() == "secretsprovider: azurekeyvault://ours\n"
    assert (site / "Pulumi.tre-lungs.yaml").exists()
    assert (site / "scripts/judge").read_text() == "ours\n"
    assert (tmp_path / "other-files").read_text().endswith("changes of 2 other files.")


@pytest.mark.parametrize(("files", "message"), [
    ({"estate/requests/x.yaml": Path("/proc/self/environ")}, "mode 120000"),
    ({"Pulumi.tre-x.yaml": Path("/etc/passwd")}, "mode 120000"),
    ({"estate/sub/estate.py": "x"}, "no file of an estate"),
    ({"estate/requests/::set-env.yaml": "x"}, "no file of an estate"),
    ({"estate/big.yaml": "x" * (estate_of_branch.MAX_BYTES + 1)}, "too large"),
    ({"Pulumi.tre-x.yaml": "secretsprovider: azurekeyvault://theirs\n"}, "azurekeyvault://theirs"),
    ({"Pulumi.tre-x.yaml": "secretsprovider: azurekeyvault://ours\nsecretsprovider: b\n"}, "2 times"),
])  # fmt: skip
def test_hostile_files_of_a_branch_are_refused_and_nothing_is_written(
    site: Path, files: Mapping[str, str | Path], message: str
) -> None:
    found = of_branch(site, files)
    with pytest.raises(RefusedError, match=re.escape(message)):
        take(site, found)
    assert git(site, "status", "--porcelain") == ""


def test_text_that_is_no_commit_is_no_argument_of_git(site: Path) -> None:
    for text in ("--upload-pack=x", "branch", "0" * 39, "0" * 40 + "\n"):
        with pytest.raises(RefusedError, match="no commit"):
            take(site, text)


# What the scripts do with what `sde` finds

SDE = """#!/bin/bash
echo "$*" >>calls
case "$1" in
  preview) exit "$PREVIEW" ;;
  policy) exit "$POLICY" ;;
  stacks) echo "tre-heart local up 2027-01-01" ;;
  drift) echo '{"event": "drift"}'; exit "$DRIFT" ;;
  destroy) [ -z "$ENDED" ] || echo "generation: 2" >>estate/estate.yaml ;;
esac
"""


def run(site: Path, script: str, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    """Run a script of the pipelines in a repository with an `sde` of the given exit codes. Return its calls too."""
    (site / "scripts" / "sde").write_text(SDE)
    (site / "scripts" / "sde").chmod(0o755)
    shutil.copytree(ROOT / "scripts" / "pipelines", site / "scripts" / "pipelines", dirs_exist_ok=True)
    codes = {"PREVIEW": "0", "POLICY": "0", "DRIFT": "0", "ENDED": "", **environment}
    done = subprocess.run([site / "scripts/pipelines" / script, *arguments], capture_output=True, check=False,
                          env={"PATH": os.environ["PATH"], **codes})  # fmt: skip
    return done.returncode, [line.split()[0] for line in (site / "calls").read_text().splitlines()]


@pytest.mark.parametrize(("preview", "policy", "code", "calls"), [
    ("0", "0", 0, ["preview", "policy"]),
    ("0", "3", 3, ["preview", "policy"]),
    ("3", "0", 3, ["preview", "policy"]),
    ("1", "0", 1, ["preview"]),
    ("2", "0", 2, ["preview"]),
])  # fmt: skip
def test_a_preview_passes_where_plan_and_gate_pass(
    site: Path, preview: str, policy: str, code: int, calls: list[str]
) -> None:
    assert run(site, "preview", str(site / "out"), PREVIEW=preview, POLICY=policy) == (code, calls)


def test_a_night_with_drift_fails_and_shows_the_dates(site: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    assert run(site, "nightly", str(tmp_path), DRIFT="3", GITHUB_STEP_SUMMARY=str(summary)) == (3, ["stacks", "drift"])
    assert summary.read_text() == "```text\ntre-heart local up 2027-01-01\n```\n"
    assert json.loads((tmp_path / "drift.jsonl").read_text()) == {"event": "drift"}


def test_a_night_that_ends_a_tenancy_asks_for_the_commit_of_what_changed(site: Path) -> None:
    assert run(site, "end") == (0, ["destroy"])
    assert run(site, "end", ENDED="yes")[0] == 1


# What the scripts send

needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="jq is not on PATH; runners have it")
GH = """#!/bin/bash
case "$*" in
  *"commits/"*"/pulls"*) cat "$FAKE/pulls" ;;
  *"--method"*) [[ "$*" != *"--input -"* ]] || cat >"$FAKE/sent-$(wc -l <"$FAKE/calls")" ;;
  *"/comments"*) cat "$FAKE/comments" ;;
esac
echo "$*" >>"$FAKE/calls"
"""
COMMIT = "a" * 40


class GitHub:
    """Runs `report-to-github` with a `gh` that records its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.fake = folder / "preview", folder / "fake"
        self.folder.mkdir()
        self.fake.mkdir()
        (self.fake / "gh").write_text(GH)
        (self.fake / "gh").chmod(0o755)
        (self.fake / "calls").touch()
        self.answer([{"number": 7, "state": "open", "head": {"sha": COMMIT, "repo": {"full_name": "o/r"}},
                      "base": {"ref": "main", "repo": {"default_branch": "main"}}}])  # fmt: skip
        self.comments([])

    def answer(self, pulls: object) -> None:
        (self.fake / "pulls").write_text(json.dumps(pulls))

    def comments(self, found: object) -> None:
        (self.fake / "comments").write_text(json.dumps(found))

    def run(self, result: str) -> list[tuple[str, Any]]:
        """Return the requests that write, with their bodies."""
        environment = {"PATH": f"{self.fake}:{os.environ['PATH']}", "FAKE": str(self.fake), "REPOSITORY": "o/r",
                       "COMMIT": COMMIT, "RUN_URL": "https://example.invalid/1", "CODE_SCANNING": "true"}  # fmt: skip
        subprocess.run([ROOT / "scripts/pipelines/report-to-github", self.folder, result], check=True, env=environment,
                       capture_output=True)  # fmt: skip
        calls = (self.fake / "calls").read_text().splitlines()
        return [(call, json.loads((self.fake / f"sent-{n}").read_text()))
                for n, call in enumerate(calls) if "--method" in call]  # fmt: skip


@needs_jq
def test_the_comment_is_made_once_then_updated_and_the_status_is_the_jobs_result(tmp_path: Path) -> None:
    github = GitHub(tmp_path)
    (github.folder / "page.md").write_text("# Preview: passed\n$(id) `id`\n")
    (github.folder / "policies.sarif").write_text("{}")
    (comment, body), (sarif, report), (status, state) = github.run("success")
    assert "POST repos/o/r/issues/7/comments" in comment
    assert body["body"].startswith("<!-- sde preview -->\n# Preview: passed\n$(id) `id`\n")
    assert "code-scanning/sarifs" in sarif
    assert (report["commit_sha"], report["ref"]) == (COMMIT, "refs/pull/7/head")
    assert f"statuses/{COMMIT}" in status
    assert (state["state"], state["context"]) == ("success", "sde preview")
    (github.fake / "calls").write_text("")
    github.comments([
        {"id": 1, "user": {"login": "somebody"}, "body": "<!-- sde preview -->"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "<!-- sde preview -->\nbefore"},
    ])  # fmt: skip
    (github.folder / "page.md").unlink()
    (comment, body), *_, (_, state) = github.run("failure")
    assert "PATCH repos/o/r/issues/comments/2" in comment
    assert "# Preview: failed" in body["body"]
    assert state["state"] == "failure"


@needs_jq
def test_nothing_is_reported_on_the_pull_request_of_a_fork(tmp_path: Path) -> None:
    github = GitHub(tmp_path)
    github.answer([{"number": 7, "state": "open", "head": {"sha": COMMIT, "repo": {"full_name": "fork/r"}},
                    "base": {"ref": "main", "repo": {"default_branch": "main"}}}])  # fmt: skip
    assert github.run("success") == []


CURL = """#!/bin/bash
case "$*" in
  *"--request"*) { printf '%s\\n' "$*"; cat; } >"$OUT/sent" ;;
  *) cat "$OUT/threads" ;;
esac
"""


@needs_jq
@pytest.mark.parametrize(("threads", "request_"), [
    ({"value": [{"id": 4, "comments": [{"id": 1, "content": "looks good"}]}, {"id": 5, "comments": []}]},
     "--request POST --data-binary @- https://dev.example/o/p/_apis/git/repositories/r/pullRequests/7/threads?"),
    ({"value": [{"id": 9, "comments": [{"id": 2, "content": "<!-- sde preview -->\nbefore"}]}]},
     "--request PATCH --data-binary @- https://dev.example/o/p/_apis/git/repositories/r/pullRequests/7/threads/9/comments/2?"),
])  # fmt: skip
def test_the_comment_in_azure_repos_is_made_once_then_updated(tmp_path: Path, threads: object, request_: str) -> None:
    (tmp_path / "curl").write_text(CURL)
    (tmp_path / "curl").chmod(0o755)
    (tmp_path / "threads").write_text(json.dumps(threads))
    (tmp_path / "page.md").write_text("# Preview: passed\n")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "OUT": str(tmp_path), "SYSTEM_ACCESSTOKEN": "secret",
                   "SYSTEM_COLLECTIONURI": "https://dev.example/o/", "SYSTEM_TEAMPROJECTID": "p",
                   "BUILD_REPOSITORY_ID": "r", "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
                   "SYSTEM_PULLREQUEST_SOURCECOMMITID": COMMIT}  # fmt: skip
    subprocess.run([ROOT / "scripts/pipelines/report-to-azure-repos", tmp_path], env=environment, check=True)
    arguments, body = (tmp_path / "sent").read_text().split("\n", 1)
    assert request_ in arguments
    assert "secret" not in arguments
    sent = json.loads(body)
    text = sent["content"] if "content" in sent else sent["comments"][0]["content"]
    assert text.startswith("<!-- sde preview -->\n# Preview: passed\n")


@needs_jq
def test_a_command_gets_a_file_with_the_jobs_token_and_cannot_ask_for_another(tmp_path: Path) -> None:
    (tmp_path / "curl").write_text('#!/bin/sh\necho "$*" >"$OUT"; cat >>"$OUT"; echo \'{"value": "the-token"}\'\n')
    (tmp_path / "curl").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "OUT": str(tmp_path / "asked"), "AZURE_CLIENT_ID": "c",
                   "AZURE_TENANT_ID": "t", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.invalid/?a=b",
                   "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-secret"}  # fmt: skip
    script = 'cat "$AZURE_FEDERATED_TOKEN_FILE"; stat -c %a "$AZURE_FEDERATED_TOKEN_FILE"; env; exit 5'
    done = subprocess.run([ROOT / "scripts/pipelines/with-github-identity", "sh", "-c", script], env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 5
    assert done.stdout.startswith("the-token\n600\n")
    assert "request-secret" not in done.stdout
    arguments, header = (tmp_path / "asked").read_text().splitlines()
    assert "request-secret" not in arguments
    assert "https://example.invalid/?a=b&audience=api%3A%2F%2FAzureADTokenExchange" in arguments
    assert header == "Authorization: bearer request-secret"
