"""The engine port with the Pulumi CLI: results of runs, and enforcement of the checked plan."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter

import pytest

from formats.errors import Failed, InputError, Refused
from formats.plan import SECRET, Plan
from operations.engine.choose import choose
from operations.engine.port import Event, StackSettings
from operations.settings import Settings
from tests.operations.engine.pulumi_lab import STRING, SUBSCRIPTION, Lab, urn
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

BODY = """
import pulumi_azure_native as azure
group = azure.resources.ResourceGroup("rg", resource_group_name="rg", location="uksouth", tags={"owner": "ann"})
word = random.RandomString("word", length=5)
key = random.RandomPassword("key", length=24)
pulumi.export("word", word.result)
pulumi.export("key", key.result)
print("a line")
"""
SMALL = "random.RandomString('word', length=5)"
PROTECTED = BODY.replace("length=5)", "length=5, opts=pulumi.ResourceOptions(protect=True))")
GROUP = "azure-native:resources:ResourceGroup"


@pytest.fixture(scope="module", autouse=True)
def _standing(lab: Lab) -> None:
    """Deploy the stack with the program `BODY`."""
    lab.program(BODY)
    lab.engine.up(lab.stack, plan=lab.engine.preview(lab.stack))


@pytest.fixture(autouse=True)
def _program(lab: Lab) -> None:
    lab.program(BODY)


def changed(lab: Lab, old: str, new: str) -> None:
    assert old in BODY
    lab.program(BODY.replace(old, new))


def steps(events: list[Event]) -> Counter[tuple[str, str, str]]:
    """Return the events of changed resources, without the engine's own."""
    told = (e for e in events if e.urn and e.operation and not (e.type or "").startswith("pulumi:"))
    return Counter((e.kind, (e.urn or "").split("::")[-1], str(e.operation)) for e in told if e.operation != "same")


def up(lab: Lab) -> tuple[Plan, list[Event], dict[str, int]]:
    events: list[Event] = []
    engine = lab.engine
    plan = engine.preview(lab.stack)
    return plan, events, dict(engine.up(lab.stack, plan=plan, on_event=events.append).counts)


def test_run_sends_start_end_and_printed_output(lab: Lab) -> None:
    _, events, counts = up(lab)
    assert (events[0].kind, events[-1].kind) == ("stack-started", "stack-done")
    assert (events[-1].seconds or 0) > 0
    assert counts == {"same": 3}
    assert [e.message for e in events if e.kind == "message"] == ["a line"]


def test_change_is_one_step_with_paths_and_duration(lab: Lab) -> None:
    changed(lab, '"ann"', '"ben"')
    plan, events, counts = up(lab)
    assert [(r.name, r.changed) for r in plan.changes] == [("rg", ("tags.owner",))]
    assert counts == {"same": 2, "update": 1}
    assert steps(events) == {("step-started", "rg", "update"): 1, ("step-done", "rg", "update"): 1}
    (done,) = [e for e in events if e.kind == "step-done" and e.operation == "update"]
    assert done.changed == ("tags.owner",)
    assert done.seconds is not None


def test_replacement_is_reported_once(lab: Lab) -> None:
    changed(lab, "length=5", "length=6")
    _, events, counts = up(lab)
    assert counts["replace"] == 1
    assert steps(events)["step-done", "word", "replace"] == 1
    assert {name for _, name, _ in steps(events)} <= {"word", "rg"}


def names(lab: Lab) -> set[str]:
    """Return the resources of the state."""
    return {r["urn"].split("::")[-1] for r in lab.engine.export_state("lab")["deployment"]["resources"]}


FAILING = """
first = azure.storage.StorageAccount("first", account_name="first", resource_group_name="absent", location="uksouth",
    kind="StorageV2", sku={"name": "Standard_LRS"}, opts=pulumi.ResourceOptions(depends_on=[group]))
random.RandomString("after", length=5, opts=pulumi.ResourceOptions(depends_on=[first]))
"""


def test_failed_step_is_reported_once_and_is_no_refusal(lab: Lab) -> None:
    lab.program(BODY + FAILING)
    engine, events = lab.engine, list[Event]()
    plan = engine.preview(lab.stack)
    with pytest.raises(Failed, match=r"^azure-native:storage:StorageAccount first: Code=ResourceGroupNotFound"):
        engine.up(lab.stack, plan=plan, on_event=events.append)
    told = [e for e in events if "ResourceGroupNotFound" in (e.message or "")]
    assert [(e.kind, bool(e.urn)) for e in told] == [("step-failed", True), ("message", False)]
    assert "after" not in names(lab)


def test_secret_outputs_are_shown_only_on_request(lab: Lab) -> None:
    engine = lab.engine
    assert engine.outputs("lab")["key"] == SECRET
    secret = engine.outputs("lab", show_secrets=True)["key"]
    assert len(secret) == 24
    lab.program(BODY + "key.result.apply(lambda text: print('the key is ' + text))")
    plan, events, _ = up(lab)
    state = engine.state("lab")
    assert any("the key is" in (e.message or "") for e in events)
    for told in (plan.to_json(), [vars(e) for e in events], state, engine.export_state("lab")):
        assert secret not in str(told)
    assert secret.encode() not in b"".join(f.read_bytes() for f in lab.folder.rglob("home/state/**/*") if f.is_file())


def test_the_history_names_the_plan(lab: Lab) -> None:
    plan, _, _ = up(lab)
    *_, last = sorted((lab.folder / "home/state/.pulumi/history/sde/lab").glob("*.history.json"))
    assert json.loads(last.read_text())["message"] == f"plan {plan.digest}"


WORD = 'word = random.RandomString("word", length=5)'
HIDDEN = 'pulumi.Output.secret("hunter2hunter2")'


@pytest.mark.parametrize(
    ("later", "what"),
    [
        (BODY.replace('"ann"', HIDDEN), "rg (azure-native:resources:ResourceGroup)"),
        (BODY + "random.RandomString('more', length=9)", "more (random:index/randomString:RandomString)"),
        (BODY.replace(WORD, "").replace("word.result", "1"), "the plan does not allow delete"),
    ],
    ids=["another value", "another resource", "one resource less"],
)
def test_program_changed_after_its_check_is_refused(lab: Lab, later: str, what: str) -> None:
    engine, events = lab.engine, list[Event]()
    engine.up(lab.stack)
    plan = engine.preview(lab.stack)
    lab.program(later)
    with pytest.raises(Refused, match="differs from the checked plan") as refusal:
        engine.up(lab.stack, plan=plan, on_event=events.append)
    assert what in str(refusal.value)
    assert "hunter2" not in str(refusal.value) + str(events)
    lab.program(BODY)
    assert not engine.preview(lab.stack).changes


def test_only_targets_change_and_patterns_work(lab: Lab) -> None:
    changed(lab, '"ann"', '"eve"')
    engine = lab.engine
    assert not engine.preview(lab.stack, targets=[urn("word")]).changes
    assert [r.name for r in engine.preview(lab.stack, targets=["**ResourceGroup::*"]).changes] == ["rg"]
    assert [r.name for r in engine.preview_destroy(lab.stack, targets=["**::word"]).changes] == ["word"]


def test_refresh_reports_changed_and_deleted_resources(lab: Lab) -> None:
    engine, events = lab.engine, list[Event]()
    lab.program(BODY + 'azure.resources.ResourceGroup("lost", resource_group_name="lost", location="uksouth")')
    engine.up(lab.stack)
    with sqlite3.connect(lab.folder / "home/local/azure.db") as database:
        database.execute("UPDATE resource SET properties = json_set(properties, '$.tags.owner', 'x') WHERE name = 'rg'")
        database.execute("DELETE FROM resource WHERE name = 'lost'")
    database.close()
    counts = engine.refresh(lab.stack, on_event=events.append).counts
    assert counts == {"same": 2, "update": 1, "delete": 1}
    done = {(e.urn or "").split("::")[-1]: e for e in events if e.kind == "step-done"}
    assert (done["rg"].operation, done["rg"].changed) == ("update", ("tags.owner",))
    assert (done["word"].operation, done["word"].changed) == ("same", ())
    assert [(e.urn or "").split("::")[-1] for e in events if e.message == "It is gone from the cloud"] == ["lost"]


def test_import_protects_and_failed_import_changes_nothing(lab: Lab) -> None:
    engine = lab.engine
    engine.up(lab.stack)
    before = names(lab)
    with pytest.raises(Failed, match=r"there is nothing to import|does not exist|not found"):
        engine.import_resource(lab.stack, GROUP, "new", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/no")
    with pytest.raises(InputError, match="no SDK"):
        engine.import_resource(lab.stack, "no-such:a:B", "new", "id")
    assert names(lab) == before
    assert engine.import_resource(lab.stack, STRING, "new", "abcdef").counts["import"] == 1
    resources = {r["urn"]: r for r in engine.export_state("lab")["deployment"]["resources"]}
    assert resources[urn("new")]["protect"]
    with pytest.raises(Refused, match="new would be deleted"):
        engine.preview(lab.stack)
    engine.destroy(lab.stack, targets=[urn("new")], release_protected=True)


def test_protected_resources_are_deleted_only_if_released(lab: Lab) -> None:
    lab.program(PROTECTED)
    engine, events = lab.engine, list[Event]()
    engine.up(lab.stack)
    with pytest.raises(Refused, match="RandomString word would be deleted"):
        engine.destroy(lab.stack, on_event=events.append)
    assert not steps(events)
    lab.program(PROTECTED.replace("length=5", "length=7").replace('"ann"', '"eve"'))
    for run in (engine.preview, engine.up):
        with pytest.raises(Refused, match=r"nothing was changed:\n.*RandomString word would be replaced"):
            run(lab.stack)
    engine.destroy(lab.stack, targets=[urn("word")], release_protected=True)
    assert "word" not in names(lab)


def test_first_run_creates_a_stack_and_unknown_stacks_are_none(lab: Lab) -> None:
    lab.program(SMALL)
    engine = lab.engine
    new = lab.another("new")
    assert engine.state("new") is None
    assert engine.current_state([new, lab.stack]).keys() == {"lab"}
    assert engine.deployed([new, lab.stack])["lab"].load() == engine.current_state([lab.stack])["lab"]
    engine.cancel("new")
    for run in (engine.refresh, engine.destroy):
        with pytest.raises(InputError, match="Stack new has not been deployed yet"):
            run(new)
    engine.preview(new)
    assert engine.make_missing(["lab", "new", "other"]) == ["other"]


def test_the_digest_of_a_deployed_stack_changes_with_its_state(lab: Lab) -> None:
    lab.program(SMALL)
    engine = lab.engine
    engine.up(lab.stack)
    found = engine.deployed([lab.stack])["lab"]
    assert engine.deployed([lab.stack])["lab"] == found
    lab.program("random.RandomString('other', length=5)")
    engine.up(lab.stack)
    assert engine.deployed([lab.stack])["lab"].digest != found.digest
    with pytest.raises(InputError, match="The state of lab changed while this command was running"):
        found.load()


def test_external_configuration_leaves_project_files_unchanged(lab: Lab) -> None:
    elsewhere = lab.folder / "elsewhere/Pulumi.abroad.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text("# of another estate\nconfig:\n  sde:cloud: local\n")
    lab.program(SMALL)
    before = lab.files()
    engine = lab.engine
    engine.up(lab.another("abroad", elsewhere))
    assert lab.files() == before
    salt = engine.export_state("abroad")["deployment"]["secrets_providers"]["state"]["salt"]
    assert elsewhere.read_text() == f"# of another estate\nconfig:\n  sde:cloud: local\nencryptionsalt: {salt}\n"


def test_relative_backend_is_the_same_for_all_commands(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.program(SMALL)
    monkeypatch.chdir(lab.folder)
    (lab.folder / "other").mkdir()
    engine = lab.cli(PULUMI_BACKEND_URL="file://./other")
    engine.preview(lab.another("near", lab.folder / "Pulumi.near.yaml"))
    assert (lab.folder / "other/.pulumi/stacks/sde/near.json").exists()


def test_missing_azure_stack_is_not_created(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    state = lab.folder / "real"
    state.mkdir()
    for name, value in {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "x"}.items():
        monkeypatch.setenv(name, value)
    engine = choose("pulumi", "azure", Settings.load(lab.settings().environ))
    with pytest.raises(InputError, match="pulumi stack init real --secrets-provider"):
        engine.preview(StackSettings("real", {"sde:cloud": "azure"}, lab.folder / "Pulumi.real.yaml"))
    assert not list(state.rglob("real.json"))


def test_azure_is_refused_in_a_local_azure_shell(lab: Lab) -> None:
    with pytest.raises(InputError, match="SDE_LOCAL_AZURE"):
        choose("pulumi", "azure", Settings.load({**lab.settings().environ, "SDE_LOCAL_AZURE": "/somewhere.db"}))
