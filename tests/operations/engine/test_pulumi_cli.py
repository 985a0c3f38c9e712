"""The Pulumi CLI behind the port: a small stand-in answers in the shapes that the real one prints."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from operations.engine.choose import choose, local_cli
from operations.engine.embedded.values import SECRET_SIGNATURE, SIGNATURE
from operations.engine.embedded.values import UNKNOWN as SENTINEL
from operations.engine.port import Event, StackSettings
from operations.engine.pulumi_cli import PulumiCli
from operations.errors import BadInput, Failed, Refused
from operations.plan import SECRET, UNKNOWN, Operation, Plan
from operations.settings import ROOT, Settings

PROVIDER = "urn:pulumi:platform::sde::pulumi:providers:azure-native::default_3_29_0"
GROUP = "azure-native:resources:ResourceGroup"
STORE = "azure-native:storage:StorageAccount"
STACK = StackSettings("platform", {"sde:cloud": "local"}, Path("Pulumi.platform.yaml"))


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:platform::sde::{type_}::{name}"


def state(type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn(type_, name), "type": type_, "custom": True, "provider": f"{PROVIDER}::{SENTINEL}", **more}


class Cli:
    """The stand-in, and the folder in which it is told what to say."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        command = folder / "bin" / "pulumi"
        command.parent.mkdir()
        program = Path(__file__).with_name("fake_pulumi.py")
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{program}" "$@"\n')
        command.chmod(0o755)
        monkeypatch.setenv("FAKE_PULUMI", str(folder))
        monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("SDE_HOME", str(folder / "home"))
        for name in (
            "PULUMI_BACKEND_URL",
            "PULUMI_CONFIG_PASSPHRASE",
            "PULUMI_CONFIG_PASSPHRASE_FILE",
            "SDE_LOCAL_AZURE",
        ):
            monkeypatch.delenv(name, raising=False)

    def says(self, **files: Any) -> None:
        for name, content in files.items():
            (self.folder / f"{name}.json").write_text(json.dumps(content))

    def happens(self, *events: dict[str, Any]) -> None:
        (self.folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))

    def engine(self) -> PulumiCli:
        engine = choose("auto", "local", Settings.load())
        assert isinstance(engine, PulumiCli)
        return engine

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def asked(self, *words: str) -> bool:
        return any(call["arguments"][: len(words)] == list(words) for call in self.calls)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path, monkeypatch)


def step(op: str, type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "urn": urn(type_, name), "detailedDiff": None, **more}


def test_a_preview_becomes_a_plan(cli: Cli) -> None:
    group = state(GROUP, "rg", inputs={"location": "uksouth", "tags": {"owner": "old"}}, id="/rg")
    store = state(
        STORE,
        "store",
        inputs={"name": SENTINEL, "key": "[secret]", "size": 3.0},
        dependencies=[urn(GROUP, "rg")],
        propertyDependencies={"resourceGroupName": [urn(GROUP, "rg")], "name": None},
        protect=True,
        parent=urn("pulumi:pulumi:Stack", "sde-platform"),
    )
    changed = {**group, "inputs": {"location": "uksouth", "tags": {"owner": "new"}}}
    gone = state(STORE, "gone", id="/gone", inputs={"name": "gone"})
    cli.says(
        preview={
            "steps": [
                step("delete", STORE, "gone", oldState=gone),
                step("update", GROUP, "rg", oldState=group, newState=changed,
                     detailedDiff={"tags.owner": {"kind": "update", "inputDiff": False}}, diffReasons=["tags"]),
                step("create", STORE, "store", newState=store),
            ]
        }
    )  # fmt: skip
    plan = cli.engine().preview(STACK)
    update, create, delete = plan.resources
    assert (plan.project, plan.stack, plan.cloud) == ("sde", "platform", "local")
    assert (update.operation, update.changed, update.id) == (Operation.UPDATE, ("tags.owner",), "/rg")
    assert (update.old_inputs or {})["tags"] == {"owner": "old"}
    assert update.provider == PROVIDER
    assert create.inputs == {"name": UNKNOWN, "key": SECRET, "size": 3}
    assert create.property_dependencies == {"resourceGroupName": (urn(GROUP, "rg"),)}
    assert (create.protect, create.id, create.old_inputs) == (True, None, None)
    assert (delete.operation, delete.inputs, delete.id) == (Operation.DELETE, {"name": "gone"}, "/gone")


def test_a_replacement_in_three_steps_is_one_operation(cli: Cli) -> None:
    old, new = state(STORE, "s", id="/s", inputs={"kind": "a"}), state(STORE, "s", inputs={"kind": "b"})
    diff = {"kind": {"kind": "update-replace", "inputDiff": False}, "tags.a": {"kind": "add", "inputDiff": False}}
    cli.says(
        preview={
            "steps": [
                step("create-replacement", STORE, "s", oldState=old, newState=new, detailedDiff=diff),
                step("replace", STORE, "s", oldState=old, newState=new, detailedDiff=diff, replaceReasons=["kind"]),
                step("delete-replaced", STORE, "s", oldState=old),
            ]
        }
    )
    (planned,) = cli.engine().preview(STACK).resources
    assert planned.operation is Operation.REPLACE
    assert planned.changed == ("kind", "tags.a")
    assert planned.replaces == ("kind",)
    assert (planned.old_inputs, planned.inputs) == ({"kind": "a"}, {"kind": "b"})


def test_a_step_of_an_unknown_kind_is_an_error(cli: Cli) -> None:
    cli.says(preview={"steps": [step("teleport", STORE, "s", newState=state(STORE, "s"))]})
    with pytest.raises(Failed, match="teleport"):
        cli.engine().preview(STACK)


def test_the_cli_runs_with_the_local_homes_and_never_the_users_own(cli: Cli) -> None:
    cli.engine().preview(STACK)
    home = cli.folder / "home"
    for call in cli.calls:
        if call["arguments"] != ["version"]:
            assert call["PULUMI_BACKEND_URL"] == f"file://{home}/state"
            assert call["PULUMI_HOME"] == str(home / "pulumi")
            assert call["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(home / "local" / "passphrase")
            assert call["SDE_LOCAL_AZURE"] == str(home / "local" / "azure.db")
    assert not cli.asked("login")


def test_for_azure_the_environment_is_the_users_own_and_no_stack_is_made(cli: Cli) -> None:
    engine = choose("auto", "azure", Settings.load())
    with pytest.raises(BadInput, match="pulumi stack init platform --secrets-provider"):
        engine.preview(StackSettings("platform", {"sde:cloud": "azure"}, STACK.file))
    assert not cli.asked("stack", "init")
    assert all(call["PULUMI_BACKEND_URL"] is None and call["PULUMI_HOME"] is None for call in cli.calls)


def test_azure_is_refused_in_a_shell_of_the_local_azure(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDE_LOCAL_AZURE", "/somewhere.db")
    with pytest.raises(BadInput, match="SDE_LOCAL_AZURE"):
        choose("auto", "azure", Settings.load())


def test_targets_are_named_to_the_cli(cli: Cli) -> None:
    cli.engine().preview(STACK, targets=["urn:a", "urn:b"])
    arguments = cli.calls[-1]["arguments"]
    assert arguments[-4:] == ["--target", "urn:a", "--target", "urn:b"]


def metadata(op: str, type_: str, name: str) -> dict[str, Any]:
    return {"op": op, "urn": urn(type_, name), "type": type_, "provider": PROVIDER}


def test_up_tells_its_steps_and_counts_them(cli: Cli) -> None:
    cli.happens(
        {"resourcePreEvent": {"metadata": metadata("create", STORE, "s")}},
        {"resOutputsEvent": {"metadata": metadata("create", STORE, "s")}},
        {"resOutputsEvent": {"metadata": metadata("same", GROUP, "rg")}},
        {"resOutputsEvent": {"metadata": metadata("create-replacement", STORE, "r")}},
        {"resOutputsEvent": {"metadata": metadata("delete-replaced", STORE, "r")}},
        {"resOutputsEvent": {"metadata": metadata("same", "pulumi:pulumi:Stack", "sde-platform")}},
        {"diagnosticEvent": {"message": "<{%bold%}>mind<{%reset%}>", "severity": "warning", "color": "never"}},
    )
    secret = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:abc"}
    root = {"urn": "u", "type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"key": secret, "hub": "vnet"}}
    resources = [root, state(STORE, "s"), state(GROUP, "rg")]
    cli.says(
        export={"version": 3, "deployment": {"manifest": {"time": "2026-01-02T03:04:05Z"}, "resources": resources}}
    )
    events: list[Event] = []
    outcome = cli.engine().up(STACK, on_event=events.append)
    assert outcome.counts == {"create": 1, "same": 1, "replace": 1}
    assert outcome.resources == 2
    assert outcome.outputs == {"key": SECRET, "hub": "vnet"}
    assert [e.kind for e in events][:3] == ["stack-started", "step-started", "step-done"]
    assert [e.message for e in events if e.kind == "message"] == ["mind"]
    assert events[-1].kind == "stack-done"


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ("error: the stack is currently locked by 1 lock(s).", BadInput, "scripts/sde cancel platform"),
        ("error: getting stack configuration: incorrect passphrase", BadInput, "PULUMI_CONFIG_PASSPHRASE"),
        ("error: resource 'x' cannot be deleted\nbecause it is protected", Refused, "protected"),
        ("error: update failed", Failed, "update failed"),
    ],
)
def test_what_the_cli_says_becomes_an_error_of_ours(cli: Cli, said: str, error: type[Exception], words: str) -> None:
    cli.says(fail={"up": said})
    with pytest.raises(error, match=words):
        cli.engine().up(STACK)


def test_an_error_of_the_program_is_told_from_the_events(cli: Cli) -> None:
    cli.says(fail={"up": "error: update failed"})
    cli.happens({"diagnosticEvent": {"message": "Code=Conflict taken", "severity": "error", "color": "never"}})
    with pytest.raises(Failed, match="Code=Conflict taken"):
        cli.engine().up(STACK)


def test_a_preview_that_fails_says_what_its_document_says(cli: Cli) -> None:
    cli.says(
        fail={"preview": "error: preview failed"},
        preview={"diagnostics": [{"message": "no such region", "severity": "error"}]},
    )
    with pytest.raises(Failed, match="no such region"):
        cli.engine().preview(STACK)


def test_a_destroy_is_planned_from_the_state(cli: Cli) -> None:
    read = state("pulumi:pulumi:StackReference", "ref", external=True)
    group, store = state(GROUP, "rg", id="/rg"), state(STORE, "s", id="/s", protect=True)
    cli.says(stacks=["platform"], export={"deployment": {"resources": [read, group, store]}})
    planned = cli.engine().preview_destroy(STACK).resources
    assert [(p.name, p.operation, p.protect) for p in planned] == [
        ("s", Operation.DELETE, True),
        ("rg", Operation.DELETE, False),
    ]
    assert [p.name for p in cli.engine().preview_destroy(STACK, targets=[urn(GROUP, "rg")]).resources] == ["rg"]
    with pytest.raises(BadInput, match="nowhere"):
        cli.engine().preview_destroy(STACK, targets=["nowhere"])


@pytest.mark.parametrize("release", [True, False])
def test_protection_is_released_only_where_asked(cli: Cli, release: bool) -> None:
    cli.says(stacks=["platform"])
    cli.engine().destroy(STACK, release_protected=release)
    assert cli.asked("state", "unprotect", "--all") is release
    assert cli.asked("destroy")


def test_a_stack_that_never_was_has_no_state(cli: Cli) -> None:
    assert cli.engine().state("platform") is None


def test_outputs_stay_masked_unless_asked(cli: Cli) -> None:
    cli.says(stacks=["platform"], outputs={"hub": "vnet"})
    assert cli.engine().outputs("platform") == {"hub": "vnet"}
    assert "--show-secrets" not in cli.calls[-1]["arguments"]
    cli.engine().outputs("platform", show_secrets=True)
    assert "--show-secrets" in cli.calls[-1]["arguments"]


def test_a_lock_is_removed_by_the_clis_own_command(cli: Cli) -> None:
    cli.engine().cancel("platform")
    assert cli.asked("cancel", "--yes", "platform")


def test_an_import_protects(cli: Cli) -> None:
    cli.says(stacks=["platform"])
    cli.engine().import_resource(STACK, STORE, "old", "/old")
    (call,) = [c["arguments"] for c in cli.calls if c["arguments"][0] == "import"]
    assert "--protect=true" in call


def test_stacks_that_the_backend_does_not_know_are_entered(cli: Cli) -> None:
    cli.says(stacks=["platform"])
    assert local_cli(Settings.load()).make_missing(["platform", "safe-haven"]) == ["safe-haven"]
    assert cli.asked("stack", "init", "safe-haven")
    assert not cli.asked("stack", "init", "platform")


def test_the_project_is_where_the_cli_runs() -> None:
    assert (ROOT / "Pulumi.yaml").is_file()


def test_what_stands_is_read_from_exports_a_few_at_a_time(cli: Cli) -> None:
    hidden = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:abc"}
    resources = [state(GROUP, "rg", id="/rg", inputs={"key": hidden}), state(STORE, "old", delete=True)]
    cli.says(stacks=["platform"], export={"version": 3, "deployment": {"resources": resources}})
    other = StackSettings("other", {"sde:cloud": "local"}, Path("Pulumi.other.yaml"))
    found = cli.engine().standing([STACK, other])
    assert list(found) == ["platform"]
    (group,) = found["platform"].resources
    assert (group.id, group.operation, group.inputs) == ("/rg", Operation.SAME, {"key": SECRET})
    assert not cli.asked("stack", "init")


def test_a_stack_of_which_nothing_stands_or_that_cannot_be_read(cli: Cli) -> None:
    cli.says(stacks=["platform"], export={"version": 3, "deployment": {}})
    assert cli.engine().standing([STACK]) == {}
    cli.says(export={"version": 3, "deployment": {"resources": [{}]}})
    with pytest.raises(BadInput, match="damaged"):
        cli.engine().standing([STACK])
    cli.says(fail={"stack export": "error: 403 forbidden"})
    with pytest.raises(Failed, match="403"):
        cli.engine().standing([STACK])


def test_a_lock_in_a_folder_is_told_and_what_stands_is_not(cli: Cli) -> None:
    cli.says(stacks=["platform"], export={"version": 3, "deployment": {"resources": [state(GROUP, "rg")]}})
    folder = cli.folder / "home/state/.pulumi/locks/organization/sde/platform"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(
        json.dumps({"pid": 1, "username": "ann", "hostname": "build-1", "timestamp": "2026-01-02T03:04:05Z"})
    )
    found = cli.engine().state("platform")
    assert found
    assert found.locked_by == "ann@build-1 (pid 1) since 2026-01-02T03:04:05Z"
    with pytest.raises(BadInput, match="locked by ann@build-1"):
        cli.engine().standing([STACK])


def planned(cli: Cli, *names: str, **inputs: Any) -> tuple[PulumiCli, Plan]:
    """An engine, and the plan that it made of creating some stores."""
    steps = [step("create", STORE, n, newState=state(STORE, n, inputs=inputs)) for n in names]
    cli.says(stacks=["platform"], preview={"steps": steps}, export={"version": 3, "deployment": {}})
    engine = cli.engine()
    return engine, engine.preview(STACK)


def error(message: str, about: str | None = None) -> dict[str, Any]:
    event = {"message": message, "severity": "error", "color": "never"}
    return {"diagnosticEvent": {**event, **({"urn": about} if about else {})}}


def test_up_is_held_to_the_plan_that_the_preview_saved_and_the_history_names_it(cli: Cli) -> None:
    engine, plan = planned(cli, "a")
    engine.up(STACK, plan=plan)
    (call,) = [c["arguments"] for c in cli.calls if c["arguments"][0] == "up"]
    saved = call[call.index("--plan") + 1]
    assert call[call.index("--message") + 1] == f"plan {plan.digest}"
    assert Path(saved).parent.stat().st_mode & 0o077 == 0


def test_each_of_two_plans_has_its_own_file(cli: Cli) -> None:
    engine, first = planned(cli, "a")
    cli.says(preview={"steps": [step("create", STORE, "b", newState=state(STORE, "b"))]})
    second = engine.preview(STACK)
    for plan in (first, second):
        engine.up(STACK, plan=plan)
    files = [c["arguments"][c["arguments"].index("--plan") + 1] for c in cli.calls if c["arguments"][0] == "up"]
    assert len(set(files)) == 2


@pytest.mark.parametrize("saved", [{}, {"resourcePlans": {}}, [], {"resourcePlans": None}])
def test_a_cli_that_saves_no_plan_worth_the_name_is_not_trusted_with_up(cli: Cli, saved: Any) -> None:
    cli.says(saved=saved)
    engine, plan = planned(cli, "a")
    with pytest.raises(Failed, match="leaves out 1"):
        engine.up(STACK, plan=plan)
    with pytest.raises(Failed, match="saved no plan"):
        cli.engine().up(STACK, plan=plan)
    assert not cli.asked("up")


BROKEN = f"resource {urn(STORE, 'a')} violates plan: properties changed:"


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (error(f"{BROKEN} ++size[{{8}}!={{hunter2}}]"),
         "a (azure-native:storage:StorageAccount): size differ"),
        (error(f"{BROKEN} ~~size[{{{{++hunter2[}}}}]"), "size differ"),
        (error(f"{BROKEN} ++hunter2[x]"), "its properties differ"),
        (error("create is not allowed by the plan: no steps were expected for this resource", urn(STORE, "new")),
         "new (azure-native:storage:StorageAccount): the plan does not say create"),
        (error(f"expected resource operations for {urn(STORE, 'a')} but none were seen"), "does not ask for it"),
        (error("resource violates plan: properties changed: ++key[hunter2]"), "its outputs differ"),
    ],
)  # fmt: skip
def test_what_is_not_as_planned_is_a_refusal_that_tells_no_value(cli: Cli, event: dict[str, Any], what: str) -> None:
    engine, plan = planned(cli, "a", size=8)
    cli.happens(event)
    cli.says(fail={"up": "error: update failed"})
    events: list[Event] = []
    with pytest.raises(Refused) as refusal:
        engine.up(STACK, plan=plan, on_event=events.append)
    assert what in str(refusal.value)
    assert "scripts/sde preview platform" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert "hunter2" not in str(events)
