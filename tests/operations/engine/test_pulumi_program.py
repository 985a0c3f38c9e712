"""Program errors under the Pulumi CLI: the same messages as in the embedded engine, and never a success."""

from __future__ import annotations

import pytest

from formats.errors import Failed
from operations.engine.port import Event
from tests.operations.engine.pulumi_lab import Lab
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

SECRET = "qkXZ0+7fWv3LmT9dYb5RsA1uNe8CiGhJ"
WRONG = {
    "bad input": "from formats.errors import InputError; raise InputError('Too small.', key='sde:net', fix='/24')",
    "refused": "from formats.errors import Refused; raise Refused('not today')",
    "bug": "raise ValueError('no such ward')",
    "exit": "import sys; sys.exit(0)",
    "syntax": "def (",
    "resource twice": "for _ in range(2): random.RandomString('a', length=5)",
    "unknown type": "pulumi.CustomResource('random:index/nope:Nope', 'a', {})",
    "secret in an output": f"random.RandomString('a', length=5, keepers={{'k': pulumi.Output.secret('{SECRET}')}})\n"
    f"pulumi.export('debug', ['{SECRET}'])",
    "secret in a property": f"random.RandomString('a', length=5, keepers={{'k': pulumi.Output.secret('{SECRET}')}})\n"
    f"random.RandomString('b', length=5, keepers={{'copy': 'x{SECRET[3:24]}'}})",
    "secret in an earlier property": f"b = random.RandomString('b', length=5, keepers={{'copy': 'x{SECRET[3:24]}'}})\n"
    f"random.RandomString('a', length=5, keepers={{'k': pulumi.Output.secret('{SECRET}')}}, "
    "opts=pulumi.ResourceOptions(depends_on=[b]))",
    "refused secret": "random.RandomString('a', length=pulumi.Output.secret(-77777))",
}


def end(engine: object, lab: Lab) -> tuple[str, str, list[str]]:
    """Return the exception of a preview, its message and the reported errors."""
    events: list[Event] = []
    with pytest.raises(Exception) as caught:
        engine.preview(lab.stack, on_event=events.append)  # type: ignore[attr-defined]
    told = [e.message or "" for e in events if e.severity == "error" and e.message]
    return type(caught.value).__name__, str(caught.value), told


@pytest.mark.parametrize("program", WRONG.values(), ids=WRONG)
def test_both_engines_report_a_wrong_program_alike(lab: Lab, program: str) -> None:
    lab.program(program)
    kind, words, told = end(lab.engine, lab)
    assert (kind, words, told) == end(lab.embedded(), lab)
    assert told == [words]
    assert "77777" not in words
    assert SECRET[3:24] not in words


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("import os; os._exit(0)", "ended with code 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_program_that_ends_its_process_fails_the_run(lab: Lab, program: str, how: str) -> None:
    engine = lab.engine
    lab.program(program)
    with pytest.raises(Failed, match=how):
        engine.up(lab.stack)
    lab.program("print('again')")
    assert engine.up(lab.stack).counts == {}


def test_program_messages_keep_severity_and_mask_secrets(lab: Lab) -> None:
    lab.program(
        "import sys\n"
        "print('to standard output')\n"
        "print('to standard error', file=sys.stderr)\n"
        "key = random.RandomPassword('key', length=24)\n"
        "key.result.apply(lambda text: pulumi.log.warn('the key is ' + text))\n"
        "pulumi.log.error('this is wrong')\n"
        "print('without an end', end='')\n"
    )
    engine, events = lab.engine, list[Event]()
    engine.up(lab.stack, on_event=events.append)
    told = {e.message: e.severity for e in events if e.kind == "message"}
    assert told == {
        "to standard output": "info",
        "to standard error": "info",
        "without an end": "info",
        "the key is [secret]": "warning",
        "this is wrong": "error",
    }


def test_configuration_secrets_are_masked_in_errors(lab: Lab) -> None:
    lab.program("raise ValueError('not ' + pulumi.Config('sde').require('word'))")
    engine = lab.engine
    lab.seal("sde:word", "hunter2hunter2")
    with pytest.raises(Failed, match=r"ValueError: not \[secret\]"):
        engine.preview(lab.stack)


def test_one_process_serves_several_runs_with_a_fresh_program(lab: Lab) -> None:
    (lab.root / "program" / "rooms.py").write_text("COUNT = 1")
    lab.program("import rooms\nfor i in range(rooms.COUNT): random.RandomString(f'r{i}', length=5)")
    engine = lab.engine
    assert len(engine.preview(lab.stack).changes) >= 1
    (lab.root / "program" / "rooms.py").write_text("COUNT = 3  # more")
    assert {r.name for r in engine.preview(lab.stack).resources} >= {"r0", "r1", "r2"}
