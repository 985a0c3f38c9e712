"""Commands of the Pulumi CLI on the project's stacks: with the program at hand, and with their failures explained."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from formats.errors import Failed, InputError
from operations.engine import locks
from operations.engine.port import StackSettings
from operations.engine.program_process import ProgramProcess
from operations.engine.project import program_of, project_name, served
from operations.engine.pulumi_errors import Place, StackMissingError, Told, explained
from operations.engine.pulumi_process import CommandFailed, PulumiProcess, environment_with
from operations.settings import PROJECT, folder_of, write_whole

_LOCAL = "file://"
_LOCKS = Path(".pulumi", "locks", "organization", PROJECT)
_STATES = Path(".pulumi", "stacks", PROJECT)
_JOURNALS = Path(".pulumi", "sde-journal", PROJECT)
_LOST = re.compile(r"error reading from server|connection refused|connection reset|transport|Unavailable|EOF")
"""How the CLI words that the program's process no longer answers."""
_LAST_MOMENTS = 5.0
"""Seconds that a process that no longer answers may take to end."""
_MAKING = ("preview", "up", "import")
"""The commands that make a stack where the backend does not know it."""


class PulumiCommands:
    """Runs the CLI in a project's folder, with the program in a language host of ours."""

    def __init__(self, root: Path, environment: Mapping[str, str], command: Path, *, creates_stacks: bool) -> None:
        """`environment` is laid over the process's own. `creates_stacks`: whether a stack that is not there is made."""
        self.root, self.creates = root, creates_stacks
        self.program = ProgramProcess(root)
        whole = environment_with(environment)
        url = whole.get("PULUMI_BACKEND_URL", "")
        self._folder = folder_of(url)
        self._url = whole["PULUMI_BACKEND_URL"] = _absolute(url)
        executable = command if command.is_absolute() else shutil.which(str(command), path=whole.get("PATH")) or command
        self._pulumi = PulumiProcess(Path(executable), root, whole)

    def run(self, name: str, arguments: Sequence[str]) -> str:
        """Run a command that needs no program; its failure is one of the port's errors."""
        project_name(self.root)  # says what is wrong with Pulumi.yaml
        try:
            return self._pulumi.run(arguments)
        except CommandFailed as error:
            raise self.failure(error, name) from None

    def run_program(
        self, stack: StackSettings, arguments: Sequence[str], on_line: Callable[[str], object] | None = None
    ) -> str:
        """Run a command on one stack with the program at hand. `CommandFailed` where the CLI fails.

        A stack that the backend does not know is made where that is safe: a real one is made by its owner, who chooses
        its secrets provider.
        """
        program_of(self.root)  # says what is wrong with Pulumi.yaml
        self._refuse_journal(stack.name)
        whole = [*arguments, "--stack", stack.name]
        importing = arguments[0] == "import"
        if importing or stack.file.absolute().parent != self.root:
            whole += ["--config-file", str(stack.file.absolute())]
        if not importing:
            whole += [f"--client={self.program.address}"]
        try:
            return self._pulumi.run(whole, on_line)
        except CommandFailed as error:
            missing = isinstance(explained(error, self._place(stack.name)), StackMissingError)
            if not (missing and self.creates and arguments[0] in _MAKING):
                raise
        self.enter(stack.name, stack.file)
        return self._pulumi.run(whole, on_line)

    def enter(self, name: str, config: Path) -> None:
        """Make a stack that the backend does not know, with the salt that its configuration file has or now gets.

        The CLI knows no other file for that than the one in its working folder. So that it never touches the project's
        where the stack's lies elsewhere, it works in a folder of its own.
        """
        with TemporaryDirectory(prefix="sde-stack-") as folder:
            file = Path(folder, f"Pulumi.{name}.yaml")
            before = config.read_text() if config.exists() else ""
            file.write_text(before)
            Path(folder, "Pulumi.yaml").write_text(served(self.root, ""))
            try:
                replace(self._pulumi, folder=Path(folder)).run(["stack", "init", name, "--no-select"])
            except CommandFailed as error:
                raise self.failure(error, name) from None
            if (after := file.read_text()) != before:
                write_whole(config, after)

    def locked_by(self, name: str) -> str | None:
        """Who holds the stack's lock, where the backend is a folder; other backends tell it only to who takes it."""
        return ", and by ".join(locks.living(self._folder / _LOCKS / name)) or None if self._folder else None

    def failure(
        self, error: CommandFailed, name: str, errors: Sequence[Told] = (), config: Path | None = None
    ) -> Exception:
        """Say what ended a command. `errors` are those that its run told."""
        lost = _LOST.search(" ".join([str(error), *(text for _, text in errors)]))
        if (how := self.program.ended(within=_LAST_MOMENTS if lost else 0.0)) is not None:
            return Failed(
                f"{name}: the process that runs the program {how} before the program had ended.\n"
                "  What was done before is in the state, and a new run carries on from there."
            )
        return explained(error, self._place(name, config), errors)

    def _place(self, name: str, config: Path | None = None) -> Place:
        if self._folder is None:
            return Place(name, self._url, config, made_by_up=self.creates)
        state, held = self._folder / _STATES / f"{name}.json", self._folder / _LOCKS / name
        return Place(name, str(state), config, held, made_by_up=self.creates)

    def _refuse_journal(self, name: str) -> None:
        """Refuse what a killed run of the embedded engine has done and only that engine can read."""
        journal = self._folder / _JOURNALS / f"{name}.jsonl" if self._folder else None
        if journal and journal.exists() and not self.locked_by(name):
            raise InputError(
                "A run of the embedded engine was killed and left a journal",
                file=str(journal),
                fix=f"let that engine take it in: scripts/sde --engine embedded refresh {name}",
            )


def _absolute(url: str) -> str:
    """A backend's URL that means the same in every folder: the CLI takes a relative one from where it runs."""
    path = url.removeprefix(_LOCAL)
    if not url.startswith(_LOCAL) or path.startswith(("/", "~")):
        return url
    return f"{_LOCAL}{Path.cwd()}/{path}"
