"""A small project for the real Pulumi CLI: its own folder, state and local Azure, and a program that a test writes.

Run as a module it does one thing with the project in a process of its own, as `sde` does: for tests that end it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from operations.__main__ import stop_in_order
from operations.cli.failures import end
from operations.cli.output import Output
from operations.engine.choose import choose
from operations.engine.port import Engine, Event, StackSettings
from operations.engine.pulumi_cli import PulumiCli
from operations.settings import ROOT, Settings
from tests.pulumi_cli import CLI

HEAD = "import pulumi\nimport pulumi_random as random\n"
STRING = "random:index/randomString:RandomString"


def urn(name: str, type_: str = STRING) -> str:
    return f"urn:pulumi:lab::sde::{type_}::{name}"


@dataclass
class Lab:
    """One project, with one stack."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    """What is set beside the environment of this process."""

    def __post_init__(self) -> None:
        (self.root / "program").mkdir(parents=True, exist_ok=True)
        if not self.project.exists():
            self.project.write_text("name: sde\nruntime: python\nmain: program/\n")
        if not self.config.exists():
            self.config.write_text("config:\n  sde:cloud: local\n")

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
        return StackSettings("lab", {"sde:cloud": "local"}, self.config)

    def settings(self, **environ: str) -> Settings:
        """The settings of this project; `environ` for what a user has set."""
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "SDE_"))}
        return Settings.load({**known, "SDE_HOME": str(self.folder / "home"), **self.environ, **environ}, root=self.root)

    def program(self, text: str) -> None:
        (self.root / "program/__main__.py").write_text(HEAD + text)

    def cli(self, **environ: str) -> PulumiCli:
        """The engine that is tried."""
        settings = self.settings(**environ)
        return PulumiCli(settings.root, settings.local_environment(), creates_stacks=True, command=CLI)

    def embedded(self, **environ: str) -> Engine:
        """The other one, to compare."""
        return choose("embedded", "local", self.settings(**environ))

    def start(self, command: str, **environ: str) -> subprocess.Popen[str]:
        """Do something in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", __name__, command, str(self.folder)],
            cwd=ROOT,
            env={**os.environ, **self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGTERM)],  # noqa: PLW1509 - one thread
        )

    def files(self) -> Mapping[str, bytes]:
        """Every file of the project, without what Python keeps."""
        files = (f for f in self.root.rglob("*") if f.is_file() and f.suffix != ".pyc")
        return {str(f.relative_to(self.root)): f.read_bytes() for f in files}


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end_ = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end_, "waited in vain"
        time.sleep(0.05)


def _tell(event: Event) -> None:
    print(event.kind, (event.urn or "").split("::")[-1], event.message or "", flush=True)


def main(command: str, folder: str) -> int:
    stop_in_order()
    lab = Lab(Path(folder))
    try:
        engine = lab.cli()
        if command == "up":
            print("counts", dict(engine.up(lab.stack, plan=engine.preview(lab.stack), on_event=_tell).counts))
        else:
            getattr(engine, command)(lab.stack)
    except (Exception, KeyboardInterrupt) as error:
        return end(error, Output(), lab.settings())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
