"""A small project for the real Pulumi CLI: its own folder, state and local Azure, and a program that a test writes.

Run as a module it is `sde` for that project, in a separate process, for tests that kill it.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

from operations.__main__ import stop_in_order
from operations.cli.stack_catalog import Stack
from operations.engine.choose import choose
from operations.engine.embedded.secrets import Crypter
from operations.engine.port import Engine, StackSettings
from operations.engine.pulumi_cli import PulumiCli
from operations.settings import ROOT, Settings
from tests.kept_hosts import main
from tests.operations.cli.fakes import FakeCatalog, FakeGate
from tests.pulumi_cli import CLI

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
HEAD = "import pulumi\nimport pulumi_random as random\n"
CONFIG = f"config:\n  sde:cloud: local\n  azure-native:subscriptionId: {SUBSCRIPTION}\n"
STRING = "random:index/randomString:RandomString"


def urn(name: str, type_: str = STRING) -> str:
    return f"urn:pulumi:lab::sde::{type_}::{name}"


@dataclass
class Lab:
    """One project, with one stack."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    """Additional environment variables."""

    def __post_init__(self) -> None:
        (self.root / "program").mkdir(parents=True, exist_ok=True)
        if not self.project.exists():
            self.project.write_text("name: sde\nruntime: python\nmain: program/\n")
        if not self.config.exists():
            self.config.write_text(CONFIG)

    @property
    def root(self) -> Path:
        return self.folder / "project"

    @property
    def project(self) -> Path:
        return self.root / "Pulumi.yaml"

    @property
    def config(self) -> Path:
        return self.root / "Pulumi.lab.yaml"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "home/state/.pulumi/stacks/sde/lab.json"

    @property
    def locks(self) -> Path:
        return self.folder / "home/state/.pulumi/locks/organization/sde/lab"

    @property
    def stack(self) -> StackSettings:
        return self.another("lab", self.config)

    def another(self, name: str, config: Path | None = None) -> StackSettings:
        """Return a stack with this name and the same configuration."""
        values = {"sde:cloud": "local", "azure-native:subscriptionId": SUBSCRIPTION}
        return StackSettings(name, values, config or self.root / f"Pulumi.{name}.yaml")

    def settings(self, **environ: str) -> Settings:
        """Return the settings of this project; `environ` are a user's variables."""
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "SDE_"))}
        return Settings.load(
            {**known, "SDE_HOME": str(self.folder / "home"), **self.environ, **environ}, root=self.root
        )

    def program(self, text: str) -> None:
        shutil.rmtree(self.root / "program/__pycache__", ignore_errors=True)  # Python misses edits within one second
        (self.root / "program/__main__.py").write_text(HEAD + text)

    def seal(self, key: str, value: str) -> None:
        """Put a secret into the stack's configuration, as `pulumi config set --secret` does."""
        content = yaml.safe_load(self.config.read_text())
        crypter = Crypter(lambda: self.settings().passphrase("local"), content.get("encryptionsalt"))
        content["config"][key] = {"secure": crypter.encrypt(value)}
        self.config.write_text(yaml.safe_dump({**content, "encryptionsalt": crypter.state}))

    @cached_property
    def engine(self) -> PulumiCli:
        """The engine under test, shared by all tests of a file, so that the program's process starts once."""
        return self.cli()

    def cli(self, **environ: str) -> PulumiCli:
        """Return a new engine; `environ` are a user's variables."""
        settings = self.settings(**environ)
        known = {**self.environ, **environ, **settings.local_environment()}
        return PulumiCli(
            settings.root, known, creates_stacks=True, command=CLI, program_seconds=settings.program_seconds
        )

    def embedded(self, **environ: str) -> Engine:
        """Return the embedded engine, to compare."""
        return choose("embedded", "local", self.settings(**environ))

    def sde(self, *arguments: str, code: int = 0, **environ: str) -> str:
        """Run a command, check its exit code, and return its output, stdout before stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = self.run(*arguments, **environ)
        output = out.getvalue() + err.getvalue()
        assert ended == code, output[:2000]
        assert "Traceback" not in output
        return output

    def run(self, *arguments: str, **environ: str) -> int:
        """Run a command on an estate of this one stack, with a gate that allows everything."""
        catalog = FakeCatalog([Stack("lab", "lab", "local", "one", (), self.stack)])
        return main(
            arguments,
            settings=self.settings(**environ),
            open_catalog=lambda *_: catalog,
            choose_engine=lambda choice, *_: self.embedded(**environ) if choice == "embedded" else self.cli(**environ),
            open_gate=lambda *_: FakeGate(),
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run a command in a separate process."""
        return subprocess.Popen(
            [sys.executable, "-m", __name__, str(self.folder), *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGTERM)],  # noqa: PLW1509 - one thread
        )

    def files(self) -> Mapping[str, bytes]:
        """Return every file of the project, without Python's caches."""
        files = (f for f in self.root.rglob("*") if f.is_file() and f.suffix != ".pyc")
        return {str(f.relative_to(self.root)): f.read_bytes() for f in files}


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition holds."""
    end_ = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end_, "waited in vain"
        time.sleep(0.05)


if __name__ == "__main__":
    stop_in_order()
    sys.exit(Lab(Path(sys.argv[1])).run(*sys.argv[2:]))
