"""Invalid input of the Pulumi CLI: each is one `InputError` and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from formats.errors import InputError
from operations.engine.port import Engine
from operations.engine.pulumi_cli import PulumiCli
from tests.operations.engine.pulumi_lab import Lab, urn
from tests.pulumi_cli import CLI, needs_cli

pytestmark = needs_cli

WRONG = {"PULUMI_CONFIG_PASSPHRASE": "somebody elses"}


@pytest.fixture(scope="module", autouse=True)
def _standing(lab: Lab) -> None:
    lab.program("key = random.RandomPassword('key', length=9)\npulumi.export('key', key.result)")
    lab.engine.up(lab.stack)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


def alike(lab: Lab, call: Callable[[Engine], object], **environ: str) -> str:
    """Return the message with which both engines refuse a command, without any change."""
    before = resources(lab)
    words = refusal(lambda: call(lab.cli(**environ) if environ else lab.engine))
    assert words == refusal(lambda: call(lab.embedded(**environ)))
    assert resources(lab) == before
    return words


def resources(lab: Lab) -> object:
    """Return the state without ciphertexts: the CLI encrypts secrets again in every run."""
    held = json.loads(lab.checkpoint.read_text())["checkpoint"]["latest"]["resources"]
    return [(r["urn"], r.get("id"), r.get("inputs"), r["modified"]) for r in held]


@contextmanager
def content(file: Path, text: str) -> Iterator[None]:
    """Replace a file's content temporarily."""
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)


@pytest.mark.parametrize("command", ["preview", "up", "refresh", "destroy"])
def test_a_wrong_passphrase(lab: Lab, command: str) -> None:
    words = alike(lab, lambda engine: getattr(engine, command)(lab.stack), **WRONG)
    assert "The passphrase is not the one" in words
    assert WRONG["PULUMI_CONFIG_PASSPHRASE"] not in words


def test_only_secret_outputs_need_the_passphrase(lab: Lab) -> None:
    assert lab.cli(**WRONG).outputs("lab") == lab.embedded(**WRONG).outputs("lab") == {"key": "[secret]"}
    alike(lab, lambda engine: engine.outputs("lab", show_secrets=True), **WRONG)


def test_no_passphrase_for_a_real_stack(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    known = lab.settings().local_environment()
    monkeypatch.setenv("PULUMI_BACKEND_URL", known["PULUMI_BACKEND_URL"])
    engine = PulumiCli(lab.root, {"PULUMI_HOME": known["PULUMI_HOME"]}, creates_stacks=False, command=CLI)
    assert "none is set" in refusal(lambda: engine.preview(lab.stack))


@pytest.mark.parametrize("command", ["preview", "up", "preview_destroy", "destroy"])
def test_target_without_a_match(lab: Lab, command: str) -> None:
    words = alike(lab, lambda engine: getattr(engine, command)(lab.stack, targets=[urn("nothing")]))
    assert "A target names no resource of this stack" in words


def test_outputs_of_a_stack_that_was_never_up(lab: Lab) -> None:
    assert "Stack never has not been deployed yet" in alike(lab, lambda engine: engine.outputs("never"))


def test_import_of_a_type_without_sdk(lab: Lab) -> None:
    alike(lab, lambda engine: engine.import_resource(lab.stack, "no-such:a:B", "a", "id"))


DAMAGE: dict[str, Callable[[str], str]] = {
    "cut short": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "newer": lambda text: json.dumps({"version": 9, "deployment": {}}),
    "a list": lambda text: "[]",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_unreadable_state_is_not_changed(lab: Lab, damage: Callable[[str], str]) -> None:
    with content(lab.checkpoint, damage(lab.checkpoint.read_text())):
        before = lab.checkpoint.read_bytes()
        for call in (lambda: lab.engine.up(lab.stack), lambda: lab.cli().state("lab")):
            words = refusal(call)
            assert "The state cannot be read" in words
            assert str(lab.checkpoint) in words
            assert "restore it from its .bak" in words
        assert lab.checkpoint.read_bytes() == before


@pytest.mark.parametrize(
    "text", ["name: [", "runtime: python\n", "- a\n", "", "name: sde\nruntime: python\nmain: nothere\n"]
)
def test_invalid_project_file(lab: Lab, text: str) -> None:
    with content(lab.project, text):
        words = alike(lab, lambda engine: engine.preview(lab.stack))
    assert str(lab.project) in words


@pytest.mark.parametrize("text", ["config: [", "- a\n", "config:\n  sde:x:\n    secure: garbage\n"])
def test_unreadable_configuration(lab: Lab, text: str) -> None:
    with content(lab.config, text):
        words = refusal(lambda: lab.engine.preview(lab.stack))
    assert "The stack's file cannot be read" in words
    assert str(lab.config) in words


@pytest.mark.parametrize("url", ["foo://bar", "https://127.0.0.1:9/", "azblob://state"])
def test_missing_backend(lab: Lab, url: str) -> None:
    environ = {"PULUMI_BACKEND_URL": url, "PULUMI_ACCESS_TOKEN": "hunter2"}
    words = refusal(lambda: lab.cli(**environ).preview(lab.stack))
    assert "backend" in words
    assert url in words
    assert "hunter2" not in words


LOCK = {"pid": 1, "username": "ada", "hostname": "desk-7", "timestamp": "2026-11-01T10:00:00Z"}


def test_a_lock_names_its_holder_until_it_is_cancelled(lab: Lab) -> None:
    lab.locks.mkdir(parents=True, exist_ok=True)
    (lab.locks / "1.json").write_text(json.dumps(LOCK))
    for command in ("up", "refresh", "destroy"):
        words = alike(lab, lambda engine, command=command: getattr(engine, command)(lab.stack))
        assert "Stack lab is locked by ada@desk-7 (pid 1)" in words
    state = lab.engine.state("lab")
    assert state and state.locked_by == "ada@desk-7 (pid 1) since 2026-11-01T10:00:00Z"
    assert "locked by ada@desk-7" in alike(lab, lambda engine: engine.current_state([lab.stack]))
    lab.engine.cancel("lab")
    assert not lab.engine.preview(lab.stack).changes


def test_journal_of_the_embedded_engine_is_refused(lab: Lab) -> None:
    journal = lab.folder / "home/state/.pulumi/sde-journal/sde/lab.jsonl"
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text("{}\n")
    try:
        for command in ("preview", "up", "refresh", "destroy"):
            words = refusal(lambda command=command: getattr(lab.engine, command)(lab.stack))
            assert "killed and left a journal" in words
    finally:
        journal.unlink()


def test_import_of_a_resource_of_the_stack(lab: Lab) -> None:
    kinds = []
    for engine in (lab.engine, lab.embedded()):
        with pytest.raises(Exception, match=r"key.* already|already.*key") as caught:
            engine.import_resource(lab.stack, "random:index/randomPassword:RandomPassword", "key", "abc")
        kinds.append(type(caught.value))
    assert kinds[0] is kinds[1]
