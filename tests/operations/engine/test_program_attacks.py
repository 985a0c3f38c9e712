"""A program cannot pass for complete, change the process that judges it, outlive its run or reach credentials."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import operations.cli.gate
import policies.runner
from formats.errors import Failed, InputError
from formats.plan import Plan
from operations.engine import program_process
from operations.engine.port import Engine
from operations.engine.program_process import INHERITED_VARIABLES
from tests.operations.engine.pulumi_lab import Lab
from tests.pulumi_cli import needs_cli

CANARIES = {
    "ARM_CLIENT_SECRET": "canary-1",
    "AZURE_CLIENT_SECRET": "canary-2",
    "PULUMI_CONFIG_PASSPHRASE": "canary-3",
    "PULUMI_ACCESS_TOKEN": "canary-4",
    "GITHUB_TOKEN": "canary-5",
    "SOME_PASSWORD": "canary-6",
}
INCOMPLETE = {
    "exit": ("import os; os._exit(0)", "ended with code 0"),
    "exit at exit": ("import atexit, os; atexit.register(os._exit, 0)", "ended with code 0"),
    "error at exit": ("import atexit; atexit.register(lambda: [][1])", "IndexError"),
    "exit in a thread": (
        "import os, threading, time; threading.Timer(0.2, os._exit, [0]).start(); time.sleep(5)",
        "ended with code 0",
    ),
    "closed descriptors": ("import os; os.closerange(0, 256); os._exit(0)", "before the program had ended"),
    "claimed end": (
        "import os; os.write(3, b'{\"error\": null}\\n'); os._exit(0)",
        "ended without the stack's outputs",
    ),
    "two ends": ("import os; os.write(3, b'{\"error\": null}\\n')", "more than one end"),
    "another end": ("import os; os.write(3, b'passed\\n'); os._exit(0)", "an end that cannot be read"),
    # The copy may report its own failure, which it has without the threads, before the host sees the end.
    "end in a copy": ("import os; os.fork() and os._exit(0)", "ended with code 0|The program failed"),
}


class Attacked:
    """One engine on the lab's project."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self.name = lab, name
        self.engine = self.made()

    def made(self, **environ: str) -> Engine:
        return self.lab.cli(**environ) if self.name == "pulumi" else self.lab.embedded(**environ)

    def preview(self, program: str) -> Plan:
        self.lab.program(program)
        return self.engine.preview(self.lab.stack)


@pytest.fixture(scope="module", params=["embedded", pytest.param("pulumi", marks=needs_cli)])
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    with pytest.MonkeyPatch.context() as patched:
        for name, value in CANARIES.items():
            patched.setenv(name, value)
        attacked = Attacked(lab, request.param)
        yield attacked


def outputs_of(plan: Plan) -> Mapping[str, Any]:
    """Return what a program exported."""
    return {output.name: output.after for output in plan.outputs}


@pytest.mark.parametrize(("program", "how"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_program_without_a_complete_end_fails(attacked: Attacked, program: str, how: str) -> None:
    with pytest.raises(Failed, match=how):
        attacked.preview(program)


PATCHES = """
import importlib, operations.cli.gate, operations.engine.program_process as process, pulumi
runner = importlib.import_module('poli' + 'cies.runner')
runner.Report.blocks, runner.Report.blocking = False, ()
operations.cli.gate.open_gate = None
process._raise_error = lambda *_: None
pulumi.patched = True
"""


def test_a_patch_reaches_neither_the_judge_nor_the_next_run(attacked: Attacked) -> None:
    before = policies.runner.Report.blocks, operations.cli.gate.open_gate, program_process._raise_error
    attacked.preview(PATCHES)
    assert (policies.runner.Report.blocks, operations.cli.gate.open_gate, program_process._raise_error) == before
    attacked.preview("import sys; assert not hasattr(pulumi, 'patched') and 'policies.runner' not in sys.modules")


def test_the_environment_has_no_credentials(attacked: Attacked) -> None:
    plan = attacked.preview(
        "import os, pathlib, subprocess, sys\n"
        "texts = [pathlib.Path(f'/proc/{p}/environ').read_text() for p in ('self', os.getppid())]\n"
        "texts.append(subprocess.run(['/usr/bin/env'], capture_output=True, text=True, check=True).stdout)\n"
        "pulumi.export('names', sorted(os.environ))\n"
        "pulumi.export('canaries', [word for word in ('canary', 'SDE_HOME') if word in ''.join(texts)])\n"
        "pulumi.export('open', [n for n in range(256) if pathlib.Path(f'/proc/self/fd/{n}').exists() and\n"
        "    'socket' not in os.readlink(f'/proc/self/fd/{n}') and 'anon' not in os.readlink(f'/proc/self/fd/{n}')])\n"
    )
    outputs = outputs_of(plan)
    assert set(outputs["names"]) <= {*INHERITED_VARIABLES, "PYTHONPATH", "GRPC_VERBOSITY"}
    assert outputs["canaries"] == []
    assert set(outputs["open"]) <= {0, 1, 2, 3}


def test_no_process_outlives_its_run(attacked: Attacked) -> None:
    attacked.preview(
        "import os, subprocess, sys, threading, time\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(300)']\n"
        "one = subprocess.Popen(sleep, start_new_session=True)\n"
        "if (two := os.fork()) == 0:\n"
        "    os.setsid()\n"
        "    os.fork()\n"
        "    time.sleep(300)\n"
        "threading.Thread(target=time.sleep, args=[300]).start()\n"
        f"open('{attacked.lab.folder}/left', 'w').write(f'{{os.getpid()}} {{one.pid}} {{two}}')\n"
    )
    left = (attacked.lab.folder / "left").read_text().split()
    assert len(left) == 3
    assert not [process for process in left if Path("/proc", process).exists()]


def test_printed_text_is_a_message_and_no_output(attacked: Attacked, capfd: pytest.CaptureFixture[str]) -> None:
    attacked.lab.program("import os; os.write(1, b'1,005 checks pass\\n'); os.system('echo verdict: passed >&2')")
    events: list[Any] = []
    attacked.engine.preview(attacked.lab.stack, on_event=events.append)
    assert {"1,005 checks pass", "verdict: passed"} <= {event.message for event in events}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("token", "call"),
    [
        ("azure-native:authorization:getClientToken", "pulumi.runtime.invoke('{}', {{}})"),
        ("azure-native:storage:listStorageAccountKeys", "pulumi.runtime.invoke('{}', {{'accountName': 'a'}})"),
        ("pulumi:pulumi:readStackOutputs", "pulumi.runtime.invoke('{}', {{'name': 'organization/sde/lab'}})"),
    ],
)
def test_a_function_that_is_not_permitted_is_refused_by_name(attacked: Attacked, token: str, call: str) -> None:
    with pytest.raises(InputError, match=rf"not permitted\n +found: +{token}\n"):
        attacked.preview(f"try:\n    {call.format(token)}\nexcept BaseException:\n    pass\n")


PLUGINS = {
    "of a resource": "random.RandomString('a', length=5, opts=pulumi.ResourceOptions(plugin_download_url='{url}'))",
    "of a provider": "random.Provider('a', pulumi.ResourceOptions(plugin_download_url='{url}'))",
    "of a provider's inputs": "pulumi.ProviderResource('random', 'a', {{'pluginDownloadURL': '{url}'}})",
    "of a function": "pulumi.runtime.invoke('azure-native:authorization:getClientConfig', {{}},\n"
    "    pulumi.InvokeOptions(plugin_download_url='{url}'))",
}


@needs_cli
@pytest.mark.parametrize("program", PLUGINS.values(), ids=PLUGINS)
def test_the_cli_downloads_no_plugin_that_a_program_names(lab: Lab, program: str) -> None:
    lab.program(program.format(url="https://plugins.example"))
    with pytest.raises(InputError, match=r"names a plugin to download\n +found: +(https://plug|pluginDownloadURL)"):
        lab.engine.preview(lab.stack)


@pytest.mark.parametrize(
    ("run", "words"), [("preview", "has not ended after 2"), ("up", "has requested nothing for 2")]
)
def test_a_program_that_hangs_is_stopped(attacked: Attacked, run: str, words: str) -> None:
    attacked.lab.program("import time; time.sleep(300)")
    began = time.monotonic()
    with pytest.raises(Failed, match=rf"{words} seconds.*\n +fix: .*SDE_PROGRAM_SECONDS"):
        getattr(attacked.made(SDE_PROGRAM_SECONDS="2"), run)(attacked.lab.stack)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "soon", "²", "99999999"])
def test_a_wrong_time_limit_is_bad_input(tmp_path: Path, given: str) -> None:
    with pytest.raises(InputError, match="SDE_PROGRAM_SECONDS"):
        Lab(tmp_path).embedded(SDE_PROGRAM_SECONDS=given)


def test_the_host_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.program(f"import os, time; open('{tmp_path}/pid', 'w').write(str(os.getpid())); time.sleep(300)")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.operations.engine.pulumi_lab", str(tmp_path), "preview", "lab", "--engine",
         "embedded"], env=dict(os.environ))  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (child := (tmp_path / "pid").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    while Path("/proc", child).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
