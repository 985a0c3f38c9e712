"""The scripts of the pipelines: what they take from a branch, and what they do with what `sde` and others answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from operations.settings import ROOT
from scripts.pipelines import estate_of_branch
from scripts.pipelines.estate_of_branch import RefusedError

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
        "estate/approvals/approvers/1.json": "{}", "estate/approvals/requests/lungs/5cbb.json": "{}",
        "Pulumi.platform.yaml": "secretsprovider: azurekeyvault://theirs\n",
        "Pulumi.tre-lungs.yaml": "secretsprovider: azurekeyvault://ours\n", "scripts/judge": "theirs\n", "x": "",
    })  # fmt: skip
    take(site, found)
    estate_of_branch.note(site, found, tmp_path)
    assert sorted(one.relative_to(site).as_posix() for one in (site / "estate").rglob("*.*")) == [
        "estate/approvals/approvers/1.json", "estate/approvals/requests/lungs/5cbb.json", "estate/estate.yaml",
        "estate/requests/lungs.yaml"]  # fmt: skip
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
    ({"estate/approvals/requests/a/b/c.json": "x"}, "no file of an estate"),
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
    assert run(site, "nightly", str(tmp_path), DRIFT="3", GITHUB_STEP_SUMMARY=str(summary)) == (
        3,
        ["stacks", "stacks", "report", "drift"],
    )
    assert summary.read_text() == "```text\ntre-heart local up 2027-01-01\n```\n" * 2
    assert "--expires-within 90" in (site / "calls").read_text()
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
